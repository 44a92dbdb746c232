"""Which columns fit a width, and how wide each is. Pure, so that every width can be tested without a terminal.

At a narrow width columns go by rank: the highest rank first. Rank 0 stays always, in its short form where it has one;
names are cut last and show that they are cut. A status or an age is never cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct
from rich.cells import cell_len

from screens.cells import Cell, width_of

GAP = 1


class Measure(StrEnum):
    """What the values of a column count, and so how a filter compares them and an export writes them."""

    TEXT = "text"
    NUMBER = "number"
    SIZE = "size"
    """Bytes."""
    SPAN = "span"
    """A length of time, in seconds."""
    MOMENT = "moment"
    """A moment, in seconds since 1970 UTC; it is compared by its age. Minus infinity: there never was one."""


class Column(Struct, frozen=True):
    """A column. ``cut`` is the width that its text may be cut to (names); None: never cut. ``rank`` 0 always stays.

    ``field`` is its name in filters and exports (empty: made of the title); ``source`` says where the values come from:
    a command, an endpoint, or what derives them. ``words``: a filter that gives one of these means cells that say it
    behind their shape, not every text that it stands in."""

    title: str
    rank: int = 0
    cut: int | None = None
    right: bool = False
    measure: Measure = Measure.TEXT
    field: str = ""
    source: str = ""
    words: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Its name in filters, sorts and exports: lower case, one word."""
        return self.field or "_".join(self.title.lower().split())


class Slot(Struct, frozen=True):
    """A column as laid out: its place among the cells of a row, where it starts, and its width. Terminal cells."""

    index: int
    x: int
    width: int
    short: bool
    column: Column


Row = tuple[Cell, ...]


class Widths(Struct):
    """The natural width of each column: of its title and of the widest cell met so far, long form and short form."""

    full: list[int]
    short: list[int]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Widths:
        titles = [cell_len(column.title) for column in columns]
        return cls(list(titles), list(titles))

    def at_least(self, place: int, width: int) -> Widths:
        """The same, with the column at ``place`` no narrower than ``width``."""
        full, short = list(self.full), list(self.short)
        full[place], short[place] = max(full[place], width), max(short[place], width)
        return Widths(full, short)

    def take(self, row: Row) -> bool:
        """Widen for a row; says whether anything became wider."""
        wider = False
        fulls, shorts = self.full, self.short
        for index, cell in enumerate(row):
            full = cell.width
            short = full if cell.short is None else width_of(cell.short)
            if full > fulls[index] or short > shorts[index]:
                fulls[index] = max(full, fulls[index])
                shorts[index] = max(short, shorts[index])
                wider = True
        return wider


def lay_out(columns: Sequence[Column], widths: Widths, width: int) -> tuple[Slot, ...]:
    """The columns that fit ``width`` terminal cells, left to right, one cell of gap between them."""
    kept = list(range(len(columns)))
    full = {index: widths.full[index] for index in kept}
    for index in sorted((i for i in kept if columns[i].rank > 0), key=lambda i: (-columns[i].rank, -i)):
        if _total(_least(columns, full, kept)) <= width:
            break
        kept.remove(index)
    shortened: set[int] = set()
    for index in sorted(kept, key=lambda i: widths.full[i] - widths.short[i], reverse=True):
        if _total(_least(columns, full, kept)) <= width or widths.short[index] >= full[index]:
            break
        full[index] = widths.short[index]
        shortened.add(index)
    return _place(columns, _squeeze(columns, full, kept, width), kept, shortened)


def _least(columns: Sequence[Column], full: dict[int, int], kept: Iterable[int]) -> list[int]:
    least = []
    for index in kept:
        cut = columns[index].cut
        least.append(full[index] if cut is None else min(cut, full[index]))
    return least


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _squeeze(columns: Sequence[Column], full: dict[int, int], kept: Sequence[int], width: int) -> dict[int, int]:
    """Take what is too much from the columns that may be cut, always from the widest."""
    result = {index: full[index] for index in kept}
    excess = _total(list(result.values())) - width
    while excess > 0:
        candidates = [i for i in kept if (cut := columns[i].cut) is not None and result[i] > cut]
        if not candidates:
            break
        widest = max(candidates, key=lambda i: result[i])
        result[widest] -= 1
        excess -= 1
    return result


def _place(
    columns: Sequence[Column], widths: dict[int, int], kept: Sequence[int], shortened: set[int]
) -> tuple[Slot, ...]:
    slots = []
    x = 0
    for index in kept:
        slots.append(Slot(index, x, widths[index], index in shortened, columns[index]))
        x += widths[index] + GAP
    return tuple(slots)
