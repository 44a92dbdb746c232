"""Turns lines of cells into strips: the one place where a tone becomes a style and a glyph becomes ASCII."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from screens.cells import Line, Tone, fit
from screens.status import ASCII

TONE_CLASSES = {f"tone--{tone}" for tone in Tone}
REVERSE = Style(reverse=True)


class Drawn(Widget, can_focus=False):
    """A widget that draws lines of cells itself. Keys belong to the screen, so it takes no focus."""

    COMPONENT_CLASSES = TONE_CLASSES
    ascii_only = False

    def set_ascii(self, ascii_only: bool) -> None:
        """Draw in ASCII only; the scroll bar, which is drawn in block characters, goes too."""
        self.ascii_only = ascii_only
        if ascii_only:
            self.styles.scrollbar_size_vertical = 0

    def tone_style(self, tone: Tone) -> Style:
        """The style of a tone, from the style sheet."""
        return self.rich_style if tone is Tone.PLAIN else self.get_component_rich_style(f"tone--{tone}")

    def drawn_text(self, text: str) -> str:
        """A text as this terminal can show it."""
        return text.translate(ASCII) if self.ascii_only else text

    def strip_of(self, line: Line, width: int, *, reverse: bool = False) -> Strip:
        """A line in exactly ``width`` cells: padded, or cut where it does not fit."""
        segments = []
        left = width
        for cell in line:
            if left <= 0:
                break
            text = fit(cell.text, min(left, cell.width)) if cell.width > left else cell.text
            left -= min(left, cell.width)
            style = self.tone_style(cell.tone)
            segments.append(Segment(self.drawn_text(text), style + REVERSE if reverse else style))
        if left > 0:
            base = self.rich_style
            segments.append(Segment(" " * left, base + REVERSE if reverse else base))
        # Neighbours of one style become one: each change of style is sent to the terminal in full.
        return Strip(list(Segment.simplify(segments)), width)
