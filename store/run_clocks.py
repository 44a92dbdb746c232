"""The two clocks of a run that activates LPARs or VMs, out of its steps: what is ours to promise, and what includes the
boot.

*Ready to activate*: everything that an activation waits for is settled, so that the last one can be sent. *Application
up*: every one of them has been activated and answers. Both count from the declaration, with the time that people took.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from store.record import Record
from store.runs import ENDED, SETTLED, Plan, Run, StepRecord

ACTIVATING = frozenset({"lpar.activate", "lpar.up", "vm.start", "vm.up"})
"""The kinds of step that bring an LPAR or a VM up."""

REACHED = "plan.reached"
"""The kind of step that does nothing: it stands for others, which are up by then."""


class Clock(Record, frozen=True):
    """``at``: when it was reached (UTC), None: not yet; ``over``: nor will it be, the run has ended. ``seconds`` are
    those since the declaration, until it was reached or the run ended; None: it goes on."""

    at: datetime | None
    over: bool
    seconds: float | None


class Clocks(Record, frozen=True):
    """Both clocks of a run."""

    ready: Clock
    up: Clock


def clocks(run: Run) -> Clocks | None:
    """The clocks of a run; None for one that activates nothing."""
    last = _activating(run.plan)
    if not last:
        return None
    ready = ready_at(run)
    records = {record.id: record for record in run.steps}
    return Clocks(ready_clock(run, ready, last), settled_clock(run, [records[step] for step in last]))


def _activating(plan: Plan) -> list[str]:
    """The steps that bring something up, but for those that only take another one back."""
    undoes = plan.undoes
    return [step.id for step in plan.steps if step.kind in ACTIVATING and step.id not in undoes]


def ready_at(run: Run) -> Mapping[str, datetime | None]:
    """By step: of one that activates, or only stands for others, when all that it waits for was settled, over others of
    these too, but for these themselves; of any other when it was settled itself. None: not yet."""
    steps = {step.id: step for step in run.plan.steps}
    records = {record.id: record for record in run.steps}
    found: dict[str, datetime | None] = {}
    left = list(steps)
    while left:
        step = steps[left[-1]]
        if step.id in found:
            left.pop()
        elif step.kind not in ACTIVATING and step.kind != REACHED:
            found[step.id] = _settled_at(run, records[step.id])
        elif further := [other for other in (*step.needs, *step.after) if other not in found]:
            left += further
        else:
            found[step.id] = latest([run.began_at, *(found[other] for other in (*step.needs, *step.after))])
    return found


def latest(moments: Iterable[datetime | None]) -> datetime | None:
    """The last of them; None where one is not known, or there is none."""
    known = list(moments)
    told = [moment for moment in known if moment is not None]
    return max(told) if told and len(told) == len(known) else None


def _settled_at(run: Run, record: StepRecord) -> datetime | None:
    if run.began_at is None or record.state not in SETTLED:
        return None
    return max(run.began_at, record.ended_at or run.began_at)


def settled_clock(run: Run, records: Iterable[StepRecord]) -> Clock:
    """The clock that stops once all of these are settled."""
    return _stopped(run, latest(_settled_at(run, record) for record in records))


def _stopped(run: Run, at: datetime | None) -> Clock:
    over = at is None and run.state in ENDED
    end = run.ended_at if over else at
    return Clock(at, over, None if end is None else max(0.0, (end - run.created_at).total_seconds()))


def ready_clock(run: Run, ready: Mapping[str, datetime | None], steps: Iterable[str]) -> Clock:
    """The clock that stops once all of ``steps`` can be sent, activations aside. ``ready``: :func:`ready_at`."""
    return _stopped(run, latest(ready[step] for step in steps))
