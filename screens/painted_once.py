"""A screen that paints a change once, where the toolkit would paint it twice: for its layout, then for its content."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import Screen

Result = TypeVar("Result")


class PaintedOnce(Screen[Result]):
    """On a thin line a screen takes a second: one painting is all that it may cost."""

    def _on_timer_update(self) -> None:
        if self._layout_required and self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        super()._on_timer_update()
