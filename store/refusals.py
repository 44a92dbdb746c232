"""What somebody was refused, in the journal: who tried what, from where, and why it was refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from store import engine, journal
from store.errors import explain
from store.place import Place
from store.times import to_text as stamp

REFUSED = "refused"


def keep(path: Place, by: str, what: str, why: str, sites: tuple[str, ...] = ()) -> None:
    """One entry in the store at ``path``, which is open elsewhere already. Raises
    :class:`store.errors.StoreError`."""
    body = json.dumps({"by": by, "what": what, "why": why, "sites": sites}, separators=(",", ":"))
    try:
        connection = engine.create_connection(path)
        try:
            with engine.transaction(connection):
                now = stamp(datetime.now(UTC))
                written = journal.append(connection.exec_driver_sql, now, "", REFUSED, body)
        finally:
            engine.close(connection)
    except Exception as error:
        raise explain(error, path) from error
    journal.note_head(path, *written)
