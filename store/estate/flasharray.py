"""Pure FlashArray: protection groups, snapshots, volumes, hosts and pods, in Purity's words."""

from __future__ import annotations

from datetime import datetime

from store.record import Record


class FlashArray(Record, frozen=True):
    """An array, from GET /arrays, /array-connections and /alerts. Bytes; ``data_reduction`` 3.0 is three to one."""

    array_id: str
    name: str
    os: str
    version: str
    capacity: int | None = None
    used: int | None = None
    connections: tuple[ArrayConnection, ...] = ()
    alerts: tuple[ArrayAlert, ...] = ()
    data_reduction: float | None = None

    @property
    def key(self) -> str:
        return self.array_id


class ArrayConnection(Record, frozen=True):
    """A replication connection to another array. ``status``: connected, connecting, partially_connected, unbalanced."""

    remote: str
    status: str
    type: str
    transport: str | None = None


class ArrayAlert(Record, frozen=True):
    """An open alert. ``severity``: info, warning, critical, hidden; ``state``: open, closing, closed."""

    id: str
    severity: str
    state: str
    category: str
    summary: str
    created: datetime | None = None


class PgroupTarget(Record, frozen=True):
    """Where a protection group replicates to. ``status`` only from REST 2.37 on."""

    name: str
    allowed: bool
    status: str | None = None


class PgroupSchedule(Record, frozen=True):
    """A snapshot or replication schedule. Seconds; ``at_s`` is seconds after midnight."""

    enabled: bool
    frequency_s: int | None = None
    at_s: int | None = None
    blackout: tuple[int, int] | None = None


class PgroupRetention(Record, frozen=True):
    """How long snapshots are kept. ``all_for_s`` seconds, then ``per_day`` a day for ``days`` days."""

    all_for_s: int | None = None
    per_day: int | None = None
    days: int | None = None


class PgroupSnapshot(Record, frozen=True):
    """A protection group snapshot and its transfer. ``progress`` 0..1; complete when it is 1 and ``completed`` is set.

    ``name`` is ``pg.suffix`` at home and ``source-array:pg.suffix`` on a target. ``created`` is the creation time on
    the source; ``completed`` is when the transfer ended, which understates the loss if taken for the point in time.
    """

    name: str
    created: datetime
    destroyed: bool = False
    target: str | None = None
    started: datetime | None = None
    completed: datetime | None = None
    progress: float | None = None
    data_transferred: int | None = None
    physical_bytes_written: int | None = None

    @property
    def suffix(self) -> str:
        """What the name adds to the group's: the same on the source and on every target."""
        return self.name.rpartition(".")[2]

    @property
    def complete(self) -> bool:
        return self.completed is not None and self.progress is not None and self.progress >= 1


class ProtectionGroup(Record, frozen=True):
    """A protection group on one array: the local one (``is_local``) or the replica that a target array shows.

    ``snapshots`` are the newest few, newest first; ``snapshot_count`` counts all that are not destroyed. Remote
    snapshots (``target`` set) carry the transfer as the source array reports it.
    """

    array: str
    array_id: str
    id: str | None
    name: str
    destroyed: bool
    is_local: bool
    source: str | None = None
    pod: str | None = None
    volumes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    host_groups: tuple[str, ...] = ()
    targets: tuple[PgroupTarget, ...] = ()
    replication: PgroupSchedule | None = None
    snapshot: PgroupSchedule | None = None
    source_retention: PgroupRetention | None = None
    target_retention: PgroupRetention | None = None
    retention_lock: str | None = None
    time_remaining_s: int | None = None
    snapshot_count: int = 0
    snapshots: tuple[PgroupSnapshot, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.array_id}:{self.name}"

    @property
    def newest_complete(self) -> PgroupSnapshot | None:
        """The newest snapshot whose transfer is complete: the point in time that a failover would use."""
        done = [s for s in self.snapshots if s.complete and not s.destroyed]
        return max(done, key=lambda s: s.created, default=None)


class Volume(Record, frozen=True):
    """A FlashArray volume. Bytes."""

    array: str
    array_id: str
    id: str
    name: str
    provisioned: int
    serial: str | None = None
    source: str | None = None
    pod: str | None = None
    destroyed: bool = False
    hosts: tuple[tuple[str, int | None], ...] = ()  # (host or host group name, LUN)

    @property
    def key(self) -> str:
        return f"{self.array_id}:{self.id}"


class Host(Record, frozen=True):
    """A FlashArray host object. ``wwns`` are 16 lower-case hex digits, sorted."""

    array: str
    array_id: str
    name: str
    wwns: tuple[str, ...] = ()
    personality: str | None = None
    host_group: str | None = None
    connectivity: str | None = None

    @property
    def key(self) -> str:
        return f"{self.array_id}:{self.name}"


class Pod(Record, frozen=True):
    """A pod with its replica links. ``promotion_status``: promoted, demoted, promoting."""

    array: str
    array_id: str
    id: str
    name: str
    destroyed: bool
    promotion_status: str | None
    arrays: tuple[tuple[str, str | None], ...] = ()  # (array name, status)
    links: tuple[PodReplicaLink, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.array_id}:{self.id}"


class PodReplicaLink(Record, frozen=True):
    """An ActiveDR link. ``lag_s`` seconds; ``recovery_point`` is None while baselining: then there is no bound."""

    direction: str
    remote: str | None
    remote_pod: str | None
    status: str
    paused: bool
    lag_s: float | None = None
    recovery_point: datetime | None = None
