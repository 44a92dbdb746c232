"""Recovery time and recovery point: what was asked for against what came of it, for the run, for
each application of a recovery plan, and for each machine."""

from __future__ import annotations

from collections.abc import Iterator

from app.report.applications import reached
from app.report.records import Objective
from app.report.scenario import recovers
from store import plan_runs
from store.outcomes import outcomes, run_clocks
from store.runs import SETTLED, Run, RunState

_UP = frozenset({"lpar.up", "vm.up"})
"""The kinds of step that see one machine answer."""


def objectives(run: Run, rto_s: float | None) -> tuple[Objective, ...]:
    """``rto_s`` is what the configuration lets a recovery take, in seconds. Empty for a run that recovers nothing."""
    if not recovers(run.plan.verb):
        return ()
    rto_s = plan_runs.target_s(run.plan.verb, rto_s)
    return (*_times(run, rto_s), *_applications(run), *_machines(run, rto_s), _point(run))


def _times(run: Run, rto_s: float | None) -> tuple[Objective, ...]:
    found = run_clocks(run)
    if found is None:
        whole = run.ended_at is not None and run.state is RunState.SUCCEEDED
        took = (run.ended_at - run.created_at).total_seconds() if whole and run.ended_at is not None else None
        words = "from the declaration to the end of the run" if whole else f"it is {run.state}: nothing to measure"
        return (Objective("RTO", "the whole run", rto_s, took, words),)
    up = reached(found.up)
    each = "machine answers" if run.plan.recovery is None else "application was up"
    said = f"from the declaration until every {each}" if up is not None else "not every one came up"
    ready = reached(found.ready)
    when = (
        "from the declaration until all that an activation waits for was done" if ready is not None else "not reached"
    )
    return (
        Objective("RTO", "application up", rto_s, up, said),
        Objective("RTO", "ready to activate", None, ready, when),
    )


def _applications(run: Run) -> Iterator[Objective]:
    """Of a recovery plan each application against the targets that its file sets."""
    for each in outcomes(run):
        name, up = f"application {each.application.name}", reached(each.up)
        words = "from the declaration until it was up" if up is not None else "it did not come up"
        missed = each.up.over and each.begun
        yield Objective("RTO", f"{name}: up", each.application.rto_s, up, words, missed)
        ready = reached(each.ready)
        words = "until all was done that it waits for" if ready is not None else "not reached"
        yield Objective("RTO", f"{name}: ready to activate", None, ready, words)
        yield Objective("RPO", name, each.application.rpo_s, each.lost_s, each.lost_words)


def _machines(run: Run, rto_s: float | None) -> tuple[Objective, ...]:
    found = []
    for planned, record in zip(run.plan.steps, run.steps, strict=True):
        if planned.kind in _UP:
            done = record.state in SETTLED and record.ended_at is not None
            took = (record.ended_at - run.created_at).total_seconds() if done and record.ended_at is not None else None
            found.append(Objective("RTO", planned.title, rto_s, took, f"step {planned.id}: {record.state}"))
    return tuple(found)


def _point(run: Run) -> Objective:
    plan = run.plan
    if plan.loss_s is not None:
        words = f"at most, as the plan bounded it before the run: {plan.loss or 'no further words'}"
        return Objective("RPO", "the whole run", None, plan.loss_s, words)
    return Objective("RPO", "the whole run", None, None, plan.loss or "the plan says nothing of a loss")
