"""What is in the file, in and out: loading it, what other consoles wrote meanwhile, and saving what is new.

Used by :class:`store.database.Store` alone, under its lock. Errors of the database come out as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import Connection, and_, delete, func, or_, select

from store import codec, engine
from store.estate import DeviceKind
from store.firstlook import FirstLook
from store.record import Record
from store.records import DeviceHealth, DeviceStatus, Event
from store.tables import DEVICE, EVENT, SIGHTING, STORE_META
from store.view import EVENTS_IN_MEMORY, Ref, Sighting

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

KEEP = timedelta(days=90)
"""How long events, and objects that are gone, are kept …"""
KEEP_EVENTS = 100_000
"""… but never more events than this …"""
KEEP_LEAST = 1_000
"""… and of the newest events never fewer than this."""

_UNSAVED_EVENTS = 20_000
_log = logging.getLogger("drdeck.store")


class News(Record, frozen=True):
    """What the file holds that was not known: sightings and statuses by device, events oldest first, and how many rows
    could not be read."""

    sightings: dict[str, dict[Ref, Sighting]]
    statuses: dict[str, DeviceStatus]
    events: list[Event]
    unreadable: int


class Keeper:
    """The file's side of the store. What is staged stays staged until a :meth:`save` has brought it into the file."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._version: str | None = None
        self._changes = 0
        self._revision = 0
        self._last_event = 0
        self._saved: dict[str, DeviceStatus] = {}
        self._sightings: dict[tuple[str, Ref], tuple[Sighting, str]] = {}
        self._statuses: dict[str, DeviceStatus] = {}
        self._events: list[Event] = []

    # ------------------------------------------------------------------------------------------------- coming in

    def has_news(self) -> bool:
        """Has another connection written since :meth:`news` was called last?"""
        return engine.has_news(self._connection, self._version, self._revision)

    def news(self) -> News:
        """What was written since the last call, at the first call everything.

        Staged rows that it overtakes are dropped, staged events get ids behind it (see :attr:`staged_events`).
        """
        version = engine.version(self._connection)
        revision = (
            self._connection.execute(select(STORE_META.c.value).where(STORE_META.c.name == "revision")).scalar() or 0
        )
        sightings, bad_sightings = self._new_sightings()
        statuses, bad_statuses = self._new_statuses()
        events = self._new_events()
        self._version, self._revision = version, revision
        self._saved.update(statuses)
        for device, found in sightings.items():
            for ref in found:
                self._sightings.pop((device, ref), None)
        if events:
            self._last_event = events[-1].id
            self._events = [replace(e, id=self._last_event + n) for n, e in enumerate(self._events, start=1)]
        return News(sightings, statuses, events, bad_sightings + bad_statuses)

    def resume(self, look: FirstLook) -> None:
        """Go on behind a first look: the next :meth:`news` is what was written since."""
        self._revision = look.revision
        self._last_event = look.last_event
        self._saved.update(look.statuses)

    def prune(self, now: datetime) -> None:
        """Delete events and gone objects older than :data:`KEEP`, within the bounds on the number of events."""
        newest = self._connection.execute(select(func.max(EVENT.c.id))).scalar() or 0
        old = or_(and_(EVENT.c.at < now - KEEP, EVENT.c.id <= newest - KEEP_LEAST), EVENT.c.id <= newest - KEEP_EVENTS)
        faded = and_(SIGHTING.c.gone, SIGHTING.c.changed_at < now - KEEP)
        wanted = {
            row: where
            for row, where in ((EVENT, old), (SIGHTING, faded))
            if self._connection.execute(select(row).where(where).limit(1)).first() is not None
        }
        if wanted:
            with engine.transaction(self._connection):
                for row, where in wanted.items():
                    self._changes += self._connection.execute(delete(row).where(where)).rowcount

    # ------------------------------------------------------------------------------------------------- going out

    @property
    def staged_events(self) -> tuple[Event, ...]:
        return tuple(self._events)

    @property
    def has_staged(self) -> bool:
        return bool(self._sightings or self._statuses or self._events)

    def is_saved(self, status: DeviceStatus, times: bool = False) -> bool:
        """Is what the file keeps of a status in it already? Of its times only ``since``, unless ``times``."""
        saved = self._saved.get(status.name)
        return saved is not None and _kept(saved, times) == _kept(status, times)

    def stage(
        self,
        status: DeviceStatus,
        put: Mapping[Ref, Sighting] | None = None,
        facts: Mapping[Ref, str] | None = None,
        events: Sequence[Event] = (),
    ) -> tuple[Event, ...]:
        """Put a device's status, sightings (with their facts as JSON text) and events in line for the file. Returns the
        events with their ids."""
        for ref, sighting in (put or {}).items():
            self._sightings[status.name, ref] = sighting, (facts or {})[ref]
        self._statuses[status.name] = status
        next_id = (self._events[-1].id if self._events else self._last_event) + 1
        numbered = tuple(replace(event, id=next_id + n) for n, event in enumerate(events))
        self._events.extend(numbered)
        if len(self._events) > _UNSAVED_EVENTS:
            _log.warning("too many events wait to be saved: the oldest are dropped")
            del self._events[: len(self._events) - _UNSAVED_EVENTS]
        return numbered

    @property
    def total_changes(self) -> int:
        """How many rows were inserted, changed or deleted."""
        return self._changes

    @property
    def staged_devices(self) -> tuple[str, ...]:
        return tuple(self._statuses)

    def unstage_status(self, device: str) -> None:
        self._statuses.pop(device, None)

    def begin(self) -> None:
        """Begin the transaction that :meth:`save` or :meth:`rollback` ends."""
        engine.begin(self._connection)

    def rollback(self) -> None:
        engine.rollback(self._connection)

    def save(self) -> None:
        """Write what is staged and commit. On an error nothing is in the file and all stays staged."""
        try:
            self._write(self._revision + 1)
            engine.commit(self._connection)
        except BaseException:
            engine.rollback(self._connection)
            raise
        self._revision += 1
        self._saved.update(self._statuses)
        if self._events:
            self._last_event = self._events[-1].id
        self._sightings, self._statuses, self._events = {}, {}, []

    def close(self) -> None:
        engine.close(self._connection)

    def _write(self, revision: int) -> None:
        run = self._connection.execute
        meta, seen, device, event = (
            engine.inserting(self._connection, into) for into in (STORE_META, SIGHTING, DEVICE, EVENT)
        )
        run(_upsert(meta, "name"), {"name": "revision", "value": revision})
        if self._sightings:
            rows = [_sighting_row(d, r, s, facts, revision) for (d, r), (s, facts) in self._sightings.items()]
            run(_upsert(seen, "kind", "key", "device"), rows)
        if self._statuses:
            run(_upsert(device, "name"), [_device_row(s, revision) for s in self._statuses.values()])
        if self._events:
            run(event, [_event_row(event) for event in self._events])
        self._changes += 1 + len(self._sightings) + len(self._statuses) + len(self._events)

    # --------------------------------------------------------------------------------------------------- reading

    def _new_sightings(self) -> tuple[dict[str, dict[Ref, Sighting]], int]:
        found: dict[str, dict[Ref, Sighting]] = {}
        bad = 0
        rows = select(SIGHTING).where(SIGHTING.c.revision > self._revision).order_by(SIGHTING.c.kind, SIGHTING.c.key)
        for kind, key, device, facts, first_seen, changed_at, seen_at, gone, _ in self._connection.execute(rows):
            try:
                obj = codec.decode(kind, facts)
            except codec.CodecError as error:
                bad += 1
                _log.warning("the stored %s %s of %s cannot be read: %s", kind, key, device, error)
                continue
            found.setdefault(device, {})[kind, key] = Sighting(obj, first_seen, changed_at, seen_at, gone)
        return found, bad

    def _new_statuses(self) -> tuple[dict[str, DeviceStatus], int]:
        found: dict[str, DeviceStatus] = {}
        bad = 0
        for row in self._connection.execute(select(DEVICE).where(DEVICE.c.revision > self._revision)).mappings():
            values = {name: row[name] for name in row if name != "revision"}
            try:
                values["kind"] = DeviceKind(row["kind"])
                values["health"] = DeviceHealth(row["health"])
                values["problems"] = codec.decode_problems(row["problems"])
            except ValueError as error:
                bad += 1
                _log.warning("the stored status of %s cannot be read: %s", row["name"], error)
                continue
            found[row["name"]] = DeviceStatus(**values)
        return found, bad

    def _new_events(self) -> list[Event]:
        newest = select(EVENT).where(EVENT.c.id > self._last_event).order_by(EVENT.c.id.desc()).limit(EVENTS_IN_MEMORY)
        return [Event(*row) for row in reversed(self._connection.execute(newest).all())]


