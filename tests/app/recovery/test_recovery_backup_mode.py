"""Snapshots of a group whose database is in backup mode meanwhile: on every path it is taken out of it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.connect import Connector
from app.recovery import kinds, prediction
from app.recovery.attempt import Pace
from app.recovery.console_runs import ConsoleRuns
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations, new_run_id
from app.recovery.pg.database_steps import BeginBackup, EndBackup
from app.recovery.pg.operate import database_of, plan_clone
from app.recovery.pg.request import Request
from app.recovery.pg.steps import TakeSnapshot
from app.recovery.runner import Runner
from app.settings import load
from backends.flasharray.verbs import Replicate
from backends.lab.faults import FaultKind
from store.database import open_store
from store.ledger import LeaseError, Ledger
from store.run_view import RunView
from store.runs import Choice, Run, RunState, StepState
from tests.faults.pg_estate import PgEstate, pg_estate

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=1.2, busy_s=0.1, retries=5)
BEGIN, SNAPSHOT, END = "s1", "s2", "s3"
TAKE = "POST /protection-group-snapshots"


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def operations(estate: PgEstate, tmp_path: Path) -> Iterator[Operations]:
    """What can be done, on a database that is in no backup mode, before and after."""
    path = tmp_path / "store.sqlite"
    settings = load(estate.config)
    estate.database.log.clear()
    estate.database.heard.clear()
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Operations(settings, store, ledger, Connector(settings))
        estate.world.faults.clear()
        estate.database.refusing.clear()
        estate.database.says = None
        estate.database.active = False
        violations, estate.world.referee.violations[:] = list(estate.world.referee.violations), []
        assert violations == []


SUFFIXES = iter(f"t{number}" for number in range(1000))


def asked(suffix: str = "", **changes: object) -> Request:
    request = Request("fa-prd", "pg-erp", suffix or next(SUFFIXES), database="erp")
    return replace(request, **changes)  # type: ignore[arg-type]


def agreed(operations: Operations, request: Request, limit_s: float | None = None) -> Run:
    run_id = new_run_id()
    plan = plan_clone(operations, request, run_id)
    assert not plan.refused, plan.refused
    if limit_s is not None:
        plan = replace(plan, steps=tuple(replace(step, limit_s=limit_s) for step in plan.steps))
    return operations.agree(run_id, plan, plan.confirm)


def runner(operations: Operations, holder: str = "one", tell: Callable[[], None] = lambda: None) -> Runner:
    return Runner(operations.ledger, operations.devices, holder, PACE, tell)


def done(operations: Operations, run: Run) -> Run:
    return runner(operations).run(run.id, wait_for_operator=False)


def states(run: Run) -> list[StepState]:
    return [step.state for step in run.steps]


def eventually(holds: Callable[[], bool], limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def once(holds: Callable[[], bool], do: Callable[[], object]) -> Callable[[], None]:
    """Does something, once, as soon as a run says that something changed and it is so."""
    left = [do]

    def told() -> None:
        if left and holds():
            left.pop()()

    return told


def left_behind(operations: Operations, run: Run, step: str, state: StepState) -> None:
    """A console acts for the run and is gone as soon as the step is in this state."""
    acting = Runner(operations.ledger, operations.devices, "gone", PACE, lambda: told())
    told = once(lambda: operations.ledger.step(run.id, step).state is state, acting.leave)
    acting.run(run.id)
    assert operations.ledger.run(run.id).state is RunState.INTERRUPTED


def acts(estate: PgEstate) -> list[str]:
    """What was done to the database, in order."""
    return [what for what, _ in estate.database.log]


def taken_at(estate: PgEstate, snapshot: str) -> float:
    with estate.world.turn():
        return estate.prd.snapshot(f"{snapshot}.erp-0").created


# ------------------------------------------------------------------------------------------------------------ the plan


def test_the_snapshot_stands_between_begin_and_end_and_nothing_else_waits_for_the_end(operations: Operations) -> None:
    plan = plan_clone(operations, asked(onto="pg-dev"), "r1")
    by_kind = {step.kind: step for step in plan.steps}
    begin, take, end = by_kind["db.begin"], by_kind["pg.snapshot"], by_kind["db.end"]
    assert take.needs == (begin.id,)
    assert (end.needs, end.after, end.closes) == ((), (begin.id, take.id), begin.id)
    assert not [step for step in plan.steps if end.id in (*step.needs, *step.after)]
    assert (begin.call, end.call) == ("backup-mode begin", "backup-mode end")
    assert "db:erp" in plan.targets
    assert plan.undoes == frozenset()


def test_pgs_15_a_dry_run_sends_the_host_of_the_database_nothing(estate: PgEstate, operations: Operations) -> None:
    logins = estate.world.devices["erp"].counters.logins
    plan = plan_clone(operations, asked(), "r1")
    assert [step.kind for step in plan.steps] == ["db.begin", "pg.snapshot", "db.end"]
    assert estate.database.heard == []
    assert estate.world.devices["erp"].counters.logins == logins
    assert any("is asked nothing before the run" in note for note in plan.notes)


def test_a_snapshot_that_exists_needs_no_backup_mode_and_the_plan_says_so(operations: Operations) -> None:
    request = asked()
    done(operations, agreed(operations, replace(request, database=None)))
    plan = plan_clone(operations, request, "r1")
    assert [step.kind for step in plan.steps] == []
    assert "erp is not put into backup mode: only a snapshot that is taken needs it." in plan.notes
    assert plan.targets == plan_clone(operations, replace(request, database=None), "r2").targets


def test_a_host_without_a_pinned_key_refuses_the_plan_and_says_what_to_do(
    estate: PgEstate, operations: Operations, tmp_path: Path
) -> None:
    bare = tmp_path / "config.toml"
    lines = [line for line in estate.config.read_text().splitlines() if not line.startswith("host_keys")]
    bare.write_text("\n".join(lines))
    unpinned = Operations(load(bare), operations.store, operations.ledger)
    (guard,) = plan_clone(unpinned, asked(), "r1").refused
    assert guard.evidence == "oracle@127.0.0.1: no host key is pinned: drdeck trust erp"
    assert estate.database.heard == []


def test_a_group_without_a_database_and_one_with_several_are_refused_in_a_sentence(operations: Operations) -> None:
    settings = operations.settings
    assert database_of(settings, "pg-erp") == "erp"
    with pytest.raises(CannotPlanError, match=r"No database of the configuration lies on pg-dev: .* Name the group"):
        database_of(settings, "pg-dev")
    twice = replace(settings, databases=(*settings.databases, replace(settings.databases[0], name="crm")))
    with pytest.raises(CannotPlanError, match=r"More than one database .* lies on pg-erp: erp, crm"):
        database_of(twice, "pg-erp")


def test_the_steps_are_kept_and_made_again_and_have_an_expected_time() -> None:
    for made in (BeginBackup("erp", "b", "s"), EndBackup("erp", "e", "s")):
        kind, params = kinds.stored(made)
        assert kinds.made(kind, params) == made
        assert (made.device, made.call()) == ("erp", made.command)
        assert kind in prediction.DEFAULTS_S
    old = '{"array":"fa","group":"g","suffix":"s","replicate":"no","parts":[]}'
    assert kinds.made("pg.snapshot", old) == TakeSnapshot("fa", "g", "s", "no", ())


# ------------------------------------------------------------------------------------------------------------- the run


def test_the_snapshot_is_taken_while_the_database_is_in_backup_mode(estate: PgEstate, operations: Operations) -> None:
    request = asked()
    found = done(operations, agreed(operations, request))
    assert found.state is RunState.SUCCEEDED, [step.reason for step in found.steps]
    (_, began), (_, ended) = estate.database.log
    assert began <= taken_at(estate, request.snapshot) <= ended
    assert acts(estate) == ["begin", "end"]
    assert not estate.database.active


def test_pgs_14_after_a_snapshot_that_fails_the_database_is_out_of_backup_mode(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked())
    estate.world.faults.add("fa-prd", FaultKind.HTTP_403, TAKE)
    found = done(operations, run)
    assert states(found) == [StepState.DONE, StepState.FAILED, StepState.DONE]
    assert found.state is RunState.INTERRUPTED  # it waits for somebody
    assert acts(estate) == ["begin", "end"]
    assert not estate.database.active


def test_a_snapshot_that_nobody_can_tell_of_keeps_no_database_in_backup_mode(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked(), limit_s=1.0)
    cut = once(lambda: estate.database.active, lambda: estate.world.faults.add("fa-prd", FaultKind.UNREACHABLE))
    found = runner(operations, tell=cut).run(run.id, wait_for_operator=False)
    assert states(found) == [StepState.DONE, StepState.UNKNOWN, StepState.DONE]
    assert acts(estate) == ["begin", "end"]


def test_a_failed_snapshot_that_is_tried_again_is_in_backup_mode_again(
    estate: PgEstate, operations: Operations
) -> None:
    request = asked()
    run = agreed(operations, request)
    estate.world.faults.add("fa-prd", FaultKind.HTTP_403, TAKE)
    assert done(operations, run).state is RunState.INTERRUPTED
    estate.world.faults.clear()
    found = done(operations, run)
    assert found.state is RunState.SUCCEEDED, [step.reason for step in found.steps]
    assert acts(estate) == ["begin", "end", "begin", "end"]
    (_, began), (_, ended) = estate.database.log[2:]
    assert began <= taken_at(estate, request.snapshot) <= ended


def test_no_run_succeeds_before_the_database_is_out_of_backup_mode(estate: PgEstate, operations: Operations) -> None:
    run = agreed(operations, asked(onto="pg-dev"))
    estate.database.refusing.add("end")
    found = done(operations, run)
    (end,) = found.plan.closings
    assert {step.state for step in found.steps if step.id != end.id} == {StepState.DONE}
    assert found.step(end.id).state is StepState.FAILED
    assert found.step(end.id).reason == "refused: erp: exit status 1: ORA-01034: ORACLE not available"
    assert found.state is RunState.INTERRUPTED
    estate.database.refusing.clear()
    assert done(operations, run).state is RunState.SUCCEEDED
    assert not estate.database.active


def test_a_snapshot_that_is_sent_on_and_cloned_there_has_one_backup_mode(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked(onto="pg-dev", to="fa-dr", replicate=Replicate.NOW))
    found = done(operations, run)
    assert found.state is RunState.SUCCEEDED, [step.reason for step in found.steps]
    assert acts(estate) == ["begin", "end"]


@pytest.mark.parametrize("verb", ["begin", "end"])
@pytest.mark.parametrize("kind", ["DROP_BEFORE", "DROP_AFTER", "TRUNCATED"])
def test_a_command_whose_answer_is_lost_is_run_once(
    estate: PgEstate, operations: Operations, verb: str, kind: str
) -> None:
    run = agreed(operations, asked())
    estate.world.faults.add("erp", FaultKind[kind], verb, count=1)
    found = done(operations, run)
    assert found.state is RunState.SUCCEEDED, [step.reason for step in found.steps]
    assert acts(estate) == ["begin", "end"]


# ------------------------------------------------------------------------------------- somebody else's, or none


def test_a_backup_of_somebody_else_refuses_the_run_and_is_left_alone(estate: PgEstate, operations: Operations) -> None:
    run = agreed(operations, asked())
    estate.database.active = True
    sent = estate.writes().get(TAKE, 0)
    found = done(operations, run)
    assert states(found) == [StepState.FAILED, StepState.PENDING, StepState.SKIPPED]
    assert "is in backup mode already, and not by this run" in (found.step(BEGIN).reason or "")
    assert (acts(estate), estate.database.active, estate.writes().get(TAKE, 0)) == ([], True, sent)
    operations.ledger.decide(run.id, Choice.ABORT, None, "later", "ops")
    assert done(operations, run).state is RunState.ABORTED
    assert (acts(estate), estate.database.active) == ([], True)


def test_once_somebody_else_s_backup_is_over_the_run_goes_on_and_ends_its_own(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked())
    estate.database.active = True
    assert done(operations, run).state is RunState.INTERRUPTED
    estate.database.active = False
    assert done(operations, run).state is RunState.SUCCEEDED
    assert acts(estate) == ["begin", "end"]


def test_a_person_who_goes_on_in_somebody_else_s_backup_mode_does_not_have_it_ended(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked())
    estate.database.active = True
    done(operations, run)
    operations.ledger.decide(run.id, Choice.SKIP, BEGIN, "the DBA keeps it open", "ops")
    found = done(operations, run)
    assert found.state is RunState.SUCCEEDED
    assert states(found) == [StepState.SKIPPED, StepState.DONE, StepState.SKIPPED]
    assert (acts(estate), estate.database.active) == ([], True)


def test_a_database_that_does_not_go_into_backup_mode_has_no_snapshot_taken(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked())
    estate.database.refusing.add("begin")
    sent = estate.writes().get(TAKE, 0)
    found = done(operations, run)
    assert states(found) == [StepState.FAILED, StepState.PENDING, StepState.ALREADY]
    assert estate.writes().get(TAKE, 0) == sent
    estate.database.refusing.clear()
    assert done(operations, run).state is RunState.SUCCEEDED
    assert acts(estate) == ["begin", "end"]


def test_no_snapshot_is_taken_once_somebody_has_ended_the_backup_mode(estate: PgEstate, operations: Operations) -> None:
    request = asked()
    run = agreed(operations, request)
    left_behind(operations, run, BEGIN, StepState.DONE)
    estate.database.active = False
    found = done(operations, run)
    assert states(found) == [StepState.DONE, StepState.FAILED, StepState.ALREADY]
    assert found.step(SNAPSHOT).reason == (
        f"erp is not in backup mode any more: {request.snapshot} could not be recovered from"
    )
    assert done(operations, run).state is RunState.SUCCEEDED  # in a backup mode of its own
    assert acts(estate) == ["begin", "begin", "end"]


@pytest.mark.parametrize("said", ["INACTIVE", "", "ACTIVE\n2 files"])
def test_where_the_status_says_something_else_nothing_is_sent(
    estate: PgEstate, operations: Operations, said: str
) -> None:
    run = agreed(operations, asked(), limit_s=0.3)
    estate.database.says = said
    found = done(operations, run)
    assert found.step(BEGIN).state is StepState.UNKNOWN
    assert "erp: expected ACTIVE or NOT ACTIVE as the last line of its status command" in (found.steps[0].reason or "")
    assert acts(estate) == []


def test_where_the_status_breaks_meanwhile_the_run_does_not_say_that_all_is_well(
    estate: PgEstate, operations: Operations
) -> None:
    run = agreed(operations, asked(), limit_s=0.5)
    broken = once(lambda: estate.database.active, lambda: setattr(estate.database, "says", "no ORACLE_HOME"))
    found = runner(operations, tell=broken).run(run.id, wait_for_operator=False)
    assert found.state is RunState.INTERRUPTED
    assert StepState.UNKNOWN in states(found)
    estate.database.says = None
    assert done(operations, run).state is RunState.SUCCEEDED
    assert not estate.database.active


# -------------------------------------------------------------------------------------- aborted, paused, gone


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
