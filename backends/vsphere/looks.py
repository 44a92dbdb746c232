"""Looks at machines one by one, with all that acting on them rests on, and at the places where one can be put.

``vm`` is a managed object id, or ``copy:`` and the value of the mark that the maker of a copy gave it. A mark is a key
of extra config that begins with ``drdeck.``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.parse import mac
from backends.vsphere import records
from backends.vsphere.session import Session
from store.estate import PowerState, VmReplica

MARKS = "drdeck."
COPY, REPLICATION, UPLOADED, ACTIVE, DRILL = (
    MARKS + name for name in ("copy", "replication", "uploaded", "active", "drill")
)
"""Marks beside those of a replica: the name of a copy among all, the replication it belongs to, that its disks came
whole, the run that made it the active side, the run that is a drill on it."""
BY_COPY = "copy:"
_GONE = ("ManagedObjectNotFound",)
_PATHS = (
    "name", "summary.config.instanceUuid", "runtime.powerState", "runtime.connectionState", "runtime.host",
    "runtime.consolidationNeeded", "runtime.question", "config.hardware.device", "config.extraConfig", "snapshot",
    "summary.config.numCpu", "summary.config.memorySizeMB", "guest.toolsRunningStatus", "recentTask", "parent",
    "resourcePool", "config.version",
)  # fmt: skip


class Connected(Protocol):
    """A driver, as a look uses it."""

    session: Session


class Card(Struct, frozen=True, forbid_unknown_fields=True):
    """A network card. ``mac``: 12 upper-case hex digits; ``network``: the name of its port group."""

    key: int
    mac: str
    address_type: str
    network: str | None
    connected: bool


class VirtualDisk(Struct, frozen=True):
    """A disk. Bytes. ``independent``: no snapshot holds it. ``datastore``: its managed object id."""

    key: int
    capacity: int
    datastore: str | None
    independent: bool


class SnapshotNow(Struct, frozen=True):
    """A snapshot of a machine, by its own id; ``created``: UTC by the clock of the server. ``depth`` counts the
    snapshots that it rests on, itself included."""

    moid: str
    name: str
    created: datetime
    depth: int = 1


class QuestionNow(Struct, frozen=True):
    """What a machine waits for an answer to; ``choices``: key and label."""

    id: str
    text: str
    choices: tuple[tuple[str, str], ...]


class MachineNow(Struct, frozen=True):
    """A machine as it is. ``marks`` are its extra config that is ours; ``busy`` what tasks do with it now; ``tools``
    whether they run; ``host``, ``folder`` and ``pool`` are managed object ids; ``version`` is that of its hardware."""

    moid: str
    name: str
    uuid: str
    power: PowerState
    connection: str
    host: str | None
    folder: str | None
    pool: str | None
    cpus: int
    memory_mb: int
    tools: bool
    consolidation: bool
    disks: tuple[VirtualDisk, ...]
    cards: tuple[Card, ...]
    snapshots: tuple[SnapshotNow, ...]
    marks: Mapping[str, str]
    question: QuestionNow | None
    busy: tuple[str, ...] = ()
    version: str = ""

    def snapshot(self, name: str, moid: str | None = None) -> SnapshotNow | None:
        """The newest snapshot of that name; with ``moid`` the one of that id, where it has the name."""
        named = (s for s in self.snapshots if s.name == name and moid in (None, s.moid))
        return max(named, key=lambda s: s.created, default=None)

    @property
    def replica(self) -> VmReplica | None:
        """What its marks say of it as a replica. Raises :class:`ParseError`."""
        return records.replica(self.marks)

    @property
    def size(self) -> int:
        """Bytes of all disks, as if they were full."""
        return sum(disk.capacity for disk in self.disks)

    @property
    def live_macs(self) -> tuple[str, ...]:
        """The addresses that are on a network now."""
        on = self.power is PowerState.ON
        return tuple(card.mac for card in self.cards if on and card.connected and card.network is not None)


class MachineOf(Struct, frozen=True):
    """One machine; None: it is not there. Raises :class:`DeviceError`."""

    vm: str

    def take(self, driver: Connected) -> MachineNow | None:
        session = driver.session
        if self.vm.startswith(BY_COPY):
            wanted = self.vm.removeprefix(BY_COPY)
            moids = [moid for moid, marks in _marks(session).items() if marks.get(COPY) == wanted]
            if len(moids) > 1:
                text = f"{len(moids)} machines are marked as the copy {wanted}"
                raise DeviceError(session.device, "RetrievePropertiesEx", Failure.BAD_ANSWER, Sent.REFUSED, text)
            return MachineOf(moids[0]).take(driver) if moids else None
        try:
            rows = retrieve(session, "VirtualMachine", (self.vm,), _PATHS)
        except DeviceError as error:
            if error.code in _GONE:
                return None
            raise
        found = [_machine(session, moid, values) for moid, values in rows]
        return _with_tasks(session, found[0], rows[0][1].get("recentTask") or ()) if found else None


class Machines(Struct, frozen=True):
    """Every machine that the server can say everything of. Raises :class:`DeviceError`."""

    def take(self, driver: Connected) -> tuple[MachineNow, ...]:
        rows = retrieve(driver.session, "VirtualMachine", None, _PATHS)
        readable = [(moid, values) for moid, values in rows if values.get("config.hardware.device") is not None]
        return tuple(_machine(driver.session, moid, values) for moid, values in readable)


def resolved(session: Session, vm: str) -> MachineNow:
    """The machine, which must be there. Raises :class:`DeviceError`: nothing was sent."""

    @dataclass
    class Lone:
        session: Session

    found = MachineOf(vm).take(Lone(session))
    if found is None:
        raise DeviceError(session.device, "Fetch", Failure.REFUSED, Sent.NO, f"there is no machine {vm}")
    return found


# -------------------------------------------------------------------------------------------------------------- places


class StoreNow(Struct, frozen=True):
    """A datastore. Bytes."""

    moid: str
    name: str
    free: int
    accessible: bool


class HostNow(Struct, frozen=True):
    """An ESXi host with what it has; ``pool``: the root resource pool that it is in. All are managed object ids.
    ``das``: what vSphere HA says of it (``hostDown``, ``networkIsolated`` …), empty where HA is off."""

    moid: str
    name: str
    connection: str
    in_maintenance: bool
    pool: str | None
    datastores: tuple[str, ...]
    networks: tuple[str, ...]
    das: str = ""


class PlacesNow(Struct, frozen=True):
    """Where machines can be put. ``pools``, ``folders`` (for machines) and ``networks`` are (id, name); ``clones``: the
    server is a vCenter, which copies machines by itself. ``root`` is the folder of machines that is always there."""

    clones: bool
    stores: tuple[StoreNow, ...]
    hosts: tuple[HostNow, ...]
    pools: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, str], ...]
    networks: tuple[tuple[str, str], ...]
    root: str


class Places(Struct, frozen=True):
    """All of that. Raises :class:`DeviceError`."""

    def take(self, driver: Connected) -> PlacesNow:
        session = driver.session
        pools = {
            moid: _ref(values.get("resourcePool"))
            for moid, values in retrieve(session, "ComputeResource", None, ("resourcePool",))
        }
        hosts = [_host(moid, values, pools) for moid, values in retrieve(session, "HostSystem", None, _HOST)]
        stores = [
            StoreNow(moid, _str(v, "name"), int(v.get("summary.freeSpace") or 0), bool(v.get("summary.accessible")))
            for moid, v in retrieve(session, "Datastore", None, ("name", "summary.freeSpace", "summary.accessible"))
        ]
        roots = [_ref(v.get("vmFolder")) for _, v in retrieve(session, "Datacenter", None, ("vmFolder",))]
        folders = retrieve(session, "Folder", None, ("name", "childType"))
        return PlacesNow(
            session.about.api_type == "VirtualCenter",
            tuple(stores),
            tuple(hosts),
            _named(retrieve(session, "ResourcePool", None, ("name",))),
            _named((moid, v) for moid, v in folders if "VirtualMachine" in (v.get("childType") or ())),
            _named(retrieve(session, "Network", None, ("name",))),
            next((root for root in roots if root is not None), ""),
        )


_HOST = (
    "name", "runtime.connectionState", "runtime.inMaintenanceMode", "parent", "datastore", "network",
    "runtime.dasHostState.state",
)  # fmt: skip


def _host(moid: str, values: Mapping[str, Any], pools: Mapping[str, str | None]) -> HostNow:
    return HostNow(
        moid,
        _str(values, "name"),
        _str(values, "runtime.connectionState"),
        bool(values.get("runtime.inMaintenanceMode")),
        pools.get(_ref(values.get("parent")) or ""),
        tuple(str(one._moId) for one in values.get("datastore") or ()),
        tuple(str(one._moId) for one in values.get("network") or ()),
        _str(values, "runtime.dasHostState.state"),
    )


def _named(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[tuple[str, str], ...]:
    return tuple((moid, _str(values, "name")) for moid, values in rows)


# ------------------------------------------------------------------------------------------------------------- reading


def retrieve(
    session: Session, kind: str, moids: Sequence[str] | None, paths: Sequence[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Properties of some objects, or with None of all of a type, in the vendor library's objects; what a server may not
    say is left out."""
    from pyVmomi import VmomiSupport, vim, vmodl

    spec = vmodl.query.PropertyCollector

    def ask() -> list[tuple[str, dict[str, Any]]]:
        content, wanted = session.content, VmomiSupport.GetWsdlType("urn:vim25", kind)
        view = None
        if moids is None:
            view = content.viewManager.CreateContainerView(content.rootFolder, [wanted], True)
            walk = spec.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
            objects = [spec.ObjectSpec(obj=view, skip=True, selectSet=[walk])]
        else:
            objects = [spec.ObjectSpec(obj=session.managed(kind, moid)) for moid in moids]
        asked = spec.FilterSpec(propSet=[spec.PropertySpec(type=wanted, pathSet=list(paths))], objectSet=objects)
        collector = content.propertyCollector
        page = collector.RetrievePropertiesEx([asked], spec.RetrieveOptions())
        found: list[Any] = []
        while page is not None:
            found += page.objects
            page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
        if view is not None:
            view.DestroyView()
        return [(str(one.obj._moId), {value.name: value.val for value in one.propSet}) for one in found]

    return session.ask("RetrievePropertiesEx", ask)


