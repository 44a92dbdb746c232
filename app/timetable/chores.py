"""Schedules that look after the estate and the store: they change nothing on any device."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from app.auto_records import AutoGroup
from app.recovery.auto.vm_plans import VmPlans
from app.recovery.step import UnseenError
from app.timetable import health
from app.timetable.drills import members
from app.timetable.work import Outcome, Work
from store.drills import DRILLING, DRILLS, order, owing
from store.estate import Reading
from store.ledger import RunError
from store.runs import Run, RunState
from store.schedules import Result

KEEP_HISTORY, LEAST_HISTORY = timedelta(days=400), 100
"""What is kept of the runs of each schedule: all that are so young, and so many in any case."""

KEEP_PROPOSED = timedelta(days=7)
"""A plan that nobody agreed to for so long is dropped: it was drawn up for an estate that has changed since."""


def health_check(work: Work) -> Outcome:
    """Read every device, and say how all is."""
    names = [device.name for device in work.operations.settings.devices]
    with ThreadPoolExecutor(max(1, len(names)), thread_name_prefix="health") as pool:
        found = dict(zip(names, pool.map(lambda name: _read(work, name), names), strict=True))
    schedules = work.book.schedules()
    newest = {}
    for schedule in schedules:
        ended = [run for run in work.book.runs(schedule.id, 2) if run.result is not Result.RUNNING]
        if ended and schedule.id != work.schedule.id:  # it is no reason to fail again that it failed
            newest[schedule.id] = ended[0]
    readings = [reading for reading in found.values() if isinstance(reading, Reading)]
    failures = {name: text for name, text in found.items() if isinstance(text, str)}
    lacks = health.lacks(health.Looked(work.clock(), readings, failures, schedules, newest))
    result = Result.SUCCEEDED if health.score(lacks) >= health.HEALTHY else Result.WARNED
    return Outcome(result, health.words(lacks))


def _read(work: Work, name: str) -> Reading | str:
    try:
        return work.operations.devices.reading(name, time.monotonic())
    except UnseenError as error:
        return str(error)


def clean_up(work: Work) -> Outcome:
    """Delete old history and events, and drop plans that nobody agreed to. The journal is never touched."""
    now, ledger = work.clock(), work.operations.ledger
    work.operations.store.prune(now)
    forgotten = work.book.forget(now - KEEP_HISTORY, LEAST_HISTORY)
    dropped = []
    for run in ledger.runs():
        if run.state is RunState.PROPOSED and now - run.created_at > KEEP_PROPOSED:
            try:
                ledger.drop(run.id, work.by, f"nobody agreed to it for {KEEP_PROPOSED.days} days")
            except RunError:  # somebody did just now
                continue
            dropped.append(run.id)
    said = [f"forgot {forgotten} runs of schedules older than {KEEP_HISTORY.days} days"] if forgotten else []
    said += [f"dropped the proposed run {run_id}" for run_id in dropped]
    return Outcome(Result.SUCCEEDED, tuple(said) or ("there was nothing to clean up",))


def drill_reminder(work: Work) -> Outcome:
    """Say of what the last passed drill is too long ago, of which groups it rehearsed another plan than the one that
    would be run now, and which drills are not cleaned up."""
    days, names = work.schedule.options.days, [name for name in work.schedule.target.split(",") if name]
    runs = [run for verb in DRILLING for run in work.operations.ledger.runs_of(verb)]
    passed = last_passed(runs)
    groups = {group.name: group for group in work.operations.settings.auto.groups}
    if not names:
        newest = max(passed.values(), default=None)
        wanted = {"anything": newest}
    else:
        plain = {name: passed.get(name) for name in names if name not in groups}
        wanted = plain | {name: _oldest(work, name, passed) for name in names if name in groups}
    said = [words for name, at in wanted.items() if (words := _due(name, at, work.clock(), days)) is not None]
    said += [words for name in names if name in groups and (words := _changed(work, groups[name])) is not None]
    meant = members(work.operations.settings, work.schedule.target)
    said += [f"clean-up owed: drdeck {order(run)}" for run in owing(runs).values() if not names or _about(run, meant)]
    if said:
        return Outcome(Result.WARNED, tuple(said))
    return Outcome(Result.SUCCEEDED, (f"every drill is younger than {days} days",))


def _oldest(work: Work, group: str, passed: Mapping[str, datetime]) -> datetime | None:
    """The time since when every machine of a group has passed a drill; None: one never did."""
    times = [passed.get(name) for name in members(work.operations.settings, group)]
    known = [at for at in times if at is not None]
    return min(known) if known and len(known) == len(times) else None


def _changed(work: Work, group: AutoGroup) -> str | None:
    """Whether the plan of a group has changed since its last drill."""
    plans = VmPlans(work.operations)
    drilled, now = plans.drill(group), plans.digest(group)
    if drilled is None or now is None or drilled.digest == now:
        return None
    return f"drill due: the plan of {group.name} has changed since its last drill"


def _about(run: Run, names: Iterable[str]) -> bool:
    """Whether a drill was about one of the names."""
    return bool({target.partition(":")[2] for target in run.plan.targets} & set(names))


def _due(name: str, at: datetime | None, now: datetime, days: int) -> str | None:
    if at is None:
        return f"drill due: no drill of {name} ever passed"
    if now - at > timedelta(days=days):
        return f"drill due: the last one of {name} that passed is of {at:%Y-%m-%d}, {(now - at).days} days ago"
    return None


def last_passed(runs: Iterable[Run]) -> dict[str, datetime]:
    """When the last drill of each thing that was drilled ended well (UTC), by its name."""
    found: dict[str, datetime] = {}
    for run in runs:
        if run.plan.verb in DRILLS and run.state is RunState.SUCCEEDED and run.ended_at is not None:
            for target in run.plan.targets:
                name = target.partition(":")[2]
                found[name] = max(run.ended_at, found.get(name, run.ended_at))
    return found
