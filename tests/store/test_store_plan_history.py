"""What the runs of a recovery plan say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store import plan_runs
from store.drills import order, owing, subject
from store.plan_history import PlanHistory, history
from store.replications import standings, target
from store.run_clocks import REACHED
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
DONE, FAILED = RunState.SUCCEEDED, RunState.FAILED


def run(
    number: int, verb: str, state: RunState = DONE, *, up_s: float = 60.0, name: str = "", plan: str = "erp"
) -> Run:
    """A run of a plan with two applications, of which *web* was not reached where it failed."""
    began = T0 + timedelta(days=number)
    steps = tuple(
        PlannedStep(f"p{n}", REACHED, "{}", title, "here", "")
        for n, title in enumerate(("db is up at lyon", "The group one is up at lyon", "web is up at lyon"))
    )
    end = began + timedelta(seconds=up_s)
    reached = [StepState.DONE, StepState.DONE, StepState.DONE if state is DONE else StepState.PENDING]
    records = tuple(
        StepRecord(step.id, found, 1, began, end if found is StepState.DONE else None)
        for step, found in zip(steps, reached, strict=True)
    )
    targets = (plan_runs.target(plan), target("web01"))
    made = Plan(verb, name or f"{verb.removeprefix('plan ')} {plan}", targets, began, steps)
    return Run(f"r{number}", made, state, "ana", began, records, began, end)


def of(*runs: Run) -> PlanHistory:
    return history(reversed(runs), "erp")


def test_each_application_is_measured_in_the_runs_that_brought_it_up_and_passed() -> None:
    found = of(
        run(1, plan_runs.DRILL, up_s=90),
        run(2, plan_runs.PLANNED, FAILED),
        run(3, plan_runs.PLANNED, up_s=60),
        run(4, plan_runs.REPROTECT),
        run(5, plan_runs.FAILBACK, plan="shop"),
    )
    assert [(each.run, each.word, each.seconds) for each in found.measured["web"]] == [
        ("r1", "drill", 90.0), ("r3", "planned", 60.0),
    ]  # fmt: skip
    assert found.measured.keys() == {"db", "web"}, "a group is no application"


@pytest.mark.parametrize("moved", plan_runs.VERBS)
def test_where_everything_serves_is_told_by_the_last_run_that_moved_it(moved: str) -> None:
    away = of(run(1, moved))
    assert (away.away.id if away.away else None, away.back) == ("r1", None)
    back = of(run(1, moved), run(2, plan_runs.REPROTECT))
    assert back.back is not None and back.back.id == "r2"
    assert of(run(1, moved), run(2, plan_runs.REPROTECT), run(3, plan_runs.FAILBACK)).away is None
    assert of(run(1, moved), run(2, plan_runs.FAILBACK, FAILED)).away is not None


def test_a_drill_of_a_plan_owes_its_clean_up_whatever_became_of_it() -> None:
    for state in (DONE, FAILED, RunState.ABORTED):
        drill = run(1, plan_runs.DRILL, state)
        assert list(owing([drill])) == ["r1"] and order(drill) == "plan run erp --kind cleanup"
        found = of(drill)
        assert found.owed is drill and (found.drilled is drill) is (state is DONE)
        assert standings([drill])["web01"].of_plans == ("plan run erp --kind cleanup",)
        cleaned = run(2, plan_runs.CLEANUP, name=f"{plan_runs.CLEANUP} {subject('r1')}")
        assert not owing([drill, cleaned]) and of(drill, cleaned).owed is None
        assert standings([drill, cleaned])["web01"].of_plans == ()
        other = run(2, plan_runs.CLEANUP, name=f"{plan_runs.CLEANUP} {subject('r0')}")
        assert list(owing([drill, other])) == ["r1"]


@pytest.mark.parametrize("settled", [True, False])
def test_of_a_failback_that_was_given_up_the_vms_that_are_home_are_home(settled: bool) -> None:
    def with_step(verb: str, state: RunState, record: StepRecord) -> Run:
        step = PlannedStep("v1.1", "vm.start", "{}", "Power on", "vc", "x")
        plan = Plan(verb, f"{verb} erp", (plan_runs.target("erp"), target("web01")), T0, (step,))
        return Run(verb, plan, state, "ana", T0 + timedelta(hours=verb == plan_runs.FAILBACK), (record,), T0, T0)

    there = with_step(plan_runs.PLANNED, DONE, StepRecord("v1.1", StepState.DONE, 1))
    record = StepRecord("v1.1", StepState.DONE if settled else StepState.FAILED, 1)
    home = with_step(plan_runs.FAILBACK, RunState.ABORTED, record)
    assert standings([there, home])["web01"].failed_over == (None if settled else plan_runs.PLANNED)
