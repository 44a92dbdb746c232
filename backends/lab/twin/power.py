"""The Power side of a twin: managed systems, VIOSes and LPARs with their profiles, adapters, WWPNs and MACs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from backends.lab.hmc import power
from backends.lab.hmc.model import WWPN_PAIRS, Hmc, LabLpar, NpivMap, PowerSystem, Running
from backends.lab.hmc.state import add_managed_system, new_lpar
from backends.lab.twin import adapters
from backends.lab.twin.adapters import profile as lab_profile
from backends.lab.twin.records import Account, Original, Told, by_key, secret_of, segment
from backends.lab.world import Device, World
from store.estate import DeviceKind, Lpar, LparState, ManagedSystem

_MEM_MB, _PROCS = 1_048_576, 64.0
_OLD_HMC = 8


def build(world: World, original: Original, account: Account) -> None:
    """Every HMC with its systems and LPARs. The arrays must be there already: what runs sees their volumes."""
    systems: dict[str, PowerSystem] = {}
    for told in original.told(DeviceKind.HMC):
        lpars = told.of(Lpar)
        old = bool(lpars) and all(lpar.uuid is None for lpar in lpars)
        hmc = Hmc(world, told.name, version=_OLD_HMC if old else 10)
        users = {"hscroot": secret_of(told.name)}
        world.add_device(Device(told.name, DeviceKind.HMC, told.site, hmc, users=users, rename=hmc.rename))
        for key, system in by_key(told.of(ManagedSystem)).items():
            if key not in systems:
                mine = [lpar for lpar in lpars if lpar.system_key == key]
                systems[key] = _system(world, told, system, mine, account)
            account.copy(told.name, system)
            hmc.systems.append(systems[key])
        for lpar in lpars:
            if lpar.system_key in systems:
                account.copy(told.name, lpar)
            else:
                account.leave(told.name, f"LPAR {lpar.name}", f"its managed system {lpar.system} was not read")
    _wwpns_go_on(systems.values())
    for made in systems.values():
        _run(made)


def _system(world: World, told: Told, system: ManagedSystem, lpars: list[Lpar], account: Account) -> PowerSystem:
    for value, what in (
        (system.installed_mem_mb, "installed memory of a managed system"),
        (system.installed_proc_units, "installed processors of a managed system"),
        (system.max_lpars, "how many LPARs a managed system takes"),
    ):
        account.invent(told.name, what, value is None)
    prefix = _prefix(lpars)
    account.invent(told.name, "WWPN prefix of a managed system", prefix == "")
    made = add_managed_system(
        world,
        told.site,
        system.name,
        system.type_model,
        system.serial,
        mem_mb=system.installed_mem_mb or _MEM_MB,
        procs=system.installed_proc_units or _PROCS,
        wwpn_prefix=prefix,
        max_lpars=system.max_lpars or 1000,
        virtual_fc=system.virtual_fc_capable is not False,
    )
    made.state = system.state
    for lpar in sorted(lpars, key=lambda each: each.lpar_id):
        _lpar(made, told, lpar, account)
    _held_besides(made, system, told, account)
    for lpar in lpars:
        for trunk in (adapter for adapter in lpar.eth if adapter.trunk_priority):
            for vlan in (trunk.port_vlan_id, *trunk.addl_vlan_ids):
                made.segments[trunk.vswitch, vlan] = segment(world, f"VLAN {vlan}", site=told.site)
    return made


def _held_besides(made: PowerSystem, system: ManagedSystem, told: Told, account: Account) -> None:
    """What is not available beside what the LPARs have: the firmware's, and what the HMC does not tell."""
    if system.available_mem_mb is not None:
        made.firmware_mem = 0
        made.firmware_mem = made.mem - made.mem_used() - system.available_mem_mb
    if system.available_proc_units is not None:
        made.other_procs = round(made.procs - made.procs_used() - system.available_proc_units, 2)
    if made.firmware_mem < 0 or made.other_procs < 0:
        account.leave(told.name, system.name, "its LPARs hold more than it says it has: it has less available here")
        made.firmware_mem, made.other_procs = max(0, made.firmware_mem), max(0.0, made.other_procs)


