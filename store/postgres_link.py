"""A connection to the PostgreSQL server of a store: its parameters, its bounds, and what the server must be like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import StrDumperUnknown

from store.errors import StoreError
from store.place import Server

OLDEST = 130000
"""PostgreSQL 13: the first that says what became of a transaction by its full number."""

IDLE_S, WAIT_S = 3.0, 10.0
"""How long a session may be silent in the middle of a transaction, and how long a writer waits for its turn."""

_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "target_session_attrs": "read-write",
    "application_name": "drdeck",
}
"""Where the address does not say otherwise: a server that is gone is missed within some ten seconds."""

_ASKED = "SELECT extract(epoch FROM clock_timestamp())::float8, current_setting('fsync')"


def parameters(server: Server) -> dict[str, Any]:
    """Those of libpq, but the password. Of a server on another machine the certificate is verified, unless the address
    says otherwise."""
    given = dict(conninfo_to_dict(server.url))
    if not str(given.get("host", "")).startswith("/"):
        given.setdefault("sslmode", "verify-full")
    return {**_DEFAULTS, **given}


def connect(server: Server, *, reads: bool = False) -> tuple[psycopg.Connection[Any], tuple[float, float]]:
    """A new session, and by how many seconds at least and at most its clock is ahead of ours. ``reads``: it holds up
    nobody, and may take its time. Raises errors of the driver, and StoreError for a server that a store cannot be
    on."""
    wanted = parameters(server)
    bounds = {
        "idle_in_transaction_session_timeout": 0 if reads else int(IDLE_S * 1000),
        "lock_timeout": int(WAIT_S * 1000),
        "synchronous_commit": "on",
        "client_min_messages": "error",
    }
    own = " ".join(f"-c {name}={value}" for name, value in bounds.items())
    wanted["options"] = f"{wanted.get('options', '')} {own}".strip()
    if server.password is not None:
        wanted["password"] = _password(server)
    connection: psycopg.Connection[Any] = psycopg.connect(**wanted, client_encoding="utf8", autocommit=True)
    connection.adapters.register_dumper(str, _Text)
    try:
        return connection, _checked(connection, server)
    except BaseException:
        connection.close()
        raise


def timeline(connection: psycopg.Connection[Any]) -> str:
    """Which line of history the server writes; empty where it does not say."""
    try:
        row = connection.execute("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)").fetchone()
    except psycopg.DatabaseError:
        if connection.closed:
            raise
        return ""
    return str(row[0]) if row else ""


class _Text(StrDumperUnknown):
    """A text whose type the server infers. NUL, which none may hold there, is written as its sign ␀."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\u2400"))


def _password(server: Server) -> str:
    try:
        return server.password() if server.password is not None else ""
    except Exception as error:  # its text names the reference, and never holds the secret
        told = str(error)
    raise StoreError(f"The password of the store {server} cannot be had: {told}", "See [store] in the configuration")


def _checked(connection: psycopg.Connection[Any], server: Server) -> tuple[float, float]:
    encoding = connection.info.parameter_status("server_encoding")
    if connection.info.server_version < OLDEST:
        found = connection.info.server_version // 10000
        raise StoreError(f"The server of the store {server} is PostgreSQL {found}", "It must be 13 or newer")
    if encoding != "UTF8":
        raise StoreError(
            f"The database of the store {server} is in {encoding}", "Make it anew: CREATE DATABASE … ENCODING 'UTF8'"
        )
    before = datetime.now(UTC).timestamp()
    row = connection.execute(_ASKED).fetchone()
    if row is None:
        raise RuntimeError("a statement of one row gave none")
    if row[1] != "on":
        raise StoreError(
            f"The server of the store {server} runs with fsync = {row[1]}: what it says is stored may be lost",
            "Set fsync = on in its postgresql.conf",
        )
    return float(row[0]) - datetime.now(UTC).timestamp(), float(row[0]) - before
