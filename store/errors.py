"""What can go wrong with the store, in the operator's words. Importing this imports no database library."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from store.place import Place, Server


class StoreError(Exception):
    """The store cannot be used. ``message`` says what is wrong, ``hint`` what to do; the file is left as it was."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}. {hint}")
        self.message = message
        self.hint = hint

    @property
    def brief(self) -> str:
        """For those who are not the only ones to say so."""
        return self.message


class StoreAwayError(StoreError):
    """The server of the store cannot be reached, or is busy, just now: the same may be tried again. ``transaction``
    None: nothing was written; else that one may have been, which :func:`store.engine.landed` knows once the server is
    back."""

    def __init__(self, message: str, hint: str, transaction: str | None = None) -> None:
        super().__init__(message, hint)
        self.transaction = transaction

    @property
    def brief(self) -> str:
        return "the server of the store is away"


def explain(error: BaseException, path: Place) -> StoreError:
    """Turn what the database or the file system said about the store at ``path`` into a :class:`StoreError`; one that
    is one already stays as it is.

    ``error`` may be a SQLAlchemy error around the driver's (its ``orig``). Of SQLite the primary result code decides:
    https://www.sqlite.org/rescode.html
    """
    if isinstance(error, StoreError):
        return error
    inner = getattr(error, "orig", None) or error
    if isinstance(path, Server):
        from store.postgres_errors import explained

        return explained(inner, path)
    if isinstance(inner, PermissionError):
        return not_writable(path)
    if isinstance(inner, OSError):
        return StoreError(f"The store {path} cannot be opened: {inner.strerror}", "Give another path with --store")
    code = getattr(inner, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"The store {path} is locked by another program",
            "End the program that holds it (a backup, an sqlite3 shell) and try again; other consoles do not lock it",
        )
    if primary == sqlite3.SQLITE_FULL:
        return StoreError(f"The disk of the store {path} is full", "Free some space; nothing stored so far is lost")
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return not_writable(path)
    if primary == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"The store {path} cannot be opened", "Its folder must exist, be writable and be on a local file system"
        )
    if primary == sqlite3.SQLITE_IOERR:
        return StoreError(
            f"The disk of the store {path} reports an error: {inner}", "Check the disk, its space and its limits"
        )
    if primary == sqlite3.SQLITE_NOTADB:
        return not_a_store(path)
    if primary == sqlite3.SQLITE_CORRUPT:
        return damaged(path, str(inner))
    return StoreError(f"The store {path} cannot be used: {inner}", "Give another path with --store, or move it away")


def not_writable(path: Path) -> StoreError:
    return StoreError(
        f"The store {path} cannot be written", "Make the file and its folder yours and writable, or give --store"
    )


def damaged(path: Path, what: str) -> StoreError:
    return StoreError(
        f"The store {path} is damaged: {what}",
        "Move it away and start again: the estate is read anew from the devices; keep it for its history",
    )


def not_a_store(path: Path) -> StoreError:
    return StoreError(
        f"The file {path} is not a store of drdeck", "Give another path with --store; it is left untouched"
    )


def too_new(path: Place, revision: str) -> StoreError:
    hint = "Use that version, or give another path with --store; a copy from before its upgrade may lie beside it"
    if isinstance(path, Server):
        hint = "Use that version: all consoles of one server must be of one"
    return StoreError(f"The store {path} was written by a newer drdeck (revision {revision})", hint)
