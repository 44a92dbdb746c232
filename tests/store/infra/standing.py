"""Infrastructure for tests: the two sites of the estate of the screens' tests, and random ones."""

from __future__ import annotations

from hypothesis import strategies as st

from store.infra.graph import Graph, graph
from store.infra.records import Face, Feed, Item, Link, Rack, Site, System, SystemType, Vlan
from tests.screens.estate import SITES, Estate

NAMES = [site.name for site in SITES]

OSLO: tuple[Item, ...] = (
    Site("oslo", tier="III"),
    Site("bergen", tier="II"),
    Feed("oslo", "A", 9000),
    Feed("oslo", "B", 9000),
    Rack("oslo", "A6", "1", 42, ("A", "B")),
    Rack("oslo", "A7", "1", 42, ("A", "B")),
    Rack("bergen", "B1"),
    System(
        "P10-OSLO-01",
        "oslo",
        SystemType.MANAGED_SYSTEM,
        "A7",
        2.0,
        15.0,
        watts=5200,
        feeds=("A", "B"),
        serial="7801234",
    ),
    System("fa-oslo", "oslo", SystemType.ARRAY, "A6", 20.0, 6.0, watts=1700, feeds=("A", "B")),
    System("3par-oslo", "oslo", SystemType.ARRAY, "A6", 2.0, 8.0, watts=2400, feeds=("A",)),
    System("P10-BERGEN-01", "bergen", SystemType.MANAGED_SYSTEM, "B1", 2.0, 15.0, serial="7805678"),
    System("fa-bergen", "bergen", SystemType.ARRAY, "B1", 20.0, 6.0),
    Link("north", "oslo", "bergen", 5.5, 10**10),
    Vlan("oslo", 120, "PROD"),
)


def drawn(estate: Estate, items: tuple[Item, ...] = OSLO) -> Graph:
    return graph(items, estate.view(), NAMES)


def names(prefix: str, most: int) -> st.SearchStrategy[str]:
    return st.integers(1, most).map(lambda number: f"{prefix}{number}")


@st.composite
def racks_of_systems(draw: st.DrawFn) -> tuple[Item, ...]:
    """One site with up to three racks, two feeds, and systems that may stand anywhere in them, and too much."""
    items: dict[str, Item] = {"site": Site("oslo")}
    for name in ("A", "B"):
        items[f"feed {name}"] = Feed("oslo", name, draw(st.none() | st.integers(1, 9000)))
    feeds = st.sampled_from([(), ("A",), ("B",), ("A", "B")])
    for number in range(1, draw(st.integers(1, 3)) + 1):
        items[f"rack {number}"] = Rack("oslo", f"R{number}", draw(st.sampled_from([None, "1", "2"])), 12, draw(feeds))
    racks = [item.name for item in items.values() if isinstance(item, Rack)]
    for number in range(draw(st.integers(0, 7))):
        rack = draw(st.none() | st.sampled_from(racks))
        items[f"system {number}"] = System(
            f"s{number}",
            "oslo",
            SystemType.SERVER,
            rack,
            None if rack is None else draw(st.none() | st.integers(2, 28).map(lambda half: half / 2)),
            draw(st.integers(0, 8)) / 2,
            draw(st.sampled_from([None, Face.FRONT, Face.REAR])),
            draw(st.none() | st.integers(0, 5000)),
            draw(feeds),
        )
    return tuple(items.values())
