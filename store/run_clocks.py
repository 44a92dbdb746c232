"""The two clocks of a run that activates LPARs or VMs, out of its steps: what is ours to promise, and what includes the
boot.

*Ready to activate*: everything that an activation waits for is settled, so that the last one can be sent. *Application
up*: every one of them has been activated and answers. Both count from the declaration, with the time that people took.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.runs import ENDED, SETTLED, Plan, Run, StepRecord

ACTIVATING = frozenset({"lpar.activate", "lpar.up", "vm.start", "vm.up"})
"""The kinds of step that bring an LPAR or a VM up."""

REACHED = "plan.reached"
"""The kind of step that does nothing: it stands for others, which are up by then."""


@dataclass(frozen=True, slots=True)
class Clock:
    """``at``: when it was reached (UTC), None: not yet; ``over``: nor will it be, the run has ended. ``seconds`` are
    those since the declaration, until it was reached or the run ended; None: it goes on."""

    at: datetime | None
    over: bool
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of a run."""

    ready: Clock
    up: Clock


def clocks(run: Run) -> Clocks | None:
    """The clocks of a run; None for one that activates nothing."""
    last = _activating(run.plan)
    if not last:
        return None
    records = {record.id: record for record in run.steps}
    before = _before(run.plan)
    return Clocks(
        _clock(run, [records[step] for step in before]),
        _clock(run, [records[step] for step in last]),
    )


def _activating(plan: Plan) -> list[str]:
    """The steps that bring something up, but for those that only take another one back."""
    return [step.id for step in plan.steps if step.kind in ACTIVATING and step.id not in plan.undoes]


def _before(plan: Plan) -> list[str]:
    """The steps that an activation waits for, over others too, but for those that bring up an LPAR themselves."""
    steps = {step.id: step for step in plan.steps}
    found: set[str] = set()
    left = _activating(plan)
    while left:
        step = steps[left.pop()]
        for other in (*step.needs, *step.after):
            if other not in found:
                found.add(other)
                left.append(other)
    return [step for step in found if steps[step].kind not in ACTIVATING and steps[step].kind != REACHED]


def _clock(run: Run, records: Iterable[StepRecord]) -> Clock:
    known = list(records)
    ended = [record.ended_at for record in known if record.state in SETTLED]
    at = None
    if run.began_at is not None and len(ended) == len(known):
        at = max([run.began_at, *(moment for moment in ended if moment is not None)])
    over = at is None and run.state in ENDED
    end = run.ended_at if over else at
    return Clock(at, over, None if end is None else max(0.0, (end - run.created_at).total_seconds()))
