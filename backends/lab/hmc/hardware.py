"""What ``lshwres`` and ``lsrefcode`` list: running adapters, memory and processors, reference codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from backends.lab.hmc.adapters import VirtualEth, VirtualFc, VirtualScsi
from backends.lab.hmc.columns import hmc_time
from backends.lab.hmc.listing import Columns, Getter, Value
from backends.lab.hmc.model import LabLpar, PowerSystem, Running
from backends.lab.hmc.ports import NO_MAC, Backing, LogicalPort, Vnic


class Owned(Struct, frozen=True):
    """A running adapter with its LPAR."""

    lpar: LabLpar
    adapter: VirtualFc | VirtualScsi | VirtualEth | Vnic

    @property
    def slot(self) -> int:
        return self.adapter.slot


_LPAR: dict[str, Getter] = {"lpar_name": lambda o: o.lpar.name, "lpar_id": lambda o: o.lpar.lpar_id}
_PEER: dict[str, Getter] = {
    "remote_lpar_id": lambda o: "any" if o.adapter.peer.lpar_id is None else o.adapter.peer.lpar_id,
    "remote_lpar_name": lambda o: o.adapter.peer.name,
    "remote_slot_num": lambda o: "any" if o.adapter.peer.slot is None else o.adapter.peer.slot,
}


def _kind(o: Owned) -> Value:
    return "server" if isinstance(o.adapter, VirtualFc | VirtualScsi) and o.adapter.server else "client"


FC = Columns(
    {
        **_LPAR,
        "slot_num": lambda o: o.adapter.slot,
        "adapter_type": _kind,
        "state": lambda o: int(o.lpar.on),
        "is_required": lambda o: int(o.adapter.required),
        **_PEER,
        "wwpns": lambda o: o.adapter.wwpns or None,
    },
    {"topology": lambda _o: None},
)

SCSI = Columns(
    {
        **_LPAR,
        "slot_num": lambda o: o.adapter.slot,
        "state": lambda o: int(o.lpar.on),
        "is_required": lambda o: int(o.adapter.required),
        "adapter_type": _kind,
        **_PEER,
    }
)

ETH = Columns(
    {
        **_LPAR,
        "slot_num": lambda o: o.adapter.slot,
        "state": lambda o: int(o.lpar.on),
        "is_required": lambda o: int(o.adapter.required),
        "is_trunk": lambda o: int(bool(o.adapter.trunk)),
        "trunk_priority": lambda o: o.adapter.trunk or None,
        "ieee_virtual_eth": lambda o: int(o.adapter.ieee),
        "port_vlan_id": lambda o: o.adapter.vlan,
        "vswitch": lambda o: o.adapter.vswitch,
        "addl_vlan_ids": lambda o: tuple(str(v) for v in o.adapter.vlans) or "none",
        "mac_addr": lambda o: o.adapter.mac,
        "allowed_os_mac_addrs": lambda o: o.adapter.allowed,
        "qos_priority": lambda o: o.adapter.qos,
    }
)


def _kept(name: str) -> Getter:
    return lambda o: o.adapter.values[name]


VNICS = Columns(
    {
        **_LPAR,
        "slot_num": lambda o: o.adapter.slot,
        "desired_mode": _kept("mode"),
        "curr_mode": _kept("mode"),
        "auto_priority_failover": _kept("auto_priority_failover"),
        "port_vlan_id": lambda o: o.adapter.vlan,
        "pvid_priority": _kept("pvid_priority"),
        "allowed_vlan_ids": _kept("allowed_vlan_ids"),
        "mac_addr": lambda o: o.adapter.mac,
        "allowed_os_mac_addrs": _kept("allowed_os_mac_addrs"),
        "backing_devices": lambda o: tuple(b.running(_behind(o.adapter, n)) for n, b in enumerate(o.adapter.backing)),
        "backing_device_states": lambda o: tuple(
            f"sriov/{_behind(o.adapter, n)}/{int(n == 0)}/Operational" for n in range(len(o.adapter.backing))
        ),
    },
    {"is_required": _kept("is_required")},
)


def _behind(vnic: Vnic, number: int) -> str:
    """The id of the logical port that a VIOS holds for a backing device of a vNIC."""
    return f"{0x27000000 + vnic.backing[number].adapter * 0x4000 + 0x1000 + vnic.slot * 8 + number:x}"


class Port(Struct, frozen=True):
    """A configured SR-IOV Ethernet logical port with the LPAR that has it. ``config_id`` counts from 0 in an LPAR's own
    configuration, and from 16384 where a VIOS holds it for a vNIC."""

    lpar: LabLpar
    config_id: int
    adapter_id: int
    logical_port_id: str
    phys_port_id: int
    vlan: int
    mac: str


LOGICAL_PORTS = Columns(
    {
        "config_id": lambda p: p.config_id,
        "lpar_name": lambda p: p.lpar.name,
        "lpar_id": lambda p: p.lpar.lpar_id,
        "lpar_state": lambda p: p.lpar.state.value,
        "is_required": lambda _p: 0,
        "adapter_id": lambda p: p.adapter_id,
        "logical_port_id": lambda p: p.logical_port_id,
        "logical_port_type": lambda _p: "eth",
        "drc_name": lambda p: f"PHB {int(p.logical_port_id, 16) & 0xFFFF}",
        "location_code": lambda p: f"U78D4.001.{p.lpar.system.serial}-P1-C2-T{p.phys_port_id + 1}",
        "functional_state": lambda _p: 1,
        "phys_port_id": lambda p: p.phys_port_id,
        "debug_mode": lambda _p: 0,
        "diag_mode": lambda _p: 0,
        "huge_dma_window_mode": lambda _p: 0,
        "capacity": lambda _p: "2.0",
        "max_capacity": lambda _p: "100.0",
        "promisc_mode": lambda _p: 0,
        "mac_addr": lambda p: p.mac,
        "curr_mac_addr": lambda p: p.mac,
        "allowed_os_mac_addrs": lambda _p: "all",
        "allowed_vlan_ids": lambda _p: "all",
        "port_vlan_id": lambda p: p.vlan,
        "pvid_priority": lambda _p: 0,
    }
)


def logical_ports(system: PowerSystem, lpars: list[LabLpar]) -> Iterator[Port]:
    """Those of ``lpars``: their own, and those that VIOSes among them hold for vNICs."""
    for lpar in lpars:
        for number, port in enumerate(lpar.running.ports.values()):
            yield _own(lpar, number, port)
        if lpar.is_vios:
            for number, (vnic, place, backing) in enumerate(_backed_by(system, lpar)):
                where = (16384 + number, backing.adapter, _behind(vnic, place), backing.port)
                yield Port(lpar, *where, vnic.vlan, NO_MAC)


def _own(lpar: LabLpar, number: int, port: LogicalPort) -> Port:
    return Port(lpar, number, port.adapter, port.logical_port_id, port.port, port.vlan, port.mac)


def _backed_by(system: PowerSystem, vios: LabLpar) -> Iterator[tuple[Vnic, int, Backing]]:
    for lpar in system.lpars:
        for vnic in lpar.running.vnics.values():
            for place, backing in enumerate(vnic.backing):
                if vios.name == backing.vios or str(vios.lpar_id) == backing.vios_id:
                    yield vnic, place, backing


VSWITCHES = Columns(
    {
        "vswitch": lambda s: s[0],
        "switch_mode": lambda _s: "VEB",
        "allowed_lpar_ids": lambda _s: "all",
        "vlan_ids": lambda s: s[1] or "none",
    }
)


def adapters(lpars: list[LabLpar], kind: str) -> Iterator[Owned]:
    """The running adapters of ``lpars``: ``fc``, ``scsi``, ``eth`` or ``vnic``."""
    for lpar in lpars:
        running = lpar.running
        held: dict[str, Iterable[VirtualFc | VirtualScsi | VirtualEth | Vnic]] = {
            "fc": running.fc.values(),
            "scsi": running.scsi.values(),
            "eth": running.eth.values(),
            "vnic": running.vnics.values(),
        }
        for adapter in held[kind]:
            yield Owned(lpar, adapter)


def vswitches(system: PowerSystem) -> list[tuple[str, tuple[str, ...]]]:
    """The virtual switches of a system with the VLANs on them."""
    vlans: dict[str, set[int]] = {"ETHERNET0": set()}
    for lpar in system.lpars:
        for adapter in lpar.running.eth.values():
            vlans.setdefault(adapter.vswitch, set()).update((adapter.vlan, *adapter.vlans))
    return [(name, tuple(str(v) for v in sorted(ids))) for name, ids in sorted(vlans.items())]


# ------------------------------------------------------------------------------------------------ memory and processors

MEM_SYSTEM = Columns(
    {
        "configurable_sys_mem": lambda s: s.mem,
        "curr_avail_sys_mem": lambda s: max(0, s.mem - s.mem_used()),
        "pend_avail_sys_mem": lambda s: max(0, s.mem - s.mem_used()),
        "installed_sys_mem": lambda s: s.mem,
        "max_capacity_sys_mem": lambda _s: "deprecated",
        "deconfig_sys_mem": lambda _s: 0,
        "sys_firmware_mem": lambda s: s.firmware_mem,
        "mem_region_size": lambda _s: 256,
        "configurable_num_sys_huge_pages": lambda _s: 0,
        "huge_page_size": lambda _s: 16384,
        "max_mem_pools": lambda _s: 1,
        "default_hpt_ratios": lambda _s: "1:128",
        "possible_hpt_ratios": lambda _s: ("1:32", "1:64", "1:128", "1:256", "1:512"),
    }
)

PROC_SYSTEM = Columns(
    {
        "configurable_sys_proc_units": lambda s: _units(s.procs),
        "curr_avail_sys_proc_units": lambda s: _units(max(0.0, s.procs - s.procs_used())),
        "pend_avail_sys_proc_units": lambda s: _units(max(0.0, s.procs - s.procs_used())),
        "installed_sys_proc_units": lambda s: _units(s.procs),
        "max_capacity_sys_proc_units": lambda _s: "deprecated",
        "deconfig_sys_proc_units": lambda _s: 0,
        "min_proc_units_per_virtual_proc": lambda _s: "0.05",
        "max_virtual_procs_per_lpar": lambda _s: 240,
        "max_procs_per_lpar": lambda _s: 240,
        "max_shared_proc_pools": lambda _s: 64,
    }
)


def _units(value: float) -> str:
    return str(round(value, 2))


def _profile(get: Callable[[Running], Value]) -> Getter:
    """What the current configuration says; 0 for an LPAR that never had one."""
    return lambda p: get(p.running) if p.running.profile is not None else 0


def _shared(get: Callable[[Running], Value]) -> Getter:
    return lambda p: get(p.running) if p.running.proc_units is not None else None


def _mem(level: str) -> dict[str, Getter]:
    return {
        f"{level}_min_mem": _profile(lambda r: r.profile.min_mem if r.profile else 0),
        f"{level}_mem": lambda p: p.running.mem,
        f"{level}_max_mem": _profile(lambda r: r.profile.max_mem if r.profile else 0),
    }


def _proc(level: str) -> dict[str, Getter]:
    return {
        f"{level}_proc_mode": lambda p: "shared" if p.running.proc_units is not None else "ded",
        f"{level}_min_proc_units": _shared(lambda r: str(r.profile.min_proc_units) if r.profile else None),
        f"{level}_proc_units": _shared(lambda r: str(r.proc_units)),
        f"{level}_max_proc_units": _shared(lambda r: str(r.profile.max_proc_units) if r.profile else None),
        f"{level}_min_procs": _profile(lambda r: r.profile.min_procs if r.profile else 0),
        f"{level}_procs": lambda p: p.running.procs,
        f"{level}_max_procs": _profile(lambda r: r.profile.max_procs if r.profile else 0),
        f"{level}_sharing_mode": lambda p: p.running.profile.sharing_mode if p.running.profile else None,
        f"{level}_uncap_weight": _shared(lambda r: r.profile.uncap_weight if r.profile else None),
    }


_NAME: dict[str, Getter] = {"lpar_name": lambda p: p.name, "lpar_id": lambda p: p.lpar_id}

MEM_LPAR = Columns(
    {
        **_NAME,
        **_mem("curr"),
        **_mem("pend"),
        "run_min_mem": lambda _p: 0,
        "run_mem": lambda p: p.running.mem if p.on else 0,
        "mem_mode": lambda _p: "ded",
        "desired_hpt_ratio": lambda _p: "1:128",
        "curr_hpt_ratio": lambda _p: "1:128",
    }
)

PROC_LPAR = Columns(
    {
        **_NAME,
        "curr_shared_proc_pool_id": _shared(lambda _r: 0),
        "curr_shared_proc_pool_name": _shared(lambda _r: "DefaultPool"),
        **_proc("curr"),
        **_proc("pend"),
        "run_proc_units": lambda p: (
            None if p.running.proc_units is None else str(p.running.proc_units) if p.on else "0.0"
        ),
        "run_procs": lambda p: p.running.procs if p.on else 0,
    }
)

# ------------------------------------------------------------------------------------------------------ reference codes


class Refcode(Struct, frozen=True):
    """A reference code of an LPAR or, without one, of the system."""

    lpar: LabLpar | None
    number: int
    at: float
    code: str


def refcodes(owner: LabLpar | PowerSystem, count: int) -> Iterator[Refcode]:
    """The newest ``count`` codes, newest first; one empty line for an owner that never had any."""
    lpar = owner if isinstance(owner, LabLpar) else None
    newest = list(reversed(owner.refcodes))[: max(count, 1)]
    if not newest:
        newest = [(owner.system.world.now if isinstance(owner, LabLpar) else owner.world.now, "")]
    for number, (at, code) in enumerate(newest):
        yield Refcode(lpar, number, at, code)


def refcode_columns(skew: float, *, of_lpars: bool) -> Columns:
    """``lsrefcode -r lpar`` or ``-r sys``."""
    name: dict[str, Getter] = {
        "lpar_name": lambda r: r.lpar.name if r.lpar else None,
        "lpar_id": lambda r: r.lpar.lpar_id if r.lpar else None,
    }
    words: dict[str, Getter] = {f"word{n}": lambda _r: "00000000" for n in range(2, 10)}
    number: dict[str, Getter] = {"refcode_num": lambda r: r.number}
    shared: dict[str, Getter] = {"time_stamp": lambda r: hmc_time(r.at + skew), "refcode": lambda r: r.code}
    start = name if of_lpars else number
    return Columns({**start, **shared, **words, "fru_call_out_loc_codes": lambda _r: ""}, number if of_lpars else {})
