"""The journal of a twin says so itself: its first entry names the moment of the estate that it is a copy of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from store import journal, sqlite
from store.times import to_text


def note_twin(path: Path, of: datetime, by: str) -> None:
    """Make the store at ``path`` that of a twin, once: all that follows in its journal happens on the twin. ``of`` is
    when the inventory was taken (UTC). Raises StoreError."""
    connection = sqlite.open_file(path)
    written: tuple[int, bytes] | None = None
    try:
        with sqlite.transaction(connection):
            run = connection.exec_driver_sql
            if run("SELECT 1 FROM journal WHERE kind = 'twin'").first() is None:
                body = json.dumps({"of": to_text(of), "by": by}, separators=(",", ":"))
                written = journal.append(run, to_text(datetime.now(UTC)), "", "twin", body)
    finally:
        sqlite.close(connection)
    if written is not None:
        journal.note_head(path, *written)
