"""What the runs of a recovery plan say of it: how long each application took to come up, when a drill last passed, and
where it serves. Pure: out of the runs alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import field

from store.drills import owing
from store.outcomes import outcomes
from store.plan_runs import DISASTER, DRILL, FAILBACK, PLANNED, RECOVERING, REPROTECT, of_plan
from store.record import Record
from store.run_clocks import REACHED
from store.runs import SETTLED, Run, RunState

_UP = re.compile(r"(\S+) is up at \S+")


class Measured(Record, frozen=True):
    """One application in one run that passed: up ``seconds`` after the run was declared, at ``at`` (UTC)."""

    run: str
    verb: str
    at: datetime
    seconds: float

    @property
    def word(self) -> str:
        """What kind of run it was: ``drill``."""
        return self.verb.rpartition(" ")[2]


class PlanHistory(Record, frozen=True):
    """``measured`` by application, the oldest first. ``drilled``: the last drill that passed; ``owed``: the drill that
    is not cleaned up. ``away``: the run since which everything serves at the other site, ``back`` the run that
    replicated it home since. None: there is none."""

    measured: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)
    drilled: Run | None = None
    owed: Run | None = None
    away: Run | None = None
    back: Run | None = None


def history(runs: Iterable[Run], plan: str) -> PlanHistory:
    """What the ``runs``, in any order, say of a plan. A run that was aborted or failed is no measure."""
    mine = sorted(of_plan(runs, plan), key=lambda run: (run.created_at, run.id))
    passed = [run for run in mine if run.state is RunState.SUCCEEDED]
    measured: dict[str, list[Measured]] = {}
    drilled = away = back = None
    for run in passed:
        for application, at in ups(run).items() if run.plan.verb in RECOVERING else ():
            took = max(0.0, (at - run.created_at).total_seconds())
            measured.setdefault(application, []).append(Measured(run.id, run.plan.verb, at, took))
        match run.plan.verb:
            case verb if verb == DRILL:
                drilled = run
            case verb if verb in (PLANNED, DISASTER):
                away, back = run, None
            case verb if verb == REPROTECT and away is not None:
                back = run
            case verb if verb == FAILBACK:
                away = back = None
    left = owing(mine)
    kept = {name: tuple(found) for name, found in measured.items()}
    return PlanHistory(kept, drilled, next(iter(left.values()), None), away, back)


def ups(run: Run) -> Mapping[str, datetime]:
    """When each application of a plan was up in a run of it (UTC), by its name; those that never were are not there."""
    if run.plan.recovery is not None:
        return {each.application.name: each.up.at for each in outcomes(run) if each.up.at is not None}
    found: dict[str, datetime] = {}
    for planned, record in zip(run.plan.steps, run.steps, strict=True):
        said = _UP.fullmatch(planned.title) if planned.kind == REACHED else None
        if said is not None and record.state in SETTLED and record.ended_at is not None:
            found[said[1]] = record.ended_at
    return found
