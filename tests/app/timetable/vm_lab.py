"""A vCenter of the lab behind its real door, and schedules of snapshots of its machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from app.recovery.operations import Operations
from app.settings import load
from app.timetable.keeper import Timekeeper
from app.timetable.kinds import KINDS
from app.timetable.notices import Notice
from backends.lab.vsphere.machines import walk
from backends.lab.vsphere.records import Vm
from store.database import open_store
from store.ledger import Ledger
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions, Schedule, ScheduledSnapshot, ScheduleRun
from store.timetable import Frequency, Timetable
from tests.app.timetable.virtual import Clock
from tests.backends.lab.vsphere.vs_estate import NAME, PASSWORD, USER, Estate, running

CONFIG = """
[[sites]]
name = "paris"
role = "prod"

[[devices]]
name = "{name}"
kind = "vsphere"
site = "paris"
host = "127.0.0.1"
port = {port}
user = "{user}"
password = "file:{secret}"
ca_file = "{ca}"
call_timeout = "10s"
"""

HOURLY = Timetable(Frequency.HOURLY)


def config(estate: Estate, folder: Path) -> Path:
    """A configuration of this one server."""
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    path = folder / "config.toml"
    ca = estate.lab.identities.ca_file
    path.write_text(CONFIG.format(name=NAME, port=estate.port, user=USER, secret=secret, ca=ca))
    return path


@dataclass
class VmLab:
    """``clock`` is that of the schedules alone."""

    estate: Estate
    config: Path
    operations: Operations
    book: ScheduleBook
    clock: Clock
    told: list[Notice] = field(default_factory=list)

    @property
    def vm(self) -> Vm:
        """vm0, which runs."""
        return self.estate.vms[0]

    def keeper(self) -> Timekeeper:
        return Timekeeper(self.book, self.operations, KINDS, tell=self.told.append, clock=self.clock)

    def add(self, target: str = "vm0", name: str = "nightly", **options: object) -> Schedule:
        return self.book.add(name, "vm-snapshot", target, JobOptions(**options), HOURLY)  # type: ignore[arg-type]

    def run(self, schedule: Schedule) -> ScheduleRun:
        """Do it now, an hour after what was before."""
        self.clock.pass_(hours=1)
        return self.book.run(self.keeper().run_now(schedule).id)

    def names(self, vm: Vm | None = None) -> list[str]:
        """The snapshots that the machine has, as its server knows them."""
        return [snapshot.name for snapshot in walk((vm or self.vm).roots)]

    def rows(self, schedule: Schedule) -> tuple[ScheduledSnapshot, ...]:
        return self.book.snapshots(schedule.id, self.vm.home.instance_uuid)


@contextmanager
def vm_lab(identities: Path, folder: Path) -> Iterator[VmLab]:
    path = folder / "store.sqlite"
    with running(identities) as estate:
        estate.world.timing = replace(estate.world.timing, vm_task_s=0.05)
        made = config(estate, folder)
        store, ledger = open_store(path), Ledger(path)
        clock = Clock(datetime.now(UTC) + timedelta(days=1))
        book = ScheduleBook(path, "test", clock)
        try:
            yield VmLab(estate, made, Operations(load(made), store, ledger), book, clock)
        finally:
            book.close()
            ledger.close()
            store.close()
