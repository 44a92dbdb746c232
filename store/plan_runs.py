"""What runs of recovery plans are called: the verb tells the kind, the name tells the plan."""

from __future__ import annotations

from collections.abc import Iterable

from store.runs import Run

PLANNED, DISASTER = "plan planned", "plan disaster"
DRILL, CLEANUP, REPROTECT, FAILBACK = "plan drill", "plan cleanup", "plan reprotect", "plan failback"
VERBS = (PLANNED, DISASTER)
"""Runs that move production to the other side."""

MOVING = (*VERBS, FAILBACK)
"""Runs that move production, there or home."""

RECOVERING = (*MOVING, DRILL)
"""Runs that bring applications up, for which there are targets."""

EVERY = (*RECOVERING, CLEANUP, REPROTECT)


VMS = "v"
"""What the ids of the steps for VMs begin with; then comes the number of the VM among those that the run is about."""

_PLAN = "plan:"


_PREFIX = "plan "


def verb(kind: str) -> str:
    """The verb of a run of this kind."""
    return f"{_PREFIX}{kind}"


def target(plan: str) -> str:
    """The key under which runs act on a plan, one at a time."""
    return f"{_PLAN}{plan}"


def plan_of(run: Run) -> str | None:
    """The name of the recovery plan that a run is of; None: of none."""
    if run.plan.verb not in EVERY:
        return None
    return next((each.removeprefix(_PLAN) for each in run.plan.targets if each.startswith(_PLAN)), None)


def of_plan(runs: Iterable[Run], plan: str) -> tuple[Run, ...]:
    """The runs of a recovery plan, in the order in which they came."""
    return tuple(run for run in runs if plan_of(run) == plan)


def target_s(verb: str, rto_s: float | None) -> float | None:
    """What a run may take, in seconds, where ``rto_s`` is that of the configuration. A recovery plan has a target of
    its own for each application: that of the configuration is about none of them."""
    return None if verb.startswith(_PREFIX) else rto_s