def _marks(session: Session) -> dict[str, dict[str, str]]:
    """The marks of every machine, by id."""
    rows = retrieve(session, "VirtualMachine", None, ("config.extraConfig",))
    return {moid: _ours(values.get("config.extraConfig")) for moid, values in rows}


def _ours(options: Any) -> dict[str, str]:
    return {str(one.key): str(one.value) for one in options or () if str(one.key).startswith(MARKS)}


def _machine(session: Session, moid: str, values: Mapping[str, Any]) -> MachineNow:
    from pyVmomi import vim

    devices = values.get("config.hardware.device") or ()
    try:
        power = PowerState(str(values.get("runtime.powerState")))
        cards = tuple(_card(one) for one in devices if isinstance(one, vim.vm.device.VirtualEthernetCard))
    except (ParseError, ValueError) as error:
        text = f"machine {moid}: {error}"
        raise DeviceError(session.device, "RetrievePropertiesEx", Failure.BAD_ANSWER, Sent.UNKNOWN, text) from None
    tree = values.get("snapshot")
    return MachineNow(
        moid,
        _str(values, "name"),
        _str(values, "summary.config.instanceUuid"),
        power,
        _str(values, "runtime.connectionState"),
        _ref(values.get("runtime.host")),
        _ref(values.get("parent")),
        _ref(values.get("resourcePool")),
        int(values.get("summary.config.numCpu") or 0),
        int(values.get("summary.config.memorySizeMB") or 0),
        values.get("guest.toolsRunningStatus") == "guestToolsRunning",
        bool(values.get("runtime.consolidationNeeded")),
        tuple(_disk(one) for one in devices if isinstance(one, vim.vm.device.VirtualDisk)),
        cards,
        tuple(_tree(tree.rootSnapshotList)) if tree is not None else (),
        _ours(values.get("config.extraConfig")),
        _question(values.get("runtime.question")),
        version=_str(values, "config.version"),
    )


