"""The file of the store: opened privately, checked, upgraded with a copy kept; and transactions on it."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from store.errors import StoreError, damaged, explain, not_a_store, not_writable, too_new

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, CursorResult, Executable

APPLICATION_ID = 0x64726463
"""Marks the file as a store of drdeck (https://www.sqlite.org/pragma.html#pragma_application_id)."""

BUSY_MS = 5_000
_PAGES, _CHECKING_PAGES = -2000, 16
"""SQLite's own number, 2 MB of them; and so many while a file is checked."""

_SMALLEST = 512  # bytes: the smallest page, so the smallest database, that SQLite knows


def open_file(path: Path, busy_ms: int = BUSY_MS) -> Connection:
    """Open, or make, the store's file and bring its tables up to date. Raises :class:`StoreError`; the file is then
    as it was. ``busy_ms`` is how long to wait for another program that is writing."""
    _prepare(path)
    connection: Connection | None = None
    try:
        connection = create_connection(path, busy_ms)
        revision = _recognize(connection, path)
        _make_private(path)
        _set_up(connection)
        _bring_up_to_date(connection, path, revision)
    except Exception as error:
        if connection is not None:
            with suppress(Exception):
                close(connection)
        if isinstance(error, StoreError):
            raise
        raise explain(error, path) from error
    return connection


def create_connection(path: Path, busy_ms: int = BUSY_MS) -> Connection:
    """One connection that any thread may use, one at a time; transactions only by :mod:`store.engine`."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    uri = f"file:{quote(str(path))}?mode=rwc"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=busy_ms / 1000, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def close(connection: Connection) -> None:
    connection.close()
    connection.engine.dispose()


def begin(connection: Connection) -> None:
    """Begin a writing transaction; waits for another program that is writing."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def commit(connection: Connection) -> None:
    connection.exec_driver_sql("COMMIT")


def rollback(connection: Connection) -> None:
    """Never raises: on a full disk SQLite may have rolled back by itself, then there is nothing to roll back."""
    with suppress(Exception):
        connection.exec_driver_sql("ROLLBACK")


def run(connection: Connection, sql: str, values: tuple[object, ...]) -> CursorResult[Any]:
    return connection.exec_driver_sql(sql, values)


def execute(connection: Connection, statement: Executable) -> CursorResult[Any]:
    return connection.execute(statement)


def durable(connection: Connection) -> None:
    """What is committed survives a power loss: https://www.sqlite.org/pragma.html#pragma_synchronous"""
    connection.exec_driver_sql("PRAGMA synchronous=FULL")


def clock(connection: Connection, clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """The clock itself: whoever uses a file is on the machine that it is on."""
    return clock


def version(connection: Connection) -> str:
    """Changes only when another connection commits: https://www.sqlite.org/pragma.html#pragma_data_version"""
    return str(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def has_news(connection: Connection, known: str | None, revision: int) -> bool:
    """Reads no table."""
    return version(connection) != known


def landed(connection: Connection, transaction: str) -> bool:
    """Of a file it is always known."""
    return False


@contextmanager
def reading(path: Path) -> Iterator[Callable[..., Any]]:
    """What takes a statement, and a tuple of its values, and gives a cursor on the file as it is at one moment. Raises
    :class:`sqlite3.Error` where it cannot be read."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        yield connection.execute


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    begin(connection)
    try:
        yield
        commit(connection)
    except BaseException:
        rollback(connection)
        raise


def alembic_config(connection: Connection) -> Config:
    """The configuration by which Alembic works on this very connection, and prints nothing."""
    from alembic.config import Config

    config = Config(stdout=StringIO(), attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


# -------------------------------------------------------------------------------------------------------------- steps


def _prepare(path: Path) -> None:
    """Make folder and file if they are missing, for the owner alone. Raises for what cannot be a writable store."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        # SQLite takes a file of a byte or two for an empty one, and would write over it.
        if not path.is_file() or 0 < path.stat().st_size < _SMALLEST:
            raise not_a_store(path)
        effective = os.access in os.supports_effective_ids
        if not all(os.access(p, os.W_OK | os.R_OK, effective_ids=effective) for p in (path, path.parent)):
            raise not_writable(path)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise not_writable(path) from error
        raise explain(error, path) from error


def _make_private(path: Path) -> None:
    """Take other people's rights to the store away. SQLite makes its side files with the rights of the main one."""
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with suppress(FileNotFoundError):
            if stat.S_IMODE(each.stat().st_mode) & 0o077:
                each.chmod(0o600)


def _recognize(connection: Connection, path: Path) -> str | None:
    """The revision of the tables, None for a new file. Only reads. Raises for what is not a sound store."""
    tables = {name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    if (
        connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID
        or "alembic_version" not in tables
    ):
        raise not_a_store(path)
    # It reads the whole file: what it read must not stay in memory for as long as the connection does.
    connection.exec_driver_sql(f"PRAGMA cache_size = {_CHECKING_PAGES}")
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    connection.exec_driver_sql(f"PRAGMA cache_size = {_PAGES}")
    if found != "ok":
        raise damaged(path, str(found))
    return _revision(connection)


def _revision(connection: Connection) -> str | None:
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _set_up(connection: Connection) -> None:
    # NORMAL may lose the last sweeps at a power loss, never the file; what must not be lost is written by connections
    # of its own. https://www.sqlite.org/pragma.html#pragma_synchronous
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.exec_driver_sql(f"PRAGMA {pragma}")


def _bring_up_to_date(connection: Connection, path: Path, revision: str | None) -> None:
    from store.migrations import HEAD

    if revision == HEAD:
        return
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    if revision is not None and revision not in {
        s.revision for s in ScriptDirectory.from_config(config).walk_revisions()
    }:
        raise too_new(path, revision)
    with _transaction(connection):
        # Another console may have done it while this one waited for its turn.
        revision = _recognize(connection, path)
        if revision == HEAD:
            return
        if revision is None:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        else:
            _keep_copy(path, path.with_name(f"{path.name}.before-{revision}"))
        command.upgrade(config, HEAD)


def _keep_copy(path: Path, copy: Path) -> None:
    """Copy the whole store as it is before an upgrade, the write-ahead log included, for the owner alone."""
    half = copy.with_name(copy.name + ".part")
    half.unlink(missing_ok=True)
    try:
        os.close(os.open(half, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(half)) as target:
            source.backup(target)
        half.replace(copy)
    finally:
        half.unlink(missing_ok=True)
