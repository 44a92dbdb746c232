"""What can go wrong with a store on PostgreSQL, in the operator's words."""

from __future__ import annotations

import psycopg

from store.errors import StoreAwayError, StoreError
from store.place import Server

_LATER = "Look at the server and the network to it; consoles try again by themselves"

_WAITS: dict[str, tuple[str, str]] = {
    "55P03": (
        "is held by another program that writes",
        "End the program that holds it (a backup, a psql) and try again",
    ),
    "40001": ("was changed by another program meanwhile", "Try again"),
    "40P01": ("was changed by another program meanwhile", "Try again"),
    "25P03": ("ended the session of a console that had stopped", "It goes on by itself"),
    "25006": ("is on a server that only reads, as a standby does", "Name the primary server, or all with commas"),
}
_WRONG: dict[str, tuple[str, str]] = {
    "53100": ("is on a full disk", "Free some space on the server; nothing stored so far is lost"),
    "42501": ("may not be written by this user", "GRANT CREATE, USAGE ON SCHEMA public, or make the user its owner"),
    "3F000": ("has no schema for its tables", "CREATE SCHEMA public, or name one in the user's search_path"),
}
"""By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def explained(error: BaseException, server: Server) -> StoreError:
    """What the driver said about the store on ``server``. A connection that is not to be had, or was lost, is
    :class:`StoreAwayError`; no text of it holds a password."""
    state = getattr(error, "sqlstate", None) or ""
    said = str(error).strip().splitlines()
    line = said[0].rpartition(" failed: ")[2] if said else type(error).__name__  # where it is, is said already
    if state in _WAITS:
        what, hint = _WAITS[state]
        return StoreAwayError(f"The store {server} {what}", hint)
    if state in _WRONG:
        what, hint = _WRONG[state]
        return StoreError(f"The store {server} {what}", hint)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreAwayError(f"The store {server} cannot be reached: {line}", _LATER)
    return StoreError(f"The store {server} cannot be used: {line}", "See [store] in the configuration")
