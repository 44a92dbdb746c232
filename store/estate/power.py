"""IBM Power: managed systems and LPARs, in the HMC's words."""

from __future__ import annotations

from enum import StrEnum

from store.record import Record


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


class ManagedSystem(Record, frozen=True):
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


class FcAdapter(Record, frozen=True):
    """A virtual Fibre Channel adapter. A client has exactly two ``wwpns`` (16 lower-case hex digits); a server none."""

    slot: int
    adapter_type: AdapterType
    remote_lpar_id: int | None
    remote_lpar_name: str | None
    remote_slot: int | None
    wwpns: tuple[str, ...] = ()
    required: bool = False


class EthAdapter(Record, frozen=True):
    """A virtual Ethernet adapter. ``mac``: 12 upper-case hex digits; ``None`` in a profile that lets the HMC choose.
    ``allowed_macs`` and ``qos`` as a profile writes them; of a running adapter they are not asked."""

    slot: int
    mac: str | None
    port_vlan_id: int
    vswitch: str
    ieee: bool = False
    addl_vlan_ids: tuple[int, ...] = ()
    trunk_priority: int | None = None
    required: bool = False
    allowed_macs: str = "all"
    qos: str = "none"


class PortKind(StrEnum):
    """What carries a MAC beside a virtual Ethernet adapter."""

    VNIC = "vNIC"
    SRIOV = "SR-IOV port"


class NicPort(Record, frozen=True):
    """A vNIC or an SR-IOV Ethernet logical port. ``place`` is the virtual slot of a vNIC (``5``), or adapter and
    logical port (``1/27004001``). ``mac``: 12 upper-case hex digits; ``None`` where it has none, or where a profile
    lets the HMC choose. ``port_vlan_id`` 0: no port VLAN."""

    kind: PortKind
    place: str
    mac: str | None
    port_vlan_id: int = 0

    @property
    def label(self) -> str:
        return f"{self.kind} {self.place}"


class ScsiAdapter(Record, frozen=True):
    """A virtual SCSI adapter."""

    slot: int
    adapter_type: AdapterType
    remote_lpar_id: int | None
    remote_lpar_name: str | None
    remote_slot: int | None
    required: bool = False


class LparProfile(Record, frozen=True):
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
    min_procs: int | None = None
    max_procs: int | None = None
    min_proc_units: float | None = None
    max_proc_units: float | None = None
    sharing_mode: str | None = None
    uncap_weight: int | None = None
    ports: tuple[NicPort, ...] = ()

    @property
    def macs(self) -> tuple[str, ...]:
        """What it gives; those that the HMC chooses are not known."""
        return _macs(self.eth, self.ports)


class NpivMapping(Record, frozen=True):
    """One ``vfchost`` of a VIOS as ``lsmap -all -npiv`` prints it. ``status`` is LOGGED_IN, NOT_LOGGED_IN …; ``slot``
    is that of its server adapter, out of its location code."""

    vfchost: str
    client_lpar_id: int | None
    client_lpar_name: str | None
    status: str
    fc_port: str | None
    client_adapter: str | None = None
    slot: int | None = None


class Lpar(Record, frozen=True):
    """A logical partition. The running adapters come from ``lshwres``; ``profiles`` from ``lssyscfg -r prof``.

    ``refcode`` is the newest reference code with its time as the HMC prints it (local time of the HMC, no zone).
    ``npiv`` is filled for a VIOS only; ``ports`` of one are those by which it serves vNICs. ``unread`` names the parts
    above of which a row could not be read (``fc``, ``eth``, ``scsi``, ``ports``, ``profiles``, ``mem``, ``proc``,
    ``refcode``): what stands in them is not all there is.
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
    ports: tuple[NicPort, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.system_key}/{self.name}"

    @property
    def wwpns(self) -> tuple[str, ...]:
        return tuple(wwpn for adapter in self.fc for wwpn in adapter.wwpns)

    @property
    def macs(self) -> tuple[str, ...]:
        return _macs(self.eth, self.ports)


def _macs(eth: tuple[EthAdapter, ...], ports: tuple[NicPort, ...]) -> tuple[str, ...]:
    macs = (*(adapter.mac for adapter in eth), *(port.mac for port in ports))
    return tuple(mac for mac in macs if mac is not None)
