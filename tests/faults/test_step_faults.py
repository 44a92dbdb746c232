"""A slice of the campaign of faults at steps (``make long`` does the whole of it), and whether its judge can tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.recovery.looks import Devices
from app.recovery.rcg.role_steps import Stop
from app.recovery.step import Seen, Sight, Verdict
from backends.lab.faults import FaultKind
from tests.faults.ranges import sending
from tests.faults.step_faults import CALL_S, Place, Trouble, trial
from tests.faults.trials import CASES, Case, Range, ready

FAILOVER, DISASTER, REVERSE, SYNC, STOP, CREATE, NEW, DELETE = (
    next(case for case in CASES if case.name == name)
    for name in (
        "failover Sync",
        "failover Sync disaster",
        "reverse Sync",
        "sync Periodic",
        "stop Sync",
        "create Sync",
        "create Periodic",
        "delete Sync",
    )
)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    with ready(tmp_path_factory.mktemp("faults"), CALL_S) as running:
        yield running


def number(at: Range, case: Case, kind: str) -> int:
    """Which of the steps of the case that send something is the first of its kind."""
    _, plan, _ = at.plan(case)
    with at.estate.world.turn():
        at.estate.world.set_dark("paris", False)
    return [step.kind for step in sending(plan)].index(kind)


@pytest.mark.parametrize(
    ("case", "kind", "fault", "place"),
    [
        (FAILOVER, "rcg.failover", FaultKind.DROP_AFTER, Place.VERB),
        (FAILOVER, "vlun.remove", FaultKind.TRUNCATED, Place.LOOKS),
        (REVERSE, "rcg.reverse", FaultKind.DROP_BEFORE, Place.VERB),
        (CREATE, "rcg.admit", FaultKind.HTTP_504_AFTER, Place.VERB),
    ],
)
def test_a_run_gets_over_what_goes_wrong_once(at: Range, case: Case, kind: str, fault: FaultKind, place: Place) -> None:
    found = trial(at, case, number(at, case, kind), Trouble(fault, place, lasting=False))
    assert (found.outcome, found.wrong) == ("succeeded", None)


@pytest.mark.parametrize(
    ("case", "kind", "fault", "place"),
    [
        (DISASTER, "rcg.failover", FaultKind.HTTP_403, Place.VERB),
        (FAILOVER, "vlun.remove", FaultKind.RENAMED, Place.DEVICE),
        (STOP, "rcg.stop", FaultKind.EXPIRED_CERT, Place.DEVICE),
    ],
)
def test_what_stays_wrong_stops_a_run_and_once_it_is_gone_the_run_ends_right(
    at: Range, case: Case, kind: str, fault: FaultKind, place: Place
) -> None:
    found = trial(at, case, number(at, case, kind), Trouble(fault, place, lasting=True))
    assert (found.outcome, found.wrong) == ("waited, then succeeded", None)


def test_a_volume_that_cannot_be_deleted_leaves_the_group_started_again(at: Range) -> None:
    trouble = Trouble(FaultKind.HTTP_409, Place.VERB, lasting=True)
    found = trial(at, DELETE, number(at, DELETE, "rcg.dismiss"), trouble)
    assert (found.outcome, found.wrong) == ("failed, taken back", None)


def test_a_group_that_has_another_name_when_it_is_to_be_removed_again_is_said_to_be_left(at: Range) -> None:
    trouble = Trouble(FaultKind.RENAMED, Place.DEVICE, lasting=True)
    found = trial(at, NEW, number(at, NEW, "rcg.period"), trouble)
    assert (found.outcome, found.wrong) == ("failed, not all taken back", None)


def test_an_array_whose_clock_is_wrong_is_synchronized_all_the_same(at: Range) -> None:
    found = trial(at, SYNC, 0, Trouble(FaultKind.CLOCK_SKEWED, Place.DEVICE, lasting=True, seconds=600.0))
    assert (found.outcome, found.wrong) == ("succeeded", None)


# ------------------------------------------------------------------------------------------------ can the judge tell?


HARMLESS = Trouble(FaultKind.CLOCK_SKEWED, Place.DEVICE, lasting=False, seconds=0.0)


def test_a_step_that_says_done_and_did_nothing_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    def lie(self: Stop, both: Any, sight: Sight) -> Seen:
        return Seen(Verdict.DONE, (), "so it says")

    monkeypatch.setattr(Stop, "judge", lie)
    assert "says it succeeded, but status is" in (trial(at, STOP, 0, HARMLESS).wrong or "")


def test_a_verb_that_takes_effect_twice_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    perform = Devices.perform

    def twice(self: Devices, *what: Any) -> str:
        perform(self, *what)
        time.sleep(0.5)  # the first is over
        return perform(self, *what)

    monkeypatch.setattr(Devices, "perform", twice)
    assert "more than once" in (trial(at, SYNC, 0, HARMLESS).wrong or "")
