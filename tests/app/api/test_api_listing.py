"""Pages of a list: nothing that is there throughout is skipped or met twice, whatever happens meanwhile."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.listing import Listing, Row

IDS = st.text(min_size=1, max_size=4)


def rows(ids: set[str], site: str = "a") -> Listing:
    return Listing(Row(each, {"site": site}, json.dumps({"id": each}).encode()) for each in ids)


@given(
    st.sets(IDS, max_size=30),
    st.lists(st.tuples(st.sets(IDS, max_size=5), st.sets(IDS, max_size=5)), max_size=8),
    st.integers(1, 7),
)
def test_what_is_there_throughout_is_met_exactly_once_while_others_come_and_go(
    ids: set[str], changes: list[tuple[set[str], set[str]]], most: int
) -> None:
    there, throughout, met, after = set(ids), set(ids), [], None
    steps = iter(changes)
    while True:
        page = rows(there).page({}, after, most)
        met += [row["id"] for row in json.loads(page.body)["items"]]
        assert json.loads(page.body)["next"] == page.next
        if page.next is None:
            break
        after = page.next
        came, went = next(steps, (set(), set()))
        there = (there | came) - went
        throughout -= went
    assert len(met) == len(set(met))
    assert throughout <= set(met)
    assert met == sorted(met)


def test_five_thousand_objects_are_paged_with_none_skipped() -> None:
    """DCM-14"""
    ids = {f"lpar:{number}" for number in range(5_000)}
    listing, met, after = rows(ids), [], None
    while True:
        page = listing.page({}, after, 97)
        met += [row["id"] for row in json.loads(page.body)["items"]]
        if page.next is None:
            break
        after = page.next
    assert met == sorted(ids)


@given(st.sets(IDS, max_size=20), st.sets(IDS, max_size=20))
def test_what_changed_is_told_once_for_each_row(before: set[str], after: set[str]) -> None:
    told = rows(after).changes(rows(before))
    assert {row for what, row in told if what == "added"} == after - before
    assert {row for what, row in told if what == "removed"} == before - after
    assert [row for _, row in told] == sorted((before | after) - (before & after))


def test_a_row_whose_body_changed_is_told_as_changed() -> None:
    old, new = Listing([Row("a", {}, b"1")]), Listing([Row("a", {}, b"2")])
    assert new.changes(old) == [("changed", "a")]


@given(st.sets(IDS, max_size=20), IDS)
def test_a_row_is_found_by_its_id_alone(ids: set[str], other: str) -> None:
    listing = rows(ids)
    for each in ids:
        found = listing.get(each)
        assert found is not None
        assert found.id == each
    assert (listing.get(other) is not None) == (other in ids)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["up", "down", ""])), max_size=20),
    st.fixed_dictionaries(
        {}, optional={"site": st.sampled_from(["a", "b", "?", "z"]), "state": st.sampled_from(["up", "d*", ""])}
    ),
    st.integers(1, 5),
)
def test_the_pages_of_a_filter_hold_every_row_that_fits_and_no_other(
    there: list[tuple[str, str]], wanted: dict[str, str], most: int
) -> None:
    listing = Listing(
        Row(f"{n:02}", {"site": site, "state": state} if state else {"site": site}, str(n).encode())
        for n, (site, state) in enumerate(there)
    )
    met: list[int] = []
    after = None
    while True:
        page = listing.page(wanted, after, most)
        met += json.loads(page.body)["items"]
        if page.next is None:
            break
        after = page.next
    fits = {"a": "a", "b": "b", "?": "abc", "z": "", "up": ("up",), "d*": ("down",), "": ("",)}
    assert met == [
        n
        for n, (site, state) in enumerate(there)
        if site in fits[wanted.get("site", "?")] and ("state" not in wanted or state in fits[wanted["state"]])
    ]


def test_brackets_in_a_filter_stand_for_themselves() -> None:
    listing = Listing([Row("1", {"site": "a[b]c"}, b"1"), Row("2", {"site": "abc"}, b"2")])
    assert listing.page({"site": "a[b]*"}, None, 9).body == b'{"items":[1],"next":null}'
    assert listing.page({"site": "a?c"}, None, 9).body == b'{"items":[2],"next":null}'


def test_two_rows_of_one_id_are_a_defect() -> None:
    with pytest.raises(ValueError, match="two rows"):
        Listing([Row("1", {}, b""), Row("1", {}, b"")])
