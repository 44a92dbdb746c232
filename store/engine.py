"""The database under a store: SQLite in a file, or PostgreSQL on a server. What both do, whichever it is.

Statements are written once, with ``?`` where a value goes; they say nothing that only one of the two understands.
Importing this imports neither SQLAlchemy nor a driver of PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from store import sqlite
from store.errors import StoreError
from store.place import Place, Server
from store.sqlite import BUSY_MS

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Executable, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

Read = Callable[..., Any]
"""From a statement, and a tuple of its values, to a cursor of the driver."""


class _Database(Protocol):
    """What :mod:`store.sqlite` and :mod:`store.postgres` both have."""

    def close(self, connection: Connection, /) -> None: ...
    def begin(self, connection: Connection, /) -> None: ...
    def commit(self, connection: Connection, /) -> None: ...
    def rollback(self, connection: Connection, /) -> None: ...
    def run(self, connection: Connection, sql: str, values: tuple[object, ...], /) -> CursorResult[Any]: ...
    def execute(self, connection: Connection, statement: Executable, /) -> CursorResult[Any]: ...
    def durable(self, connection: Connection, /) -> None: ...
    def clock(self, connection: Connection, clock: Callable[[], datetime], /) -> Callable[[], datetime]: ...
    def version(self, connection: Connection, /) -> str: ...
    def has_news(self, connection: Connection, known: str | None, revision: int, /) -> bool: ...
    def landed(self, connection: Connection, transaction: str, /) -> bool: ...


def _of(connection: Connection) -> _Database:
    if connection.dialect.name == "sqlite":
        return sqlite
    from store import postgres

    return postgres


def open_place(place: Place, busy_ms: int = BUSY_MS, *, estate: bool = False) -> Connection:
    """Open, or make, the store and bring its tables up to date. Raises :class:`store.errors.StoreError`. ``busy_ms`` is
    how long to wait for another program that is writing; ``estate``: of what is written, only the estate."""
    if isinstance(place, Server):
        _need_driver(place)
        from store import postgres

        return postgres.open_server(place, estate=estate)
    return sqlite.open_file(place, busy_ms)


def _need_driver(place: Server) -> None:
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        raise StoreError(
            f"The store {place} is on PostgreSQL, and psycopg is missing", "pip install 'drdeck[postgres]'"
        )


def create_connection(place: Place, busy_ms: int = BUSY_MS) -> Connection:
    """One connection to a store that is open already, which any thread may use, one at a time; transactions only by
    :func:`transaction`, and what is read outside of one by :func:`read`."""
    if isinstance(place, Server):
        from store import postgres

        return postgres.create_connection(place)
    return sqlite.create_connection(place, busy_ms)


def reading(place: Place) -> AbstractContextManager[Read]:
    """What reads the store as it is at one moment and can change nothing, without SQLAlchemy. Errors of the driver come
    out as they are: :func:`store.errors.explain` has the words."""
    if isinstance(place, Server):
        _need_driver(place)
        from store import postgres_read

        return postgres_read.reading(place)
    return sqlite.reading(place)


def listen(place: Place, ring: Callable[[], object]) -> Callable[[], None] | None:
    """Have ``ring`` called, on a thread, after whatever is written to the store, and whenever something may have been
    missed; returns what ends that. None: a file tells nobody, and has to be looked at."""
    if isinstance(place, Server):
        from store import postgres_bell

        return postgres_bell.listen(place, ring)
    return None


def close(connection: Connection) -> None:
    _of(connection).close(connection)


def begin(connection: Connection) -> None:
    """Begin a writing transaction; waits for another program that is writing. One at a time writes to a store, from
    whichever machine: what is read in here is the newest."""
    _of(connection).begin(connection)


def commit(connection: Connection) -> None:
    """Once this returns it is on the disk, or on its way there where the connection is not :func:`durable`."""
    _of(connection).commit(connection)


def rollback(connection: Connection) -> None:
    """Never raises."""
    _of(connection).rollback(connection)


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """One writing transaction: all of it is in the store afterwards, or, on any error, nothing; but for
    :class:`store.errors.StoreAwayError`, which says whether that is known."""
    begin(connection)
    try:
        yield
        commit(connection)
    except BaseException:
        rollback(connection)
        raise


def run(connection: Connection, sql: str, values: tuple[object, ...] = ()) -> CursorResult[Any]:
    """What a statement gives that changes nothing, outside of a transaction: a connection that broke is made anew."""
    return _of(connection).run(connection, sql, values)


def execute(connection: Connection, statement: Executable) -> Any:
    """As :func:`run`, of a statement that SQLAlchemy writes."""
    return _of(connection).execute(connection, statement)


def read(connection: Connection, sql: str, values: tuple[object, ...] = ()) -> Sequence[Any]:
    """The rows of the same."""
    return run(connection, sql, values).fetchall()


def durable(connection: Connection) -> None:
    """What this connection commits survives a power loss, from now on."""
    _of(connection).durable(connection)


def clock(connection: Connection, clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """The one clock by which leases and claims of this store are judged: of a file ``clock``, of a server its own."""
    return _of(connection).clock(connection, clock)


def version(connection: Connection) -> str:
    """Another one whenever another connection has written to the store, or may have. Reads no table."""
    return _of(connection).version(connection)


def has_news(connection: Connection, known: str | None, revision: int) -> bool:
    """Has another connection written to the estate since :func:`version` was ``known``? ``revision`` is the newest of
    the estate that is known; ``known`` None: it is always news."""
    return _of(connection).has_news(connection, known, revision)


def landed(connection: Connection, transaction: str) -> bool:
    """Whether a transaction of which nobody knows is in the store after all: see
    :class:`store.errors.StoreAwayError`."""
    return _of(connection).landed(connection, transaction)


def inserting(connection: Connection, table: Table) -> PostgresInsert | SqliteInsert:
    """An insertion into the table that can say what to do on a conflict."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)
    from sqlalchemy.dialects.postgresql import insert as insert_postgres

    return insert_postgres(table)
