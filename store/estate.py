"""The vocabulary of the estate: what a backend returns, what a screen shows, and nothing else crosses.

Every record is frozen and plain: strings, numbers, UTC datetimes, tuples, enums and other records, so that two readings
compare with ``==`` and a record survives JSON. Units stand in the field names or the docstring: bytes, seconds, MB
(IBM and VMware count memory in MiB and call it MB). ``None`` means that the device did not say.

``key`` is the identity of an object: stable across readings, unique within its kind. It is made of the identifiers
that the vendor keeps stable (serial numbers, ids), never of a display name alone where names can repeat or change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# ---------------------------------------------------------------------------------------------------- devices, sites


class DeviceKind(StrEnum):
    """The kinds of device that the console talks to."""

    HMC = "hmc"
    FLASHARRAY = "flasharray"
    THREEPAR = "threepar"
    VSPHERE = "vsphere"


class SiteRole(StrEnum):
    """What a site is for in normal operation."""

    PROD = "prod"
    DR = "dr"


@dataclass(frozen=True, slots=True)
class Site:
    """A site as the settings name it. ``l2_stretched``: one layer-2 network spans this site and its partner."""

    name: str
    role: SiteRole
    l2_stretched: bool = False

    @property
    def key(self) -> str:
        return self.name


# --------------------------------------------------------------------------------------------------------- IBM Power


class SystemState(StrEnum):
    """State of a managed system, as ``lssyscfg -r sys`` writes it."""

    OPERATING = "Operating"
    STANDBY = "Standby"
    POWER_OFF = "Power Off"
    POWER_OFF_IN_PROGRESS = "Power Off In Progress"
    INITIALIZING = "Initializing"
    ERROR = "Error"
    ERROR_DUMP = "Error - Dump in progress"
    ERROR_TERMINATED = "Error - Terminated"
    NO_CONNECTION = "No Connection"
    INCOMPLETE = "Incomplete"
    RECOVERY = "Recovery"
    FAILED_AUTHENTICATION = "Failed Authentication"
    PENDING_AUTHENTICATION = "Pending Authentication - Password Updates Required"
    VERSION_MISMATCH = "Version Mismatch"


class LparState(StrEnum):
    """State of an LPAR, as ``lssyscfg -r lpar`` writes it. Any other word is an error, never *down*."""

    RUNNING = "Running"
    NOT_ACTIVATED = "Not Activated"
    STARTING = "Starting"
    OPEN_FIRMWARE = "Open Firmware"
    SHUTTING_DOWN = "Shutting Down"
    ERROR = "Error"
    NOT_AVAILABLE = "Not Available"
    SUSPENDING = "Suspending"
    SUSPENDED = "Suspended"
    RESUMING = "Resuming"
    MIGRATING_RUNNING = "Migrating - Running"
    MIGRATING_NOT_ACTIVATED = "Migrating - Not Activated"
    HARDWARE_DISCOVERY = "Hardware Discovery"


@dataclass(frozen=True, slots=True)
class ManagedSystem:
    """A Power server known to an HMC. Memory in MB; processors in processing units."""

    name: str
    type_model: str
    serial: str
    state: SystemState
    max_lpars: int | None = None
    virtual_fc_capable: bool | None = None
    installed_mem_mb: int | None = None
    available_mem_mb: int | None = None
    installed_proc_units: float | None = None
    available_proc_units: float | None = None

    @property
    def key(self) -> str:
        return f"{self.type_model}*{self.serial}"


class AdapterType(StrEnum):
    """Which end of a virtual adapter pair this is."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class FcAdapter:
    """A virtual Fibre Channel adapter. A client has exactly two ``wwpns`` (16 lower-case hex digits); a server none."""

    slot: int
    adapter_type: AdapterType
    remote_lpar_id: int | None
    remote_lpar_name: str | None
    remote_slot: int | None
    wwpns: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class EthAdapter:
    """A virtual Ethernet adapter. ``mac``: 12 upper-case hex digits; ``None`` in a profile that lets the HMC choose."""

    slot: int
    mac: str | None
    port_vlan_id: int
    vswitch: str
    ieee: bool = False
    addl_vlan_ids: tuple[int, ...] = ()
    trunk_priority: int | None = None
    required: bool = False

    @property
    def is_trunk(self) -> bool:
        return self.trunk_priority is not None


@dataclass(frozen=True, slots=True)
class ScsiAdapter:
    """A virtual SCSI adapter."""

    slot: int
    adapter_type: AdapterType
    remote_lpar_id: int | None
    remote_lpar_name: str | None
    remote_slot: int | None
    required: bool = False


@dataclass(frozen=True, slots=True)
class LparProfile:
    """A partition profile: what the LPAR gets at its next activation. Memory in MB."""

    name: str
    min_mem_mb: int
    desired_mem_mb: int
    max_mem_mb: int
    proc_mode: str
    desired_procs: int
    desired_proc_units: float | None
    max_virtual_slots: int
    boot_mode: str
    auto_start: bool
    fc: tuple[FcAdapter, ...] = ()
    eth: tuple[EthAdapter, ...] = ()
    scsi: tuple[ScsiAdapter, ...] = ()


