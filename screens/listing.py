"""What a table shows out of all its rows: filtered, sorted, marked. Pure of any terminal; kept row by row.

A row is looked at when there is time for it (:meth:`Listing.work`), and again when what it is made of changed. Until
all have been looked at, a filter shows what it has found *so far*.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from screens.cells import Tone
from screens.columns import Column, Measure, Row
from screens.conditions import Freshness
from screens.filters import NO_FILTER, Filter, FilterError, Record, compile_filter

_RANKS = {tone: rank for rank, tone in enumerate((Tone.BAD, Tone.UNKNOWN, Tone.WARN, Tone.BUSY, Tone.OK, Tone.OFF))}
_PLAIN_RANK = len(_RANKS)
_TROUBLE = frozenset({Tone.BAD, Tone.UNKNOWN, Tone.WARN})

_SHARED: dict[str, str] = {}


def record_of(row: Row) -> Record:
    """A row as filters and sorts see it."""
    texts = tuple(_shared(f"{cell.text} {cell.aka}".strip().lower()) for cell in row)
    words = {cell.tone.value for cell in row if cell.tone in _RANKS}
    words |= {"trouble"} if any(cell.tone in _TROUBLE for cell in row) else set()
    last = texts[-1] if texts else ""
    words |= {fresh.value for fresh in (Freshness.STALE, Freshness.GONE) if fresh.value in last.split()}
    return Record(
        texts,
        tuple(cell.value for cell in row),
        tuple(_RANKS.get(cell.tone, _PLAIN_RANK) for cell in row),
        _shared_words(frozenset(words)),
        "\n".join(texts),
    )


def _shared(text: str) -> str:
    """The same string for the same text: most cells of a column say one of a few things."""
    if len(_SHARED) > 5_000:
        _SHARED.clear()
    return _SHARED.setdefault(text, text)


_WORDS: dict[frozenset[str], frozenset[str]] = {}


def _shared_words(words: frozenset[str]) -> frozenset[str]:
    return _WORDS.setdefault(words, words)


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by the column at ``place``; ``reverse`` turns its natural direction round. Natural is what is looked for
    first: texts from A, states from the worst, numbers from the largest, moments from the oldest."""

    place: int
    reverse: bool = False


