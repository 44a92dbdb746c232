"""One look for all who want it: whoever asks while one is being taken that began late enough shares it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from backends.outcome import DeviceError

LOOKS_AT_ONCE = 3
"""So many looks of one kind at a device overlap: who wants one that begins now does not wait for the end of another."""


class View(Struct):
    """The newest look of one kind at one device. Times are on the monotonic clock; ``under_way``: when those began that
    have not ended. ``value`` or ``error``."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    began: float = -1.0
    under_way: list[float] = field(default_factory=list)
    value: Any = None
    error: DeviceError | None = None

    def shared(self, since: float, take: Callable[[], Any]) -> tuple[Any, DeviceError | None, float]:
        """What a look shows that began at ``since`` or later, and when it began: one that is there, or under way, or
        else ``take()``, a few at a time."""
        with self.changed:
            while self.began < since:
                if len(self.under_way) < LOOKS_AT_ONCE and all(began < since for began in self.under_way):
                    self._take(take)
                else:
                    self.changed.wait()
            return self.value, self.error, self.began

    def _take(self, take: Callable[[], Any]) -> None:
        """Take a look, without holding up those who only wait for one. Called, and left, under ``changed``."""
        began = time.monotonic()
        self.under_way.append(began)
        self.changed.release()
        value: Any = None
        error: DeviceError | None = None
        try:
            value = take()
        except DeviceError as failed:
            error = failed
        finally:
            self.changed.acquire()
            self.under_way.remove(began)
            self.changed.notify_all()
        if began > self.began:
            self.began, self.value, self.error = began, value, error
