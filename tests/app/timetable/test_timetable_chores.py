"""Health with its score explained, clean-up, and reminders of drills."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.auto_records import Auto, AutoGroup, Endpoint
from app.replication_records import Replication
from app.timetable import health
from app.timetable.chores import KEEP_PROPOSED, clean_up, drill_reminder, health_check
from app.timetable.health import Lack
from app.timetable.work import Acting, Work
from store.estate import Datastore, PowerState, Problem, Reading, VirtualMachine, VmReplica
from store.runs import Plan, PlannedStep, RunState
from store.schedules import JobOptions, Result, Schedule, ScheduleRun, Trigger
from store.timetable import Frequency, Timetable
from tests.app.timetable.virtual import Schedulers, schedulers
from tests.app.timetable.vm_lab import vm_lab

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAILY = Timetable(Frequency.DAILY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Schedulers]:
    with schedulers(tmp_path) as found:
        yield found


def work(world: Schedulers, kind: str, target: str = "", **options: int) -> Work:
    schedule = world.book.add(kind, kind, target, JobOptions(**options), DAILY)  # type: ignore[arg-type]
    return Work(world.operations, world.book, schedule, world.book.begin_now(schedule), Acting(), world.clock)


def store(free: int, *, accessible: bool = True) -> Datastore:
    return Datastore("vc", "ds-1", "ds01", "VMFS", 100, free, accessible)


def machine(**facts: object) -> VirtualMachine:
    return VirtualMachine("vc", "vm-1", "erp", "uuid", PowerState.ON, "connected", **facts)  # type: ignore[arg-type]


def replica(age: timedelta, interval_s: int | None) -> VirtualMachine:
    return machine(replica=VmReplica("u", "erp", 1, NOW - age, True, interval_s))


@pytest.mark.parametrize(
    ("obj", "points", "why"),
    [
        (store(20), 0, ""),
        (store(14), 5, "datastore ds01 on vc-a has 14 % free"),
        (store(4), 10, "datastore ds01 on vc-a has 4 % free"),
        (store(50, accessible=False), 10, "datastore ds01 on vc-a is not accessible"),
        (machine(consolidation_needed=True), 15, "the disks of erp on vc-a need consolidation"),
        (machine(consolidation_needed=None), 0, ""),
        (replica(timedelta(minutes=46), 900), 5, "replica erp on vc-a is 46 min old"),
        (replica(timedelta(minutes=44), 900), 0, ""),
        (replica(timedelta(days=8), None), 5, "replica erp on vc-a is 11520 min old"),
    ],
)
def test_each_thing_that_is_not_right_costs_its_points_and_says_why(obj: object, points: int, why: str) -> None:
    reading = Reading("vc-a", NOW, (obj,))  # type: ignore[arg-type]
    found = health.lacks(health.Looked(NOW, [reading], {}, [], {}))
    assert (100 - health.score(found), [each.why for each in found]) == (points, [why] if why else [])


def test_devices_and_schedules_count_too() -> None:
    half = Reading("fa-a", NOW, (), (Problem("row 3", "x", "a name"),))
    paused = Schedule(1, "nightly", "vm-snapshot", "erp", JobOptions(), DAILY, "ops", NOW)
    failed = ScheduleRun(1, 1, NOW, Trigger.DUE, Result.FAILED, "a", NOW, NOW)
    found = health.lacks(health.Looked(NOW, [half], {"hmc-a": "unreachable: no route"}, [paused], {1: failed}))
    assert health.words(found) == (
        "health 72 of 100: warning",
        "-10: hmc-a could not be read: unreachable: no route",
        "-10: the last run of schedule nightly: failed",
        "-5: fa-a could only partly be read: 1 problems",
        "-3: schedule nightly is paused",
    )


@given(st.lists(st.integers(1, 40)))
def test_the_score_is_what_is_left_of_a_hundred_and_every_point_is_explained(points: list[int]) -> None:
    found = [Lack(each, "x") for each in points]
    assert health.score(found) == max(0, 100 - sum(points))
    assert len(health.words(found)) == 1 + len(points)


def test_a_health_check_reads_every_device_and_says_how_all_is(tmp_path: Path) -> None:
    with vm_lab(tmp_path, tmp_path) as lab:
        schedule = lab.book.add("health", "health", "", JobOptions(), DAILY)
        run = lab.book.begin_now(schedule)
        given_ = Work(lab.operations, lab.book, schedule, run, Acting(), lambda: datetime.now(UTC))
        assert health_check(given_).notes == ("health 100 of 100: healthy",)
        assert lab.operations.store.view.entries("vm")
        lab.estate.lab.stop()
        outcome = health_check(given_)
        assert outcome.notes[1].startswith("-10: vc-paris could not be read: ")


def plan(verb: str, *targets: str) -> Plan:
    step = PlannedStep("s1", "lpar.up", "{}", "wait", "hmc-a", "")
    return Plan(verb, f"{verb} x", targets, NOW, (step,))


def drilled(world: Schedulers, run_id: str, target: str, state: RunState, verb: str = "drill") -> None:
    ran(world, run_id, plan(verb, target), state)


def cleaned(world: Schedulers, run_id: str, verb: str = "cleanup") -> None:
    ran(world, f"{run_id}-c", replace(plan(verb, "x:y"), name=f"{verb} after {run_id}"), RunState.SUCCEEDED)


def ran(world: Schedulers, run_id: str, made: Plan, state: RunState) -> None:
    ledger = world.operations.ledger
    ledger.propose(run_id, made, "ops")
    ledger.approve(run_id, "ops", ())
    ledger.turn(ledger.take(run_id, "console"), state)


def test_a_drill_that_passed_in_time_needs_no_reminder_and_one_that_failed_does_not_count(world: Schedulers) -> None:
    drilled(world, "r1", "lpar:erp-db", RunState.SUCCEEDED)
    cleaned(world, "r1")
    world.clock.pass_(days=80)
    drilled(world, "r2", "lpar:erp-db", RunState.FAILED)
    cleaned(world, "r2")
    asked = work(world, "drill-reminder", "erp-db,web", days=90)
    outcome = drill_reminder(asked)
    assert (outcome.result, outcome.notes) == (Result.WARNED, ("drill due: no drill of web ever passed",))
    world.clock.pass_(days=11)
    assert drill_reminder(asked).notes[0] == (
        "drill due: the last one of erp-db that passed is of 2027-01-01, 91 days ago"
    )


def test_without_a_target_any_drill_counts(world: Schedulers) -> None:
    asked = work(world, "drill-reminder")
    assert drill_reminder(asked).notes == ("drill due: no drill of anything ever passed",)
    drilled(world, "r1", "lpar:erp-db", RunState.SUCCEEDED)
    assert drill_reminder(asked).notes == ("clean-up owed: drdeck lpar cleanup r1",)
    cleaned(world, "r1")
    assert drill_reminder(asked).result is Result.SUCCEEDED


def test_drills_of_machines_count_and_those_that_are_not_cleaned_up_are_told(world: Schedulers) -> None:
    ledger = world.operations.ledger
    drilled(world, "r1", "replication:erp", RunState.SUCCEEDED, "vm drill")
    drilled(world, "r2", "replication:web", RunState.SUCCEEDED, "vm drill")
    asked = work(world, "drill-reminder", "erp")
    assert drill_reminder(asked).notes == ("clean-up owed: drdeck vm cleanup r1",)
    cleaned(world, "r1", "vm cleanup")
    assert drill_reminder(asked).result is Result.SUCCEEDED
    assert {run.id for run in ledger.runs_of("vm drill")} == {"r1", "r2"}


def test_a_group_is_as_old_as_its_oldest_machine_and_due_once_its_plan_has_changed(world: Schedulers) -> None:
    erp, web = (Replication(name, name, "vc-p", "vc-l", "ds", drill_network="DRILL") for name in ("erp", "web"))
    group = AutoGroup("shop", "vc-p", "vc-l", "paris", "lyon", ("erp", "web"), "3par-l", Endpoint("h", 1), "::1")
    settings = replace(world.operations.settings, replications=(erp, web), auto=Auto((group,)))
    world.operations.settings = settings
    asked = work(world, "drill-reminder", "shop", days=90)
    drilled(world, "r1", "replication:erp", RunState.SUCCEEDED, "vm drill")
    cleaned(world, "r1", "vm cleanup")
    assert drill_reminder(asked).notes == ("drill due: no drill of shop ever passed",), "web never was drilled"
    world.clock.pass_(days=60)
    drilled(world, "r2", "replication:web", RunState.SUCCEEDED, "vm drill")
    cleaned(world, "r2", "vm cleanup")
    assert drill_reminder(asked).result is Result.SUCCEEDED
    world.clock.pass_(days=31)
    assert drill_reminder(asked).notes[0].startswith("drill due: the last one of shop that passed is of 2027-01-01")


def test_clean_up_drops_old_proposals_and_keeps_what_somebody_agreed_to(world: Schedulers) -> None:
    ledger = world.operations.ledger
    ledger.propose("old", plan("snapshot", "vm:1"), "ops")
    ledger.propose("agreed", plan("snapshot", "vm:2"), "ops")
    ledger.approve("agreed", "ops", ())
    world.clock.pass_(days=KEEP_PROPOSED.days + 1)
    ledger.propose("new", plan("snapshot", "vm:3"), "ops")
    asked = work(world, "clean-up")
    assert clean_up(asked).notes == ("dropped the proposed run old",)
    assert [ledger.run(each).state for each in ("old", "agreed", "new")] == [
        RunState.ABORTED, RunState.APPROVED, RunState.PROPOSED,
    ]  # fmt: skip
    assert clean_up(asked).notes == ("there was nothing to clean up",)