def _with_tasks(session: Session, found: MachineNow, tasks: Sequence[Any]) -> MachineNow:
    if not tasks:
        return found
    try:
        rows = retrieve(session, "Task", [str(one._moId) for one in tasks], ("info.state", "info.descriptionId"))
    except DeviceError as error:
        if error.code in _GONE:  # the oldest one was forgotten meanwhile: it had ended
            return found
        raise
    busy = [str(v.get("info.descriptionId")) for _, v in rows if v.get("info.state") in ("queued", "running")]
    return replace(found, busy=tuple(busy))


def _card(one: Any) -> Card:
    backing, connectable = one.backing, one.connectable
    name = getattr(backing, "deviceName", None)
    on = connectable is None or bool(connectable.connected or connectable.startConnected)
    return Card(int(one.key), mac(str(one.macAddress)), str(one.addressType or ""), str(name) if name else None, on)


def _disk(one: Any) -> VirtualDisk:
    backing = one.backing
    mode = str(getattr(backing, "diskMode", "") or "")
    size = int(one.capacityInBytes or 0) or int(one.capacityInKB or 0) * 1024
    return VirtualDisk(int(one.key), size, _ref(getattr(backing, "datastore", None)), mode.startswith("independent"))


def _tree(found: Any, depth: int = 1) -> Iterable[SnapshotNow]:
    for one in found or ():
        yield SnapshotNow(str(one.snapshot._moId), str(one.name), one.createTime.astimezone(UTC), depth)
        yield from _tree(one.childSnapshotList, depth + 1)


def _question(found: Any) -> QuestionNow | None:
    if found is None:
        return None
    return QuestionNow(
        str(found.id), str(found.text), tuple((str(one.key), str(one.label)) for one in found.choice.choiceInfo)
    )


def _ref(found: Any) -> str | None:
    return None if found is None else str(found._moId)


def _str(values: Mapping[str, Any], path: str) -> str:
    return str(values.get(path) or "")
