"""The timekeeper: what it does with what is due, late, left or asked for by hand, and how it stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.timetable.keeper import Timekeeper
from app.timetable.notices import Event
from app.timetable.work import JobKind, Outcome, Work
from store.runs import Plan, PlannedStep
from store.schedule_book import CLAIM_S
from store.schedules import JobOptions, Result, Trigger
from store.timetable import Frequency, Timetable
from tests.app.timetable.virtual import START, Killed, Schedulers, on_threads, schedulers

HOURLY = Timetable(Frequency.HOURLY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Schedulers]:
    with schedulers(tmp_path) as found:
        yield found


def test_what_is_due_is_done_and_what_became_of_it_is_kept(world: Schedulers) -> None:
    schedule = world.add("hourly", HOURLY)
    world.act = lambda work: Outcome(Result.WARNED, ("look at this",))
    keeper = world.new("a")
    keeper.tick()
    assert world.done == []
    world.clock.pass_(hours=1)
    keeper.tick()
    (run,) = world.book.runs(schedule.id)
    assert (run.result, run.notes, run.by) == (Result.WARNED, ("look at this",), "a")
    assert [notice.event for notice in world.told] == [Event.FOUND]


def test_two_schedulers_that_tick_at_one_moment_do_it_once(world: Schedulers) -> None:
    for number in range(5):
        world.add(f"s{number}", HOURLY)
    keepers = [world.new(name) for name in "abcd"]
    for _ in range(20):
        world.clock.pass_(hours=1)
        on_threads(4, lambda number: keepers[number].tick())
    assert len(world.done) == len({*world.done}) == 100


def test_a_defect_is_a_failure_and_its_text_is_not_told(world: Schedulers) -> None:
    def act(work: Work) -> Outcome:
        raise ValueError("hunter2")

    world.add("hourly", HOURLY)
    world.act = act
    world.clock.pass_(hours=1)
    world.new("a").tick()
    (notice,) = world.told
    assert (notice.event, notice.run.notes) == (Event.FAILED, ("a defect, ValueError",))


def test_a_scheduler_that_was_killed_is_found_by_the_next(world: Schedulers) -> None:
    def act(work: Work) -> Outcome:
        raise Killed

    schedule = world.add("hourly", HOURLY)
    world.act = act
    world.clock.pass_(hours=1)
    with pytest.raises(Killed):
        world.new("a").tick()
    world.clock.pass_(seconds=CLAIM_S + 1)
    world.new("b")
    (run,) = world.book.runs(schedule.id)
    assert (run.result, run.by) == (Result.INTERRUPTED, "a")
    assert [notice.event for notice in world.told] == [Event.INTERRUPTED]


def test_missed_times_are_told_once(world: Schedulers) -> None:
    world.add("hourly", HOURLY)
    world.clock.pass_(hours=9)
    world.new("a").tick()
    assert [notice.event for notice in world.told] == [Event.MISSED, Event.DONE]
    assert "8 not done: no scheduler ran" in world.told[0].text


def test_run_now_leaves_the_timetable_as_it_is(world: Schedulers) -> None:
    schedule = world.add("hourly", HOURLY)
    made = world.new("a").run_now(schedule)
    assert (made.trigger, world.book.run(made.id).result) == (Trigger.BY_HAND, Result.SUCCEEDED)
    assert world.book.named("hourly").next_run == schedule.next_run


def test_a_kind_that_this_program_does_not_know_is_left_to_the_one_that_made_it(world: Schedulers) -> None:
    made = world.book.add("new", "time-travel", "", JobOptions(), HOURLY)
    world.clock.pass_(hours=1)
    world.new("a").tick()
    assert world.book.runs(made.id) == ()
    assert world.book.named("new").next_run == made.next_run


def test_esx_19_a_stop_waits_for_what_is_done_and_begins_nothing_more(world: Schedulers) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def act(work: Work) -> Outcome:
        begun.set()
        assert go_on.wait(30)
        return Outcome(Result.SUCCEEDED)

    schedule = world.add("hourly", HOURLY)
    world.act = act
    threads: list[threading.Thread] = []

    def launch(work: object) -> None:
        threads.append(threading.Thread(target=work))  # type: ignore[arg-type]
        threads[-1].start()

    keeper = world.new("a", launch=launch)
    world.clock.pass_(hours=1)
    keeper.tick()
    assert begun.wait(30)
    stopping = threading.Thread(target=keeper.stop, args=(60.0,))
    stopping.start()
    go_on.set()
    stopping.join(30)
    assert not keeper.busy
    world.clock.pass_(hours=1)
    keeper.tick()
    assert [run.result for run in world.book.runs(schedule.id)] == [Result.SUCCEEDED]
    for thread in threads:
        thread.join(30)


def test_what_is_not_known_is_looked_at_again_before_the_next_is_begun(world: Schedulers) -> None:
    step = PlannedStep("s1", "lpar.up", "{}", "wait", "hmc-a", "")
    world.operations.ledger.propose("r1", Plan("snapshot", "x", ("vm:1",), START, (step,)), "ops")
    looked: list[str | None] = []

    def perform(work: Work) -> Outcome:
        if looked or work.run.due > START + timedelta(hours=1):
            return Outcome(Result.SUCCEEDED)
        work.book.doing(work.run.id, "r1")
        return Outcome(Result.UNKNOWN, ("no answer",))

    def resume(work: Work) -> Outcome:
        looked.append(work.run.run)
        return Outcome(Result.SUCCEEDED, ("it was done",))

    kind = JobKind("pass", "", perform, resume=resume)
    made = world.book.add("pass", "pass", "", JobOptions(), HOURLY)
    keeper = Timekeeper(world.book, world.operations, {"pass": kind}, tell=world.told.append, clock=world.clock)
    world.clock.pass_(hours=1)
    keeper.tick()
    assert world.book.runs(made.id)[0].result is Result.UNKNOWN
    world.clock.pass_(minutes=5)
    keeper.look_after()
    assert looked == []
    world.clock.pass_(minutes=55)
    keeper.tick()
    newest, before = world.book.runs(made.id)
    assert (newest.result, before.result, before.notes) == (
        Result.SUCCEEDED, Result.SUCCEEDED, ("no answer", "it was done"),
    )  # fmt: skip
    assert looked == ["r1"]
