"""How a replication stands, out of its runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store import plan_runs
from store.replications import (
    CLEANUP,
    DRILL,
    FAILBACK,
    FAILOVER,
    PAUSE,
    REPLICATE,
    RESUME,
    UNDO,
    Standing,
    said,
    standings,
    target,
)
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
DONE, FAILED = RunState.SUCCEEDED, RunState.FAILED


def run(number: int, verb: str, state: RunState = DONE, *, sent: bool = True, name: str = "", key: str = "") -> Run:
    began = T0 + timedelta(minutes=number)
    key = key or (said("web") if verb in (PAUSE, RESUME) else target("web"))
    plan = Plan(verb, name or f"{verb} web", (key,), began, (PlannedStep("s1", "vm.stop", "{}", "Stop", "vc", "x"),))
    step = StepRecord("s1", StepState.DONE if sent else StepState.PENDING, int(sent))
    return Run(f"r{number}", plan, state, "ana", began, (step,), began, began + timedelta(seconds=30))


def stands(*runs: Run) -> Standing:
    return standings(runs)["web"]


def test_a_pause_holds_until_it_is_resumed_however_the_runs_are_ordered() -> None:
    assert stands(run(1, PAUSE)).held == "it was paused by run r1"
    assert stands(run(2, RESUME), run(1, PAUSE)).held is None
    assert stands(run(1, RESUME), run(2, PAUSE)).paused == "r2"


@pytest.mark.parametrize("back", [UNDO, FAILBACK])
def test_a_failover_holds_passes_until_it_was_taken_back_or_brought_home(back: str) -> None:
    assert stands(run(1, FAILOVER)).failed_over == "r1"
    assert stands(run(1, FAILOVER), run(2, back)).failed_over is None
    assert stands(run(1, FAILOVER), run(2, back, FAILED)).failed_over == "r1"


def test_a_failover_that_failed_half_way_holds_passes_and_one_that_sent_nothing_does_not() -> None:
    assert stands(run(1, FAILOVER, FAILED)).failed_over == "r1"
    assert stands(run(1, FAILOVER, FAILED, sent=False)).failed_over is None


@pytest.mark.parametrize("verb", plan_runs.VERBS)
@pytest.mark.parametrize("touched", ["web", "db"])
def test_of_a_recovery_plan_that_was_given_up_only_the_vms_that_it_touched_are_failed_over(
    verb: str, touched: str
) -> None:
    steps = tuple(PlannedStep(f"v{n}.1", "vm.stop", "{}", "Stop", "vc", "x") for n in (1, 2))
    plan = Plan(verb, f"{verb} night", ("lpar:erp", target("web"), target("db")), T0, steps)
    records = tuple(
        StepRecord(step.id, StepState.DONE if name == touched else StepState.PENDING, int(name == touched))
        for step, name in zip(steps, ("web", "db"), strict=True)
    )
    given_up = Run("r1", plan, RunState.ABORTED, "ana", T0, records, T0, T0)
    assert {name: one.failed_over for name, one in standings([given_up]).items()} == {
        "web": "r1" if touched == "web" else None,
        "db": "r1" if touched == "db" else None,
    }


def test_a_drill_is_owed_its_clean_up_and_holds_no_pass() -> None:
    found = stands(run(1, DRILL, FAILED))
    assert (found.owed, found.held) == (("r1",), None)
    assert stands(run(1, DRILL), run(2, CLEANUP, name="vm cleanup after r1")).owed == ()
    assert stands(run(1, DRILL), run(2, CLEANUP, name="vm cleanup after r0")).owed == ("r1",)


def test_passes_are_kept_the_newest_first_and_only_those_that_were_done_say_how_long_they_take() -> None:
    found = stands(run(1, REPLICATE), run(2, REPLICATE, FAILED), run(3, REPLICATE))
    assert [one.run for one in found.passes] == ["r3", "r2", "r1"]
    assert found.took == (30.0, 30.0)


def test_a_run_that_has_not_ended_is_under_way_and_other_runs_are_nothing_to_it() -> None:
    under = run(1, REPLICATE, RunState.RUNNING)
    assert stands(under).under_way == under
    assert standings([run(1, "failover", key="lpar:web")]) == {}
