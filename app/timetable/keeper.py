"""The timekeeper: claims what is due in the store and has it done, once, whoever else does the same. It has no clock of
its own: whoever calls :meth:`Timekeeper.tick` decides when."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from msgspec.structs import replace

from app.recovery.operations import Operations
from app.timetable.notices import Tell, logged, notices
from app.timetable.work import Acting, JobKind, Outcome, Work
from store.errors import StoreError
from store.runs import RunState
from store.schedule_book import ScheduleBook
from store.schedules import Result, Schedule, ScheduleRun, Trigger

KEEP_S = 5.0
"""How often it is said, while a timekeeper stops, that something is still being done."""

_log = logging.getLogger("drdeck.schedules")

Launch = Callable[[Callable[[], None]], object]


def _at_once(work: Callable[[], None]) -> None:
    work()


class Timekeeper:
    """Does what is due of the schedules in ``book``, each kind by ``kinds``. ``launch`` does a piece of work, at once
    or on a thread; ``tell`` is told what somebody should know. Safe from several threads."""

    def __init__(
        self,
        book: ScheduleBook,
        operations: Operations,
        kinds: Mapping[str, JobKind],
        launch: Launch = _at_once,
        tell: Tell = logged,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._book = book
        self._operations = operations
        self._kinds = kinds
        self._launch = launch
        self._tell = tell
        self._clock = clock
        self._mine: set[int] = set()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._acting = Acting()

    @property
    def busy(self) -> frozenset[int]:
        """The runs that this one does now, by their ids."""
        with self._lock:
            return frozenset(self._mine)

    def look_after(self) -> None:
        """Say that what is done here is still being done; find what a scheduler that is gone left, and go on with it
        where that can be. At the start, and again and again. Raises StoreError."""
        if busy := self.busy:
            self._book.keep(busy)
        schedules = {schedule.id: schedule for schedule in self._book.schedules()}
        for dead in self._book.find_dead():
            if dead.schedule in schedules:
                self._told(schedules[dead.schedule], dead)
        for left in self._book.left():
            schedule = schedules.get(left.schedule)
            if schedule is not None and left.result is Result.INTERRUPTED:
                self._resume(schedule, left)
        for schedule in schedules.values():
            self._follow(schedule)

    def tick(self) -> None:
        """Claim and launch all that is due now. Raises StoreError."""
        now = self._clock()
        for schedule in self._book.schedules():
            if schedule.next_run is not None and schedule.next_run <= now and not self._acting.stopping:
                self.due(schedule)

    def due(self, schedule: Schedule) -> None:
        """Claim what is due of one schedule, and launch it."""
        kind = self._kinds.get(schedule.kind)
        if kind is None:  # a newer program made it, and does it
            return
        for made in self._book.claim(schedule):
            self._take_up(schedule, kind, made)

    def run_now(self, schedule: Schedule) -> ScheduleRun:
        """Begin it now, beside its timetable. Raises StoreError."""
        kind = self._kinds[schedule.kind]
        made = self._book.begin_now(schedule)
        self._take_up(schedule, kind, made)
        return made

    def stop(self, limit_s: float) -> None:
        """Begin nothing more; let what is under way come to its end for half of the time, then leave it so that it can
        be resumed."""
        self._acting.wind_up()
        if not self._rest(limit_s / 2):
            self._acting.leave()
            self._rest(limit_s / 2)

    # ------------------------------------------------------------------------------------------------------- underneath

    def _look_again(self, schedule: Schedule, kind: JobKind, work: Work) -> None:
        """Where the last run is of an unknown end, look once more before another one is begun, and write down what is
        known now. What still is not known holds up its targets in the engine, which says so."""
        for left in self._book.left():
            if left.schedule == schedule.id and left.result is Result.UNKNOWN and self._may_resume(left):
                assert kind.resume is not None
                outcome = kind.resume(replace(work, run=left))
                if outcome.result is not Result.UNKNOWN:
                    self._told(schedule, self._book.known(left.id, outcome.result, (*left.notes, *outcome.notes)))

    def _may_resume(self, left: ScheduleRun) -> bool:
        """Whether nobody acts for the run of the engine, and no person paused it."""
        ledger = self._operations.ledger
        if left.run is None or ledger.standing(left.run)[0] is RunState.PAUSED:
            return False
        return ledger.run(left.run).holder is None

    def _resume(self, schedule: Schedule, left: ScheduleRun) -> None:
        """Go on with a run of the engine, unless somebody else does."""
        kind = self._kinds.get(schedule.kind)
        if kind is None or kind.resume is None or self._acting.stopping or not self._may_resume(left):
            return
        made = self._book.go_on(schedule, left)
        if made is not None:
            self._take_up(schedule, kind, made)

    def _follow(self, schedule: Schedule) -> None:
        """Do what an earlier run left to be done later, once its time has come. A paused schedule does it too."""
        kind = self._kinds.get(schedule.kind)
        if kind is None or kind.follow is None or self._acting.stopping:
            return
        if kind.follow.due(self._book, self._operations.ledger, schedule, self._clock()):
            made = self._book.follow_up(schedule)
            if made is not None:
                self._take_up(schedule, kind, made)

    def _take_up(self, schedule: Schedule, kind: JobKind, made: ScheduleRun) -> None:
        if made.result is not Result.RUNNING:
            self._told(schedule, made)
            return
        with self._lock:
            self._mine.add(made.id)
        self._launch(lambda: self._do(schedule, kind, made))

    def _do(self, schedule: Schedule, kind: JobKind, made: ScheduleRun) -> None:
        work = Work(self._operations, self._book, schedule, made, self._acting, self._clock)
        try:
            try:
                outcome = self._done(schedule, kind, work)
            except StoreError as error:
                outcome = Outcome(Result.FAILED, (str(error),))
            except Exception as error:  # its text may hold anything, a secret too
                outcome = Outcome(Result.FAILED, (f"a defect, {type(error).__name__}",))
            self._told(schedule, self._book.end(made.id, outcome.result, outcome.notes))
        except StoreError:  # whoever looks next finds that nobody is there any more who does it
            _log.exception("run %s of schedule %s", made.id, schedule.name)
        finally:
            with self._idle:
                self._mine.discard(made.id)
                self._idle.notify_all()

    def _done(self, schedule: Schedule, kind: JobKind, work: Work) -> Outcome:
        if self._acting.stopping:
            return Outcome(Result.INTERRUPTED, ("not begun: the scheduler was stopped",))
        if kind.resume is None:
            return kind.perform(work)
        if work.run.trigger is Trigger.RESUMED:
            return kind.resume(work)
        if work.run.trigger is Trigger.FOLLOW_UP and kind.follow is not None:
            return kind.follow.perform(work)
        self._look_again(schedule, kind, work)
        return kind.perform(work)

    def _told(self, schedule: Schedule, run: ScheduleRun) -> None:
        for notice in notices(schedule, run):
            self._tell(notice)

    def _rest(self, limit_s: float) -> bool:
        """Wait until nothing is done here, and say meanwhile that something still is; False: it took too long."""
        until = time.monotonic() + limit_s
        while (left := until - time.monotonic()) > 0:
            with self._idle:
                if self._idle.wait_for(lambda: not self._mine, min(left, KEEP_S)):
                    return True
            with suppress(StoreError):
                self._book.keep(self.busy)
        return not self.busy
