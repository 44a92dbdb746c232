"""A run of a recovery plan in a store of its own, brought half-way as the runner would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from store.ledger import Ledger
from store.runs import Lease, Run, RunState, StepRecord, StepState
from tests.screens.estate import NOW, Clock, ago
from tests.store import recoveries

RUN = "0301-0246-beef"
BY = "ops@jump from 192.0.2.7"
HOLDER = "night@warroom, process 812, c0ffee"

HALF_WAY: Mapping[str, tuple[float, float]] = {
    "p1": (800, 760),
    "r1.1": (758, 750),
    "r1.2": (749, 735),
    "p2": (734, 734),
    "l1": (758, 640),
    "l2": (638, 630),
    "l3": (629, 620),
    "l4": (619, 560),
    "v1.1": (758, 745),
    "v1.2": (744, 690),
}
"""By step how long before now it was begun and ended, in seconds."""


def settle(ledger: Ledger, clock: Clock, lease: Lease, step: str, began: float, ended: float) -> None:
    """A step that was done; times in seconds before now."""
    planned = recoveries.plan().step(step)
    clock.now = ago(began)
    if planned.call:
        ledger.intend(lease, step, planned.call, ())
        ledger.answered(lease, step, "accepted", 0.5)
    clock.now = ago(ended)
    ledger.settle(lease, step, StepState.DONE, (), "seen")


def fill(ledger: Ledger, clock: Clock, done: Sequence[str] = tuple(HALF_WAY), asks: str | None = "p3") -> None:
    """Declared a quarter of an hour ago; one application is up, one machine of another starts, and the third asks."""
    clock.now = ago(900)
    ledger.propose(RUN, recoveries.plan(), BY)
    clock.now = ago(840)
    ledger.approve(RUN, BY, recoveries.plan().confirm)
    lease = ledger.take(RUN, HOLDER)
    for step in done:
        settle(ledger, clock, lease, step, *HALF_WAY[step])
    clock.now = ago(65)
    ledger.intend(lease, "v2.1", "PowerOnVM_Task", ())
    if asks is not None:
        clock.now = ago(430)
        ledger.settle(lease, "l5", StepState.DONE, (), "it answers")
        clock.now = ago(429)
        ledger.settle(lease, asks, StepState.UNKNOWN, (), "Compare both sums. Mark it done once it is.")
        ledger.turn(lease, RunState.WAITING)
    clock.now = NOW - timedelta(seconds=10)
    ledger.renew(lease)
    clock.now = NOW


def half_way() -> Run:
    """The same run without any store, with its prompt still to come."""
    records = []
    for step in recoveries.plan().steps:
        if step.id in HALF_WAY:
            began, ended = HALF_WAY[step.id]
            records.append(StepRecord(step.id, StepState.DONE, 1, ago(began), ago(ended)))
        elif step.id == "v2.1":
            records.append(StepRecord(step.id, StepState.RUNNING, 1, ago(65)))
        else:
            records.append(StepRecord(step.id))
    steps = tuple(records)
    return Run(RUN, recoveries.plan(), RunState.RUNNING, BY, ago(900), steps, ago(840), seq=40, holder=HOLDER)
