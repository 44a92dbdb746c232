"""Methods that move machines and file systems: OVF export and import with their leases, rescans, unresolved volumes;
and what starts with a host."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from backends.lab.volumes import Volume
from backends.lab.vsphere import autostart, changes, leases, ovf
from backends.lab.vsphere.building import build
from backends.lab.vsphere.records import (
    Datastore,
    EsxHost,
    Folder,
    Lease,
    Managed,
    Manager,
    Refusal,
    ResourcePool,
    Snapshot,
    Vm,
)
from backends.lab.vsphere.registry import Context, method
from backends.lab.vsphere.soap import refusal_fault
from backends.lab.vsphere.specs import changes as read_changes
from backends.lab.vsphere.specs import datastore_of, found
from backends.lab.vsphere.views_host import lun_name
from backends.lab.vsphere.views_lease import manifest
from backends.lab.vsphere.vmfs import FileSystem

# ------------------------------------------------------------------------------------------------------------ export


@method("ExportVm", "VirtualMachine")
def _export(context: Context, this: Vm, args: dict[str, Any]) -> Any:
    return leases.export_vm(context.service.state, this)


@method("ExportSnapshot", "VirtualMachineSnapshot")
def _export_snapshot(context: Context, this: Snapshot, args: dict[str, Any]) -> Any:
    return leases.export_snapshot(context.service.state, this)


@method("HttpNfcLeaseProgress", "HttpNfcLease")
def _progress(context: Context, this: Lease, args: dict[str, Any]) -> Any:
    leases.progress(context.service.state, this, args["percent"])


@method("HttpNfcLeaseComplete", "HttpNfcLease")
def _complete(context: Context, this: Lease, args: dict[str, Any]) -> Any:
    leases.complete(context.service.state, this)


@method("HttpNfcLeaseAbort", "HttpNfcLease")
def _abort(context: Context, this: Lease, args: dict[str, Any]) -> Any:
    leases.abort(context.service.state, this)


@method("HttpNfcLeaseGetManifest", "HttpNfcLease")
def _manifest(context: Context, this: Lease, args: dict[str, Any]) -> Any:
    if this.upload:
        raise Refusal("NotSupported", "The operation is not supported on the object.")
    return manifest(this)


@method("HttpNfcLeaseSetManifestChecksumType", "HttpNfcLease")
def _checksums(context: Context, this: Lease, args: dict[str, Any]) -> Any:
    leases.asked_sums(this, {str(one.key): str(one.value) for one in args.get("deviceUrlsToChecksumTypes") or ()})


@method("CreateDescriptor", "OvfManager")
def _descriptor(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    vm, wanted = context.service.resolve(args["obj"], context.session), args["cdp"]
    if not isinstance(vm, Vm):
        raise Refusal("NotSupported", "The operation is not supported on the object.")
    files = [(file.deviceId, file.path, int(file.size)) for file in wanted.ovfFiles or ()]
    return vim.OvfManager.CreateDescriptorResult(ovfDescriptor=ovf.describe(vm, wanted.name or vm.name, files))


# ------------------------------------------------------------------------------------------------------------ import


def _device_id(name: str, number: int) -> str:
    return f"/{name}/VirtualLsiLogicController0:{number}"


def _disk_change(number: int, disk: ovf.OvfDisk, datastore: Datastore) -> Any:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=f"[{datastore.name}]", diskMode="persistent", thinProvisioned=True
    )
    device = vim.vm.device.VirtualDisk(
        key=-100 - number, controllerKey=-1, unitNumber=number, backing=backing,
        capacityInKB=disk.capacity // 1024, capacityInBytes=disk.capacity,
    )  # fmt: skip
    return vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=device)


def _nic_change(number: int, network: str) -> Any:
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network)
    device = vim.vm.device.VirtualVmxnet3(key=-200 - number, backing=backing, addressType="assigned")
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=device)


@method("CreateImportSpec", "OvfManager")
def _import_spec(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    state, params = context.service.state, args["cisp"]
    datastore = found(state, args["datastore"], Datastore)
    assert datastore is not None
    try:
        machine = ovf.parse(args["ovfDescriptor"])
    except Refusal as refusal:
        return vim.OvfManager.CreateImportSpecResult(error=[refusal_fault(refusal)])
    name = params.entityName or machine.name
    mapped = {one.name: one.network for one in params.networkMapping or ()}
    devices = [_disk_change(n, disk, datastore) for n, disk in enumerate(machine.disks)]
    for number, network in enumerate(machine.networks):
        change = _nic_change(number, network)
        if network in mapped:
            change.device.backing.network = mapped[network]
        devices.append(change)
    config = vim.vm.ConfigSpec(
        name=name,
        guestId=machine.guest_id,
        numCPUs=machine.cpus,
        memoryMB=machine.memory_mb,
        files=vim.vm.FileInfo(vmPathName=f"[{datastore.name}]"),
        deviceChange=devices,
        extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in machine.extra.items()],
    )
    items = [
        vim.OvfManager.FileItem(deviceId=_device_id(name, n), path=disk.file, size=disk.size, cimType=17, create=False)
        for n, disk in enumerate(machine.disks)
        if disk.file
    ]
    spec = vim.vm.VmImportSpec(configSpec=config)
    return vim.OvfManager.CreateImportSpecResult(importSpec=spec, fileItem=items)


@method("ImportVApp", "ResourcePool")
def _import(context: Context, this: ResourcePool, args: dict[str, Any]) -> Any:
    state, spec = context.service.state, args["spec"]
    config = getattr(spec, "configSpec", None)
    if not isinstance(spec, vim.vm.VmImportSpec) or config is None:
        raise Refusal("NotSupported", "The operation is not supported on the object.")
    folder = found(state, args.get("folder"), Folder) or state.datacenters[0].vm_folder
    datastore = datastore_of(state, config)
    wanted = read_changes(state, config)
    if sum(disk.capacity or 0 for disk in wanted.disks) * 2 // 5 > state.free(datastore):
        text = f"Insufficient disk space on datastore '{datastore.name}'."
        raise Refusal("InsufficientStorageSpace", text)
    place = changes.Placement(folder, this, found(state, args.get("host"), EsxHost), datastore)
    vm = build(state, wanted, place)
    return leases.import_vm(state, vm, [_device_id(vm.name, n) for n in range(len(vm.home.disks))])


# ----------------------------------------------------------------------------------------------------------- storage


def _host(this: Manager) -> EsxHost:
    assert this.of is not None
    return this.of


@method("RescanAllHba", "HostStorageSystem")
def _rescan_hba(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    context.service.vmfs.rescan_hba(context.service.state, _host(this))


@method("RescanVmfs", "HostStorageSystem")
def _rescan_vmfs(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    context.service.vmfs.rescan_vmfs(context.service.state, _host(this))


@method("RefreshStorageSystem", "HostStorageSystem")
def _refresh_storage(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    return


@method("ReconfigureAutostart", "HostAutoStartManager")
def _reconfigure_autostart(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    autostart.reconfigure(context.service.state, _host(this), args["spec"])


@method("AutoStartPowerOn", "HostAutoStartManager")
def _autostart_on(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    autostart.power_on(context.service.state, _host(this))


@method("AutoStartPowerOff", "HostAutoStartManager")
def _autostart_off(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    autostart.power_off(context.service.state, _host(this))


@method("RefreshDatastore", "Datastore")
def _refresh_datastore(context: Context, this: Datastore, args: dict[str, Any]) -> Any:
    return


def _device_path(lun: Volume) -> str:
    return f"/vmfs/devices/disks/{lun_name(lun)}:1"


def _unresolved(lun: Volume, found_on: FileSystem) -> Any:
    extent = vim.host.UnresolvedVmfsExtent(
        device=vim.host.ScsiDisk.Partition(diskName=lun_name(lun), partition=1),
        devicePath=_device_path(lun),
        vmfsUuid=found_on.uuid,
        isHeadExtent=True,
        ordinal=0,
        startBlock=0,
        endBlock=found_on.capacity >> 20,
        reason="diskIdMismatch",
    )
    status = vim.host.UnresolvedVmfsVolume.ResolveStatus(resolvable=True, incompleteExtents=False, multipleCopies=False)
    return vim.host.UnresolvedVmfsVolume(
        extent=[extent],
        vmfsLabel=found_on.label,
        vmfsUuid=found_on.uuid,
        totalBlocks=found_on.capacity >> 20,
        resolveStatus=status,
    )


@method("QueryUnresolvedVmfsVolume", "HostStorageSystem")
@method("QueryUnresolvedVmfsVolumes", "HostDatastoreSystem")
def _query_unresolved(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    service = context.service
    return [_unresolved(lun, fs) for lun, fs in service.vmfs.unresolved(service.state, _host(this))]


@method("ResolveMultipleUnresolvedVmfsVolumes", "HostStorageSystem")
def _resolve(context: Context, this: Manager, args: dict[str, Any]) -> Any:
    return [_resolve_one(context, _host(this), spec) for spec in args["resolutionSpec"]]


def _resolve_one(context: Context, host: EsxHost, spec: Any) -> Any:
    service = context.service
    result = vim.host.UnresolvedVmfsResolutionResult(spec=spec)
    paths = set(spec.extentDevicePath)
    pairs = service.vmfs.unresolved(service.state, host)
    lun = next((one for one, _ in pairs if _device_path(one) in paths), None)
    try:
        if spec.uuidResolution != "resignature":
            raise Refusal("NotSupported", "The operation is not supported on the object.")
        if lun is None:
            raise Refusal("NotFound", "The object or item referred to could not be found.")
        datastore = service.vmfs.resignature(service.state, host, lun.serial)
        result.vmfs = service.properties.top(datastore, "info").vmfs
    except Refusal as refusal:
        result.fault = refusal_fault(refusal)
    return result
