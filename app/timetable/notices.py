"""What somebody should be told of a schedule: the one place that every such event goes through."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from store.schedules import Result, Schedule, ScheduleRun

_log = logging.getLogger("drdeck.schedules")


class Event(StrEnum):
    """``FOUND``: it was done, and what it found needs a look (a drill that is due, a low score)."""

    MISSED = "missed"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "not known"
    INTERRUPTED = "interrupted"
    FOUND = "found"
    RETENTION = "retention applied"
    DONE = "done"


class Notice(Struct, frozen=True):
    """What happened to a schedule. The history of the schedule holds it already: ``run`` is that row."""

    event: Event
    schedule: Schedule
    run: ScheduleRun

    @property
    def text(self) -> str:
        """In one line."""
        notes = "; ".join(self.run.notes)
        return f"{self.schedule.name}, due {self.run.due:%Y-%m-%d %H:%M} UTC: {self.run.result}" + (
            f": {notes}" if notes else ""
        )


Tell = Callable[[Notice], None]

_EVENTS = {
    Result.MISSED: Event.MISSED,
    Result.REFUSED: Event.REFUSED,
    Result.FAILED: Event.FAILED,
    Result.UNKNOWN: Event.UNKNOWN,
    Result.INTERRUPTED: Event.INTERRUPTED,
    Result.WARNED: Event.FOUND,
    Result.SUCCEEDED: Event.DONE,
}


def notices(schedule: Schedule, run: ScheduleRun) -> tuple[Notice, ...]:
    """What is to be told of a run that is over."""
    found = [Notice(_EVENTS[run.result], schedule, run)] if run.result in _EVENTS else []
    if any(note.startswith("retention: ") for note in run.notes):
        found.append(Notice(Event.RETENTION, schedule, run))
    return tuple(found)


def logged(notice: Notice) -> None:
    """Say it in the log."""
    _log.info("%s: %s", notice.event, notice.text)
