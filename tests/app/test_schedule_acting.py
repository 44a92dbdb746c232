"""The console runs what is due itself, on the lab, and shows what became of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from backends.lab.vsphere.machines import walk
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions
from store.timetable import Frequency, Timetable
from tests.app.acting import Acting, acting
from tests.app.test_schedule_command import overdue
from tests.app.timetable.vm_lab import config
from tests.backends.lab.vsphere.vs_estate import running
from tests.screens.piloting import piloted


@piloted
async def test_a_console_that_may_act_does_what_is_due_and_one_that_is_read_only_does_not(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with running(tmp_path / "identities") as estate, closing(ScheduleBook(path, "test")) as book:
        book.add("snap", "vm-snapshot", "vm0", JobOptions(), Timetable(Frequency.MONTHLY))
        overdue(book, "snap")
        file = config(estate, tmp_path)
        async with acting(Acting, file, path, read_only=True) as console:
            await console.keys("9")
            await console.see("This console runs no schedule: it is read-only.", "snap")
        assert list(walk(estate.vms[0].roots)) == []
        async with acting(Acting, file, path) as console:
            await console.keys("9")
            await console.see("clean-up", "health", "snap", "● succeeded")
        assert len(list(walk(estate.vms[0].roots))) == 1
