"""What is still to come of a run, as far as the predictions of its steps tell: when each step should begin, and the
critical path, the longest chain of what is left. Pure, out of the run's own dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from store.record import Record
from store.run_clocks import latest
from store.runs import SETTLED, PlannedStep, Run, StepRecord, StepState


class Ahead(Record, frozen=True):
    """``left_s`` is how long it should take until nothing is left, ``path`` the ids of the steps that this rests on,
    the first first. ``begins_s``: by step that is not settled, in how many seconds it should begin."""

    left_s: float
    path: tuple[str, ...]
    begins_s: Mapping[str, float]


def ahead(run: Run, now: datetime) -> Ahead:
    """Every step takes as long as it usually does; one under way what is left of that, and one that failed takes it
    again. People are not waited for, and what only takes another step back is not counted."""
    left = _left(run)
    records = {record.id: record for record in run.steps}
    begins: dict[str, float] = {}
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    stack = list(left)
    while stack:
        step = left[stack[-1]]
        waits = [other for other in (*step.needs, *step.after) if other in left]
        if step.id in ends:
            stack.pop()
        elif further := [other for other in waits if other not in ends]:
            stack += further
        else:
            last = max(waits, key=ends.__getitem__, default=None)
            begins[step.id] = 0.0 if last is None else ends[last]
            before[step.id] = last
            ends[step.id] = begins[step.id] + _remaining_s(step, under_way_since(run, step, records), now)
    end = max(reversed(list(left)), key=ends.__getitem__, default=None)  # of equals the last in the order of the plan
    return Ahead(0.0 if end is None else ends[end], _path(end, before), begins)


def _left(run: Run) -> Mapping[str, PlannedStep]:
    """The steps that are not settled, by id, in the order of the plan."""
    undoes = run.plan.undoes
    settled = {record.id for record in run.steps if record.state in SETTLED}
    return {step.id: step for step in run.plan.steps if step.id not in undoes and step.id not in settled}


def under_way_since(run: Run, step: PlannedStep, records: Mapping[str, StepRecord]) -> datetime | None:
    """Since when a step is under way: since it was first sent, or of one that only looks since all was settled that it
    waits for. None: it is not."""
    record = records[step.id]
    if record.state is StepState.RUNNING:
        return record.began_at
    waits = [records[other] for other in (*step.needs, *step.after)]
    if step.call or record.state is not StepState.PENDING or any(other.state not in SETTLED for other in waits):
        return None
    return latest([run.began_at, *(other.ended_at or run.began_at for other in waits)])


def _remaining_s(step: PlannedStep, since: datetime | None, now: datetime) -> float:
    usual = step.p50_s or 0.0
    return usual if since is None else max(0.0, usual - max(0.0, (now - since).total_seconds()))


def _path(end: str | None, before: Mapping[str, str | None]) -> tuple[str, ...]:
    found: list[str] = []
    while end is not None:
        found.append(end)
        end = before[end]
    return tuple(reversed(found))
