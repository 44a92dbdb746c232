"""The journal of a twin says so itself: its first entry names the moment of the estate that it is a copy of."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from store import journal
from store.sqlite import close, open_file, transaction
from store.times import from_text, to_text


def twin_of(path: Path) -> datetime | None:
    """The moment of the estate that the store at ``path`` is of a twin of; None: of no twin. Raises
    :class:`sqlite3.Error` where it cannot be read."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT body FROM journal WHERE kind = 'twin' ORDER BY seq LIMIT 1").fetchone()
    return None if row is None else from_text(json.loads(row[0])["of"])


def note_twin(path: Path, of: datetime, by: str) -> None:
    """Make the store at ``path`` that of a twin, once: all that follows in its journal happens on the twin. ``of`` is
    when the inventory was taken (UTC). Raises StoreError."""
    connection = open_file(path)
    written: tuple[int, bytes] | None = None
    try:
        with transaction(connection):
            run = connection.exec_driver_sql
            if run("SELECT 1 FROM journal WHERE kind = 'twin'").first() is None:
                body = json.dumps({"of": to_text(of), "by": by}, separators=(",", ":"))
                written = journal.append(run, to_text(datetime.now(UTC)), "", "twin", body)
    finally:
        close(connection)
    if written is not None:
        journal.note_head(path, *written)
