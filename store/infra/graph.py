"""The graph of needs of a whole estate: places, what stands in them, and what runs on that. Pure.

Kinds of nodes: ``site row rack feed link vlan system`` of the infrastructure, ``power array esxi`` of what drivers
discovered, ``lpar vm pgroup pod rcg`` of what runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field

from store.infra.falling import Need, Node
from store.infra.linking import Found, Linked, discovered, linked
from store.infra.records import Feed, Item, Link, Rack, Site, System, SystemType, Vlan
from store.record import Record
from store.view import EstateView

NODE_KINDS = {"system": "power", "flasharray": "array", "storage": "array", "esxi": "esxi"}
"""The kind of node by the kind of object."""


class Copy(Record, frozen=True):
    """A copy of what a node serves. ``place`` is what it falls with, None: not known. ``at``: its point in time (UTC),
    None: there is no complete one; ``live``: every write is there too. ``dated`` False: there is
    one, and nobody knows of when. ``over``: the links that keep it current."""

    place: Node | None
    where: str
    at: datetime | None = None
    live: bool = False
    dated: bool = True
    over: Need | None = None


class Served(Record, frozen=True):
    """Something that runs, or stands by for it. ``copies`` are its own; ``rests`` the nodes whose copies it comes back
    from; ``bare``: part of it is copied nowhere. ``known`` False: what it rests on is not known."""

    name: str
    site: str | None
    serving: bool = True
    copies: tuple[Copy, ...] = ()
    rests: frozenset[Node] = frozenset()
    bare: bool = False
    known: bool = True


class Graph(Struct):
    """``needs`` of every node, ``names`` of those that are not what runs, ``served`` of those that are. ``sites`` is
    where a node stands; ``types`` what each system is; ``stands`` says which system a discovered one is;
    ``items`` are those that it was made of."""

    needs: dict[Node, list[Need]] = field(default_factory=lambda: defaultdict(list))
    names: dict[Node, str] = field(default_factory=dict)
    served: dict[Node, Served] = field(default_factory=dict)
    sites: dict[Node, str] = field(default_factory=dict)
    links: dict[frozenset[str], list[Node]] = field(default_factory=lambda: defaultdict(list))
    vlans: set[Node] = field(default_factory=set)
    types: dict[Node, SystemType] = field(default_factory=dict)
    stands: dict[Node, Node] = field(default_factory=dict)
    linked: Linked = field(default_factory=Linked)
    items: tuple[Item, ...] = ()

    def need(self, node: Node, *members: Node, sure: bool = True, why: str = "") -> None:
        """``node`` needs one of these."""
        if members:
            self.needs[node].append(Need(frozenset(members), sure, why))

    def over(self, one: str | None, other: str | None) -> Need | None:
        """The links between two sites; None where none is told."""
        nodes = self.links.get(frozenset((one or "", other or "")))
        return Need(frozenset(nodes)) if nodes else None


def graph(items: Iterable[Item], view: EstateView, sites: Iterable[str]) -> Graph:
    """The graph of everything that is known. ``sites`` are those of the settings."""
    from store.infra.workloads import add_workloads

    every = tuple(items)
    made = Graph(items=every)
    for name in dict.fromkeys((*sites, *(item.name for item in every if isinstance(item, Site)))):
        made.names["site", name] = name
        made.sites["site", name] = name
    racks = {item.key: item for item in every if isinstance(item, Rack)}
    for item in every:
        _add(made, item, racks)
    made.linked = linked(every, discovered(view))
    _add_found(made, [*made.linked.found.values(), *made.linked.loose], made.linked)
    add_workloads(made, view)
    return made


def _add(made: Graph, item: Item, racks: Mapping[str, Rack]) -> None:
    match item:
        case Rack():
            node: Node = ("rack", item.key)
            made.names[node], made.sites[node] = item.name, item.site
            if item.row is None:
                made.need(node, ("site", item.site))
            else:
                row: Node = ("row", f"{item.site}/{item.row}")
                if row not in made.names:
                    made.names[row], made.sites[row] = item.row, item.site
                    made.need(row, ("site", item.site))
                made.need(node, row)
        case Feed():
            _at_site(made, ("feed", item.key), item.name, item.site)
        case Vlan():
            _at_site(made, ("vlan", item.key), item.name or f"VLAN {item.vid}", item.site)
            made.vlans.add(("vlan", item.key))
        case Link():
            node = ("link", item.key)
            made.names[node] = item.name
            made.links[item.sites].append(node)
            made.need(node, ("site", item.site))
            made.need(node, ("site", item.other_site))
        case System():
            _add_system(made, item, racks.get(item.rack_key or ""))


def _at_site(made: Graph, node: Node, name: str, site: str) -> None:
    made.names[node], made.sites[node] = name, site
    made.need(node, ("site", site))


def _add_system(made: Graph, item: System, rack: Rack | None) -> None:
    node: Node = ("system", item.name)
    made.names[node], made.sites[node] = item.name, item.site
    made.types[node] = item.type
    made.need(node, ("rack", rack.key) if rack is not None else ("site", item.site))
    made.need(node, *(("feed", f"{item.site}/{name}") for name in item.feeds))
    made.need(node, *(("system", name) for name in item.switches), why="cut off from the network")
    if rack is not None and not item.feeds and item.type is not SystemType.OTHER:
        feeds: list[Node] = [("feed", f"{rack.site}/{name}") for name in rack.feeds]
        made.need(node, *feeds)
        for feed in feeds if len(feeds) > 1 else ():
            made.need(
                node,
                feed,
                sure=False,
                why=f"nobody says whether it hangs on feed {made.names.get(feed, feed[1])} alone",
            )


def _add_found(made: Graph, found: Iterable[Found], links: Linked) -> None:
    for one in found:
        node: Node = (NODE_KINDS[one.kind], one.key)
        made.names[node] = one.name
        if one.site is not None:
            made.sites[node] = one.site
        system = links.systems.get((one.kind, one.key))
        if system is not None:
            made.stands[node] = ("system", system.name)
            made.need(node, made.stands[node])
        elif one.site is not None:
            made.need(node, ("site", one.site))
