"""Which drills owe their clean-up, out of the runs alone."""

from __future__ import annotations

import pytest

from store.drills import lpars, owing
from store.run_view import RunView
from store.runs import RunState
from tests.store.drilled_runs import cleanup, drill
from tests.store.estates import at


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.ABORTED, RunState.FAILED])
def test_a_drill_that_has_ended_owes_its_clean_up(state: RunState) -> None:
    assert list(owing([drill("d1", "erp", state=state, at=at(0))])) == ["d1"]


@pytest.mark.parametrize(
    "state", [RunState.PROPOSED, RunState.RUNNING, RunState.PAUSED, RunState.WAITING, RunState.INTERRUPTED]
)
def test_one_that_goes_on_owes_nothing_yet(state: RunState) -> None:
    assert not owing([drill("d1", "erp", state=state, at=at(0))])


def test_one_that_never_began_owes_nothing() -> None:
    assert not owing([drill("d1", "erp", state=RunState.ABORTED, at=at(0), began=False)])


def test_a_clean_up_that_succeeded_settles_that_drill_and_no_other() -> None:
    runs = [drill("d1", "erp", at=at(0)), drill("d2", "erp", at=at(100)), cleanup("c1", "d1", at=at(200))]
    assert list(owing(runs)) == ["d2"]


@pytest.mark.parametrize("state", [RunState.PROPOSED, RunState.RUNNING, RunState.WAITING, RunState.ABORTED])
def test_a_clean_up_that_did_not_come_to_its_end_settles_nothing(state: RunState) -> None:
    assert list(owing([drill("d1", "erp", at=at(0)), cleanup("c1", "d1", state=state, at=at(200))])) == ["d1"]


def test_other_runs_owe_nothing() -> None:
    assert not owing([drill("f1", "erp", verb="failover", at=at(0))])


def test_the_view_of_runs_keeps_those_that_owe_the_newest_first() -> None:
    view = RunView()
    view.take([drill("d1", "erp", "crm", at=at(0)), drill("d2", "web", at=at(100))])
    assert list(view.owing) == ["d2", "d1"]
    assert lpars(view.owing["d1"]) == ("erp", "crm")
    view.take([cleanup("c1", "d2", at=at(200))])
    assert list(view.owing) == ["d1"]
