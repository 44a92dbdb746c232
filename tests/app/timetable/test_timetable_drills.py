"""Drills of replicated machines by schedule, against the lab's servers: isolated, cleaned up in time, or told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.auto_records import Auto, AutoGroup, Endpoint
from app.recovery.operations import Operations
from app.recovery.runner import Runner
from app.recovery.vm import operate
from app.settings import nothing
from app.timetable import carrying
from app.timetable.drills import members, owed
from app.timetable.keeper import Timekeeper
from app.timetable.kinds import KINDS
from app.timetable.notices import Event, Notice
from backends.vsphere import acts, stream, tasks, transfer
from store.estate import PowerState
from store.replications import CLEANUP
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions, Result, Schedule, ScheduleRun, Trigger
from store.timetable import Frequency, Timetable
from tests.app.recovery.vm.test_vm_runs import PACE, done, operating, passed
from tests.app.timetable.virtual import Clock
from tests.faults.vm_estate import VmEstate, vm_estate

WEEKLY = Timetable(Frequency.WEEKLY)


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.05)
    monkeypatch.setattr(carrying, "Runner", partial(Runner, pace=PACE))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    with vm_estate(tmp_path_factory.mktemp("vms")) as ready:
        yield ready
        assert ready.world.referee.violations == []


class Drills:
    """A machine with a copy, and a schedule that drills it. ``clock`` is that of the schedules alone."""

    def __init__(self, estate: VmEstate, operations: Operations, book: ScheduleBook, clock: Clock, name: str) -> None:
        self.estate, self.operations, self.book, self.clock, self.name = estate, operations, book, clock, name
        self.told: list[Notice] = []

    def schedule(self, minutes: int) -> Schedule:
        return self.book.add(f"drill-{minutes}", "drill", self.name, JobOptions(cleanup_min=minutes), WEEKLY)

    @property
    def keeper(self) -> Timekeeper:
        return Timekeeper(self.book, self.operations, KINDS, tell=self.told.append, clock=self.clock)

    def run(self, schedule: Schedule) -> ScheduleRun:
        return self.book.run(self.keeper.run_now(schedule).id)

    def look(self, schedule: Schedule) -> list[tuple[Trigger, Result]]:
        """What every scheduler does every few seconds; what became of each time by then, the newest first."""
        self.keeper.look_after()
        return [(each.trigger, each.result) for each in self.book.runs(schedule.id)]

    def drilling(self) -> list[str]:
        """The machines of the drill that run at the recovery site."""
        vms = self.estate.lyon.state.vms.values()
        return [vm.name for vm in vms if vm.name.startswith(f"{self.name}_drill_") and vm.writer.running]


@pytest.fixture
def drills(estate: VmEstate, tmp_path: Path) -> Iterator[Drills]:
    name, clock = estate.fresh(), Clock(datetime.now(UTC))
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        with closing(ScheduleBook(tmp_path / "s.sqlite", "jump", clock)) as book:
            yield Drills(estate, operations, book, clock, name)


def test_a_drill_that_is_due_runs_isolated_and_is_cleaned_up_by_itself_once_its_time_has_come(drills: Drills) -> None:
    schedule = drills.schedule(60)
    made = drills.run(schedule)
    assert made.result is Result.SUCCEEDED, made.notes
    assert any("it is cleaned up by itself at" in note for note in made.notes)
    assert len(drills.drilling()) == 1
    assert drills.estate.power(drills.estate.paris, drills.name) is PowerState.ON, "production runs on"
    drills.clock.pass_(minutes=59)
    assert drills.look(schedule) == [(Trigger.BY_HAND, Result.SUCCEEDED)]
    assert drills.run(schedule).result is Result.REFUSED, "the other one is not cleaned up"
    drills.clock.pass_(minutes=2)
    assert drills.look(schedule)[0] == (Trigger.FOLLOW_UP, Result.SUCCEEDED)
    assert drills.drilling() == []
    assert owed(drills.operations.ledger) == {}
    drills.clock.pass_(hours=9)
    assert [trigger for trigger, _ in drills.look(schedule)].count(Trigger.FOLLOW_UP) == 1, "done once"


def test_without_a_time_it_is_told_that_the_clean_up_is_owed_and_nothing_is_done_by_itself(drills: Drills) -> None:
    schedule = drills.schedule(0)
    made = drills.run(schedule)
    assert made.result is Result.WARNED
    assert f"clean-up owed: drdeck vm cleanup {made.run}" in made.notes
    assert [notice.event for notice in drills.told] == [Event.FOUND]
    drills.clock.pass_(days=3)
    assert drills.look(schedule) == [(Trigger.BY_HAND, Result.WARNED)]
    assert made.run is not None
    done(drills.operations, lambda ops, run_id: operate.plan_cleanup(ops, made.run or "", run_id))


def test_what_somebody_cleaned_up_before_is_left_alone(drills: Drills) -> None:
    schedule = drills.schedule(5)
    made = drills.run(schedule)
    done(drills.operations, lambda ops, run_id: operate.plan_cleanup(ops, made.run or "", run_id))
    drills.clock.pass_(minutes=6)
    assert drills.look(schedule)[0] == (Trigger.FOLLOW_UP, Result.SUCCEEDED)
    assert "was cleaned up already" in drills.book.runs(schedule.id)[0].notes[0]
    assert len(drills.operations.ledger.runs_of(CLEANUP)) == 1


def test_a_clean_up_that_cannot_be_done_is_tried_again_later_and_not_at_once(drills: Drills) -> None:
    schedule = drills.schedule(5)
    drills.run(schedule)
    settings = drills.operations.settings
    drills.clock.pass_(minutes=6)
    drills.operations.settings = replace(settings, replications=())  # taken out of the configuration meanwhile
    assert drills.look(schedule)[0] == (Trigger.FOLLOW_UP, Result.FAILED)
    drills.clock.pass_(minutes=1)
    assert [trigger for trigger, _ in drills.look(schedule)].count(Trigger.FOLLOW_UP) == 1
    drills.operations.settings = settings
    drills.clock.pass_(minutes=15)
    assert drills.look(schedule)[0] == (Trigger.FOLLOW_UP, Result.SUCCEEDED)
    assert drills.drilling() == []


def test_a_drill_of_what_is_not_replicated_or_has_no_isolated_network_is_refused(drills: Drills) -> None:
    nobody = drills.book.add("nobody", "drill", "ghost", JobOptions(), WEEKLY)
    assert drills.run(nobody).result is Result.REFUSED
    settings = drills.operations.settings
    open_ = tuple(replace(one, drill_network=None) for one in settings.replications)
    drills.operations.settings = replace(settings, replications=open_)
    refused = drills.run(drills.schedule(60))
    assert (refused.result, refused.run) == (Result.REFUSED, None)
    assert "isolated port group" in refused.notes[0]
    assert drills.drilling() == []


def test_a_target_names_replications_patterns_and_groups(estate: VmEstate, tmp_path: Path) -> None:
    estate.fresh()
    settings = nothing(tmp_path / "config.toml")
    made = tuple(estate.made)
    first = made[0]
    sides = (first.source, first.destination, "paris", "lyon")
    group = AutoGroup("shop", *sides, tuple(one.vm for one in made), "3par-l", Endpoint("h", 1), "::1")
    settings = replace(settings, replications=made, auto=Auto((group,)))
    assert members(settings, "shop") == [one.name for one in made]
    assert members(settings, "erp*, web") == ["erp*", "web"]
    assert members(settings, "shop,erp") == [*(one.name for one in made), "erp"]
    assert members(settings, "") == []
