"""The menu of what can be done to something. What is chosen does nothing yet: it is planned, or asked for, first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import ModalScreen

from screens.cells import Cell, Line, Tone
from screens.columns import GAP, Column, Row
from screens.firstrun_base import paragraph
from screens.head import band
from screens.offers import Offer
from screens.painted_once import PaintedOnce
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.widgets.block import Block
from screens.widgets.table import Table

COLUMNS = (Column("Act"), Column("Now", cut=20))
ASKED = "asks for more"
RIGHT = "right as it stands"
NOT_RIGHT = "not right: "
PLANNED = "Enter Plan: shown before anything is done   o With options   Esc Cancel"


class Chosen(Struct, frozen=True):
    """What was chosen, in the words of the command line; ``more``: it is to be typed on before it is planned."""

    order: str
    more: bool = False


class ActMenu(PaintedOnce[Chosen | None], ModalScreen[Chosen | None]):
    """``title`` says what it is about, ``keys`` what Enter and others lead to; ``ready`` is said of a line that can be
    chosen as it stands. Ends with what was chosen, or with None."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "cancel", show=False),
        Binding("ctrl+c", "cancel", show=False, priority=True),
        Binding("enter", "choose", show=False),
        Binding("o", "options", show=False),
        Binding("up,k", "move('up')", show=False),
        Binding("down,j", "move('down')", show=False),
        Binding("g,home", "move('top')", show=False),
        Binding("G,end", "move('bottom')", show=False),
    ]

    def __init__(
        self, around: Surroundings, title: str, offers: Sequence[Offer], keys: str = PLANNED, ready: str = RIGHT
    ) -> None:
        super().__init__()
        self.around = around
        self._title, self._keys, self._ready = title, keys, ready
        self._offers = {offer.word: offer for offer in offers}
        self._head = Block(id="menu-head", ascii_only=around.ascii_only)
        self.table = Table(COLUMNS, id="table", ascii_only=around.ascii_only)
        self._about = Block(id="about", ascii_only=around.ascii_only)
        self._foot = Block(id="foot", ascii_only=around.ascii_only)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.table
        yield self._about
        yield self._foot

    def on_mount(self) -> None:
        self._draw()
        right = [place for place, offer in enumerate(self._offers.values()) if offer.right]
        self.table.select(right[0] if right else 0)
        self._tell()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        top: list[Line] = [band(self.around.scene(), self.app.size.width, self.around)]
        self._head.show([*top, (), (Cell(self._title, Tone.HEADING),), ()])
        self.table.show(list(self._offers), self._row, ())
        self._tell()
        self._foot.show([(Cell(self._keys),)])

    def _row(self, word: str) -> Row:
        offer = self._offers[word]
        if offer.why_not is not None:
            return (Cell(offer.name, Tone.DIM), Cell(f"{NOT_RIGHT}{offer.why_not}", Tone.DIM))
        if offer.more:
            return (Cell(offer.name), Cell(ASKED, Tone.DIM))
        if offer.hint is not None:
            return (Cell(offer.name, Tone.HEADING), Cell(f"{GLYPHS[Tone.WARN]} {offer.hint}", Tone.WARN))
        return (Cell(offer.name, Tone.HEADING), Cell(f"{GLYPHS[Tone.OK]} {self._ready}", Tone.OK))

    def _tell(self) -> None:
        """Say below what the selected act does, and in full why it is not right where its row has no room for that."""
        offer = self._offers.get(self.table.selected or "")
        if offer is None:
            return
        texts = [f"{offer.description}."]
        if offer.why_not is not None and not self._fits(NOT_RIGHT + offer.why_not):
            texts.append(f"Not right: {offer.why_not}.")
        elif offer.why_not is None and offer.hint is not None:
            texts.append(f"As it was checked last: {offer.hint}. The plan looks at it anew.")
        width = max(10, self.app.size.width - 1)
        self._about.show([(), *(line for text in texts for line in paragraph(text, width)), ()])

    def _fits(self, text: str) -> bool:
        names = max(cell_len(offer.name) for offer in self._offers.values())
        return names + GAP + cell_len(text) < self.app.size.width

    def action_move(self, how: str) -> None:
        self.table.move(how)
        self._tell()

    def action_choose(self) -> None:
        self._choose(more=False)

    def action_options(self) -> None:
        self._choose(more=True)

    def on_table_opened(self, message: Table.Opened) -> None:
        self._choose(more=False)

    def _choose(self, *, more: bool) -> None:
        offer = self._offers.get(self.table.selected or "")
        if offer is None or offer.order is None or not self.is_current or getattr(self.app, "held", False):
            return
        self.dismiss(Chosen(f"{offer.order} " if more and not offer.more else offer.order, more or offer.more))

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
