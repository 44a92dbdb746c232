"""The journal: entries chained by their hashes, so that a changed, inserted or missing one is found offline.

``hash = SHA-256(hash of the entry before, "seq␟at␟run␟kind␟body")``, where ␟ is U+001F and the text UTF-8; the first
entry follows 32 zero bytes. The newest hash is kept twice: in the row of ``journal_head``, and in a file beside the
store (``<store>.journal-head``), so that neither a journal cut short nor an older copy of the store goes unnoticed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from store import engine
from store.errors import explain
from store.place import Place, Server, beside
from store.record import Record

FIRST = bytes(32)
_SEPARATOR = "\x1f"
_HEAD = re.compile(r"(\d{1,18}) ([0-9a-f]{64})\n", re.ASCII)
_ALL = """
    SELECT seq, CAST(seq || char(31) || at || char(31) || run || char(31) || kind || char(31) || body AS BLOB), hash
    FROM journal ORDER BY seq
"""
ALL_ON_SERVER = """
    SELECT seq, convert_to(seq || chr(31) || at || chr(31) || run || chr(31) || kind || chr(31) || body, 'UTF8'), hash
    FROM journal ORDER BY seq
"""


class Verdict(Record, frozen=True):
    """What an audit found. ``entries`` were good from the beginning on; ``broken`` is the first that is not, with
    ``why`` in words; None: all is well. ``head`` is the hash of the last good entry, as hex."""

    entries: int
    head: str
    broken: int | None = None
    why: str | None = None


def chained(before: bytes, seq: int, at: str, run: str, kind: str, body: str) -> bytes:
    """The hash of an entry that follows the one with the hash ``before``; ``at`` as :mod:`store.times` writes it."""
    return hashlib.sha256(before + _SEPARATOR.join((str(seq), at, run, kind, body)).encode()).digest()


def append(run: Callable[..., Any], at: str, run_id: str, kind: str, body: str) -> tuple[int, bytes]:
    """Write the next entry in the transaction that ``run`` (a connection's ``exec_driver_sql``) is in; ``at`` as
    :mod:`store.times` writes it. Its number and its hash, for :func:`note_head` once the transaction is through."""
    head = run("SELECT seq, hash FROM journal_head WHERE id = 1").first()
    seq, before = (0, FIRST) if head is None else (head[0], bytes(head[1]))
    digest = chained(before, seq + 1, at, run_id, kind, body)
    values = (seq + 1, at, run_id, kind, body, digest)
    run("INSERT INTO journal (seq, at, run, kind, body, hash) VALUES (?, ?, ?, ?, ?, ?)", values)
    run(
        "INSERT INTO journal_head (id, seq, hash) VALUES (1, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        (seq + 1, digest),
    )
    return seq + 1, digest


def head_file(store: Place) -> Path:
    path = beside(store)
    return path.with_name(path.name + ".journal-head")


def note_head(store: Place, seq: int, digest: bytes) -> None:
    """Keep the newest hash beside the store. Never raises: the entry itself is safe already."""
    path = head_file(store)
    half = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{seq} {digest.hex()}\n")
        half.replace(path)


def verify(store: Place) -> Verdict:
    """Read the whole journal of the store at ``store``, which is not changed, and follow the chain.

    Raises :class:`store.errors.StoreError` where it cannot be read.
    """
    beside = _noted(store)  # before the entries: a console that writes meanwhile must not make it look ahead of them
    try:
        with engine.reading(store) as run:
            found = follow(run, ALL_ON_SERVER if isinstance(store, Server) else _ALL)
            return found if beside is None or found.broken is not None else _beside(run, store, found, beside)
    except Exception as error:
        raise explain(error, store) from error


def follow(run: engine.Read, entries: str = _ALL) -> Verdict:
    """Follow the chain of what ``run`` reads, and compare its end with what the store noted."""
    found = _follow(run, entries)
    if found.broken is not None:
        return found
    head = run("SELECT seq, hash FROM journal_head").fetchone()
    newest = found.entries, bytes.fromhex(found.head)
    if head is None and found.entries:
        return Verdict(found.entries, found.head, found.entries, "the store's own note of the newest one is gone")
    if head is not None and (head[0], bytes(head[1])) != newest:
        return _cut(found, head[0], "the store noted that there were")
    return found


def noted(store: Place) -> int | None:
    """How many entries the file beside the store says that there are; None: it says nothing that can be read."""
    number = (_noted(store) or "").partition(" ")[0]
    return int(number) if number.isascii() and number.isdigit() else None


def _noted(store: Place) -> str | None:
    """What the file beside the store says; None: there is none."""
    try:
        return head_file(store).read_text()
    except FileNotFoundError:
        return None


def _follow(run: engine.Read, entries: str) -> Verdict:
    sha256, last, count = hashlib.sha256, FIRST, 0
    for seq, content, digest in run(entries):
        expected = sha256(last + content).digest()
        if digest != expected or seq != count + 1:
            why = "entries before it are missing" if seq > count + 1 else "it does not follow from the one before"
            return Verdict(count, last.hex(), seq, why)
        last, count = expected, seq
    return Verdict(count, last.hex())


def _cut(found: Verdict, claimed: int, who: str) -> Verdict:
    if claimed > found.entries:
        why = f"the end is missing: {who} {claimed} entries"
    else:
        why = "it is another one than was noted when it was written"
    good = min(found.entries, claimed)
    return Verdict(good, found.head, good + (claimed > found.entries), why)


def _beside(run: engine.Read, store: Place, found: Verdict, beside: str) -> Verdict:
    """Compare with the file beside the store, which may be a few entries behind after a crash, but never ahead."""
    match = _HEAD.fullmatch(beside)
    if match is None:
        why = f"{head_file(store).name} does not hold a number and a hash"
        return Verdict(found.entries, found.head, found.entries, why)
    seq = int(match[1])
    if seq > found.entries:
        return _cut(found, seq, f"{head_file(store).name} says that there were")
    row = run("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
    if row is None or bytes(row[0]).hex() != match[2]:
        return Verdict(seq - 1, found.head, seq, f"{head_file(store).name} holds another hash of it")
    return found
