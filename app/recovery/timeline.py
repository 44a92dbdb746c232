"""A run on a virtual clock: when each step ends, given how long each takes and how many a device takes at a time. Pure.

As the runner does it: a step begins once all are through that it waits for, and a part of the plan once it is its
turn; where a device has fewer sessions than steps that could be sent, those go first behind which the longest way is
left.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from app.recovery import schedule
from store.runs import Plan, PlannedStep, Turns


class Lasts(Struct, frozen=True):
    """How long a step takes, in seconds: first it ``holds`` a session of its device, then ``more`` passes."""

    holds: float
    more: float = 0.0


class Course:
    """The steps of a plan and what waits for what, looked at once for many runs on the clock."""

    def __init__(self, plan: Plan) -> None:
        self.steps: Sequence[PlannedStep] = schedule.order(plan)
        self._behind: dict[str, list[PlannedStep]] = defaultdict(list)
        self._waits = {step.id: len({*step.needs, *step.after}) for step in self.steps}
        for step in self.steps:
            for other in {*step.needs, *step.after}:
                self._behind[other].append(step)
        turns = plan.turns or Turns(0, ())
        self._part = {step: number for number, part in enumerate(turns.parts) for step in part}
        self._first = [
            [step for step in self.steps if step.id in part and not self._waits[step.id]] for part in turns.parts
        ]
        self._most = turns.most

    def ends(self, lasts: Mapping[str, Lasts], sessions: Mapping[str, int]) -> dict[str, float]:
        """When each step ends, in seconds from the begin of the run. A device that ``sessions`` does not name takes all
        at a time."""
        left, waits = self._left(lasts), dict(self._waits)
        turns = deque(self._first[self._most :])
        for step in chain.from_iterable(turns):
            waits[step.id] += 1
        undone = Counter(self._part.values())
        through: dict[int, float] = defaultdict(float)
        free = {device: [0.0] * most for device, most in sessions.items()}
        begins: dict[str, float] = defaultdict(float)
        found: dict[str, float] = {}
        ready = [(0.0, -left[step.id], step.id, step) for step in self.steps if not waits[step.id]]
        heapq.heapify(ready)

        def may_begin(steps: Iterable[PlannedStep], at: float) -> None:
            for each in steps:
                begins[each.id] = max(begins[each.id], at)
                waits[each.id] -= 1
                if not waits[each.id]:
                    heapq.heappush(ready, (begins[each.id], -left[each.id], each.id, each))

        while ready:
            at, rank, step_id, step = heapq.heappop(ready)
            slots = free.get(step.device) if step.call else None
            if slots is not None:
                if slots[0] > at:  # whoever is more urgent by then goes first
                    heapq.heappush(ready, (slots[0], rank, step_id, step))
                    continue
                heapq.heapreplace(slots, at + lasts[step_id].holds)
            found[step_id] = end = at + lasts[step_id].holds + lasts[step_id].more
            may_begin(self._behind[step_id], end)
            part = self._part.get(step_id, -1)
            undone[part] -= 1
            through[part] = max(through[part], end)
            if part >= 0 and not undone[part] and turns:
                may_begin(turns.popleft(), through[part])
        return found

    def _left(self, lasts: Mapping[str, Lasts]) -> dict[str, float]:
        """How long the way from the begin of each step to the end of the run is, if no session were waited for."""
        left: dict[str, float] = {}
        for step in reversed(self.steps):
            longest = max((left[each.id] for each in self._behind[step.id]), default=0.0)
            left[step.id] = lasts[step.id].holds + lasts[step.id].more + longest
        return left
