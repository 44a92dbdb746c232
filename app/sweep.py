"""The sweep: read every device, each at its own pace, and hand what it says to the store.

Each reading runs on a thread of its own, one per device at most, so that a device that is dead, slow or hangs for ever
delays no other. A call that does not come back is given up and never doubled: nothing more is sent to that device
before it has ended.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from app.sweep_call import Call, close_aside, unexpected
from backends.driver import Driver
from backends.outcome import DeviceError, Failure, Sent
from store.database import Store
from store.estate import DeviceKind
from store.records import DeviceHealth, DeviceStatus
from store.turns import computing

FIRST_RETRY_S = 10.0
LONGEST_RETRY_S = 300.0
SHORTEST_PAUSE = 0.1
"""Of its interval, between two readings of a device, however long one takes."""

_WAIT_FOR_LAST_S = 5.0
_NO_USE_IN_HURRY = (Failure.LOGIN_REFUSED, Failure.UNTRUSTED)


class Sweepable(Protocol):
    """What the sweep knows of a configured device. Times in seconds; ``timeout_s`` bounds a whole reading."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> DeviceKind: ...
    @property
    def site(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def interval_s(self) -> float: ...
    @property
    def timeout_s(self) -> float: ...
    @property
    def verified(self) -> bool: ...


class _Lane(Struct):
    """One device's turn: at most one sweep and one call at a time. ``failures`` counts those in a row."""

    device: Sweepable
    lock: threading.Lock = field(default_factory=threading.Lock)
    idle: threading.Event = field(default_factory=threading.Event)
    call: Call | None = None
    driver: Driver | None = None
    failures: int = 0

    def __post_init__(self) -> None:
        self.idle.set()


class Sweeper:
    """Sweeps the devices of the settings. ``connect`` makes a driver by the device's name; it may block and may raise
    :class:`backends.outcome.DeviceError`. ``after`` is told, after each sweep, the device's name and next time."""

    def __init__(
        self,
        devices: Iterable[Sweepable],
        connect: Callable[[str], Driver],
        store: Store,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.store = store
        self.after: Callable[[str, datetime], None] | None = None
        self._connect = connect
        self._jitter = jitter
        self._lanes = {device.name: _Lane(device) for device in devices}
        self._stopping = threading.Event()
        store.configure(never_read(lane.device) for lane in self._lanes.values())

    @property
    def devices(self) -> tuple[Sweepable, ...]:
        return tuple(lane.device for lane in self._lanes.values())

    def is_sweeping(self, name: str) -> bool:
        return not self._lanes[name].idle.is_set()

    def sweep(self, name: str, limit_s: float | None = None) -> DeviceStatus:
        """Read one device and remember what it said, or how it failed.

        Blocks for its ``timeout_s`` (or ``limit_s``) and little more; while another sweep of the device runs it returns
        at once. Returns the device's status.
        """
        lane = self._lanes[name]
        with lane.lock:
            if not lane.idle.is_set() or self._stopping.is_set():
                return self._status(lane)
            lane.idle.clear()
        try:
            self._sweep(lane, lane.device.timeout_s if limit_s is None else limit_s)
        finally:
            lane.idle.set()
        status = self._status(lane)
        if self.after is not None and status.next_try is not None and not self._stopping.is_set():
            self.after(name, status.next_try)
        return status

    def sweep_now(self, name: str | None = None) -> None:
        """Begin to read one device, or all, now; returns at once. One that is being read is left alone."""
        for lane in self._lanes.values() if name is None else (self._lanes[name],):
            if lane.idle.is_set() and not self._stopping.is_set():
                self._start(lane, None)

    def sweep_once(self, timeout_s: float) -> dict[str, DeviceStatus]:
        """Read all devices once, all at the same time, none for longer than ``timeout_s`` or its own limit."""
        for thread in [self._start(lane, min(lane.device.timeout_s, timeout_s)) for lane in self._lanes.values()]:
            thread.join()
        for lane in self._lanes.values():
            lane.idle.wait(lane.device.timeout_s)
        return {name: self._status(lane) for name, lane in self._lanes.items()}

    def stop(self, timeout_s: float = 5.0) -> None:
        """Begin no more sweeps, give up those that run, log out of the devices. Takes ``timeout_s`` at the longest."""
        self._stopping.set()
        deadline = time.monotonic() + timeout_s
        closing: list[threading.Thread] = []
        for lane in self._lanes.values():
            with lane.lock:
                call, driver, lane.driver = lane.call, lane.driver, None
            if call is not None:
                call.give_up()
            if driver is not None:
                closing.append(close_aside(driver))
        for thread in closing:
            thread.join(max(0.0, deadline - time.monotonic()))
        for lane in self._lanes.values():
            lane.idle.wait(max(0.0, deadline - time.monotonic()))

    # -------------------------------------------------------------------------------------------------- one sweep

    def _start(self, lane: _Lane, limit_s: float | None) -> threading.Thread:
        name = lane.device.name
        thread = threading.Thread(target=self.sweep, args=(name, limit_s), name=f"sweep {name}", daemon=True)
        thread.start()
        return thread

    def _status(self, lane: _Lane) -> DeviceStatus:
        return self.store.view.device(lane.device.name) or never_read(lane.device)

    def _sweep(self, lane: _Lane, limit_s: float) -> None:
        began = time.monotonic()
        before = self._status(lane)
        self.store.report(replace(before, sweeping=True))
        try:
            call = self._call(lane, limit_s)
            if call is None:
                self.store.report(replace(before, sweeping=False))
            else:
                self._read(lane, call, time.monotonic() - began)
        except DeviceError as error:
            self._failed(lane, error, time.monotonic() - began)
        except Exception as error:
            # A device whose sweep failed in here must not look as if it had been read.
            self._failed(lane, unexpected(lane.device.name, error), time.monotonic() - began)

    def _call(self, lane: _Lane, limit_s: float) -> Call | None:
        """Make the call and wait for it. None: the console is stopping. Raises DeviceError."""
        device = lane.device
        last = lane.call
        if last is not None and not last.ended.wait(min(limit_s, _WAIT_FOR_LAST_S)):
            text = f"the call begun at {last.began_at:%Y-%m-%d %H:%M:%S} UTC has not come back; none is sent beside it"
            raise DeviceError(device.name, "read", Failure.TIMEOUT, Sent.UNKNOWN, text)
        with lane.lock:
            if self._stopping.is_set():
                return None
            driver, lane.driver = lane.driver, None
            call = lane.call = Call(device.name, self._connect, driver)
            call.start()
        if not call.done.wait(limit_s) and call.give_up():
            text = f"no complete answer within {limit_s:g} s"
            raise DeviceError(device.name, "read", Failure.TIMEOUT, Sent.UNKNOWN, text)
        if self._stopping.is_set():
            return None
        if call.error is not None:
            raise call.error
        return call

    def _read(self, lane: _Lane, call: Call, took: float) -> None:
        if call.reading is None:
            raise RuntimeError("a call that neither failed nor was given up has a reading")
        with lane.lock:
            if self._stopping.is_set() and call.driver is not None:
                close_aside(call.driver)
            else:
                lane.driver = call.driver
        lane.failures = 0
        interval = lane.device.interval_s
        pause = max(interval - took, SHORTEST_PAUSE * interval)
        status = replace(self._status(lane), sweeping=False, sweep_s=took, next_try=_from_now(pause))
        with computing():
            self.store.apply(call.reading, status)

    def _failed(self, lane: _Lane, error: DeviceError, took: float) -> None:
        lane.failures += 1
        text = error.text if error.code is None or error.code in error.text else f"{error.code}: {error.text}"
        self.store.report(
            replace(
                self._status(lane),
                health=DeviceHealth.FAILING,
                failure=str(error.failure),
                text=text,
                problems=(),
                sweeping=False,
                sweep_s=took,
                next_try=_from_now(self._retry_s(lane, error.failure)),
            )
        )

    def _retry_s(self, lane: _Lane, failure: Failure) -> float:
        """Seconds to the next try: from ten on twice as long each time, up to five minutes (or the interval, if that is
        longer). A refused login at once waits the longest, lest the account be locked."""
        longest = max(LONGEST_RETRY_S, lane.device.interval_s)
        first = min(FIRST_RETRY_S, lane.device.interval_s)
        doubled = first * 2.0 ** min(lane.failures - 1, 30)
        base = longest if failure in _NO_USE_IN_HURRY else min(longest, doubled)
        return base * self._jitter(0.8, 1.0)


def never_read(device: Sweepable) -> DeviceStatus:
    """The status of a device of which the store knows nothing."""
    return DeviceStatus(
        device.name, device.kind, device.site, device.address, DeviceHealth.NEVER, verified=device.verified
    )


def _from_now(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
