"""Naming conventions: what a pattern means, and which names break it. No device is asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.naming import Kind, Named, Naming, PatternError, check, compiled

SITES = ("paris", "lyon.2")


def broken(naming: Naming, *names: Named, site: str = "paris") -> list[str]:
    return [each.name for each in check(naming, "fa", site, SITES, names).breaks]


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("vol[0-9]{2}", "vol01", "vol1"),
        ("vol[0-9]+", "vol1", "vol1x"),
        ("a|bc", "bc", "abc"),
        ("{lpar}_rootvg", "erp_db1_rootvg", "_rootvg"),
        ("{lpar}_{site}", "erp-db_paris", "erp-db_lyon.2"),
        ("{site}-.*", "paris-x", "parisx"),
        ("(?i)ERP.*", "erp1", "crm1"),
    ],
)
def test_the_whole_name_must_match_with_its_placeholders_filled_in(pattern: str, good: str, bad: str) -> None:
    naming = Naming(volume=pattern)
    names = [Named(Kind.VOLUME, good), Named(Kind.VOLUME, bad)]
    assert broken(naming, *names) == [bad]


def test_a_site_is_its_name_and_no_expression() -> None:
    assert broken(Naming(host="{site}"), Named(Kind.HOST, "lyon-2"), site="lyon.2") == ["lyon-2"]


def test_what_came_by_replication_may_name_any_site() -> None:
    naming = Naming(volume="{site}-.*", snapshot="{site}")
    here, moved = Named(Kind.VOLUME, "lyon.2-a"), Named(Kind.VOLUME, "web::lyon.2-b", moved=True)
    snapshot = Named(Kind.SNAPSHOT, "fa-lyon:pg.lyon.2", moved=True)
    assert broken(naming, here, moved) == ["lyon.2-a"]
    assert broken(Naming(snapshot="2"), snapshot) == [], "a suffix is what stands behind the last dot"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.VOLUME, "web::vol1"),
        (Kind.VOLUME, "vg/vol1"),
        (Kind.VOLUME, "web::vg/vol1"),
        (Kind.SNAPSHOT, "pg.vol1"),
        (Kind.SNAPSHOT, "fa-prd:pg.vol1"),
        (Kind.SNAPSHOT, "web::pg.vol1"),
        (Kind.PGROUP, "web::vol1"),
        (Kind.HOST, "vol1"),
    ],
)
def test_the_part_counts_that_a_person_chose(kind: Kind, name: str) -> None:
    assert broken(Naming(**{str(kind): "vol1"}), Named(kind, name)) == []
    assert broken(Naming(**{str(kind): "vol2"}), Named(kind, name)) == [name]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.SNAPSHOT, "pg.drdeck-1126-0312-a7f3c1"),
        (Kind.SNAPSHOT, "pg.4711"),
        (Kind.VOLUME, "erp_rootvg-drill-1126-0312-a7f3c1"),
    ],
)
def test_what_nobody_chose_breaks_nothing(kind: Kind, name: str) -> None:
    assert broken(Naming(volume="x", snapshot="x"), Named(kind, name)) == []


@pytest.mark.parametrize("name", ["4711", "drdeck-1126-0312-a7f3c1"])
def test_a_host_of_such_a_name_was_chosen(name: str) -> None:
    assert broken(Naming(host="x"), Named(Kind.HOST, name)) == [name]


def test_kinds_without_a_pattern_are_not_counted_and_breaks_come_in_order() -> None:
    names = [Named(Kind.HOST, "b"), Named(Kind.PGROUP, "z"), Named(Kind.VOLUME, "y"), Named(Kind.HOST, "a")]
    found = check(Naming(host="h", volume="v"), "fa", "paris", SITES, names)
    assert (found.count, [(each.kind, each.name) for each in found.breaks]) == (
        3,
        [(Kind.VOLUME, "y"), (Kind.HOST, "a"), (Kind.HOST, "b")],
    )


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("[a-", "a regular expression"), ("{lprr}.*", "{lprr} is none"), ("(", "a regular expression")],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern: str, said: str) -> None:
    with pytest.raises(PatternError, match=re.escape(said)):
        compiled(pattern, SITES)


@given(st.text(max_size=40) | st.text("ab[]{}()|*+?\\^.0-9,lparsite", max_size=40))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    try:
        assert compiled(text, SITES).fullmatch("") or True
    except PatternError as error:
        assert str(error)
