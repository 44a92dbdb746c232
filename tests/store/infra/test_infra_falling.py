"""What follows from what is struck: the least that the needs say, and nothing besides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from store.infra.falling import Fallen, Level, Need, Node, fall
from store.infra.graph import graph
from store.infra.records import Feed, Item, Rack, System
from store.view import EstateView
from tests.store.infra.standing import racks_of_systems

NODES: list[Node] = [("n", str(number)) for number in range(8)]
NEEDS = st.dictionaries(
    st.sampled_from(NODES),
    st.lists(st.builds(Need, st.frozensets(st.sampled_from(NODES), max_size=3), st.booleans()), max_size=3),
)
STRUCK = st.sets(st.sampled_from(NODES), max_size=2)


def slowly(needs: dict[Node, list[Need]], struck: set[Node]) -> dict[Node, Level]:
    """The same by looking at every need until nothing changes any more."""
    levels = dict.fromkeys(NODES, Level.STANDS) | dict.fromkeys(struck, Level.FALLS)
    while True:
        after = dict(levels)
        for node, wanted in needs.items():
            for need in wanted:
                if need.members:
                    level = min(levels[member] for member in need.members)
                    after[node] = max(after[node], level if need.sure else min(level, Level.MAY))
        if after == levels:
            return levels
        levels = after


def levels(found: dict[Node, Fallen]) -> dict[Node, Level]:
    return {node: found[node].level if node in found else Level.STANDS for node in NODES}


@given(NEEDS, STRUCK)
def test_what_falls_is_what_patience_finds(needs: dict[Node, list[Need]], struck: set[Node]) -> None:
    assert levels(fall(needs, struck)) == slowly(needs, struck)


@given(NEEDS, STRUCK, STRUCK)
def test_more_that_is_struck_never_saves_anything(
    needs: dict[Node, list[Need]], struck: set[Node], besides: set[Node]
) -> None:
    fewer, more = levels(fall(needs, struck)), levels(fall(needs, struck | besides))
    assert all(more[node] >= fewer[node] for node in NODES)


@given(NEEDS, STRUCK)
def test_every_fall_has_a_reason_that_falls_too(needs: dict[Node, list[Need]], struck: set[Node]) -> None:
    found = fall(needs, struck)
    for node, how in found.items():
        if how.by is None:
            assert node in struck
        else:
            assert how.by in needs[node] and all(member in found for member in how.by.members)


@given(racks_of_systems())
def test_a_site_takes_all_its_racks_and_systems_and_a_rack_all_that_stands_in_it(items: tuple[Item, ...]) -> None:
    needs = graph(items, EstateView(), ()).needs
    site = {node for node, how in fall(needs, [("site", "oslo")]).items() if how.level is Level.FALLS}
    for rack in (item for item in items if isinstance(item, Rack)):
        mine = {node for node, how in fall(needs, [("rack", rack.key)]).items() if how.level is Level.FALLS}
        assert mine <= site
        inside = {("system", item.name) for item in items if isinstance(item, System) and item.rack == rack.name}
        assert {node for node in mine if node[0] == "system"} == inside
    assert {("system", item.name) for item in items if isinstance(item, System)} <= site


@given(racks_of_systems(), st.sampled_from(["A", "B"]))
def test_a_system_on_two_feeds_outlives_either_and_falls_with_both(items: tuple[Item, ...], name: str) -> None:
    needs = graph(items, EstateView(), ()).needs
    one = fall(needs, [("feed", f"oslo/{name}")])
    both = fall(needs, [("feed", item.key) for item in items if isinstance(item, Feed)])
    racks = {item.key: item for item in items if isinstance(item, Rack)}
    for item in items:
        if not isinstance(item, System):
            continue
        node: Node = ("system", item.name)
        rack = racks.get(item.rack_key or "")
        of_rack = rack.feeds if rack is not None else ()
        if item.feeds == ("A", "B"):
            assert node not in one
        elif item.feeds:
            assert (node in one) is (item.feeds == (name,))
        elif len(of_rack) == 2:  # nobody says which of them it hangs on
            assert one[node].level is Level.MAY
        fed = bool(item.feeds or of_rack)
        assert (node in both) is fed and (not fed or both[node].level is Level.FALLS)
