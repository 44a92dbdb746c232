"""Session keys of the WSAPI: a limited number, each valid until it was not used for a while."""

from __future__ import annotations

import secrets
import threading
import time

from backends.lab.faults import FaultKind
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.world import Device, World

IDLE_S = 900.0


class Sessions:
    """The keys in force on one array. The limit is ``device.max_sessions``; idle time is real seconds."""

    def __init__(self, world: World, device: Device, old_style: bool) -> None:
        self._world = world
        self._device = device
        self._full = Why.SESSION_LIMIT_322 if old_style else Why.SESSION_LIMIT
        self._used: dict[str, float] = {}
        self._gone: set[str] = set()
        self._lock = threading.Lock()

    def log_in(self, user: object, password: object) -> str:
        """A new key. Raises :class:`ArrayError`: wrong password, or no session free."""
        if self._world.faults.take(self._device.name, "login", FaultKind.REFUSES_LOGIN):
            raise ArrayError(Why.INV_USER_PASS)
        if not isinstance(user, str) or self._device.users.get(user) is None or self._device.users[user] != password:
            raise ArrayError(Why.INV_USER_PASS)
        with self._lock:
            self._drop_idle()
            limit = self._world.faults.active(self._device.name, FaultKind.SESSION_LIMIT)
            if limit is not None or len(self._used) >= self._device.max_sessions:
                raise ArrayError(self._full)
            key = f"0-{secrets.token_hex(16)}-{secrets.token_hex(4)}"
            self._used[key] = time.monotonic()
            self._device.counters.logins += 1
            self._device.counters.sessions += 1
        return key

    def check(self, key: str | None) -> None:
        """Raises :class:`ArrayError`: an expired key (401) or one that never was (403)."""
        with self._lock:
            self._drop_idle()
            if key is not None and key in self._used:
                self._used[key] = time.monotonic()
                return
            raise ArrayError(Why.SESSION_EXPIRED if key in self._gone else Why.INV_SESSION_KEY)

    def log_out(self, key: str) -> None:
        with self._lock:
            if key not in self._used:
                raise ArrayError(Why.INV_SESSION_KEY)
            self._end(key)
            self._device.counters.logouts += 1

    def expire_all(self) -> None:
        """Every key now in force is expired, as after a restart of the service."""
        with self._lock:
            for key in list(self._used):
                self._end(key)
                self._gone.add(key)

    def _drop_idle(self) -> None:
        limit = time.monotonic() - IDLE_S
        for key in [k for k, used in self._used.items() if used < limit]:
            self._end(key)
            self._gone.add(key)

    def _end(self, key: str) -> None:
        del self._used[key]
        self._device.counters.sessions -= 1
