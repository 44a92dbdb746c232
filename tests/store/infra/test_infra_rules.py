"""What cannot be so of an infrastructure: room that is taken twice, or not there, and power that no feed has."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from store.infra.records import Feed, Item, Kind, Link, Rack, Site, System, SystemType
from store.infra.rules import conflicts, loads, overloads
from tests.store.infra.standing import OSLO, racks_of_systems


def said(items: tuple[Item, ...]) -> list[str]:
    return [f"{one.about[0]} {one.about[1]}: {one.text}" for one in conflicts(items)]


def test_an_infrastructure_without_conflicts_has_none_but_what_a_failing_feed_would_bring() -> None:
    found = conflicts(OSLO)
    assert [(one.about, one.only_if) for one in found] == [((Kind.FEED, "oslo/A"), True)]
    assert "if the other feeds fail 9300 W are drawn from it, beyond its 9000 W" in found[0].text


def test_two_systems_on_one_unit_are_a_conflict_that_names_both() -> None:
    other = System("nas1", "oslo", SystemType.OTHER, "A7", 16.0, 2.0)
    assert "system nas1: U 16 to 17 of rack A7 is taken by P10-OSLO-01, at U 2 to 16" in said((*OSLO, other))


def test_front_and_rear_of_one_unit_are_free_for_one_system_each() -> None:
    rack = (Site("oslo"), Rack("oslo", "R1"))
    front, rear, deep = (
        System(name, "oslo", SystemType.OTHER, "R1", 5.0, face=face)  # type: ignore[arg-type]
        for name, face in (("a", "front"), ("b", "rear"), ("c", None))
    )
    assert said((*rack, front, rear)) == []
    assert len(said((*rack, front, rear, deep))) == 2


def test_a_system_beyond_its_rack_is_a_conflict() -> None:
    tall = System("tall", "oslo", SystemType.OTHER, "A7", 42.0, 2.0)
    assert "system tall: U 42 to 43 is beyond rack A7, which has U 1 to 42" in said((*OSLO, tall))


def test_more_than_a_feed_has_is_a_conflict_while_nothing_fails() -> None:
    hungry = System("oven", "oslo", SystemType.OTHER, "A7", 30.0, watts=6000, feeds=("A",))
    assert any(text.startswith("feed oslo/A: 11850 W are drawn from it, beyond its 9000 W") for text in
               said((*OSLO, hungry)))  # fmt: skip


def test_names_that_nothing_has_are_conflicts_that_say_what_there_is() -> None:
    lost = System("x", "oslo", SystemType.OTHER, "Z9", 1.0, feeds=("C",), switches=("sw9",))
    found = "\n".join(said((*OSLO, lost, Rack("malmo", "M1"), Link("ring", "oslo", "oslo"))))
    for words in (
        "no rack is called Z9 (there are: A6, A7) at oslo",
        "no feed is called C (there are: A, B) at oslo",
        "no system is called sw9",
        "no site is called malmo (there are: bergen, oslo)",
        "both of its ends are at oslo",
    ):
        assert words in found


@given(racks_of_systems())
def test_collisions_are_exactly_the_pairs_that_share_half_a_unit_and_a_side(items: tuple[Item, ...]) -> None:
    systems = [item for item in items if isinstance(item, System) and item.u is not None and item.rack is not None]

    def room(system: System) -> set[tuple[str | None, float, str]]:
        assert system.u is not None
        halves = [system.u + half / 2 for half in range(int(system.height * 2))]
        sides = ("front", "rear") if system.face is None else (system.face.value,)
        return {(system.rack, half, side) for half in halves for side in sides}

    expected = {frozenset((a.name, b.name)) for a, b in combinations(systems, 2) if room(a) & room(b)}
    found = {
        frozenset((one.about[1], one.other[1]))
        for one in conflicts(items)
        if one.other is not None and one.other[0] is Kind.SYSTEM
    }
    assert found == expected
    beyond = {s.name for s in systems if s.height > 0 and s.u is not None and (s.u < 1 or s.u + s.height > 13)}
    assert {one.about[1] for one in conflicts(items) if one.other and one.other[0] is Kind.RACK} == beyond


@given(racks_of_systems())
def test_what_is_drawn_is_what_the_systems_with_a_feed_draw_and_never_less_alone(items: tuple[Item, ...]) -> None:
    racks = {item.key: item for item in items if isinstance(item, Rack)}
    fed = 0.0
    for item in items:
        if isinstance(item, System):
            rack = racks.get(item.rack_key or "")
            if item.feeds or (rack is not None and rack.feeds):
                fed += item.watts or 0
    found = loads(items)
    assert abs(sum(load.shared for load in found.values()) - fed) < 1e-6
    assert all(load.alone >= load.shared for load in found.values())
    over = {one.about[1] for one in conflicts(items) if one.about[0] is Kind.FEED}
    feeds = {item.key: item.capacity_w for item in items if isinstance(item, Feed)}
    assert over == {key for key, load in found.items() if (most := feeds[key]) is not None and load.alone > most}


@given(racks_of_systems(), st.sets(st.sampled_from(["oslo/A", "oslo/B"])))
def test_a_lost_feed_overloads_only_feeds_that_stand_and_never_by_more_than_all_that_is_drawn(
    items: tuple[Item, ...], lost: set[str]
) -> None:
    found = overloads(items, lost, ())
    assert not lost & found.keys()
    alone = {key for key, load in loads(items).items() if load.alone > (_capacity(items, key) or 10**9)}
    assert found.keys() <= alone, "a warning stands on each of them while nothing is lost"
    assert overloads(items, (), ()) == {}
    everything = [item.name for item in items if isinstance(item, System)]
    assert overloads(items, lost, everything) == {}


def _capacity(items: tuple[Item, ...], key: str) -> int | None:
    return next(item.capacity_w for item in items if isinstance(item, Feed) and item.key == key)
