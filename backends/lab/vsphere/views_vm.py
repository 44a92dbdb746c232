"""What a virtual machine shows of itself: its properties as the vendor's data objects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pyVmomi import vim
from pyVmomi.SoapAdapter import XmlEscape

from backends.lab.vsphere.changes import version_of
from backends.lab.vsphere.machines import walk
from backends.lab.vsphere.records import Disk, NicCard, Snapshot, Vm
from backends.lab.vsphere.soap import reference, references
from backends.lab.vsphere.state import VSphereState
from store.estate import PowerState

_CONTROLLER = 1000


def moment(seconds: float) -> datetime:
    """Virtual seconds as the UTC time that goes on the wire."""
    return datetime.fromtimestamp(seconds, UTC)


def colons(mac: str) -> str:
    """``00505681AB01`` → ``00:50:56:81:ab:01``."""
    return ":".join(mac[i : i + 2] for i in range(0, 12, 2)).lower()


def extra_config_xml(vm: Vm) -> str | None:
    """``config.extraConfig`` as the element that the vendor's serializer would write."""
    if not _readable(vm):
        return None
    options = "".join(
        f'<OptionValue><key>{XmlEscape(key)}</key><value xsi:type="xsd:string">{XmlEscape(value)}</value></OptionValue>'
        for key, value in vm.home.extra.items()
    )
    return f'<val xsi:type="ArrayOfOptionValue">{options}</val>'


def path_of(vm: Vm, file: str) -> str:
    return f"[{vm.datastore.name}] {file}"


def _readable(vm: Vm) -> bool:
    """Whether the server can read the machine's files: else it knows little more than the name."""
    return vm.connection not in ("inaccessible", "orphaned", "invalid")


def committed(vm: Vm) -> int:
    held = sum(len(list(walk(vm.roots))) * disk.bytes_used // 20 for disk in vm.home.disks)
    return (
        sum(disk.bytes_used for disk in vm.home.disks) + held + (vm.home.memory_mb << 20) * (vm.power is PowerState.ON)
    )


# ----------------------------------------------------------------------------------------------------------- devices


def _description(label: str, summary: str) -> Any:
    return vim.Description(label=label, summary=summary)


def disk_device(vm: Vm, disk: Disk) -> Any:
    """A disk as a VirtualDisk."""
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=f"[{disk.datastore.name}] {disk.path}",
        datastore=reference(disk.datastore),
        diskMode="independent_persistent" if disk.independent else "persistent",
        thinProvisioned=True,
        uuid="6000C29" + disk.volume.name.encode().hex()[-8:].rjust(8, "0") + "-0000-0000-0000-000000000000",
    )
    return vim.vm.device.VirtualDisk(
        key=disk.key,
        deviceInfo=_description(disk.label, f"{disk.capacity // 1024:,} KB"),
        backing=backing,
        controllerKey=_CONTROLLER,
        unitNumber=vm.home.disks.index(disk),
        capacityInKB=disk.capacity // 1024,
        capacityInBytes=disk.capacity,
    )


def nic_device(card: NicCard) -> Any:
    """A network card as a VirtualVmxnet3."""
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(
        deviceName=card.network.name if card.network else "", network=reference(card.network), useAutoDetect=False
    )
    connectable = vim.vm.device.VirtualDevice.ConnectInfo(
        startConnected=card.connected, allowGuestControl=True, connected=card.connected, status="ok"
    )
    return vim.vm.device.VirtualVmxnet3(
        key=card.key,
        deviceInfo=_description(card.label, card.network.name if card.network else "none"),
        backing=backing,
        connectable=connectable,
        controllerKey=100,
        unitNumber=7 + card.key % 100,
        addressType=card.address_type,
        macAddress=colons(card.mac),
        wakeOnLanEnabled=True,
    )


