"""The configuration as it will be written, before it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens.cells import Cell, Line, Tone
from screens.firstrun_base import BACK, MOVES, QUIT, FirstRunScreen, Key, bindings, paragraph
from screens.firstrun_messages import WriteRequested
from screens.widgets.lines import Lines


class FileScreen(FirstRunScreen):
    """``text`` is the whole content of the file, ``path`` where it goes."""

    KEYS = (
        Key(("w",), "Write it and open the console", "write"),
        Key(("down",), "Scroll", "move", "down"),
        BACK,
        QUIT,
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS[0], BACK, QUIT, *MOVES)

    def __init__(self, path: str, text: str, ascii_only: bool) -> None:
        super().__init__(ascii_only)
        self._path = path
        self._text = text
        self._trouble: str | None = None
        self.lines = Lines(id="lines", ascii_only=ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def title_lines(self, width: int) -> Sequence[Line]:
        trouble = [] if self._trouble is None else paragraph(self._trouble, width, Tone.BAD)
        return (
            *paragraph("The file as it will be written", width, Tone.HEADING),
            *paragraph(f"{self._path}, readable for you alone (mode 0600)", width),
            *trouble,
        )

    def draw(self, width: int) -> None:
        self.lines.show(file_lines(self._text, width - 1))

    def complain(self, text: str) -> None:
        """Say why nothing was written."""
        self._trouble = text
        self.redraw()

    def do_move(self, how: str) -> None:
        self.lines.move(how)

    def do_write(self) -> None:
        self.post_message(WriteRequested())


def file_lines(text: str, width: int) -> list[Line]:
    """The lines of the file; one that is too long goes on below, so that nothing of it is hidden."""
    lines: list[Line] = []
    for line in text.splitlines():
        tone = Tone.DIM if line.startswith("#") else Tone.PLAIN
        rest = line
        while True:
            piece = _head(rest, width)
            lines.append((Cell(piece, tone),))
            rest = rest[len(piece) :]
            if not rest:
                break
    return lines


def _head(text: str, width: int) -> str:
    """As much of the text as fits; at least one character of it."""
    piece = text[:width]
    while len(piece) > 1 and Cell(piece).width > width:
        piece = piece[:-1]
    return piece
