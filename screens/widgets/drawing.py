"""Turns lines of cells into strips: the one place where a tone becomes a style and a glyph becomes ASCII."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from screens.cells import Line, Tone, fit, width_of
from screens.status import ASCII

TONE_CLASSES = {f"tone--{tone}" for tone in Tone}
REVERSE = Style(reverse=True)


class Drawn(Widget, can_focus=False):
    """A widget that draws lines of cells itself. Keys belong to the screen, so it takes no focus."""

    COMPONENT_CLASSES = TONE_CLASSES
    ascii_only = False
    _tone_styles: dict[Tone, Style]
    _unseen_tones: dict[Tone, bool]

    def set_ascii(self, ascii_only: bool) -> None:
        """Draw in ASCII only; the scroll bar, which is drawn in block characters, goes too. Every widget calls it once,
        as it is made."""
        self._tone_styles, self._unseen_tones = {}, {}
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
        self._tone_styles, self._unseen_tones = {}, {}
        super().notify_style_update()

    def drawn_text(self, text: str) -> str:
        """A text as this terminal can show it."""
        return text.translate(ASCII) if self.ascii_only else text

    def strip_of(self, line: Line, width: int) -> Strip:
        """A line in exactly ``width`` cells: padded, or cut where it does not fit."""
        return self.strip_of_texts([(cell.text, cell.tone) for cell in line], width)

    def strip_of_texts(self, texts: Sequence[tuple[str, Tone]], width: int, *, reverse: bool = False) -> Strip:
        """Texts with their tones in exactly ``width`` cells. In ``reverse`` all of it has one style: shape and word
        tell the status, and each change of style is dear on a thin line."""
        if reverse:
            text = fit("".join(text for text, _ in texts), width)
            return Strip([Segment(self.drawn_text(text), self.tone_style(Tone.PLAIN) + REVERSE)], width)
        pieces: list[list[Any]] = []
        left = width
        for text, tone in texts:
            length = width_of(text)
            if length > left:
                text, length = fit(text, left), left
            left -= length
            self._add(pieces, text, tone)
        self._add(pieces, " " * left, Tone.PLAIN)
        return Strip([Segment(self.drawn_text(text), self.tone_style(tone)) for text, tone in pieces], width)

    def _add(self, pieces: list[list[Any]], text: str, tone: Tone) -> None:
        """Neighbours of one tone become one piece, and blanks join what stands before them: each change of style is
        sent to the terminal in full, and nobody sees the style of a blank."""
        if not text:
            return
        if not pieces:
            pieces.append([text, tone])
            return
        last = pieces[-1]
        if tone is last[1]:
            last[0] += text
            return
        if text[0] == " " and self._unseen(last[1]) and self._unseen(tone):
            bare = text.lstrip(" ")
            last[0] += " " * (len(text) - len(bare))
            text = bare
        if text:
            pieces.append([text, tone])

    def _unseen(self, tone: Tone) -> bool:
        """Whether blanks look the same in this tone as in any other."""
        found = self._unseen_tones.get(tone)
        if found is None:
            style = self.tone_style(tone)
            found = self._unseen_tones[tone] = not (style.reverse or style.underline or style.strike)
        return found
