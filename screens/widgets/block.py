"""A few lines that stand still (band, tabs, trouble, footer). Only a line that changed is drawn again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.strip import Strip

from screens.cells import Line
from screens.widgets.drawing import Drawn


class Block(Drawn):
    """Shows lines; as high as there are lines."""

    DEFAULT_CSS = "Block { height: auto; width: 100%; }"

    def __init__(self, lines: Sequence[Line] = (), *, ascii_only: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_ascii(ascii_only)
        self.lines: tuple[Line, ...] = tuple(lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines."""
        before, self.lines = self.lines, tuple(lines)
        # A layout that was asked for while the screen was still being laid out may have been lost.
        if len(before) != len(self.lines) or (self.size.width and self.size.height != len(self.lines)):
            self.refresh(layout=True)
            return
        for y, (old, new) in enumerate(zip(before, self.lines, strict=True)):
            if old != new:
                self.refresh(changed_region(old, new, y, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines)

    def render_line(self, y: int) -> Strip:
        line = self.lines[y] if y < len(self.lines) else ()
        return self.strip_of(line, self.size.width)


def changed_region(old: Line, new: Line, y: int, width: int) -> Region:
    """The part of a line from its first changed cell to its last; the whole rest where lengths differ."""
    x = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        x += after.width
    end = width
    if sum(cell.width for cell in old) == sum(cell.width for cell in new):
        end = sum(cell.width for cell in new)
        for before, after in zip(reversed(old), reversed(new), strict=False):
            if before != after or before.width != after.width:
                break
            end -= after.width
    return Region(x, y, max(1, min(end, width) - x), 1)
