"""What happens to an LPAR over time: activation, boot with its reference codes, shutdown, loss of power.

Not Activated → Starting → Open Firmware → Running → (RMC active) → Shutting Down → Not Activated. An LPAR whose
firmware sees no disk with data in it stays in Open Firmware and looks again and again.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from backends.lab.hmc.adapters import VirtualEth
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.model import LabLpar, NpivMap, PowerSystem, Profile, Running
from backends.lab.hmc.ports import NO_MAC, LogicalPort, Vnic
from backends.lab.volumes import Nic, Volume
from backends.lab.world import LabSite
from store.estate import LparState, SystemState

_STARTING = ("C2001010", "C2001100", "C20011FF", "C20021FF")
_FIRMWARE = ("CA000000", "CA00E101", "CA00E139", "CA00E105")
_NO_DISK = "AA060011"
_BOOT_MENU = "CA00E1A9"
_BOOTING = ("0517", "0553", "0811")
_STOPPING = ("D200A100", "D200B1FF", "D20011F0")
_OFF = "00000000"
_MENU_MODES = ("sms", "of", "dd", "ds")


def activate(lpar: LabLpar, profile_name: str | None, boot_mode: str | None) -> None:
    """Start an LPAR with a profile, or with its current configuration. Raises :class:`RefusedError`."""
    system = lpar.system
    if system.state is not SystemState.OPERATING:
        raise RefusedError("not-operating")
    profile = lpar.profile(profile_name) if profile_name else lpar.running.profile
    if profile is None:
        raise RefusedError("parameter", "-f")
    if lpar.state is not LparState.NOT_ACTIVATED:
        raise RefusedError("already-on", lpar.name)
    _check_capacity(system, profile)
    if profile_name or lpar.running.profile is None:
        configure(lpar, profile)
    _start(lpar, boot_mode or profile.boot_mode)


def shut_down(lpar: LabLpar, how: str, *, immediately: bool, restart: bool) -> None:
    """``osshutdown`` or ``shutdown``. Raises :class:`RefusedError`."""
    timing = lpar.system.world.timing
    if lpar.state is LparState.NOT_ACTIVATED or (how == "osshutdown" and lpar.state is not LparState.RUNNING):
        raise RefusedError("not-on", lpar.name)
    if how == "osshutdown" and lpar.rmc != "active":
        raise RefusedError("no-rmc", lpar.name)
    if how == "shutdown" and immediately:
        cut(lpar)  # the hypervisor stops the processors at once; taking the resources back is what needs time
        seconds = timing.lpar_shutdown_s
    else:
        seconds = timing.lpar_osshutdown_s
    lpar.state = LparState.SHUTTING_DOWN
    lpar.rmc = "inactive"
    _stage(lpar, _STOPPING, seconds, lambda: _stopped(lpar, restart))


def cut(lpar: LabLpar) -> None:
    """It no longer runs anything: writes and addresses are gone."""
    _cancel(lpar)
    lpar.rmc = "inactive"
    lpar.system.world.power_off(lpar.writer)


def configure(lpar: LabLpar, profile: Profile) -> None:
    """Give ``lpar`` the resources of ``profile``: memory and processors, and its adapters with their MACs."""
    system = lpar.system
    mem, procs, proc_units = _resources(system, profile)
    networks: list[VirtualEth | Vnic | LogicalPort] = [*profile.eth, *profile.vnics, *profile.ports]
    for adapter in networks:
        if adapter.mac in ("", NO_MAC) and adapter.slot not in lpar.macs:
            lpar.macs[adapter.slot] = system.new_mac()
    lpar.running = Running(
        mem=mem,
        procs=procs,
        proc_units=proc_units,
        profile=profile,
        fc={a.slot: a for a in profile.fc},
        scsi={a.slot: a for a in profile.scsi},
        eth={a.slot: a if a.mac else replace(a, mac=lpar.macs[a.slot]) for a in profile.eth},
        vnics={v.slot: v if v.mac else replace(v, mac=lpar.macs[v.slot]) for v in profile.vnics},
        ports={p.slot: replace(p, mac=lpar.macs[p.slot]) if p.mac == NO_MAC else p for p in profile.ports},
    )
    lpar.curr_profile = profile.name
    for slot, server in lpar.running.fc.items():
        if server.server and slot not in lpar.maps:
            lpar.maps[slot] = NpivMap(f"vfchost{len(lpar.maps)}", slot, None)


def run(lpar: LabLpar, *, rmc: bool) -> None:
    """It runs from now on: its addresses are live, and it writes to what it sees."""
    world = lpar.system.world
    lpar.state = LparState.RUNNING
    lpar.writer.nics = nics(lpar)
    lpar.writer.wwpns = logged_in_wwpns(lpar)
    world.power_on(lpar.writer, boot_disks(lpar))
    if rmc:
        _up(lpar)


def nics(lpar: LabLpar) -> tuple[Nic, ...]:
    """The network adapters of a client on every network that their VLANs reach. A trunk only bridges. The physical
    ports of the SR-IOV adapters are on the networks that the VIOSes bridge ETHERNET0 to."""
    running = lpar.running
    virtual = (
        Nic(a.mac, lpar.system.segment(a.vswitch, vlan))
        for a in running.eth.values()
        if not a.trunk
        for vlan in (a.vlan, *a.vlans)
    )
    others: list[Vnic | LogicalPort] = [*running.vnics.values(), *running.ports.values()]
    return (*virtual, *(Nic(each.mac, lpar.system.segment("ETHERNET0", each.vlan)) for each in others))


def logged_in_wwpns(lpar: LabLpar) -> tuple[str, ...]:
    """The WWPNs whose VIOS runs, has the server adapter for it, and maps it to a port."""
    found: list[str] = []
    for adapter in lpar.running.fc.values():
        if not adapter.server and _mapped(lpar, adapter.slot, adapter.peer.lpar_id, adapter.peer.slot):
            found.extend(adapter.wwpns)
    return tuple(found)


def boot_disks(lpar: LabLpar) -> list[Volume]:
    """What its firmware sees: the fabric's volumes in LUN order, then its own."""
    fabric = lpar.system.world.visible_volumes(lpar.system.site, logged_in_wwpns(lpar))
    return [*fabric, *lpar.disks]


