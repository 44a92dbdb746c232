"""Schedules in the file: claimed once, whoever claims; what was missed, refused or interrupted is a row of its own."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from store import journal
from store.ledger import Ledger
from store.place import Place
from store.schedule_book import ADDED, CHANGED, CLAIM_S, REMOVED, ScheduleBook, ScheduleError
from store.schedules import MISFIRES, JobOptions, Result, Schedule, ScheduledSnapshot, Trigger
from store.timetable import Frequency, Timetable, TimetableError
from tests.app.timetable.virtual import START, Clock

DAILY = Timetable(Frequency.DAILY, hour=2, zone="Europe/Paris")
HOURLY = Timetable(Frequency.HOURLY, minute=0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(place: Place, clock: Clock) -> Iterator[ScheduleBook]:
    found = ScheduleBook(place, "jump, process 1", clock)
    yield found
    found.close()


def added(book: ScheduleBook, timetable: Timetable = HOURLY, name: str = "nightly") -> Schedule:
    return book.add(name, "vm-snapshot", "erp", JobOptions(keep=3), timetable)


def results(book: ScheduleBook, schedule: Schedule) -> list[Result]:
    return [run.result for run in reversed(book.runs(schedule.id))]


def test_a_schedule_is_kept_as_it_was_given_with_its_zone(book: ScheduleBook) -> None:
    made = added(book, DAILY)
    assert book.named("nightly") == made
    assert (made.timetable, made.options.keep, made.made_by) == (DAILY, 3, "jump, process 1")
    assert made.next_run == datetime(2027, 1, 1, 1, 0, tzinfo=UTC)


def test_a_name_is_taken_once_and_free_again_after_it_was_removed(book: ScheduleBook) -> None:
    first = added(book)
    with pytest.raises(ScheduleError, match="a schedule nightly already"):
        added(book)
    book.remove("nightly")
    with pytest.raises(ScheduleError, match="No schedule is called nightly"):
        book.named("nightly")
    assert added(book).id != first.id


def test_who_changed_a_schedule_and_how_stands_in_the_journal(book: ScheduleBook, place: Place) -> None:
    added(book)
    book.edit("nightly", "crm", JobOptions(keep=5), DAILY, called="night")
    book.edit("night", "crm", JobOptions(keep=5), DAILY)  # nothing is another
    book.pause("night")
    book.pause("night")
    book.resume("night")
    book.remove("night")
    with closing(Ledger(place)) as ledger:
        entries = ledger.journal()
    told = [(entry.kind, json.loads(entry.body)) for entry in entries]
    assert [kind for kind, _ in told] == [ADDED, CHANGED, CHANGED, CHANGED, REMOVED]
    assert {body["by"] for _, body in told} == {"jump, process 1"}
    bodies = [body for _, body in told]
    assert bodies[0]["before"] is None and bodies[-1]["after"] is None
    assert [later["before"] for later in bodies[1:]] == [earlier["after"] for earlier in bodies[:-1]]
    assert (bodies[1]["after"]["name"], bodies[1]["after"]["options"]["keep"]) == ("night", 5)
    assert [body["after"]["paused"] for body in bodies[2:4]] == [True, False]
    assert journal.verify(place).broken is None


def test_a_timetable_that_means_nothing_is_not_kept(book: ScheduleBook) -> None:
    with pytest.raises(TimetableError, match="day 32"):
        added(book, replace(DAILY, day=32))
    assert book.schedules() == ()


def test_the_next_run_is_stored_before_anything_begins(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.now = START + timedelta(hours=1)
    (claimed,) = book.claim(made)
    assert (claimed.result, claimed.trigger, claimed.due) == (Result.RUNNING, Trigger.DUE, clock.now)
    assert book.named("nightly").next_run == START + timedelta(hours=2)


def test_what_was_claimed_is_not_claimed_again(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.pass_(hours=1)
    assert len(book.claim(made)) == 1
    assert book.claim(made) == ()


def test_esx_02_a_monthly_schedule_ticked_every_minute_runs_once_a_month(book: ScheduleBook, clock: Clock) -> None:
    clock.now = datetime(2027, 1, 29, 1, 30, tzinfo=UTC)
    made = added(book, Timetable(Frequency.MONTHLY, day=31, hour=2))
    for _ in range(60 * 24 * 3):  # the last three days of January
        clock.pass_(minutes=1)
        for run in book.claim(made) if clock.now.minute in (0, 1, 2) else ():
            book.end(run.id, Result.SUCCEEDED)
    assert [run.due.day for run in book.runs(made.id)] == [31]
    clock.now = datetime(2027, 5, 1, tzinfo=UTC)
    book.claim(made)
    assert book.runs(made.id)[0].due == datetime(2027, 4, 30, 2, 0, tzinfo=UTC)


def test_missed_times_are_one_row_and_the_last_one_is_caught_up(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.now = START + timedelta(hours=5, minutes=20)
    missed, run = book.claim(made)
    assert (missed.result, missed.count, missed.due) == (Result.MISSED, 4, START + timedelta(hours=1))
    assert missed.last_due == START + timedelta(hours=4)
    assert (run.result, run.trigger, run.due) == (Result.RUNNING, Trigger.CATCH_UP, START + timedelta(hours=5))
    assert book.named("nightly").misfires == 4
    assert book.named("nightly").next_run == START + timedelta(hours=6)


def test_one_that_is_a_little_late_is_caught_up_and_nothing_was_missed(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.now = START + timedelta(hours=1, minutes=20)
    (run,) = book.claim(made)
    assert (run.trigger, book.named("nightly").misfires) == (Trigger.CATCH_UP, 0)


def test_esx_11_nothing_begins_while_an_earlier_run_goes_on_and_the_row_says_so(
    book: ScheduleBook, clock: Clock
) -> None:
    made = added(book)
    clock.pass_(hours=1)
    (first,) = book.claim(made)
    for _ in range(130):
        clock.pass_(seconds=CLAIM_S - 1)
        book.keep([first.id])
    (refused,) = book.claim(made)
    assert refused.result is Result.REFUSED
    assert "the run of 2027-01-01 01:00 UTC goes on" in refused.notes[0]
    book.end(first.id, Result.SUCCEEDED)
    clock.pass_(hours=1)
    assert book.claim(made)[-1].result is Result.RUNNING
    assert book.named("nightly").misfires == 1


def test_esx_11_a_paused_schedule_is_never_due_and_misses_nothing(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    book.pause("nightly")
    clock.pass_(days=30)
    assert book.claim(made) == ()
    resumed = book.resume("nightly")
    assert resumed.next_run == clock.now + timedelta(hours=1)
    assert (book.runs(made.id), resumed.misfires) == ((), 0)


def test_a_claim_whose_scheduler_is_silent_is_interrupted(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.pass_(hours=1)
    (run,) = book.claim(made)
    clock.pass_(seconds=CLAIM_S - 1)
    assert book.find_dead() == ()
    clock.pass_(seconds=2)
    other = ScheduleBook(book.path, "jump, process 2", clock)
    (dead,) = other.find_dead()
    other.close()
    assert (dead.id, dead.result) == (run.id, Result.INTERRUPTED)
    assert dead.notes == ("its scheduler is gone: jump, process 1",)
    assert book.end(run.id, Result.SUCCEEDED).result is Result.INTERRUPTED


def test_what_was_left_is_gone_on_with_by_one_only(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.pass_(hours=1)
    (run,) = book.claim(made)
    book.doing(run.id, "0101-0100-abcdef")
    clock.pass_(minutes=5)
    book.find_dead()
    (left,) = book.left()
    resumed = book.go_on(made, left)
    assert resumed is not None
    assert (resumed.trigger, resumed.run) == (Trigger.RESUMED, "0101-0100-abcdef")
    assert book.go_on(made, left) is None
    book.end(resumed.id, Result.SUCCEEDED)
    assert book.left() == ()


def test_a_clock_that_was_set_back_gives_no_time_twice(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    clock.now = START + timedelta(hours=1)
    (run,) = book.claim(made)
    book.end(run.id, Result.SUCCEEDED)
    clock.now = START + timedelta(minutes=30)
    book.edit("nightly", "erp", JobOptions(), HOURLY)  # due at 01:00 once more
    clock.now = START + timedelta(hours=1)
    assert book.claim(made) == ()
    assert results(book, made) == [Result.SUCCEEDED]
    assert book.named("nightly").next_run == START + timedelta(hours=2)


def test_a_run_by_hand_needs_no_time_and_is_refused_while_another_goes_on(book: ScheduleBook) -> None:
    made = added(book)
    first, second = book.begin_now(made), book.begin_now(made)
    assert (first.result, second.result) == (Result.RUNNING, Result.REFUSED)
    assert first.trigger is Trigger.BY_HAND


def test_the_defaults_are_made_once_and_what_was_removed_stays_so(book: ScheduleBook) -> None:
    wanted = [("clean-up", "clean-up", DAILY), ("health", "health", HOURLY)]
    book.add_defaults(wanted)
    book.remove("health")
    book.add_defaults(wanted)
    assert [each.name for each in book.schedules()] == ["clean-up"]


def test_old_rows_are_forgotten_but_not_the_newest_and_none_with_a_run(book: ScheduleBook, clock: Clock) -> None:
    made = added(book)
    for number in range(5):
        run = book.begin_now(made)
        if number == 0:
            book.doing(run.id, "0101-0000-000001")
        book.end(run.id, Result.SUCCEEDED)
        clock.pass_(hours=1)
    assert book.forget(clock.now, 2) == 2
    assert [run.run for run in book.runs(made.id)] == [None, None, "0101-0000-000001"]


def test_snapshots_are_kept_by_schedule_and_machine_oldest_first(book: ScheduleBook) -> None:
    made = added(book)
    rows = [
        ScheduledSnapshot(made.id, "uuid-1", f"snapshot-{n}", f"s{n}", START - n * timedelta(1), "r") for n in (1, 2)
    ]
    for row in rows:
        book.made(row)
        book.made(row)
    assert book.snapshots(made.id, "uuid-1") == (rows[1], rows[0])
    book.gone(made.id, "uuid-1", "snapshot-2")
    assert book.snapshots(made.id, "uuid-1") == (rows[0],)
    assert book.snapshots(made.id, "uuid-2") == ()


def _claims(path: Path, now: datetime, name: str, out: multiprocessing.Queue[tuple[str, int]]) -> None:
    clock = Clock(now)
    book = ScheduleBook(path, name, clock)
    for hour in range(1, 31):
        clock.now = now + timedelta(hours=hour)
        for schedule in book.schedules():
            for run in book.claim(schedule):
                if run.result is Result.RUNNING:
                    out.put((run.due.isoformat(), schedule.id))
                    book.end(run.id, Result.SUCCEEDED)
    book.close()
    out.put(("", 0))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_two_processes_on_one_store_never_take_a_time_twice(book: ScheduleBook) -> None:
    for number in range(3):
        added(book, HOURLY, f"s{number}")
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[tuple[str, int]] = context.Queue()
    both = [context.Process(target=_claims, args=(book.path, START, name, out)) for name in ("a", "b")]
    for process in both:
        process.start()
    taken: list[tuple[str, int]] = []
    over = 0
    while over < len(both):
        due, schedule = out.get(timeout=60)
        over += not due
        taken += [(due, schedule)] if due else []
    for process in both:
        process.join(60)
    assert len(taken) == len({*taken})
    rows = [run for each in book.schedules() for run in book.runs(each.id)]
    assert sum(run.count for run in rows) == 90
    # Each has a clock of its own: to the one that is ahead the other may seem to be gone, and its run interrupted.
    assert {(run.due.isoformat(), run.schedule) for run in rows if run.result not in MISFIRES} == {*taken}
