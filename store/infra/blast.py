"""Blast radius: what falls with a place or a system, how much is lost at most, and which plan answers it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from store.infra.falling import Fallen, Level, Need, Node, fall, level_of
from store.infra.graph import Copy, Graph, Served
from store.infra.radius import NO_COPY, NOT_KNOWN, Bound, BoundKind, Effect, Hit, PlanHit, Radius, worst
from store.infra.records import SystemType
from store.infra.rules import overloads
from store.record import Record
from store.replications import Replicated

STRIKES = ("site", "row", "rack", "feed", "link", "array", "vlan", "system")
"""What can be asked for, by the word of the command line."""

_TITLES = {"power": "managed system", "esxi": "ESXi host", "vlan": "VLAN"}


class PlannedMember(Record, frozen=True):
    """A member of a recovery plan: ``kind`` is that of its nodes; ``system`` where the file names it."""

    kind: str
    name: str
    system: str | None = None


class Planned(Record, frozen=True):
    """A recovery plan, as far as it matters here: each application with its members."""

    name: str
    source: str
    target: str
    applications: tuple[tuple[str, tuple[PlannedMember, ...]], ...]


class StrikeError(Exception):
    """There is no such thing, or there are several. The text says which."""


def struck(graph: Graph, kind: str, name: str) -> Node:
    """The node of that name: a name alone, or with its site (``paris/A7``). What a driver discovered is the system that
    it is linked to, where there is one: more hangs on that. Raises :class:`StrikeError`."""
    every = [node for node in graph.names if _asked(graph, node, kind)]
    exact = [node for node in every if name in (graph.names[node], node[1], _placed(graph, node))]
    found = exact or [node for node in every if node[1].partition("/")[2] == name]
    found = list(dict.fromkeys(graph.stands.get(node, node) for node in found))
    if len(found) == 1:
        return found[0]
    if found:
        raise StrikeError(f"{name} could be {', '.join(sorted(_placed(graph, node) for node in found))}: name one")
    there = ", ".join(sorted({_placed(graph, node) for node in every})[:20]) or "none"
    raise StrikeError(f"No {kind} is called {name}. There are: {there}")


def _asked(graph: Graph, node: Node, kind: str) -> bool:
    match kind:
        case "system":
            return node[0] in ("system", "power", "esxi", "array")
        case "array":
            return node[0] == "array" or graph.types.get(node) is SystemType.ARRAY
    return node[0] == kind


def _placed(graph: Graph, node: Node) -> str:
    site = graph.sites.get(node)
    if node[0] in ("site", "link", "system", "power", "esxi", "array") or site is None:
        return graph.names[node]
    return f"{site}/{node[1].partition('/')[2]}"


def title(graph: Graph, node: Node) -> str:
    """How it is called: ``rack A7``, with its site where another one has the name too."""
    name = node[1].partition("/")[2] if node[0] == "vlan" else graph.names.get(node, node[1])
    alike = [one for one in graph.names if one[0] == node[0] and graph.names[one] == graph.names.get(node)]
    at = f" of {graph.sites[node]}" if len(alike) > 1 and node in graph.sites else ""
    kind = graph.types.get(node, SystemType.OTHER)
    word = _TITLES.get(node[0], node[0]) if kind is SystemType.OTHER else str(kind)
    return f"{word} {name}{at}"


def radius(
    graph: Graph, node: Node, now: datetime, plans: Sequence[Planned] = (), replicated: Sequence[Replicated] = ()
) -> Radius:
    """Everything that falls, may fall, or is not protected any more once ``node`` is gone. ``now`` is UTC: losses are
    counted to it, whenever the copies were last read."""
    fallen = _with_overloads(graph, node)
    index, told = _members(graph, plans, replicated), _told(graph)
    everything = [(one, served) for one, served in graph.served.items() if one not in told]
    hits = [hit for one, served in everything for hit in _hits(graph, one, served, fallen, index, now)]
    order = list(Effect)
    hits.sort(key=lambda hit: (order.index(hit.effect), list(_KINDS).index(hit.node[0]), hit.name, hit.node[1]))
    shown = tuple(hits)
    return Radius(
        node, title(graph, node), now, shown, _plans(graph, fallen, shown, plans), tuple(_notes(graph, node, fallen))
    )


def _with_overloads(graph: Graph, node: Node) -> dict[Node, Fallen]:
    """What falls, and what may because a feed that stands has to carry more than it has."""
    fallen = fall(graph.needs, [node])
    lost = {one for one, how in fallen.items() if how.level is Level.FALLS}
    feeds = {key for kind, key in lost if kind == "feed"}
    shaken = overloads(graph.items, feeds, {key for kind, key in lost if kind == "system"})
    if not shaken:
        return fallen
    whys = {("feed", key): Need(frozenset(("feed", f) for f in feeds), False, why) for key, why in shaken.items()}
    return fall(graph.needs, [node], whys)


def _told(graph: Graph) -> set[Node]:
    """The copies of which their sources tell: a row of their own would say the same twice."""
    places = {copy.place for served in graph.served.values() for copy in served.copies}
    groups = {served.name for node, served in graph.served.items() if node[0] == "pgroup" and served.serving}
    replicas = {
        node
        for node, served in graph.served.items()
        if node[0] == "pgroup" and not served.serving and served.name.rpartition(":")[2] in groups
    }
    return replicas | {node for node in places if node in graph.served}


_KINDS = ("lpar", "vm", "pgroup", "pod", "rcg")


def _hits(
    graph: Graph,
    node: Node,
    served: Served,
    fallen: Mapping[Node, Fallen],
    index: Mapping[Node, tuple[str, str]],
    now: datetime,
) -> Iterable[Hit]:
    plan, application = index.get(node, (None, None))
    known = fallen.get(node)
    if known is not None:
        effect = Effect.FALLS if known.level is Level.FALLS else Effect.MAY
        bound = _bound(graph, node, served, fallen, now) if served.serving else None
        effect = effect if served.serving else Effect.STANDBY
        stays = storage_stays(graph, node, fallen) if served.serving else None
        words = because(graph, node, fallen)
        yield Hit(node, served.name, served.site, effect, words, bound, stays, plan, application)
    elif served.serving:
        lost = [copy for copy in served.copies if _copy_level(copy, fallen) is not Level.STANDS]
        if lost:
            rest = len(served.copies) - len(lost)
            words = f"its copy on {lost[0].where}" + (f"; {rest} more stay" if rest else "")
            yield Hit(node, served.name, served.site, Effect.BARE, words, None, None, plan, application)


def storage_stays(graph: Graph, node: Node, fallen: Mapping[Node, Fallen]) -> bool | None:
    """Whether the arrays that it has its data on stand, so that nothing of it is lost yet; None: not known, as it is of
    every VM: nobody says on which arrays datastores are."""
    on = [need for need in graph.needs.get(node, ()) if need.members and all(m[0] == "array" for m in need.members)]
    levels = [level_of(need, fallen) for need in on]
    if Level.FALLS in levels:
        return False
    return None if not on or Level.MAY in levels or any(not need.sure for need in on) else True


def because(graph: Graph, node: Node, fallen: Mapping[Node, Fallen]) -> str:
    """What it was lost with, from itself down to what was struck: ``P10-PAR-01, rack A7``."""
    words: list[str] = []
    seen = {node}
    here = node
    while (known := fallen.get(here)) is not None and known.by is not None:
        # Of several reasons the first that was told: where it stands comes before what feeds it.
        met = (need for need in graph.needs[here] if need.members and level_of(need, fallen) >= known.level)
        need = next(met, known.by)
        if need.why:
            words.append(need.why)
        here = min(need.members, key=lambda member: (member not in fallen, member))
        if here in seen:
            break
        seen.add(here)
        name = title(graph, here)
        if not need.why and not any(name.endswith(f" {said.rpartition(' ')[2]}") for said in words[-1:]):
            words.append(name)
    return ", ".join(words[:3]) if words else "it was struck itself"


# ------------------------------------------------------------------------------------------------------------ losses


def _copy_level(copy: Copy, fallen: Mapping[Node, Fallen]) -> Level:
    place = fallen.get(copy.place) if copy.place is not None else None
    over = level_of(copy.over, fallen) if copy.over is not None else Level.STANDS
    return max(place.level if place is not None else Level.STANDS, over)


def _own(served: Served, fallen: Mapping[Node, Fallen], now: datetime) -> Bound:
    """How much is lost of what has copies of its own: the youngest that certainly stays. A copy that only lost its
    link stays: what counts is where it is."""
    if not served.known:
        return NOT_KNOWN
    found: list[Bound] = []
    for copy in served.copies:
        place = fallen.get(copy.place) if copy.place is not None else None
        if place is not None and place.level is Level.FALLS:
            continue
        if place is not None or copy.place is None:
            found.append(NOT_KNOWN)
        elif copy.live:
            found.append(Bound(BoundKind.KNOWN, 0.0))
        elif copy.at is not None:
            found.append(Bound(BoundKind.KNOWN, max(0.0, (now - copy.at).total_seconds())))
        elif not copy.dated:
            found.append(NOT_KNOWN)
    best = [bound for bound in found if bound.kind is BoundKind.KNOWN]
    if best:
        return min(best, key=lambda bound: bound.seconds or 0.0)
    return NOT_KNOWN if NOT_KNOWN in found else NO_COPY


def _bound(graph: Graph, node: Node, served: Served, fallen: Mapping[Node, Fallen], now: datetime) -> Bound:
    if served.bare:
        return NO_COPY
    if node[0] != "lpar":
        return _own(served, fallen, now)
    if not served.known or not served.rests:
        return NOT_KNOWN
    return worst(_own(graph.served[rest], fallen, now) for rest in served.rests) or NOT_KNOWN


# ------------------------------------------------------------------------------------------------------------- plans


def _members(graph: Graph, plans: Sequence[Planned], replicated: Sequence[Replicated]) -> dict[Node, tuple[str, str]]:
    """Plan and application of each node that is a member of one."""
    by_name: dict[tuple[str, str], list[Node]] = {}
    for node, served in graph.served.items():
        by_name.setdefault((node[0], served.name), []).append(node)
        if node[0] == "pgroup" and ":" in served.name:
            by_name.setdefault((node[0], served.name.rpartition(":")[2]), []).append(node)
    machines = {one.name: one.vm for one in replicated}
    found: dict[Node, tuple[str, str]] = {}
    for plan in plans:
        for application, members in plan.applications:
            for member in members:
                name = machines.get(member.name, member.name) if member.kind == "vm" else member.name
                for node in by_name.get((member.kind, name), ()):
                    if _is_member(graph, node, member, plan):
                        found.setdefault(node, (plan.name, application))
    return found


def _is_member(graph: Graph, node: Node, member: PlannedMember, plan: Planned) -> bool:
    """A member, or its stand-by at the other site."""
    served = graph.served[node]
    if member.system is not None and served.site == plan.source:
        on = {graph.names.get(m) for need in graph.needs.get(node, ()) for m in need.members if m[0] == "power"}
        return member.system in on
    return served.site in (plan.source, plan.target, None)


def _plans(
    graph: Graph, fallen: Mapping[Node, Fallen], hits: Sequence[Hit], plans: Sequence[Planned]
) -> tuple[PlanHit, ...]:
    found = []
    for plan in plans:
        mine = [hit for hit in hits if hit.plan == plan.name]
        down = [hit for hit in mine if hit.effect in (Effect.FALLS, Effect.MAY)]
        if not down:
            continue
        names = dict.fromkeys(hit.application or "" for hit in down)
        bounds = {n: worst(h.bound for h in down if h.application == n and h.bound is not None) for n in names}
        applications = tuple((name, bound or NOT_KNOWN) for name, bound in bounds.items())
        against = []
        target = fallen.get(("site", plan.target))
        if target is not None:
            against.append(f"its target {plan.target} falls too")
        else:
            lost = sum(hit.effect is Effect.STANDBY for hit in mine)
            if lost:
                against.append(f"{lost} of its stand-bys {'falls' if lost == 1 else 'fall'} too")
        elsewhere = sorted({hit.name for hit in down if hit.site not in (plan.source, None)})
        if elsewhere:
            against.append(f"it goes from {plan.source} to {plan.target}: {', '.join(elsewhere)} runs elsewhere")
        whole = worst(bound for _, bound in applications) or NOT_KNOWN
        found.append(PlanHit(plan.name, plan.source, plan.target, applications, whole, tuple(against)))
    return tuple(found)


# ------------------------------------------------------------------------------------------------------------- notes


def _notes(graph: Graph, node: Node, fallen: Mapping[Node, Fallen]) -> Iterable[str]:
    site = graph.sites.get(node)
    if node[0] in ("row", "rack", "feed"):
        loose = sorted(one.name for one in graph.linked.loose if one.site == site)
        if loose:
            yield f"Not known to stand in any rack of {site}, so they may stand here too: {', '.join(loose)}."
        homeless = sorted(
            system.name for system in graph.linked.systems.values() if system.site == site and system.rack is None
        )
        if homeless:
            yield f"At {site} in no rack that is told: {', '.join(homeless)}."
    arrays = [one for one, how in fallen.items() if one[0] == "array" and how.level is not Level.STANDS]
    at = {graph.sites.get(array) for array in arrays}
    machines = [
        one
        for one, served in graph.served.items()
        if one[0] == "vm" and served.site in at and one not in fallen and served.serving
    ]
    if arrays and machines:
        yield f"Which array the datastores of {len(machines)} VMs are on is not known: they may fall too."
