"""A first look at the store, for the first screen: what it holds, read without the database libraries.

It reads only, leaves the facts of a file in the file, and stands back (None) from whatever is not a store of this very
revision: then :func:`store.database.open_store` opens it with all its checks, and says what is wrong.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from sys import intern
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field

from store.estate import DeviceKind
from store.factsfile import BUSY_S, FactsFile
from store.migrations import HEAD
from store.place import Place, Server
from store.records import DeviceHealth, DeviceStatus, Event
from store.stored import StoredFacts
from store.times import from_text
from store.view import EVENTS_IN_MEMORY, EstateView, Ref, Sighting

MAPPED_BYTES = 1 << 28
"""Of the file as much is mapped into memory as SQLite may read without copying it first."""


class FirstLook(Struct):
    """What the file held; ``file`` has the facts. ``revision`` and ``last_event`` say how far was read, for whoever
    reads on from there."""

    file: FactsFile | None = None
    revision: int = 0
    last_event: int = 0
    sightings: dict[str, dict[Ref, Sighting]] = field(default_factory=dict)
    statuses: dict[str, DeviceStatus] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def view(self) -> EstateView:
        """A view of all of it."""
        view = EstateView()
        for device in {**self.statuses, **self.sightings}:
            view.record(device, put=self.sightings.get(device), status=self.statuses.get(device))
        view.record("", events=self.events)
        return view


def first_look(path: Place, mode: str = "rw") -> FirstLook | None:
    """What the store at ``path`` holds; None where there is none, or none that can be read like this. ``mode``
    is SQLite's: with ``ro`` not even the write-ahead log is taken into the file."""
    if isinstance(path, Server):
        return _on_server(path)
    try:
        uri = f"file:{quote(str(path))}?mode={mode}"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)) as connection:
            if connection.execute(_REVISION).fetchall() != [(HEAD,)]:
                return None
            connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
            connection.execute("BEGIN")  # one moment for all three tables
            return _read(connection.execute, FactsFile(path, mode))
    except (sqlite3.Error, OSError, ValueError):
        return None


def _on_server(server: Server) -> FirstLook | None:
    from store.engine import reading

    try:
        with reading(server) as run:
            return _read(run) if run(_REVISION).fetchall() == [(HEAD,)] else None
    except Exception:  # whoever opens it says what is wrong
        return None


_REVISION = "SELECT version_num FROM alembic_version"
_Run = Callable[..., Any]


class _Moments(dict[str, datetime]):
    """Each moment read once: a sweep gives thousands of rows the same."""

    def __missing__(self, text: str) -> datetime:
        moment = self[text] = from_text(text)
        return moment


def _read(run: _Run, file: FactsFile | None = None) -> FirstLook:
    """``file`` has the facts; None: they are read too, from a server."""
    found = run("SELECT value FROM store_meta WHERE name = 'revision'").fetchone()
    look = FirstLook(revision=found[0] if found else 0, file=file)
    moments = _Moments()
    told = "facts" if file is None else "NULL"
    rows = run(f"SELECT kind, key, device, {told}, first_seen, changed_at, seen_at, gone FROM sighting")
    for kind, key, device, text, first_seen, changed_at, seen_at, gone in rows:
        kind, device = intern(kind), intern(device)
        seen = None if seen_at is None else moments[seen_at]
        facts = StoredFacts(kind, key, device, file or text)
        sighting = Sighting(facts, moments[first_seen], moments[changed_at], seen, bool(gone))
        look.sightings.setdefault(device, {})[kind, key] = sighting
    look.statuses = {status.name: status for status in _statuses(run)}
    look.events = list(_events(run))
    look.last_event = look.events[-1].id if look.events else 0
    return look


def _statuses(run: _Run) -> Iterator[DeviceStatus]:
    rows = run(
        "SELECT name, kind, site, address, health, since, last_ok, failure, text, problems, clock_skew_s, verified"
        " FROM device"
    )
    for name, kind, site, address, health, since, last_ok, failure, text, problems, skew, verified in rows:
        if problems != "[]":
            from store import codec

            told = codec.decode_problems(problems)
        else:
            told = ()
        yield DeviceStatus(
            name,
            DeviceKind(kind),
            site,
            address,
            DeviceHealth(health),
            since=None if since is None else from_text(since),
            last_ok=None if last_ok is None else from_text(last_ok),
            failure=failure,
            text=text,
            problems=told,
            clock_skew_s=skew,
            verified=bool(verified),
        )


def _events(run: _Run) -> Iterable[Event]:
    rows = run(
        "SELECT id, at, kind, key, label, device, field, before, after FROM event ORDER BY id DESC LIMIT ?",
        (EVENTS_IN_MEMORY,),
    ).fetchall()
    return (Event(row[0], from_text(row[1]), *row[2:]) for row in reversed(rows))
