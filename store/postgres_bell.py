"""Being told by a PostgreSQL server when something was written to its store: one session and one thread a process, for
all that listen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from store.place import Server
from store.postgres import CHANNEL
from store.postgres_link import connect

LOOK_S, AGAIN_S = 1.0, 1.0
"""How often it is looked whether anybody still listens, and how long after a loss the server is tried again."""


class _Bell:
    """The session of one server. It begins with the first who listens and ends with the last."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._rings: list[Callable[[], object]] = []
        self._over = threading.Event()

    def add(self, ring: Callable[[], object]) -> None:
        with self._lock:
            self._rings.append(ring)
            if len(self._rings) == 1:
                self._over = over = threading.Event()
                threading.Thread(target=self._listen, args=(over,), name="listen to the store", daemon=True).start()

    def remove(self, ring: Callable[[], object]) -> None:
        with self._lock:
            if ring in self._rings:
                self._rings.remove(ring)
            if not self._rings:
                self._over.set()

    def _ring(self) -> None:
        with self._lock:
            rings = tuple(self._rings)
        for ring in rings:
            with suppress(Exception):
                ring()

    def _listen(self, over: threading.Event) -> None:
        while not over.is_set():
            with suppress(Exception):  # whoever reads or writes finds out by itself, and says so
                self._until_it_breaks(over)
            self._ring()  # what was told meanwhile was missed
            over.wait(AGAIN_S)

    def _until_it_breaks(self, over: threading.Event) -> None:
        connection, _ = connect(self._server)
        try:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            self._ring()
            while not over.is_set():
                if _told(connection):
                    self._ring()
        finally:
            connection.close()


def _told(connection: psycopg.Connection[Any]) -> bool:
    return any(True for _ in connection.notifies(timeout=LOOK_S, stop_after=1))


_bells: dict[Server, _Bell] = {}
_bells_lock = threading.Lock()


def listen(server: Server, ring: Callable[[], object]) -> Callable[[], None]:
    """Have ``ring`` called after each transaction that wrote, and when the server was lost, and is back; returns what
    ends that."""
    with _bells_lock:
        bell = _bells.setdefault(server, _Bell(server))
    bell.add(ring)
    return lambda: bell.remove(ring)
