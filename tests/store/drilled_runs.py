"""Drills and their clean-ups as the store keeps them, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from store.drills import subject
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState


def drill(
    run_id: str,
    *lpars: str,
    state: RunState = RunState.SUCCEEDED,
    at: datetime,
    began: bool = True,
    verb: str = "drill",
) -> Run:
    """A drill of these LPARs that was proposed ``at`` this moment and took two minutes."""
    step = PlannedStep("s1", "lpar.activate", "{}", f"Activate {lpars[0]} for the drill", "hmc-bergen", "chsysstate")
    plan = Plan(verb, f"{verb} {lpars[0]}", tuple(f"lpar:{name}" for name in lpars), at, (step,))
    end = at + timedelta(minutes=2)
    record = StepRecord("s1", StepState.DONE, 1, at, end)
    return Run(run_id, plan, state, "ops@jump", at, (record,), at if began else None, end)


def cleanup(run_id: str, of: str, *, state: RunState = RunState.SUCCEEDED, at: datetime) -> Run:
    """The clean-up after a drill."""
    made = drill(run_id, "any", state=state, at=at)
    return replace(made, plan=replace(made.plan, verb="cleanup", name=f"cleanup {subject(of)}"))
