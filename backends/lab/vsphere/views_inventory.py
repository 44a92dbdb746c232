"""What clusters, datastores, networks, folders, snapshots, tasks and leases show of themselves."""

from __future__ import annotations

from typing import Any

from pyVmomi import VmomiSupport, vim

from backends.lab.vsphere.records import (
    Cluster,
    Datastore,
    Folder,
    Managed,
    Network,
    ResourcePool,
    Snapshot,
    Task,
)
from backends.lab.vsphere.soap import reference, references, refusal_fault, type_name
from backends.lab.vsphere.state import VSphereState
from backends.lab.vsphere.views_host import GHZ, HOST, View, lun_name, vms_where
from backends.lab.vsphere.views_vm import moment


def entity(state: VSphereState, record: Managed, name: str) -> Any:
    """The properties that every managed entity has."""
    return {
        "name": record.name,
        "parent": reference(record.parent),
        "overallStatus": "green",
        "configStatus": "green",
        "alarmActionsEnabled": True,
    }.get(name)


# ------------------------------------------------------------------------------------------------- compute, storage


def _cluster_summary(state: VSphereState, cluster: Cluster) -> Any:
    hosts = cluster.hosts
    cores = sum(host.cores for host in hosts)
    memory = sum(host.memory for host in hosts)
    kind = vim.ClusterComputeResource.Summary if cluster.clustered else vim.ComputeResource.Summary
    made = kind(
        totalCpu=cores * GHZ,
        totalMemory=memory,
        numCpuCores=cores,
        numCpuThreads=cores * 2,
        effectiveCpu=cores * GHZ,
        effectiveMemory=memory >> 20,
        numHosts=len(hosts),
        numEffectiveHosts=len([h for h in hosts if h.connection == "connected" and not h.maintenance]),
        overallStatus="green",
    )
    if cluster.clustered:
        made.currentFailoverLevel, made.numVmotions = 1, 0
    return made


def _of_hosts(cluster: Cluster, what: str) -> Any:
    return references(list(dict.fromkeys(one for host in cluster.hosts for one in getattr(host, what))))


CLUSTER: dict[str, View] = {
    "resourcePool": lambda state, cluster: reference(cluster.pool),
    "host": lambda state, cluster: references(cluster.hosts),
    "datastore": lambda state, cluster: _of_hosts(cluster, "datastores"),
    "network": lambda state, cluster: _of_hosts(cluster, "networks"),
    "summary": _cluster_summary,
    "environmentBrowser": lambda state, cluster: vim.EnvironmentBrowser(f"envbrowser-{cluster.moid}"),
}


def _allocation() -> Any:
    shares = vim.SharesInfo(shares=4000, level="normal")
    return vim.ResourceAllocationInfo(reservation=0, expandableReservation=True, limit=-1, shares=shares)


def _pool_config(state: VSphereState, pool: ResourcePool) -> Any:
    return vim.ResourceConfigSpec(entity=reference(pool), cpuAllocation=_allocation(), memoryAllocation=_allocation())


def _pool_runtime(state: VSphereState, pool: ResourcePool) -> Any:
    usage = vim.ResourcePool.ResourceUsage(
        reservationUsed=0,
        reservationUsedForVm=0,
        unreservedForPool=0,
        unreservedForVm=0,
        overallUsage=0,
        maxUsage=0,
    )
    return vim.ResourcePool.RuntimeInfo(memory=usage, cpu=usage, overallStatus="green")


POOL: dict[str, View] = {
    "owner": lambda state, pool: reference(pool.owner),
    "resourcePool": lambda state, pool: references(pool.pools),
    "vm": lambda state, pool: vms_where(state, lambda vm: vm.pool is pool),
    "config": _pool_config,
    "runtime": _pool_runtime,
    "summary": lambda state, pool: vim.ResourcePool.Summary(
        name=pool.name, config=_pool_config(state, pool), runtime=_pool_runtime(state, pool)
    ),
}


def _datastore_url(datastore: Datastore) -> str:
    return f"ds:///vmfs/volumes/{datastore.uuid}/"


def _datastore_summary(state: VSphereState, datastore: Datastore) -> Any:
    return vim.Datastore.Summary(
        datastore=reference(datastore),
        name=datastore.name,
        url=_datastore_url(datastore),
        capacity=datastore.capacity,
        freeSpace=state.free(datastore),
        uncommitted=0,
        accessible=datastore.accessible,
        multipleHostAccess=True,
        type=datastore.type,
        maintenanceMode="normal",
    )


