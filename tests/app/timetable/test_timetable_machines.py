"""Snapshots of machines by schedule, against a vCenter of the lab: what is kept, and what never touched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.recovery.vm.snapshot_plan import lost, surplus
from app.replication_records import Replication
from app.timetable.notices import Event
from backends.lab.faults import FaultKind
from backends.lab.vsphere import machines
from backends.lab.vsphere.machines import walk
from backends.vsphere import tasks
from backends.vsphere.looks import SnapshotNow
from store.replications import FAILOVER, target
from store.runs import RunState
from store.schedules import Result, ScheduledSnapshot, Trigger
from tests.app.timetable.vm_lab import VmLab, vm_lab
from tests.backends.lab.vsphere.vs_estate import NAME

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("timetable-identities")


@pytest.fixture
def lab(identities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VmLab]:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    with vm_lab(identities, tmp_path) as found:
        yield found


def own(number: int, name: str | None = None) -> ScheduledSnapshot:
    taken = NOW + number * timedelta(hours=1)
    return ScheduledSnapshot(1, "uuid", f"snapshot-{number}", name or f"s{number}", taken, "run")


def there(number: int, name: str | None = None) -> SnapshotNow:
    return SnapshotNow(f"snapshot-{number}", name or f"s{number}", NOW, 1)


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 20)), st.integers(1, 10))
def test_retention_keeps_the_newest_and_deletes_only_its_own_oldest_first(
    made: set[int], on_server: set[int], renamed: set[int], keep: int
) -> None:
    snapshots = [there(n, "someone's" if n in renamed else None) for n in sorted(on_server)]
    goes = surplus([own(n) for n in made], snapshots, keep)
    mine = sorted(made & (on_server - renamed))
    numbers = [int(each.name[1:]) for each in goes]
    assert numbers == mine[: len(numbers)]
    assert len(mine) - len(numbers) + 1 == min(keep, len(mine) + 1)
    assert {each.name for each in lost([own(n) for n in made], snapshots)} == {f"s{n}" for n in made - {*mine}}


def test_esx_01_what_is_too_many_is_deleted_on_the_server_and_is_said(lab: VmLab) -> None:
    schedule = lab.add(keep=2)
    runs = [lab.run(schedule) for _ in range(4)]
    assert [run.result for run in runs] == [Result.SUCCEEDED] * 4
    assert lab.names() == [row.name for row in lab.rows(schedule)]
    assert len(lab.names()) == 2
    assert [any(note.startswith("retention: deleted") for note in run.notes) for run in runs] == [False] * 2 + [
        True
    ] * 2
    assert [notice.event for notice in lab.told if notice.event is Event.RETENTION] == [Event.RETENTION] * 2


def test_esx_01_of_four_that_are_there_a_retention_of_two_deletes_what_is_too_many(lab: VmLab) -> None:
    schedule = lab.add(keep=4)
    for _ in range(4):
        lab.run(schedule)
    schedule = lab.book.edit("nightly", "vm0", replace(schedule.options, keep=2), schedule.timetable)
    names = lab.names()
    lab.run(schedule)
    assert len(lab.names()) == 2
    assert lab.names()[0] == names[-1]


def test_esx_01_a_failed_deletion_keeps_its_row_and_is_tried_again(lab: VmLab) -> None:
    schedule = lab.add(keep=1)
    lab.run(schedule)
    fault = lab.estate.world.faults.add(NAME, FaultKind.HTTP_500, "RemoveSnapshot_Task")
    run = lab.run(schedule)
    assert run.result in (Result.FAILED, Result.UNKNOWN)
    assert len(lab.rows(schedule)) == 2
    assert len(lab.names()) == 2
    lab.estate.world.faults.remove(fault.id)
    assert lab.run(schedule).result is Result.SUCCEEDED
    assert len(lab.names()) == len(lab.rows(schedule)) == 1


def test_nothing_is_deleted_where_the_new_snapshot_fails(lab: VmLab) -> None:
    schedule = lab.add(keep=1)
    lab.run(schedule)
    before = lab.names()
    with_fault = lab.estate.world.faults.add(NAME, FaultKind.HTTP_403, "CreateSnapshot_Task")
    run = lab.run(schedule)
    lab.estate.world.faults.remove(with_fault.id)
    assert run.result is Result.FAILED
    assert lab.names() == before == [row.name for row in lab.rows(schedule)]


def test_snapshots_of_others_are_never_deleted_nor_those_of_another_schedule(lab: VmLab) -> None:
    first, second = lab.add(keep=1), lab.add(name="weekly", keep=1)
    machines.create_snapshot(lab.estate.state, lab.vm, "before the upgrade", "", memory=False, quiesce=False)
    lab.estate.until(lambda: lab.names() == ["before the upgrade"])
    for _ in range(3):
        assert lab.run(first).result is Result.SUCCEEDED
        assert lab.run(second).result is Result.SUCCEEDED
    assert len(lab.names()) == 3
    assert "before the upgrade" in lab.names()
    assert (len(lab.rows(first)), len(lab.rows(second))) == (1, 1)


def test_one_that_somebody_renamed_is_somebody_s_and_stays(lab: VmLab) -> None:
    schedule = lab.add(keep=1)
    lab.run(schedule)
    next(walk(lab.vm.roots)).name = "do not delete"
    lab.estate.state.touch(lab.vm)
    run = lab.run(schedule)
    assert "do not delete" in lab.names()
    assert any("deleted by somebody else" in note for note in run.notes)
    assert len(lab.rows(schedule)) == 1


def test_what_somebody_deleted_does_not_count_among_those_kept(lab: VmLab) -> None:
    schedule = lab.add(keep=2)
    lab.run(schedule)
    lab.run(schedule)
    newest = list(walk(lab.vm.roots))[-1]
    machines.remove_snapshot(lab.estate.state, newest, children=False)
    lab.estate.until(lambda: len(lab.names()) == 1)
    kept = lab.names()[0]
    lab.run(schedule)
    assert lab.names()[0] == kept
    assert len(lab.names()) == 2


def test_memory_and_quiescing_are_asked_for_as_the_schedule_says(lab: VmLab) -> None:
    plain, memory, quiesced = lab.add(), lab.add(name="mem", memory=True), lab.add(name="quiet", quiesce=True)
    for schedule in (plain, memory, quiesced):
        assert lab.run(schedule).result is Result.SUCCEEDED
    assert [(each.memory, each.quiesced) for each in walk(lab.vm.roots)] == [
        (False, False), (True, False), (False, True),
    ]  # fmt: skip


def test_an_instance_uuid_names_a_machine_as_well_and_a_name_that_nobody_has_is_said(lab: VmLab) -> None:
    assert lab.run(lab.add(lab.vm.home.instance_uuid)).result is Result.SUCCEEDED
    run = lab.run(lab.add("vm99", name="other"))
    assert run.result is Result.FAILED
    assert run.notes == ("not planned: No server of the configuration has a machine vm99",)


def test_a_name_that_two_machines_have_is_refused_with_their_uuids(lab: VmLab) -> None:
    lab.estate.state.rename("vm1", "vm0")
    run = lab.run(lab.add())
    assert run.result is Result.FAILED
    assert lab.vm.home.instance_uuid in run.notes[0]
    assert lab.names() == []


def test_a_lost_answer_makes_no_second_snapshot(lab: VmLab) -> None:
    schedule = lab.add()
    lab.estate.world.faults.add(NAME, FaultKind.DROP_AFTER, "CreateSnapshot_Task", seconds=None)
    run = lab.run(schedule)
    assert run.result is Result.SUCCEEDED
    assert len(lab.names()) == len(lab.rows(schedule)) == 1


def test_a_long_chain_is_warned_of(lab: VmLab) -> None:
    schedule = lab.add(keep=9)
    runs = [lab.run(schedule) for _ in range(4)]
    assert not any("chain" in note for note in runs[2].notes)
    assert any("a chain of 4 snapshots" in note for note in runs[3].notes)


def test_one_machine_is_found_without_reading_the_whole_server(lab: VmLab) -> None:
    schedule = lab.add()
    assert lab.run(schedule).result is Result.SUCCEEDED
    asked = lab.estate.world.devices[NAME].counters.requests
    assert asked["RetrievePropertiesEx"] > 0
    assert "WaitForUpdatesEx" not in asked, "a sweep reads all of it"


def test_a_machine_that_was_failed_over_is_left_out_and_the_history_says_so(lab: VmLab) -> None:
    here = Replication("vm0", "vm0", NAME, NAME, "ds")
    lab.operations.settings = replace(lab.operations.settings, replications=(here,))
    schedule, ledger = lab.add(), lab.operations.ledger
    assert lab.run(schedule).result is Result.SUCCEEDED
    kept = lab.names()
    ran = ledger.run(lab.book.runs(schedule.id)[0].run or "")
    stop = replace(ran.plan.steps[0], kind="vm.stop")
    over = replace(ran.plan, verb=FAILOVER, name="vm failover vm0", targets=(target("vm0"),), steps=(stop,))
    ledger.propose("0101-0000-000002", over, "somebody")
    ledger.approve("0101-0000-000002", "somebody", ())
    lease = ledger.take("0101-0000-000002", "another console")
    ledger.intend(lease, over.steps[0].id, "ShutdownGuest", ())
    ledger.turn(lease, RunState.ABORTED, "given up")
    run = lab.run(schedule)
    assert run.result is Result.REFUSED
    assert "was failed over" in run.notes[0]
    assert "run 0101-0000-000002" in run.notes[0]
    assert lab.names() == kept


def test_a_server_that_is_down_is_a_failure_that_the_history_tells(lab: VmLab) -> None:
    schedule = lab.add()
    lab.estate.world.faults.add(NAME, FaultKind.UNREACHABLE)
    run = lab.run(schedule)
    assert run.result is Result.FAILED
    assert run.notes[0].startswith("not planned: ")
    assert lab.told[-1].event is Event.FAILED


def test_two_schedules_never_work_on_one_machine_at_a_time(lab: VmLab) -> None:
    other = lab.operations.ledger
    run = lab.run(lab.add())
    assert run.run is not None
    plan = other.run(run.run).plan
    other.propose("0101-0000-000001", plan, "somebody")
    other.approve("0101-0000-000001", "somebody", ())
    lease = other.take("0101-0000-000001", "another console")
    refused = lab.run(lab.add(name="weekly"))
    assert refused.result is Result.REFUSED
    assert "is being acted on by run 0101-0000-000001" in refused.notes[0]
    assert other.run(refused.run or "").state is RunState.ABORTED
    other.turn(lease, RunState.SUCCEEDED)
    assert lab.run(lab.book.named("weekly")).result is Result.SUCCEEDED


def test_a_run_that_was_left_is_gone_on_with_and_nothing_is_done_twice(lab: VmLab) -> None:
    schedule = lab.add(keep=1)
    lab.run(schedule)
    # The scheduler dies once its snapshot is there, before it deletes the old one.
    keeper = lab.keeper()
    lab.clock.pass_(hours=1)
    fault = lab.estate.world.faults.add(NAME, FaultKind.HANG, "RemoveSnapshot_Task")
    thread = threading.Thread(target=keeper.run_now, args=(schedule,), daemon=True)
    thread.start()
    lab.estate.until(lambda: len(lab.names()) == 2)
    keeper.stop(1.0)
    lab.estate.world.faults.remove(fault.id)
    thread.join(60)
    newest = lab.book.runs(schedule.id)[0]
    assert newest.result in (Result.INTERRUPTED, Result.UNKNOWN)
    lab.book.pause(schedule.name)  # nothing else comes due
    if newest.result is Result.INTERRUPTED:
        lab.keeper().look_after()
        resumed = lab.book.runs(schedule.id)[0]
        assert (resumed.trigger, resumed.result, resumed.run) == (Trigger.RESUMED, Result.SUCCEEDED, newest.run)
    else:
        lab.run(schedule)
        assert lab.book.run(newest.id).result is Result.SUCCEEDED
    assert lab.operations.ledger.run(newest.run or "").state is RunState.SUCCEEDED
    assert lab.names() == [row.name for row in lab.rows(schedule)]