def _devices(vm: Vm) -> list[Any]:
    disks, nics = vm.home.disks, vm.home.nics
    controllers = [
        vim.vm.device.VirtualPCIController(
            key=100,
            deviceInfo=_description("PCI controller 0", "PCI controller 0"),
            busNumber=0,
            device=[_CONTROLLER, *(card.key for card in nics)],
        ),
        vim.vm.device.ParaVirtualSCSIController(
            key=_CONTROLLER,
            deviceInfo=_description("SCSI controller 0", "VMware paravirtual SCSI"),
            controllerKey=100,
            unitNumber=3,
            busNumber=0,
            device=[disk.key for disk in disks],
            hotAddRemove=True,
            sharedBus="noSharing",
            scsiCtlrUnitNumber=7,
        ),
    ]
    return [*controllers, *(disk_device(vm, disk) for disk in disks), *(nic_device(card) for card in nics)]


# ------------------------------------------------------------------------------------------------- big properties


def config(state: VSphereState, vm: Vm) -> Any:
    if not _readable(vm):
        return None
    home = vm.home
    directory = home.path.rsplit("/", 1)[0] + "/"
    files = vim.vm.FileInfo(
        vmPathName=path_of(vm, home.path),
        snapshotDirectory=path_of(vm, directory),
        suspendDirectory=path_of(vm, directory),
        logDirectory=path_of(vm, directory),
    )
    hardware = vim.vm.VirtualHardware(
        numCPU=home.cpus, numCoresPerSocket=1, memoryMB=home.memory_mb, device=_devices(vm)
    )
    return vim.vm.ConfigInfo(
        changeVersion=version_of(vm),
        modified=moment(vm.changed),
        name=vm.name,
        guestFullName=home.guest_name,
        version="vmx-19",
        uuid=home.uuid,
        instanceUuid=home.instance_uuid,
        template=vm.template,
        guestId=home.guest_id,
        alternateGuestName="",
        annotation=home.annotation,
        files=files,
        flags=vim.vm.FlagInfo(),
        defaultPowerOps=vim.vm.DefaultPowerOpInfo(powerOffType="soft", suspendType="hard", resetType="soft"),
        hardware=hardware,
        extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in home.extra.items()],
        datastoreUrl=[
            vim.vm.ConfigInfo.DatastoreUrlPair(name=vm.datastore.name, url=f"/vmfs/volumes/{vm.datastore.uuid}/")
        ],
        changeTrackingEnabled=False,
        firmware="efi",
        bootOptions=vim.vm.BootOptions(),
    )


def runtime(state: VSphereState, vm: Vm) -> Any:
    return vim.vm.RuntimeInfo(
        host=reference(vm.host),
        connectionState=vm.connection,
        powerState=vm.power.value,
        faultToleranceState="notConfigured",
        toolsInstallerMounted=False,
        bootTime=None if vm.booted is None else moment(vm.booted),
        question=question(vm),
        consolidationNeeded=vm.consolidate,
        numMksConnections=0,
        maxCpuUsage=vm.home.cpus * 2600,
        maxMemoryUsage=vm.home.memory_mb,
        recordReplayState="inactive",
        onlineStandby=False,
    )


def question(vm: Vm) -> Any:
    asked = vm.question
    if asked is None:
        return None
    infos = [vim.ElementDescription(key=key, label=label, summary=label) for key, label in asked.choices]
    choice = vim.option.ChoiceOption(choiceInfo=infos, defaultIndex=asked.default)
    return vim.vm.QuestionInfo(id=asked.id, text=asked.text, choice=choice)


def tools_running(vm: Vm) -> str:
    return "guestToolsRunning" if vm.tools_running else "guestToolsNotRunning"


def _tools_status(vm: Vm) -> str:
    if not vm.home.tools:
        return "toolsNotInstalled"
    return "toolsOk" if vm.tools_running else "toolsNotRunning"


def _tools_version(vm: Vm) -> str:
    return "guestToolsCurrent" if vm.home.tools else "guestToolsNotInstalled"


