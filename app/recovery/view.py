"""One look for all who want it: whoever asks while one is being taken that began late enough shares it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from backends.outcome import DeviceError

LOOKS_AT_ONCE = 3
"""So many looks of one kind at a device overlap, or a quarter of its sessions where that is more: who wants one that
begins now does not wait for the end of another. They begin apart from each other by their share of the time that one
takes: of many who want one almost at the same time, the first would take them all, and the last wait for the end of one
and for all of the next."""


class View(Struct):
    """The newest look of one kind at one device, of which ``most`` overlap. Times are on the monotonic clock;
    ``under_way``: when those began that have not ended, ``took`` how long the newest one took. ``value`` or
    ``error``."""

    most: int = LOOKS_AT_ONCE
    changed: threading.Condition = field(default_factory=threading.Condition)
    began: float = -1.0
    took: float = 0.0
    under_way: list[float] = field(default_factory=list)
    value: Any = None
    error: DeviceError | None = None

    def shared(self, since: float, take: Callable[[], Any]) -> tuple[Any, DeviceError | None, float]:
        """What a look shows that began at ``since`` or later, and when it began: one that is there, or under way, or
        else ``take()``, a few at a time."""
        with self.changed:
            while self.began < since:
                full = len(self.under_way) >= self.most or any(began >= since for began in self.under_way)
                early = max(self.under_way, default=0.0) + self.took / self.most - time.monotonic()
                if full or (self.under_way and early > 0):
                    self.changed.wait(None if full else early)
                else:
                    self._take(take)
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
            self.began, self.value, self.error, self.took = began, value, error, time.monotonic() - began
