"""Looking at replicated VMs: each server once, side by side, and the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from msgspec.structs import replace

from app.recovery import witnesses
from app.recovery.beside import beside
from app.recovery.draft import CannotPlanError
from app.recovery.looks import Devices
from app.recovery.step import UnseenError
from app.recovery.vm.situation import Generation, SideNow, VmNow
from app.replication_records import Replication
from app.settings_records import DeviceSettings
from backends.outcome import ParseError
from backends.vsphere.autostart import AutoStarts, AutoStartsOn
from backends.vsphere.ground import Ground, GroundNow
from backends.vsphere.looks import ACTIVE, REPLICATION, MachineNow, Machines, Places
from store.replications import Standing


def chosen(replications: Sequence[Replication], names: Sequence[str]) -> tuple[Replication, ...]:
    """The replications by name or pattern. Raises :class:`CannotPlanError` for a word that names none."""
    if not replications:
        raise CannotPlanError("The configuration replicates no VM: see [[replications]]")
    for name in names:
        if not any(fnmatchcase(one.name, name) for one in replications):
            known = ", ".join(one.name for one in replications[:8])
            raise CannotPlanError(f"No replication is called {name}. There are: {known}")
    return tuple(one for one in replications if any(fnmatchcase(one.name, name) for name in names))


def look(
    devices: Devices,
    configured: Iterable[DeviceSettings],
    replications: Sequence[Replication],
    standings: Mapping[str, Standing],
    without: Mapping[str, str] | None = None,
) -> tuple[VmNow, ...]:
    """How each stands now. A server that cannot be read is there without what it holds; nothing is raised. ``without``:
    servers that are not asked, and why."""
    sites = {device.name: device.site for device in configured}
    names = list(dict.fromkeys(name for one in replications for name in (one.source, one.destination)))
    sides = dict(zip(names, beside(lambda name: side(devices, name, sites[name], without), names, "look"), strict=True))
    now = datetime.now(UTC)
    found = tuple(_now(one, sides, standings.get(one.name, Standing()), now) for one in replications)
    told = {at.name: at for at in with_autostart(devices, [at for at in found if _took_over(at)])}
    return tuple(told.get(at.name, at) for at in found)


def _took_over(at: VmNow) -> bool:
    """Whether a copy serves: what its source does once its host starts is asked then."""
    return any(ACTIVE in each.machine.marks for each in at.generations)


def side(devices: Devices, name: str, site: str, without: Mapping[str, str] | None = None) -> SideNow:
    """A server as it is now."""
    if without and name in without:
        return SideNow(name, site, failure=without[name])
    since, taken = time.monotonic(), datetime.now(UTC)
    try:
        machines, _ = devices.look((name, Machines()), since)
        places, _ = devices.look((name, Places()), since)
    except UnseenError as error:
        return SideNow(name, site, failure=str(error), silent=error.silent)
    return SideNow(name, site, machines, places, taken_at=taken, ground=_ground(devices, name, since))


def _ground(devices: Devices, name: str, since: float) -> GroundNow | None:
    """What it stands on. An account that may not read that can fail over all the same."""
    try:
        found: GroundNow = devices.look((name, Ground()), since)[0]
    except UnseenError:
        return None
    return found


def witnessed(devices: Devices, configured: Sequence[DeviceSettings], at: VmNow) -> VmNow:
    """With what everybody else at the source's site says of it."""
    return told(at, witnesses.asked(devices, configured, at.source.site, at.source.device))


def told(at: VmNow, every: Iterable[witnesses.Witness]) -> VmNow:
    """The same where the devices of that site were asked before."""
    found = tuple(each for each in every if each.who != at.source.device)
    down = False if at.source.read else at.source.silent or None
    mine = witnesses.Witness(at.source.device, down, at.source.failure[:100] or "answers")
    return replace(at, witnesses=(mine, *found))


def with_autostart(devices: Devices, every: Sequence[VmNow]) -> tuple[VmNow, ...]:
    """With how the source of each starts with its host, where its server says it: each host is looked at once."""
    connected = (at for at in every if at.vm is not None and at.vm.connection == "connected")
    hosts = list(dict.fromkeys((at.source.device, at.vm.host) for at in connected if at.vm and at.vm.host))
    since = time.monotonic()

    def on(place: tuple[str, str]) -> AutoStarts | None:
        try:
            found: AutoStarts | None = devices.look((place[0], AutoStartsOn(place[1])), since)[0]
        except UnseenError:
            return None
        return found

    known = dict(zip(hosts, beside(on, hosts, "look"), strict=True))
    return tuple(_autostarting(at, known) for at in every)


def _autostarting(at: VmNow, known: Mapping[tuple[str, str], AutoStarts | None]) -> VmNow:
    vm = at.vm
    if vm is None or vm.host is None or vm.connection != "connected":
        return at
    found = known[at.source.device, vm.host]
    return at if found is None else replace(at, autostart=found.of(vm.moid))


def _now(one: Replication, sides: Mapping[str, SideNow], standing: Standing, now: datetime) -> VmNow:
    source, target = sides[one.source], sides[one.destination]
    vm, missing = _source(one, source)
    generations, strange = _generations(one, target, vm)
    uuids = {each.replica.source_instance_uuid for each in generations}
    uuid = vm.uuid if vm is not None else uuids.pop() if len(uuids) == 1 else None
    return VmNow(one, now, source, target, vm, missing, uuid, generations, strange, standing)


def _source(one: Replication, source: SideNow) -> tuple[MachineNow | None, str]:
    if source.machines is None:
        return None, f"{one.source} cannot be read: {source.failure}"
    found = [m for m in source.machines if m.uuid == one.vm or (m.name == one.vm and not _is_copy(m))]
    if len(found) == 1:
        return found[0], ""
    how = "no machine" if not found else f"{len(found)} machines"
    return None, f"{how} on {one.source} {'is' if not found else 'are'} called {one.vm}"


def _is_copy(machine: MachineNow) -> bool:
    """A machine that is marked as a replica is nobody's source."""
    try:
        return machine.replica is not None
    except ParseError:
        return True


def _generations(
    one: Replication, target: SideNow, vm: MachineNow | None
) -> tuple[tuple[Generation, ...], tuple[str, ...]]:
    """The copies of the VM, and what looks like one and cannot be understood."""
    found, strange = [], []
    for machine in target.machines or ():
        try:
            replica = machine.replica
        except ParseError as error:
            if machine.marks.get(REPLICATION, one.name) == one.name:
                strange.append(f"{machine.name}: {error.line}")
            continue
        if replica is None:
            continue
        belongs = machine.marks.get(REPLICATION)
        known = vm.uuid if vm is not None else None
        same = replica.source_instance_uuid in (known, one.vm) or (vm is None and replica.source_name == one.vm)
        if belongs == one.name or (belongs is None and same):
            found.append(Generation(machine, replica))
    return tuple(sorted(found, key=lambda g: g.replica.generation)), tuple(strange)
