"""What stands in the rows of schedules, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from store.ledger_rows import encoded, maybe_moment
from store.recorded import from_text
from store.schedules import JobOptions, Result, Schedule, ScheduleRun, Trigger
from store.times import from_text as moment
from store.timetable import Timetable

SCHEDULE = (
    "SELECT id, name, kind, target, options, timetable, made_by, made_at, next_run, misfires FROM schedule "
    "WHERE removed_at IS NULL"
)
RUN = (
    'SELECT id, schedule, due, "trigger", result, by, began_at, ended_at, run, notes, count, last_due FROM schedule_run'
)


def schedule_of(row: Any) -> Schedule:
    """The record of a row of :data:`SCHEDULE`."""
    made, kind, target, options, timetable, by, made_at, due, misfires = row[1:]
    how, when = from_text(JobOptions, options), from_text(Timetable, timetable)
    return Schedule(row[0], made, kind, target, how, when, by, moment(made_at), maybe_moment(due), misfires)


def run_of(row: Any) -> ScheduleRun:
    """The record of a row of :data:`RUN`."""
    run_id, schedule, due, trigger, result, by, began, ended, run, notes, count, last = row
    what = (moment(due), Trigger(trigger), Result(result), by, moment(began), maybe_moment(ended), run)
    return ScheduleRun(run_id, schedule, *what, tuple(json.loads(notes)), count, maybe_moment(last))


def notes_text(notes: Sequence[str]) -> str:
    """Notes as the file can hold them, as JSON text."""
    return json.dumps([encoded(note) for note in notes])
