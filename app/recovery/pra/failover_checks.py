"""The guards of a failover of LPARs (procedures 1.2, 3.3, 3.5). Pure: each says what was seen, and whether it holds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from app.recovery.pra import addresses
from app.recovery.pra.align_definition import Slots, align_definition
from app.recovery.pra.align_hosts import align_host
from app.recovery.pra.alignment import AddServer, Define, MapPort, Redefine
from app.recovery.pra.golden import next_profile
from app.recovery.pra.members import Disk, Member
from app.recovery.pra.situation import Pair, PraNow, wwpns
from store.estate import LparState, SystemState
from store.runs import Guard

OFF = LparState.NOT_ACTIVATED


class Guards(Struct):
    """What was checked so far. ``about`` is the LPAR, or empty for the whole."""

    found: list[Guard]

    def add(self, check: str, about: str, words: str, wrong: Sequence[str], good: str, at: datetime | None) -> None:
        """It holds where nothing is ``wrong``; ``good`` is the evidence then."""
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        evidence = "; ".join(wrong[:3]) + more if wrong else good
        self.found.append(Guard(f"{check} {about}".strip(), words, not wrong, evidence, at))


def ready(now: PraNow, member: Member, guards: Guards) -> None:
    """Whether everything at the recovery site stands ready for one LPAR."""
    seen = min((a.taken_at for a, _ in member.hosts if a.taken_at is not None), default=None)
    _defined(now, member, guards)
    _disks(member, guards, seen)
    _free(now, member, guards, seen)


def _defined(now: PraNow, member: Member, guards: Guards) -> None:
    lpar, wrong = member.lpar, []
    if next_profile(lpar) is None:
        wrong.append(f"{lpar.name} on {lpar.system} has no profile to activate")
    if unread := [part for part in lpar.unread if part != "ports"]:
        wrong.append(f"not read of it: {', '.join(unread)}")
    if member.home is not None and not now.pra.reverse:
        where = now.pra.system(member.home.system) or now.pra.system(member.home.system_key)
        pair = next((p for p in now.pairs if p.name == member.name), Pair(member.name, None, lpar, where))
        acts, _ = align_definition(now, pair, Slots())
        wrong += [_words(act) for act in acts if isinstance(act, Define | Redefine | AddServer | MapPort)]
    for array, _host in member.hosts:
        acts, _ = align_host(lpar, array, now.pra, now.owners[now.recovery.site], None)
        wrong += [f"its host on {array.device} lacks WWPNs" for _ in acts]
    if not member.hosts and wwpns(lpar):
        unread = [
            f"{array.device} could not be read: {array.failure}" for array in now.recovery.arrays if not array.reading
        ]
        wrong += unread or ["no array there has a host with its WWPNs"]
    system = now.recovery.systems.get(lpar.system_key)
    if system is not None and system.state is not SystemState.OPERATING:
        wrong.append(f"{system.name} is {system.state}")
    taken = next((hmc.taken_at for hmc in now.recovery.hmcs if hmc.reading is not None), None)
    words = f"{member.name} is defined at {now.recovery.site} as it is to be"
    compared = "compared with home" if member.home is not None else "home is not read: not compared with it"
    guards.add("pwr.golden", member.name, words, wrong, f"on {lpar.system}, {compared}", taken)


def _words(act: Define | Redefine | AddServer | MapPort) -> str:
    if isinstance(act, Redefine):
        return ", ".join(f"{d.field} is {d.found}, to be {d.wanted}" for d in act.differences)
    if isinstance(act, Define):
        return "it is not defined"
    return f"slot {act.slot} of {act.vios} is not ready for it"


def _disks(member: Member, guards: Guards, seen: datetime | None) -> None:
    wrong = [] if member.disks else ["it sees no volume there"]
    wrong += [why for disk in member.disks if (why := _lacking(disk)) is not None]
    words = f"every volume of {member.name} has its copy in a complete snapshot"
    newest = {disk.newest.name for disk in member.disks if disk.newest is not None}
    good = f"{len(member.disks)} volumes, newest {', '.join(sorted(newest))}"
    guards.add("fa.complete", member.name, words, wrong, good, seen)


def _lacking(disk: Disk) -> str | None:
    name = f"{disk.volume.name} on {disk.array.device}"
    if disk.volume.name not in disk.array.tags:
        return f"{name} carries no tag of its source: align first"
    if disk.part is None or disk.newest is None:
        return f"the tag of {name} names no volume of a complete snapshot"
    if disk.part.destroyed:
        return f"{disk.part.name} is pending eradication"
    if disk.volume.provisioned < disk.part.size:
        return f"{name} is smaller than its source"
    others = sorted(name for name, _ in disk.volume.hosts)
    return f"{name} is connected to {', '.join(others)}" if len(others) > 1 else None


def _free(now: PraNow, member: Member, guards: Guards, seen: datetime | None) -> None:
    lpar = member.lpar
    wrong = [] if lpar.state is OFF else [f"it is {lpar.state} on {lpar.system}"]
    for array, host in member.hosts:
        logged_in = sorted(array.logged_in.intersection(host.wwns))
        wrong += [f"{logged_in[0]} of {host.name} is logged in to {array.device}"] if logged_in else []
    words = f"{member.name} does not run at {now.recovery.site}"
    guards.add("pwr.free", member.name, words, wrong, "Not Activated, no initiator logged in", seen)


def whole(now: PraNow, members: Sequence[Member], stopped: frozenset[str], guards: Guards) -> None:
    """Addresses and capacity of all members together. ``stopped`` are the keys of LPARs that are stopped first."""
    live = addresses.live((*now.nominal.lpars, *now.recovery.lpars))
    wrong = [why for member in members for why in addresses.clashes(member.lpar, live, stopped)]
    twice = _twice(members)
    words = "no MAC and no WWPN of theirs is live elsewhere, or twice among them"
    sites = [side.site for side in (now.nominal, now.recovery) if side.lpars]
    half = [lpar.name for side in (now.nominal, now.recovery) for lpar in side.lpars if "ports" in lpar.unread]
    but = f"; of {', '.join(half[:3])} not every vNIC or SR-IOV port could be read" if half else ""
    guards.add("pwr.mac-live", "", words, [*wrong, *twice], f"compared with {', '.join(sites)}{but}", now.now)
    room(now, members, guards)


def _twice(members: Sequence[Member]) -> list[str]:
    found: dict[str, list[str]] = defaultdict(list)
    for member in members:
        for address in dict.fromkeys((*addresses.macs(member.lpar), *wwpns(member.lpar))):
            found[address].append(member.name)
    return [f"{address} is of {' and of '.join(names)}" for address, names in found.items() if len(names) > 1]


def room(now: PraNow, members: Sequence[Member], guards: Guards) -> None:
    """Memory and processors for the sum of what is activated on each system."""
    memory: dict[str, int] = defaultdict(int)
    units: dict[str, float] = defaultdict(float)
    for member in members:
        given = next_profile(member.lpar)
        if given is not None:
            memory[member.lpar.system_key] += given.desired_mem_mb
            units[member.lpar.system_key] += given.desired_proc_units or float(given.desired_procs)
    wrong, good = [], []
    for key, needed in memory.items():
        system = now.recovery.systems.get(key)
        free, free_units = (system.available_mem_mb, system.available_proc_units) if system else (None, None)
        name = system.name if system is not None else key
        if free is None or free_units is None:
            wrong.append(f"the capacity of {name} is not known")
        elif free < needed or round(free_units, 2) < round(units[key], 2):
            wrong.append(f"{name} has {free} MB and {free_units:g} units, {needed} MB and {units[key]:g} are needed")
        else:
            good.append(f"{name}: {needed} of {free} MB, {units[key]:g} of {free_units:g} units")
    words = "the systems there have room for all of them together"
    guards.add("pwr.capacity", "", words, wrong, "; ".join(good) or "nothing is activated", now.now)


# --------------------------------------------------------------------------------------------------------------- loss


class Bound(Struct, frozen=True):
    """``seconds`` None: nothing bounds the loss. ``minutes`` are rounded up: what an operator accepts."""

    seconds: float | None
    words: str

    @property
    def minutes(self) -> int | None:
        return None if self.seconds is None else math.ceil(self.seconds / 60)


def bound(now: PraNow, members: Sequence[Member], more_s: float = 0.0) -> Bound:
    """The loss of the oldest of the snapshots that are chosen: its age by its creation on the source, the clocks'
    difference, and ``more_s`` for what may still be written until the old side is fenced."""
    worst: tuple[float, str] | None = None
    for disk in (disk for member in members for disk in member.disks):
        if disk.newest is None:
            return Bound(None, f"{disk.volume.name} has no complete snapshot")
        reading = disk.array.reading
        skew = abs((reading.clock_skew_s if reading is not None else None) or 0.0)
        age = max(0.0, (now.now - disk.newest.created).total_seconds()) + skew + more_s
        if worst is None or age > worst[0]:
            words = f"{disk.newest.name}, created {disk.newest.created:%Y-%m-%d %H:%M:%S} UTC on its source"
            worst = (age, words + (f", clock difference {skew:g} s" if skew else ""))
    return Bound(None, "there is no volume") if worst is None else Bound(*worst)
