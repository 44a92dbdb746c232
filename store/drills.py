"""Which drills are not cleaned up, of LPARs, VMs and recovery plans: out of the runs alone. LPARs cannot be failed over
before that is done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store import plan_runs
from store.runs import ENDED, Run, RunState

DRILL, CLEANUP = "drill", "cleanup"
VM_DRILL, VM_CLEANUP = "vm drill", "vm cleanup"
_ENDS = {DRILL: CLEANUP, VM_DRILL: VM_CLEANUP, plan_runs.DRILL: plan_runs.CLEANUP}
DRILLS = tuple(_ENDS)
"""The verbs of drills."""

DRILLING = (*DRILLS, *_ENDS.values())
"""The verbs of drills and of what follows them."""


def subject(drill: str) -> str:
    """What the clean-up of a drill is about, by the id of its run: it stands in the name of the plan."""
    return f"after {drill}"


def owing(runs: Iterable[Run]) -> dict[str, Run]:
    """The drills that have ended and owe their clean-up, by their ids, the newest first.

    One that never began left nothing behind; one that goes on is ended, or aborted, first."""
    known = tuple(run for run in runs if run.plan.verb in _ENDS or run.plan.verb in _ENDS.values())
    done = {run.plan.name for run in known if run.plan.verb not in _ENDS and run.state is RunState.SUCCEEDED}
    drills = [run for run in known if run.plan.verb in _ENDS and run.state in ENDED and run.began_at is not None]
    left = [run for run in drills if f"{_ENDS[run.plan.verb]} {subject(run.id)}" not in done]
    return {run.id: run for run in sorted(left, key=_began, reverse=True)}


def order(drill: Run) -> str:
    """What has it cleaned up, in the words of the command line."""
    plan = plan_runs.plan_of(drill)
    if plan is not None:
        return f"plan run {plan} --kind cleanup"
    return f"{'vm' if drill.plan.verb == VM_DRILL else 'lpar'} cleanup {drill.id}"


def _began(run: Run) -> tuple[datetime, str]:
    return (run.created_at, run.id)


def lpars(run: Run) -> tuple[str, ...]:
    """The names of the LPARs that a run is about."""
    return tuple(target.removeprefix("lpar:") for target in run.plan.targets if target.startswith("lpar:"))


def about(run: Run) -> str:
    """What follows from a drill that is not cleaned up."""
    left = "What it started runs on until it is cleaned up"
    if run.plan.verb == plan_runs.DRILL:
        return f"{left}, and no other drill of the plan begins before"
    return left if run.plan.verb == VM_DRILL else "Its LPARs cannot be failed over before it is cleaned up"
