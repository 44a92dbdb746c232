"""A store in either kind of place, and what somebody could do to it who has all rights there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from store.place import Place, Server
from store.postgres_link import connect


@contextmanager
def administrator(place: Place) -> Iterator[Any]:
    """A connection of the driver to the database itself, each statement of which is committed."""
    if isinstance(place, Server):
        with closing(connect(place)[0]) as connection:
            yield connection
    else:
        with closing(sqlite3.connect(place, isolation_level=None)) as file:
            yield file


def tampered(place: Place, *statements: str) -> None:
    """Change the journal behind the back of what guards it."""
    with administrator(place) as connection:
        if isinstance(place, Server):
            connection.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
        else:
            for trigger in ("journal_no_UPDATE", "journal_no_DELETE"):
                connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(statement)
