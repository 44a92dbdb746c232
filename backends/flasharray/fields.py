"""Strict access to the fields of one JSON object: a field that is not what the vendor documents is a ParseError.

The line of the error is the object's name with the field in question and nothing else: a host's CHAP secrets never get
into a problem that a screen shows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from backends.outcome import ParseError
from store.estate import Problem
from store.turns import computing, paced

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MS = 253_402_300_799_000  # the last second of the year 9999
_PORTABLE = 2**63 - 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Fields(Struct, frozen=True):
    """One object of a list answer. Every method raises :class:`ParseError` that names the field."""

    row: dict[str, object]

    @staticmethod
    def of(row: object) -> Fields:
        if not isinstance(row, dict):
            raise ParseError("an object", shown(row))
        return Fields(row)

    def wrong(self, field: str, expected: str) -> ParseError:
        line = {"name": self.row["name"]} if "name" in self.row and field != "name" else {}
        line[field] = self.row.get(field)
        return ParseError(f"{field}: {expected}", shown(line))

    def optional(self, field: str) -> str | None:
        """Text, or None for null, absent or empty."""
        value = self.row.get(field)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or _CONTROL.search(value):
            raise self.wrong(field, "text on one line, or null")
        return value

    def text(self, field: str) -> str:
        value = self.optional(field)
        if value is None:
            raise self.wrong(field, "text that is not empty")
        return value

    def word(self, field: str, words: Iterable[str]) -> str:
        """One of the documented words."""
        value = self.optional(field)
        if value is None or value not in words:
            raise self.wrong(field, f"one of {', '.join(words)}")
        return value

    def optional_word(self, field: str, words: Iterable[str]) -> str | None:
        return None if self.row.get(field) in (None, "") else self.word(field, words)

    def whole(self, field: str) -> int | None:
        """A whole number from 0 on, or None for null or absent."""
        value = self.row.get(field)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _PORTABLE:
            raise self.wrong(field, "a whole number from 0 on, or null")
        return value

    def needed_whole(self, field: str) -> int:
        value = self.whole(field)
        if value is None:
            raise self.wrong(field, "a whole number from 0 on")
        return value

    def fraction(self, field: str) -> float | None:
        """A number from 0 to 1, or None for null or absent."""
        value = self.row.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(field, "a number from 0 to 1, or null")
        if not 0 <= value <= 1:
            raise self.wrong(field, "a number from 0 to 1, or null")
        return float(value)

    def number(self, field: str) -> float | None:
        """A number from 0 on, or None for null or absent."""
        value = self.row.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _PORTABLE:
            raise self.wrong(field, "a number from 0 on, or null")
        return float(value)

    def flag(self, field: str, default: bool | None = None) -> bool:
        """``true`` or ``false``; absent or null is ``default`` where there is one."""
        value = self.row.get(field)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(field, "true or false")
        return value

    def time(self, field: str) -> datetime | None:
        """Milliseconds since 1970, or None for null or absent."""
        value = self.whole(field)
        if value is None:
            return None
        if value > _MOST_MS:
            raise self.wrong(field, "milliseconds since 1970")
        return _EPOCH + timedelta(milliseconds=value)

    def needed_time(self, field: str) -> datetime:
        value = self.time(field)
        if value is None:
            raise self.wrong(field, "milliseconds since 1970")
        return value

    def child(self, field: str) -> Fields | None:
        """The object in ``field``, or None for null or absent."""
        value = self.row.get(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(field, "an object, or null")
        return Fields(value)

    def reference(self, field: str) -> str | None:
        """The name in a reference ``{"id", "name"}``; None for null and for a reference of nulls."""
        child = self.child(field)
        if child is None:
            return None
        try:
            return child.optional("name")
        except ParseError:
            raise self.wrong(field, "a reference with a name, or null") from None

    def needed_reference(self, field: str) -> str:
        name = self.reference(field)
        if name is None:
            raise self.wrong(field, "a reference with a name")
        return name

    def many(self, field: str) -> list[object]:
        """A list; absent or null is empty."""
        value = self.row.get(field)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(field, "a list")
        return value

    def texts(self, field: str) -> list[str]:
        found = []
        for value in self.many(field):
            if not isinstance(value, str):
                raise self.wrong(field, "a list of texts")
            found.append(value)
        return found


def shown(value: object) -> str:
    """JSON text of a part of an answer, cut at 200 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def each(where: str, rows: Iterable[object], parse: Callable[[Fields], T], problems: list[Problem]) -> list[T]:
    """Parse row by row: a bad row goes to ``problems`` and the others are returned."""
    found = []
    with computing():
        for row in paced(rows):
            try:
                found.append(parse(Fields.of(row)))
            except ParseError as error:
                problems.append(Problem(where, error.line, error.expected))
    return found
