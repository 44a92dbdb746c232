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
    _tone_styles: dict[Tone, Style]

    def set_ascii(self, ascii_only: bool) -> None:
        """Draw in ASCII only; the scroll bar, which is drawn in block characters, goes too. Every widget calls it once,
        as it is made."""
        self._tone_styles = {}
        self.ascii_only = ascii_only
        if ascii_only:
            self.styles.scrollbar_size_vertical = 0

    def tone_style(self, tone: Tone) -> Style:
        """The style of a tone, from the style sheet."""
        style = self._tone_styles.get(tone)
        if style is None:
            style = self.rich_style if tone is Tone.PLAIN else self.get_component_rich_style(f"tone--{tone}")
            self._tone_styles[tone] = style
        return style

    def notify_style_update(self) -> None:
        self._tone_styles = {}
        super().notify_style_update()

    def drawn_text(self, text: str) -> str:
        """A text as this terminal can show it."""
        return text.translate(ASCII) if self.ascii_only else text

    def strip_of(self, line: Line, width: int, *, reverse: bool = False) -> Strip:
        """A line in exactly ``width`` cells: padded, or cut where it does not fit."""
        if reverse:
            # One style for all of it: shape and word tell the status, and each change of style is dear on a thin line.
            text = fit("".join(cell.text for cell in line), width)
            return Strip([Segment(self.drawn_text(text), self.tone_style(Tone.PLAIN) + REVERSE)], width)
        pieces: list[tuple[str, Style]] = []
        left = width
        for cell in line:
            if left <= 0:
                break
            text = fit(cell.text, min(left, cell.width)) if cell.width > left else cell.text
            left -= min(left, cell.width)
            pieces.append((text, self.tone_style(cell.tone)))
        pieces.append((" " * left, self.tone_style(Tone.PLAIN)))
        return Strip([Segment(self.drawn_text(text), style) for text, style in _joined(pieces)], width)


def _unseen(style: Style) -> bool:
    """Whether blanks look the same in this style as in none."""
    return not (style.reverse or style.underline or style.strike)


def _joined(pieces: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    """Neighbours of one style become one, and blanks take the style before them: each change of style is sent to the
    terminal in full, and nobody sees the style of a blank."""
    joined: list[tuple[str, Style]] = []
    for text, style in pieces:
        if not text:
            continue
        if joined and (joined[-1][1] == style or (text.isspace() and _unseen(joined[-1][1]))):
            joined[-1] = (joined[-1][0] + text, joined[-1][1])
            continue
        if joined and text[0] == " " and _unseen(joined[-1][1]) and _unseen(style):
            # Blanks in front, as of a number that is set to the right, go to the style before them too.
            bare = text.lstrip(" ")
            joined[-1] = (joined[-1][0] + " " * (len(text) - len(bare)), joined[-1][1])
            text = bare
        joined.append((text, style))
    return joined
