"""The clock of the timekeeper: APScheduler with jobs in memory, one for each schedule, made anew from the table.

The table is the truth. Another process may change it at any time, so it is looked at every few seconds; a job only
saves the time until the next look. Source: devices 6.1.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.timetable.keeper import Timekeeper
from store.errors import StoreAwayError, StoreError
from store.schedules import Schedule, ScheduleRun

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from app.timetable.notices import Tell
    from store.schedule_book import ScheduleBook

LOOK_S = 5.0
"""How often the table is looked at."""

AT_ONCE = 8
"""So many schedules are worked on at a time; each device has its own bound of sessions besides."""

_log = logging.getLogger("drdeck.schedules")


class Clockwork:
    """Runs the schedules in ``book`` from :meth:`start` to :meth:`stop`. ``tell`` is told what somebody should know,
    ``changed`` that the table may have; both on threads of this. ``trouble`` is told once of each thing that goes
    wrong with the store."""

    def __init__(
        self,
        book: ScheduleBook,
        operations: Operations,
        tell: Tell,
        changed: Callable[[], object] = lambda: None,
        trouble: Callable[[str], object] = _log.warning,
    ) -> None:
        from app.timetable.kinds import KINDS

        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="schedule")
        self.keeper = Timekeeper(book, operations, KINDS, self._pool.submit, tell)
        self._book = book
        self._changed = changed
        self._trouble = trouble
        self._told: str | None = None
        self._scheduler: Any = None
        self._jobs: dict[str, datetime] = {}
        self._stopped, self._wake = threading.Event(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch the schedules", daemon=True)

    def start(self) -> None:
        """Begin. Returns at once."""
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").addHandler(logging.NullHandler())
        # What is late is for the table to say: a job that is late still only looks at it.
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.start()
        self._watcher.start()

    def run_now(self, schedule: Schedule) -> ScheduleRun:
        """Begin a schedule now. Raises StoreError."""
        return self.keeper.run_now(schedule)

    def look(self) -> None:
        """The table was changed: look at it now."""
        self._wake.set()

    def stop(self, limit_s: float) -> None:
        """Begin nothing more; what is under way ends, or is left to be resumed, within about ``limit_s`` seconds."""
        self._stopped.set()
        self._wake.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        if self._watcher.is_alive():  # it claims nothing more, so that nothing comes to a pool that is gone
            self._watcher.join(LOOK_S)
        self.keeper.stop(limit_s)
        self._pool.shutdown(wait=False)

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self.keeper.look_after()
                self.keeper.tick()
                self._renew(self._book.schedules())
                self._told = None
            except StoreError as error:
                self._say(error.message if isinstance(error, StoreAwayError) else str(error))
            except Exception as error:  # the schedules must go on, whatever it is
                self._say(f"a defect, {type(error).__name__}")
                _log.exception("the schedules")
            self._changed()
            self._wake.wait(LOOK_S)
            self._wake.clear()

    def _renew(self, schedules: tuple[Schedule, ...]) -> None:
        """One job for each schedule that is not paused, at its next run."""
        wanted = {f"schedule {s.id}": s.next_run for s in schedules if s.next_run is not None}
        for job in self._jobs.keys() - wanted.keys():
            if self._scheduler.get_job(job) is not None:
                self._scheduler.remove_job(job)
        for job, at in wanted.items():
            if self._jobs.get(job) != at:
                self._scheduler.add_job(self.look, "date", run_date=at, id=job, replace_existing=True)
        self._jobs = wanted

    def _say(self, text: str) -> None:
        if self._told != text:
            self._told = text
            self._trouble(f"The schedules cannot be looked at: {text}")
