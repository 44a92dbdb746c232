"""What was entered so far: sites and devices with what their checks said, what comes next, and the keys for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct
from textual.binding import BindingType
from textual.widget import Widget

from screens.cells import Cell, Line, Tone
from screens.columns import Column, Row
from screens.firstrun_base import BACK, MOVES, QUIT, FirstRunScreen, Key, bindings, paragraph
from screens.firstrun_messages import EntryDropped, EntryOpened, EntryRequested, FileRequested
from screens.widgets.table import Table
from store.estate import DeviceKind

COLUMNS = (
    Column("Kind"),
    Column("Name", cut=12),
    Column("Site", cut=8),
    Column("Address", rank=1, cut=14),
    Column("Check"),
)
SITE = "site"


class DraftRow(Struct, frozen=True):
    """A row: its key, and the cells of :data:`COLUMNS`."""

    key: str
    cells: Row


class DraftScreen(FirstRunScreen):
    """:meth:`show` gives it the rows and the sentence that says what comes next."""

    KEYS = (
        Key(("s",), "Site", "add", SITE),
        Key(("1",), "HMC", "add", DeviceKind.HMC.value),
        Key(("2",), "FlashArray", "add", DeviceKind.FLASHARRAY.value),
        Key(("3",), "3PAR", "add", DeviceKind.THREEPAR.value),
        Key(("4",), "vSphere", "add", DeviceKind.VSPHERE.value),
        Key(("enter",), "Open", "open"),
        Key(("x",), "Drop", "drop"),
        Key(("w",), "See and write the file", "file"),
        BACK,
        QUIT,
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(*KEYS, *MOVES)

    def __init__(self, ascii_only: bool) -> None:
        super().__init__(ascii_only)
        self._rows: dict[str, Row] = {}
        self._next = ""
        self.table = Table(COLUMNS, id="table", ascii_only=ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.table,)

    def show(self, rows: Sequence[DraftRow], next_words: str) -> None:
        """Take what was entered; it is drawn when the screen is next on top."""
        self._rows = {row.key: row.cells for row in rows}
        self._next = next_words
        self.table.remeasure()
        if self.is_current:
            self.redraw()

    def title_lines(self, width: int) -> Sequence[Line]:
        return (
            *paragraph("Sites and devices", width, Tone.HEADING),
            *paragraph(self._next, width),
        )

    def draw(self, width: int) -> None:
        empty: list[Line] = [(Cell("Nothing is entered yet.", Tone.DIM),)]
        self.table.show(tuple(self._rows), self._rows.__getitem__, empty)

    def do_move(self, how: str) -> None:
        self.table.move(how)

    def do_add(self, what: str) -> None:
        self.post_message(EntryRequested(what))

    def do_open(self) -> None:
        if self.table.selected is None:
            self.say("There is nothing to open yet.")
        else:
            self.post_message(EntryOpened(self.table.selected))

    def on_table_opened(self, message: Table.Opened) -> None:
        self.post_message(EntryOpened(message.key))

    def do_drop(self) -> None:
        if self.table.selected is None:
            self.say("There is nothing to drop yet.")
        else:
            self.post_message(EntryDropped(self.table.selected))

    def do_file(self) -> None:
        self.post_message(FileRequested())
