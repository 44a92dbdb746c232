"""How long a run will take: its steps on a virtual clock, with the durations that this store has seen."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.recovery import schedule
from store.runs import Plan, PlannedStep

SAMPLES = 200
_AT_ONCE = (0.0, 0.0, 0.0)
LEAST_SEEN = 3
"""Of a kind of step that was seen less often, the measured defaults are used."""

DEFAULTS_S: Mapping[str, tuple[float, float, float]] = {
    "rcg.start": (3.0, 6.0, 15.0),
    "rcg.stop": (3.0, 6.0, 15.0),
    "rcg.sync": (15.0, 60.0, 300.0),
    "rcg.wait-synced": (2.0, 30.0, 300.0),
    "rcg.failover": (6.0, 10.0, 30.0),
    "rcg.recover": (6.0, 10.0, 30.0),
    "rcg.restore": (6.0, 15.0, 60.0),
    "rcg.reverse": (6.0, 10.0, 30.0),
    "rcg.switchover": (6.0, 10.0, 30.0),
    "db.begin": (2.0, 6.0, 60.0),
    "db.end": (2.0, 4.0, 20.0),
    "pg.snapshot": (1.0, 2.0, 5.0),
    "pg.send": (1.0, 2.0, 5.0),
    "pg.arrived": (10.0, 120.0, 1200.0),
    "pg.restore": (2.0, 5.0, 15.0),
    "pod.demote": (8.0, 10.0, 60.0),
    "pod.promote": (4.0, 6.0, 20.0),
    "pod.undo": (4.0, 6.0, 20.0),
    "pod.replicating": (2.0, 5.0, 60.0),
    "lpar.stop": (10.0, 60.0, 240.0),
    "lpar.activate": (15.0, 40.0, 90.0),
    "lpar.up": (30.0, 100.0, 240.0),
    "vm.freeze": (3.0, 6.0, 60.0),
    "vm.thaw": (3.0, 6.0, 300.0),
    "vm.clone": (30.0, 180.0, 1800.0),
    "vm.carry": (30.0, 180.0, 1800.0),
    "vmbackup.export": (30.0, 180.0, 1800.0),
    "vmbackup.seal": (5.0, 60.0, 900.0),
    "vmbackup.restore": (30.0, 240.0, 2700.0),
    "vm.stop": (5.0, 40.0, 300.0),
    "vm.start": (3.0, 6.0, 30.0),
    "vm.up": (15.0, 40.0, 180.0),
    "plan.command": (1.0, 5.0, 60.0),
    "plan.ask": _AT_ONCE,
    "plan.reached": _AT_ONCE,
}
"""Shortest, usual and longest, in seconds: measured in the lab at realistic latencies; of databases as long as their
checkpoint takes. What people take their time for is no time of ours."""

_ANY = (2.0, 3.0, 6.0)
Durations = Callable[[str], Sequence[float]]
"""What steps of a kind took, in seconds, the newest first."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long something takes, in seconds: the median, and what 19 of 20 stay within."""

    p50_s: float
    p95_s: float


def predicted(plan: Plan, seen: Durations, seed: int = 1) -> Plan:
    """The plan with the median and the 95th percentile of its duration, and the median of each of its steps. ``seen``
    gives what steps of a kind took."""
    return foreseen(plan, seen, {}, seed)[0]


def foreseen(
    plan: Plan, seen: Durations, marks: Mapping[str, Sequence[str]], seed: int = 1
) -> tuple[Plan, dict[str, Span]]:
    """The same, and by name after how long all the steps are settled that ``marks`` has under it."""
    if not plan.steps:
        return plan, {}
    rng = random.Random(seed)
    history = {kind: tuple(seen(kind)) for kind in {step.kind for step in plan.steps}}
    order = schedule.order(plan)
    runs = [_once(order, history, rng) for _ in range(SAMPLES)]
    usual = {kind: _usual(took, kind) for kind, took in history.items()}
    steps = tuple(replace(step, p50_s=usual[step.kind]) for step in plan.steps)
    whole = _span([max(ends.values(), default=0.0) for ends in runs])
    spans = {name: _span([max(ends[step] for step in steps) for ends in runs]) for name, steps in marks.items()}
    return replace(plan, steps=steps, p50_s=whole.p50_s, p95_s=whole.p95_s), spans


def _span(seconds: Sequence[float]) -> Span:
    known = sorted(seconds)
    return Span(round(known[SAMPLES // 2], 1), round(known[SAMPLES * 95 // 100], 1))


def _usual(seen: Sequence[float], kind: str) -> float:
    if len(seen) >= LEAST_SEEN:
        return round(statistics.median(seen), 1)
    low, mode, high = DEFAULTS_S.get(kind, _ANY)
    if mode >= (low + high) / 2:
        return round(low + math.sqrt((high - low) * (mode - low) / 2), 1)
    return round(high - math.sqrt((high - low) * (high - mode) / 2), 1)


def _once(order: Sequence[PlannedStep], history: Mapping[str, Sequence[float]], rng: random.Random) -> dict[str, float]:
    """When each step ends, in seconds."""
    ends: dict[str, float] = {}
    for step in order:
        began = max((ends[other] for other in (*step.needs, *step.after)), default=0.0)
        ends[step.id] = began + _duration(history[step.kind], step.kind, rng)
    return ends


def _duration(seen: Sequence[float], kind: str, rng: random.Random) -> float:
    if len(seen) >= LEAST_SEEN:
        return rng.choice(seen)
    low, usual, high = DEFAULTS_S.get(kind, _ANY)
    return rng.triangular(low, high, usual)
