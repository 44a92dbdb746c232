"""Looking at devices for many steps at once: whoever asks while a look is being taken that began late enough shares it.

No more calls are on the way to a device than its session bound allows; what waits between two looks holds no session.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from app.recovery.step import UnseenError
from backends.outcome import DeviceError, Failure
from store.estate import Reading

_SILENT = (Failure.UNREACHABLE, Failure.TIMEOUT, Failure.LOST)


@dataclass(slots=True)
class _View:
    """The newest look of one kind at one device. ``began`` is on the monotonic clock; ``value`` or ``error``."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    began: float = -1.0
    looking_since: float | None = None
    value: Any = None
    error: DeviceError | None = None


class Devices:
    """The devices of a run. ``connect`` makes a driver by name; ``sessions`` are the most calls at a time, by device.

    ``tell`` is handed every reading, so that the panes see what the run saw.
    """

    def __init__(
        self,
        connect: Callable[[str], Any],
        sessions: Mapping[str, int],
        tell: Callable[[Reading], None] = lambda reading: None,
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._bounds = {name: threading.BoundedSemaphore(max(1, most)) for name, most in sessions.items()}
        self._views: dict[tuple[str, str], _View] = {}
        self._lock = threading.Lock()

    def reading(self, device: str, since: float) -> Reading:
        """A reading of the device that began at or after ``since`` (monotonic). Raises :class:`UnseenError`."""
        found: Reading = self._look(device, "reading", since, lambda driver: driver.read())
        return found

    def objects(self, device: str, since: float) -> Any:
        """What an array has beside its groups, likewise."""
        return self._look(device, "objects", since, lambda driver: driver.objects())

    def perform(self, device: str, verb: Any, door: str, limit_s: float) -> str:
        """Send one verb, once; a command line is given ``limit_s`` to come to its end. Raises :class:`DeviceError`."""
        from backends.threepar.verbs import Door

        with self._bounds[device], closing(self._connect(device)) as driver:
            answer: str = driver.perform(verb, Door(door), limit_s)
            return answer

    def _look(self, device: str, kind: str, since: float, take: Callable[[Any], Any]) -> Any:
        with self._lock:
            view = self._views.setdefault((device, kind), _View())
        with view.changed:
            while view.began < since:
                if view.looking_since is None:
                    self._take(device, view, take)
                else:
                    view.changed.wait()
            value, error = view.value, view.error
        if error is not None:
            raise UnseenError(f"{error.failure}: {error.text}", silent=error.failure in _SILENT)
        return value

    def _take(self, device: str, view: _View, take: Callable[[Any], Any]) -> None:
        """Take a look, without holding up those who only wait for one. Called, and left, under ``view.changed``."""
        view.looking_since = began = time.monotonic()
        view.changed.release()
        value: Any = None
        error: DeviceError | None = None
        try:
            with self._bounds[device], closing(self._connect(device)) as driver:
                value = take(driver)
                if isinstance(value, Reading):
                    self._tell(value)
        except DeviceError as failed:
            error = failed
        finally:
            view.changed.acquire()
            view.looking_since = None
            view.changed.notify_all()
        view.began, view.value, view.error = began, value, error
