"""The journal of a twin says so itself: its first entry names the moment of the estate that it is a copy of."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from store import engine, journal
from store.errors import explain
from store.place import Place
from store.times import from_text, to_text


def twin_of(path: Place) -> datetime | None:
    """The moment of the estate that the store at ``path`` is of a twin of; None: of no twin. Raises
    :class:`store.errors.StoreError` where it cannot be read."""
    try:
        with engine.reading(path) as run:
            row = run("SELECT body FROM journal WHERE kind = 'twin' ORDER BY seq LIMIT 1").fetchone()
    except Exception as error:
        raise explain(error, path) from error
    return None if row is None else from_text(json.loads(row[0])["of"])


def note_twin(path: Place, of: datetime, by: str) -> None:
    """Make the store at ``path`` that of a twin, once: all that follows in its journal happens on the twin. ``of`` is
    when the inventory was taken (UTC). Raises StoreError."""
    connection = engine.open_place(path)
    written: tuple[int, bytes] | None = None
    try:
        with engine.transaction(connection):
            run = connection.exec_driver_sql
            if run("SELECT 1 FROM journal WHERE kind = 'twin'").first() is None:
                body = json.dumps({"of": to_text(of), "by": by}, separators=(",", ":"))
                written = journal.append(run, to_text(datetime.now(UTC)), "", "twin", body)
    finally:
        engine.close(connection)
    if written is not None:
        journal.note_head(path, *written)
