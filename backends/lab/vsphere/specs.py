"""The vendor's specification objects, read into the plain changes that the lab's state takes."""

from __future__ import annotations

from typing import Any, TypeVar

from pyVmomi import vim

from backends.lab.vsphere.changes import Changes, DiskChange, NicChange, Placement
from backends.lab.vsphere.records import Datastore, EsxHost, Folder, Managed, Network, Refusal, ResourcePool
from backends.lab.vsphere.state import VSphereState
from backends.outcome import ParseError
from backends.parse import mac

M = TypeVar("M", bound=Managed)
_OPERATIONS = {None: "edit", "add": "add", "edit": "edit", "remove": "remove"}


def found(state: VSphereState, reference: Any, kind: type[M]) -> M | None:
    """The record that a reference in a request names; None for no reference. Refuses one that leads nowhere."""
    if reference is None:
        return None
    record = state.find(reference._moId, kind)
    if record is None:
        raise not_found(reference)
    return record


def not_found(reference: Any) -> Refusal:
    text = f"The object '{type(reference).__name__}:{reference._moId}' has already been deleted or has not been"
    return Refusal("ManagedObjectNotFound", f"{text} completely created", obj=reference)


def _mac(text: str | None, index: int) -> str | None:
    if not text:
        return None
    try:
        return mac(text)
    except ParseError as error:
        raise Refusal(
            "InvalidDeviceSpec", f"Invalid configuration for device '{index}'.",
            property="macAddress", deviceIndex=index,
        ) from error  # fmt: skip


def _network(state: VSphereState, backing: Any, index: int) -> Network | None:
    named = getattr(backing, "network", None)
    if named is not None:
        return found(state, named, Network)
    name = getattr(backing, "deviceName", None)
    network = next((one for one in state.networks if one.name == name), None)
    if network is None:
        raise Refusal(
            "InvalidDeviceBacking", f"Invalid backing for device '{index}'.",
            property=f"deviceChange[{index}].device.backing", deviceIndex=index,
        )  # fmt: skip
    return network


def _nic(state: VSphereState, change: Any, index: int) -> NicChange:
    device = change.device
    operation = _OPERATIONS[change.operation]
    backing, connectable = device.backing, device.connectable
    connected = None if connectable is None else bool(connectable.connected or connectable.startConnected)
    kind = (device.addressType or "").lower() or None
    return NicChange(
        operation,
        device.key or 0,
        _mac(device.macAddress, index) if kind in (None, "manual") or operation == "edit" else None,
        kind,
        _network(state, backing, index) if backing is not None and operation != "remove" else None,
        backing is not None,
        connected,
    )


def _disk(state: VSphereState, change: Any) -> DiskChange:
    device = change.device
    size = device.capacityInBytes or (device.capacityInKB or 0) * 1024 or None
    named = getattr(device.backing, "datastore", None)
    return DiskChange(
        _OPERATIONS[change.operation],
        device.key or 0,
        size,
        found(state, named, Datastore),
    )


def changes(state: VSphereState, spec: Any) -> Changes:
    """A VirtualMachineConfigSpec. Devices that the lab's machines do not have (controllers, drives) change nothing."""
    nics: list[NicChange] = []
    disks: list[DiskChange] = []
    for index, change in enumerate(spec.deviceChange or ()):
        if isinstance(change.device, vim.vm.device.VirtualEthernetCard):
            nics.append(_nic(state, change, index))
        elif isinstance(change.device, vim.vm.device.VirtualDisk):
            disks.append(_disk(state, change))
    return Changes(
        name=spec.name,
        annotation=spec.annotation,
        guest_id=spec.guestId,
        cpus=spec.numCPUs,
        memory_mb=spec.memoryMB,
        uuid=spec.uuid,
        instance_uuid=spec.instanceUuid,
        change_version=spec.changeVersion,
        extra={option.key: str(option.value if option.value is not None else "") for option in spec.extraConfig or ()},
        nics=tuple(nics),
        disks=tuple(disks),
    )


def placement(state: VSphereState, folder: Folder | None, location: Any) -> Placement:
    """Where a RelocateSpec puts a machine."""
    return Placement(
        found(state, location.folder, Folder) or folder,
        found(state, location.pool, ResourcePool),
        found(state, location.host, EsxHost),
        found(state, location.datastore, Datastore),
    )


def datastore_of(state: VSphereState, spec: Any) -> Datastore:
    """The datastore that a new machine's ``files.vmPathName`` names: ``[name] …``."""
    path = spec.files.vmPathName if spec.files else None
    if path and path.startswith("[") and "]" in path:
        name = path[1:].split("]", 1)[0]
        datastore = next((one for one in state.datastores if one.name == name), None)
        if datastore is not None:
            return datastore
        raise Refusal("InvalidDatastore", f"Invalid datastore '{name}'.", name=name)
    raise Refusal(
        "InvalidArgument", "A specified parameter was not correct: spec.files.vmPathName", invalidProperty="files"
    )
