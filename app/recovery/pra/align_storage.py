"""The copies of an LPAR's volumes at the recovery site: there, paired by tag, connected under the same LUNs. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from app.recovery.pra.align_hosts import host_of, intruders
from app.recovery.pra.alignment import Act, AddHost, AddVolume, Connect, Finding, PairVolume
from app.recovery.pra.situation import ArrayNow, Pair, PraNow
from app.recovery.pra.volumes import Copy, copies
from store.estate import Host


@dataclass
class _Plan:
    """What is planned for one LPAR so far. ``hosts`` are those that are to be made, by array and name."""

    now: PraNow
    pair: Pair
    hosts: frozenset[tuple[str, str]]
    acts: list[Act] = field(default_factory=list)
    connections: list[Connect] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)

    def report(self, words: str, check: str = "fa.paired") -> None:
        self.found.append(Finding(check, words))


def align_storage(now: PraNow, pair: Pair, before: Collection[Act]) -> tuple[list[Act], list[Finding]]:
    """Volumes first, then their connections, the boot LUN before the others. ``before`` is what is done before."""
    if pair.home is None:
        return [], []
    made = frozenset((act.device, act.host) for act in before if isinstance(act, AddHost))
    plan = _Plan(now, pair, made)
    for each in copies(now, pair.home):
        if each.why is not None:
            plan.report(each.why, "fa.member" if each.group is None else "fa.complete")
        if each.there is None:
            continue
        if not each.there.whole:
            plan.report(f"not everything on {each.there.device} could be read")
            continue
        name = _volume(plan, each, each.there)
        if name is not None and pair.partner is not None:
            _connect(plan, each, each.there, name)
    return [*plan.acts, *plan.connections], plan.found


def _volume(plan: _Plan, each: Copy, there: ArrayNow) -> str | None:
    """Plan what makes the copy and pairs it. Returns its name, None where there is none to connect."""
    volume, copy = each.volume, each.copy
    if each.unfit is not None:
        plan.report(each.unfit)
        return None
    if copy is not None:
        others = _others(plan, there, copy.name) if each.proposed else []
        if others:  # whose it is, is not proven by its name
            plan.report(
                f"{copy.name} on {there.device} is connected to {', '.join(others)}: it is not taken for a copy"
            )
            return None
        if each.proposed:
            plan.acts.append(PairVolume(there.device, copy.name, each.tag))
        return copy.name
    if each.part is None:
        return None
    plan.acts.append(AddVolume(there.device, volume.name, each.part.name))
    plan.acts.append(PairVolume(there.device, volume.name, each.tag))
    return volume.name


def _host(plan: _Plan, there: ArrayNow) -> Host | None:
    """The host of the LPAR on an array of the recovery site."""
    now, partner = plan.now, plan.pair.partner
    return None if partner is None else host_of(partner, there, now.pra, now.owners[now.recovery.site])


def _others(plan: _Plan, there: ArrayNow, volume: str) -> list[str]:
    """Whatever a volume is connected to that is not the LPAR's."""
    host = _host(plan, there)
    own = {host.name, host.host_group} if host is not None else set()
    shown = there.volumes[volume].hosts if volume in there.volumes else ()
    return sorted(name for name, _ in shown if name not in own)


def _connect(plan: _Plan, each: Copy, there: ArrayNow, volume: str) -> None:
    """Plan the connection of a copy, where nothing stands in its way."""
    others = _others(plan, there, volume)
    if others:
        plan.report(f"{volume} on {there.device} is connected to {', '.join(others)}: it is left alone")
        return
    if each.lun is None:
        plan.report(f"the LUN of {each.volume.name} at home is not known")
        return
    host = _host(plan, there)
    name = host.name if host is not None else plan.now.pra.host_of(plan.pair.name)
    if host is None and (there.device, name) not in plan.hosts:
        return  # why it has no host is said already
    assert plan.pair.partner is not None
    if host is not None and intruders(plan.pair.partner, host, there, plan.now.owners[plan.now.recovery.site]):
        plan.report(f"{volume} on {there.device} is not shown to {name}, which others use too")
        return
    shown = there.volumes[volume].hosts if volume in there.volumes else ()
    if shown:
        lun = shown[0][1]
        if lun != each.lun:
            plan.report(f"{volume} on {there.device} has LUN {lun} for {name}, at home {each.lun}: change it by hand")
        return
    group = host.host_group if host is not None else None
    seen = [*there.seen_by.get(name, ()), *(there.seen_by.get(group, ()) if group else ())]
    taken = {lun: v.name for v, lun in seen}
    taken |= {act.lun: act.volume for act in plan.connections if act.device == there.device}
    if each.lun in taken:
        plan.report(f"LUN {each.lun} of {name} on {there.device} is taken by {taken[each.lun]}")
        return
    plan.connections.append(Connect(there.device, name, volume, each.lun))
