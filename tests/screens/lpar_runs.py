"""Plans and runs about LPARs as the planners make them, of any number of LPARs, for the tests of the screens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from store.ledger import Ledger
from store.run_view import RunView
from store.runs import Guard, Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.screens.estate import NOW, Clock, ago
from tests.screens.kept_runs import BY

A_GROUP = 10


def failover(count: int = 100) -> Plan:
    """A planned failover of so many LPARs, ten in a protection group, with two volumes each."""
    names = [f"lp{number:03}" for number in range(count)]
    groups = [f"pg{number:02}" for number in range((count + A_GROUP - 1) // A_GROUP)]
    steps: list[PlannedStep] = []

    def add(kind: str, title: str, device: str, call: str, needs: Iterable[str] = (), p50_s: float = 3.0) -> str:
        bad = kind in ("lpar.stop", "volume.overwrite", "lpar.activate")
        made = PlannedStep(f"s{len(steps) + 1}", kind, "{}", title, device, call, tuple(needs), destructive=bad)
        steps.append(replace(made, p50_s=p50_s))
        return made.id

    off = [
        add("lpar.stop", f"Stop {n} on P10-oslo-1", "hmc-oslo", f"chsysstate -o osshutdown -n {n}", (), 96)
        for n in names
    ]
    there = []
    for number, group in enumerate(groups):
        stopped = off[number * A_GROUP : (number + 1) * A_GROUP]
        taken = add("pg.snapshot", f"Take {group}.drdeck", "fa-oslo", "POST /protection-group-snapshots", stopped)
        there.append(
            add("pg.arrived", f"Wait until fa-bergen holds all of {group}.drdeck", "fa-bergen", "", [taken], 120)
        )
    kept = add("volume.keep", f"Keep what is overwritten as lp000_rootvg.drdeck and {2 * count - 1} more", "fa-bergen",
               "POST /volume-snapshots")  # fmt: skip
    for number, name in enumerate(names):
        needs = (there[number // A_GROUP], kept)
        copied = [
            add("volume.overwrite", f"Overwrite {name}_{part} of {name}", "fa-bergen", "POST /volumes", needs)
            for part in ("rootvg", "datavg")
        ]
        on = add(
            "lpar.activate", f"Activate {name} on P10-bergen-1", "hmc-bergen", f"chsysstate -o on -n {name}", copied, 46
        )
        add("lpar.up", f"Wait until {name} answers", "hmc-bergen", "", [on], 118)
    what = names[0] if count == 1 else f"{count} LPARs"
    return Plan(
        "failover",
        f"failover {what}",
        (*(f"lpar:{name}" for name in names), *(f"pg:id-fa-oslo:{group}" for group in groups)),
        ago(20),
        tuple(steps),
        _guards(names),
        (f"failover {what}", f"overwrite {2 * count} volumes"),
        "nothing: production is stopped first, then a last snapshot is carried over",
        0.0,
        notes=("bergen serves from then on; oslo must not be started again by itself.",),
        p50_s=312.0,
        p95_s=431.0,
    )


def _guards(names: list[str]) -> tuple[Guard, ...]:
    guards = [
        Guard("pwr.fenced", "oslo shows every LPAR, so that it can be stopped", True, f"{len(names)} LPARs", ago(25))
    ]
    for name in names:
        defined = f"{name} is defined at bergen as it is to be"
        guards.append(Guard(f"pwr.golden {name}", defined, True, "on P10-bergen-1, compared with home", ago(25)))
        free = f"{name} does not run at bergen"
        guards.append(Guard(f"pwr.free {name}", free, True, "Not Activated, no initiator logged in", ago(25)))
    return tuple(guards)


def acting(plan: Plan, states: Callable[[PlannedStep, int], StepState], state: RunState = RunState.RUNNING) -> Run:
    """A run of the plan that was declared 80 s before NOW. Steps that are settled ended one second after another from
    70 s before NOW on, in the order of the plan."""
    records, settled = [], 0
    for number, step in enumerate(plan.steps):
        now = states(step, number)
        ended: datetime | None = None
        if now in (StepState.DONE, StepState.ALREADY, StepState.SKIPPED, StepState.MARKED):
            ended = ago(70) + timedelta(seconds=settled / 10)
            settled += 1
        begun = ago(72) if ended is not None else ago(4) if now is StepState.RUNNING else None
        records.append(
            StepRecord(step.id, now, int(begun is not None), begun, ended, reason="it is so" if ended else None)
        )
    end = NOW if state in (RunState.SUCCEEDED, RunState.ABORTED, RunState.FAILED) else None
    return Run(
        "0301-0258-f00d",
        plan,
        state,
        BY,
        ago(80),
        tuple(records),
        ago(75),
        end,
        None,
        7,
        "night@warroom, process 812" if end is None else None,
    )


def half_way(count: int = 100) -> Run:
    """Everything is stopped and carried over; the volumes of six in ten LPARs are overwritten, those of the next under
    way."""

    def state(step: PlannedStep, number: int) -> StepState:
        if step.kind in ("lpar.stop", "pg.snapshot", "pg.arrived", "volume.keep"):
            return StepState.DONE
        if step.kind != "volume.overwrite":
            return StepState.PENDING
        lpar = int(step.title.removeprefix("Overwrite lp")[:3])
        return (
            StepState.DONE
            if 10 * lpar < 6 * count
            else StepState.RUNNING
            if 10 * lpar < 7 * count
            else StepState.PENDING
        )

    return acting(failover(count), state)


def show(view: RunView, run: Run) -> Run:
    """Let a console know of it."""
    view.take([run])
    return run


DRILL = Plan(
    "drill",
    "drill erp-db",
    ("lpar:erp-db",),
    ago(3700),
    (
        PlannedStep(
            "s1", "volume.make", "{}", "Make erp_root-drill-1 from pg-erp.41.erp_root", "fa-bergen", "POST /volumes"
        ),
        PlannedStep(
            "s2", "lpar.activate", "{}", "Activate erp-db for the drill", "hmc-bergen", "chsysstate -o on", ("s1",)
        ),
        PlannedStep("s3", "lpar.up", "{}", "Wait until erp-db answers", "hmc-bergen", "", ("s2",)),
    ),
    confirm=("drill erp-db",),
    loss="nothing: production runs on, and the drill has volumes of its own",
    loss_s=0.0,
    p50_s=190.0,
    p95_s=276.0,
)
DRILLED = "0301-0159-d1d1"


def fill_drilled(ledger: Ledger, clock: Clock, *, cleaned: bool = False) -> None:
    """A drill that succeeded an hour ago and, with ``cleaned``, its clean-up."""
    _succeed(ledger, clock, DRILLED, DRILL, 3700)
    if cleaned:
        after = replace(DRILL, verb="cleanup", name=f"cleanup after {DRILLED}", steps=DRILL.steps[:1])
        _succeed(ledger, clock, "0301-0230-c1ea", after, 1800)


def _succeed(ledger: Ledger, clock: Clock, run_id: str, plan: Plan, began_s: float) -> None:
    clock.now = ago(began_s)
    ledger.propose(run_id, plan, BY)
    clock.now += timedelta(seconds=5)
    ledger.approve(run_id, BY, plan.confirm)
    lease = ledger.take(run_id, BY)
    for step in plan.steps:
        ledger.intend(lease, step.id, step.call, ())
        clock.now += timedelta(seconds=40)
        ledger.settle(lease, step.id, StepState.DONE, (), "it is so")
    ledger.turn(lease, RunState.SUCCEEDED)
    clock.now = NOW
