"""What can be made to go wrong in the lab, while it runs: per device and per verb.

A verb is what a door calls one request: ``lssyscfg -r lpar``, ``GET /protection-groups``, ``PUT /remotecopygroups``,
``PowerOnVM_Task``. Patterns are shell globs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec import Struct


class FaultKind(StrEnum):
    UNREACHABLE = "unreachable"  # connections are refused, open ones are cut
    HANG = "hang"  # accepts, reads, never answers
    SLOW = "slow"  # answers after `seconds`
    REFUSES_LOGIN = "refuses-login"
    DROP_BEFORE = "drop-before"  # the connection is cut before the work
    DROP_AFTER = "drop-after"  # the work is done, the answer is lost
    TRUNCATED = "truncated"  # half an answer, then the end; of a disk that is sent: half of it is taken, then the end
    HTML = "html"  # a proxy's page in place of the answer
    HTTP_401 = "401"
    HTTP_403 = "403"
    HTTP_409 = "409"
    HTTP_429 = "429"
    HTTP_500 = "500"
    HTTP_503 = "503"
    HTTP_504_AFTER = "504-after"  # the work is done, the gateway gives up
    EXPIRED_CERT = "expired-cert"
    CHANGED_KEY = "changed-key"  # another SSH host key, another TLS certificate
    SESSION_LIMIT = "session-limit"
    CLOCK_SKEWED = "clock-skewed"  # the device's clock is `seconds` off
    RENAMED = "renamed"  # `subject` is called `new_name` now
    PENDING = "pending-eradication"  # `subject` was destroyed


REFUSALS = {
    FaultKind.HTTP_401: 401,
    FaultKind.HTTP_403: 403,
    FaultKind.HTTP_409: 409,
    FaultKind.HTTP_429: 429,
    FaultKind.HTTP_500: 500,
    FaultKind.HTTP_503: 503,
}

_DEFAULT_SECONDS = {FaultKind.SLOW: 30.0, FaultKind.CLOCK_SKEWED: 600.0}


class Fault(Struct):
    """One fault in force. ``remaining`` counts down with each request it hit; ``None`` is until removed."""

    id: int
    device: str
    kind: FaultKind
    verb: str = "*"
    seconds: float = 0.0
    remaining: int | None = None
    subject: str | None = None
    new_name: str | None = None

    def covers(self, device: str, verb: str) -> bool:
        return fnmatchcase(device, self.device) and fnmatchcase(verb, self.verb)


class Faults:
    """The faults in force. Safe to use from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next = 1
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, watcher: Callable[[], None]) -> None:
        """``watcher()`` is called after every change (on the changing thread)."""
        self._watchers.append(watcher)

    def add(
        self,
        device: str,
        kind: FaultKind,
        verb: str = "*",
        seconds: float | None = None,
        count: int | None = None,
        subject: str | None = None,
        new_name: str | None = None,
    ) -> Fault:
        """Switch a fault on for the devices that match ``device``. ``count``: only for the next so many requests."""
        with self._lock:
            wait = _DEFAULT_SECONDS.get(kind, 0.0) if seconds is None else seconds
            fault = Fault(self._next, device, kind, verb, wait, count, subject, new_name)
            self._next += 1
            self._faults.append(fault)
        self._tell()
        return fault

    def remove(self, fault_id: int) -> Fault | None:
        """Switch one off. Returns it, or None if there is no such fault."""
        with self._lock:
            found = next((f for f in self._faults if f.id == fault_id), None)
            if found is not None:
                self._faults.remove(found)
        self._tell()
        return found

    def clear(self) -> list[Fault]:
        """Switch all off. Returns those that were in force."""
        with self._lock:
            gone, self._faults = self._faults, []
        self._tell()
        return gone

    def in_force(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def active(self, device: str, kind: FaultKind, verb: str = "*") -> Fault | None:
        """The fault of this kind that covers the device (and verb), without counting it as used."""
        if not self._faults:
            return None
        with self._lock:
            return next((f for f in self._faults if f.kind is kind and f.covers(device, verb)), None)

    def take(self, device: str, verb: str, *kinds: FaultKind) -> Fault | None:
        """The first fault of these kinds that covers this request; it is counted as used."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.covers(device, verb):
                    if fault.remaining is not None:
                        fault.remaining -= 1
                        if fault.remaining <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def _tell(self) -> None:
        for watcher in list(self._watchers):
            watcher()