@dataclass(frozen=True, slots=True)
class NpivMapping:
    """One ``vfchost`` of a VIOS as ``lsmap -all -npiv`` prints it. ``status`` is LOGGED_IN, NOT_LOGGED_IN …"""

    vfchost: str
    client_lpar_id: int | None
    client_lpar_name: str | None
    status: str
    fc_port: str | None
    client_adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Lpar:
    """A logical partition. The running adapters come from ``lshwres``; ``profiles`` from ``lssyscfg -r prof``.

    ``refcode`` is the newest reference code with its time as the HMC prints it (local time of the HMC, no zone).
    ``npiv`` is filled for a VIOS only. ``unread`` names the parts above of which a row could not be read (``fc``,
    ``eth``, ``scsi``, ``profiles``, ``mem``, ``proc``, ``refcode``): what stands in them is not all there is.
    """

    system: str
    system_key: str
    name: str
    lpar_id: int
    uuid: str | None
    env: str
    state: LparState
    os_version: str | None
    default_profile: str | None
    curr_profile: str | None
    rmc_state: str | None
    rmc_ipaddr: str | None
    auto_start: bool | None = None
    mem_mb: int | None = None
    proc_units: float | None = None
    procs: int | None = None
    refcode: str | None = None
    fc: tuple[FcAdapter, ...] = ()
    eth: tuple[EthAdapter, ...] = ()
    scsi: tuple[ScsiAdapter, ...] = ()
    profiles: tuple[LparProfile, ...] = ()
    npiv: tuple[NpivMapping, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.system_key}/{self.name}"

    @property
    def wwpns(self) -> tuple[str, ...]:
        return tuple(wwpn for adapter in self.fc for wwpn in adapter.wwpns)

    @property
    def macs(self) -> tuple[str, ...]:
        return tuple(adapter.mac for adapter in self.eth if adapter.mac is not None)


# --------------------------------------------------------------------------------------------------- Pure FlashArray


@dataclass(frozen=True, slots=True)
class FlashArray:
    """An array, from GET /arrays, /array-connections and /alerts. Bytes."""

    array_id: str
    name: str
    os: str
    version: str
    capacity: int | None = None
    used: int | None = None
    connections: tuple[ArrayConnection, ...] = ()
    alerts: tuple[ArrayAlert, ...] = ()

    @property
    def key(self) -> str:
        return self.array_id


@dataclass(frozen=True, slots=True)
class ArrayConnection:
    """A replication connection to another array. ``status``: connected, connecting, partially_connected, unbalanced."""

    remote: str
    status: str
    type: str
    transport: str | None = None


@dataclass(frozen=True, slots=True)
class ArrayAlert:
    """An open alert. ``severity``: info, warning, critical, hidden; ``state``: open, closing, closed."""

    id: str
    severity: str
    state: str
    category: str
    summary: str
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class PgroupTarget:
    """Where a protection group replicates to. ``status`` only from REST 2.37 on."""

    name: str
    allowed: bool
    status: str | None = None


@dataclass(frozen=True, slots=True)
class PgroupSchedule:
    """A snapshot or replication schedule. Seconds; ``at_s`` is seconds after midnight."""

    enabled: bool
    frequency_s: int | None = None
    at_s: int | None = None
    blackout: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class PgroupRetention:
    """How long snapshots are kept. ``all_for_s`` seconds, then ``per_day`` a day for ``days`` days."""

    all_for_s: int | None = None
    per_day: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class PgroupSnapshot:
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
    def complete(self) -> bool:
        return self.completed is not None and self.progress is not None and self.progress >= 1


@dataclass(frozen=True, slots=True)
class ProtectionGroup:
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


@dataclass(frozen=True, slots=True)
class Volume:
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


@dataclass(frozen=True, slots=True)
class Host:
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


@dataclass(frozen=True, slots=True)
class Pod:
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


@dataclass(frozen=True, slots=True)
class PodReplicaLink:
    """An ActiveDR link. ``lag_s`` seconds; ``recovery_point`` is None while baselining: then there is no bound."""

    direction: str
    remote: str | None
    remote_pod: str | None
    status: str
    paused: bool
    lag_s: float | None = None
    recovery_point: datetime | None = None


# ------------------------------------------------------------------------------------------- HPE 3PAR Remote Copy


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


@dataclass(frozen=True, slots=True)
class StorageSystem:
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


@dataclass(frozen=True, slots=True)
class RcopyTarget:
    """A remote copy target of one array. ``status``: ready, failing, failed, new."""

    name: str
    id: int
    type: str
    status: str
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class RcopyLink:
    """A remote copy link. ``target`` is ``receive`` for the incoming side; ``status``: Up, Down …"""

    target: str
    node: str
    address: str
    status: str


