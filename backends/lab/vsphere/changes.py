"""What changes a machine's definition: reconfigure, clone, register, unregister, destroy, rename."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from msgspec import Struct, field

from backends.lab.volumes import Image
from backends.lab.vsphere import machines, tasks
from backends.lab.vsphere.records import (
    Datastore,
    EsxHost,
    Folder,
    Managed,
    Network,
    NicCard,
    Refusal,
    ResourcePool,
    Snapshot,
    Task,
    Vm,
    VmHome,
)
from backends.lab.vsphere.state import NIC_KEY, VSphereState
from store.estate import PowerState


class NicChange(Struct, frozen=True):
    """``operation``: add, edit, remove. What is None stays; ``network`` counts only where ``set_network``."""

    operation: str
    key: int = 0
    mac: str | None = None
    address_type: str | None = None
    network: Network | None = None
    set_network: bool = False
    connected: bool | None = None


class DiskChange(Struct, frozen=True):
    """``operation``: add, edit (grow), remove."""

    operation: str
    key: int = 0
    capacity: int | None = None
    datastore: Datastore | None = None


class Changes(Struct, frozen=True):
    """A configuration specification as far as the lab has what it changes. What is None stays."""

    name: str | None = None
    annotation: str | None = None
    guest_id: str | None = None
    cpus: int | None = None
    memory_mb: int | None = None
    uuid: str | None = None
    instance_uuid: str | None = None
    change_version: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    nics: tuple[NicChange, ...] = ()
    disks: tuple[DiskChange, ...] = ()


def _invalid_device(index: int) -> Refusal:
    text = f"Invalid configuration for device '{index}'."
    return Refusal("InvalidDeviceSpec", text, property=f"virtualDeviceSpec.device[{index}]", deviceIndex=index)


def reconfigure(state: VSphereState, vm: Vm, changes: Changes, user: str = "") -> Task:
    """ReconfigVM_Task: all of it or nothing."""

    def check() -> None:
        if changes.change_version is not None and changes.change_version != version_of(vm):
            raise Refusal("ConcurrentAccess", "The object has been changed by another client.")
        resized = changes.cpus not in (None, vm.home.cpus) or changes.memory_mb not in (None, vm.home.memory_mb)
        if vm.power is not PowerState.OFF and (resized or changes.uuid or changes.guest_id):
            raise machines.wrong_power(vm, PowerState.OFF)
        _check_devices(vm, changes)

    def work() -> None:
        apply(state, vm, changes)

    seconds = state.world.timing.vm_task_s
    return tasks.run(state, "VirtualMachine.reconfigure", vm, seconds, work, check=check, user=user)


def version_of(vm: Vm) -> str:
    """``config.changeVersion``: a time stamp made unique by the count of changes."""
    return f"{int(vm.changed)}.{vm.change_version:06d}"


def _check_devices(vm: Vm, changes: Changes) -> None:
    nics, disks = {card.key for card in vm.home.nics}, {disk.key: disk for disk in vm.home.disks}
    for index, nic in enumerate(changes.nics):
        if nic.operation != "add" and nic.key not in nics:
            raise _invalid_device(index)
        card = next((c for c in vm.home.nics if c.key == nic.key), None)
        if card and nic.mac not in (None, card.mac) and vm.power is not PowerState.OFF:
            raise machines.wrong_power(vm, PowerState.OFF)
        if nic.mac is not None and int(nic.mac[:2], 16) & 1:
            raise _invalid_device(index)  # a multicast address
    for index, disk in enumerate(changes.disks, len(changes.nics)):
        if disk.operation != "add" and disk.key not in disks:
            raise _invalid_device(index)
        if disk.operation == "edit" and disk.capacity is not None and disk.capacity < disks[disk.key].capacity:
            raise _invalid_device(index)
        if disk.operation != "add" and vm.power is not PowerState.OFF and disk.operation == "remove":
            raise machines.wrong_power(vm, PowerState.OFF)


def apply(state: VSphereState, vm: Vm, changes: Changes) -> None:
    """Make the changes at once."""
    home = vm.home
    if changes.name is not None:
        vm.name = home.name = changes.name
    home.annotation = home.annotation if changes.annotation is None else changes.annotation
    home.guest_id = changes.guest_id or home.guest_id
    home.cpus = changes.cpus or home.cpus
    home.memory_mb = changes.memory_mb or home.memory_mb
    home.uuid = changes.uuid or home.uuid
    home.instance_uuid = changes.instance_uuid or home.instance_uuid
    for key, value in changes.extra.items():
        if value == "":
            home.extra.pop(key, None)
        else:
            home.extra[key] = value
    for nic in changes.nics:
        _apply_nic(state, vm, nic)
    for disk in changes.disks:
        _apply_disk(state, vm, disk)
    state.sync_nics(vm)
    state.changed(vm)
    state.touch(vm.datastore)


def _apply_nic(state: VSphereState, vm: Vm, change: NicChange) -> None:
    cards = vm.home.nics
    if change.operation == "remove":
        cards[:] = [card for card in cards if card.key != change.key]
        return
    if change.operation == "add":
        key = max((card.key for card in cards), default=NIC_KEY - 1) + 1
        label = f"Network adapter {key - NIC_KEY + 1}"
        on = change.connected if change.connected is not None else True
        mac = change.mac or state.new_mac()
        cards.append(NicCard(key, label, mac, change.network, on, "manual" if change.mac else "assigned"))
        return
    card = next(card for card in cards if card.key == change.key)
    card.address_type = change.address_type or card.address_type
    if change.mac is not None:
        card.mac = change.mac
    elif change.address_type in ("assigned", "generated"):
        card.mac = state.new_mac()
    if change.set_network:
        card.network = change.network
    if change.connected is not None:
        card.connected = change.connected


def _apply_disk(state: VSphereState, vm: Vm, change: DiskChange) -> None:
    disks = vm.home.disks
    if change.operation == "add":
        disk = state.new_disk(vm.home, change.datastore or vm.datastore, vm.moid, change.capacity or 0)
        disk.key = max((d.key for d in disks), default=disk.key - 1) + 1
        disks.append(disk)
        if vm.power is PowerState.ON:
            state.world.attach(vm.writer, disk.volume)
        return
    disk = next(d for d in disks if d.key == change.key)
    if change.operation == "remove":
        disks.remove(disk)
    elif change.capacity is not None:
        disk.capacity = change.capacity
        if disk.datastore.lun is None:
            disk.volume.size = change.capacity


# ------------------------------------------------------------------------------------------------------ inventory


class Placement(Struct, frozen=True):
    """Where a machine goes. What is None is chosen as the server would."""

    folder: Folder | None = None
    pool: ResourcePool | None = None
    host: EsxHost | None = None
    datastore: Datastore | None = None


def check_name(folder: Folder | None, name: str, but: Managed | None = None) -> None:
    """Refuse a name that is empty, too long, or taken in the folder by another than ``but``."""
    if not name or len(name) > 80:
        raise Refusal("InvalidName", f"The name '{name}' is invalid.", name=name)
    taken = next((c for c in (folder.children if folder else ()) if c.name == name and c is not but), None)
    if taken is not None:
        raise Refusal("DuplicateName", f"The name '{name}' already exists.", name=name, object=taken)


def clone(
    state: VSphereState,
    vm: Vm,
    name: str,
    place: Placement,
    *,
    changes: Changes | None = None,
    snapshot: Snapshot | None = None,
    power_on: bool = False,
    template: bool = False,
    user: str = "",
) -> Task:
    """CloneVM_Task: a copy of what the disks (or ``snapshot``) hold now, with an identity and MACs of its own."""
    now = state.world.now
    held = snapshot.images if snapshot else {}
    images = {d.key: held.get(d.key) or d.volume.image(now) for d in vm.home.disks}
    datastore = place.datastore or vm.datastore
    bytes_needed = sum(disk.bytes_used for disk in vm.home.disks)

    def check() -> None:
        if state.is_host:
            raise Refusal("NotSupported", "The operation is not supported on the object.")
        check_name(place.folder, name)
        if bytes_needed > state.free(datastore):
            text = f"Insufficient disk space on datastore '{datastore.name}'."
            raise Refusal("InsufficientStorageSpace", text)

    def work() -> Managed:
        check_name(place.folder, name)
        copied = _copy(state, vm, name, datastore, images, place)
        if changes is not None:
            apply(state, copied, changes)
        copied.template = template
        if power_on:
            machines.must_be_startable(state, copied)
            machines.start(state, copied)
        return copied

    timing = state.world.timing
    seconds = timing.vm_task_s + bytes_needed / timing.copy_bytes_s
    return tasks.run(state, "VirtualMachine.clone", vm, seconds, work, check=check, user=user)


def _copy(
    state: VSphereState, vm: Vm, name: str, datastore: Datastore, images: Mapping[int, Image], place: Placement
) -> Vm:
    source, moid = vm.home, state.new_id("vm")
    home = copy(source)
    home.name, home.path = name, f"{name}/{name}.vmx"
    home.uuid, home.instance_uuid = state.new_uuid(f"bios/{moid}"), state.new_uuid(f"vm/{moid}")
    home.extra = dict(source.extra)
    home.disks = []
    for disk in source.disks:
        made = state.new_disk(home, datastore, moid, disk.capacity, images[disk.key])
        made.key, made.label, made.data, made.bytes_used = disk.key, disk.label, disk.data, disk.bytes_used
        home.disks.append(made)
    home.nics = [copy(card) for card in source.nics]
    for card in home.nics:
        card.mac, card.address_type = state.new_mac(), "assigned"
    return state.register(
        home, datastore, moid=moid, host=place.host or vm.host, folder=place.folder, pool=place.pool,
        period_s=vm.writer.period_s,
    )  # fmt: skip


def register(
    state: VSphereState, path: str, name: str | None, place: Placement, *, template: bool = False, user: str = ""
) -> Task:
    """RegisterVM_Task: a machine whose files lie on a datastore, ``[datastore] directory/file.vmx``."""
    found = find_home(state, path)

    def check() -> None:
        if found is None:
            raise Refusal("NotFound", f"The object or item referred to could not be found: {path}")
        if any(vm.home is found[1] for vm in state.vms.values()):
            raise Refusal(
                "AlreadyExists", f"The specified key, name, or identifier '{path}' already exists.", name=path
            )
        check_name(place.folder, name or found[1].name)

    def work() -> Managed:
        assert found is not None
        datastore, home = found
        home.name = name or home.name
        vm = state.register(home, datastore, host=place.host, folder=place.folder, pool=place.pool)
        vm.template = template
        return vm

    entity = place.folder or state.root
    return tasks.run(state, "Folder.registerVm", entity, state.world.timing.vm_task_s, work, check=check, user=user)


def find_home(state: VSphereState, path: str) -> tuple[Datastore, VmHome] | None:
    """The machine definition at ``[datastore] path``, and its datastore."""
    if not path.startswith("[") or "]" not in path:
        return None
    name, rest = path[1:].split("]", 1)
    for datastore in state.datastores:
        if datastore.name == name and datastore.accessible:
            home = datastore.homes.get(rest.strip())
            return (datastore, home) if home else None
    return None


def unregister(state: VSphereState, vm: Vm) -> None:
    """UnregisterVM: out of the inventory; its files stay on the datastore."""
    machines.must_be(vm, PowerState.OFF)
    state.leave(vm)


def destroy(state: VSphereState, vm: Vm, user: str = "") -> Task:
    """Destroy_Task: out of the inventory, and its files with it."""

    def check() -> None:
        machines.must_be(vm, PowerState.OFF)

    def work() -> None:
        machines.must_be(vm, PowerState.OFF)
        vm.datastore.homes.pop(vm.home.path, None)
        state.leave(vm)
        state.touch(vm.datastore)

    seconds = state.world.timing.vm_task_s
    return tasks.run(state, "VirtualMachine.destroy", vm, seconds, work, check=check, user=user)


def rename(state: VSphereState, entity: Managed, name: str, user: str = "") -> Task:
    """Rename_Task of any entity."""

    def check() -> None:
        check_name(entity.parent if isinstance(entity.parent, Folder) else None, name, entity)

    def work() -> None:
        entity.name = name
        if isinstance(entity, Vm):
            entity.home.name = name
            state.changed(entity)
        state.touch(entity)

    return tasks.run(state, "ManagedEntity.rename", entity, state.world.timing.vm_task_s, work, check=check, user=user)
