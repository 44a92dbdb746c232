"""What is wrong with runs, schedules and LPARs, by their own records. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from app.alerts.rules import Sample
from app.notify.keys import LPARS, RUNS
from app.notify.run_events import is_failover
from app.output import stamp
from store.alert_records import AlertKind, Metric, Raised
from store.drills import order, owing
from store.notices import Severity
from store.readiness import Standing
from store.readiness_view import ReadinessView
from store.runs import ENDED, Run, RunState
from store.schedules import Result, Schedule, ScheduleRun

NEWS = timedelta(days=7)
"""A run that failed longer ago, and after which nobody did anything there, is no news."""

_STUCK = (RunState.WAITING, RunState.INTERRUPTED, RunState.PAUSED)
_MISSED = frozenset({Result.MISSED, Result.FAILED, Result.UNKNOWN, Result.REFUSED})

Sites = Callable[[Run], tuple[str, ...]]
"""The sites that a run acts at."""


def of_runs(runs: Iterable[Run], sites: Sites, now: datetime) -> tuple[list[Raised], list[Sample]]:
    """Of the newest runs: those that wait for somebody, that failed and were not made good, that owe a clean-up."""
    newest = sorted(runs, key=lambda run: (run.created_at, run.id), reverse=True)
    found, samples, good = list[Raised](), list[Sample](), set[str]()
    for run in newest:
        if run.state in _STUCK:
            found.append(_waits(run, _site(sites(run))))
        if run.state is RunState.WAITING and run.began_at is not None:
            since = max((each.began_at for each in run.steps if each.began_at is not None), default=run.began_at)
            waited = max(0.0, (now - since).total_seconds())
            samples.append(Sample(Metric.RUN_WAITING, run.id, run.plan.name, waited, _site(sites(run))))
        ended = run.ended_at or run.created_at
        bad = run.state is RunState.FAILED and now - ended <= NEWS
        if bad and not good.intersection(run.plan.targets):
            found.append(_failed(run, _site(sites(run))))
        if run.state in ENDED and run.began_at is not None:
            good.update(run.plan.targets)
    found += [_owes(drill, _site(sites(drill))) for drill in owing(newest).values()]
    return found, samples


def _site(sites: tuple[str, ...]) -> str:
    """Where it is; nowhere in particular where it is between two sites."""
    return sites[0] if len(sites) == 1 else ""


def _waits(run: Run, site: str) -> Raised:
    why = f": {run.note}" if run.note else ""
    return Raised(
        key=f"run:{run.id}:waits",
        kind=AlertKind.RUN_WAITS,
        severity=Severity.CRITICAL if run.plan.destructive else Severity.WARNING,
        site=site,
        target=run.id,
        subject=f"{run.plan.name} is {run.state}",
        what=f"Run {run.id}, {run.plan.name}, is {run.state}{why}.",
        next=f"Decide: {RUNS}, Enter on it; or drdeck runs show {run.id}.",
        token=str(run.state),
    )


def _failed(run: Run, site: str) -> Raised:
    why = f": {run.note}" if run.note else ""
    return Raised(
        key=f"run:{run.id}:failed",
        kind=AlertKind.RUN_FAILED,
        severity=Severity.CRITICAL if is_failover(run.plan) else Severity.MAJOR,
        site=site,
        target=run.id,
        subject=f"{run.plan.name} failed",
        what=f"Run {run.id}, {run.plan.name}, failed at {stamp(run.ended_at)}{why}, and nothing was run there since.",
        next=f"See why: drdeck runs show {run.id}.",
    )


def _owes(drill: Run, site: str) -> Raised:
    return Raised(
        key=f"run:{drill.id}:owes",
        kind=AlertKind.CLEANUP_OWED,
        severity=Severity.WARNING,
        site=site,
        target=drill.id,
        subject=f"{drill.plan.name} owes its clean-up",
        what=f"What the drill of run {drill.id} started is still there; it cannot be failed over before.",
        next=f"Clean up: drdeck {order(drill)}.",
    )


def of_schedules(newest: Mapping[Schedule, ScheduleRun | None]) -> list[Raised]:
    """Schedules whose newest time was missed or went wrong."""
    return [
        _missed(schedule, run)
        for schedule, run in newest.items()
        if run is not None and run.result in _MISSED and not schedule.paused
    ]


def _missed(schedule: Schedule, run: ScheduleRun) -> Raised:
    notes = f": {run.notes[0]}" if run.notes else ""
    return Raised(
        key=f"schedule:{schedule.id}",
        kind=AlertKind.SCHEDULE_MISSED,
        severity=Severity.WARNING,
        site="",
        target=schedule.name,
        subject=f"{schedule.name}: {run.result}",
        what=f"{schedule.kind}, due at {stamp(run.due)}: {run.result}{notes}.",
        next=f"See it: drdeck schedule history {schedule.name}.",
        token=str(run.id),
    )


def of_readiness(view: ReadinessView, now: datetime) -> tuple[list[Raised], set[str], list[Sample]]:
    """LPARs that could not come back; of which nothing can be said; and how many could not."""
    covered, checked = view.covered, view.now
    if covered is None or checked.at is None:
        return [], set(), []
    site, under = covered.nominal, (covered.nominal, covered.recovery)
    found, unknown = list[Raised](), set[str]()
    for name in checked.words:
        standing, first = checked.standing(name, now), checked.words[name].first
        if standing in (Standing.NOT_KNOWN, Standing.UNCHECKED):
            unknown.add(f"lpar:{name}")
        elif standing is Standing.NOT_READY:
            why = f"{first.id}: {first.evidence}" if first is not None else "its checks"
            found.append(
                Raised(
                    key=f"lpar:{name}",
                    kind=AlertKind.NOT_READY,
                    severity=Severity.MAJOR,
                    site=site,
                    target=name,
                    subject=f"{name} is not ready",
                    what=f"{name} could not come back at {covered.recovery} now, by {why}.",
                    next=f"All checks: {LPARS}, Enter on {name}; drdeck lpar check {name}.",
                    token=first.id if first is not None else "",
                    under=under,
                )
            )
    samples = [] if unknown else [Sample(Metric.LPARS_NOT_READY, site, site, float(len(found)), site, under)]
    return found, unknown, samples
