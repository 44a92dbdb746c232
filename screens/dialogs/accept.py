"""A question whose answer matters. It opens on Cancel; Enter and Esc cancel; only ctrl+y, or a click, accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Click, Resize, ScreenResume
from textual.screen import ModalScreen

from screens.cells import EMPTY_LINE, Cell, Line, Tone
from screens.firstrun_base import paragraph
from screens.painted_once import PaintedOnce
from screens.widgets.block import Block
from screens.widgets.lines import Lines

WIDEST = 76
_AROUND = 6
"""Rows that are not the words: the frame, the title, the blank lines, the answers."""


class Answer(Block):
    """An answer that can be clicked. It takes no focus, so no key but its own gives it."""

    def __init__(self, text: str, tone: Tone, give: Callable[[], object], *, ascii_only: bool) -> None:
        word = Cell(f"[ {text} ]", tone)
        super().__init__([(word,)], ascii_only=ascii_only)
        self.styles.width = word.width
        self._give = give

    def on_click(self, event: Click) -> None:
        self._give()


class AcceptDialog(PaintedOnce[bool], ModalScreen[bool]):
    """``words`` are sentences, each laid out on lines of its own; ``accept`` and ``cancel`` say what the answers do."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,backspace", "cancel", show=False),
        Binding("ctrl+c", "cancel", show=False, priority=True),
        Binding("ctrl+y", "accept", show=False),
        Binding("up,k", "move('up')", show=False),
        Binding("down,j", "move('down')", show=False),
    ]
    DEFAULT_CSS = """
    AcceptDialog { align: center middle; }
    AcceptDialog #dialog { height: auto; padding: 0 1; }
    AcceptDialog Lines { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    AcceptDialog #answers { height: 1; }
    AcceptDialog Answer { margin-right: 2; }
    """

    def __init__(
        self, title: str, words: Sequence[str], *, accept: str, cancel: str = "Cancel", ascii_only: bool = False
    ) -> None:
        super().__init__()
        self.set_class(ascii_only, "ascii")
        self._title = title
        self._words = tuple(words)
        self._head = Block(ascii_only=ascii_only)
        self.lines = Lines(ascii_only=ascii_only)
        self._answers = (
            Answer(f"Esc {cancel}", Tone.CURRENT, self.action_cancel, ascii_only=ascii_only),
            Answer(f"ctrl+y {accept}", Tone.PLAIN, self.action_accept, ascii_only=ascii_only),
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield self._head
            yield self.lines
            with Horizontal(id="answers"):
                yield from self._answers

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self, event: ScreenResume) -> None:
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width = min(WIDEST, self.app.size.width - 2)
        inner = width - 4
        self.query_one("#dialog").styles.width = width
        words: list[Line] = [EMPTY_LINE]
        for sentence in self._words:
            words += paragraph(sentence, inner - 1) if sentence else [EMPTY_LINE]
        self._head.show(paragraph(self._title, inner, Tone.HEADING))
        self.lines.styles.height = max(1, min(len(words) + 1, self.app.size.height - _AROUND))
        self.lines.show(words)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(False)

    def action_accept(self) -> None:
        if self.is_current:
            self.dismiss(True)

    def action_move(self, how: str) -> None:
        self.lines.move(how)
