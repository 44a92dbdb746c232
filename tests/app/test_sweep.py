"""The sweep on real threads and a real store: devices that answer, fail, hang, die and come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import connect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import app.sweep
from app.sweep import FIRST_RETRY_S, LONGEST_RETRY_S, Sweeper
from backends.driver import Driver
from backends.outcome import DeviceError, Failure, Sent
from store.database import Store, open_store
from store.estate import DeviceKind, EstateObject, LparState, Reading
from store.records import Change, DeviceHealth, DeviceStatus
from tests.store.estates import lpar, lpars

PATIENCE_S = 20.0


@dataclass
class Device:
    """A device of the settings, and the world behind it: what it says, whether it fails, how often it was asked."""

    name: str
    objects: tuple[EstateObject, ...] = ()
    interval_s: float = 30.0
    timeout_s: float = 10.0
    delay_s: float = 0.0
    error: Exception | None = None
    connect_error: Exception | None = None
    hang: threading.Event | None = None
    deaf: bool = False
    together: threading.Barrier | None = None
    kind: DeviceKind = DeviceKind.HMC
    site: str = "paris"
    verified: bool = True
    connects: int = 0
    reads: int = 0
    closes: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"{self.name}.example:22"


class FakeDriver:
    """A connection to a :class:`Device`. Closing it ends a call that hangs, unless the device is ``deaf``."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.closed = threading.Event()

    def read(self) -> Reading:
        device = self.device
        taken_at = datetime.now(UTC)
        with device.lock:
            device.reads += 1
            device.at_once += 1
            device.most_at_once = max(device.most_at_once, device.at_once)
            hang, error = device.hang, device.error
        try:
            if self.closed.is_set():
                raise RuntimeError("read on a closed driver")
            if device.together is not None:
                device.together.wait(PATIENCE_S)
            if device.delay_s:
                self.closed.wait(device.delay_s)
            while hang is not None and not hang.wait(0.01):
                if self.closed.is_set() and not device.deaf:
                    raise DeviceError(device.name, "read", Failure.LOST, Sent.UNKNOWN, "closed")
            if error is not None:
                raise error
            return Reading(device.name, taken_at, device.objects)
        finally:
            with device.lock:
                device.at_once -= 1

    def close(self) -> None:
        self.closed.set()
        with self.device.lock:
            self.device.closes += 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def sweep(store: Store) -> Iterator[Callable[..., Sweeper]]:
    made: list[Sweeper] = []
    known: list[Device] = []

    def make(*devices: Device) -> Sweeper:
        known.extend(devices)
        world = {device.name: device for device in devices}

        def connect_to(name: str) -> Driver:
            device = world[name]
            with device.lock:
                device.connects += 1
            if device.connect_error is not None:
                raise device.connect_error
            return FakeDriver(device)

        sweeper = Sweeper(devices, connect_to, store, jitter=lambda low, high: high)
        made.append(sweeper)
        return sweeper

    yield make
    for sweeper in made:
        sweeper.stop()
    released(known)


def unreachable(name: str) -> DeviceError:
    return DeviceError(name, "connect", Failure.UNREACHABLE, Sent.NO, "No route to host")


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.005)


