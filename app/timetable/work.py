"""What a kind of schedule is given to do its work with, and what it says in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from msgspec import Struct, field

from app.recovery.operations import Operations
from app.recovery.runner import Runner
from store.ledger import Ledger
from store.schedule_book import ScheduleBook
from store.schedules import Result, Schedule, ScheduleRun


class Outcome(Struct, frozen=True):
    """What became of a run, and what it says for itself."""

    result: Result
    notes: tuple[str, ...] = ()


class Acting:
    """The runners at work, so that they can be stopped together. Safe from several threads."""

    def __init__(self) -> None:
        self._runners: set[Runner] = set()
        self._lock = threading.Lock()
        self.stopping = False

    @contextmanager
    def hold(self, runner: Runner) -> Iterator[None]:
        with self._lock:
            self._runners.add(runner)
            if self.stopping:
                runner.leave()
        try:
            yield
        finally:
            with self._lock:
                self._runners.discard(runner)

    def wind_up(self) -> None:
        """Nothing more is begun but what must not outlast a run; what is under way comes to its end."""
        with self._lock:
            self.stopping = True
            for runner in self._runners:
                runner.wind_up()

    def leave(self) -> None:
        """Every runner returns as soon as it can: its run is there to be resumed."""
        with self._lock:
            self.stopping = True
            for runner in self._runners:
                runner.leave()


class Work(Struct, frozen=True):
    """One run of a schedule. ``clock`` gives the time in UTC."""

    operations: Operations
    book: ScheduleBook
    schedule: Schedule
    run: ScheduleRun
    acting: Acting
    clock: Callable[[], datetime]

    @property
    def by(self) -> str:
        """Who proposes and agrees to its run of the engine."""
        return f"schedule {self.schedule.name}, {self.book.by}"


Perform = Callable[[Work], Outcome]


def _any_target(target: str) -> None:
    if not target:
        raise ValueError("expected a target")


class Follow(Struct, frozen=True):
    """What is done some time after a run: ``due`` says whether that time has come; ``perform`` does it, as a run of the
    schedule of its own."""

    due: Callable[[ScheduleBook, Ledger, Schedule, datetime], bool]
    perform: Perform


class JobKind(Struct, frozen=True):
    """A kind of schedule. ``word`` names it on the command line and in the store; ``target`` says what its target is,
    empty: it has none; ``options`` are the fields of :class:`store.schedules.JobOptions` that it takes.

    ``perform`` does the work. ``follow`` is what a run of it leaves to be done later. ``resume`` goes on with the run
    of the engine that an earlier one left, where it makes one. ``check`` raises :class:`ValueError` with what was
    expected.
    """

    word: str
    about: str
    perform: Perform
    target: str = ""
    options: frozenset[str] = field(default=frozenset())
    resume: Perform | None = None
    follow: Follow | None = None
    check: Callable[[str], None] = _any_target
