"""Runs that are aborted, paused or left while a database is in backup mode: it is taken out of it all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.recovery.console_runs import ConsoleRuns
from app.recovery.operations import Operations
from backends.lab.faults import FaultKind
from store.ledger import LeaseError
from store.run_view import RunView
from store.runs import Choice, RunState, StepState
from tests.app.recovery.backup_range import (
    BEGIN,
    END,
    SNAPSHOT,
    TAKE,
    acts,
    agreed,
    asked,
    done,
    eventually,
    left_behind,
    once,
    operating,
    runner,
    states,
)
from tests.faults.pg_estate import PgEstate, pg_estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def operations(estate: PgEstate, tmp_path: Path) -> Iterator[Operations]:
    with operating(estate, tmp_path) as ready:
        yield ready


def held_up(estate: PgEstate) -> Callable[[], None]:
    """Holds the array's answers back from when the database is in backup mode until the fault is removed."""
    return once(
        lambda: estate.database.active,
        lambda: estate.world.faults.add(
            "fa-prd", FaultKind.SLOW, "GET /protection-group-snapshots", seconds=0.5, count=1
        ),
    )


def test_a_run_that_is_aborted_in_between_takes_the_database_out_of_backup_mode(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked())
    sent = estate.writes().get(TAKE, 0)
    slow = held_up(estate)
    abort = once(
        lambda: estate.database.active,
        lambda: operations.ledger.decide(run.id, Choice.ABORT, None, "users still write", "ops"),
    )

    def told() -> None:
        slow()
        abort()

    found = runner(operations, tell=told).run(run.id, wait_for_operator=False)
    assert (found.state, found.note) == (RunState.ABORTED, "users still write")
    assert found.step(END).state is StepState.DONE
    assert (acts(estate), estate.writes().get(TAKE, 0)) == (["begin", "end"], sent)


def test_a_run_aborted_before_anything_was_sent_has_nothing_to_end(estate: PgEstate, operations: Operations) -> None:
    run = agreed(operations, asked())
    operations.ledger.decide(run.id, Choice.ABORT, None, "not today", "ops")
    assert done(operations, run).state is RunState.ABORTED
    assert estate.database.heard == []


def test_an_aborted_run_does_not_end_before_the_database_is_out_of_backup_mode(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked())
    left_behind(operations, run, BEGIN, StepState.DONE)
    operations.ledger.decide(run.id, Choice.ABORT, None, "enough", "ops")
    estate.database.refusing.add("end")
    found = done(operations, run)
    assert found.state is RunState.INTERRUPTED  # it waits, and nobody holds it
    still = "Take erp out of backup mode: refused: erp: exit status 1: ORA-01034: ORACLE not available"
    assert found.note == f"enough; still to be done: {still}"
    assert [step.id for step in found.open] == [END]
    with pytest.raises(LeaseError, match="was interrupted: resume or abort it first"):
        done(operations, agreed(operations, asked()))
    estate.database.refusing.clear()
    found = done(operations, run)
    assert (found.state, found.note) == (RunState.ABORTED, "enough")
    assert acts(estate) == ["begin", "end"]


def test_a_console_that_stays_tries_the_end_of_an_aborted_run_again_when_it_is_told_to(
    estate: PgEstate, operations: Operations
) -> None:
    run, ledger = agreed(operations, asked()), operations.ledger
    left_behind(operations, run, BEGIN, StepState.DONE)
    ledger.decide(run.id, Choice.ABORT, None, "enough", "ops")
    estate.database.refusing.add("end")
    acting = threading.Thread(target=runner(operations).run, args=(run.id,))
    acting.start()
    eventually(lambda: ledger.run(run.id).state is RunState.WAITING)
    estate.database.refusing.clear()
    ledger.decide(run.id, Choice.RETRY, END, "", "ops")
    acting.join(30)
    assert ledger.run(run.id).state is RunState.ABORTED
    assert estate.database.heard.count("backup-mode end") == 2
    assert not estate.database.active


def test_a_person_may_say_of_an_aborted_run_that_the_end_is_done(estate: PgEstate, operations: Operations) -> None:
    run = agreed(operations, asked())
    left_behind(operations, run, BEGIN, StepState.DONE)
    operations.ledger.decide(run.id, Choice.ABORT, None, "enough", "ops")
    estate.database.refusing.add("end")
    done(operations, run)
    operations.ledger.decide(run.id, Choice.MARK_DONE, END, "by hand, on the host", "ops")
    assert done(operations, run).state is RunState.ABORTED


def test_a_paused_run_leaves_no_database_in_backup_mode_once_its_snapshot_is_through(
    estate: PgEstate, operations: Operations
) -> None:
    run, ledger = agreed(operations, asked(onto="pg-dev")), operations.ledger
    pause = once(lambda: estate.database.active, lambda: ledger.decide(run.id, Choice.PAUSE, None, "", "ops"))
    estate.world.faults.add("fa-prd", FaultKind.SLOW, TAKE, seconds=0.5, count=1)
    sent = once(lambda: ledger.step(run.id, SNAPSHOT).attempts == 1, pause)
    found = runner(operations, tell=sent).run(run.id, wait_for_operator=False)
    assert (acts(estate), estate.database.active) == (["begin", "end"], False)
    assert found.step(SNAPSHOT).state is StepState.DONE
    assert StepState.PENDING in states(found)
    assert done(operations, run).state is RunState.SUCCEEDED


@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.DONE])
@pytest.mark.parametrize("choice", [None, Choice.ABORT])
def test_a_run_whose_console_is_gone_is_resumed_or_aborted_and_ends_the_backup_mode(
    estate: PgEstate, operations: Operations, state: StepState, choice: Choice | None
) -> None:
    run = agreed(operations, asked())
    left_behind(operations, run, BEGIN, state)
    if choice is not None:
        operations.ledger.decide(run.id, choice, None, "gone", "ops")
    found = done(operations, run)
    assert found.state is (RunState.SUCCEEDED if choice is None else RunState.ABORTED)
    assert (acts(estate), estate.database.active) == (["begin", "end"], False)


def test_a_console_that_is_closed_in_backup_mode_ends_that_before_it_leaves_the_rest(
    estate: PgEstate, operations: Operations
) -> None:
    run, said = agreed(operations, asked(onto="pg-dev")), list[str]()
    estate.world.faults.add("fa-prd", FaultKind.SLOW, TAKE, seconds=0.5, count=1)
    console = ConsoleRuns(operations, RunView(), lambda: None, said.append)
    console.start()
    console.act(run.id)
    eventually(lambda: operations.ledger.step(run.id, SNAPSHOT).attempts == 1)
    console.close(20.0)
    found = operations.ledger.run(run.id)
    assert (found.state, found.open, said) == (RunState.INTERRUPTED, (), [])
    assert found.step(SNAPSHOT).state is StepState.DONE
    assert acts(estate) == ["begin", "end"]
    assert StepState.PENDING in states(found)