def released(devices: Iterable[Device]) -> None:
    """End what still hangs, and wait for its end: whatever runs on would take the processor from the tests to come."""
    for device in devices:
        if device.hang is not None:
            device.hang.set()
    until(lambda: all(device.at_once == 0 for device in devices), "every call ends")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds to the next try of every sweep that ended."""
    found: list[float] = []
    from_now = app.sweep._from_now

    def noting(seconds: float) -> datetime:
        found.append(seconds)
        return from_now(seconds)

    monkeypatch.setattr(app.sweep, "_from_now", noting)
    return found


def test_what_a_device_says_is_in_the_store_with_its_state(
    sweep: Callable[..., Sweeper], store: Store, pauses: list[float]
) -> None:
    status = sweep(Device("hmc1", lpars(3))).sweep("hmc1")
    assert [found.obj for found in store.view.entries("lpar")] == list(lpars(3))
    assert (status.health, status.failure, status.sweeping) == (DeviceHealth.OK, None, False)
    assert status.sweep_s is not None
    assert status.next_try is not None
    assert pauses == [30 - status.sweep_s]


def test_a_device_that_takes_longer_than_its_interval_is_left_in_peace_for_a_tenth_of_it(
    sweep: Callable[..., Sweeper], pauses: list[float]
) -> None:
    sweep(Device("hmc1", interval_s=0.02, delay_s=0.05)).sweep("hmc1")
    assert pauses == [pytest.approx(0.002)]


def test_the_connection_is_kept_between_sweeps(sweep: Callable[..., Sweeper]) -> None:
    device = Device("hmc1", lpars(1))
    sweeper = sweep(device)
    for _ in range(3):
        sweeper.sweep("hmc1")
    assert (device.connects, device.reads, device.closes) == (1, 3, 0)
    sweeper.stop()
    assert device.closes == 1


def test_a_device_unreachable_from_the_start_says_so_and_recovers(sweep: Callable[..., Sweeper], store: Store) -> None:
    device = Device("hmc1", lpars(2), connect_error=unreachable("hmc1"))
    sweeper = sweep(device)
    failed = sweeper.sweep("hmc1")
    assert (failed.health, failed.failure, failed.text) == (DeviceHealth.FAILING, "unreachable", "No route to host")
    assert failed.last_ok is None
    assert store.view.entries("lpar") == ()
    device.connect_error = None
    assert sweeper.sweep("hmc1").health is DeviceHealth.OK
    assert len(store.view.entries("lpar")) == 2


def test_a_device_that_dies_in_the_middle_keeps_its_last_state_and_is_connected_anew(
    sweep: Callable[..., Sweeper], store: Store
) -> None:
    device = Device("hmc1", lpars(2))
    sweeper = sweep(device)
    before = sweeper.sweep("hmc1").last_ok
    device.error = DeviceError("hmc1", "lssyscfg", Failure.LOST, Sent.UNKNOWN, "Connection reset", code="104")
    failed = sweeper.sweep("hmc1")
    assert (failed.failure, failed.text, failed.last_ok) == ("connection lost", "104: Connection reset", before)
    assert {(found.gone, found.seen_at) for found in store.view.entries("lpar")} == {(False, before)}
    until(lambda: device.closes == 1, "the broken connection is closed")
    device.error, device.objects = None, (lpar(0, LparState.NOT_ACTIVATED), lpar(1))
    assert sweeper.sweep("hmc1").health is DeviceHealth.OK
    assert device.connects == 2
    assert [found.after for found in store.view.events()] == [
        "ok", "Not Activated", "could not be read: connection lost",
    ]  # fmt: skip


def test_a_sweep_takes_no_longer_than_its_limit_and_a_late_answer_is_not_used(
    sweep: Callable[..., Sweeper], store: Store
) -> None:
    device = Device("hmc1", lpars(2), timeout_s=0.1, hang=threading.Event(), deaf=True)
    sweeper = sweep(device)
    failed = sweeper.sweep("hmc1")
    assert (failed.failure, failed.text) == ("no answer in time", "no complete answer within 0.1 s")
    assert device.hang is not None
    device.hang.set()
    until(lambda: device.at_once == 0, "the late answer comes")
    assert store.view.entries("lpar") == ()
    device.hang = None
    until(lambda: sweeper.sweep("hmc1").health is DeviceHealth.OK, "the device is read again")
    assert device.connects == 2


def test_a_call_that_hangs_for_ever_is_never_doubled(
    sweep: Callable[..., Sweeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sweep._WAIT_FOR_LAST_S", 0.02)
    device = Device("hmc1", timeout_s=0.05, hang=threading.Event(), deaf=True)
    sweeper = sweep(device)
    for _ in range(5):
        failed = sweeper.sweep("hmc1")
        assert failed.failure == "no answer in time"
    assert failed.text is not None
    assert "none is sent beside it" in failed.text
    assert (device.reads, device.most_at_once, device.connects) == (1, 1, 1)
    assert device.closes == 1
    assert device.hang is not None
    device.hang.set()
    device.hang = None
    until(lambda: sweeper.sweep("hmc1").health is DeviceHealth.OK, "the device is read again")
    assert device.most_at_once == 1


def test_closing_the_connection_ends_a_call_that_hangs(sweep: Callable[..., Sweeper]) -> None:
    device = Device("hmc1", lpars(1), timeout_s=0.1, hang=threading.Event())
    sweeper = sweep(device)
    assert sweeper.sweep("hmc1").failure == "no answer in time"
    device.hang = None
    assert sweeper.sweep("hmc1").health is DeviceHealth.OK
    assert (device.most_at_once, device.closes) == (1, 1)


def test_a_device_that_hangs_delays_no_other(sweep: Callable[..., Sweeper], store: Store) -> None:
    stuck = Device("stuck", timeout_s=PATIENCE_S, hang=threading.Event())
    well = [Device(f"hmc{number}", (lpar(number),)) for number in range(8)]
    sweeper = sweep(stuck, *well)
    sweeper.sweep_now()
    until(lambda: len(store.view.entries("lpar")) == 8, "all the others are read")
    assert sweeper.is_sweeping("stuck")
    found = store.view.device("stuck")
    assert found is not None
    assert found.sweeping


def test_all_devices_are_under_way_at_the_same_time(sweep: Callable[..., Sweeper]) -> None:
    together = threading.Barrier(16)
    devices = [Device(f"hmc{number}", (lpar(number),), timeout_s=PATIENCE_S, together=together) for number in range(16)]
    found = sweep(*devices).sweep_once(PATIENCE_S)
    assert {status.health for status in found.values()} == {DeviceHealth.OK}


def test_one_sweep_of_all_ends_with_every_device_answered_for(sweep: Callable[..., Sweeper], store: Store) -> None:
    stuck = Device("stuck", timeout_s=60, hang=threading.Event(), deaf=True)
    dead = Device("dead", connect_error=unreachable("dead"))
    found = sweep(stuck, dead, Device("hmc1", lpars(2))).sweep_once(0.2)
    assert {name: (status.health, status.failure) for name, status in found.items()} == {
        "stuck": (DeviceHealth.FAILING, "no answer in time"),
        "dead": (DeviceHealth.FAILING, "unreachable"),
        "hmc1": (DeviceHealth.OK, None),
    }
    assert len(store.view.entries("lpar")) == 2


def test_two_hmcs_of_one_server_are_swept_without_flapping(sweep: Callable[..., Sweeper], store: Store) -> None:
    first, second = Device("hmc1", lpars(3)), Device("hmc2", lpars(3))
    sweeper = sweep(first, second)
    changes: list[Change] = []
    sweeper.sweep_once(10)
    store.view.subscribe(changes.append)
    shown = {found.key: found.obj for found in store.view.entries("lpar")}
    for _ in range(3):
        sweeper.sweep_once(10)
        assert {found.key: found.obj for found in store.view.entries("lpar")} == shown
    assert {change.keys for change in changes} == {()}
    first.connect_error = first.error = unreachable("hmc1")
    second.objects = (lpar(0, LparState.NOT_ACTIVATED), lpar(1))
    sweeper.sweep_once(10)
    assert [(found.device, found.gone) for found in store.view.entries("lpar")] == [
        ("hmc2", False), ("hmc2", False), ("hmc2", True),
    ]  # fmt: skip


def test_asked_to_read_now_it_never_reads_a_device_twice_at_once(sweep: Callable[..., Sweeper]) -> None:
    device = Device("hmc1", lpars(1), delay_s=0.05)
    sweeper = sweep(device)
    for _ in range(20):
        sweeper.sweep_now("hmc1")
    until(lambda: device.reads > 0 and not sweeper.is_sweeping("hmc1"), "the device was read")
    assert device.most_at_once == 1


def test_a_sweep_that_finds_another_under_way_returns_at_once(sweep: Callable[..., Sweeper]) -> None:
    device = Device("hmc1", lpars(1), timeout_s=PATIENCE_S, hang=threading.Event())
    sweeper = sweep(device)
    sweeper.sweep_now("hmc1")
    until(lambda: device.at_once == 1, "the sweep is under way")
    assert sweeper.sweep("hmc1").sweeping
    assert device.hang is not None
    device.hang.set()
    until(lambda: not sweeper.is_sweeping("hmc1"), "it ends")
    assert device.reads == 1


def test_panes_are_told_when_a_sweep_begins_and_when_it_has_ended(sweep: Callable[..., Sweeper], store: Store) -> None:
    sweeper = sweep(Device("hmc1", lpars(1)))
    seen: list[bool] = []
    store.view.subscribe(lambda change: seen.append(store.view.devices()[0].sweeping))
    sweeper.sweep("hmc1")
    assert seen == [True, False]


def test_a_sweep_in_which_nothing_changed_writes_nothing(sweep: Callable[..., Sweeper], store: Store) -> None:
    sweeper = sweep(Device("hmc1", lpars(3)))
    sweeper.sweep("hmc1")
    written = store.total_changes
    for _ in range(3):
        sweeper.sweep("hmc1")
    assert store.total_changes == written


@pytest.mark.parametrize("failure", [Failure.LOGIN_REFUSED, Failure.UNTRUSTED])
def test_a_refused_login_is_not_repeated_soon_lest_the_account_be_locked(
    sweep: Callable[..., Sweeper], pauses: list[float], failure: Failure
) -> None:
    error = DeviceError("hmc1", "login", failure, Sent.REFUSED, "Permission denied")
    sweep(Device("hmc1", connect_error=error)).sweep("hmc1")
    assert pauses == [LONGEST_RETRY_S]


def test_a_failing_device_is_tried_less_and_less_often_and_soon_again_after_it_answered(
    sweep: Callable[..., Sweeper], pauses: list[float]
) -> None:
    device = Device("hmc1", connect_error=unreachable("hmc1"))
    sweeper = sweep(device)
    for _ in range(8):
        sweeper.sweep("hmc1")
    device.connect_error = None
    sweeper.sweep("hmc1")
    device.error = unreachable("hmc1")
    sweeper.sweep("hmc1")
    assert pauses[:8] == [10, 20, 40, 80, 160, 300, 300, 300]
    assert pauses[9] == 10


@settings(max_examples=60, deadline=None)
@given(
    interval_s=st.floats(1, 86_400),
    failures=st.integers(1, 10_000),
    failure=st.sampled_from(Failure),
    share=st.floats(0, 1),
)
def test_a_retry_is_never_too_soon_and_never_later_than_the_longest(
    interval_s: float, failures: int, failure: Failure, share: float
) -> None:
    from app.sweep import _Lane

    sweeper = Sweeper.__new__(Sweeper)
    sweeper._jitter = lambda low, high: low + share * (high - low)
    lane = _Lane(Device("hmc1", interval_s=interval_s))
    lane.failures = failures
    pause = sweeper._retry_s(lane, failure)
    assert 0.8 * min(FIRST_RETRY_S, interval_s) <= pause <= max(LONGEST_RETRY_S, interval_s)


def test_an_unexpected_failure_of_a_library_shows_its_kind_and_none_of_its_words(
    sweep: Callable[..., Sweeper], store: Store
) -> None:
    device = Device("hmc1", error=KeyError("token=secret123"))
    status = sweep(device).sweep("hmc1")
    assert (status.health, status.failure) == (DeviceHealth.FAILING, "answer not understood")
    assert status.text is not None
    assert "KeyError" in status.text
    assert "secret" not in status.text


def test_a_reading_of_another_device_is_refused(sweep: Callable[..., Sweeper], store: Store) -> None:
    class Confused(FakeDriver):
        def read(self) -> Reading:
            return Reading("hmc2", datetime.now(UTC), lpars(1))

    device = Device("hmc1")
    sweeper = Sweeper([device], lambda name: Confused(device), store)
    assert sweeper.sweep("hmc1").failure == "answer not understood"
    assert store.view.entries("lpar") == ()
    sweeper.stop()


def test_a_failure_in_the_store_is_not_taken_for_a_reading(
    sweep: Callable[..., Sweeper], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(reading: Reading, status: DeviceStatus | None = None) -> Change:
        raise ArithmeticError

    sweeper = sweep(Device("hmc1", lpars(1)))
    monkeypatch.setattr(store, "apply", broken)
    status = sweeper.sweep("hmc1")
    assert (status.health, status.sweeping) == (DeviceHealth.FAILING, False)
    assert "ArithmeticError" in (status.text or "")


def test_stopping_ends_a_sweep_under_way_and_leaves_the_device_as_it_was_known(
    sweep: Callable[..., Sweeper], store: Store
) -> None:
    device = Device("hmc1", lpars(1))
    sweeper = sweep(device)
    known = sweeper.sweep("hmc1")
    device.hang = threading.Event()
    sweeper.sweep_now("hmc1")
    until(lambda: device.at_once == 1, "the sweep is under way")
    sweeper.stop()
    assert not sweeper.is_sweeping("hmc1")
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.health, found.sweeping, found.last_ok) == (DeviceHealth.OK, False, known.last_ok)
    sweeper.sweep_now("hmc1")
    sweeper.sweep("hmc1")
    assert device.reads == 2


def test_with_the_primary_dark_the_last_known_state_shows_with_its_age(tmp_path: Path) -> None:
    path = tmp_path / "dark.sqlite"
    device = Device("hmc1", lpars(3))
    before = open_store(path)
    first = Sweeper([device], lambda name: FakeDriver(device), before)
    seen = first.sweep("hmc1").last_ok
    first.stop()
    before.close()

    def dark(name: str) -> Driver:
        raise unreachable(name)

    after = open_store(path)
    second = Sweeper([device], dark, after)
    assert [found.obj for found in after.view.entries("lpar")] == list(lpars(3))
    assert second.sweep("hmc1").health is DeviceHealth.FAILING
    assert {(found.seen_at, found.gone) for found in after.view.entries("lpar")} == {(seen, False)}
    second.stop()
    after.close()
    with closing(connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
