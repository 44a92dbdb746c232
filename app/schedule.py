"""When each device is swept: one APScheduler job a device; one that saves how fresh all is, one that keeps samples."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.capacity.sampling import EVERY_S, FIRST_S, Sampler
from app.sweep import Sweeper

if TYPE_CHECKING:
    from apscheduler.events import JobEvent

HEARTBEAT_S = 60.0
CLOCK_CHECK_S = 5.0
CLOCK_STEP_S = 2.0
"""A wall clock that went this much further, or less far, than time itself was set: the jobs are timed anew."""

_HEARTBEAT, _SAMPLES = "saving", "sampling"
_LATE_S = 3600
_log = logging.getLogger("drdeck.schedule")


class Schedule:
    """Sweeps the devices of a :class:`~app.sweep.Sweeper` from :meth:`start` to :meth:`stop`.

    ``trouble`` is told once of each sentence about a sweep that is late, overlong or failed in this program itself; it
    is called on a thread of the scheduler. ``sampler`` keeps samples of what the sweeps saw.
    """

    def __init__(
        self, sweeper: Sweeper, trouble: Callable[[str], None] | None = None, sampler: Sampler | None = None
    ) -> None:
        self._sweeper = sweeper
        self._trouble = trouble
        self._sampler = sampler
        self._told: set[str] = set()
        self._scheduler: Any = None
        self._stopped, self._beginning = threading.Event(), threading.Lock()

    def start(self) -> None:
        """Begin: every device is swept at once and then at its own interval. Returns before the first has answered."""
        from apscheduler import events
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        devices = self._sweeper.devices
        # The library's own log lines tell nothing that the listeners do not, and would go to the terminal.
        logging.getLogger("apscheduler").addHandler(logging.NullHandler())
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(devices) + 2)},
            job_defaults={"misfire_grace_time": _LATE_S, "coalesce": True, "max_instances": 1},
        )
        scheduler.add_listener(self._overlong, events.EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(self._missed, events.EVENT_JOB_MISSED)
        scheduler.add_listener(self._broken, events.EVENT_JOB_ERROR)
        now = datetime.now(UTC)
        for device in devices:
            scheduler.add_job(
                self._sweeper.sweep,
                "interval",
                args=[device.name],
                seconds=device.interval_s,
                id=_job(device.name),
                next_run_time=now,
            )
        scheduler.add_job(self._sweeper.store.flush, "interval", seconds=HEARTBEAT_S, id=_HEARTBEAT)
        if self._sampler is not None:
            first = now + timedelta(seconds=FIRST_S)
            scheduler.add_job(self._sampler.take, "interval", seconds=EVERY_S, id=_SAMPLES, next_run_time=first)
        with self._beginning:
            if self._stopped.is_set():  # a console that is left while it starts
                return
            self._scheduler = scheduler
            self._sweeper.after = self._next
            scheduler.start()
        threading.Thread(target=self._watch_clock, name="watch the clock", daemon=True).start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the sweeps and log out of the devices, within ``timeout_s``; the store is flushed, not closed."""
        with self._beginning:
            self._stopped.set()
            self._sweeper.after = None
            if self._scheduler is not None:
                scheduler, self._scheduler = self._scheduler, None
                scheduler.shutdown(wait=False)
        if self._sampler is not None:
            self._sampler.close()
        self._sweeper.stop(timeout_s)
        self._sweeper.store.flush()

    def _next(self, name: str, at: datetime) -> None:
        self._set_time(_job(name), at)

    def _set_time(self, job: str, at: datetime) -> None:
        from apscheduler.jobstores.base import JobLookupError

        scheduler = self._scheduler
        if scheduler is None:
            return
        try:
            scheduler.modify_job(job, next_run_time=at)
        except JobLookupError:
            if not self._stopped.is_set():
                raise

    def _watch_clock(self) -> None:
        # The scheduler goes by the wall clock: set back by an hour, it would sweep nothing for an hour.
        offset = time.time() - time.monotonic()
        while not self._stopped.wait(CLOCK_CHECK_S):
            now = time.time() - time.monotonic()
            if abs(now - offset) >= CLOCK_STEP_S:
                self._tell(f"The clock of this machine was set by {now - offset:+.0f} s: ages before that are off")
                for device in self._sweeper.devices:
                    self._set_time(_job(device.name), datetime.now(UTC))
                self._set_time(_HEARTBEAT, datetime.now(UTC))
            offset = now

    # ------------------------------------------------------------------------------------------------- listeners

    def _overlong(self, event: JobEvent) -> None:
        name = _device(event.job_id)
        if name is None:
            return
        if not self._sweeper.is_sweeping(name):
            # It came in the instant between the end of a sweep and the scheduler's notice of it.
            self._set_time(event.job_id, datetime.now(UTC) + timedelta(seconds=1))
        else:
            self._tell(f"{name}: one sweep takes longer than its interval; the next begins when it has ended")

    def _missed(self, event: JobEvent) -> None:
        self._tell(f"{_device(event.job_id) or event.job_id}: the time was missed; it is made up for now")
        self._set_time(event.job_id, datetime.now(UTC))

    def _broken(self, event: JobEvent) -> None:
        failure = type(getattr(event, "exception", None)).__name__
        self._tell(f"{_device(event.job_id) or event.job_id}: failed in the console itself: {failure}")

    def _tell(self, sentence: str) -> None:
        if sentence in self._told:
            return
        self._told.add(sentence)
        _log.warning("%s", sentence)
        if self._trouble is not None:
            self._trouble(sentence)


def _job(device: str) -> str:
    return f"sweep {device}"


def _device(job: str) -> str | None:
    return None if job in (_HEARTBEAT, _SAMPLES) else job.removeprefix("sweep ")
