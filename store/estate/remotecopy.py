"""HPE 3PAR, Primera and Alletra: Remote Copy groups, in the words of ``showrcopy``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from store.record import Record


class RcgRole(StrEnum):
    """Role of a Remote Copy group as ``showrcopy groups`` writes it."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    PRIMARY_REV = "Primary-Rev"
    SECONDARY_REV = "Secondary-Rev"
    UNKNOWN = "Unknown"


class RcgStatus(StrEnum):
    """State of a group towards one target. ``UNKNOWN`` for a number or word that nobody documented."""

    NEW = "New"
    STARTING = "Starting"
    STARTED = "Started"
    RESTART = "Restart"
    STOPPED = "Stopped"
    BACKUP = "Backup"
    FAILSAFE = "Failsafe"
    LOGGING = "Logging"
    UNKNOWN = "Unknown"


class SyncStatus(StrEnum):
    """Synchronization of one volume of a group."""

    NEW = "New"
    SYNCING = "Syncing"
    SYNCED = "Synced"
    NOT_SYNCED = "NotSynced"
    DELETE = "Delete"
    STOPPED = "Stopped"
    PROMOTE = "Promote"
    STALE = "Stale"
    WAIT_PROMOTE = "Wait-Promote"
    UNKNOWN = "Unknown"


class RcgMode(StrEnum):
    """Replication mode. WSAPI 1 = synchronous, 2 and 3 = periodic, 4 = asynchronous streaming."""

    SYNC = "Sync"
    PERIODIC = "Periodic"
    ASYNC = "Async"


class StorageSystem(Record, frozen=True):
    """A 3PAR, Primera or Alletra array, with its remote copy targets and links. Capacity in MiB, as in the WSAPI."""

    name: str
    serial: str
    model: str
    os_version: str
    system_id: int
    time_zone: str | None = None
    total_capacity_mib: int | None = None
    free_capacity_mib: int | None = None
    rcopy_status: str | None = None
    targets: tuple[RcopyTarget, ...] = ()
    links: tuple[RcopyLink, ...] = ()

    @property
    def key(self) -> str:
        return self.serial


class RcopyTarget(Record, frozen=True):
    """A remote copy target of one array. ``status``: ready, failing, failed, new."""

    name: str
    id: int
    type: str
    status: str
    policy: str | None = None


class RcopyLink(Record, frozen=True):
    """A remote copy link. ``target`` is ``receive`` for the incoming side; ``status``: Up, Down …"""

    target: str
    node: str
    address: str
    status: str


class Vlun(Record, frozen=True):
    """An export of a volume: to ``host`` (or ``set:hosts``, or a port) as ``lun``, None where the array did not say."""

    host: str
    lun: int | None


class RemoteCopyVolume(Record, frozen=True):
    """A volume of a group. ``synced_percent`` while Syncing, if the array says. ``last_sync`` None prints as NA.

    ``vluns`` are the exports of the local volume on this array, to hosts that are logged in or not: a host that is
    merely off is not fenced.
    """

    local: str
    local_id: int | None
    remote: str
    remote_id: int | None
    sync_status: SyncStatus
    synced_percent: int | None = None
    last_sync: datetime | None = None
    size_mib: int | None = None
    vluns: tuple[Vlun, ...] = ()

    @property
    def exported_to(self) -> tuple[str, ...]:
        """The hosts (or host sets) with a VLUN for the volume."""
        return tuple(sorted({vlun.host for vlun in self.vluns}))


class RemoteCopyGroup(Record, frozen=True):
    """A Remote Copy group (RCG) as one of its two arrays sees it.

    ``natural_name`` and ``natural_system_id`` name the group where it was created: ``oradb`` and ``oradb.r121649`` (on
    the peer) share ``("oradb", 121649)``, so the two views of a pair find each other.
    """

    array: str
    array_serial: str
    id: int
    name: str
    natural_name: str
    natural_system_id: int
    target: str
    status: RcgStatus
    role: RcgRole
    mode: RcgMode
    role_reversed: bool | None = None
    remote_group: str | None = None
    period_s: int | None = None
    last_sync: datetime | None = None
    policies: tuple[str, ...] = ()
    local_cpg: str | None = None
    remote_cpg: str | None = None
    volumes: tuple[RemoteCopyVolume, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.array_serial}:{self.id}"

    @property
    def pair_key(self) -> str:
        return f"{self.natural_system_id}:{self.natural_name}"

    @property
    def oldest_sync(self) -> datetime | None:
        """The oldest LastSyncTime of its volumes: the point in time of a periodic group. None if a volume has none."""
        times = [v.last_sync for v in self.volumes]
        return None if not times or None in times else min(t for t in times if t is not None)
