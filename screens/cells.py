"""The smallest pieces of a screen: a cell is a text with a tone; a line is cells side by side.

Nothing here knows how a tone looks: :mod:`screens.widgets.drawing` turns tones into styles, once for every screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from rich.cells import cell_len, set_cell_size


class Tone(StrEnum):
    """What a text means to the operator. Each status tone has its own shape (:data:`screens.status.GLYPHS`)."""

    PLAIN = "plain"
    DIM = "dim"
    HEADING = "heading"
    CURRENT = "current"
    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text with a tone. ``short`` is a shorter way to say the same, used where the width does not allow ``text``.

    ``value`` is what sorting and comparing go by, in the unit of the column's measure
    (:class:`screens.columns.Measure`); None: there is no value. ``aka`` holds further words by which a filter finds the
    cell. Neither is drawn, so cells that differ in them alone are equal.

    Control characters in a device's words become ``?``: they never reach the terminal."""

    text: str
    tone: Tone = Tone.PLAIN
    short: str | None = None
    value: float | None = field(default=None, compare=False)
    aka: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.text.isprintable():
            object.__setattr__(self, "text", "".join(char if char.isprintable() else "?" for char in self.text))

    @property
    def width(self) -> int:
        """Width in terminal cells, which is not the number of characters (wide glyphs take two)."""
        return width_of(self.text)

    def dimmed(self) -> Cell:
        return Cell(self.text, Tone.DIM, self.short, self.value, self.aka)

    def shortened(self) -> Cell:
        return self if self.short is None else replace(self, text=self.short, short=None)


Line = tuple[Cell, ...]
EMPTY_LINE: Line = ()
ELLIPSIS = "…"


def width_of(text: str) -> int:
    """The width of a text in terminal cells."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """``text`` in exactly ``width`` terminal cells: padded, or cut with an ellipsis that shows that it was cut."""
    length = width_of(text)
    if length <= width:
        return " " * (width - length) + text if right else text + " " * (width - length)
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1) + ELLIPSIS


def line_width(line: Line) -> int:
    return sum(cell.width for cell in line)


def line_text(line: Line) -> str:
    return "".join(cell.text for cell in line)


def wrap(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells, broken at spaces; a longer word is broken where it must be.

    Nothing is lost: joined without spaces, the lines hold every character that is not a space."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        current = word
        while cell_len(current) > width:
            head = _head(current, width)
            lines.append(head)
            current = current[len(head) :]
    if current:
        lines.append(current)
    return lines or [""]


def _head(text: str, width: int) -> str:
    """The longest start of ``text`` that fits ``width`` cells; at least one character, so that wrapping always ends."""
    taken = 0
    for index, char in enumerate(text):
        taken += cell_len(char)
        if taken > width:
            return text[: max(1, index)]
    return text
