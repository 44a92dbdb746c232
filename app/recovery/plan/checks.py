"""What is checked of a whole plan, beside what each technology checks of its own members. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from app.plans.records import Application, Kind, MemberKind, RecoveryPlan
from app.recovery.draft import Draft
from app.recovery.plan.looked import Looked
from app.recovery.plan.parts import Drafted
from app.recovery.pod.seeing import OUTBOUND
from app.recovery.vm.back_plan import home_spot
from app.recovery.vm.situation import ROOM, VmNow
from backends.flasharray.records import origin


def guard(plan: RecoveryPlan, kind: Kind, seen: Looked, drafted: Drafted, own: Draft[Any]) -> None:
    """The guards of the plan: its sites, its protection groups, and room for the sum of it."""
    _sites(plan, kind, seen, own)
    _once(drafted, own)
    for application in plan.applications:
        _pgroups(application, seen, own)
    _systems(plan, kind, seen, own)
    if kind in (Kind.PLANNED, Kind.REPROTECT, Kind.FAILBACK):
        _stores(kind, seen, own)


def _add(own: Draft[Any], check: str, words: str, wrong: Iterable[str], good: str) -> None:
    reasons = list(dict.fromkeys(wrong))
    more = f"; and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    own.guard(check, words, not reasons, "; ".join(reasons[:3]) + more if reasons else good)


def _sites(plan: RecoveryPlan, kind: Kind, seen: Looked, own: Draft[Any]) -> None:
    """Every member goes from the one site of the plan to the other. Once it was failed over some of them are seen the
    other way round."""
    wrong = []
    ways = {at.name: (at.natural.site, at.peer.site) for at in seen.rcgs.values()}
    ways |= {at.name: (at.source.site, at.target.site) for at in seen.vms.values()}
    for name, pod in seen.pods.items():
        sides = (pod.here.site, pod.there.site if pod.there is not None else "")
        outbound = pod.link is not None and pod.link.direction == OUTBOUND
        ways[name] = sides if outbound else (sides[1], sides[0])
    if seen.pra is not None:
        ways |= dict.fromkeys(seen.lpars, (seen.pra.nominal.site, seen.pra.recovery.site))
    for name, (here, there) in ways.items():
        either = kind in (Kind.REPROTECT, Kind.FAILBACK) and (there, here) == (plan.source, plan.target)
        if (here, there) != (plan.source, plan.target) and not either:
            wrong.append(f"{name} goes from {here or 'a site that is not known'} to {there or 'one that is not known'}")
    words = f"every member goes from {plan.source} to {plan.target}"
    _add(own, "plan.sites", words, wrong, f"{len(ways)} members")


def _once(drafted: Drafted, own: Draft[Any]) -> None:
    """No two members are the same thing, as two replications of one VM are: both of its copies would be started."""
    first: dict[str, str] = {}
    wrong = []
    for draft in drafted.drafts:
        for key in draft.at.keys:
            other = first.setdefault(key, draft.at.name)
            if other != draft.at.name:
                wrong.append(f"{other} and {draft.at.name} are both about {key}")
    _add(own, "plan.once", "every member is another one", wrong, f"{len(first)} targets")


def _pgroups(application: Application, seen: Looked, own: Draft[Any]) -> None:
    """The protection groups that an application names are those that its LPARs come back from."""
    named = {member.name for member in application.of(MemberKind.PGROUP)}
    if not named:
        return
    held: dict[str, set[str]] = defaultdict(set)
    for member in application.of(MemberKind.LPAR):
        lpar = seen.lpars.get(member.name)
        for disk in lpar.disks if lpar is not None else ():
            if disk.group is not None:
                held[origin(disk.group.name)[1]].add(member.name)
    wrong = [
        f"no LPAR of it has a volume in {name}: nothing would come back from it" for name in sorted(named - set(held))
    ]
    wrong += [
        f"{', '.join(sorted(held[name]))} has volumes in {name}, which is not named" for name in set(held) - named
    ]
    words = f"the LPARs of {application.name} come back from the protection groups that it names"
    _add(own, "plan.pgroups", words, wrong, ", ".join(sorted(named)))


def _systems(plan: RecoveryPlan, kind: Kind, seen: Looked, own: Draft[Any]) -> None:
    """An LPAR that is named with its managed system is on that one, as far as its site answers."""
    wrong, known = [], 0
    for _, member in plan.members:
        lpar = seen.lpars.get(member.name) if member.kind is MemberKind.LPAR else None
        home = None if lpar is None else lpar.lpar if kind is Kind.FAILBACK else lpar.home
        if member.system is None or home is None:
            continue
        known += 1
        if member.system not in (home.system, home.system_key):
            wrong.append(f"line {member.line}: {member.name} is on {home.system}, not on {member.system}")
    if known:
        told = f"{known} LPAR{'s' * (known != 1)}"
        _add(own, "plan.systems", "every LPAR is on the managed system that the plan names", wrong, told)


def _stores(kind: Kind, seen: Looked, own: Draft[Any]) -> None:
    """Room for the copies of all VMs together on each datastore that they go to."""
    needed: dict[tuple[str, str], int] = defaultdict(int)
    free: dict[tuple[str, str], int] = {}
    for at in seen.vms.values():
        found = _store(at) if kind is Kind.PLANNED else _store_at_home(at)
        if found is not None:
            server, name, room, size = found
            needed[server, name] += int(size * ROOM)
            free[server, name] = room
    if not needed:
        return
    wrong: list[str] = []
    good: list[str] = []
    for (server, name), size in needed.items():
        words = f"{free[server, name] >> 30} GiB are free on {name} of {server}, {size >> 30} GiB are wanted"
        (wrong if free[server, name] < size else good).append(words)
    _add(
        own,
        "plan.stores",
        "the datastores that they go to have room for the copies of all VMs together",
        wrong,
        "; ".join(good),
    )


Store = tuple[str, str, int, int]
"""A server and a datastore of it, what is free there and what a VM takes, in bytes."""


def _store(at: VmNow) -> Store | None:
    places, name = at.target.places, at.replication.datastore
    found = [one for one in places.stores if one.name == name] if places is not None else []
    return (at.replication.destination, name, found[0].free, at.vm.size) if at.vm is not None and found else None


def _store_at_home(at: VmNow) -> Store | None:
    """Where what runs at the other side goes: beside the machine that it took the place of."""
    if at.active is None or at.vm is None or at.source.places is None:
        return None
    spot = home_spot(at, at.active.machine, at.vm)
    name = next((one.name for one in at.source.places.stores if one.moid == spot.place.datastore), None)
    return None if name is None else (at.replication.source, name, spot.free, at.active.machine.size)


def array_space(seen: Looked) -> tuple[list[str], list[str]]:
    """Whether each array has room for what is overwritten, of which a safety snapshot keeps all that the new copy does
    not share: what is wrong, and what is good. What it saves by deduplication is not counted on."""
    needed: dict[str, int] = defaultdict(int)
    free: dict[str, int | None] = {}
    for lpar in seen.lpars.values():
        for disk in lpar.disks:
            itself = disk.array.itself
            capacity, used = (itself.capacity, itself.used) if itself is not None else (None, None)
            free[disk.array.device] = None if capacity is None or used is None else capacity - used
            needed[disk.array.device] += disk.volume.provisioned
    wrong: list[str] = []
    good: list[str] = []
    for device, size in needed.items():
        room = free[device]
        if room is None:
            wrong.append(f"how much is free on {device} is not known")
        elif room < size:
            wrong.append(f"{room >> 30} GiB are free on {device}, {size >> 30} GiB may be wanted")
        else:
            good.append(f"{device}: {room >> 30} GiB are free, {size >> 30} GiB may be wanted")
    return wrong, good
