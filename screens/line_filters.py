"""What is drawn passes through here on its way to the terminal: colours are taken out of it, all or the needless ones.

Bold, dim, underline and reverse stay, and so does the meta data, by which the toolkit knows what the mouse points at.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class Colourless(LineFilter):
    """No colour is sent, whatever theme or widget it came from."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [_restyled(segment, False) for segment in segments]


class Sparing(LineFilter):
    """The terminal's own text colour and background are not named: they are there anyway, and cost bytes each time."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [_restyled(segment, True) for segment in segments]


def _restyled(segment: Segment, coloured: bool) -> Segment:
    if segment.style is None:
        return segment
    return Segment(segment.text, _fewer_colours(segment.style, coloured), segment.control)


@lru_cache(maxsize=2048)
def _fewer_colours(style: Style, coloured: bool) -> Style:
    def kept(colour: RichColor | None) -> RichColor | None:
        return colour if coloured and colour is not None and not colour.is_default else None

    return Style(
        color=kept(style.color),
        bgcolor=kept(style.bgcolor),
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        reverse=style.reverse,
        strike=style.strike,
        link=style.link,
        meta=style.meta or None,
    )
