"""Build the Power side of an estate: managed systems, VIOSes, LPARs.

:class:`Hmc` is the ``state`` of an HMC device. Inside a turn of the world: :func:`add_managed_system`, :func:`bridge`
for its VLANs, then :func:`add_vios` and :func:`add_lpar`. One managed system may be given to two HMCs.
"""

from __future__ import annotations

import zlib

from backends.lab.hmc import power
from backends.lab.hmc.adapters import Peer, VirtualEth, VirtualFc, VirtualScsi
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.model import Hmc, LabLpar, NpivMap, PowerSystem, Profile, rename_lpar
from backends.lab.volumes import L2Segment, Volume, Writer, WriterKind
from backends.lab.world import World

__all__ = [
    "Hmc",
    "LabLpar",
    "PowerSystem",
    "Profile",
    "add_fc_path",
    "add_lpar",
    "add_managed_system",
    "add_vios",
    "bridge",
    "new_lpar",
    "rename_lpar",
    "switch_on",
]


def add_managed_system(
    world: World,
    site: str,
    name: str,
    type_model: str,
    serial: str,
    *,
    mem_mb: int,
    procs: float,
    wwpn_prefix: str = "",
    hmcs: tuple[Hmc, ...] = (),
    max_lpars: int = 1000,
    virtual_fc: bool = True,
    old_firmware: bool = False,
) -> PowerSystem:
    """A managed system in the Operating state at ``site``, known to ``hmcs``.

    ``wwpn_prefix``: 12 lower-case hex digits of its own, made of the serial number if not given.
    """
    prefix = wwpn_prefix or f"c05076{zlib.crc32(serial.encode()) & 0xFFFFFF:06x}"
    system = PowerSystem(
        name, type_model, serial, site, world, mem_mb, procs, prefix, max_lpars, virtual_fc, old_firmware
    )
    for hmc in hmcs:
        hmc.systems.append(system)
    world.watch_sites(lambda changed, _now: power.site_changed(system, changed))
    return system


def bridge(system: PowerSystem, vlan: int, segment: L2Segment, vswitch: str = "ETHERNET0") -> None:
    """Say which network a VLAN of the system reaches. Without it the VLAN ends inside the system."""
    system.segments[vswitch, vlan] = segment


def add_vios(
    system: PowerSystem,
    name: str,
    *,
    lpar_id: int | None = None,
    ports: tuple[str, ...] = ("fcs0", "fcs1"),
    trunk_vlan: int = 1,
    trunk_vlans: tuple[int, ...] = (),
    trunk_priority: int = 1,
    mem_mb: int = 8192,
    on: bool = True,
) -> LabLpar:
    """A Virtual I/O Server with a trunk adapter and physical FC ports; it starts with its system (auto_start)."""
    eth = VirtualEth(2, trunk_vlan, ieee=bool(trunk_vlans), vlans=trunk_vlans, trunk=trunk_priority, required=True)
    profile = Profile(
        "default_profile", mem_mb // 2, mem_mb, mem_mb * 2, desired_procs=2, max_virtual_slots=4000, auto_start=True
    )
    profile.desired_proc_units = 1.0
    profile.eth = [eth]
    vios = new_lpar(system, name, "vioserver", profile, lpar_id=lpar_id)
    vios.ports = ports
    vios.os_version = "VIOS 4.1.0.10"
    if on:
        switch_on(vios)
    return vios


