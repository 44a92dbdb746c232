"""Which form an export is to have, what it holds, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from screens.cells import Cell, Line, Tone, wrap
from screens.export import Form, Sheet, file_name
from screens.head import band
from screens.painted_once import PaintedOnce
from screens.surroundings import Surroundings
from screens.widgets.block import Block


class ExportDialog(PaintedOnce[Form | None], ModalScreen[Form | None]):
    """Ends with the form, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "choose('csv')", "CSV", show=False),
        Binding("j", "choose('json')", "JSON", show=False),
        Binding("escape,q,backspace", "leave", "Back", show=False),
    ]
    DEFAULT_CSS = """
    ExportDialog { align: center middle; }
    ExportDialog > #head { dock: top; }
    ExportDialog > #dialog { width: 90%; max-width: 100; height: auto; padding: 1 2; }
    """

    def __init__(self, around: Surroundings, sheet: Sheet, folder: Path) -> None:
        super().__init__()
        self.set_class(around.ascii_only, "ascii")
        self._sheet = sheet
        self._folder = folder
        self._around = around
        self._head = Block([()], id="head", ascii_only=around.ascii_only)
        self._block = Block([()], id="dialog", ascii_only=around.ascii_only)

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._block

    def on_mount(self) -> None:
        self._head.show([band(self._around.scene(), self.app.size.width, self._around)])
        self._block.show(self._lines())

    def _lines(self) -> list[Line]:
        width = max(30, min(100, self.app.size.width * 9 // 10) - 4)
        path = str(self._folder / file_name(self._sheet, Form.CSV).removesuffix("csv"))
        return [
            (Cell(f"Export {self._sheet.name}: {self._sheet.shown}", Tone.HEADING),),
            (),
            (Cell("c", Tone.HEADING), Cell("   CSV, with a header line")),
            (Cell("j", Tone.HEADING), Cell("   JSON, with the filter and the time")),
            (),
            *((Cell(text, Tone.DIM),) for text in wrap(f"to {path}…, readable by you alone", width)),
            (),
            (Cell("Esc back: nothing is written"),),
        ]

    def action_choose(self, form: str) -> None:
        self.dismiss(Form(form))

    def action_leave(self) -> None:
        self.dismiss(None)
