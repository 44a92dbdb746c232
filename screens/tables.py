"""A screen with a table: filter, sort, marks, and taking rows away. What the rows are is left to the subclasses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace
from textual.events import ScreenSuspend
from textual.widget import Widget

from screens import messages
from screens.actions import Takes
from screens.base import EstateScreen
from screens.cells import Cell, Line, Tone
from screens.columns import Column, Row
from screens.export import Form, Sheet
from screens.filter_words import completions, hint
from screens.filters import NO_FILTER, Filter, compile_filter
from screens.listing import Listing, Order
from screens.narrowed import narrowed, next_order, next_trouble
from screens.opening import Opening
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS
from screens.surroundings import Surroundings
from screens.taking import names, rows_text, shown_words
from screens.widgets.mode import Mode
from screens.widgets.table import Table
from store.records import Entry
from store.stored import UnreadableFactsError

COUNTED_AT_ONCE = 1_000
"""Of a table with more rows the counts above it follow with the next tick."""

AT_ONCE_S = 0.03
"""How long rows are looked at before a table is first filtered or sorted; of a long one the rest follows."""

CHANGES_S, FEW_CHANGES = 0.005, 20
"""The same for rows that changed, where they are few: keys must not wait for many."""


class TableScreen(EstateScreen):
    """Subclasses give the rows, the cells of one, and what a row opens."""

    NOUN = "rows"
    SCOPE: str | None = "site"
    """The column by which the table is narrowed to one site; None: it is not."""

    def __init__(self, around: Surroundings, name: str, columns: Sequence[Column]) -> None:
        super().__init__(around)
        self.table_name = name
        self.listing = Listing(columns, self._made)
        self.table = Table(columns, id="table", ascii_only=around.ascii_only)
        self._scene = around.scene()
        self._before = ""
        self._view_lines = 0

    def body(self) -> Sequence[Widget]:
        return (self.table,)

    # --------------------------------------------------------------------------------------- for the subclasses

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        """The keys of all rows in their natural order, each with its stamp (:meth:`Listing.take`)."""
        raise NotImplementedError

    def row(self, key: str, scene: Scene) -> Row:
        """The cells of a row."""
        raise NotImplementedError

    def aged(self, kept: Row, key: str, scene: Scene) -> Row | None:
        """The cells of a row that was looked at, with what time alone has changed; None where it must be made anew."""
        return None

    def moments(self, scene: Scene) -> Mapping[str, float] | None:
        """When each row was seen, in seconds since 1970 UTC, where its stamp leaves that out: the value of the last
        column."""
        return None

    def opens(self, key: str) -> Opening | None:
        """What opening a row asks for; None where there is nothing to open."""
        raise NotImplementedError

    def nothing_further(self, key: str) -> str:
        """Why a row opens nothing."""
        return "This row has nothing to open: its object is not known any more."

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        """Why there are no rows."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------------- drawing

    def draw(self, scene: Scene) -> None:
        self._scene = scene
        self.listing.take(self.rows(scene))
        self._show(scene)

    def _show(self, scene: Scene) -> None:
        self.listing.set_scope(self._scope())
        if self.listing.uses_moments and (moments := self.moments(scene)) is not None:
            self.listing.renew_moments(moments)
        keys = self.listing.shown(scene.now.timestamp())
        self.table.order = self.listing.order
        self.table.marks = self.listing.marks
        self.table.show(keys, self._row, self._why_empty(scene))

    def changed(self) -> int:
        """Show the rows that changed, at once; what is counted of all rows follows with the next tick."""
        keys = self._take_changes(self.around.scene())
        if keys is None:
            self.redraw()
            return 0
        if self.listing.total <= COUNTED_AT_ONCE:
            self.redraw_head()
        return self.table.remake(keys)

    def renew(self, scene: Scene) -> None:
        if self._take_changes(scene) is None:
            self.redraw()
            return
        self._drawn_version = scene.index.version
        self.redraw_head()
        self.tick_body(scene)

    def _take_changes(self, scene: Scene) -> set[str] | None:
        """Look again at the rows that changed; None where that is not known of the single rows."""
        keys = self.changed_rows(scene)
        few = CHANGES_S if keys is not None and len(keys) <= FEW_CHANGES else 0
        self._uncounted = not scene.index.work(few)
        if keys is None or self.listing.total == 0:
            return None
        self._scene = scene
        self.listing.touch(keys)
        self.listing.work(few)
        if self.listing.order is not None or self.listing.filtered:
            self._show(scene)
        return keys

    def changed_rows(self, scene: Scene) -> set[str] | None:
        """The keys of the rows that may say something else now; None where all may, or where rows came or went."""
        return None

    def _scope(self) -> Filter:
        if self.around.site is None or self.SCOPE is None:
            return NO_FILTER
        return compile_filter(f'{self.SCOPE}:"{self.around.site}"', self.listing.columns)

    def _why_empty(self, scene: Scene) -> tuple[Line, ...]:
        if not self.listing.total:
            return self.empty_lines(scene)
        rest = "" if self.listing.complete else " so far"
        return ((Cell(f"None of {self.listing.total} {self.NOUN} matches{rest}. Esc clears the filter.", Tone.DIM),),)

    def tick_body(self, scene: Scene) -> None:
        self._scene = scene
        if self.listing.by_time:
            self._show(scene)
        else:
            self.table.tick()

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        """The entries that a row is made of."""
        return ()

    def row_at(self, key: str, scene: Scene) -> Row:
        """The cells of a row as they are now."""
        self._scene = scene
        return self._row(key)

    def _row(self, key: str) -> Row:
        kept = self.listing.looked_at_row(key)
        row = self.aged(kept, key, self._scene) if kept is not None else None
        return self._made(key) if row is None else row

    def _made(self, key: str) -> Row:
        try:
            return self.row(key, self._scene)
        except UnreadableFactsError:
            told = Cell(f"{GLYPHS[Tone.BAD]} stored facts cannot be read", Tone.BAD)
            return (Cell(key), told, *(EMPTY for _ in self.listing.columns[2:]))

    def work(self, seconds: float) -> bool:
        done = super().work(seconds)
        if done and not self.listing.complete:
            done = self.listing.work(seconds)
            if done and (self.listing.order is not None or self.listing.filtered):
                self.redraw()
        return done

    def view_lines(self, scene: Scene) -> Sequence[Line]:
        lines = narrowed(self.listing, scene.now.timestamp())
        self._view_lines = len(lines)
        return lines

    def _redraw_view(self) -> None:
        """Show how the table differs now, below what stands above it anyway: counting all rows again is for others."""
        above = self.head.lines[: len(self.head.lines) - self._view_lines]
        self.head.show([*above, *self.view_lines(self._scene)])

    def on_screen_suspend(self, event: ScreenSuspend) -> None:
        # What made columns wide may be gone when the operator comes back.
        self.table.remeasure()
        self._drawn_as = ()

    @property
    def row_selected(self) -> bool:
        return self.table.selected is not None

    @property
    def filtered(self) -> bool:
        return bool(self.listing.filter.text)

    def move(self, how: str) -> None:
        self.table.jump_scroll = self.around.jump_scroll
        self.table.move(how)

    def choices(self, takes: Takes, typed: str) -> Sequence[str]:
        match takes:
            case Takes.COLUMN:
                return [column.name for column in self.listing.columns]
            case Takes.FILTER:
                return list(self.around.saved.get(self.table_name, {}))
            case Takes.FORM:
                return [form.value for form in Form]
        return super().choices(takes, typed)

    # ---------------------------------------------------------------------------------------------------- opening

    def do_open(self) -> None:
        if self.table.selected is not None:
            self._open(self.table.selected)

    def on_table_opened(self, message: Table.Opened) -> None:
        self._open(message.key)

    def _open(self, key: str) -> None:
        wanted = self.opens(key)
        if wanted is None:
            self.say(self.nothing_further(key))
        else:
            wanted.asked_by = self
            self.post_message(wanted)

    def do_sources(self) -> None:
        if self.table.selected is not None:
            self.post_message(messages.ValuesRequested(self.table.selected, self))

    # ---------------------------------------------------------------------------------------------------- filter

    def do_filter(self, text: str | None = None) -> None:
        if text is None:
            self._before = self.listing.filter.text
            self._ask(Mode.FILTER, self._before)
            return
        self._filter(self.around.saved.get(self.table_name, {}).get(text, text))
        self.redraw()
        if self.listing.error is not None:
            self.say(self.listing.error)

    def _filter(self, text: str) -> None:
        if text.strip():
            self.listing.work(AT_ONCE_S)
        self.listing.set_filter(text)
        self._show(self._scene)

    def prompt_typed(self, mode: Mode, text: str) -> None:
        if mode is not Mode.FILTER or self._prompt is None:
            super().prompt_typed(mode, text)
            return
        self._filter(text)
        self._redraw_view()
        self._prompt.hint(self._filter_hint())

    def _filter_hint(self) -> Line:
        return hint(self.listing, self._scene.now.timestamp())

    def _completions(self, text: str) -> Sequence[str]:
        if self._prompt is None or self._prompt.mode is not Mode.FILTER:
            return super()._completions(text)
        return completions(text, self.listing.columns, self.around.saved.get(self.table_name, {}))

    def prompt_accepted(self, mode: Mode, text: str) -> None:
        super().prompt_accepted(mode, text)
        if mode is Mode.FILTER:
            self.redraw()
            if self.listing.error is not None:
                self.say(f"{self.listing.error}. The filter is still {self.listing.filter.text or 'none'}")

    def prompt_left(self, mode: Mode) -> None:
        if mode is Mode.FILTER:
            self._filter(self._before)
            self.redraw()

    def do_back(self) -> None:
        if self.listing.filter.text:
            self._filter("")
            self.redraw()
            self.say("The filter is cleared.")
        else:
            super().do_back()

    def do_save(self, name: str) -> None:
        text = self.listing.filter.text
        if not text:
            self.say("There is no filter to save: type one with / first.")
        else:
            self.post_message(messages.FilterSaved(self.table_name, name, text))

    def do_forget(self, name: str) -> None:
        if name not in self.around.saved.get(self.table_name, {}):
            self.say(f"No filter of this table is saved as {name}.")
        else:
            self.post_message(messages.FilterSaved(self.table_name, name, None))

    # ------------------------------------------------------------------------------------------------------- sort

    def do_sort(self, column: str | None = None) -> None:
        """By the next column, or by the one named; a minus in front turns it round."""
        columns = self.listing.columns
        if column is None:
            self._sort(next_order(self.listing, self.table.shown_places))
            return
        place = [known.name for known in columns].index(column.lstrip("-"))
        self._sort(Order(place, column.startswith("-")))

    def do_reverse(self) -> None:
        order = self.listing.order
        self._sort(replace(order, reverse=not order.reverse) if order is not None else Order(0, True))

    def on_table_heading_clicked(self, message: Table.HeadingClicked) -> None:
        order = self.listing.order
        same = order is not None and order.place == message.place
        self._sort(Order(message.place, same and order is not None and not order.reverse))

    def _sort(self, order: Order | None) -> None:
        if order is not None:
            self.listing.work(AT_ONCE_S)
        self.listing.set_order(order)
        self._show(self._scene)
        self._redraw_view()

    # ------------------------------------------------------------------------------------------- trouble and marks

    def do_next_trouble(self) -> None:
        self._to_trouble(1)

    def do_previous_trouble(self) -> None:
        self._to_trouble(-1)

    def _to_trouble(self, step: int) -> None:
        self.listing.work(AT_ONCE_S)  # a row may be painted as it is now before it is counted as such
        place = next_trouble(self.listing, self.table.keys, self.table.place, step)
        if place is not None:
            self.table.select(place)
        elif not self.listing.complete:
            self.say("None so far: not every row has been looked at yet.")
        else:
            self.say(f"No row {'below' if step > 0 else 'above'} needs a look.")

    def do_mark(self) -> None:
        if self.table.selected is not None:
            self.listing.toggle_mark(self.table.selected)
            self._show(self._scene)
            self.table.move("down")
            self._redraw_view()

    def do_unmark(self) -> None:
        self.listing.unmark()
        self._show(self._scene)
        self._redraw_view()

    # ---------------------------------------------------------------------------------------------------- take away

    def _chosen(self) -> tuple[str, ...]:
        """The marked rows that are shown, or the selected one."""
        marked = tuple(key for key in self.table.keys if key in self.listing.marks)
        return marked or ((self.table.selected,) if self.table.selected is not None else ())

    def do_copy_name(self) -> None:
        self.post_message(messages.CopyRequested(*names([self._row(key) for key in self._chosen()])))

    def do_copy(self) -> None:
        rows = [self._row(key) for key in self._chosen()]
        self.post_message(messages.CopyRequested(*rows_text(self.listing.columns, rows)))

    def do_export(self, form: str | None = None) -> None:
        self.post_message(messages.ExportRequested(self.sheet(), Form(form) if form is not None else None))

    def sheet(self) -> Sheet:
        """The rows to export: the marked ones, else all that the filter shows."""
        marked = tuple(key for key in self.table.keys if key in self.listing.marks)
        rows = tuple(self._row(key) for key in marked or self.table.keys)
        shown = shown_words(self.listing, len(rows), self.around.site, marked=bool(marked))
        return Sheet(self.table_name, self.listing.columns, rows, self._scene.now, shown, self.around.twin)
