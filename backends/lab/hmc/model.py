"""The records of the Power side of the world: HMCs, managed systems, LPARs with their profiles, NPIV maps."""

from __future__ import annotations

import zlib
from collections import deque
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from backends.lab.hmc.adapters import Adapter, VirtualEth, VirtualFc, VirtualScsi
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.ports import LogicalPort, Vnic
from backends.lab.volumes import L2Segment, Volume, Writer
from backends.lab.world import Timer, World
from store.estate import LparState, SystemState

WWPN_PAIRS = 32_000  # what one prefix yields for the life of a managed system
_REFCODES_KEPT = 200
_Pair = TypeVar("_Pair", VirtualFc, VirtualScsi)


class Profile(Struct):
    """A partition profile. Memory in MB. ``extra`` holds the attributes that the lab keeps and gives no meaning."""

    name: str
    min_mem: int
    desired_mem: int
    max_mem: int
    proc_mode: str = "shared"
    min_procs: int = 1
    desired_procs: int = 1
    max_procs: int = 4
    min_proc_units: float = 0.1
    desired_proc_units: float = 0.5
    max_proc_units: float = 4.0
    sharing_mode: str = "uncap"
    uncap_weight: int = 128
    max_virtual_slots: int = 200
    boot_mode: str = "norm"
    auto_start: bool = False
    fc: list[VirtualFc] = field(default_factory=list)
    scsi: list[VirtualScsi] = field(default_factory=list)
    eth: list[VirtualEth] = field(default_factory=list)
    vnics: list[Vnic] = field(default_factory=list)
    ports: list[LogicalPort] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def adapters(self) -> list[Adapter]:
        return [*self.fc, *self.scsi, *self.eth]


class Running(Struct):
    """What an LPAR was last activated with: the resources that ``lshwres`` lists."""

    mem: int = 0
    procs: int = 0
    proc_units: float | None = None
    profile: Profile | None = None
    fc: dict[int, VirtualFc] = field(default_factory=dict)  # by slot, as the others
    scsi: dict[int, VirtualScsi] = field(default_factory=dict)
    eth: dict[int, VirtualEth] = field(default_factory=dict)
    vnics: dict[int, Vnic] = field(default_factory=dict)
    ports: dict[int, LogicalPort] = field(default_factory=dict)  # by logical port id


class NpivMap(Struct):
    """A ``vfchost`` of a VIOS: its server adapter's slot and the physical port it is mapped to, if any."""

    vfchost: str
    slot: int
    port: str | None


class LabLpar(Struct, eq=False):
    """An LPAR. ``disks`` are volumes it has besides those of the fabric (virtual SCSI)."""

    system: PowerSystem
    name: str
    lpar_id: int
    uuid: str
    env: str
    os_version: str
    profiles: list[Profile]
    default_profile: str
    writer: Writer
    state: LparState = LparState.NOT_ACTIVATED
    curr_profile: str = ""
    rmc: str = "inactive"
    rmc_ipaddr: str = ""
    description: str = ""
    running: Running = field(default_factory=Running)
    disks: list[Volume] = field(default_factory=list)
    maps: dict[int, NpivMap] = field(default_factory=dict)  # by the server adapter's slot
    next_server_slot: int = 100
    ports: tuple[str, ...] = ()
    refcodes: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_REFCODES_KEPT))
    timer: Timer | None = None
    macs: dict[int, str] = field(default_factory=dict)  # slot or logical port id -> the MAC that the HMC chose for it
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def is_vios(self) -> bool:
        return self.env == "vioserver"

    @property
    def on(self) -> bool:
        return self.state is not LparState.NOT_ACTIVATED

    def profile(self, name: str) -> Profile:
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise RefusedError("no-profile", name, self.name)


