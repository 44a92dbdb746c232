"""Schedulers on one real store, on a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.recovery.operations import Operations
from app.settings import nothing
from app.timetable.keeper import Timekeeper
from app.timetable.notices import Notice
from app.timetable.work import JobKind, Outcome, Work
from store.database import open_store
from store.ledger import Ledger
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions, Result, Schedule
from store.timetable import Timetable

START = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


class Killed(BaseException):
    """The scheduler died in the middle of its work."""


@dataclass
class Schedulers:
    """``done`` is what was performed: schedule and due time. ``act`` is what the one kind there is does."""

    path: Path
    clock: Clock = field(default_factory=Clock)
    done: list[tuple[str, datetime]] = field(default_factory=list)
    told: list[Notice] = field(default_factory=list)
    act: Callable[[Work], Outcome] = field(default=lambda work: Outcome(Result.SUCCEEDED))
    opened: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        store, ledger = open_store(self.path), Ledger(self.path, self.clock)
        self.opened += [ledger.close, store.close]
        self.operations = Operations(nothing(self.path.parent / "config.toml"), store, ledger)
        self.book = self.new_book("operator")

    def new_book(self, name: str) -> ScheduleBook:
        book = ScheduleBook(self.path, name, self.clock)
        self.opened.insert(0, book.close)
        return book

    @property
    def kinds(self) -> Mapping[str, JobKind]:
        return {"test": JobKind("test", "", self._perform)}

    def _perform(self, work: Work) -> Outcome:
        self.done.append((work.schedule.name, work.run.due))
        return self.act(work)

    def new(self, name: str, **more: object) -> Timekeeper:
        """A scheduler as after its start."""
        keeper = Timekeeper(
            self.new_book(name),
            self.operations,
            self.kinds,
            tell=self.told.append,
            clock=self.clock,
            **more,  # type: ignore[arg-type]
        )
        keeper.look_after()
        return keeper

    def add(self, name: str, timetable: Timetable) -> Schedule:
        return self.book.add(name, "test", "", JobOptions(), timetable)

    def next(self) -> datetime:
        """When the next of all schedules is due."""
        return min(each.next_run for each in self.book.schedules() if each.next_run is not None)


@contextmanager
def schedulers(folder: Path) -> Iterator[Schedulers]:
    found = Schedulers(folder / "store.sqlite")
    try:
        yield found
    finally:
        for close in found.opened:
            close()


def on_threads(count: int, work: Callable[[int], object]) -> None:
    """Do it on so many threads at the same moment."""
    gate = threading.Barrier(count)
    failures: list[BaseException] = []

    def one(number: int) -> None:
        gate.wait()
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