def ip_address(vm: Vm) -> str | None:
    return vm.home.ip if vm.tools_running else None


def guest(state: VSphereState, vm: Vm) -> Any:
    home, ip = vm.home, ip_address(vm)
    nets = [
        vim.vm.GuestInfo.NicInfo(
            network=card.network.name if card.network else None,
            ipAddress=[ip] if ip and number == 0 else [],
            macAddress=colons(card.mac),
            connected=card.connected,
            deviceConfigId=card.key,
        )
        for number, card in enumerate(home.nics)
    ]
    return vim.vm.GuestInfo(
        toolsStatus=_tools_status(vm),
        toolsVersionStatus=_tools_version(vm),
        toolsVersionStatus2=_tools_version(vm),
        toolsRunningStatus=tools_running(vm),
        toolsVersion="12389" if home.tools else "0",
        guestId=home.guest_id if vm.tools_running else None,
        guestFullName=home.guest_name if vm.tools_running else None,
        hostName=vm.name.lower() if vm.tools_running else None,
        ipAddress=ip,
        net=nets if vm.tools_running else [],
        guestState="running" if vm.tools_running else "notRunning",
        guestOperationsReady=vm.tools_running,
    )


def storage_summary(state: VSphereState, vm: Vm) -> Any:
    held = committed(vm)
    asked = sum(disk.capacity for disk in vm.home.disks)
    return vim.vm.Summary.StorageSummary(
        committed=held, uncommitted=max(0, asked - held), unshared=held, timestamp=moment(vm.changed)
    )


def config_summary(state: VSphereState, vm: Vm) -> Any:
    home = vm.home
    if not _readable(vm):
        return vim.vm.Summary.ConfigSummary(name=vm.name, template=vm.template, vmPathName=path_of(vm, home.path))
    return vim.vm.Summary.ConfigSummary(
        name=vm.name,
        template=vm.template,
        vmPathName=path_of(vm, home.path),
        memorySizeMB=home.memory_mb,
        cpuReservation=0,
        memoryReservation=0,
        numCpu=home.cpus,
        numEthernetCards=len(home.nics),
        numVirtualDisks=len(home.disks),
        uuid=home.uuid,
        instanceUuid=home.instance_uuid,
        guestId=home.guest_id,
        guestFullName=home.guest_name,
        annotation=home.annotation,
        installBootRequired=False,
    )


def summary(state: VSphereState, vm: Vm) -> Any:
    guest_summary = vim.vm.Summary.GuestSummary(
        guestId=vm.home.guest_id if vm.tools_running else None,
        guestFullName=vm.home.guest_name if vm.tools_running else None,
        toolsStatus=_tools_status(vm),
        toolsVersionStatus=_tools_version(vm),
        toolsVersionStatus2=_tools_version(vm),
        toolsRunningStatus=tools_running(vm),
        hostName=vm.name.lower() if vm.tools_running else None,
        ipAddress=ip_address(vm),
    )
    return vim.vm.Summary(
        vm=reference(vm),
        runtime=runtime(state, vm),
        guest=guest_summary,
        config=config_summary(state, vm),
        storage=storage_summary(state, vm),
        quickStats=vim.vm.Summary.QuickStats(guestHeartbeatStatus="green" if vm.tools_running else "gray"),
        overallStatus="green",
    )


def _tree(vm: Vm, snapshots: list[Snapshot]) -> list[Any]:
    return [
        vim.vm.SnapshotTree(
            snapshot=reference(one),
            vm=reference(vm),
            name=one.name,
            description=one.description,
            id=one.id,
            createTime=moment(one.created),
            state=one.power.value,
            quiesced=one.quiesced,
            childSnapshotList=_tree(vm, one.below),
            replaySupported=False,
        )
        for one in snapshots
    ]


def snapshot_info(state: VSphereState, vm: Vm) -> Any:
    if not vm.roots:
        return None
    return vim.vm.SnapshotInfo(currentSnapshot=reference(vm.current), rootSnapshotList=_tree(vm, vm.roots))


