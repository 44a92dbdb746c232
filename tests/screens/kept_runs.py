"""Runs in a store of their own, brought to each state as the runner would: for the tests of the run screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from app.recovery.console_runs import ConsoleRuns
from app.recovery.draft import merged
from app.recovery.operations import Operations
from app.recovery.pg.pairing import Source, Target
from app.recovery.pg.plans import draw_clone
from app.recovery.pg.request import Request
from app.recovery.pg.situation import CloneDraft, CloneNow, GroupNow, TargetsNow
from app.settings_records import Settings
from backends.flasharray.records import Owner
from store.database import open_store
from store.ledger import Ledger
from store.run_view import RunView
from store.runs import Fact, Guard, Plan, PlannedStep, Run, RunState, StepState
from tests.screens.estate import NOW, Clock, ago, pgroup, volume

BY = "ops@jump from 192.0.2.7"
SEEN = (Fact("oradb on 3par-oslo", "Primary, Started, 1 Synced"),)
BeginRuns = Callable[[RunView, Callable[[], object], Callable[[str], object]], ConsoleRuns]


def planned(number: int, kind: str, title: str, device: str, call: str) -> PlannedStep:
    needs = () if number == 1 else (f"s{number - 1}",)
    return PlannedStep(f"s{number}", kind, "{}", title, device, call, needs, destructive=number < 4, p50_s=6.0)


FAILOVER = Plan(
    "failover",
    "failover oradb",
    ("rcg:100:oradb",),
    ago(20),
    (
        planned(1, "vlun.remove", "Take ora_data away from ora-srv1", "3par-oslo", "removevlun -f ora_data 1 ora-srv1"),
        planned(2, "rcg.stop", "Stop replication on 3par-oslo", "3par-oslo", "stoprcopygroup -f oradb"),
        replace(
            planned(
                3, "rcg.failover", "Fail over to 3par-bergen", "3par-bergen", "setrcopygroup failover -f oradb.r100"
            ),
            destructive=True,
        ),
        planned(4, "vlun.create", "Show ora_data to ora-srv2", "3par-bergen", "createvlun ora_data 1 ora-srv2"),
        planned(5, "rcg.unexported", "See that 3par-oslo shows no volume any more", "3par-oslo", ""),
    ),
    (
        Guard("rcg.role oradb", "the pair is normal", True, "normal: the natural primary serves the hosts", ago(25)),
        Guard("rcg.started oradb", "the group is Started", True, "Started on both", ago(25)),
    ),
    ("failover oradb", "site oslo is dark", "second person: NAME", "lose 6 min"),
    "what was written since the oldest LastSyncTime, 02:54:30 UTC",
    330.0,
    ("What 3par-oslo took since that moment is not on 3par-bergen.",),
    (),
    ("3par-bergen takes the writes from then on; 3par-oslo must not be shown to hosts again.",),
    p50_s=26.0,
    p95_s=41.0,
)
REFUSED = replace(
    FAILOVER,
    steps=(),
    confirm=(),
    guards=(
        Guard("rcg.role oradb", "the pair is normal", False, "failed over to the peer", ago(5)),
        FAILOVER.guards[1],
    ),
    way_back=("Fence the hosts of 3par-oslo.", "On 3par-bergen: setrcopygroup recover -f oradb.r100"),
)


def clone_plan() -> Plan:
    """What the planner makes of ``pgroup clone pg-erp drdeck-0301-0259 --onto pg-dev`` for three volumes."""
    sizes = {"data": 400, "log": 100, "arch": 200}
    owner = Owner("fa-oslo", "id-fa-oslo")

    def side(name: str, prefix: str) -> GroupNow:
        volumes = {v.name: v for v in (volume(f"{prefix}-{part}", gib=gib) for part, gib in sizes.items())}
        group = pgroup("fa-oslo", name, (), volumes=tuple(volumes))
        return GroupNow("fa-oslo", owner, ago(25), name, group, volumes)

    home, dev = side("pg-erp", "erp"), side("pg-dev", "dev")
    name = "pg-erp.drdeck-0301-0259"
    sources = tuple(Source(v.name, v.id, v.provisioned, f"{name}.{v.name}") for v in home.volumes.values())
    targets = TargetsNow(dev, tuple(Target(v.name, v.provisioned) for v in dev.volumes.values()), {})
    draft = CloneDraft(CloneNow(name, ago(20), home, None, name, sources, targets), "s", "0301-0259-a7f3")
    draw_clone(draft, Request("fa-oslo", "pg-erp", "drdeck-0301-0259", "pg-dev"))
    return replace(merged("clone", [draft]), p50_s=21.0, p95_s=26.0)


def propose(ledger: Ledger, clock: Clock, run_id: str = "0301-0259-a7f3", plan: Plan = FAILOVER) -> Run:
    clock.now = ago(20)
    run = ledger.propose(run_id, plan, BY)
    clock.now = NOW
    return run


def fill(ledger: Ledger, clock: Clock) -> None:
    """One run that succeeded an hour ago, one that was cancelled, and one that waits: its second step failed."""
    stop = replace(FAILOVER, verb="stop", name="stop oradb", steps=(replace(FAILOVER.steps[1], id="s1", needs=()),))
    clock.now = ago(3600)
    ledger.propose("0301-0200-0001", stop, BY)
    ledger.approve("0301-0200-0001", BY, stop.confirm)
    lease = ledger.take("0301-0200-0001", BY)
    clock.now = ago(3596)
    ledger.intend(lease, "s1", stop.steps[0].call, ())
    ledger.answered(lease, "s1", "accepted", 0.8)
    clock.now = ago(3590)
    ledger.settle(lease, "s1", StepState.DONE, (Fact("oradb on 3par-oslo", "Primary, Stopped"),), "it is Stopped")
    ledger.turn(lease, RunState.SUCCEEDED)
    ledger.propose("0301-0201-0002", stop, BY)
    ledger.drop("0301-0201-0002", BY, "cancelled before it began")
    clock.now = ago(75)
    ledger.propose("0301-0258-a7f3", FAILOVER, BY)
    clock.now = ago(50)
    ledger.approve("0301-0258-a7f3", BY, FAILOVER.confirm)
    lease = ledger.take("0301-0258-a7f3", "night@warroom, process 812, c0ffee")
    for step, state, reason in (
        ("s1", StepState.DONE, "ora-srv1 does not see it"),
        ("s2", StepState.FAILED, "busy: remote copy group object is busy (RCOPY_GROUP_IS_BUSY) (403/285)"),
    ):
        clock.now += timedelta(seconds=2)
        ledger.intend(
            lease, step, FAILOVER.step(step).call, (Fact("oradb on 3par-oslo", "Primary, Started, 1 Synced"),)
        )
        ledger.answered(lease, step, "accepted" if state is StepState.DONE else f"refused: {reason}", 0.6)
        clock.now += timedelta(seconds=5)
        ledger.settle(lease, step, state, SEEN, reason)
    ledger.turn(lease, RunState.WAITING)
    clock.now = ago(10)
    ledger.renew(lease)
    clock.now = NOW


@contextmanager
def kept(folder: Path, make: Callable[[Ledger, Clock], object] = fill) -> Iterator[tuple[BeginRuns, Ledger]]:
    """A store with the runs that ``make`` makes in it, and what a console is given to watch and act for them."""
    clock = Clock()
    path = folder / "runs.sqlite"
    settings = Settings(folder / "config.toml", False, True, path, folder / "known.toml", (), ())
    with closing(open_store(path)) as store, closing(Ledger(path, clock)) as ledger:
        make(ledger, clock)
        begun: list[ConsoleRuns] = []

        def begin(view: RunView, changed: Callable[[], object], failed: Callable[[str], object]) -> ConsoleRuns:
            begun.append(ConsoleRuns(Operations(settings, store, ledger), view, changed, failed))
            begun[-1].start()
            return begun[-1]

        try:
            yield begin, ledger
        finally:
            for one in begun:
                one.close(5)
