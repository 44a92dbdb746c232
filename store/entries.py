"""One entry of the journal about something that the store keeps nowhere else. Raises
:class:`store.errors.StoreError`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from store import engine, journal
from store.errors import explain
from store.place import Place
from store.times import to_text as stamp


def keep(place: Place, kind: str, body: Mapping[str, object]) -> None:
    """Append it to the journal of a store that is there and of this revision."""
    text = json.dumps(body, separators=(",", ":"))
    try:
        connection = engine.create_connection(place)
        try:
            engine.durable(connection)
            with engine.transaction(connection):
                written = journal.append(connection.exec_driver_sql, stamp(datetime.now(UTC)), "", kind, text)
        finally:
            engine.close(connection)
    except Exception as error:
        raise explain(error, place) from error
    journal.note_head(place, *written)
