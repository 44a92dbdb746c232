"""A store on PostgreSQL: opened, upgraded, and transactions on it, of which one at a time writes.

Writers take a lock of the database first, whichever machine they are on; so all that holds of SQLite's one writer holds
here. A console that is stopped in the middle of a transaction holds up the others for a few seconds: then the server
ends its session (:data:`store.postgres_link.IDLE_S`), and it finds out when it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import psycopg
from msgspec import Struct

from store.errors import StoreAwayError, StoreError, explain, too_new
from store.place import Server
from store.postgres_link import connect, timeline

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Executable

ACTS, ESTATE = 0x64726463, 0x64726464
"""The locks of those who write: what is seen of the estate is long, and must not hold up what is done about it."""

CHANNEL = "drdeck"
"""On this is told that something was written: https://www.postgresql.org/docs/current/sql-notify.html"""

LANDED_S = 5.0
"""How long it is asked, where a connection broke while it committed, what came of that."""

_TABLES = frozenset({"alembic_version", "journal", "store_meta", "sighting"})
_MARK = "drdeck"


class _Desk(Struct):
    """What is known beside a connection. ``ahead`` is by how much the server's clock is, in seconds; ``line`` the
    server's timeline, another one once a standby took over; ``xid`` the transaction that it is in, with its timeline:
    the numbers of those that a standby never got are given again."""

    server: Server
    locks: tuple[int, ...]
    ahead: float = 0.0
    line: str = ""
    xid: str | None = None

    def heard(self, least: float, most: float) -> None:
        """``ahead`` lies within these: what was believed holds as long as it does."""
        self.ahead = min(max(self.ahead, least), most)


def open_server(server: Server, *, estate: bool = False) -> Connection:
    """Open, or make, the store in the server's database and bring its tables up to date. Raises
    :class:`store.errors.StoreError`."""
    with suppress(OSError):
        server.beside.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    connection: Connection | None = None
    try:
        connection = create_connection(server, ESTATE if estate else ACTS)
        _bring_up_to_date(connection, server, _recognize(connection, server))
    except Exception as error:
        if connection is not None:
            with suppress(Exception):
                close(connection)
        if isinstance(error, StoreError):
            raise
        raise explain(error, server) from error
    return connection


def create_connection(server: Server, lock: int = ACTS) -> Connection:
    """One connection that any thread may use, one at a time. It is made anew by itself where it broke."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    desk = _Desk(server, (lock,))

    def made() -> psycopg.Connection[Any]:
        raw, bounds = connect(server)
        desk.heard(*bounds)
        desk.line = timeline(raw)
        return raw

    engine = create_engine(
        "postgresql+psycopg://", creator=made, poolclass=NullPool, isolation_level="AUTOCOMMIT", use_native_hstore=False
    )
    event.listen(engine, "before_cursor_execute", _marked, retval=True)
    return engine.connect().execution_options(**{_MARK: desk})


def _marked(conn: object, cursor: object, sql: str, values: Any, context: Any, many: bool) -> tuple[str, Any]:
    """A statement of ours with the marks of this driver; what SQLAlchemy wrote has them already."""
    return (marked(sql) if context.compiled is None and values else sql), values


@lru_cache(maxsize=512)
def marked(sql: str) -> str:
    """``?`` as ``%s``; no statement of the store has one of either in a text."""
    return sql.replace("?", "%s")


def close(connection: Connection) -> None:
    connection.close()
    connection.engine.dispose()


# ------------------------------------------------------------------------------------------------------- transactions


def begin(connection: Connection) -> None:
    """Begin a writing transaction, once this one is the only one that writes. Nothing was written yet where a
    connection turns out to be broken here: another one is made, once."""
    _begin(connection, _desk(connection).locks)


def _begin(connection: Connection, locks: tuple[int, ...]) -> None:
    try:
        _try(connection, locks)
    except psycopg.Error:
        if not _broken(connection):
            raise
        _try(connection, locks)


def _try(connection: Connection, locks: tuple[int, ...]) -> None:
    # The isolation is said, whatever the server's default is: what is read behind the lock must be the newest.
    words = ["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"]
    words += [f"SELECT pg_advisory_xact_lock({lock})" for lock in locks]
    words += ["SELECT pg_current_xact_id()::text, extract(epoch FROM clock_timestamp())::float8"]
    _heal(connection)
    raw, desk, before = _raw(connection), _desk(connection), datetime.now(UTC).timestamp()
    try:
        row = _last(raw, "; ".join(words))
    except psycopg.Error:
        with suppress(psycopg.Error):
            raw.execute(b"ROLLBACK")
        raise
    desk.xid = f"{row[0]}@{desk.line}"
    desk.heard(row[1] - datetime.now(UTC).timestamp(), row[1] - before)


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """A transaction during which nobody else writes anything to the store."""
    _begin(connection, (ACTS, ESTATE))
    try:
        yield
        commit(connection)
    except BaseException:
        rollback(connection)
        raise


def commit(connection: Connection) -> None:
    """Tell the others and commit. Where the connection breaks, whether it is in the store is asked of the server on
    another one. Raises :class:`StoreAwayError` where it is not, or where that is not known."""
    desk = _desk(connection)
    xid = desk.xid
    if connection.invalidated or xid is None:  # it broke before, and with it went all that was written
        raise psycopg.OperationalError("the connection was lost")
    try:
        _last(_raw(connection), f"NOTIFY {CHANNEL}; COMMIT")
        desk.xid = None
    except psycopg.Error as error:
        if not _broken(connection):
            raise
        desk.xid = None
        if not _landed_soon(connection, xid, error):
            raise explain(error, desk.server) from error


def rollback(connection: Connection) -> None:
    """Never raises: of a broken connection the server forgets what it was doing."""
    _desk(connection).xid = None
    with suppress(Exception):
        if not _broken(connection):
            _raw(connection).execute(b"ROLLBACK")


def _landed_soon(connection: Connection, xid: str, error: Exception) -> bool:
    """Whether a transaction was committed. Raises :class:`StoreAwayError` where nobody can say, or not in time."""
    until = time.monotonic() + LANDED_S
    while True:
        known = None
        with suppress(Exception):
            known = landed(connection, xid)
        same = xid.endswith(f"@{_desk(connection).line}")
        if known or (known is not None and same):
            return known
        if not same or time.monotonic() > until:
            told = explain(error, _desk(connection).server)
            raise StoreAwayError(told.message, told.hint, transaction=xid) from error
        time.sleep(0.1)


def landed(connection: Connection, transaction: str) -> bool:
    """Whether it was committed, once that is decided; False also where a standby took over meanwhile, which does not
    know. Raises errors of the driver where the server is away."""
    xid, _, line = transaction.partition("@")
    while True:
        run(connection, "SELECT 1", ())  # on the server as it is now
        if line != _desk(connection).line:
            return False
        found = run(connection, "SELECT pg_xact_status(CAST(CAST(? AS text) AS xid8))", (xid,)).scalar()
        if found != "in progress":
            return bool(found == "committed")
        time.sleep(0.05)  # the server has not noticed yet that nobody is there any more


# -------------------------------------------------------------------------------------------------------------- reading


def run(connection: Connection, sql: str, values: tuple[object, ...]) -> CursorResult[Any]:
    return _healed(connection, lambda: connection.exec_driver_sql(sql, values))


def execute(connection: Connection, statement: Executable) -> CursorResult[Any]:
    return _healed(connection, lambda: connection.execute(statement))


def _healed(connection: Connection, call: Callable[[], CursorResult[Any]]) -> CursorResult[Any]:
    """A broken connection is made anew, once; but never in a transaction, which broke with it."""
    for again in (True, False):
        _heal(connection)
        try:
            return call()
        except Exception:
            if _desk(connection).xid is not None or not again or not _broken(connection):
                raise
    raise AssertionError("unreachable")


def durable(connection: Connection) -> None:
    """Each connection is: see :mod:`store.postgres_link`."""


def clock(connection: Connection, clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """``clock`` as the server's goes: consoles of several machines judge leases by one."""
    desk = _desk(connection)
    return lambda: clock() + timedelta(seconds=desk.ahead)


