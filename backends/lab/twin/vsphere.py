"""The vCenters of a twin: hosts, datastores, port groups, machines and what their files say of them as replicas."""

from __future__ import annotations

from datetime import UTC

from backends.lab.twin.records import Account, Original, PortGroups, Told, moment, secret_of, segment
from backends.lab.volumes import Image, Segment
from backends.lab.vsphere.records import Cluster, Datastore, EsxHost, Network, Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import Device, World
from store import estate
from store.estate import DeviceKind, PowerState, VCenter, VirtualMachine, VmReplica

_USER = "administrator@vsphere.local"
_NETWORK = "VM Network"
_UNREADABLE = ("inaccessible", "orphaned", "invalid")
_REPLICA = "drdeck.replica."


def build(world: World, original: Original, account: Account) -> None:
    """Every server with its machines."""
    for told in original.told(DeviceKind.VSPHERE):
        for center in told.of(VCenter):
            groups = original.port_groups.get(told.name, PortGroups())
            _server(world, told, center, groups, account)


def _server(world: World, told: Told, center: VCenter, groups: PortGroups, account: Account) -> None:
    state = VSphereState(
        world, told.name, told.site, api_type=center.api_type, version=center.version, build=center.build
    )
    state.instance_uuid = center.instance_uuid
    account.copy(told.name, center)
    device = Device(told.name, DeviceKind.VSPHERE, told.site, state, users={_USER: secret_of(told.name)})
    device.rename = state.rename
    world.add_device(device)
    if not state.is_host:
        state.add_datacenter("Datacenter")
    cluster = state.add_cluster("Cluster", clustered=not state.is_host)
    account.invent(told.name, "datacenter and cluster that hold everything")
    _places(state, cluster, groups)
    hosts = {host.name: _host(state, told, host, cluster, account) for host in told.of(estate.EsxiHost)}
    stores = {store.moid: _datastore(state, told, store, account) for store in told.of(estate.Datastore)}
    networks = _networks(world, state, told, groups, account)
    room = _Room(told.of(estate.Datastore), stores)
    for machine in told.of(VirtualMachine):
        if machine.connection_state in _UNREADABLE:
            account.leave(
                told.name, f"VM {machine.name}", f"it is {machine.connection_state}: its files cannot be read"
            )
            continue
        where = room.take(machine.committed_bytes or 40 * GIB)
        if where is None:
            account.leave(told.name, f"VM {machine.name}", "no datastore was read that it could lie on")
            continue
        network = networks[groups.of_vm.get(machine.name, next(iter(networks)))]
        _machine(state, told, machine, where, hosts.get(machine.host or ""), network, account)
    for store in told.of(estate.Datastore):
        made = stores[store.moid]
        held = sum(d.bytes_used for home in made.homes.values() for d in home.disks if d.datastore is made)
        made.used = store.capacity - store.free - held


def _places(state: VSphereState, cluster: Cluster, groups: PortGroups) -> None:
    """The resource pools and folders that the configuration names."""
    folder = state.datacenters[0].vm_folder
    assert cluster.pool is not None
    assert folder is not None
    for name in groups.pools:
        state.add_pool(name, cluster.pool)
    for name in groups.folders:
        state.add_folder(name, folder)


def _host(state: VSphereState, told: Told, host: estate.EsxiHost, cluster: Cluster, account: Account) -> EsxHost:
    account.copy(told.name, host)
    account.invent(told.name, "memory or cores of a host", host.memory_mb is None or host.cpu_cores is None)
    memory = (host.memory_mb or 262_144) << 20
    made = state.add_host(host.name, cluster, memory=memory, cores=host.cpu_cores or 32, moid=host.moid)
    made.connection, made.maintenance = host.connection_state, host.in_maintenance
    made.powered = host.power_state == "poweredOn"
    if state.is_host:
        made.uuid = state.instance_uuid  # a standalone host is known by that of its hardware
    return made