def site_changed(system: PowerSystem, site: LabSite) -> None:
    """The power of the system's site went away or came back. What has ``auto_start`` starts by itself then."""
    if site.name != system.site:
        return
    if site.dark:
        system.state = SystemState.POWER_OFF
        for lpar in system.lpars:
            power_lost(lpar)
        return
    system.state = SystemState.OPERATING
    first = [lpar for lpar in system.lpars if lpar.is_vios]
    for lpar in [*first, *(other for other in system.lpars if not other.is_vios)]:
        profile = lpar.running.profile
        if profile is not None and profile.auto_start:
            _start(lpar, profile.boot_mode)


def power_lost(lpar: LabLpar) -> None:
    """Without power: Not Activated at once."""
    if lpar.on:
        cut(lpar)
        lpar.state = LparState.NOT_ACTIVATED


def note(lpar: LabLpar, code: str) -> None:
    """A new reference code."""
    lpar.refcodes.append((lpar.system.world.now, code))


# ----------------------------------------------------------------------------------------------------------- in between


def _start(lpar: LabLpar, boot_mode: str) -> None:
    timing = lpar.system.world.timing
    lpar.state = LparState.STARTING
    _stage(lpar, _STARTING, timing.lpar_starting_s, lambda: _firmware(lpar, boot_mode))


def _firmware(lpar: LabLpar, boot_mode: str) -> None:
    timing = lpar.system.world.timing
    lpar.state = LparState.OPEN_FIRMWARE
    if boot_mode in _MENU_MODES:
        note(lpar, _BOOT_MENU)
        return
    _stage(lpar, _FIRMWARE, timing.lpar_firmware_s, lambda: _look_for_disk(lpar))


def _look_for_disk(lpar: LabLpar) -> None:
    world = lpar.system.world
    disks = boot_disks(lpar)
    if lpar.is_vios or (disks and not disks[0].image(world.now).blank):
        run(lpar, rmc=False)
        _stage(lpar, _BOOTING, world.timing.lpar_rmc_s, lambda: _up(lpar))
        return
    note(lpar, _NO_DISK)
    lpar.timer = world.after(max(world.timing.lpar_firmware_s, 1.0), lambda _now: _look_for_disk(lpar))


def _up(lpar: LabLpar) -> None:
    lpar.rmc = "active"
    note(lpar, "")


def _stopped(lpar: LabLpar, restart: bool) -> None:
    cut(lpar)
    if restart:
        profile = lpar.running.profile
        _start(lpar, profile.boot_mode if profile is not None else "norm")
        return
    lpar.state = LparState.NOT_ACTIVATED
    note(lpar, _OFF)


def _stage(lpar: LabLpar, codes: tuple[str, ...], seconds: float, then: Callable[[], None]) -> None:
    """Show ``codes`` one after the other over ``seconds``, then go on."""
    _cancel(lpar)
    note(lpar, codes[0])

    def tick(_now: float) -> None:
        lpar.timer = None
        if len(codes) > 1:
            _stage(lpar, codes[1:], seconds * (len(codes) - 1) / len(codes), then)
        else:
            then()

    lpar.timer = lpar.system.world.after(seconds / len(codes), tick)


def _cancel(lpar: LabLpar) -> None:
    if lpar.timer is not None:
        lpar.timer.cancelled = True
        lpar.timer = None


def _mapped(lpar: LabLpar, slot: int, vios_id: int | None, server_slot: int | None) -> bool:
    vios = next((v for v in lpar.system.lpars if v.lpar_id == vios_id), None)
    if vios is None or server_slot is None or vios.state is not LparState.RUNNING:
        return False
    server = vios.running.fc.get(server_slot)
    mapping = vios.maps.get(server_slot)
    if server is None or not server.server or mapping is None or mapping.port is None:
        return False
    return server.peer.lpar_id in (None, lpar.lpar_id) and server.peer.slot in (None, slot)


def _check_capacity(system: PowerSystem, profile: Profile) -> None:
    mem = system.mem - system.mem_used()
    if mem < profile.min_mem:
        raise RefusedError("no-memory", max(mem, 0), profile.min_mem)
    free = round(system.procs - system.procs_used(), 2)
    shared = profile.proc_mode == "shared"
    needed: float = profile.min_proc_units if shared else profile.min_procs
    if free < needed:
        raise RefusedError("no-processors", max(free, 0), needed)


def _resources(system: PowerSystem, profile: Profile) -> tuple[int, int, float | None]:
    """Memory, processors and units: what is desired, or less down to the minimum where the system has no more."""
    mem = min(profile.desired_mem, max(profile.min_mem, system.mem - system.mem_used()))
    free = round(system.procs - system.procs_used(), 2)
    if profile.proc_mode == "shared":
        granted = min(profile.desired_proc_units, max(profile.min_proc_units, free))
        return mem, profile.desired_procs, round(granted, 2)
    return mem, min(profile.desired_procs, max(profile.min_procs, int(free))), None