@dataclass(frozen=True, slots=True)
class RemoteCopyVolume:
    """A volume of a group. ``synced_percent`` while Syncing, if the array says. ``last_sync`` None prints as NA.

    ``exported_to`` are the hosts (or host sets) with a VLUN for the local volume on this array, logged in or not: a
    host that is merely off is not fenced.
    """

    local: str
    local_id: int | None
    remote: str
    remote_id: int | None
    sync_status: SyncStatus
    synced_percent: int | None = None
    last_sync: datetime | None = None
    size_mib: int | None = None
    exported_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteCopyGroup:
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


# --------------------------------------------------------------------------------------------------- VMware vSphere


class PowerState(StrEnum):
    """``runtime.powerState`` of a virtual machine."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class VCenter:
    """A vCenter Server or a standalone ESXi host (``api_type`` VirtualCenter or HostAgent)."""

    instance_uuid: str
    name: str
    version: str
    build: str
    api_type: str

    @property
    def key(self) -> str:
        return self.instance_uuid


@dataclass(frozen=True, slots=True)
class EsxiHost:
    """An ESXi host. ``connection_state``: connected, disconnected, notResponding."""

    vcenter: str
    moid: str
    name: str
    connection_state: str
    power_state: str
    in_maintenance: bool = False
    memory_mb: int | None = None
    cpu_cores: int | None = None

    @property
    def key(self) -> str:
        return f"{self.vcenter}:{self.moid}"


@dataclass(frozen=True, slots=True)
class Datastore:
    """A datastore. Bytes."""

    vcenter: str
    moid: str
    name: str
    type: str
    capacity: int
    free: int
    accessible: bool = True

    @property
    def key(self) -> str:
        return f"{self.vcenter}:{self.moid}"


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A virtual machine. ``moid`` is its managed object id; ``vcenter`` the instance UUID of the server that owns it.

    ``replica`` is set when the machine's extra config says that it is a replica (see :class:`VmReplica`).
    """

    vcenter: str
    moid: str
    name: str
    instance_uuid: str
    power_state: PowerState
    connection_state: str
    host: str | None = None
    guest: str | None = None
    tools: str | None = None
    ip_address: str | None = None
    cpus: int | None = None
    memory_mb: int | None = None
    committed_bytes: int | None = None
    consolidation_needed: bool | None = None
    replica: VmReplica | None = None

    @property
    def key(self) -> str:
        return f"{self.vcenter}:{self.moid}"


@dataclass(frozen=True, slots=True)
class VmReplica:
    """What a replica's extra config says of it: whose copy it is, of which moment, and whether the copy is complete.

    ``point_in_time`` is when the source's disk images were frozen, not when the copy ended.
    """

    source_instance_uuid: str
    source_name: str
    generation: int
    point_in_time: datetime
    complete: bool
    interval_s: int | None = None


# ------------------------------------------------------------------------------------------------------------ reading

EstateObject = (
    ManagedSystem
    | Lpar
    | FlashArray
    | ProtectionGroup
    | Volume
    | Host
    | Pod
    | StorageSystem
    | RemoteCopyGroup
    | VCenter
    | EsxiHost
    | Datastore
    | VirtualMachine
)

KINDS: dict[str, type[EstateObject]] = {
    "system": ManagedSystem,
    "lpar": Lpar,
    "flasharray": FlashArray,
    "pgroup": ProtectionGroup,
    "volume": Volume,
    "host": Host,
    "pod": Pod,
    "storage": StorageSystem,
    "rcg": RemoteCopyGroup,
    "vcenter": VCenter,
    "esxi": EsxiHost,
    "datastore": Datastore,
    "vm": VirtualMachine,
}
KIND_OF: dict[type, str] = {cls: kind for kind, cls in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a device's answer that could not be read. ``where`` names command or endpoint and line or field;
    ``line`` is the source text (never a secret); ``expected`` says what would have been right."""

    where: str
    line: str
    expected: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Objects that this reading could not look at: of ``kind``, the one whose key is ``key_prefix``; where that ends in
    ``/`` or ``:``, all whose key starts with it; where it is empty, all.

    They keep their last known state and the time they were last seen; they did not disappear.
    """

    kind: str
    key_prefix: str
    why: str

    def covers(self, kind: str, key: str) -> bool:
        if self.kind != kind:
            return False
        if self.key_prefix.endswith(("/", ":")) or not self.key_prefix:
            return key.startswith(self.key_prefix)
        return key == self.key_prefix


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one device said in one sweep. ``taken_at`` is UTC, when the reading began: ages count from it.

    ``clock_skew_s`` is device clock minus console clock in seconds, where the device tells its time.
    """

    device: str
    taken_at: datetime
    objects: tuple[EstateObject, ...]
    problems: tuple[Problem, ...] = ()
    unread: tuple[Unread, ...] = ()
    clock_skew_s: float | None = None