def _datastore(state: VSphereState, told: Told, store: estate.Datastore, account: Account) -> Datastore:
    account.copy(told.name, store)
    made = state.add_datastore(store.name, store.capacity, type=store.type, moid=store.moid)
    made.accessible = store.accessible
    return made


def _networks(
    world: World, state: VSphereState, told: Told, groups: PortGroups, account: Account
) -> dict[str, Network]:
    """The port groups that the configuration names, which an inventory does not tell; else one for all machines."""
    account.invent(told.name, "port group for the machines", not groups.names)
    names = groups.names or (_NETWORK,)
    return {
        name: state.add_network(name, segment(world, name, site=told.site, isolated=name in groups.isolated))
        for name in names
    }


class _Room:
    """Which datastore the next machine lies on, which no inventory tells: the one with most in use that is not yet
    accounted for."""

    def __init__(self, told: list[estate.Datastore], made: dict[str, Datastore]) -> None:
        self._left = {store.moid: store.capacity - store.free for store in told}
        self._made = made

    def take(self, size: int) -> Datastore | None:
        if not self._left:
            return None
        moid = max(self._left, key=lambda each: self._left[each])
        self._left[moid] -= size
        return self._made[moid]


def _machine(
    state: VSphereState,
    told: Told,
    machine: VirtualMachine,
    where: Datastore,
    host: EsxHost | None,
    network: Network,
    account: Account,
) -> None:
    running = machine.power_state is PowerState.ON
    for value, what in ((machine.cpus, "processors"), (machine.memory_mb, "memory"), (machine.committed_bytes, "size")):
        account.invent(told.name, f"{what} of a machine", value is None)
    vm = state.add_vm(
        machine.name,
        where,
        host=host,
        cpus=machine.cpus or 2,
        memory_mb=machine.memory_mb or 4096,
        disks=(),
        networks=(network,),
        guest=("otherGuest64", machine.guest or "Other (64-bit)"),
        tools=machine.tools != "guestToolsNotRunning" or not running,
        ip=machine.ip_address,
        extra=_extra(machine.replica) if machine.replica is not None else {},
        instance_uuid=machine.instance_uuid,
        moid=machine.moid,
    )
    _disk(state, vm, machine, where)
    account.copy(told.name, machine)
    account.invent(
        told.name, "machine on one disk and one card: no inventory tells its disks, their content or its MACs"
    )
    if running:
        state.started(vm)
    vm.power = machine.power_state
    vm.tools_running = running and machine.tools != "guestToolsNotRunning"
    vm.connection, vm.consolidate = machine.connection_state, bool(machine.consolidation_needed)


def _disk(state: VSphereState, vm: Vm, machine: VirtualMachine, where: Datastore) -> None:
    """One disk, which takes what the machine takes; a replica's holds what its source's does."""
    origin = machine.replica.source_instance_uuid if machine.replica is not None else machine.instance_uuid
    size = 40 * GIB if machine.committed_bytes is None else machine.committed_bytes
    image = Image(origin, "disk0", (Segment("installed", 1000),))
    disk = state.new_disk(vm.home, where, vm.moid, max(size, GIB) // 1024 * 1024, image)
    vm.home.disks.append(disk)
    swap = (vm.home.memory_mb << 20) if machine.power_state is PowerState.ON else 0
    disk.bytes_used = max(0, size - swap)


def _extra(told: VmReplica) -> dict[str, str]:
    frozen = moment(told.point_in_time)
    at = told.point_in_time.astimezone(UTC).isoformat(timespec="seconds" if frozen.is_integer() else "microseconds")
    found = {
        "source": told.source_instance_uuid,
        "source-name": told.source_name,
        "generation": str(told.generation),
        "point-in-time": at.replace("+00:00", "Z"),
        "complete": "true" if told.complete else "false",
        "interval": told.interval_s,
        "took": told.took_s,
    }
    return {f"{_REPLICA}{key}": str(value) for key, value in found.items() if value is not None}
