"""A store with schedules of every standing, and what a console is given to show and run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from app.recovery.operations import Operations
from app.schedule_desk import BeginSchedules
from app.settings import nothing
from app.timetable.console_schedules import ConsoleSchedules
from store.database import open_store
from store.ledger import Ledger
from store.schedule_book import ScheduleBook
from store.schedule_view import ScheduleView
from store.schedules import JobOptions, Result
from store.timetable import Frequency, Timetable
from tests.app.timetable.virtual import Clock
from tests.screens.estate import NOW

BY = "ops@jump from 192.0.2.7, process 4711, a1b2c3"
PARIS = "Europe/Paris"


def fill(book: ScheduleBook, clock: Clock) -> None:
    """Schedules as they stand at :data:`NOW`, which is where this leaves the clock."""
    clock.now = NOW - timedelta(days=3)
    nightly = book.add(
        "erp-nightly", "vm-snapshot", "erp-gw", JobOptions(keep=2), Timetable(Frequency.DAILY, hour=1, zone=PARIS)
    )
    hourly = book.add(
        "pg-oracle", "pg-snapshot", "pg_oracle", JobOptions(replicate=True), Timetable(Frequency.HOURLY, minute=55)
    )
    ends = book.add(
        "month-end", "rcg-sync", "oradb,web", JobOptions(), Timetable(Frequency.MONTHLY, day=31, zone=PARIS)
    )
    drill = book.add("drills", "drill-reminder", "", JobOptions(days=30), Timetable(Frequency.WEEKLY, hour=1))
    paused = book.add("web-weekly", "vm-snapshot", "web01", JobOptions(memory=True), Timetable(Frequency.WEEKLY))
    book.pause(paused.name)
    at = clock.now
    while at < NOW - timedelta(minutes=30):
        at += timedelta(minutes=30)
        clock.now = at
        if clock.now.day == 27 and 3 < clock.now.hour < 9:  # nobody was there
            continue
        for run in book.claim(book.named(nightly.name)):
            if run.result is Result.RUNNING:
                book.doing(run.id, f"{clock.now:%m%d-%H%M}-a7f3c1")
                clock.now += timedelta(seconds=42)
                name = f"drdeck-1-{clock.now:%Y%m%d}-0000-a7f3c1"
                book.end(run.id, Result.SUCCEEDED, (f"took {name} (snapshot-{clock.now.day})",))
        for run in book.claim(book.named(hourly.name)):
            if run.result is Result.RUNNING:
                good = clock.now.hour != 1
                notes = () if good else ("not planned: fa-oslo: unreachable: no answer within 10 s",)
                clock.now += timedelta(seconds=8)
                book.end(run.id, Result.SUCCEEDED if good else Result.FAILED, notes)
        for run in book.claim(book.named(ends.name)):
            clock.now += timedelta(seconds=5)
            book.end(run.id, Result.REFUSED, ("the group is Started: rcg_web on 3par-oslo",))
    clock.now = NOW - timedelta(minutes=5)
    for run in book.claim(book.named(hourly.name)):
        book.end(run.id, Result.SUCCEEDED)
    made = book.begin_now(drill)
    book.end(made.id, Result.WARNED, ("drill due: no drill of anything ever passed",))
    clock.now = NOW


@contextmanager
def kept_schedules(folder: Path) -> Iterator[tuple[BeginSchedules, ScheduleBook]]:
    """What a console begins its schedules with, and the table. Its clock stands still at :data:`NOW`: nothing comes
    due."""
    path, clock = folder / "schedules.sqlite", Clock()
    store, ledger = open_store(path), Ledger(path)
    book = ScheduleBook(path, BY, clock)
    fill(book, clock)
    operations = Operations(nothing(folder / "config.toml"), store, ledger)
    begun: list[ConsoleSchedules] = []

    def begin(
        view: ScheduleView, changed: Callable[[], object], say: Callable[[str], object], why_not: str
    ) -> ConsoleSchedules:
        begun.append(ConsoleSchedules(ScheduleBook(path, BY, clock), operations, view, changed, say, why_not))
        begun[-1].start()
        return begun[-1]

    try:
        yield begin, book
    finally:
        for each in begun:
            each.close(1.0)
        book.close()
        ledger.close()
        store.close()
