"""The journal as lines of JSON, or as CSV, to be kept elsewhere; and such lines followed, without the store. Pure.

A line holds an entry as it is kept, ``body`` as its very text, so that its hash can be reckoned anew from the line and
the hash before (:mod:`store.journal`).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import chain

from msgspec import Struct

from store.journal import FIRST, Verdict, chained
from store.segment import Link
from store.times import from_text

FIELDS = ("seq", "at", "run", "kind", "body", "hash")


def by(link: Link) -> str:
    """Who it was, and from where, where the entry says so."""
    found = json.loads(link.body)
    return str(found.get("by") or found.get("holder") or "")


class Wanted(Struct, frozen=True):
    """Which entries: of one run, of kinds and people by patterns (``*``, ``?``), from ``since`` on and before ``until``
    (UTC)."""

    run: str | None = None
    kind: str = "*"
    by: str = "*"
    since: datetime | None = None
    until: datetime | None = None

    @property
    def all(self) -> bool:
        """Whether every entry is wanted: only then the lines can be followed from the first one on."""
        return self == Wanted()

    def holds(self, link: Link) -> bool:
        at = from_text(link.at)
        return (
            self.run in (None, link.run)
            and fnmatchcase(link.kind, self.kind)
            and (self.by == "*" or fnmatchcase(by(link), self.by))
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


def json_lines(links: Iterable[Link]) -> Iterator[str]:
    for link in links:
        yield json.dumps(dict(zip(FIELDS, _values(link), strict=True))) + "\n"


def csv_lines(links: Iterable[Link]) -> Iterator[str]:
    """The first line names the columns. What a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in chain([(*FIELDS, "by")], ((*_values(link), by(link)) for link in links)):
        writer.writerow([_cell(value) for value in row])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _values(link: Link) -> tuple[object, ...]:
    return (link.seq, link.at, link.run, link.kind, link.body, link.hash.hex())


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


class LineError(ValueError):
    """A line is none of an export: which, and what was expected."""


def parsed(number: int, line: str) -> Link:
    """The entry of a line. Raises :class:`LineError`."""
    try:
        found = json.loads(line)
    except ValueError:
        raise LineError(f"line {number}: expected an object of JSON") from None
    if not isinstance(found, dict) or set(found) != set(FIELDS):
        raise LineError(f"line {number}: expected the keys {', '.join(FIELDS)}, and no others")
    for field in FIELDS:
        if not _fits(field, found[field]):
            raise LineError(f"line {number}: {field}: expected {'a number' if field == 'seq' else 'a text'}")
    if re.fullmatch("[0-9a-f]{64}", found["hash"]) is None:
        raise LineError(f"line {number}: hash: expected 64 hex digits")
    return Link(**{**found, "hash": bytes.fromhex(found["hash"])})


def _fits(field: str, value: object) -> bool:
    if field == "seq":
        return type(value) is int
    # JSON can write half a pair of surrogates, which is no text and has no bytes that a hash could be made of.
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def follow(links: Iterable[Link]) -> Verdict:
    """Whether each entry follows from the one before, from the first entry of the journal on."""
    last, count = FIRST, 0
    for link in links:
        expected = chained(last, link.seq, link.at, link.run, link.kind, link.body)
        if link.seq != count + 1 or expected != link.hash:
            why = "entries before it are missing" if link.seq > count + 1 else "it does not follow from the one before"
            return Verdict(count, last.hex(), link.seq, why)
        last, count = expected, link.seq
    return Verdict(count, last.hex())
