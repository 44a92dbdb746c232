"""The scheduler on its real threads: every device in its turn, and nothing that goes wrong unsaid."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import schedule
from app.schedule import Schedule
from app.sweep import Sweeper
from backends.outcome import DeviceError, Failure, Sent
from store.database import Store, open_store
from store.records import DeviceHealth
from tests.app.test_sweep import Device, FakeDriver, released, until
from tests.store.estates import lpars


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def begin(store: Store) -> Iterator[Callable[..., Schedule]]:
    made: list[Schedule] = []
    known: list[Device] = []

    def make(*devices: Device, trouble: Callable[[str], None] | None = None) -> Schedule:
        known.extend(devices)
        world = {device.name: device for device in devices}
        sweeper = Sweeper(devices, lambda name: FakeDriver(world[name]), store, jitter=lambda low, high: low)
        made.append(Schedule(sweeper, trouble))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.stop()
    released(known)


def test_every_device_is_swept_at_once_and_then_at_its_own_interval(begin: Callable[..., Schedule]) -> None:
    quick, slow = Device("quick", interval_s=0.05), Device("slow", interval_s=3600)
    begin(quick, slow)
    until(lambda: quick.reads >= 5, "the quick one is swept again and again")
    assert slow.reads == 1


def test_what_is_stopped_before_it_began_begins_nothing_any_more(store: Store) -> None:
    """A console that is left while it starts."""
    device = Device("late", interval_s=0.05)
    sweeper = Sweeper([device], lambda name: FakeDriver(device), store, jitter=lambda low, high: low)
    planned = Schedule(sweeper)
    planned.stop()
    planned.start()
    planned.stop()
    assert device.reads == 0


def test_a_device_that_hangs_delays_no_other(begin: Callable[..., Schedule], store: Store) -> None:
    stuck = [Device(f"stuck{n}", timeout_s=60, interval_s=0.2, hang=threading.Event(), deaf=True) for n in range(12)]
    well = Device("well", lpars(2), interval_s=0.05)
    planned = begin(*stuck, well)
    until(lambda: well.reads >= 5, "the one that is well is swept again and again")
    assert {device.reads for device in stuck} == {1}
    planned.stop(0.5)


def test_a_failing_device_is_tried_again_after_its_pause_and_recovers(
    begin: Callable[..., Schedule], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sweep.FIRST_RETRY_S", 0.05)
    error = DeviceError("hmc1", "read", Failure.UNREACHABLE, Sent.NO, "No route to host")
    device = Device("hmc1", lpars(1), interval_s=30, error=error)
    begin(device)
    until(lambda: device.reads >= 3, "it is tried again, long before its interval is over")
    device.error = None
    until(lambda: store.view.devices()[0].health is DeviceHealth.OK, "it recovers")


def test_a_sweep_longer_than_its_interval_is_said_once_and_goes_on(begin: Callable[..., Schedule]) -> None:
    told: list[str] = []
    device = Device("hmc1", interval_s=0.05, delay_s=0.2)
    begin(device, trouble=told.append)
    until(lambda: device.reads >= 4, "it is swept again and again")
    assert told == ["hmc1: one sweep takes longer than its interval; the next begins when it has ended"]
    assert device.most_at_once == 1


def test_a_sweep_that_fails_in_the_console_itself_is_said(
    begin: Callable[..., Schedule], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Sweeper, name: str, limit_s: float | None = None) -> None:
        raise ArithmeticError("secret words")

    monkeypatch.setattr(Sweeper, "sweep", broken)
    told: list[str] = []
    begin(Device("hmc1"), trouble=told.append)
    until(lambda: bool(told), "it is said")
    assert told == ["hmc1: failed in the console itself: ArithmeticError"]


def test_a_sweep_whose_time_was_missed_is_said_and_made_up_for(
    begin: Callable[..., Schedule], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_LATE_S", 1)
    told: list[str] = []
    device = Device("hmc1", interval_s=3600)
    planned = begin(device, trouble=told.append)
    until(lambda: store.view.devices()[0].health is DeviceHealth.OK, "the first sweep")
    until(lambda: not planned._sweeper.is_sweeping("hmc1"), "its end")
    planned._set_time("sweep hmc1", datetime.now(UTC) - timedelta(seconds=60))
    until(lambda: device.reads == 2, "the missed sweep is made up for")
    assert told == ["hmc1: the time was missed; it is made up for now"]


def test_a_clock_set_back_by_an_hour_does_not_stop_the_sweeps(
    begin: Callable[..., Schedule], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "CLOCK_CHECK_S", 0.02)
    real = schedule.time.time
    told: list[str] = []
    device = Device("hmc1", interval_s=3600)
    begin(device, trouble=told.append)
    until(lambda: device.reads == 1, "the first sweep")
    monkeypatch.setattr(schedule.time, "time", lambda: real() - 3600)
    until(lambda: device.reads >= 2, "the device is swept although its time is an hour off")
    assert told[0] == "The clock of this machine was set by -3600 s: ages before that are off"


def test_the_heartbeat_saves_when_devices_were_read(
    begin: Callable[..., Schedule], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "HEARTBEAT_S", 0.05)
    device = Device("hmc1", lpars(1), interval_s=0.05)
    begin(device)
    until(lambda: device.reads >= 2, "two sweeps")
    seen = store.view.devices()[0].last_ok
    assert seen is not None

    def saved() -> bool:
        other = open_store(store.path)
        try:
            last = other.view.devices()[0].last_ok
            return last is not None and last >= seen
        finally:
            other.close()

    until(saved, "the time of the second sweep is saved")


def test_stopping_twice_or_before_the_start_harms_nothing(store: Store) -> None:
    device = Device("hmc1")
    planned = Schedule(Sweeper([device], lambda name: FakeDriver(device), store))
    planned.stop()
    planned.stop()


def test_the_program_ends_although_a_device_hangs(tmp_path: Path) -> None:
    code = """
import sys, threading
from pathlib import Path
from app.schedule import Schedule
from app.sweep import Sweeper
from store.database import open_store
from tests.app.test_sweep import Device, FakeDriver, until
device = Device("hmc1", timeout_s=3600, hang=threading.Event(), deaf=True)
store = open_store(Path(sys.argv[1]))
planned = Schedule(Sweeper([device], lambda name: FakeDriver(device), store))
planned.start()
until(lambda: device.at_once == 1, "it hangs")
planned.stop(0.2)
store.close()
print("ended")
"""
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "store.sqlite")],
        cwd=root, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (found.returncode, found.stdout, found.stderr) == (0, "ended\n", "")


@pytest.mark.parametrize("module", ["app.sweep", "app.schedule"])
def test_importing_the_sweep_imports_no_scheduler_no_orm_and_no_vendor_library(module: str) -> None:
    heavy = ("apscheduler", "sqlalchemy", "pydantic", "textual", "paramiko", "pypureclient", "pyVmomi")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
