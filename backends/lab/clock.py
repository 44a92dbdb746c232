"""The lab's own time, so that an hour of replication can pass in a test without waiting for it."""

from __future__ import annotations

import time


class Clock:
    """Virtual seconds since 1970 (UTC). ``speed`` 1 is real time, 60 a minute a second, 0 stands still."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._base = time.time() if start is None else start
        self._speed = speed
        self._anchor = time.monotonic()

    def now(self) -> float:
        """The virtual time, seconds since 1970."""
        return self._base + (time.monotonic() - self._anchor) * self._speed

    def advance(self, seconds: float) -> None:
        """Move the clock forward by ``seconds``; what became due happens at the next turn of the world."""
        if seconds < 0:
            raise ValueError(f"the clock only moves forward, not by {seconds} s")
        self._base += seconds

    def set_speed(self, speed: float) -> None:
        """Change how many virtual seconds pass in a real one, from now on."""
        self._base = self.now()
        self._anchor = time.monotonic()
        self._speed = speed
