"""The sessions of one device, counted: never more than its bound, in use and idle ones together."""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

IDLE_S = 60.0
"""A session that was not used for longer is not trusted any more: the device may have ended it."""


class _Idle(Struct, frozen=True):
    door: str
    session: Any
    since: float


class _Waiter(Struct):
    door: str
    urgent: float
    found: _Idle | None = None
    served: threading.Event = field(default_factory=threading.Event)


class Slots:
    """At most ``most`` sessions of a device at a time. Safe from several threads.

    A slot is empty, or holds an idle session that stayed logged in, which it only does while :attr:`keeping` is set.
    ``urgent`` ones (verbs) go before looks, which are not (0), the more urgent first, and whoever waits for longer
    where two are as urgent. A quarter of the slots, and one at least, is kept for each other door that was asked for:
    to log out and in again takes as long as a call, and many verbs at once would leave no session to look with.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.keeping = False
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._held: Counter[str] = Counter()
        self._doors: set[str] = set()
        self._waiting: list[_Waiter] = []

    @contextmanager
    def empty(self, urgent: float = 0.0) -> Iterator[None]:
        """A slot without a session, for whoever logs in and out by himself, in one session at a time."""
        self.take("", urgent)
        try:
            yield
        finally:
            self.give("", None, good=False)

    def take(self, door: str, urgent: float) -> Any:
        """Wait for a slot. Returns the idle session through ``door`` in it; None: one has to be opened. Whoever took a
        slot gives it back."""
        waiter = _Waiter(door, float(urgent))
        with self._lock:
            if door:
                self._doors.add(door)
            insort(self._waiting, waiter, key=lambda each: -each.urgent)
            self._serve()
        waiter.served.wait()
        found = waiter.found
        assert found is not None
        if found.door == door and time.monotonic() - found.since <= IDLE_S:
            return found.session
        if found.session is not None:
            found.session.close()
        return None

    def _serve(self) -> None:
        """Give what is free to those who wait, the first one first. No look gets what a verb waits for. Called under
        the lock after each change."""
        verbs: set[str] = set()
        for waiter in tuple(self._waiting):
            if not waiter.urgent and verbs and (not waiter.door or not verbs.isdisjoint({"", waiter.door})):
                continue
            waiter.found = self._next(waiter.door)
            if waiter.found is None:
                if waiter.urgent:
                    verbs.add(waiter.door)
                continue
            self._waiting.remove(waiter)
            waiter.served.set()

    def _next(self, door: str) -> _Idle | None:
        """A slot: one with a session for this door, else an empty one, else the one that was idle for longest."""
        fitting = [idle for idle in self._idle if idle.door == door]
        if fitting:
            self._idle.remove(fitting[-1])
            return fitting[-1]
        if door and self._held[door] >= self.most - self._kept_for_another * len(self._doors - {door}):
            return None
        if self._held.total() < self.most:
            self._held[door] += 1
            return _Idle("", None, 0.0)
        spare = [idle for idle in self._idle if not door or self._held[idle.door] > self._kept_for_another]
        if not spare:
            return None
        self._idle.remove(spare[0])
        self._held[spare[0].door] -= 1
        self._held[door] += 1
        return spare[0]

    @property
    def share(self) -> int:
        """How many slots one of two doors may take."""
        return self.most - self._kept_for_another

    @property
    def _kept_for_another(self) -> int:
        return max(1, self.most // 4) if self.most > 1 else 0

    def give(self, door: str, session: Any, good: bool) -> None:
        """Give a slot back. A session that failed, or that is not to be kept, is closed before its slot is free."""
        with self._lock:
            if session is not None and good and self.keeping:
                self._idle.append(_Idle(door, session, time.monotonic()))
                self._serve()
                return
        try:
            if session is not None:
                session.close()
        finally:
            with self._lock:
                self._held[door] -= 1
                self._serve()

    def close_idle(self) -> None:
        """Log out what is not in use. Where nothing is kept any more, the rest is closed when it is given back."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            self.give(each.door, each.session, good=False)