class Listing:
    """The rows of one table. ``make`` gives the cells of a row by its key."""

    def __init__(self, columns: Sequence[Column], make: Callable[[str], Row]) -> None:
        self.columns = tuple(columns)
        self._make = make
        self._stamps: dict[str, object] = {}
        self._records: dict[str, Record] = {}
        self._todo: dict[str, None] = {}
        self._keys: tuple[str, ...] = ()
        self._shown: tuple[str, ...] | None = None
        self.filter: Filter = NO_FILTER
        self.scope: Filter = NO_FILTER
        self.error: str | None = None
        self.order: Order | None = None
        self.marks: dict[str, None] = {}

    # ------------------------------------------------------------------------------------------------------ content

    def take(self, rows: Iterable[tuple[str, object]]) -> None:
        """The keys of all rows in their natural order, each with a stamp: a row is looked at again when its stamp is
        another object, or another number, than before."""
        stamps = dict(rows)
        before = self._stamps
        changed = [key for key, stamp in stamps.items() if not _same(before.get(key), stamp)]
        self._todo.update(dict.fromkeys(reversed(changed)))
        for key in before.keys() - stamps.keys():
            self._records.pop(key, None)
            self._todo.pop(key, None)
            self.marks.pop(key, None)
        self._stamps = stamps
        keys = tuple(stamps)
        if keys != self._keys:
            self._keys, self._shown = keys, None

    def touch(self, keys: Iterable[str]) -> None:
        """These rows are to be looked at again; which rows there are has not changed."""
        self._todo.update(dict.fromkeys(keys))

    def work(self, seconds: float) -> bool:
        """Look at rows for about so many seconds; True when all have been looked at."""
        end = time.perf_counter() + seconds
        while self._todo:
            key, _ = self._todo.popitem()
            record = record_of(self._make(key))
            if self._records.get(key) != record:
                self._records[key] = record
                self._shown = None
            if time.perf_counter() >= end:
                break
        return not self._todo

    @property
    def total(self) -> int:
        return len(self._keys)

    @property
    def looked_at(self) -> int:
        return len(self._records)

    @property
    def complete(self) -> bool:
        return not self._todo

    def record(self, key: str) -> Record | None:
        return self._records.get(key)

    # --------------------------------------------------------------------------------------------- filter and order

    def set_filter(self, text: str) -> None:
        """Filter by a text; one that cannot be understood leaves the rows as they are and says why in ``error``."""
        try:
            found = compile_filter(text, self.columns)
        except FilterError as error:
            self.error = str(error)
            return
        self.error = None
        if found.text != self.filter.text:
            self.filter, self._shown = found, None

    def set_scope(self, found: Filter) -> None:
        """A filter besides the operator's own: the site that the console looks at."""
        if found.text != self.scope.text:
            self.scope, self._shown = found, None

    def set_order(self, order: Order | None) -> None:
        if order != self.order:
            self.order, self._shown = order, None

    def toggle_mark(self, key: str) -> None:
        if key in self.marks:
            del self.marks[key]
        else:
            self.marks[key] = None
        self._marks_changed()

    def unmark(self) -> None:
        """Take every mark away."""
        self.marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        if "is:m" in self.filter.text:
            self._shown = None

    def shown(self, now: float) -> tuple[str, ...]:
        """The keys that the table shows, in their order. ``now``: seconds since 1970 UTC."""
        if self._shown is None or self.by_time:
            self._shown = self._arranged(now)
        return self._shown

    @property
    def filtered(self) -> bool:
        """Whether some rows may be left out."""
        return bool(self.filter.tests or self.scope.tests)

    @property
    def by_time(self) -> bool:
        """Whether which rows are shown changes by itself as ages grow."""
        return any(sign in self.filter.text for sign in "<>=")

    def _arranged(self, now: float) -> tuple[str, ...]:
        keys: Sequence[str] = self._keys
        tests = (*self.scope.tests, *self.filter.tests)
        if tests:
            records, marks = self._records, self.marks
            keys = [
                key
                for key in keys
                if (record := records.get(key)) is not None and all(test(record, now, key in marks) for test in tests)
            ]
        if self.order is not None:
            keys = self._sorted(keys, self.order)
        return tuple(keys)

    def _sorted(self, keys: Sequence[str], order: Order) -> list[str]:
        """Sorted; rows that have no value there, or were not looked at yet, stand last either way."""
        place, records = order.place, self._records
        if self.columns[place].measure is Measure.TEXT:
            # One text for each row is compared much faster than a pair.
            texts = {
                key: f"{record.ranks[place]}{record.texts[place]}"
                for key in keys
                if (record := records.get(key)) is not None
            }
            without = [key for key in keys if key not in texts] if len(texts) < len(keys) else []
            return sorted(texts, key=texts.__getitem__, reverse=order.reverse) + without
        values = {
            key: value
            for key in keys
            if (record := records.get(key)) is not None and (value := record.values[place]) is not None
        }
        without = [key for key in keys if key not in values] if len(values) < len(keys) else []
        oldest_first = self.columns[place].measure is Measure.MOMENT
        downwards = order.reverse if oldest_first else not order.reverse
        return sorted(values, key=values.__getitem__, reverse=downwards) + without

    # ------------------------------------------------------------------------------------------------- who is where

    def trouble(self, key: str) -> bool:
        """Whether a row has something that the operator must look at."""
        record = self._records.get(key)
        return record is not None and "trouble" in record.words


def _same(before: object, now: object) -> bool:
    return before is now or (isinstance(now, int | tuple) and before == now)
