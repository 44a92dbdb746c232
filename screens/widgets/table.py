"""The table of the panes. It draws the visible lines only and repaints the cells that changed and nothing else.

Rows come from the screen: their keys in order, and a function that makes the cells of one key. Cells of rows that are
not visible are not even made, so a change off screen costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.cells import EMPTY_LINE, Cell, Line, Tone, fit
from screens.columns import GAP, Column, Measure, Row, Slot, Widths, lay_out
from screens.listing import Order
from screens.widgets.drawing import TONE_CLASSES, Drawn

MEASURED = 50
"""How many rows are measured before the first paint; a wider row met later widens its column then."""

_GAP = " " * GAP
GUTTER = 2
"""The columns in front of the rows that show which are marked, while some are."""


class Table(ScrollView, Drawn, can_focus=False):
    """Rows under a heading line. The selected row is kept by its key, whatever comes and goes around it."""

    # The style sheet looks at the first base only: hence the order of the bases, and the classes named once more.
    COMPONENT_CLASSES = TONE_CLASSES
    DEFAULT_CSS = "Table { overflow-x: hidden; }"

    @dataclass
    class Opened(Message):
        """The selected row was clicked once more."""

        key: str

    @dataclass
    class HeadingClicked(Message):
        """The title of a column was clicked; ``place`` is that of the column."""

        place: int

    def __init__(self, columns: Sequence[Column], *, ascii_only: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_ascii(ascii_only)
        self._columns = tuple(columns)
        self._widths = Widths.of(self._columns)
        self._slots: tuple[Slot, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._by_key: dict[str, int] | None = None
        self._make: Callable[[str], Row] | None = None
        self._rows: dict[str, Row] = {}
        self._cursor = 0
        self._widened = False
        self._to_measure = True
        self._empty: tuple[Line, ...] = ()
        self._drawn_marks: frozenset[str] = frozenset()
        self._drawn_order: Order | None = None
        self.order: Order | None = None
        self.marks: Collection[str] = ()
        self.jump_scroll = False

    # ------------------------------------------------------------------------------------------------- content

    @property
    def selected(self) -> str | None:
        """The key of the selected row; None where there is no row."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def keys(self) -> tuple[str, ...]:
        return self._keys

    @property
    def in_sight(self) -> tuple[str, ...]:
        """The keys of the rows that are to be seen."""
        return tuple(self._keys[place] for place in self._visible_places())

    @property
    def place(self) -> int:
        """The place of the selected row among :attr:`keys`; 0 where there is none."""
        return self._cursor

    @property
    def shown_places(self) -> tuple[int, ...]:
        """The places of the columns that fit the present width."""
        return tuple(slot.index for slot in self._slots)

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The titles of the columns that fit the present width."""
        return tuple(slot.column.title for slot in self._slots)

    def show(self, keys: Sequence[str], make: Callable[[str], Row], empty: Sequence[Line] = ()) -> None:
        """Take the rows: ``keys`` in order, ``make`` for the cells of one. ``empty`` stands where there are none."""
        self._make = make
        order = tuple(keys)
        marks = frozenset(self.marks)
        same = order == self._keys and not self._to_measure and (order or tuple(empty) == self._empty)
        if same and self.order == self._drawn_order and bool(marks) == bool(self._drawn_marks):
            changed, self._drawn_marks = marks ^ self._drawn_marks, marks
            self.tick()
            for key in changed & self._places.keys():
                self._refresh_place(self._places[key])
            return
        self._drawn_marks, self._drawn_order = marks, self.order
        selected = self.selected
        first = not self._keys
        if order != self._keys:
            self._keys = order
            self._by_key = None
        self._empty = tuple(empty)
        self._rows.clear()
        self._cursor = self._new_cursor(selected)
        if self._to_measure or first:  # else the first rows of a table that was empty would be cut to its titles
            self._to_measure = False
            for key in order[:MEASURED]:
                self._row(key)
        self._arrange()
        if not first:
            self._scroll_to_cursor()
        self.refresh()

    @property
    def _places(self) -> dict[str, int]:
        if self._by_key is None:
            self._by_key = {key: place for place, key in enumerate(self._keys)}
        return self._by_key

    def _new_cursor(self, selected: str | None) -> int:
        """On the same row as before; where that is gone, at the same place."""
        if selected is None:
            return 0
        try:
            return self._keys.index(selected)
        except ValueError:
            return min(self._cursor, max(0, len(self._keys) - 1))

    def remeasure(self) -> None:
        """Forget how wide columns had to be: what made them so may be gone."""
        self._widths = Widths.of(self._columns)
        self._rows.clear()
        self._to_measure = True

    def tick(self) -> None:
        """Make the visible rows again and repaint the cells that came out different."""
        visible = [self._keys[place] for place in self._visible_places()]
        before = {key: self._rows[key] for key in visible if key in self._rows}
        self._rows.clear()
        self._repaint_all(visible, before)

    def remake(self, keys: Collection[str]) -> int:
        """Make these rows again and repaint their cells that came out different; returns how many."""
        visible = [key for place in self._visible_places() if (key := self._keys[place]) in keys]
        before = {key: row for key in keys if (row := self._rows.pop(key, None)) is not None}
        return self._repaint_all(visible, before)

    def _repaint_all(self, keys: Sequence[str], before: Mapping[str, Row]) -> int:
        for key in keys:
            self._row(key)
        if self._widened:
            self._arrange()
            self.refresh()
            return len(keys) * len(self._slots)
        return sum(self._repaint(key, before.get(key), self._rows[key]) for key in keys)

    def _row(self, key: str) -> Row:
        row = self._rows.get(key)
        if row is None:
            if self._make is None:
                raise LookupError("a table without rows has none to draw")
            row = self._rows[key] = self._make(key)
            self._widened = self._widths.take(row) or self._widened
        return row

    # -------------------------------------------------------------------------------------------------- layout

    def on_resize(self, event: Resize) -> None:
        before = self._slots
        self._arrange()
        self._scroll_to_cursor()
        if self._slots != before:  # else the toolkit has painted it already, in its new size
            self.refresh()

    def _arrange(self) -> None:
        """Lay the columns out for the present width: a column is kept free for the scroll bar."""
        self._widened = False
        width = max(1, self.container_size.width - 1)
        widths = self._widths
        if self.order is not None:
            widths = widths.at_least(self.order.place, cell_len(self._columns[self.order.place].title) + 1)
        self._slots = lay_out(self._columns, widths, width - self._gutter)
        size = Size(width, 1 + max(len(self._keys), len(self._empty)))
        if size != self.virtual_size:
            self.virtual_size = size

    @property
    def _gutter(self) -> int:
        return GUTTER if self.marks else 0

    @property
    def page(self) -> int:
        """How many rows are visible below the heading."""
        return max(1, self.container_size.height - 1)

    def _visible_places(self) -> range:
        top = self.scroll_offset.y
        return range(min(top, len(self._keys)), min(len(self._keys), top + self.page))

    # ------------------------------------------------------------------------------------------------- drawing

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y == 0:
            return self.strip_of_texts(self._heading(), width)
        place = self.scroll_offset.y + y - 1
        if not self._keys:
            return self.strip_of(self._empty[place] if place < len(self._empty) else EMPTY_LINE, width)
        if place >= len(self._keys):
            return self.strip_of(EMPTY_LINE, width)
        row = self._row(self._keys[place])
        if self._widened:
            self.call_later(self._widen)
        texts = self._spaced([row[slot.index] for slot in self._slots])
        if self._gutter:
            texts.insert(0, (fit("*" if self._keys[place] in self.marks else "", GUTTER), Tone.HEADING))
        return self.strip_of_texts(texts, width, reverse=place == self._cursor)

    def _widen(self) -> None:
        if self._widened:
            self._arrange()
            self.refresh()

    def _heading(self) -> list[tuple[str, Tone]]:
        titles = [Cell(slot.column.title + self._sign(slot), Tone.HEADING) for slot in self._slots]
        return [(" " * self._gutter, Tone.PLAIN), *self._spaced(titles)]

    def _sign(self, slot: Slot) -> str:
        """Behind the title of the sorted column: whether its values go up or down from the first row."""
        if self.order is None or slot.index != self.order.place:
            return ""
        upwards = slot.column.measure is Measure.TEXT
        return "↑" if upwards is not self.order.reverse else "↓"

    def _spaced(self, cells: Sequence[Cell]) -> list[tuple[str, Tone]]:
        """A text for each slot, as wide as it is, with a gap behind it."""
        texts = []
        for slot, cell in zip(self._slots, cells, strict=True):
            text = cell.short if slot.short and cell.short is not None else cell.text
            texts.append((fit(text, slot.width, right=slot.column.right) + _GAP, cell.tone))
        if texts:
            text, tone = texts[-1]
            texts[-1] = (text[:-GAP], tone)
        return texts

    def _repaint(self, key: str, old: Row | None, new: Row) -> int:
        if old == new:
            return 0
        y = 1 + self._places[key] - self.scroll_offset.y
        changed = [slot for slot in self._slots if old is None or old[slot.index] != new[slot.index]]
        for slot in changed:
            self.refresh(Region(self._gutter + slot.x, y, slot.width, 1))
        return len(changed)

    # ---------------------------------------------------------------------------------------------- the cursor

    def move(self, how: str) -> None:
        """Move the cursor: up, down, page_up, page_down, half_up, half_down, top or bottom."""
        if not self._keys:
            return
        last = len(self._keys) - 1
        to = {
            "up": self._cursor - 1,
            "down": self._cursor + 1,
            "page_up": self._cursor - self.page,
            "page_down": self._cursor + self.page,
            "half_up": self._cursor - self.page // 2,
            "half_down": self._cursor + self.page // 2,
            "top": 0,
            "bottom": last,
        }[how]
        self.select(max(0, min(last, to)))

    def select(self, place: int) -> None:
        """Select the row at ``place`` and scroll as little as shows it."""
        before, self._cursor = self._cursor, place
        for changed in {before, place}:
            self._refresh_place(changed)
        self._scroll_to_cursor()

    def _refresh_place(self, place: int) -> None:
        y = 1 + place - self.scroll_offset.y
        if 1 <= y <= self.page:
            self.refresh(Region(0, y, self.container_size.width, 1))

    def _scroll_to_cursor(self) -> None:
        """Scroll as little as shows the cursor; by half a page where every scrolled line is dear."""
        top = self.scroll_offset.y
        more = self.page // 2 if self.jump_scroll else 0
        if self._cursor < top:
            self.scroll_to(y=max(0, self._cursor - more), animate=False, immediate=True)
        elif self._cursor >= top + self.page:
            last = max(0, len(self._keys) - self.page)
            self.scroll_to(y=min(last, self._cursor - self.page + 1 + more), animate=False, immediate=True)

    def on_click(self, event: Click) -> None:
        place = self.scroll_offset.y + event.y - 1
        if event.y == 0:
            x = event.x - self._gutter
            for slot in self._slots:
                if slot.x <= x < slot.x + slot.width:
                    self.post_message(self.HeadingClicked(slot.index))
        if event.y < 1 or place >= len(self._keys):
            return
        if place == self._cursor:
            self.post_message(self.Opened(self._keys[place]))
        else:
            self.select(place)
