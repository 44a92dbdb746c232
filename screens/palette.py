"""The palette: type a name, and go to the screen, object or action that has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Input

from screens.actions import Situation
from screens.cells import Cell, Tone
from screens.columns import Column, Row
from screens.finding import MOST, Choice, actions, found, objects
from screens.head import band
from screens.painted_once import PaintedOnce
from screens.surroundings import Surroundings
from screens.widgets.block import Block
from screens.widgets.entry import Entry
from screens.widgets.table import Table

COLUMNS = (Column("Name", cut=20), Column("What", cut=16))


class Palette(PaintedOnce[Choice | None], ModalScreen[Choice | None]):
    """Ends with the choice, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("enter", "choose", "Choose", show=False, priority=True),
        Binding("up", "move('up')", "Up", show=False, priority=True),
        Binding("down", "move('down')", "Down", show=False, priority=True),
        Binding("pageup", "move('page_up')", "Page up", show=False, priority=True),
        Binding("pagedown", "move('page_down')", "Page down", show=False, priority=True),
        Binding("ctrl+p", "leave", "Back", show=False, priority=True),
    ]

    def __init__(self, around: Surroundings, situation: Situation) -> None:
        super().__init__()
        self.around = around
        self._choices: list[Choice] = []
        self._situation = situation
        self._shown: list[Choice] = []
        self._head = Block([()], id="palette-head", ascii_only=around.ascii_only)
        self._line = Entry(placeholder="a screen, an object, an action", compact=True, id="palette-line")
        self._table = Table(COLUMNS, id="table", ascii_only=around.ascii_only)
        self._foot = Block([()], id="foot", ascii_only=around.ascii_only)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._line
        yield self._table
        yield self._foot

    def on_mount(self) -> None:
        self._line.focus()
        scene = self.around.scene()
        complete = self.around.index.work(0.05)
        self._choices = [*actions(self._situation), *objects(scene)]
        rest = "" if complete else "   objects are still being looked at: type more in a moment"
        top = band(scene, self.app.size.width, self.around)
        self._head.show([top, (Cell("Find", Tone.HEADING), Cell(rest, Tone.DIM))])
        self._show("")

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._show, self._line.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, text: str) -> None:
        every = found(self._choices, text)
        self._shown = every[:MOST]
        self._table.show([str(number) for number in range(len(self._shown))], self._row, _NOTHING)
        self._table.tick()
        if self._shown:
            self._table.select(0)
        count = f">{MOST}" if len(every) > MOST else str(len(every))
        words = f"{count} found   Enter go   Up Down move   Esc back"
        self._foot.show([(Cell(words),)])

    def _row(self, key: str) -> Row:
        choice = self._shown[int(key)]
        tone = Tone.PLAIN if choice.why_not is None else Tone.DIM
        return (Cell(choice.name, tone), Cell(choice.where, Tone.DIM))

    def action_move(self, how: str) -> None:
        self._table.move(how)

    def action_choose(self) -> None:
        if self._table.selected is not None:
            self.dismiss(self._shown[int(self._table.selected)])

    def on_table_opened(self, message: Table.Opened) -> None:
        self.dismiss(self._shown[int(message.key)])

    def action_leave(self) -> None:
        self.dismiss(None)


_NOTHING: Sequence[tuple[Cell, ...]] = ((Cell("Nothing has that name.", Tone.DIM),),)
