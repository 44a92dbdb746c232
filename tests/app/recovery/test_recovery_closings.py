"""Steps that end what another one began: when they may begin, when all of it is done anew, and what is said of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.recovery import schedule
from app.runs_words import next_keys
from screens.cells import line_text
from screens.decision_words import of_reason
from screens.run_words import next_lines
from store.ledger import Ledger
from store.recorded import from_text, to_text
from store.runs import NO_ANSWER, REFUSED, Choice, Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.app.recovery.situations import NOW
from tests.screens.estate import troubled

DONE, FAILED, PENDING, RUNNING = StepState.DONE, StepState.FAILED, StepState.PENDING, StepState.RUNNING
SKIPPED, UNKNOWN, MARKED, ALREADY = StepState.SKIPPED, StepState.UNKNOWN, StepState.MARKED, StepState.ALREADY


def step(step_id: str, *needs: str, after: tuple[str, ...] = (), closes: str | None = None) -> PlannedStep:
    title = f"Title of {step_id}"
    return PlannedStep(step_id, "db.begin", "{}", title, "erp", "run", needs=needs, after=after, closes=closes)


PLAN = Plan(
    "clone",
    "clone it",
    ("pg:1:g",),
    NOW,
    (step("begin"), step("take", "begin"), step("end", after=("begin", "take"), closes="begin"), step("copy", "take")),
)


def states(begin: StepState, take: StepState, end: StepState, copy: StepState = PENDING) -> dict[str, StepState]:
    return {"begin": begin, "take": take, "end": end, "copy": copy}


def ready(*now: StepState) -> list[str]:
    return [found.id for found in schedule.ready(PLAN, states(*now))]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ((PENDING, PENDING, PENDING), ["begin"]),
        ((DONE, PENDING, PENDING), ["take"]),
        ((DONE, DONE, PENDING), ["end", "copy"]),
        ((DONE, FAILED, PENDING), ["end"]),
        ((DONE, UNKNOWN, PENDING), ["end"]),
        ((FAILED, PENDING, PENDING), ["end"]),
        ((UNKNOWN, PENDING, PENDING), ["end"]),
        ((DONE, PENDING, RUNNING), []),  # it is being ended: too late to begin anything in it
        ((DONE, PENDING, FAILED), []),
    ],
)
def test_the_end_comes_once_what_it_is_after_is_through_well_or_not(
    now: tuple[StepState, ...], expected: list[str]
) -> None:
    assert ready(*now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ((DONE, PENDING, DONE), ("end", "begin")),
        ((DONE, PENDING, ALREADY), ("end", "begin")),
        ((MARKED, PENDING, DONE), ("end", "begin")),
        ((SKIPPED, PENDING, DONE), ("end",)),  # a person said to go on without the beginning
        ((SKIPPED, PENDING, SKIPPED), ("end",)),
        ((PENDING, PENDING, SKIPPED), ("end",)),
        ((DONE, FAILED, DONE), ()),
        ((FAILED, PENDING, SKIPPED), ()),
        ((DONE, DONE, DONE), ()),
        ((DONE, PENDING, PENDING), ()),
        ((DONE, PENDING, RUNNING), ()),
    ],
)
def test_what_is_tried_again_after_the_end_has_its_beginning_done_anew(
    now: tuple[StepState, ...], expected: tuple[str, ...]
) -> None:
    assert schedule.reopened(PLAN, states(*now)) == expected


def test_a_later_step_that_is_tried_again_has_nothing_done_anew() -> None:
    assert schedule.reopened(PLAN, states(DONE, DONE, DONE, PENDING)) == ()


def test_no_run_is_finished_without_the_end() -> None:
    assert not schedule.finished(PLAN, states(DONE, DONE, PENDING, DONE))
    assert schedule.finished(PLAN, states(DONE, DONE, DONE, DONE))
    assert [each.id for each in schedule.order(PLAN)][-2:] == ["end", "copy"]


def run(*records: StepRecord, state: RunState = RunState.INTERRUPTED) -> Run:
    known = {record.id: record for record in records}
    steps = tuple(known.get(each.id, StepRecord(each.id)) for each in PLAN.steps)
    return Run("r1", PLAN, state, "ops", NOW, steps)


@pytest.mark.parametrize(
    ("begin", "opened"),
    [
        (StepRecord("begin"), False),
        (StepRecord("begin", FAILED), False),  # it was never sent
        (StepRecord("begin", SKIPPED), False),
        (StepRecord("begin", DONE, 1, answer="exit status 0"), True),
        (StepRecord("begin", RUNNING, 1), True),
        (StepRecord("begin", UNKNOWN, 1, answer=f"{NO_ANSWER}lost"), True),
        (StepRecord("begin", FAILED, 1, answer=f"{REFUSED}half of it"), True),
        (StepRecord("begin", SKIPPED, 1), True),
        (StepRecord("begin", MARKED), True),
    ],
)
def test_whatever_may_have_begun_is_open_until_its_end_is_settled(begin: StepRecord, opened: bool) -> None:
    assert [each.id for each in run(begin).open] == (["end"] if opened else [])
    assert [each.id for each in run(begin, StepRecord("end", FAILED, 1)).open] == (["end"] if opened else [])
    for settled in (DONE, ALREADY, SKIPPED, MARKED):
        assert run(begin, StepRecord("end", settled)).open == ()


def test_a_step_that_is_done_anew_is_as_if_it_had_never_been_tried(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "store.sqlite")) as ledger:
        ledger.propose("r1", PLAN, "ops")
        ledger.approve("r1", "ops", ())
        lease = ledger.take("r1", "one")
        ledger.intend(lease, "begin", "run", ())
        ledger.answered(lease, "begin", "exit status 0", 0.1)
        ledger.settle(lease, "begin", DONE, (), "it is so")
        ledger.anew(lease, "begin", "it was ended")
        assert ledger.step("r1", "begin") == StepRecord("begin")
        assert ledger.journal("r1")[-1].kind == "result"


def test_a_step_that_was_kept_before_there_were_closings_is_read_as_it_was() -> None:
    text = to_text(PLAN.steps[0]).replace(',"closes":null', "")
    assert "closes" not in text
    assert from_text(PlannedStep, text) == PLAN.steps[0]


# ---------------------------------------------------------------------------------------------------------------- words


def test_what_is_still_open_is_said_where_the_run_stands_still() -> None:
    begun = StepRecord("begin", DONE, 1, answer="exit status 0")
    assert "Still to be done, also where it is aborted: end Title of end" in next_keys(run(begun))
    assert any(line.endswith("begin nothing more, but end what must not last") for line in next_keys(run(begun)))
    shown = [line_text(line) for line in next_lines(run(begun), troubled().scene(), True, 200)]
    assert any("Still to be done, also where it is aborted: end Title of end." in line for line in shown)
    running = run(begun, state=RunState.RUNNING)
    assert not [line for line in next_lines(running, troubled().scene(), True, 200) if "Still" in line_text(line)]


def test_whoever_aborts_is_told_what_is_ended_first() -> None:
    begun = StepRecord("begin", DONE, 1, answer="exit status 0")
    assert "Nothing more is begun; what is under way ends. First: Title of end." in of_reason(
        run(begun), Choice.ABORT, None
    )
    assert "Nothing more is begun; what is under way ends." in of_reason(run(), Choice.ABORT, None)
