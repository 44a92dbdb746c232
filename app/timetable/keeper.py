"""The timekeeper: claims what is due in the store and has it done, once, whoever else does the same. It has no clock of
its own: whoever calls :meth:`Timekeeper.tick` decides when."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from app.recovery.operations import Operations
from app.timetable.notices import Tell, logged, notices
from app.timetable.work import Acting, JobKind, Outcome, Work
from store.errors import StoreError
from store.runs import RunState
from store.schedule_book import ScheduleBook
from store.schedules import Result, Schedule, ScheduleRun, Trigger

_log = logging.getLogger("drdeck.schedules")

Launch = Callable[[Callable[[], None]], object]


def _at_once(work: Callable[[], None]) -> None:
    work()


_NOT_BEGUN = Outcome(Result.INTERRUPTED, ("not begun: the scheduler was stopped",))


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
        self._look_again(schedule)
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

    def _look_again(self, schedule: Schedule) -> None:
        """Where the last run is of an unknown end, look once more before another one is begun. What still is not known
        holds up its targets in the engine, which says so."""
        for left in self._book.left():
            if left.schedule == schedule.id and left.result is Result.UNKNOWN:
                self._resume(schedule, left, launch=_at_once)

    def _resume(self, schedule: Schedule, left: ScheduleRun, launch: Launch | None = None) -> None:
        """Go on with a run of the engine, unless somebody else does, or a person paused it."""
        kind = self._kinds.get(schedule.kind)
        if kind is None or kind.resume is None or left.run is None or self._acting.stopping:
            return
        ledger = self._operations.ledger
        paused = ledger.standing(left.run)[0] is RunState.PAUSED
        if paused or ledger.run(left.run).holder is not None:
            return
        made = self._book.go_on(schedule, left)
        if made is not None:
            self._take_up(schedule, kind, made, launch)

    def _take_up(
        self,
        schedule: Schedule,
        kind: JobKind,
        made: ScheduleRun,
        launch: Launch | None = None,
    ) -> None:
        if made.result is not Result.RUNNING:
            self._told(schedule, made)
            return
        with self._lock:
            self._mine.add(made.id)
        (launch or self._launch)(lambda: self._do(schedule, kind, made))

    def _do(self, schedule: Schedule, kind: JobKind, made: ScheduleRun) -> None:
        work = Work(self._operations, self._book, schedule, made, self._acting, self._clock)
        perform = kind.resume if made.trigger is Trigger.RESUMED and kind.resume is not None else kind.perform
        try:
            try:
                outcome = _NOT_BEGUN if self._acting.stopping else perform(work)
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

    def _told(self, schedule: Schedule, run: ScheduleRun) -> None:
        for notice in notices(schedule, run):
            self._tell(notice)

    def _rest(self, limit_s: float) -> bool:
        """Wait until nothing is done here; False: it took too long."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._mine, limit_s)
