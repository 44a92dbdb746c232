"""Schedules as the store keeps them: what is done when, what became of each time, and the snapshots that they made.

Plain records; what each kind of schedule does is :mod:`app.timetable`'s.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import field

from store.record import Record
from store.timetable import Timetable


class Result(StrEnum):
    """What became of one time at which a schedule was due. ``WARNED``: it was done, and what it found needs a look.
    ``UNKNOWN``: a step of which nobody knows whether it was done. ``MISSED``: nobody was there to do it. ``REFUSED``:
    not begun, and why is said. ``INTERRUPTED``: the scheduler that did it is gone or was stopped."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    WARNED = "warning"
    FAILED = "failed"
    UNKNOWN = "not known"
    MISSED = "missed"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


MISFIRES = frozenset({Result.MISSED, Result.REFUSED})
"""Times at which nothing was begun."""


class Trigger(StrEnum):
    """Why a run began. ``CATCH_UP``: late, in place of those that were missed. ``RESUMED``: it goes on with one that
    was interrupted. ``FOLLOW_UP``: what an earlier one left to be done is done, as the clean-up of a drill."""

    DUE = "due"
    CATCH_UP = "catch-up"
    BY_HAND = "by hand"
    RESUMED = "resumed"
    FOLLOW_UP = "follow-up"


MOST_CLEANUP_MIN = 7 * 24 * 60
"""So many minutes a drill may last at most: its machines run, and are of the past."""


class JobOptions(Record, frozen=True):
    """How something is done; each kind of schedule takes some of them. ``keep``: so many snapshots, or backups, are
    kept. ``days``: a drill older than that is due. ``cleanup_min``: a drill is cleaned up after so many minutes; 0: not
    by itself."""

    keep: int = 7
    memory: bool = False
    quiesce: bool = False
    replicate: bool = False
    days: int = 90
    cleanup_min: int = 60


class Schedule(Record, frozen=True):
    """``kind`` is its word in the registry of kinds, ``target`` what it is done to, in the kind's words. Times UTC;
    ``next_run`` None: paused. ``misfires`` counts the times at which it was due and nothing was begun."""

    id: int
    name: str
    kind: str
    target: str
    options: JobOptions
    timetable: Timetable
    made_by: str
    made_at: datetime
    next_run: datetime | None = None
    misfires: int = 0

    @property
    def paused(self) -> bool:
        return self.next_run is None


class ScheduleRun(Record, frozen=True):
    """One time at which a schedule was due, or several that were missed: ``count`` of them up to ``last_due``.

    ``by`` is the scheduler; ``run`` the id of the run of the engine, where there is one; ``notes`` what it says for
    itself. Times UTC; ``ended_at`` None: it goes on.
    """

    id: int
    schedule: int
    due: datetime
    trigger: Trigger
    result: Result
    by: str
    began_at: datetime
    ended_at: datetime | None = None
    run: str | None = None
    notes: tuple[str, ...] = field(default=())
    count: int = 1
    last_due: datetime | None = None

    @property
    def took_s(self) -> float | None:
        return None if self.ended_at is None else (self.ended_at - self.began_at).total_seconds()


class ScheduledSnapshot(Record, frozen=True):
    """A completed snapshot, or backup, of a machine (``vm``: its instance UUID) that a schedule made; ``snapshot`` is
    the id that its server knows it by, or where it is in the directory for backups, ``run`` the one that made it.
    UTC."""

    schedule: int
    vm: str
    snapshot: str
    name: str
    taken_at: datetime
    run: str