def version(connection: Connection) -> str:
    """Which transactions were under way, and which was the last: the same only while nothing at all was written."""
    return str(run(connection, "SELECT CAST(pg_current_snapshot() AS text)", ()).scalar())


def has_news(connection: Connection, known: str | None, revision: int) -> bool:
    if known is None:
        return True
    return (run(connection, "SELECT value FROM store_meta WHERE name = 'revision'", ()).scalar() or 0) != revision


# ----------------------------------------------------------------------------------------------------------- underneath


def _desk(connection: Connection) -> _Desk:
    found: _Desk = connection.get_execution_options()[_MARK]
    return found


def _raw(connection: Connection) -> psycopg.Connection[Any]:
    found: Any = connection.connection.driver_connection
    return found  # type: ignore[no-any-return]


def _last(raw: psycopg.Connection[Any], words: str) -> Any:
    """The first row of the last of several statements, sent at once; None: it gives none."""
    cursor = raw.execute(words.encode())
    while cursor.nextset():
        pass
    return cursor.fetchone() if cursor.description else None


def _broken(connection: Connection) -> bool:
    return connection.closed or connection.invalidated or _raw(connection).closed


def _heal(connection: Connection) -> None:
    """Have SQLAlchemy make the connection anew with the next statement, where it broke; in a transaction that would be
    none of it any more."""
    if _desk(connection).xid is not None:
        return
    if not connection.invalidated and _raw(connection).closed:
        connection.invalidate()
    if connection.invalidated:
        connection.rollback()  # of the transaction that SQLAlchemy believes to be in


def _recognize(connection: Connection, server: Server) -> str | None:
    """The revision of the tables, None for an empty database. Raises for what is not a store."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    tables = {row[0] for row in run(connection, sql, ())}
    if not tables:
        return None
    if not tables >= _TABLES:
        raise StoreError(
            f"The database {server} holds tables that are none of drdeck", "Name an empty one; it is left untouched"
        )
    found = run(connection, "SELECT version_num FROM alembic_version", ()).scalar()
    return None if found is None else str(found)


def _bring_up_to_date(connection: Connection, server: Server, revision: str | None) -> None:
    from store.migrations import HEAD

    if revision == HEAD:
        return
    from alembic import command
    from alembic.script import ScriptDirectory

    from store.sqlite import alembic_config

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise too_new(server, revision)
    with alone(connection):
        # Another console may have done it while this one waited for its turn.
        if _recognize(connection, server) != HEAD:
            command.upgrade(config, HEAD)
