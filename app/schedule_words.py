"""What the command line takes of a schedule, and how it shows one."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict, replace

from store.schedules import MOST_CLEANUP_MIN, JobOptions, Schedule, ScheduleRun
from store.timetable import Timetable, upcoming, zone_of
from store.timetable_texts import changed

if TYPE_CHECKING:
    from app.timetable.work import JobKind

DATES = 5
"""So many of the next dates are shown."""

_OPTIONS = {"cleanup_min": "cleanup-after"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def name(text: str) -> str:
    """The name of a new schedule. Raises :class:`ValueError`."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text}: expected a name of letters, digits, '.', '_' and '-', at most 64 of them")
    return text


def timetable(given: argparse.Namespace, before: Timetable) -> Timetable:
    """``before`` with what is given; what is not stays. Raises :class:`ValueError` with what was expected."""
    names = ("every", "at", "weekday", "day", "zone")
    return changed(before, {name: text for name in names if (text := getattr(given, name)) is not None})


def options(given: argparse.Namespace, before: JobOptions, kind: JobKind) -> JobOptions:
    """``before`` with what is given. Raises :class:`ValueError` for what the kind does not take."""
    changes: dict[str, Any] = {
        name: getattr(given, name) for name in JobOptions.__struct_fields__ if getattr(given, name, None) is not None
    }
    for option in changes:
        if option not in kind.options:
            raise ValueError(f"--{_OPTIONS.get(option, option)} does not go with {kind.word}")
    found = replace(before, **changes)
    if found.keep < 1:
        raise ValueError(f"--keep {found.keep}: expected 1 or more")
    if found.days < 1:
        raise ValueError(f"--days {found.days}: expected 1 or more")
    if not 0 <= found.cleanup_min <= MOST_CLEANUP_MIN:
        raise ValueError(f"--cleanup-after {found.cleanup_min}: expected 0 to {MOST_CLEANUP_MIN} minutes")
    if found.memory and found.quiesce:
        raise ValueError("--memory and --quiesce: expected one of them, a snapshot with memory is not quiesced")
    return found


def local_zone() -> str:
    """The time zone of this machine: TZ, else where /etc/localtime leads; UTC where neither names one."""
    parts = os.environ.get("TZ", "").lstrip(":") or str(Path("/etc/localtime").resolve())
    found = parts.partition("zoneinfo/")[2] or parts
    try:
        return zone_of(found).key
    except ValueError:
        return "UTC"


# -------------------------------------------------------------------------------------------------------------- showing


def dates(schedule: Schedule, now: datetime, count: int = DATES) -> tuple[datetime, ...]:
    """The next times, in the schedule's own zone; none while it is paused."""
    if schedule.next_run is None:
        return ()
    zone = zone_of(schedule.timetable.zone)
    found = (schedule.next_run, *upcoming(schedule.timetable, max(schedule.next_run, now), count))[:count]
    return tuple(moment.astimezone(zone) for moment in found)


def date_lines(schedule: Schedule, now: datetime, count: int = DATES) -> list[str]:
    """One line for each of the next times."""
    if schedule.paused:
        return [f"{schedule.name} is paused: drdeck schedule resume {schedule.name}"]
    return [f"  {moment:%a %Y-%m-%d %H:%M %Z}" for moment in dates(schedule, now, count)]


def as_json(schedule: Schedule, newest: ScheduleRun | None, now: datetime) -> dict[str, Any]:
    """A schedule, its newest run and its next dates."""
    from app.output import stamp

    return {
        "name": schedule.name,
        "kind": schedule.kind,
        "target": schedule.target,
        "options": asdict(schedule.options),
        "timetable": asdict(schedule.timetable),
        "paused": schedule.paused,
        "next_runs": [stamp(moment) for moment in dates(schedule, now)],
        "misfires": schedule.misfires,
        "last_run": None if newest is None else run_as_json(newest),
    }


def run_as_json(run: ScheduleRun) -> dict[str, Any]:
    from app.output import stamp

    return {
        "due": stamp(run.due),
        "trigger": run.trigger,
        "result": run.result,
        "began_at": stamp(run.began_at),
        "ended_at": stamp(run.ended_at),
        "took_s": run.took_s,
        "run": run.run,
        "count": run.count,
        "last_due": stamp(run.last_due),
        "by": run.by,
        "notes": list(run.notes),
    }


def history_lines(runs: Sequence[ScheduleRun]) -> list[str]:
    """A block of lines for each run, newest first."""
    lines = []
    for run in runs:
        took = "" if run.took_s is None or run.count > 1 else f" in {run.took_s:.0f} s"
        times = "" if run.count == 1 else f", {run.count} times until {run.last_due:%Y-%m-%d %H:%M}"
        lines.append(
            f"{run.due:%Y-%m-%d %H:%M} UTC{times}  {run.result}{took}, {run.trigger}"
            + (f", run {run.run}" if run.run else "")
        )
        lines += [f"    {note}" for note in run.notes]
    return lines
