"""The menu of what can be done to remote copy groups. What is chosen only makes a plan, which is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import ModalScreen

from screens.cells import Cell, Line, Tone
from screens.columns import Column, Row
from screens.firstrun_base import paragraph
from screens.head import band
from screens.painted_once import PaintedOnce
from screens.rcg_offers import offers, order_text
from screens.rcg_sides import RcgPair, pair_of
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.widgets.block import Block
from screens.widgets.table import Table

COLUMNS = (Column("Act"), Column("Now", cut=20))
ASKED = "asks for more"
RIGHT = "right as it stands"

VOLUMES = (
    ("create-volume", "New volume", "Make a volume and replicate it", "create {} NAME --size 100G --cpg HERE:THERE"),
    ("add-volume", "Add volume", "Replicate a volume that exists", "add {} NAME"),
    ("remove-volume", "Remove volume", "Replicate a volume no longer; both stay", "remove {} NAME"),
    ("delete-volume", "Delete volume", "Delete it on both arrays; with the last one the group", "delete {} NAME"),
)
"""What is done to one volume of a group: more must be said, so it is typed on."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen, in the words of the command line; ``more``: it is to be typed on before it is planned."""

    text: str
    more: bool = False


class ActMenu(PaintedOnce[Chosen | None], ModalScreen[Chosen | None]):
    """``groups`` are the pair keys that it is about. Ends with what was chosen, or with None."""

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

    def __init__(self, around: Surroundings, groups: Sequence[str]) -> None:
        super().__init__()
        self.around = around
        scene = around.scene()
        self._pairs: tuple[RcgPair, ...] = tuple(pair_of(scene, key) for key in groups)
        self._offers = {offer.word: offer for offer in offers(self._pairs)}
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
        right = [place for place, offer in enumerate(self._offers.values()) if offer.why_not is None]
        self.table.select(right[0] if right else 0)
        self._tell()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        names = ", ".join(pair.name for pair in self._pairs)
        what = names if len(self._pairs) == 1 else f"{len(self._pairs)} groups: {names}"
        top: list[Line] = [band(self.around.scene(), self.app.size.width, self.around)]
        self._head.show([*top, (), (Cell(f"Act on {what}", Tone.HEADING),), ()])
        keys = [*self._offers, *(word for word, *_ in self._volumes)]
        self.table.show(keys, self._row, ())
        self._tell()
        self._foot.show([(Cell("Enter Plan: shown before anything is done   o With options   Esc Cancel"),)])

    @property
    def _volumes(self) -> tuple[tuple[str, str, str, str], ...]:
        return VOLUMES if len(self._pairs) == 1 else ()

    def _row(self, key: str) -> Row:
        offer = self._offers.get(key)
        if offer is None:
            return (Cell(next(name for word, name, *_ in VOLUMES if word == key)), Cell(ASKED, Tone.DIM))
        if offer.why_not is None:
            return (Cell(offer.name, Tone.HEADING), Cell(f"{GLYPHS[Tone.OK]} {RIGHT}", Tone.OK))
        return (Cell(offer.name, Tone.DIM), Cell(f"not right: {offer.why_not}", Tone.DIM))

    def _tell(self) -> None:
        """Say below what the selected act does."""
        key = self.table.selected
        offer = self._offers.get(key or "")
        words = [offer.description] if offer is not None else [words for word, _, words, _ in VOLUMES if word == key]
        lines = [line for text in words for line in paragraph(f"{text}.", max(10, self.app.size.width - 1))]
        self._about.show([(), *lines, ()])

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
        key = self.table.selected
        if key is None or not self.is_current or getattr(self.app, "held", False):
            return
        if key in self._offers:
            text = order_text(key, self._pairs)
            self.dismiss(Chosen(f"{text} " if more else text, more))
        else:
            template = next(row[3] for row in VOLUMES if row[0] == key)
            self.dismiss(Chosen(f"volume {template.format(self._pairs[0].pair_key)}", more=True))

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
