"""Lines that scroll: the body of details and of the help. Only lines that changed and are visible are drawn again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.cells import Line
from screens.widgets.block import changed_region
from screens.widgets.drawing import TONE_CLASSES, Drawn


class Lines(ScrollView, Drawn, can_focus=False):
    """Shows lines and scrolls through them. The lines must be laid out for :attr:`inner_width`."""

    # The style sheet looks at the first base only: hence the order of the bases, and the classes named once more.
    COMPONENT_CLASSES = TONE_CLASSES
    DEFAULT_CSS = "Lines { overflow-x: hidden; }"

    def __init__(self, *, ascii_only: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_ascii(ascii_only)
        self.lines: tuple[Line, ...] = ()

    @property
    def inner_width(self) -> int:
        """The width that lines have, in terminal cells: a column is kept free for the scroll bar."""
        return max(1, self.container_size.width - 1)

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines; where it was scrolled to stays."""
        before, self.lines = self.lines, tuple(lines)
        width = self.inner_width
        size = Size(width, len(self.lines))
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
            return
        top = self.scroll_offset.y
        for y in range(top, min(len(self.lines), top + self.container_size.height)):
            if before[y] != self.lines[y]:
                self.refresh(changed_region(before[y], self.lines[y], y - top, width))

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        line = self.lines[index] if index < len(self.lines) else ()
        return self.strip_of(line, self.scrollable_content_region.width)

    def move(self, how: str, *, jump: bool = False) -> None:
        """Scroll: up, down, page_up, page_down, half_up, half_down, top or bottom. With ``jump`` a line up or down is
        half a page: every scroll sends the whole page, and a slow line cannot carry one for each line."""
        if jump:
            how = {"up": "half_up", "down": "half_down"}.get(how, how)
        height = max(1, self.container_size.height)
        half = max(1, height // 2)
        here = self.scroll_offset.y
        bottom = max(0, len(self.lines) - height)
        to = {
            "up": here - 1,
            "down": here + 1,
            "page_up": here - height,
            "page_down": here + height,
            "half_up": here - half,
            "half_down": here + half,
            "top": 0,
            "bottom": bottom,
        }[how]
        self.scroll_to(y=max(0, min(bottom, to)), animate=False, immediate=True)
