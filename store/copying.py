"""Moving a store from a file of SQLite into an empty database of PostgreSQL: all of it, or nothing.

Rows are copied as they are; then both are counted, and the journal's chain is followed in the copy. The entry behind
that says from where it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg.sql import SQL, Identifier
from sqlalchemy import Boolean, Connection, Table

from store import engine, journal, postgres
from store import room_tables as room_tables  # so that its tables are known too
from store.errors import explain
from store.migrations import HEAD
from store.place import Server
from store.record import Record
from store.sqlite import reading
from store.tables import METADATA
from store.times import to_text

MOVED = "store moved"
"""The kind of the journal's entry behind what was copied."""

_OWN = ("store_meta",)
"""A new store has rows of its own here: they give way."""


class CopyError(Exception):
    """Nothing was copied. The text says why and what to do."""


class Counted(Record, frozen=True):
    """What is, or was, copied: rows by table, the journal's entries and the hash of its newest one as hex."""

    rows: dict[str, int]
    entries: int
    head: str


def counted(source: Path, target: Server) -> Counted:
    """What would be copied. Reads both and changes nothing. Raises :class:`CopyError` where it must not be, and
    :class:`store.errors.StoreError`."""
    with _read(source) as run:
        found = _checked(source, run)
    try:
        with engine.reading(target) as run:
            _expect_empty(target, run)
    except CopyError:
        raise
    except Exception as error:
        raise explain(error, target) from error
    return found


def copy(source: Path, target: Server, by: str) -> Counted:
    """Copy it, in one transaction of the target, during which nobody else writes there. Raises as :func:`counted`."""
    with _read(source) as run:
        found = _checked(source, run)
        connection = engine.open_place(target)
        try:
            with postgres.alone(connection):
                _expect_empty(target, connection.exec_driver_sql)
                for table in METADATA.sorted_tables:
                    _fill(connection, table, run)
                _compare(connection, found)
                moved = _say_so(connection, source, found, by)
        except CopyError:
            raise
        except Exception as error:
            raise explain(error, target) from error
        finally:
            engine.close(connection)
    journal.note_head(target, *moved)
    return found


def _read(source: Path) -> Any:
    if not source.is_file():
        raise CopyError(f"There is no store at {source}")
    return reading(source)


def _checked(source: Path, run: engine.Read) -> Counted:
    """What the source holds, once it is known to be sound and at rest."""
    try:
        revision = run("SELECT version_num FROM alembic_version").fetchall()
        if revision != [(HEAD,)]:
            raise CopyError(f"{source} is of another version of drdeck: open it once with this one, drdeck --cached")
        verdict = journal.follow(run)
        if verdict.broken is not None:
            raise CopyError(f"The journal of {source} is broken at entry {verdict.broken}: {verdict.why}")
        held = run("SELECT target, holder FROM lease WHERE until > ?", (to_text(datetime.now(UTC)),)).fetchone()
        if held is not None:
            raise CopyError(f"{held[0]} is being acted on by {held[1]}: let that end first, and end every console")
        rows = {name: _count(run, name) for name in sorted(METADATA.tables)}
    except CopyError:
        raise
    except Exception as error:
        raise explain(error, source) from error
    return Counted(rows, verdict.entries, verdict.head)


def _expect_empty(target: Server, run: engine.Read) -> None:
    """Raises :class:`CopyError` for a database in which somebody keeps something."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    tables = {row[0] for row in run(sql).fetchall()}
    other = sorted(tables - {*METADATA.tables, "alembic_version"})
    if other:
        raise CopyError(f"{target} holds tables that are none of drdeck, as {other[0]}: name an empty database")
    for name in sorted(tables.intersection(METADATA.tables) - set(_OWN)):
        if _count(run, name):
            raise CopyError(f"{target} is a store in use: there are rows in {name}. Name an empty database")


def _count(run: engine.Read, table: str) -> int:
    return int(run(f'SELECT count(*) FROM "{table}"').fetchone()[0])


def _fill(connection: Connection, table: Table, run: engine.Read) -> None:
    raw: Any = connection.connection.driver_connection
    if table.name in _OWN:
        raw.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))
    names = [column.name for column in table.columns]
    truths = [isinstance(column.type, Boolean) for column in table.columns]
    quoted = SQL(", ").join(map(Identifier, names))
    with raw.cursor().copy(SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), quoted)) as out:
        for row in _rows(run, table.name, names):
            out.write_row([bool(v) if truth and v is not None else v for v, truth in zip(row, truths, strict=True)])
    counter = table.autoincrement_column
    if counter is not None:
        sql = "SELECT setval(pg_get_serial_sequence(%s, %s), (SELECT max({}) FROM {}))"
        numbered = SQL(sql).format(Identifier(counter.name), Identifier(table.name))
        raw.execute(numbered, (f'"{table.name}"', counter.name))


def _rows(run: engine.Read, table: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name in names)
    yield from run(f'SELECT {columns} FROM "{table}"')


def _compare(connection: Connection, found: Counted) -> None:
    run = connection.exec_driver_sql
    there = {name: _count(run, name) for name in found.rows}
    wrong = [name for name, count in found.rows.items() if there[name] != count]
    if wrong:
        raise CopyError(f"Of {wrong[0]} {there[wrong[0]]} rows of {found.rows[wrong[0]]} arrived")
    verdict = journal.follow(run, journal.ALL_ON_SERVER)
    if verdict.broken is not None or (verdict.entries, verdict.head) != (found.entries, found.head):
        raise CopyError(f"The journal is not the same there: {verdict.why or verdict.head}")


def _say_so(connection: Connection, source: Path, found: Counted, by: str) -> tuple[int, bytes]:
    body = {"from": str(source), "entries": found.entries, "head": found.head, "by": by}
    text = json.dumps(body, separators=(",", ":"))
    return journal.append(connection.exec_driver_sql, to_text(datetime.now(UTC)), "", MOVED, text)
