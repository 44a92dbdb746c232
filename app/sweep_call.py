"""One call to one device, on a thread of its own, that its caller can stop waiting for."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from backends.driver import Driver
from backends.outcome import DeviceError, Failure, Sent
from store.estate import Reading

_log = logging.getLogger("drdeck.sweep")


class Call:
    """Connects if there is no ``driver`` yet, and reads.

    ``done`` is set when there is a reading or an error, or when the caller gave up; ``ended`` when the thread has ended
    too and nothing more goes to the device.

    After a reading ``driver`` is kept for the next call; after an error it is closed.
    """

    def __init__(self, device: str, connect: Callable[[str], Driver], driver: Driver | None) -> None:
        self.began_at = datetime.now(UTC)
        self.done = threading.Event()
        self.ended = threading.Event()
        self.driver = driver
        self.reading: Reading | None = None
        self.error: DeviceError | None = None
        self._device = device
        self._connect = connect
        self._lock = threading.Lock()
        self._given_up = False
        self._closing = False

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"read {self._device}", daemon=True).start()

    def give_up(self) -> bool:
        """Wait no longer: what still comes is not used, and closing the driver may end the call. False, with nothing
        done, when the call is done already."""
        with self._lock:
            if self.done.is_set():
                return False
            self._given_up = True
            driver, self._closing = self.driver, self.driver is not None
            self.done.set()
        if driver is not None:
            close_aside(driver)
        return True

    def _run(self) -> None:
        try:
            reading, error = None, None
            try:
                reading = self._read()
            except DeviceError as failed:
                error = failed
            except Exception as failed:
                error = unexpected(self._device, failed)
            with self._lock:
                if not self._given_up:
                    self.reading, self.error = reading, error
                    self.done.set()
                keep = self._closing or (reading is not None and not self._given_up)
            if not keep and self.driver is not None:
                self.driver.close()
        finally:
            self.ended.set()

    def _read(self) -> Reading | None:
        if self.driver is None:
            self.driver = self._connect(self._device)
        if self._given_up:
            return None
        reading = self.driver.read()
        if reading.device != self._device:
            raise DeviceError(
                self._device, "read", Failure.BAD_ANSWER, Sent.UNKNOWN, f"the reading is of {reading.device}"
            )
        return reading


def close_aside(driver: Driver) -> threading.Thread:
    """Close a driver without waiting for it."""
    thread = threading.Thread(target=driver.close, name="close a driver", daemon=True)
    thread.start()
    return thread


def unexpected(device: str, error: Exception) -> DeviceError:
    """A failure that the driver does not know. Its words are shown only where they are this program's own: those of a
    library might hold an address with a token in it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}, line {frames[-1].lineno}" if frames else "an unknown place"
    own = type(error).__module__.partition(".")[0] in ("app", "backends", "store")
    text = str(error) if own else f"unexpected {type(error).__name__} in {where}"
    _log.warning("%s: unexpected %s in %s", device, type(error).__name__, where)
    return DeviceError(device, "read", Failure.BAD_ANSWER, Sent.UNKNOWN, text)
