"""What a simulated FlashArray holds: plain records. Times are virtual seconds since 1970, sizes bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from backends.lab.volumes import Image, Volume
from backends.lab.world import Timer

if TYPE_CHECKING:
    from backends.lab.flasharray.state import ArrayState

ERADICATION_S = 24 * 3600.0
DAY_S = 24 * 3600


class RefusedError(Exception):
    """The array refuses a request in its own words: ``context`` is the object's name."""

    def __init__(self, context: str | None, message: str) -> None:
        super().__init__(message)
        self.context = context
        self.message = message


class Thing(Struct):
    """What every object has. ``destroyed_at`` is set while it is pending eradication."""

    name: str
    id: str
    created: float
    destroyed_at: float | None = None
    eradication: Timer | None = None

    @property
    def destroyed(self) -> bool:
        return self.destroyed_at is not None

    def time_remaining_ms(self, now: float) -> int | None:
        if self.destroyed_at is None:
            return None
        return max(0, round((self.destroyed_at + ERADICATION_S - now) * 1000))


class Tag(Struct):
    key: str
    value: str
    namespace: str = "default"
    copyable: bool = True


class Disk(Thing):
    """A volume; ``core`` is the disk in the world, ``source`` what it was last copied from (id, name)."""

    core: Volume = field(default_factory=lambda: Volume("", "", 0))
    source: tuple[str, str] | None = None
    pod: Pod | None = None
    tags: list[Tag] = field(default_factory=list)

    @property
    def serial(self) -> str:
        return self.core.serial


class DiskSnapshot(Thing):
    """A volume snapshot. ``source`` is the volume (id, name); on a target array that is the replica volume.

    ``group`` is the protection group snapshot it belongs to, if any.
    """

    suffix: str = ""
    serial: str = ""
    size: int = 0
    image: Image = field(default_factory=Image)
    source: tuple[str, str] = ("", "")
    group: GroupSnapshot | None = None
    tags: list[Tag] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all of it is here: a snapshot still being received is not."""
        return self.group is None or self.group.received is None or self.group.received.completed is not None


class HostObject(Struct):
    """A host: ``wwns`` are 16 upper-case hex digits."""

    name: str
    wwns: list[str] = field(default_factory=list)
    personality: str | None = None
    group: str | None = None


class Attachment(Struct):
    """A connection of a volume to a host or to a host group."""

    disk: Disk
    lun: int
    host: str | None = None
    group: str | None = None


class Schedule(Struct):
    """``at_s`` (for frequencies of whole days) and ``blackout`` (start, end) are seconds after midnight."""

    enabled: bool = False
    frequency_s: float = 3600.0
    at_s: int | None = None
    blackout: tuple[int, int] | None = None
    timer: Timer | None = None


class Retention(Struct):
    all_for_s: int = 86_400
    per_day: int = 4
    days: int = 7


class Target(Struct):
    """Where a group replicates to. ``allowed`` is set on the target array."""

    array: ArrayState
    allowed: bool = True


class Transfer(Struct):
    """A snapshot on its way: ``moved`` bytes had gone over at ``since``; it moves on while ``since`` is set."""

    size: int
    rate: float
    queued_at: float
    started: float | None = None
    since: float | None = None
    moved: float = 0.0
    completed: float | None = None
    timer: Timer | None = None

    def progress(self, now: float) -> float:
        if self.completed is not None:
            return 1.0
        moved = self.moved + (self.rate * (now - self.since) if self.since is not None else 0.0)
        return min(moved / self.size, 0.999) if self.size else 0.0

    def transferred(self, now: float) -> int:
        return self.size if self.completed is not None else int(self.progress(now) * self.size)


class GroupSnapshot(Thing):
    """A protection group snapshot: one volume snapshot per member, of one moment.

    On its source, ``sent`` holds the transfer to each target by array name; on a target, ``received`` is that transfer.
    ``retained``: expires by the group's retention.
    """

    suffix: str = ""
    group: Group | None = None
    members: list[DiskSnapshot] = field(default_factory=list)
    sent: dict[str, Transfer] = field(default_factory=dict)
    received: Transfer | None = None
    retained: bool = False


class Flight(Struct):
    """A transfer that is not complete: which snapshot, to which target. ``arrival`` is its replica, once begun."""

    transfer: Transfer
    snapshot: GroupSnapshot
    target: Target
    arrival: GroupSnapshot | None = None


class Group(Thing):
    """A protection group; a replica of another array's (``origin`` is set) is what a target shows."""

    disks: list[Disk] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    host_groups: list[str] = field(default_factory=list)
    targets: dict[str, Target] = field(default_factory=dict)
    snapshots: dict[str, GroupSnapshot] = field(default_factory=dict)  # by suffix, oldest first
    replication: Schedule = field(default_factory=Schedule)
    snapshot: Schedule = field(default_factory=Schedule)
    source_retention: Retention = field(default_factory=Retention)
    target_retention: Retention = field(default_factory=Retention)
    locked: bool = False
    counter: int = 0
    origin: Group | None = None
    source: tuple[str, str] = ("", "")  # the array or pod it was created on
    replicas: dict[str, str] = field(default_factory=dict)  # ids of the replica volumes, by name

    @property
    def is_local(self) -> bool:
        return self.origin is None


class Pod(Thing):
    """A pod. ``shadow``: it came into being by a demotion, to bring back what that discarded."""

    promoted: bool = True
    settled_at: float = 0.0  # when the requested promotion state is reached
    disks: list[Disk] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)  # of an undo-demote pod, by plain volume name
    link: Link | None = None
    shadow: bool = False

    def status(self, now: float) -> str:
        if self.promoted:
            return "promoted" if now >= self.settled_at else "promoting"
        return "demoted"


class Link(Struct):
    """An ActiveDR replica link. Data flows from ``source`` to ``target``; ``lag_s`` is how far the target is behind.

    ``broken_at`` is set while nothing can flow; ``ready_at`` is when the baseline is (or was) complete. ``quiesced_at``
    is when everything of a demoted source is across; ``dropped``: it was demoted without what was pending then.
    """

    id: str
    source: tuple[ArrayState, Pod]
    target: tuple[ArrayState, Pod]
    lag_s: float
    ready_at: float
    paused: bool = False
    broken_at: float | None = None
    quiesced_at: float | None = None
    dropped: bool = False
    frozen: dict[str, Image] = field(default_factory=dict)  # what had arrived when it broke, by plain volume name

    def status(self, now: float) -> str:
        if self.broken_at is not None:
            return "paused" if self.paused else "unhealthy"
        if self.dropped:
            return "idle"
        if self.quiesced_at is not None:
            return "quiesced" if now >= self.quiesced_at else "quiescing"
        return "replicating" if now >= self.ready_at else "baselining"

    def recovery_point(self, now: float) -> float | None:
        """The moment that the target holds; None while baselining."""
        if now < self.ready_at:
            return None
        stops = (self.broken_at, self.quiesced_at if self.dropped else None)
        until = min([now, *(moment for moment in stops if moment is not None)])
        everything = self.quiesced_at is not None and not self.dropped and self.quiesced_at <= until
        return now if everything else until - self.lag_s


class Alert(Struct):
    name: str
    id: str
    severity: str
    category: str
    code: int
    component: tuple[str, str]  # type, name
    summary: str
    created: float
    closed: float | None = None
