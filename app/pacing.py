"""When the console draws what changed, and what it does between two keys: neither the line nor a key is to wait."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from store.turns import drawing

if TYPE_CHECKING:
    from app.terminal_app import TerminalApp
    from screens.base import EstateScreen

WORK_S, WORK_PAUSE_S = 0.004, 0.002
"""What is to be looked at is looked at for so long at a time, with so long for keys in between."""

MANY_CELLS, MANY_PAUSE_S = 20, 1.25
"""Where so many cells change at once, they are shown only so often: a line has other things to carry."""


class Pacing:
    """``shown`` gives the screen that the operator looks at; ``drawn`` is called after each drawing of changes."""

    def __init__(
        self, app: TerminalApp[int], shown: Callable[[], EstateScreen | None], drawn: Callable[[], None]
    ) -> None:
        self._app = app
        self._shown = shown
        self._drawn = drawn
        self._redraw_due = False
        self._may_draw_at = 0.0
        self._working = False
        self._settled = False

    @property
    def working(self) -> bool:
        """Whether something is still to be looked at between keys."""
        return self._working

    def changed(self) -> None:
        """The estate changed: it is shown as soon as it may be, many changes as one."""
        if not self._redraw_due:
            self._redraw_due = True
            wait = self._may_draw_at - time.monotonic()
            if wait > 0:
                self._app.set_timer(wait, self._show_changes)
            else:
                self._show_changes()

    def _show_changes(self) -> None:
        """Show what changed. The first change is shown at once; the next after a while that leaves the line and the
        keys nine tenths of the time."""
        began = time.monotonic()
        self._redraw_due = False
        shown = self._shown()
        with drawing():
            cells = shown.changed() if shown is not None else 0
        ended = time.monotonic()
        pause = max(self._app.appearance.gather_s, 9 * (ended - began), MANY_PAUSE_S if cells > MANY_CELLS else 0)
        self._may_draw_at = ended + pause
        self._drawn()
        self.work_soon()

    def redraw(self) -> None:
        """Show everything as it is now."""
        shown = self._shown()
        if shown is not None:
            shown.redraw()
        self._drawn()
        self.work_soon()

    def work_soon(self) -> None:
        """Go on, between keys, with what the screen has to look at; nothing goes on where nothing is left to do."""
        if not self._working:
            self._working = True
            self._app.set_timer(WORK_PAUSE_S, self._work)

    def _work(self) -> None:
        self._working = False
        shown = self._shown()
        if shown is None:
            return
        with drawing():
            done = shown.work(WORK_S)
        if not done:
            self.work_soon()
        elif not self._settled:
            self._settled = True
            gc.freeze()  # all that was looked at stays: it is not to be looked through for garbage over and over

    def tick(self) -> None:
        """Let the ages grow, and keep a sample of those that no device keeps."""
        shown = self._shown()
        if shown is not None and shown.is_active:
            with drawing():
                shown.tick()
        if shown is not None and shown.around.index.work(0):
            shown.around.samples.take(shown.around.scene())