class PowerSystem(Struct, eq=False):
    """A managed system. Memory in MB, processors in units. ``next_pair`` only grows: a WWPN pair is issued once.
    ``other_procs`` are processing units that are taken by something else than the LPARs that are on."""

    name: str
    type_model: str
    serial: str
    site: str
    world: World
    mem: int
    procs: float
    wwpn_prefix: str
    max_lpars: int = 1000
    virtual_fc: bool = True
    old_firmware: bool = False
    firmware_mem: int = 8192
    other_procs: float = 0.0
    state: SystemState = SystemState.OPERATING
    lpars: list[LabLpar] = field(default_factory=list)
    segments: dict[tuple[str, int], L2Segment] = field(default_factory=dict)
    next_pair: int = 0
    next_mac: int = 0
    refcodes: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_REFCODES_KEPT))

    @property
    def key(self) -> str:
        return f"{self.type_model}*{self.serial}"

    def lpar(self, name: str) -> LabLpar:
        for lpar in self.lpars:
            if lpar.name == name:
                return lpar
        raise RefusedError("no-lpar", name)

    def lpar_by_id(self, lpar_id: int) -> LabLpar:
        for lpar in self.lpars:
            if lpar.lpar_id == lpar_id:
                return lpar
        raise RefusedError("no-lpar-id", lpar_id)

    def mem_used(self) -> int:
        return self.firmware_mem + sum(lpar.running.mem for lpar in self.lpars if lpar.on)

    def procs_used(self) -> float:
        return self.other_procs + sum(units(lpar.running) for lpar in self.lpars if lpar.on)

    def new_pair(self) -> tuple[str, str]:
        """The next WWPN pair of this system's prefix; never one that was issued before."""
        if self.next_pair >= WWPN_PAIRS:
            raise RefusedError("no-wwpns")
        base = self.next_pair * 2
        self.next_pair += 1
        return f"{self.wwpn_prefix}{base:04x}", f"{self.wwpn_prefix}{base + 1:04x}"

    def ports_taken(self) -> set[int]:
        """The ids of the SR-IOV logical ports that a profile or an LPAR has."""
        written = [port for lpar in self.lpars for profile in lpar.profiles for port in profile.ports]
        return {port.number for port in (*written, *(p for lpar in self.lpars for p in lpar.running.ports.values()))}

    @property
    def mac_prefix(self) -> str:
        """What the MACs begin with that this system gives."""
        return f"FA{zlib.crc32(self.key.encode()) & 0xFFFFFF:06X}"

    def new_mac(self) -> str:
        """A locally administered MAC, unique on this system only."""
        self.next_mac += 1
        return f"{self.mac_prefix}{self.next_mac:04X}"

    def segment(self, vswitch: str, vlan: int) -> L2Segment:
        """The network behind a VLAN: the one it is bridged to, else one that ends inside this system."""
        known = self.segments.get((vswitch, vlan))
        if known is None:
            known = self.world.add_segment(f"{self.key}/{vswitch}/{vlan}", isolated=True)
            self.segments[vswitch, vlan] = known
        return known


class Hmc:
    """An HMC: the managed systems it knows, and how it writes. ``version`` and ``release`` are those of ``lshmc -V``;
    before version 9 it knows no ``uuid`` of an LPAR, before version 8 neither vNICs nor SR-IOV.

    ``quotes_single_lists``: a list with one member is quoted like a longer one; real HMCs are seen to do both.
    ``quotes_lists_always``: a list of several members stays quoted where the separator is not a comma.
    """

    def __init__(
        self,
        world: World,
        name: str,
        systems: list[PowerSystem] | None = None,
        *,
        version: int = 10,
        release: int = 3,
        quotes_single_lists: bool = False,
        quotes_lists_always: bool = True,
    ) -> None:
        self.world = world
        self.name = name
        self.systems = systems if systems is not None else []
        self.version = version
        self.release = release
        self.quotes_single_lists = quotes_single_lists
        self.quotes_lists_always = quotes_lists_always

    def system(self, name: str) -> PowerSystem:
        """The managed system of this name or ``type-model*serial``."""
        found = [s for s in self.systems if name in (s.name, s.key)]
        if len(found) != 1:
            raise RefusedError("no-system", name)
        return found[0]

    def rename(self, old: str, new: str) -> None:
        """Give every LPAR called ``old`` the name ``new``, as somebody at the HMC would."""
        for system in self.systems:
            for lpar in system.lpars:
                if lpar.name == old:
                    rename_lpar(lpar, new)


def rename_lpar(lpar: LabLpar, new: str) -> None:
    """Another name for an LPAR; adapters that name it as their other end follow."""
    old, lpar.name = lpar.name, new
    for other in lpar.system.lpars:
        for profile in other.profiles:
            profile.fc = [_renamed(a, old, new, lpar.lpar_id) for a in profile.fc]
            profile.scsi = [_renamed(a, old, new, lpar.lpar_id) for a in profile.scsi]
        running = other.running
        running.fc = {slot: _renamed(a, old, new, lpar.lpar_id) for slot, a in running.fc.items()}
        running.scsi = {slot: _renamed(a, old, new, lpar.lpar_id) for slot, a in running.scsi.items()}


def _renamed(adapter: _Pair, old: str, new: str, lpar_id: int) -> _Pair:
    peer = adapter.peer
    if peer.name == old and peer.lpar_id in (None, lpar_id):
        return replace(adapter, peer=replace(peer, name=new))
    return adapter


def units(running: Running) -> float:
    """The processing units that a running LPAR holds; a dedicated processor is one."""
    return running.proc_units if running.proc_units is not None else float(running.procs)
