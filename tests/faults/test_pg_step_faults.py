"""A slice of the campaign of faults on protection groups (``make long`` does the whole), and whether its judge can
tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from app.recovery.looks import Devices
from app.recovery.pg.steps import KeepVolumes, Overwrite, WaitArrived
from app.recovery.step import Seen, Sight, Verdict
from backends.flasharray.looks import Same
from backends.lab.faults import FaultKind
from backends.lab.timing import INSTANT
from tests.faults.pg_trials import CASES, Case, Range, ready
from tests.faults.ranges import sending
from tests.faults.step_faults import CALL_S, Place, Trouble, trial

SNAPSHOT, BY_TAG, ANEW, AWAY, RESTORE = (
    next(case for case in CASES if case.name == name)
    for name in (
        "snapshot on the target",
        "clone by tag of an old snapshot",
        "clone anew",
        "clone on the target",
        "restore of an old snapshot",
    )
)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    with ready(tmp_path_factory.mktemp("faults"), CALL_S) as running:
        yield running


def number(at: Range, case: Case, kind: str) -> int:
    """Which of the steps of the case that send something is the first of its kind."""
    return [step.kind for step in sending(at.plan(case)[1])].index(kind)


@pytest.mark.parametrize(
    ("case", "kind", "fault", "place"),
    [
        (SNAPSHOT, "pg.snapshot", FaultKind.HTTP_504_AFTER, Place.VERB),
        (BY_TAG, "volume.overwrite", FaultKind.DROP_AFTER, Place.VERB),
        (RESTORE, "pg.restore", FaultKind.DROP_BEFORE, Place.VERB),
        (ANEW, "volume.untag", FaultKind.TRUNCATED, Place.LISTS),
    ],
)
def test_a_run_gets_over_what_goes_wrong_once(at: Range, case: Case, kind: str, fault: FaultKind, place: Place) -> None:
    found = trial(at, case, number(at, case, kind), Trouble(fault, place, lasting=False))
    assert (found.outcome, found.wrong) == ("succeeded", None)


@pytest.mark.parametrize(
    ("case", "kind", "fault", "place"),
    [
        (AWAY, "volume.overwrite", FaultKind.PENDING, Place.DEVICE),
        (RESTORE, "volume.keep", FaultKind.RENAMED, Place.DEVICE),
    ],
)
def test_what_stays_wrong_stops_a_run_and_once_it_is_gone_the_run_ends_right(
    at: Range, case: Case, kind: str, fault: FaultKind, place: Place
) -> None:
    found = trial(at, case, number(at, case, kind), Trouble(fault, place, lasting=True))
    assert (found.outcome, found.wrong) == ("waited, then succeeded", None)


# ------------------------------------------------------------------------------------------------ can the judge tell?


HARMLESS = Trouble(FaultKind.CLOCK_SKEWED, Place.DEVICE, lasting=False, seconds=0.0)


def lie(self: Any, sight: Sight) -> Seen:
    return Seen(Verdict.DONE, (), "so it says")


def test_an_overwrite_that_says_done_and_did_nothing_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Overwrite, "observe", lie)
    assert "volume.overwrite says it is done: so it says" in (trial(at, BY_TAG, 0, HARMLESS).wrong or "")


def test_an_array_that_finds_no_difference_anywhere_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    def same(self: Same, driver: Any) -> bool:
        return True

    monkeypatch.setattr(Same, "take", same)
    refused = Trouble(FaultKind.HTTP_409, Place.VERB, lasting=True)
    found = trial(at, RESTORE, number(at, RESTORE, "pg.restore"), refused)
    assert "pg.restore says it is done" in (found.wrong or "")


def test_an_overwrite_without_a_safety_snapshot_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeepVolumes, "observe", lie)
    monkeypatch.setattr(Overwrite, "_refused", lambda *_: None)
    assert "no safety snapshot holds what it held" in (trial(at, BY_TAG, 1, HARMLESS).wrong or "")


def test_a_copy_of_what_has_not_arrived_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WaitArrived, "observe", lie)
    monkeypatch.setattr(Overwrite, "_refused", lambda *_: None)
    monkeypatch.setattr(at.estate.world, "timing", replace(INSTANT, transfer_bytes_s=1.0))  # it takes for ever
    wrong = trial(at, AWAY, 0, HARMLESS).wrong or ""
    assert "a copy from an incomplete snapshot" in wrong


def test_an_overwrite_that_is_sent_twice_is_found_out(at: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    perform = Devices.perform

    def twice(self: Devices, *what: Any) -> str:
        if "overwrite" in what[1].command():
            perform(self, *what)
            time.sleep(0.1)
        return perform(self, *what)

    monkeypatch.setattr(Devices, "perform", twice)
    assert "more than once" in (trial(at, BY_TAG, 0, HARMLESS).wrong or "")
