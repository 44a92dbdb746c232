"""What a run of a recovery plan came to for each of its applications."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.outcomes import Outcome, outcomes, run_clocks
from store.run_clocks import Clock, clocks
from store.runs import Run, RunState, StepRecord, StepState
from tests.store import recoveries
from tests.store.estates import at

DONE = {"p1": 20, "r1.1": 30, "r1.2": 45, "p2": 46, "l1": 80, "l2": 84, "l3": 90, "l4": 140, "l5": 260}


def by_name(run: Run) -> dict[str, Outcome]:
    return {each.application.name: each for each in outcomes(run)}


def test_each_application_has_both_clocks_of_its_own() -> None:
    found = by_name(recoveries.run({**DONE, "v1.1": 50, "v1.2": 70}))
    assert found["wms"].ready == Clock(at(45), False, 45.0)
    assert found["wms"].up == Clock(at(46), False, 46.0)
    assert found["hr"].ready == Clock(at(90), False, 90.0)
    assert found["hr"].up == Clock(None, False, None), "somebody has to check the ledger first"
    assert found["licences"].up.at is None, "one of its two machines is not up"
    assert found["licences"].ready == Clock(at(20), False, 20.0), "the wave is no time of the storage"


def test_an_application_that_comes_after_another_is_not_ready_before_that_one() -> None:
    late = by_name(recoveries.run({**DONE, "r1.2": 130, "p2": 131}))
    assert late["hr"].ready.seconds == 130.0


def test_targets_are_held_against_what_was_reached() -> None:
    found = by_name(recoveries.run({**DONE, "p3": 290, "p4": 320}))
    assert (found["wms"].rto_kept, found["wms"].rpo_kept) == (True, True)
    assert found["hr"].rto_kept is False, "320 s of 300 s"
    assert found["hr"].rpo_kept is True
    assert (found["licences"].rto_kept, found["licences"].rpo_kept) == (None, None)


def test_one_that_never_came_up_did_not_keep_its_target() -> None:
    running = by_name(recoveries.run(DONE))["hr"]
    assert running.rto_kept is None and running.lost_words == "it is not up yet"
    ended = by_name(recoveries.run(DONE, state=RunState.ABORTED))["hr"]
    assert ended.rto_kept is False and ended.up == Clock(None, True, 900.0)
    assert ended.lost_s is None and ended.lost_words == "it did not come up"


@pytest.mark.parametrize("state", [StepState.SKIPPED, StepState.MARKED])
def test_the_bound_of_the_plan_is_not_claimed_where_a_person_settled_what_it_rests_on(state: StepState) -> None:
    up = {**DONE, "p3": 270, "p4": 271}
    told = by_name(recoveries.run(up, StepRecord("l3", state, ended_at=at(90))))["hr"]
    assert told.lost_s is None and "l3 Overwrite hr_db1_data was" in told.lost_words
    seen = by_name(recoveries.run(up, StepRecord("l5", state, ended_at=at(260))))["hr"]
    assert seen.lost_s == 420.0, "that a machine answers says nothing of its data"


def test_nothing_is_lost_where_all_was_stopped_first() -> None:
    run = recoveries.run({**DONE})
    assert run.plan.recovery is not None
    planned = [replace(each, loss_s=0.0) for each in run.plan.recovery.applications]
    recovery = replace(run.plan.recovery, applications=tuple(planned))
    loss = "nothing: everything is stopped first"
    found = by_name(replace(run, plan=replace(run.plan, recovery=recovery, loss=loss)))["wms"]
    assert (found.lost_s, found.rpo_kept, found.lost_words) == (0.0, True, loss)
    other = by_name(replace(run, plan=replace(run.plan, recovery=recovery)))["wms"]
    assert other.lost_words == "nothing, as the plan bounded it before the run"


def test_a_run_that_was_cancelled_before_it_began_missed_no_target() -> None:
    cancelled = replace(recoveries.run({}, state=RunState.ABORTED), began_at=None)
    assert {each.rto_kept for each in outcomes(cancelled)} == {None}


def test_the_clocks_of_the_run_are_those_of_its_last_application() -> None:
    waits = run_clocks(recoveries.run({**DONE, "v1.1": 50, "v1.2": 70, "v2.1": 80, "v2.2": 110, "p5": 110}))
    assert waits is not None and waits.ready.seconds == 90.0
    assert waits.up.at is None, "every machine answers, but somebody has to check the ledger"
    up = {**DONE, "p3": 290, "p4": 320, "v1.1": 50, "v1.2": 70, "v2.1": 80, "v2.2": 110, "p5": 111}
    found = run_clocks(recoveries.run(up))
    assert found is not None and found.up.seconds == 320.0
    alone = replace(recoveries.run(up), plan=replace(recoveries.plan(), recovery=None))
    assert run_clocks(alone) == clocks(alone)


def test_a_run_of_no_recovery_plan_has_none() -> None:
    run = recoveries.run({})
    assert outcomes(replace(run, plan=replace(run.plan, recovery=None))) == ()


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from([step.id for step in recoveries.plan().steps]), st.integers(10, 800)))
def test_the_whole_run_is_ready_when_its_last_application_is(ended: dict[str, int]) -> None:
    run = recoveries.run({step: float(when) for step, when in ended.items()})
    whole = clocks(run)
    assert whole is not None
    activating = [each.ready for each in outcomes(run) if each.application.name != "wms"]
    known = [clock.at for clock in activating if clock.at is not None]
    assert whole.ready.at == (max(known) if len(known) == len(activating) else None)
