"""A list of the API at one moment: rows in a stable order, filtered, and turned into pages. Pure.

The order is that of the ids, which stay as they are: whoever follows ``next`` meets every row that is there throughout
exactly once, whatever comes, goes or changes meanwhile.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import islice

from msgspec import Struct

MOST, USUAL = 1000, 100
"""So many rows a page has at most, and where nobody says how many."""


class Row(Struct, frozen=True):
    """``id`` is unique in its list; ``says`` is what can be filtered by; ``body`` is the row as JSON in UTF-8."""

    id: str
    says: Mapping[str, str]
    body: bytes


class Page(Struct, frozen=True):
    """``body`` is ``{"items": […], "next": …}``; ``next`` is the id to go on after, None: there is no more."""

    body: bytes
    next: str | None

    @property
    def etag(self) -> str:
        return tag(self.body)


def tag(body: bytes) -> str:
    """The entity tag of an answer (RFC 9110, 8.8.3): equal for equal bytes."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


class Listing:
    """Rows by their ids, in order. Two rows of one id are a defect: raises ValueError."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows = tuple(sorted(rows, key=lambda row: row.id))
        self._ids = tuple(row.id for row in self.rows)
        if len(set(self._ids)) < len(self._ids):
            raise ValueError("two rows have one id")
        self._by_field: dict[str, dict[str, tuple[Row, ...]]] = {}

    def get(self, row_id: str) -> Row | None:
        at = bisect_right(self._ids, row_id)
        return self.rows[at - 1] if at and self._ids[at - 1] == row_id else None

    def page(self, wanted: Mapping[str, str], after: str | None, most: int) -> Page:
        """At most ``most`` rows behind the id ``after`` that say what is ``wanted``; ``*`` and ``?`` in a wanted text
        stand for any characters and for one."""
        found: list[Row] = []
        rows = self._fewest(wanted)
        for row in islice(rows, 0 if after is None else bisect_right(rows, after, key=_id), None):
            if _fits(row, wanted):
                if len(found) == most:
                    return _page(found, found[-1].id)
                found.append(row)
        return _page(found, None)

    def _fewest(self, wanted: Mapping[str, str]) -> tuple[Row, ...]:
        """The fewest rows in order among which are all that say what is ``wanted``: found by value, so that a filter
        that few rows or none fit does not look at each of them."""
        whole = [(field, text) for field, text in wanted.items() if not _is_pattern(text)]
        return min((self._saying(field, text) for field, text in whole), key=len, default=self.rows)

    def _saying(self, field: str, text: str) -> tuple[Row, ...]:
        if field not in self._by_field:
            by_value: dict[str, list[Row]] = {}
            for row in self.rows:
                by_value.setdefault(row.says.get(field, ""), []).append(row)
            self._by_field[field] = {value: tuple(rows) for value, rows in by_value.items()}
        return self._by_field[field].get(text, ())

    def changes(self, before: Listing) -> list[tuple[str, str]]:
        """What happened since: ``added``, ``changed`` or ``removed``, and the id, in the order of the ids."""
        old, new = ({row.id: row.body for row in each.rows} for each in (before, self))
        words = dict.fromkeys(new.keys() - old.keys(), "added") | dict.fromkeys(old.keys() - new.keys(), "removed")
        words |= {row: "changed" for row in old.keys() & new.keys() if old[row] != new[row]}
        return [(words[row], row) for row in sorted(words)]


def _fits(row: Row, wanted: Mapping[str, str]) -> bool:
    return all(_like(row.says.get(field, ""), text) for field, text in wanted.items())


def _like(value: str, text: str) -> bool:
    return fnmatchcase(value, text.replace("[", "[[]")) if _is_pattern(text) else value == text


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _id(row: Row) -> str:
    return row.id


def _page(rows: list[Row], following: str | None) -> Page:
    from msgspec.json import encode

    body = b'{"items":[' + b",".join(row.body for row in rows) + b'],"next":' + encode(following) + b"}"
    return Page(body, following)
