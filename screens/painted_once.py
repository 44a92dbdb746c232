"""A screen that paints a change once, where the toolkit would paint it twice: for its layout, then for its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.geometry import Size
from textual.screen import Screen

Result = TypeVar("Result")


class StartScreen(Screen[object]):
    """What stands for an instant, before there is anything to show; ``painted`` is called as soon as it was painted.
    The toolkit paints it as it comes to the front, and would do so once more for what it asked for before that."""

    def __init__(self, id: str, painted: Callable[[], None]) -> None:
        super().__init__(id=id)
        self._painted: Callable[[], None] | None = painted
        self._settled = False

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        super()._refresh_layout(size, scroll)
        if self._painted is not None and self._size:
            self.call_later(self._painted)
            self._painted = None

    def _on_timer_update(self) -> None:
        if self._painted is None and not self._settled:
            self._settled = True
            self._layout_required = self._repaint_required = False
        super()._on_timer_update()


class PaintedOnce(Screen[Result]):
    """On a thin line a screen takes a second: one painting is all that it may cost."""

    def _on_timer_update(self) -> None:
        if self._layout_required and self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        super()._on_timer_update()
