"""The schedules of one console: run here as by ``drdeck scheduler``, watched for the screens, and edited.

Every method may be called from any thread; those that change something wait for the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.notify.telling import of_schedules
from app.permits import Act
from app.schedule_sites import sites
from app.timetable.clockwork import Clockwork
from app.timetable.notices import Event, Notice
from store.errors import StoreError
from store.schedule_book import ScheduleError

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from screens.schedule_messages import Edited
    from store.schedule_book import ScheduleBook
    from store.schedule_view import ScheduleView
    from store.schedules import Schedule

POLL_S = 2.0
"""How often it is looked what others did."""

SHOWN = 30
"""So many runs of each schedule are kept in memory; ``drdeck schedule history`` knows the older ones too."""

_QUIET = (Event.DONE, Event.RETENTION)


class ConsoleSchedules:
    """``view`` is kept current, and ``changed`` called after each change of it; ``say`` is told what somebody
    should know. ``why_not``: nothing is run here, and nothing changed."""

    def __init__(
        self,
        book: ScheduleBook,
        operations: Operations,
        view: ScheduleView,
        changed: Callable[[], object],
        say: Callable[[str], object],
        why_not: str = "",
    ) -> None:
        self._book = book
        self._view = view
        self._changed = changed
        self._say = say
        self._post = of_schedules(operations)
        self._operations = operations
        self._replications = operations.settings.replications
        view.why_not = why_not
        self._clockwork = None if why_not else Clockwork(book, operations, self._tell, self.look, say)
        self._wake, self._closed = threading.Event(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="show the schedules", daemon=True)

    def start(self) -> None:
        """Begin to watch, and to run what is due. Raises StoreError."""
        if self._clockwork is not None:
            from app.schedule_words import local_zone
            from app.timetable.kinds import defaults
            from app.timetable.replications import keep_up

            self._book.add_defaults(defaults(local_zone()))
            keep_up(self._book, self._replications)
            self._clockwork.start()
        self._watcher.start()

    def look(self) -> None:
        """Something may have changed: look now."""
        self._wake.set()

    def close(self, limit_s: float) -> None:
        """Begin nothing more, leave what is under way to be resumed, within about ``limit_s`` seconds. Never raises."""
        self._closed.set()
        self._wake.set()
        if self._clockwork is not None:
            self._clockwork.stop(limit_s)
        if self._watcher.is_alive():
            self._watcher.join(1.0)
        self._book.close()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                schedules = self._book.schedules()
                runs = {each.id: self._book.runs(each.id, SHOWN) for each in schedules}
                if self._view.take(schedules, runs) or self._view.trouble is not None:
                    self._view.trouble = None
                    self._changed()
            except Exception as error:  # whatever it is: what is shown would be old, and nobody would know
                said = error.brief if isinstance(error, StoreError) else f"a defect, {type(error).__name__}"
                trouble = f"The schedules cannot be read, what is shown of them is old: {said}"
                if self._view.trouble != trouble and not self._closed.is_set():
                    self._view.trouble = trouble
                    self._changed()
            self._wake.wait(POLL_S)
            self._wake.clear()

    def _tell(self, notice: Notice) -> None:
        if notice.event not in _QUIET:
            self._say(notice.text)
        self._post(notice)
        self.look()

    # ---------------------------------------------------------------------------------------------------- changing

    def pause(self, schedule: Schedule) -> Schedule:
        """Pause it, or resume it where it is. Raises :class:`ScheduleError`, :class:`app.permits.RefusedError` and
        StoreError."""
        from app.timetable.kinds import kind_of

        self._check(Act.SCHEDULE, schedule)
        if not schedule.paused:
            return self._then(self._book.pause(schedule.name))
        if kind_of(schedule) is None:
            raise ScheduleError(f"{schedule.name} is of kind {schedule.kind}: this program does not know it")
        return self._then(self._book.resume(schedule.name))

    def run_now(self, schedule: Schedule) -> None:
        """Begin it on a thread. Raises :class:`ScheduleError`, :class:`app.permits.RefusedError` and StoreError."""
        from app.timetable.kinds import kind_of

        self._check(Act.RUN_SCHEDULE, schedule)
        if self._clockwork is None or kind_of(schedule) is None:
            raise ScheduleError(f"{schedule.name} is not run: {self._view.why_not or 'its kind is not known'}")
        self._clockwork.run_now(schedule)
        self.look()

    def edit(self, schedule: Schedule, edited: Edited) -> Schedule:
        """What the form of it came to. Raises :class:`ScheduleError`, :class:`app.permits.RefusedError`,
        StoreError."""
        from app.timetable.kinds import kind_of

        self._check(Act.SCHEDULE, schedule)
        if kind_of(schedule) is None:
            raise ScheduleError(f"{schedule.name} is of kind {schedule.kind}: this program does not know it")
        self._may(Act.SCHEDULE, schedule.kind, edited.target)
        how = (edited.target, edited.options, edited.timetable)
        found = schedule
        if (edited.name, *how) != (schedule.name, schedule.target, schedule.options, schedule.timetable):
            found = self._book.edit(schedule.name, *how, called=edited.name)
        return self._then(self._paused(found, paused=edited.paused))

    def add(self, kind: str, edited: Edited) -> Schedule:
        """A new one, as the form says. Raises :class:`ScheduleError` and StoreError."""
        self._may(Act.SCHEDULE, kind, edited.target)
        made = self._book.add(edited.name, kind, edited.target, edited.options, edited.timetable)
        return self._then(self._paused(made, paused=edited.paused))

    def _paused(self, schedule: Schedule, *, paused: bool) -> Schedule:
        if schedule.paused is paused:
            return schedule
        return (self._book.pause if paused else self._book.resume)(schedule.name)

    def remove(self, schedule: Schedule) -> None:
        """Its history stays. Raises :class:`ScheduleError`, :class:`app.permits.RefusedError` and StoreError."""
        self._check(Act.SCHEDULE, schedule)
        self._book.remove(schedule.name)
        self._then(schedule)

    def _check(self, act: Act, schedule: Schedule) -> None:
        self._may(act, schedule.kind, schedule.target)

    def _may(self, act: Act, kind: str, target: str) -> None:
        permits, view = self._operations.permits, self._operations.store.view
        permits.check(act, sites(permits, view, self._replications, kind, target))

    def _then(self, schedule: Schedule) -> Schedule:
        if self._clockwork is not None:
            self._clockwork.look()
        self.look()
        return schedule
