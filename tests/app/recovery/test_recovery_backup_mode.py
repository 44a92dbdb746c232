"""Snapshots of a group whose database is in backup mode meanwhile: the plan, the run, and where a command fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.recovery import kinds, prediction
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.pg.database_steps import BeginBackup, EndBackup
from app.recovery.pg.operate import database_of, plan_clone
from app.recovery.pg.steps import TakeSnapshot
from app.settings import load
from backends.flasharray.verbs import Replicate
from backends.lab.faults import FaultKind
from store.runs import Choice, RunState, StepState
from tests.app.recovery.backup_range import (
    BEGIN,
    SNAPSHOT,
    TAKE,
    acts,
    agreed,
    asked,
    done,
    left_behind,
    once,
    operating,
    runner,
    states,
    taken_at,
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
