"""How an order about protection groups is completed while it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pgroup_words import completions
from screens.scene import Scene
from store.estate import PgroupTarget
from tests.screens.estate import calm, entry, pgroup, troubled, with_own


def _scene() -> Scene:
    estate = with_own(troubled())
    estate.entries.append(entry(pgroup("fa-bergen", "pg-dev", (), targets=()), "fa-bergen"))
    estate.entries.append(entry(pgroup("fa-bergen", "pg-erp", (), targets=()), "fa-bergen"))
    estate.entries.append(entry(pgroup("fa-oslo", "pg-dead", (), destroyed=True), "fa-oslo"))
    estate.entries.append(entry(pgroup("fa-oslo", "pg-gone", ()), "fa-oslo", gone=True))
    return estate.scene()


SCENE = _scene()
OSLO = "pg-erp pg-late pg-local pg-new pg-off pg-refused pg-web"


def words(typed: str) -> str:
    """What could follow: the last words."""
    found = completions(typed, SCENE)
    assert all(text.startswith(typed.rpartition(" ")[0]) for text in found)
    return " ".join(sorted(text.rpartition(" ")[2] for text in found))


@pytest.mark.parametrize(
    ("typed", "follow"),
    [
        ("", "clone restore snapshot"),
        ("pg", "clone restore snapshot"),
        ("pgroup ", "clone restore snapshot"),
        ("pgroup cl", "clone restore snapshot"),
        ("pgroup fly ", ""),
        ("rcg failover ", ""),
        ("pgroup clone", f"pg-dev {OSLO}"),
        ("pgroup clone pg", f"pg-dev {OSLO}"),
        ("pgroup restore --on fa-oslo ", f"pg-dev {OSLO}"),
        ("pgroup restore pg-erp ", "40 41"),
        ("pgroup clone pg-erp --on fa-oslo ", "40 41"),
        ("pgroup clone pg-erp --on fa-bergen ", ""),
        ("pgroup snapshot pg-erp ", "drdeck-0301-0300"),
        ("pgroup snapshot pg-erp s1 ", "--on --replicate"),
        ("pgroup snapshot pg-erp s1 --replicate ", "--on --to"),
        ("pgroup snapshot pg-erp s1 --replicate --to fa-bergen ", "--on"),
        ("pgroup snapshot pg-erp s1 --on ", "fa-bergen fa-oslo"),
        ("pgroup snapshot pg-web s1 --on ", "fa-oslo"),
        ("pgroup snapshot pg-erp s1 --replicate --to ", "fa-bergen"),
        ("pgroup restore pg-erp 41 -", "--on"),
        ("pgroup clone pg-erp 41 ", "--onto"),
        ("pgroup clone pg-erp 41 --on fa-oslo -", "--onto"),
        ("pgroup clone pg-erp 41 --onto pg-web -", "--on --replicate"),
    ],
)
def test_each_word_is_offered_when_its_turn_comes(typed: str, follow: str) -> None:
    assert words(typed) == follow


@pytest.mark.parametrize(
    ("typed", "follow"),
    [
        ("pgroup clone pg-web 7 --onto ", OSLO.replace(" pg-web", "")),
        ("pgroup clone pg-erp 41 --on fa-oslo --onto ", OSLO.replace("pg-erp ", "")),
        ("pgroup clone pg-erp 41 --on fa-bergen --onto ", "pg-dev"),
        ("pgroup clone pg-web 7 --replicate --onto ", "pg-dev pg-erp"),
        ("pgroup clone pg-web 7 --replicate --to fa-bergen --onto ", "pg-dev pg-erp"),
    ],
)
def test_a_clone_goes_to_another_group_of_the_array_that_it_is_made_on(typed: str, follow: str) -> None:
    assert words(typed) == follow


def test_groups_that_are_replicas_destroyed_or_gone_are_not_offered() -> None:
    found = words("pgroup snapshot ")
    assert "fa-oslo:pg-erp" not in found
    assert "pg-dead" not in found
    assert "pg-gone" not in found


def test_a_target_that_no_configured_array_is_is_offered_for_nothing() -> None:
    estate = calm()
    estate.entries.append(entry(pgroup("fa-oslo", "pg-far", (), targets=(PgroupTarget("elsewhere", True),)), "fa-oslo"))
    assert completions("pgroup snapshot pg-far s1 --replicate --to ", estate.scene()) == []


@given(st.text("pgroup clone-n24  fa", max_size=40))
def test_whatever_is_typed_is_completed_or_not(typed: str) -> None:
    assert all(text.startswith("pgroup ") for text in completions(typed, SCENE))
