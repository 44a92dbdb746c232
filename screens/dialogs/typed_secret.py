"""Asks for a secret whose reference is ``prompt``. What is typed is never shown; it is handed over and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from screens.cells import EMPTY_LINE, Line, Tone
from screens.firstrun_base import paragraph
from screens.firstrun_inputs import TextField
from screens.painted_once import PaintedOnce
from screens.widgets.block import Block

WIDEST = 76


class SecretDialog(PaintedOnce[str | None], ModalScreen[str | None]):
    """``asked_for`` is what must be typed, such as *password of drdeck on hmc-paris*. Returns it; None: cancelled."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("ctrl+c", "cancel", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    SecretDialog { align: center middle; }
    SecretDialog #dialog { height: auto; padding: 0 1; }
    """

    def __init__(self, asked_for: str, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.set_class(ascii_only, "ascii")
        self._asked_for = asked_for
        self._above = Block(ascii_only=ascii_only)
        self._field = TextField("", hidden=True, ascii_only=ascii_only)
        self._below = Block(ascii_only=ascii_only)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield self._above
            yield self._field
            yield self._below

    def on_mount(self) -> None:
        self._draw()
        self._field.focus()

    def _draw(self, trouble: str = "") -> None:
        width = min(WIDEST, self.app.size.width - 2)
        inner = width - 4
        self.query_one("#dialog").styles.width = width
        self._above.show(
            [
                *paragraph(f"Type the {self._asked_for}", inner, Tone.HEADING),
                EMPTY_LINE,
                *paragraph("It is kept in the memory of this process and written nowhere.", inner),
                EMPTY_LINE,
            ]
        )
        said: Sequence[Line] = paragraph(trouble, inner, Tone.BAD) if trouble else ()
        self._below.show([EMPTY_LINE, *said, *paragraph("Enter Use it  Esc Cancel", inner)])

    def on_input_submitted(self, event: TextField.Submitted) -> None:
        if not event.value:
            self._draw("Nothing was typed.")
        elif self.is_current:
            self._field.value = ""
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
