"""How an order about LPARs is completed while it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.lpar_words import completions
from screens.scene import Scene
from store.estate import LparState
from store.readiness import Covered
from store.readiness_view import ReadinessView
from tests.screens.estate import NOW, ago, calm, entry, lpar
from tests.store.drilled_runs import drill

OWING = {"d2": drill("d2", "web01", at=NOW), "d1": drill("d1", "erp-db", at=ago(60))}


def _scene(covered: Covered | None) -> Scene:
    estate = calm()
    estate.entries.append(entry(lpar("moved", "P10-OSLO-01", "7801234", LparState.NOT_ACTIVATED), "hmc-oslo"))
    estate.entries.append(entry(lpar("moved", "P10-BERGEN-01", "7805678", LparState.RUNNING), "hmc-bergen"))
    estate.entries.append(entry(lpar("alone", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo"))
    estate.entries.append(entry(lpar("test1", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo"))
    estate.entries.append(entry(lpar("test1", "P10-BERGEN-01", "7805678", LparState.NOT_ACTIVATED), "hmc-bergen"))
    view = ReadinessView()
    view.cover(covered)
    made = replace(estate.scene(), readiness=view)
    made.index.work(60)
    return made


SCENE = _scene(Covered("oslo", "bergen", exclude=("test*",)))
EVERY = "erp-app erp-db moved web01"


def words(typed: str, scene: Scene = SCENE) -> str:
    """What could follow: the last words."""
    found = completions(typed, scene, OWING)
    assert all(text.startswith(typed.rpartition(" ")[0]) for text in found)
    return " ".join(text.rpartition(" ")[2] for text in found)


@pytest.mark.parametrize(
    ("typed", "follow"),
    [
        ("", "check align failover reprotect failback drill cleanup"),
        ("lp", "check align failover reprotect failback drill cleanup"),
        ("lpar ", "check align failover reprotect failback drill cleanup"),
        ("lpar fail", "check align failover reprotect failback drill cleanup"),
        ("lpar fly ", ""),
        ("rcg failover ", ""),
        ("lpar check ", EVERY),
        ("lpar failover", EVERY),
        ("lpar failover e", EVERY),
        ("lpar drill ", EVERY),
        ("lpar failover erp-db ", "erp-app moved web01 --disaster --immediate --wave"),
        ("lpar failover erp-db --disaster ", "erp-app moved web01 --immediate --wave"),
        ("lpar failover erp-db -", "--disaster --immediate --wave"),
        ("lpar failover erp-db --wave ", "16 32"),
        ("lpar drill erp-db -", "--wave"),
        ("lpar check erp-db -", ""),
        ("lpar reprotect ", "moved"),
        ("lpar failback ", "moved"),
        ("lpar failback moved ", "--immediate --wave"),
        ("lpar cleanup ", "d2 d1"),
        ("lpar cleanup d1 ", ""),
    ],
)
def test_each_word_is_offered_when_its_turn_comes(typed: str, follow: str) -> None:
    assert words(typed) == follow


def test_where_no_lpar_is_to_come_back_elsewhere_none_is_offered() -> None:
    assert words("lpar failover ", _scene(None)) == ""


@given(st.text("lpar failover-clnup  d1", max_size=40))
def test_whatever_is_typed_is_completed_or_not(typed: str) -> None:
    assert all(text.startswith("lpar ") for text in completions(typed, SCENE, OWING))