def _datastore_info(state: VSphereState, datastore: Datastore) -> Any:
    free = state.free(datastore)
    common = {
        "name": datastore.name,
        "url": _datastore_url(datastore),
        "freeSpace": free,
        "maxFileSize": 1 << 46,
        "timestamp": moment(state.world.now),
    }
    if datastore.type != "VMFS":
        return vim.Datastore.Info(**common)
    device = lun_name(datastore.lun) if datastore.lun else f"mpx.vmhba0:C0:T{state.datastores.index(datastore)}:L0"
    volume = vim.host.VmfsVolume(
        type="VMFS",
        name=datastore.name,
        capacity=datastore.capacity,
        blockSizeMb=1,
        maxBlocks=63963136,
        majorVersion=6,
        version="6.82",
        uuid=datastore.uuid,
        extent=[vim.host.ScsiDisk.Partition(diskName=device, partition=1)],
        vmfsUpgradable=False,
    )
    return vim.host.VmfsDatastoreInfo(**common, vmfs=volume)


def _mounts(state: VSphereState, datastore: Datastore) -> Any:
    return [
        vim.Datastore.HostMount(
            key=reference(host),
            mountInfo=vim.host.MountInfo(
                path=f"/vmfs/volumes/{datastore.uuid}",
                accessMode="readWrite",
                mounted=True,
                accessible=datastore.accessible,
            ),
        )
        for host in state.hosts
        if datastore in host.datastores
    ]


DATASTORE: dict[str, View] = {
    "summary": _datastore_summary,
    "info": _datastore_info,
    "host": _mounts,
    "vm": lambda state, datastore: vms_where(state, lambda vm: vm.datastore is datastore),
}


def _network_summary(state: VSphereState, network: Network) -> Any:
    return vim.Network.Summary(network=reference(network), name=network.name, accessible=True, ipPoolName="")


NETWORK: dict[str, View] = {
    "summary": _network_summary,
    "host": lambda state, network: references([host for host in state.hosts if network in host.networks]),
    "vm": lambda state, network: vms_where(state, lambda vm: any(card.network is network for card in vm.home.nics)),
}


# ------------------------------------------------------------------------------------------------ folders and others


def _child_types(state: VSphereState, folder: Folder) -> Any:
    return [VmomiSupport.GetWsdlType("urn:vim25", name) for name in folder.child_types]


FOLDER: dict[str, View] = {
    "childType": _child_types,
    "childEntity": lambda state, folder: references(folder.children),
}


def _folder(attribute: str) -> View:
    return lambda state, datacenter: reference(getattr(datacenter, attribute))


def _contents(attribute: str) -> View:
    return lambda state, datacenter: references(getattr(datacenter, attribute).children)


DATACENTER: dict[str, View] = {
    "vmFolder": _folder("vm_folder"),
    "hostFolder": _folder("host_folder"),
    "datastoreFolder": _folder("datastore_folder"),
    "networkFolder": _folder("network_folder"),
    "datastore": _contents("datastore_folder"),
    "network": _contents("network_folder"),
}

SNAPSHOT: dict[str, View] = {
    "childSnapshot": lambda state, snapshot: references(snapshot.below),
    "vm": lambda state, snapshot: reference(snapshot.vm),
}


def task_info(state: VSphereState, task: Task) -> Any:
    """TaskInfo. ``entity`` is the machine also where the call was made on its snapshot."""
    target = task.entity.vm if isinstance(task.entity, Snapshot) else task.entity
    reason = vim.TaskReasonUser(userName=task.user)
    return vim.TaskInfo(
        key=task.moid,
        task=reference(task),
        name=None,
        descriptionId=task.operation,
        entity=reference(target),
        entityName=target.name if target else None,
        state=task.state,
        cancelled=False,
        cancelable=False,
        error=refusal_fault(task.fault) if task.fault else None,
        result=reference(task.result),
        progress=task.progress,
        reason=reason,
        queueTime=moment(task.queued),
        startTime=None if task.started is None else moment(task.started),
        completeTime=None if task.completed is None else moment(task.completed),
        eventChainId=int(task.moid.rsplit("-", 1)[-1]),
    )


TASK: dict[str, View] = {"info": task_info}

VIEWS: dict[str, dict[str, View]] = {
    "HostSystem": HOST,
    "ComputeResource": CLUSTER,
    "ClusterComputeResource": CLUSTER,
    "ResourcePool": POOL,
    "Datastore": DATASTORE,
    "Network": NETWORK,
    "Folder": FOLDER,
    "Datacenter": DATACENTER,
    "VirtualMachineSnapshot": SNAPSHOT,
    "Task": TASK,
}


def views_of(record: Managed) -> dict[str, View]:
    """The properties of a record of the inventory that are not common to all entities."""
    return VIEWS.get(type_name(record), {})
