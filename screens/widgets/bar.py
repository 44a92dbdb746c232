"""The scroll bar of a table or a text, drawn by line: the toolkit's own costs more than all the rows beside it."""

from __future__ import annotations

from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from screens.widgets.drawing import Drawn

_PRESSED = ("scroll_up", "grab", "scroll_down")
"""What a press of the mouse does above the thumb, on it and below it: actions of the toolkit's bar."""


class Bar(ScrollBar, Drawn):
    """A vertical bar, one cell wide. Only how it is drawn differs from the toolkit's."""

    def __init__(self) -> None:
        self._drawn = (-1, -1)
        super().__init__(vertical=True, name="vertical", thickness=1)
        self.set_ascii(False)
        self.display = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        # The toolkit asks for it whenever a row comes or goes, though the thumb stands where it stood.
        if self._strips and not layout and self._thumb() == self._drawn:
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _thumb(self) -> tuple[int, int]:
        return thumb(self.size.height, self.window_virtual_size, self.window_size, self.position)

    def render_line(self, y: int) -> Strip:
        begin, end = self._drawn = self._thumb()
        return self._piece(0 if y < begin else 1 if y < end else 2)

    def _forget_styles(self) -> None:
        super()._forget_styles()
        self._pieces: dict[int, Strip] = {}

    def _piece(self, place: int) -> Strip:
        """A line above the thumb (0), of it (1), or below it (2)."""
        piece = self._pieces.get(place)
        if piece is None:
            styles = self._scrolled.styles
            rail, bar = styles.scrollbar_background.rich_color, styles.scrollbar_color.rich_color
            style = Style(color=bar, bgcolor=rail, reverse=place == 1, meta={"@mouse.down": _PRESSED[place]})
            piece = self._pieces[place] = Strip([Segment(" ", self.filtered(style))], 1)
        return piece

    @property
    def _scrolled(self) -> Widget:
        if not isinstance(self.parent, Widget):
            raise LookupError("a scroll bar is drawn as part of what it scrolls")
        return self.parent


def thumb(height: int, virtual: int, window: int, position: float) -> tuple[int, int]:
    """The first line of the thumb and the one behind its last, of a bar of ``height`` lines: it is at the upper end for
    the first lines only, and at the lower end for the last ones only. Nothing, where all is seen."""
    if window >= virtual or height <= 0:
        return 0, 0
    size = max(1, round(height * window / virtual))
    free = height - size
    begin = round(free * position / (virtual - window))
    if 0 < position < virtual - window and free > 1:
        begin = min(max(begin, 1), free - 1)
    return begin, begin + size
