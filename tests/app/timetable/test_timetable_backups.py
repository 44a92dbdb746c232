"""Backups of machines by schedule, against a vCenter of the lab: what is kept, and what is never touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.notify.schedule_events import event_of
from app.recovery.attempt import Pace
from app.recovery.operations import new_run_id
from app.recovery.runner import Runner
from app.recovery.vmbackup.facts import FILE
from app.recovery.vmbackup.folders import scan
from app.recovery.vmbackup.operate import plan_backup
from app.timetable import backups, carrying
from app.timetable.notices import Event
from backends.lab.faults import FaultKind
from backends.vsphere import acts, tasks, transfer
from store.notices import EventKind
from store.runs import Plan, Run, RunState
from store.schedules import JobOptions, Result, Schedule, ScheduleRun, Trigger
from tests.app.timetable.vm_lab import HOURLY, VmLab, vm_lab
from tests.backends.lab.vsphere.vs_estate import NAME


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups-identities")


@dataclass
class Backups:
    """A lab with a directory for backups."""

    lab: VmLab
    root: Path

    def add(self, target: str = "vm0", keep: int = 2) -> Schedule:
        return self.lab.book.add("nightly", "vm-backup", target, JobOptions(keep=keep), HOURLY)

    def run(self, schedule: Schedule) -> ScheduleRun:
        return self.lab.run(schedule)

    def kept(self, vm: str = "vm0") -> list[str]:
        """The runs that made its backups, the oldest first."""
        return [one.folder.run for one in scan(self.root)[0] if one.facts is not None and one.facts.vm == vm]

    def path(self, run: ScheduleRun) -> Path:
        return next(one.folder.final for one in scan(self.root)[0] if one.folder.run == run.run)


@pytest.fixture
def at(identities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backups]:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(acts, "LOCKED_REST_S", 0.05)
    monkeypatch.setattr(backups, "REST_S", 0.02)
    pace = Pace(poll_s=0.02, lost_s=0.5, margin_s=0.2, busy_s=0.1)
    monkeypatch.setattr(carrying, "Runner", partial(Runner, pace=pace))
    with vm_lab(identities, tmp_path) as lab:
        root = tmp_path / "backups"
        root.mkdir()
        lab.operations.settings = replace(lab.operations.settings, backups=root)
        yield Backups(lab, root)


def test_the_oldest_that_this_schedule_made_go_once_a_new_one_is_verified(at: Backups) -> None:
    by_hand = plan_backup(at.lab.operations, ["vm0"], new_run_id(), at.lab.clock())
    at.lab.operations.agree("0101-0000-000001", by_hand, ())
    assert backups.attend(_work(at), "0101-0000-000001").result is Result.SUCCEEDED
    schedule = at.add()
    runs = [at.run(schedule) for _ in range(4)]
    assert [run.result for run in runs] == [Result.SUCCEEDED] * 4
    assert at.kept()[-2:] == [runs[2].run, runs[3].run]
    assert len(at.kept()) == 3  # the one that was made by hand is nobody's to delete
    told = [[note for note in run.notes if note.startswith("retention: deleted ")] for run in runs]
    assert [len(notes) for notes in told] == [0, 0, 1, 1]
    assert [each.event for each in at.lab.told].count(Event.RETENTION) == 2
    assert not at.lab.vm.roots


def _work(at: Backups) -> backups.Work:
    from app.timetable.work import Acting, Work

    schedule = at.lab.book.add("other", "vm-backup", "vm0", JobOptions(), HOURLY)
    run = at.lab.book.begin_now(schedule)
    return Work(at.lab.operations, at.lab.book, schedule, run, Acting(), at.lab.clock)


def test_a_backup_that_fails_deletes_nothing_and_is_told(at: Backups) -> None:
    schedule = at.add(keep=1)
    first = at.run(schedule)
    fault = at.lab.estate.world.faults.add(NAME, FaultKind.HTTP_403, "ExportSnapshot")
    failed = at.run(schedule)
    at.lab.estate.world.faults.remove(fault.id)
    assert failed.result is Result.FAILED
    assert at.kept() == [first.run]
    (notice,) = [each for each in at.lab.told if each.event is Event.FAILED]
    assert event_of(notice).kind is EventKind.SCHEDULE_FAILED
    assert "Export vm0" in event_of(notice).what
    assert at.run(schedule).result is Result.SUCCEEDED
    assert len(at.kept()) == 1


def test_each_machine_is_backed_up_though_another_one_fails(at: Backups) -> None:
    schedule = at.add("vm0,vm1")
    fault = at.lab.estate.world.faults.add(NAME, FaultKind.HTTP_403, "ExportSnapshot")  # vm1 is off
    run = at.run(schedule)
    at.lab.estate.world.faults.remove(fault.id)
    assert run.result is Result.FAILED
    assert (at.kept("vm0"), len(at.kept("vm1"))) == ([], 1)
    assert any(note.startswith("made vc-paris/vm1-") for note in run.notes)


def test_what_somebody_deleted_or_changed_is_not_this_schedule_s_any_more(at: Backups) -> None:
    schedule = at.add(keep=1)
    first, second = at.run(schedule), at.run(replace(schedule, options=JobOptions(keep=9)))
    shutil.rmtree(at.path(second))
    third = at.run(schedule)
    assert any("was deleted by somebody else" in note for note in third.notes)
    facts = at.path(third) / FILE
    facts.write_text(facts.read_text().replace(third.run or "", "0101-0000-ffffff"))
    fourth = at.run(schedule)
    assert any("is not what this schedule made any more: it stays" in note for note in fourth.notes)
    assert len(at.kept()) == 2
    assert first.result is Result.SUCCEEDED


def test_a_directory_whose_file_system_is_not_mounted_is_not_written_to(at: Backups) -> None:
    schedule = at.add()
    at.run(schedule)
    at.root.rename(at.root.with_name("elsewhere"))
    at.root.mkdir()
    run = at.run(schedule)
    assert run.result is Result.REFUSED
    assert "is the right file system mounted?" in run.notes[0]
    assert list(at.root.iterdir()) == []
    at.root.rmdir()
    at.root.with_name("elsewhere").rename(at.root)
    assert at.run(schedule).result is Result.SUCCEEDED
    assert len(at.kept()) == 2


def test_a_run_on_the_machine_is_waited_for(at: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = at.lab.operations.ledger
    uuid = at.lab.vm.home.instance_uuid
    ledger.propose("0101-0000-000002", Plan("vm replicate", "x", (f"vm:{uuid}",), at.lab.clock()), "somebody")
    ledger.approve("0101-0000-000002", "somebody", ())
    lease = ledger.take("0101-0000-000002", "another console")
    real, looked = ledger.alive, []

    def alive() -> tuple[Run, ...]:
        looked.append(at.kept())
        if len(looked) == 3:
            ledger.turn(lease, RunState.SUCCEEDED)
        return real()

    monkeypatch.setattr(ledger, "alive", alive)
    assert at.run(at.add()).result is Result.SUCCEEDED
    assert looked == [[], [], []]


def test_one_that_was_left_is_gone_on_with_and_then_those_behind_it(at: Backups) -> None:
    schedule = at.add("vm0,vm1,vm2")
    run_id = new_run_id()
    operations = at.lab.operations
    operations.agree(run_id, plan_backup(operations, ["vm1"], run_id, at.lab.clock()), ())
    run = at.lab.book.begin_now(schedule)
    at.lab.book.doing(run.id, run_id)
    at.lab.book.end(run.id, Result.INTERRUPTED, ("killed",))
    at.lab.clock.pass_(hours=1)
    at.lab.book.pause(schedule.name)  # nothing else comes due
    at.lab.keeper().look_after()
    resumed = at.lab.book.runs(schedule.id)[0]
    assert (resumed.trigger, resumed.result) == (Trigger.RESUMED, Result.SUCCEEDED)
    assert (at.kept("vm0"), at.kept("vm1"), len(at.kept("vm2"))) == ([], [run_id], 1)
    rows = at.lab.book.snapshots(schedule.id, at.lab.estate.vms[1].home.instance_uuid)
    assert [row.run for row in rows] == [run_id]


@pytest.mark.parametrize("target", ["", "a,,b", ","])
def test_a_target_without_names_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="expected names of machines"):
        backups.check(target)
