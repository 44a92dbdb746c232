"""Reading a store on PostgreSQL as it is at one moment, without SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import psycopg

from store.place import Server
from store.postgres_link import connect

_ROWS = 2_000
"""So many rows are fetched in one go: a journal may be longer than the memory."""


@contextmanager
def reading(server: Server) -> Iterator[Any]:
    """What takes a statement, and a tuple of its values, and gives a cursor."""
    connection, _ = connect(server, reads=True)
    with closing(connection):
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        names = count(1)

        def run(sql: str, values: tuple[object, ...] = ()) -> Any:
            cursor = connection.cursor(f"drdeck_{next(names)}")
            cursor.itersize = _ROWS
            return cursor.execute(sql.replace("?", "%s") if values else sql, values or None)

        yield run
