"""How long a run will take: its steps on a virtual clock, with the durations that this store has seen."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from app.recovery.timeline import Course, Lasts
from store.runs import Plan, PlannedStep

SAMPLES, LEAST_SAMPLES, MOST_DRAWN = 200, 60, 200_000
"""How many runs are drawn: fewer of a plan of very many steps."""
CALL_S = 0.5
"""A verb takes a session of its device for a call, seconds; a task of a vCenter until it has ended."""
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
History = Sequence[Sequence[float]]
Durations = Callable[[str], History]
"""What steps of a kind took, in seconds, run by run, the newest first."""
DAYS = 0.15
"""By how much more or less everything takes in another run: the standard deviation of its logarithm where one run was
seen. The more were seen, the more of it is in them."""


class Span(Struct, frozen=True):
    """How long something takes, in seconds: the median, and what 19 of 20 stay within."""

    p50_s: float
    p95_s: float


def predicted(plan: Plan, seen: Durations, seed: int = 1) -> Plan:
    """The plan with the median and the 95th percentile of its duration, and the median of each of its steps. ``seen``
    gives what steps of a kind took."""
    return foreseen(plan, seen, {}, {}, seed)[0]


def foreseen(
    plan: Plan, seen: Durations, marks: Mapping[str, Sequence[str]], sessions: Mapping[str, int], seed: int = 1
) -> tuple[Plan, dict[str, Span]]:
    """The same, and by name after how long all the steps are settled that ``marks`` has under it. ``sessions``: how
    many are sent to a device at a time."""
    if not plan.steps:
        return plan, {}
    rng = random.Random(seed)
    history = {kind: tuple(seen(kind)) for kind in {step.kind for step in plan.steps}}
    course = Course(plan)
    samples = max(LEAST_SAMPLES, min(SAMPLES, MOST_DRAWN // len(plan.steps)))
    runs = [course.ends(_drawn(course.steps, history, rng), sessions) for _ in range(samples)]
    usual = {kind: _usual(took, kind) for kind, took in history.items()}
    steps = tuple(replace(step, p50_s=usual[step.kind]) for step in plan.steps)
    whole = _span([max(ends.values(), default=0.0) for ends in runs])
    spans = {name: _span([max(ends[step] for step in steps) for ends in runs]) for name, steps in marks.items()}
    return replace(plan, steps=steps, p50_s=whole.p50_s, p95_s=whole.p95_s), spans


def _span(seconds: Sequence[float]) -> Span:
    known = sorted(seconds)
    return Span(round(known[len(known) // 2], 1), round(known[len(known) * 95 // 100], 1))


def _usual(seen: History, kind: str) -> float:
    every = [took for run in seen for took in run]
    return round(statistics.median(every) if len(every) >= LEAST_SEEN else _default(kind, 0.5), 1)


def _drawn(steps: Sequence[PlannedStep], history: Mapping[str, History], rng: random.Random) -> dict[str, Lasts]:
    """How long each step takes in one run. Everything is as fast as it was in one of those that were seen; of what was
    never seen here the device is what is not known. So steps are fast, or slow, together."""
    place, day = rng.random(), rng.gauss(0.0, DAYS)
    draws = {kind: _draw(kind, seen, place, day, rng) for kind, seen in history.items()}
    found = {}
    for step in steps:
        took = draws[step.kind]()
        holds = took if step.kind.startswith("vm.") else min(took, CALL_S)
        found[step.id] = Lasts(holds, took - holds)
    return found


def _draw(kind: str, seen: History, place: float, day: float, rng: random.Random) -> Callable[[], float]:
    """What draws how long steps of a kind take in one run. ``place``: the newest of those seen is 0, the oldest 1;
    ``day``: the logarithm of by how much more or less all takes, where one was seen."""
    if sum(map(len, seen)) < LEAST_SEEN:
        whole = _default(kind, rng.random())
        return lambda: whole
    run, factor = seen[int(place * len(seen))], math.exp(day / math.sqrt(len(seen)))
    return lambda: rng.choice(run) * factor


def _default(kind: str, level: float) -> float:
    """The default of a kind, of which so large a part, 0 to 1, is below: half of all take no longer than is usual, and
    few nearly as long as the longest."""
    low, usual, high = DEFAULTS_S.get(kind, _ANY)
    if level <= 0.5:
        return low + (usual - low) * 2 * level
    return usual + (high - usual) * float((2 * level - 1) ** 3)
