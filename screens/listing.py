"""What a table shows out of all its rows: filtered, sorted, marked. Pure of any terminal; kept row by row.

A row is looked at when there is time for it (:meth:`Listing.work`), and again when what it is made of changed. Until
all have been looked at, a filter shows what it has found *so far*.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from screens.cells import Tone
from screens.columns import Column, Measure, Row
from screens.conditions import Freshness
from screens.filters import NO_FILTER, Filter, FilterError, Record, compile_filter

_RANKS = {tone: rank for rank, tone in enumerate((Tone.BAD, Tone.UNKNOWN, Tone.WARN, Tone.BUSY, Tone.OK, Tone.OFF))}
_PLAIN_RANK = len(_RANKS)
T = TypeVar("T")
_TROUBLE = frozenset({Tone.BAD, Tone.UNKNOWN, Tone.WARN})

_SHARED: dict[object, Any] = {}
_SHARED_AT_MOST = 5_000
"""Beyond so many different things they are forgotten: whatever is shared still holds its own."""


def record_of(row: Row) -> Record:
    """A row as filters and sorts see it."""
    texts = tuple(_shared(f"{cell.text} {cell.aka}".strip().lower()) for cell in row)
    words = {cell.tone.value for cell in row if cell.tone in _RANKS}
    words |= {"trouble"} if any(cell.tone in _TROUBLE for cell in row) else set()
    last = texts[-1] if texts else ""
    words |= {fresh.value for fresh in (Freshness.STALE, Freshness.GONE) if fresh.value in last.split()}
    return Record(
        tuple(_shared(cell, (cell.text, cell.tone, cell.short, cell.value, cell.aka)) for cell in row),
        texts,
        _shared(tuple([cell.value for cell in row])),
        _shared(tuple(_RANKS.get(cell.tone, _PLAIN_RANK) for cell in row)),
        _shared(frozenset(words)),
        "\n".join(texts),
    )


def _shared(thing: T, known_by: object = None) -> T:
    """The same object for what is the same: of ten thousand rows, most cells of a column say one of a few things."""
    if len(_SHARED) > _SHARED_AT_MOST:
        _SHARED.clear()
    found: T = _SHARED.setdefault(thing if known_by is None else known_by, thing)
    return found


class Order(Struct, frozen=True):
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
        changed: Iterable[str] = stamps
        if before:
            changed = [key for key, stamp in stamps.items() if not same_stamp(before.get(key), stamp)]
        self._todo.update(dict.fromkeys(reversed(list(changed))))
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
    def uses_moments(self) -> bool:
        """Whether which rows are shown, or where, depends on when they were seen."""
        last = len(self.columns) - 1
        return self.by_time or (self.order is not None and self.order.place == last)

    def renew_moments(self, moments: Mapping[str, float]) -> None:
        """When each row was seen, the value of the last column, is this now."""
        for key, record in self._records.items():
            moment = moments.get(key)
            if record.values[-1] != moment:
                self._records[key] = replace(record, values=(*record.values[:-1], moment))
                self._shown = None

    @property
    def total(self) -> int:
        return len(self._keys)

    @property
    def looked_at(self) -> int:
        return len(self._records)

    @property
    def complete(self) -> bool:
        return not self._todo

    def stamp(self, key: str) -> object:
        """The stamp of a row as it was taken last; None where it was not."""
        return self._stamps.get(key)

    def looked_at_row(self, key: str) -> Row | None:
        """The cells of a row as it was looked at; None where it was not, or is to be looked at again."""
        record = self._records.get(key) if key not in self._todo else None
        return record.row if record is not None else None

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
        records, marks = self._records, self.marks
        for test in (*self.scope.tests, *self.filter.tests):
            keys = [key for key in keys if (record := records.get(key)) is not None and test(record, now, key in marks)]
        if self.order is not None:
            keys = self._sorted(keys, self.order)
        return tuple(keys)

    def _sorted(self, keys: Sequence[str], order: Order) -> list[str]:
        """Sorted; rows that have no value there, or were not looked at yet, stand last either way."""
        place, records = order.place, self._records
        if self.columns[place].measure is Measure.TEXT:
            return self._sorted_texts(keys, place, order.reverse)
        values = {
            key: value
            for key in keys
            if (record := records.get(key)) is not None and (value := record.values[place]) is not None
        }
        without = [key for key in keys if key not in values] if len(values) < len(keys) else []
        oldest_first = self.columns[place].measure is Measure.MOMENT
        downwards = order.reverse if oldest_first else not order.reverse
        return sorted(values, key=values.__getitem__, reverse=downwards) + without

    def _sorted_texts(self, keys: Sequence[str], place: int, reverse: bool) -> list[str]:
        records = self._records
        some = [record for key in keys[:: max(1, len(keys) // 100)] if (record := records.get(key)) is not None]
        if 4 * len({record.texts[place] for record in some}) < len(some):
            # Few different texts, as states are: putting the rows in heaps is faster than comparing each with others.
            heaps: dict[tuple[int, str], list[str]] = defaultdict(list)
            for key in keys:
                if (record := records.get(key)) is not None:
                    heaps[record.ranks[place], record.texts[place]].append(key)
            found = [key for said in sorted(heaps, reverse=reverse) for key in heaps[said]]
        else:
            # One text for each row is compared much faster than a pair.
            texts = {
                key: f"{record.ranks[place]}{record.texts[place]}"
                for key in keys
                if (record := records.get(key)) is not None
            }
            found = sorted(texts, key=texts.__getitem__, reverse=reverse)
        if len(found) == len(keys):
            return found
        present = frozenset(found)
        return found + [key for key in keys if key not in present]

    # ------------------------------------------------------------------------------------------------- who is where

    def trouble(self, key: str) -> bool:
        """Whether a row has something that the operator must look at."""
        record = self._records.get(key)
        return record is not None and "trouble" in record.words


def same_stamp(before: object, now: object) -> bool:
    """Whether two stamps say that a row is as it was."""
    return before is now or (isinstance(now, int | tuple) and before == now)
