"""Takes every colour out of what is drawn, and leaves bold, dim, underline and reverse."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class Colourless(LineFilter):
    """Nothing that passes sends a colour to the terminal, whatever theme or widget it came from."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.style is None else Segment(segment.text, _without_colour(segment.style), segment.control)
            for segment in segments
        ]


@lru_cache(maxsize=1024)
def _without_colour(style: Style) -> Style:
    # The meta data stays, which ``Style.without_color`` drops: by it the toolkit knows what the mouse points at.
    return Style(
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        reverse=style.reverse,
        strike=style.strike,
        link=style.link,
        meta=style.meta or None,
    )
