"""A store with runs that went in many ways, for the tests of reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from store import remarks
from store.ledger import Ledger
from store.runs import Choice, Fact, Guard, Plan, PlannedStep, RunState, StepState

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
OPS, NIGHT = "ops@jump from 192.0.2.7", "night@warroom, process 812, c0ffee"
EVIL = '<script>alert("x")</script> | `rm` [a](https://evil.example) & "\nerp_db1'
RUN, OTHER, LATE = "0301-0300-a7f3c1", "0301-0301-000001", "0301-0302-000002"


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def step(number: int, kind: str, title: str, call: str, **more: object) -> PlannedStep:
    needs = () if number == 1 else (f"s{number - 1}",)
    return replace(PlannedStep(f"s{number}", kind, "{}", title, "3par-oslo", call, needs, p50_s=6.0), **more)  # type: ignore[arg-type]


PLAN = Plan(
    "failover",
    "failover oradb",
    ("rcg:100:oradb",),
    AT,
    (
        step(1, "vlun.remove", f"Take {EVIL} away", "removevlun -f ora_data 1 ora-srv1", destructive=True, undo="u1"),
        step(2, "rcg.stop", "Stop replication", "stoprcopygroup -f oradb"),
        step(3, "rcg.failover", "Fail over", "setrcopygroup failover -f oradb.r100", destructive=True),
        step(4, "rcg.unexported", "See that no host is left", ""),
        PlannedStep("u1", "vlun.create", "{}", "Give it back", "3par-oslo", "createvlun ora_data 1 ora-srv1"),
    ),
    (
        Guard("rcg.role oradb", "the pair is normal", True, "normal", AT),
        Guard("rcg.hosts oradb", "no host is left", True, "the site is dark: not checked", AT),
    ),
    ("failover oradb", "site oslo is dark", "second person: NAME", "lose 6 min"),
    "what was written since 02:54:30 UTC",
    330.0,
    ("What came after that moment is not there.",),
    notes=("3par-bergen takes the writes.",),
    p50_s=26.0,
    p95_s=41.0,
)
TYPED = ("failover oradb", "site oslo is dark", "second person: Berit", "lose 6 min")
BEFORE, AFTER = (Fact("oradb on 3par-oslo", "Primary, Started"),), (Fact("oradb on 3par-oslo", "Primary, Stopped"),)


def sent(ledger: Ledger, clock: Time, lease: object, step_id: str, state: StepState, reason: str | None = None) -> None:
    """A step that was sent once, three seconds before it is settled."""
    ledger.intend(lease, step_id, PLAN.step(step_id).call, BEFORE)  # type: ignore[arg-type]
    clock.pass_(1)
    ledger.answered(lease, step_id, "accepted", 0.5)  # type: ignore[arg-type]
    clock.pass_(2)
    ledger.settle(lease, step_id, state, AFTER, reason)  # type: ignore[arg-type]


def troubled(ledger: Ledger, clock: Time) -> None:
    """A disaster in which a step failed and was tried again, one was unknown and marked done, and a check was skipped;
    another run begins in the middle of it, and a third one ends the journal."""
    clock.now = AT
    ledger.propose(RUN, PLAN, OPS)
    clock.pass_(20)
    ledger.approve(RUN, OPS, TYPED)
    clock.pass_(1)
    lease = ledger.take(RUN, OPS + ", process 7, abcdef")
    sent(ledger, clock, lease, "s1", StepState.DONE, "no host sees it")
    ledger.propose(OTHER, replace(PLAN, name="failover crm", targets=("rcg:100:crm",)), OPS)
    sent(ledger, clock, lease, "s2", StepState.FAILED, "busy")
    ledger.turn(lease, RunState.WAITING)
    clock.pass_(40)  # its console is gone
    lease = ledger.take(RUN, NIGHT)
    ledger.decide(RUN, Choice.RETRY, "s2", "", "night@warroom")
    ledger.settle(lease, "s2", StepState.PENDING, ())
    sent(ledger, clock, lease, "s2", StepState.DONE, "it is Stopped")
    sent(ledger, clock, lease, "s3", StepState.UNKNOWN, "no answer")
    ledger.decide(RUN, Choice.MARK_DONE, "s3", "seen on the array", "night@warroom")
    ledger.settle(lease, "s3", StepState.MARKED, (), "night@warroom: seen on the array")
    ledger.settle(lease, "s4", StepState.UNKNOWN, (), "3par-oslo does not answer")
    ledger.decide(RUN, Choice.SKIP, "s4", "the site is dark", "night@warroom")
    ledger.settle(lease, "s4", StepState.SKIPPED, (), "night@warroom: the site is dark")
    clock.pass_(5)
    ledger.turn(lease, RunState.SUCCEEDED)
    remarks.note(ledger, RUN, f"all up; {EVIL}", "eva@warroom")
    remarks.lesson(ledger, RUN, "Renew the fence", "Berit", date(2026, 4, 1), "eva@warroom")
    ledger.propose(LATE, replace(PLAN, targets=("rcg:100:late",)), OPS)


def filled(folder: Path, *makes: object) -> Path:
    """The store that these make, or :func:`troubled` alone."""
    path, clock = folder / "drdeck.sqlite", Time()
    ledger = Ledger(path, clock)
    try:
        todo: Sequence[object] = makes or (troubled,)
        for make in todo:
            make(ledger, clock)  # type: ignore[operator]
    finally:
        ledger.close()
    return path
