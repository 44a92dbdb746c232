"""What hosts, clusters, datastores, networks, folders, snapshots, tasks and leases show of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyVmomi import VmomiSupport, vim

from backends.lab.volumes import Volume
from backends.lab.vsphere.records import (
    Cluster,
    Datastore,
    EsxHost,
    Folder,
    Managed,
    Network,
    ResourcePool,
    Snapshot,
    Task,
    Vm,
)
from backends.lab.vsphere.soap import reference, references, refusal_fault, type_name
from backends.lab.vsphere.state import VSphereState
from backends.lab.vsphere.views_vm import moment

View = Callable[[VSphereState, Any], Any]
_GHZ = 2_600


def entity(state: VSphereState, record: Managed, name: str) -> Any:
    """The properties that every managed entity has."""
    return {
        "name": record.name,
        "parent": reference(record.parent),
        "overallStatus": "green",
        "configStatus": "green",
        "alarmActionsEnabled": True,
    }.get(name)


def _vms(state: VSphereState, keep: Callable[[Vm], bool]) -> Any:
    return references([vm for vm in state.vms.values() if keep(vm)])


# ------------------------------------------------------------------------------------------------------------- hosts


def product(state: VSphereState) -> Any:
    """AboutInfo of an ESXi host of this server's version."""
    return vim.AboutInfo(
        name="VMware ESXi",
        fullName=f"VMware ESXi {state.version} build-{state.build}",
        vendor="VMware, Inc.",
        version=state.version,
        build=state.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=f"{state.version}.0",
        licenseProductName="VMware ESX Server",
        licenseProductVersion="8.0",
    )


def _host_runtime(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.RuntimeInfo(
        connectionState=host.connection,
        powerState="poweredOn" if host.powered else "poweredOff",
        inMaintenanceMode=host.maintenance,
        standbyMode="none",
    )


def _host_hardware_summary(host: EsxHost) -> Any:
    return vim.host.Summary.HardwareSummary(
        vendor="Lab",
        model="ESXi host",
        uuid=host.uuid,
        memorySize=host.memory,
        cpuModel="Lab CPU",
        cpuMhz=_GHZ,
        numCpuPkgs=2,
        numCpuCores=host.cores,
        numCpuThreads=host.cores * 2,
        numNics=4,
        numHBAs=len(host.wwpns),
    )


def _host_summary(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.Summary(
        host=reference(host),
        hardware=_host_hardware_summary(host),
        runtime=_host_runtime(state, host),
        config=vim.host.Summary.ConfigSummary(
            name=host.name, port=443, product=product(state), vmotionEnabled=True, faultToleranceEnabled=False
        ),
        quickStats=vim.host.Summary.QuickStats(),
        overallStatus="green",
        rebootRequired=False,
    )


def _host_hardware(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.HardwareInfo(
        systemInfo=vim.host.SystemInfo(vendor="Lab", model="ESXi host", uuid=host.uuid),
        cpuInfo=vim.host.CpuInfo(
            numCpuPackages=2, numCpuCores=host.cores, numCpuThreads=host.cores * 2, hz=_GHZ * 1_000_000
        ),
        memorySize=host.memory,
        cpuPkg=[
            vim.host.CpuPackage(
                index=0, vendor="lab", hz=_GHZ * 1_000_000, busHz=100_000_000, description="Lab CPU",
                threadId=list(range(host.cores * 2)),
                cpuFeature=[vim.host.CpuIdInfo(level=0)],
            )
        ],
    )


def _host_managers(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.ConfigManager(
        storageSystem=vim.host.StorageSystem(f"storageSystem-{host.moid}"),
        datastoreSystem=vim.host.DatastoreSystem(f"datastoreSystem-{host.moid}"),
    )


def _hbas(host: EsxHost) -> list[Any]:
    return [
        vim.host.FibreChannelHba(
            key=f"key-vim.host.FibreChannelHba-vmhba{number}",
            device=f"vmhba{number}",
            bus=number,
            status="online",
            model="Lab FC HBA",
            portWorldWideName=_signed(int(wwpn, 16)),
            nodeWorldWideName=_signed(int(wwpn, 16)),
            portType="fabric",
            speed=16,
        )
        for number, wwpn in enumerate(host.wwpns, 1)
    ]


def _signed(number: int) -> int:
    """A WWPN goes on the wire as a signed 64-bit number."""
    return number - (1 << 64) if number >= 1 << 63 else number


def lun_name(lun: Volume) -> str:
    """The canonical name of a LUN: ``naa.`` and its serial number."""
    return f"naa.{lun.serial.lower()}"


def _luns(host: EsxHost) -> list[Any]:
    return [
        vim.host.ScsiDisk(
            deviceName=f"/vmfs/devices/disks/{lun_name(lun)}",
            deviceType="disk",
            key=f"key-vim.host.ScsiDisk-{lun_name(lun)}",
            uuid=lun.serial,
            canonicalName=lun_name(lun),
            displayName=f"Fibre Channel Disk ({lun_name(lun)})",
            lunType="disk",
            vendor="LAB",
            model="Volume",
            serialNumber=lun.serial,
            operationalState=["ok"],
            capacity=vim.host.DiskDimensions.Lba(blockSize=512, block=lun.size // 512),
            devicePath=f"/vmfs/devices/disks/{lun_name(lun)}",
        )
        for lun in host.luns
    ]


def storage_device(state: VSphereState, host: EsxHost) -> Any:
    """HostStorageSystem.storageDeviceInfo: HBAs with their WWPNs, and the LUNs that the last rescan saw."""
    return vim.host.StorageDeviceInfo(
        hostBusAdapter=_hbas(host), scsiLun=_luns(host), softwareInternetScsiEnabled=False
    )


HOST: dict[str, View] = {
    "summary": _host_summary,
    "runtime": _host_runtime,
    "hardware": _host_hardware,
    "configManager": _host_managers,
    "config": lambda state, host: vim.host.ConfigInfo(host=reference(host), product=product(state)),
    "datastore": lambda state, host: references(host.datastores),
    "network": lambda state, host: references(host.networks),
    "vm": lambda state, host: _vms(state, lambda vm: vm.host is host),
}


# ------------------------------------------------------------------------------------------------- compute, storage


def _cluster_summary(state: VSphereState, cluster: Cluster) -> Any:
    hosts = cluster.hosts
    cores = sum(host.cores for host in hosts)
    memory = sum(host.memory for host in hosts)
    kind = vim.ClusterComputeResource.Summary if cluster.clustered else vim.ComputeResource.Summary
    made = kind(
        totalCpu=cores * _GHZ,
        totalMemory=memory,
        numCpuCores=cores,
        numCpuThreads=cores * 2,
        effectiveCpu=cores * _GHZ,
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
    "vm": lambda state, pool: _vms(state, lambda vm: vm.pool is pool),
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
    "vm": lambda state, datastore: _vms(state, lambda vm: vm.datastore is datastore),
}


def _network_summary(state: VSphereState, network: Network) -> Any:
    return vim.Network.Summary(network=reference(network), name=network.name, accessible=True, ipPoolName="")


NETWORK: dict[str, View] = {
    "summary": _network_summary,
    "host": lambda state, network: references([host for host in state.hosts if network in host.networks]),
    "vm": lambda state, network: _vms(state, lambda vm: any(card.network is network for card in vm.home.nics)),
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