def _lpar(system: PowerSystem, told: Told, lpar: Lpar, account: Account) -> None:
    where = f"LPAR {lpar.name}"
    profiles = [lab_profile(each, told.name, where, account) for each in lpar.profiles]
    made = new_lpar(system, lpar.name, lpar.env, adapters.EMPTY, lpar_id=lpar.lpar_id)
    made.profiles, made.default_profile = profiles, lpar.default_profile or ""
    made.uuid, made.state = lpar.uuid or made.uuid, lpar.state
    made.os_version, made.curr_profile = lpar.os_version or "", lpar.curr_profile or ""
    made.rmc, made.rmc_ipaddr = lpar.rmc_state or "", lpar.rmc_ipaddr or ""
    made.running = Running(
        mem=lpar.mem_mb or 0,
        procs=lpar.procs or 0,
        proc_units=lpar.proc_units,
        profile=next((each for each in profiles if each.name == lpar.curr_profile), None),
        fc={a.slot: adapters.fc(a) for a in lpar.fc},
        scsi={a.slot: adapters.scsi(a) for a in lpar.scsi},
        eth={a.slot: adapters.eth(a) for a in lpar.eth},
    )
    vnics, ports = adapters.nics(lpar.ports, told.name, where, account)
    made.running.vnics = {each.slot: each for each in vnics}
    made.running.ports = {each.slot: each for each in ports}
    made.macs = {slot: adapter.mac for slot, adapter in made.running.eth.items() if adapter.mac}
    system.next_mac = max(system.next_mac, *(_number(mac, system.mac_prefix) for mac in (*lpar.macs, "")))
    if made.is_vios:
        _maps(made, lpar, told, account)
    if lpar.refcode is not None:
        _refcode(made, lpar.refcode)
    starts = any(each.auto_start for each in profiles if each.name == (made.curr_profile or made.default_profile))
    if lpar.auto_start is not None and lpar.auto_start is not starts:
        account.leave(told.name, where, f"it starts by itself: {lpar.auto_start}, its profile says {starts}, as here")
    for part in lpar.unread:
        account.leave(told.name, where, f"its {part} could not be read whole")


def _number(mac: str, prefix: str) -> int:
    """Which of the MACs of a prefix it is; 0: none of them."""
    rest = mac.removeprefix(prefix)
    with suppress(ValueError):
        return int(rest, 16) if rest != mac else 0
    return 0


def _maps(vios: LabLpar, lpar: Lpar, told: Told, account: Account) -> None:
    """Its NPIV maps. Ports beyond those that a map names are not told."""
    servers = [adapter for adapter in lpar.fc if not adapter.wwpns]
    for found in lpar.npiv:
        slot = found.slot
        if slot is None:
            fitting = [a.slot for a in servers if a.remote_lpar_id == found.client_lpar_id is not None]
            if len(fitting) != 1:
                account.leave(told.name, f"{found.vfchost} of {lpar.name}", "the slot of its adapter is not told")
                continue
            slot = fitting[0]
        vios.maps[slot] = NpivMap(found.vfchost, slot, found.fc_port)
    vios.ports = tuple(sorted({each.fc_port for each in lpar.npiv if each.fc_port}))
    slots = [adapter.slot for profile in vios.profiles for adapter in profile.adapters]
    vios.next_server_slot = max([vios.next_server_slot, *(slot + 1 for slot in (*slots, *vios.running.fc))])


def _refcode(lpar: LabLpar, text: str) -> None:
    """``AA060011 11/26/2026 19:00:00``: the code and its time, which the HMC gives without a zone."""
    code, _, when = text.partition(" ")
    with suppress(ValueError):
        at = datetime.strptime(when, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
        lpar.refcodes.append((at.timestamp(), code))


def _prefix(lpars: Iterable[Lpar]) -> str:
    """What most WWPNs of a system begin with; empty where there are none."""
    found = Counter(wwpn[:12] for lpar in lpars for profile in lpar.profiles for a in profile.fc for wwpn in a.wwpns)
    return found.most_common(1)[0][0] if found else ""


def _wwpns_go_on(systems: Iterable[PowerSystem]) -> None:
    """No pair is issued again that an LPAR of any system has, wherever it moved to."""
    made = list(systems)
    used = {
        wwpn
        for system in made
        for lpar in system.lpars
        for adapter in (*lpar.running.fc.values(), *(a for profile in lpar.profiles for a in profile.fc))
        for wwpn in adapter.wwpns
    }
    for system in made:
        numbers = [int(wwpn[12:], 16) // 2 for wwpn in used if wwpn.startswith(system.wwpn_prefix)]
        system.next_pair = min(WWPN_PAIRS, max(numbers, default=-1) + 1)


def _run(system: PowerSystem) -> None:
    """What ran runs: VIOSes first, which carry the adapters of the others."""
    for lpar in sorted(system.lpars, key=lambda each: not each.is_vios):
        if lpar.state is LparState.RUNNING:
            power.run(lpar, rmc=False)