def add_lpar(
    system: PowerSystem,
    name: str,
    *,
    lpar_id: int | None = None,
    env: str = "aixlinux",
    os_version: str = "AIX 7.3 7300-02-01-2346",
    mem_mb: int = 4096,
    procs: int = 2,
    proc_units: float | None = 0.5,
    vlans: tuple[int, ...] = (1,),
    macs: tuple[str, ...] = (),
    vios: tuple[LabLpar, ...] = (),
    wwpns: tuple[tuple[str, str], ...] = (),
    scsi_vios: tuple[LabLpar, ...] = (),
    disks: tuple[Volume, ...] = (),
    auto_start: bool = False,
    period_s: float = 1.0,
    cluster: str | None = None,
    profile_name: str = "default_profile",
    on: bool = True,
) -> LabLpar:
    """A client LPAR, with the server adapters and NPIV maps on its VIOSes.

    ``vios``: one virtual FC adapter to each, in turn (``wwpns``: the pairs to use; else issued by the system).
    ``vlans``: one virtual Ethernet adapter on each (``macs``: the addresses to keep). ``proc_units`` None is dedicated
    processors. ``disks``: volumes besides those of the fabric. ``period_s``: how often it writes a generation.

    Add it after the array has connected its volumes: with ``on`` it runs at once, without a boot. Activated later, it
    boots only if the first volume it sees holds data; else it stays in Open Firmware and looks again and again.
    """
    profile = _sized(Profile(profile_name, max(256, mem_mb // 2), mem_mb, mem_mb * 2), procs, proc_units)
    profile.auto_start = auto_start
    lpar = new_lpar(system, name, env, profile, lpar_id=lpar_id)
    lpar.os_version = os_version
    lpar.disks = list(disks)
    lpar.writer.period_s = period_s
    lpar.writer.cluster = cluster
    for number, vlan in enumerate(vlans):
        mac = macs[number] if number < len(macs) else ""
        profile.eth.append(VirtualEth(2 + number, vlan, mac or lpar.macs.setdefault(2 + number, system.new_mac())))
    for number, server in enumerate(vios):
        pair = wwpns[number] if number < len(wwpns) else system.new_pair()
        add_fc_path(lpar, server, pair)
    for server in scsi_vios:
        _add_scsi_path(lpar, server)
    if on:
        switch_on(lpar)
    return lpar


def _sized(profile: Profile, procs: int, proc_units: float | None) -> Profile:
    """``profile`` with shared processors, or dedicated ones where ``proc_units`` is None."""
    profile.desired_procs, profile.max_procs = procs, procs * 2
    if proc_units is None:
        profile.proc_mode, profile.sharing_mode = "ded", "keep_idle_procs"
    else:
        profile.desired_proc_units, profile.max_proc_units = proc_units, max(proc_units * 2, float(procs))
        profile.min_proc_units = min(profile.min_proc_units, proc_units)
    return profile


def add_fc_path(lpar: LabLpar, vios: LabLpar, pair: tuple[str, str]) -> None:
    """A virtual FC adapter in every profile of ``lpar``, its server adapter on ``vios``, and a map to a port."""
    slot = _free_slot(lpar, 31)
    server_slot = _next_server_slot(vios)
    for profile in lpar.profiles:
        profile.fc.append(VirtualFc(slot, False, Peer(vios.lpar_id, vios.name, server_slot), pair))
    server = VirtualFc(server_slot, True, Peer(lpar.lpar_id, lpar.name, slot))
    for profile in vios.profiles:
        profile.fc.append(server)
    vios.running.fc[server_slot] = server
    port = vios.ports[len(vios.maps) % len(vios.ports)] if vios.ports else None
    vios.maps[server_slot] = NpivMap(f"vfchost{len(vios.maps)}", server_slot, port)


def _add_scsi_path(lpar: LabLpar, vios: LabLpar) -> None:
    slot = _free_slot(lpar, 10)
    server_slot = _next_server_slot(vios)
    lpar.profiles[0].scsi.append(VirtualScsi(slot, False, Peer(vios.lpar_id, vios.name, server_slot)))
    server = VirtualScsi(server_slot, True, Peer(lpar.lpar_id, lpar.name, slot))
    vios.profiles[0].scsi.append(server)
    vios.running.scsi[server_slot] = server


def new_lpar(system: PowerSystem, name: str, env: str, profile: Profile, *, lpar_id: int | None = None) -> LabLpar:
    """An LPAR with one profile, never activated. The lowest free id if none is given."""
    if any(lpar.name == name for lpar in system.lpars):
        raise RefusedError("lpar-exists", name)
    used = {lpar.lpar_id for lpar in system.lpars}
    if lpar_id in used:
        raise RefusedError("id-exists", lpar_id)
    if len(used) >= system.max_lpars:
        raise RefusedError("too-many")
    number = lpar_id or next(n for n in range(1, system.max_lpars + 2) if n not in used)
    rng = system.world.rng
    uuid = f"{rng.getrandbits(32):08X}-{rng.getrandbits(16):04X}-4{rng.getrandbits(12):03X}"
    uuid += f"-{0x8000 | rng.getrandbits(14):04X}-{rng.getrandbits(48):012X}"
    writer = system.world.add_writer(Writer(f"{system.name}/{name}", WriterKind.LPAR, system.site))
    lpar = LabLpar(system, name, number, uuid, env, "Unknown", [profile], profile.name, writer)
    lpar.rmc_ipaddr = f"192.0.2.{number % 254 + 1}"
    system.lpars.append(lpar)
    return lpar


def switch_on(lpar: LabLpar) -> None:
    """Have ``lpar`` run its default profile already, as if it had been started long ago."""
    power.configure(lpar, lpar.profile(lpar.default_profile))
    power.run(lpar, rmc=True)


def _free_slot(lpar: LabLpar, start: int) -> int:
    used = {a.slot for p in lpar.profiles for a in p.adapters}
    return next(n for n in range(start, 65536) if n not in used)


def _next_server_slot(vios: LabLpar) -> int:
    slot = vios.next_server_slot
    vios.next_server_slot += 1
    return slot
