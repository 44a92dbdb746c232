"""A run is told out of its journal exactly as the store has it, whatever happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.report.facts import told
from app.report.replay import ReplayError, Told, replayed
from store.ledger import Ledger, RunError
from store.runs import Choice, Run, RunState, StepState
from store.segment import segment
from tests.app.report.reported import AFTER, AT, BEFORE, OPS, PLAN, Time

_NUMBERS = count()
_STEPS = ("s1", "s2", "s4")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Time]]:
    clock = Time()
    with closing(Ledger(tmp_path_factory.mktemp("replay") / "store.sqlite", clock)) as opened:
        yield opened, clock


_DEEDS = st.one_of(
    st.tuples(st.just("intend"), st.sampled_from(_STEPS)),
    st.tuples(st.just("answered"), st.sampled_from(_STEPS)),
    st.tuples(st.just("progress"), st.sampled_from(_STEPS)),
    st.tuples(st.just("settle"), st.sampled_from(_STEPS), st.sampled_from(list(StepState))),
    st.tuples(st.just("decide"), st.sampled_from([Choice.PAUSE, Choice.CONTINUE, Choice.ABORT])),
    st.tuples(st.just("turn"), st.sampled_from([RunState.WAITING, RunState.PAUSED, RunState.RUNNING])),
    st.tuples(st.just("take")),
)


@given(deeds=st.lists(_DEEDS, max_size=12), end=st.sampled_from([None, *(RunState.SUCCEEDED, RunState.FAILED)]))
def test_the_journal_alone_tells_what_the_rows_say(
    ledger: tuple[Ledger, Time], deeds: list[tuple[object, ...]], end: RunState | None
) -> None:
    book, clock = ledger
    run_id = f"r{next(_NUMBERS)}"
    book.propose(run_id, replace(PLAN, targets=(f"rcg:{run_id}",)), OPS)
    book.approve(run_id, OPS, ["failover oradb"])
    lease = book.take(run_id, OPS)
    for deed in deeds:
        clock.pass_(1.5)
        match deed:
            case ("intend", str(step)):
                book.intend(lease, step, "call", BEFORE)
            case ("answered", str(step)):
                book.answered(lease, step, "accepted", 0.25)
            case ("progress", str(step)):
                book.progress(lease, step, AFTER)
            case ("settle", str(step), StepState() as state):
                book.settle(lease, step, state, AFTER, "seen")
            case ("decide", Choice() as choice):
                book.decide(run_id, choice, None, "why", OPS)
            case ("turn", RunState() as state):
                book.turn(lease, state, "a note")
            case _:
                lease = book.take(run_id, OPS)
    if end is not None:
        book.turn(lease, end, "over")
    found = segment(book.path, run_id)
    assert found is not None
    assert replayed(run_id, told(found)).run == _unheld(book.run(run_id))


def _unheld(run: Run) -> Run:
    return replace(run, holder=None)


def test_a_run_that_was_dropped_has_ended_and_never_begun(ledger: tuple[Ledger, Time]) -> None:
    book, _ = ledger
    book.propose("dropped", replace(PLAN, targets=("rcg:dropped",)), OPS)
    book.drop("dropped", OPS, "cancelled before it began")
    found = segment(book.path, "dropped")
    assert found is not None
    run = replayed("dropped", told(found)).run
    assert run == book.run("dropped")
    assert (run.state, run.began_at, run.note) == (RunState.ABORTED, None, "cancelled before it began")


def test_a_remark_needs_a_run(ledger: tuple[Ledger, Time]) -> None:
    with pytest.raises(RunError, match="no run nobody"):
        ledger[0].remark("nobody", "note", {"by": OPS, "text": "x"})


def test_a_journal_without_a_plan_tells_of_no_run() -> None:
    with pytest.raises(ReplayError, match="does not begin with its plan"):
        replayed("r", [Told(1, AT, "approved", {"by": OPS, "words": []})])
    with pytest.raises(ReplayError, match="does not begin with its plan"):
        replayed("r", [])


def test_the_journal_of_no_run_is_no_segment(ledger: tuple[Ledger, Time], tmp_path: Path) -> None:
    assert segment(ledger[0].path, "nobody") is None
    assert segment(ledger[0].path, "") is None
