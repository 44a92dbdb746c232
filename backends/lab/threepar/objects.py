"""The plain records of an array: pools, volumes, hosts, exports, tasks, remote copy targets and their wires."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from backends.lab.volumes import Volume

if TYPE_CHECKING:
    from backends.lab.threepar.array import ThreePar
    from backends.lab.threepar.rcg import Group
    from backends.lab.world import World

MIB = 1024 * 1024


class Cpg(Struct, eq=False):
    """A common provisioning group."""

    id: int
    name: str
    raid: int = 4  # WSAPI RAIDType: 1 R0, 2 R1, 3 R5, 4 R6


class VirtualVolume(Struct, eq=False):
    """A virtual volume or snapshot on top of the world's disk. ``prov``: tpvv, full or deco. ``created``: virtual s."""

    id: int
    disk: Volume
    cpg: str
    snap_cpg: str
    created: float
    prov: str = "tpvv"
    comment: str = ""
    copy_of: VirtualVolume | None = None
    read_only: bool = False
    group: Group | None = None

    @property
    def name(self) -> str:
        return self.disk.name

    @property
    def size_mib(self) -> int:
        return self.disk.size // MIB


class Host(Struct, eq=False):
    """A host object. ``wwns`` are 16 upper-case hex digits. ``persona``: the CLI's number (8 AIX, 11 VMware)."""

    id: int
    name: str
    wwns: tuple[str, ...] = ()
    iscsi_names: tuple[str, ...] = ()
    persona: int = 2

    @property
    def fabric_names(self) -> tuple[str, ...]:
        """Its WWNs as the fabric writes them."""
        return tuple(wwn.lower() for wwn in self.wwns)


class Vlun(Struct, eq=False):
    """An export template: the volume under a LUN for a host."""

    lun: int
    volume: VirtualVolume
    host: Host


class TaskStatus(IntEnum):
    """As the WSAPI counts; the CLI writes the names in lower case."""

    DONE = 1
    ACTIVE = 2
    CANCELLED = 3
    FAILED = 4


class TaskType(IntEnum):
    """As the WSAPI counts; the CLI writes the names in lower case."""

    REMOTE_COPY_SYNC = 5
    REMOTE_COPY_REVERSE = 6
    REMOTE_COPY_FAILOVER = 7
    REMOTE_COPY_RECOVER = 8
    REMOTE_COPY_RESTORE = 9
    PROMOTE_SV = 4


class Task(Struct, eq=False):
    """A long-running operation of one array. Times are virtual seconds; ``log`` holds (time, text)."""

    id: int
    type: TaskType
    name: str
    user: str
    started: float
    finished: float | None = None
    status: TaskStatus = TaskStatus.ACTIVE
    log: list[tuple[float, str]] = field(default_factory=list)

    def note(self, now: float, text: str) -> None:
        self.log.append((now, text))

    def end(self, now: float, status: TaskStatus, text: str) -> None:
        if self.status is TaskStatus.ACTIVE:
            self.status, self.finished = status, now
            self.note(now, text)


class LinkKind(StrEnum):
    IP = "IP"
    FC = "FC"


class Wire(Struct, eq=False):
    """One remote copy link: a port (``node:slot:port``) and an address at either end; index 0 is the first array."""

    nodes: tuple[str, str]
    addresses: tuple[str, str]
    up: bool = True


class Connection:
    """The wires between two arrays. ``up`` while both sites have power and at least one wire works."""

    def __init__(self, world: World, arrays: tuple[ThreePar, ThreePar], wires: list[Wire]) -> None:
        self.world = world
        self.arrays = arrays
        self.wires = wires
        self._was_up = True

    @property
    def up(self) -> bool:
        return self.world.linked(self.arrays[0].site, self.arrays[1].site) and any(w.up for w in self.wires)

    def wire_up(self, wire: Wire) -> bool:
        return wire.up and self.world.linked(self.arrays[0].site, self.arrays[1].site)

    def set_wires(self, up: bool, now: float, only: int | None = None) -> None:
        """Cut or repair all wires, or the one with index ``only``."""
        for index, wire in enumerate(self.wires):
            if only is None or index == only:
                wire.up = up
        self.settle(now)

    def settle(self, now: float) -> None:
        """Tell the groups if the arrays lost or found each other since the last time."""
        up = self.up
        if up == self._was_up:
            return
        self._was_up = up
        for group in self.arrays[0].groups_with(self):
            if up:
                group.link_back(now)
            else:
                group.link_lost(now)


class Target(Struct, eq=False):
    """A remote copy target as its own array names it. ``end``: which end of the connection this array is."""

    id: int
    name: str
    connection: Connection
    end: int
    kind: LinkKind = LinkKind.IP
    mirror_config: bool = True

    @property
    def peer(self) -> ThreePar:
        return self.connection.arrays[1 - self.end]

    @property
    def status(self) -> str:
        return "ready" if self.connection.up else "failed"