def layout(state: VSphereState, vm: Vm) -> Any:
    files = [(path_of(vm, vm.home.path), "config", 4096)]
    for disk in vm.home.disks:
        extent = disk.path.removesuffix(".vmdk") + "-flat.vmdk"
        files += [(path_of(vm, disk.path), "diskDescriptor", 512), (path_of(vm, extent), "diskExtent", disk.bytes_used)]
    infos = [
        vim.vm.FileLayoutEx.FileInfo(key=key, name=name, type=kind, size=size, uniqueSize=size, accessible=True)
        for key, (name, kind, size) in enumerate(files)
    ]
    return vim.vm.FileLayoutEx(file=infos, timestamp=moment(vm.changed))


def _storage(state: VSphereState, vm: Vm) -> Any:
    usage = vim.vm.StorageInfo.UsageOnDatastore(
        datastore=reference(vm.datastore), committed=committed(vm), uncommitted=0, unshared=committed(vm)
    )
    return vim.vm.StorageInfo(perDatastoreUsage=[usage], timestamp=moment(vm.changed))


def _networks(state: VSphereState, vm: Vm) -> Any:
    return references(list(dict.fromkeys(card.network for card in vm.home.nics if card.network)))


def _datastores(state: VSphereState, vm: Vm) -> Any:
    return references(list(dict.fromkeys([vm.datastore, *(disk.datastore for disk in vm.home.disks)])))


VM: dict[str, Callable[[VSphereState, Vm], Any]] = {
    "config": config,
    "runtime": runtime,
    "guest": guest,
    "summary": summary,
    "snapshot": snapshot_info,
    "rootSnapshot": lambda state, vm: references(vm.roots),
    "datastore": _datastores,
    "network": _networks,
    "resourcePool": lambda state, vm: None if vm.template else reference(vm.pool),
    "layoutEx": layout,
    "storage": _storage,
    "guestHeartbeatStatus": lambda state, vm: "green" if vm.tools_running else "gray",
    "recentTask": lambda state, vm: references([t for t in vm.recent if t.moid in state.objects]),
}

# The leaves that inventories ask for, without building the object around them. Equal to the long way by test.
VM_LEAVES: dict[str, Callable[[Vm], Any]] = {
    "runtime.powerState": lambda vm: vm.power.value,
    "runtime.connectionState": lambda vm: vm.connection,
    "runtime.host": lambda vm: reference(vm.host),
    "runtime.consolidationNeeded": lambda vm: vm.consolidate,
    "summary.config.memorySizeMB": lambda vm: vm.home.memory_mb if _readable(vm) else None,
    "summary.config.numCpu": lambda vm: vm.home.cpus if _readable(vm) else None,
    "summary.config.instanceUuid": lambda vm: vm.home.instance_uuid if _readable(vm) else None,
    "summary.config.guestFullName": lambda vm: vm.home.guest_name if _readable(vm) else None,
    "summary.config.guestId": lambda vm: vm.home.guest_id if _readable(vm) else None,
    "summary.config.name": lambda vm: vm.name,
    "config.instanceUuid": lambda vm: vm.home.instance_uuid if _readable(vm) else None,
    "config.uuid": lambda vm: vm.home.uuid if _readable(vm) else None,
    "config.name": lambda vm: vm.name if _readable(vm) else None,
    "config.guestId": lambda vm: vm.home.guest_id if _readable(vm) else None,
    "config.guestFullName": lambda vm: vm.home.guest_name if _readable(vm) else None,
    "config.changeVersion": lambda vm: version_of(vm) if _readable(vm) else None,
    "config.template": lambda vm: vm.template if _readable(vm) else None,
    "guest.toolsRunningStatus": tools_running,
    "guest.ipAddress": ip_address,
    "summary.storage.committed": committed,
}