def _upsert(statement: PostgresInsert | SqliteInsert, *key: str) -> PostgresInsert | SqliteInsert:
    rest = {c.name: c for c in statement.excluded if c.name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=rest)


def _kept(status: DeviceStatus, times: bool) -> tuple[object, ...]:
    lasting = (status.kind, status.site, status.address, status.verified, status.health, status.since)
    told = (status.failure, status.text, status.problems)
    return (*lasting, *told, status.last_ok) if times else (*lasting, *told)


def _sighting_row(device: str, ref: Ref, sighting: Sighting, facts: str, revision: int) -> dict[str, Any]:
    return {
        "kind": ref[0],
        "key": ref[1],
        "device": device,
        "facts": facts,
        "first_seen": sighting.first_seen,
        "changed_at": sighting.changed_at,
        "seen_at": sighting.seen_at,
        "gone": sighting.gone,
        "revision": revision,
    }


def _device_row(status: DeviceStatus, revision: int) -> dict[str, Any]:
    return {
        "name": status.name,
        "kind": status.kind.value,
        "site": status.site,
        "address": status.address,
        "health": status.health.value,
        "since": status.since,
        "last_ok": status.last_ok,
        "failure": None if status.failure is None else str(status.failure),
        "text": status.text,
        "problems": codec.encode_problems(status.problems),
        "clock_skew_s": status.clock_skew_s,
        "verified": status.verified,
        "revision": revision,
    }


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "key": event.key,
        "label": event.label,
        "device": event.device,
        "field": event.field,
        "before": event.before,
        "after": event.after,
    }
