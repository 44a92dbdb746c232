"""What cannot be so: two systems on one unit, beyond a rack, more power than a feed has, names that nothing has. Pure.

A file with such a conflict is refused. Of a NetBox, and of what drivers discovered, it is shown and stored as it is:
it has to be put right there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from store.infra.records import Face, Feed, Item, Kind, Link, Plain, Rack, Ref, Site, System, Vlan, ref_of
from store.record import Record


class Conflict(Record, frozen=True):
    """``about`` cannot stand as it does, in a sentence without its end; ``other`` is what it stands against, where that
    is an item too. ``only_if``: it holds as long as nothing fails."""

    about: Ref
    text: str
    other: Ref | None = None
    only_if: bool = False


class _Known(Record, frozen=True):
    sites: frozenset[str]
    racks: Mapping[str, Rack]
    feeds: Mapping[str, Feed]
    systems: Mapping[str, System]

    def feeds_of(self, system: System) -> tuple[str, ...]:
        """The keys of the feeds that a system draws from: its own, else those of its rack."""
        rack = self.racks.get(system.rack_key or "")
        names = system.feeds or (rack.feeds if rack is not None else ())
        return tuple(f"{system.site}/{name}" for name in names)


def conflicts(items: Iterable[Item], sites: Collection[str] = ()) -> tuple[Conflict, ...]:
    """Everything that cannot be so among all items that there are. ``sites`` are known besides."""
    every = tuple(items)
    known = _Known(
        frozenset(sites) | {item.name for item in every if isinstance(item, Site)},
        {item.key: item for item in every if isinstance(item, Rack)},
        {item.key: item for item in every if isinstance(item, Feed)},
        {item.key: item for item in every if isinstance(item, System)},
    )
    found: list[Conflict] = []
    for item in every:
        found += _names(item, known)
    found += _places(known)
    found += _power(known)
    return tuple(found)


# ------------------------------------------------------------------------------------------------------------- names


def _names(item: Item, known: _Known) -> Iterator[Conflict]:
    """What an item names has to be there."""
    ref = ref_of(item)
    match item:
        case Rack(site=site) | Feed(site=site) | Vlan(site=site) | System(site=site) if site not in known.sites:
            yield Conflict(ref, _unknown("site", site, known.sites))
        case Rack():
            yield from _feeds(ref, item.site, item.feeds, known)
        case System():
            yield from _system(ref, item, known)
        case Link():
            missing = [site for site in (item.site, item.other_site) if site not in known.sites]
            yield from (Conflict(ref, _unknown("site", site, known.sites)) for site in missing)
            if item.site == item.other_site:
                yield Conflict(ref, f"both of its ends are at {item.site}")
        case Site() | Feed() | Vlan() | Plain():
            return


def _system(ref: Ref, item: System, known: _Known) -> Iterator[Conflict]:
    if item.rack_key is not None and item.rack_key not in known.racks:
        at = [rack.name for rack in known.racks.values() if rack.site == item.site]
        yield Conflict(ref, f"{_unknown('rack', item.rack or '', at)} at {item.site}")
    if item.u is not None and item.rack is None:
        yield Conflict(ref, f"it stands at U {item.u:g} of no rack")
    yield from _feeds(ref, item.site, item.feeds, known)
    for name in item.switches:
        if name not in known.systems:
            yield Conflict(ref, f"no system is called {name}, and it hangs on that switch")
        elif name == item.name:
            yield Conflict(ref, "it hangs on itself")


def _feeds(ref: Ref, site: str, names: Iterable[str], known: _Known) -> Iterator[Conflict]:
    for name in names:
        if f"{site}/{name}" not in known.feeds:
            there = [feed.name for feed in known.feeds.values() if feed.site == site]
            yield Conflict(ref, f"{_unknown('feed', name, there)} at {site}")


def _unknown(what: str, name: str, there: Collection[str]) -> str:
    return f"no {what} is called {name} (there are: {', '.join(sorted(there)) or 'none'})"


# ------------------------------------------------------------------------------------------------------------ places


def _places(known: _Known) -> Iterator[Conflict]:
    """Units that two systems take, and units that a rack does not have."""
    standing: dict[str, list[System]] = defaultdict(list)
    for system in known.systems.values():
        if system.u is not None and system.height > 0 and system.rack_key is not None:
            standing[system.rack_key].append(system)
    for key, systems in standing.items():
        rack = known.racks.get(key)
        for system in systems:
            if rack is not None and not 1 <= system.u <= rack.units + 1 - system.height:  # type: ignore[operator]
                text = f"{units(system)} is beyond rack {rack.name}, which has U 1 to {rack.units}"
                yield Conflict(ref_of(system), text, ref_of(rack))
        yield from _collisions(sorted(systems, key=lambda system: (system.u or 0, system.name)))


def _collisions(systems: list[System]) -> Iterator[Conflict]:
    """Each pair that takes the same room; ``systems`` by their lowest unit."""
    for place, lower in enumerate(systems):
        top = (lower.u or 0) + lower.height
        for upper in systems[place + 1 :]:
            if (upper.u or 0) >= top:
                break
            if lower.face is None or upper.face is None or lower.face is upper.face:
                text = f"{units(upper)} of rack {upper.rack} is taken by {lower.name}, at {units(lower)}"
                yield Conflict(ref_of(upper), text, ref_of(lower))


def units(system: System) -> str:
    """Where it stands in its rack: ``U 12``, ``U 12 to 15``."""
    if system.u is None:
        return "no unit"
    top = system.u + max(system.height, 1.0) - 1
    side = f" {system.face}" if system.face in tuple(Face) else ""
    return f"U {system.u:g}{side}" if top <= system.u else f"U {system.u:g} to {top:g}{side}"


# ------------------------------------------------------------------------------------------------------------- power


class Load(Record, frozen=True):
    """What is drawn from a feed, in W: ``shared`` while every system draws from all of its feeds alike, ``alone`` if
    it were the last feed of each. ``untold`` counts the systems of which nobody says what they draw."""

    shared: float
    alone: float
    untold: int


def loads(items: Iterable[Item]) -> dict[str, Load]:
    """By the key of a feed; of one that nothing hangs on there is none."""
    every = tuple(items)
    racks = {item.key: item for item in every if isinstance(item, Rack)}
    systems = {item.key: item for item in every if isinstance(item, System)}
    return _loads(_Known(frozenset(), racks, {}, systems))


def _loads(known: _Known) -> dict[str, Load]:
    shared: dict[str, float] = defaultdict(float)
    alone: dict[str, float] = defaultdict(float)
    untold: dict[str, int] = defaultdict(int)
    for system in known.systems.values():
        feeds = known.feeds_of(system)
        for feed in feeds:
            shared[feed] += (system.watts or 0) / len(feeds)
            alone[feed] += system.watts or 0
            untold[feed] += system.watts is None
    return {feed: Load(shared[feed], alone[feed], untold[feed]) for feed in shared}


def overloads(items: Iterable[Item], feeds: Collection[str], systems: Collection[str]) -> dict[str, str]:
    """The feeds that would carry more than they have once these ``feeds`` and ``systems`` are lost, by their keys, and
    how much, in words. One that nothing more hangs on then is not among them."""
    every = tuple(items)
    racks = {item.key: item for item in every if isinstance(item, Rack)}
    known = _Known(frozenset(), racks, {}, {})
    drawn: dict[str, float] = defaultdict(float)
    more: set[str] = set()
    for system in every:
        if isinstance(system, System) and system.name not in systems:
            hung = known.feeds_of(system)
            left = [feed for feed in hung if feed not in feeds]
            for feed in left:
                drawn[feed] += (system.watts or 0) / len(left)
            if len(left) < len(hung):
                more.update(left)
    capacity = {item.key: item.capacity_w for item in every if isinstance(item, Feed)}
    return {
        feed: f"{drawn[feed]:.0f} W are drawn from it then, beyond its {most} W"
        for feed in sorted(more)
        if (most := capacity.get(feed)) is not None and drawn[feed] > most
    }


def _power(known: _Known) -> Iterator[Conflict]:
    for key, load in _loads(known).items():
        feed = known.feeds.get(key)
        if feed is None or feed.capacity_w is None:
            continue
        if load.shared > feed.capacity_w:
            text = f"{load.shared:.0f} W are drawn from it, beyond its {feed.capacity_w} W"
            yield Conflict((Kind.FEED, key), text)
        elif load.alone > feed.capacity_w:
            text = f"if the other feeds fail {load.alone:.0f} W are drawn from it, beyond its {feed.capacity_w} W"
            yield Conflict((Kind.FEED, key), text, only_if=True)
