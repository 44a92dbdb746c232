"""An App that knows its terminal: themes, slow lines, clipboard, suspension, and an end without a report of itself.

The console is one, the first run another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from textual.app import App
from textual.filter import LineFilter
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

import screens
from app import copying, terminal
from app.appearance import Appearance
from app.line_speed import LineSpeed
from app.looks import Look
from app.paths import state_dir
from screens.painted_once import StartScreen
from screens.themes import DEFAULT, PALETTES

Ending = TypeVar("Ending")

SETTLED_S, HELD_AT_MOST_S = 0.001, 0.5
"""How often it is looked whether a screen in front has drawn itself, and when it is painted in any case."""


class TerminalApp(App[Ending]):
    """``look`` is how it begins; ``named`` the title of the terminal, None: it is left alone. ``held`` screens have
    come to the front and not been painted yet."""

    CSS_PATH = Path(screens.__file__).with_name("drdeck.tcss")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "drdeck"

    def __init__(
        self,
        look: Look | None = None,
        named: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        look = look or Look()
        speed = LineSpeed()
        super().__init__(driver_class=terminal.driver_class(speed, named if look.titled else None))
        self.clock = clock
        self.failure: BaseException | None = None
        self.held = 0
        self._clipboard_way = look.clipboard
        self.appearance = Appearance(self, look, speed)

    async def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._paint_all)
        self.screen_change_signal.subscribe(self, self._hold, immediate=True)

    def _paint_all(self, resumed: App[object]) -> None:
        """After a stop the terminal shows what the shell left there."""
        self.refresh(layout=True)

    def delay_update(self, delay: float = 0.0) -> None:
        """The toolkit shows nothing for a twentieth of a second after a change of mode. Here :meth:`_hold` knows when
        the screen is complete."""

    def set_timer(self, *args: Any, **options: Any) -> Timer:
        timer = super().set_timer(*args, **options)
        # The toolkit leaves a timer out that is late when it is first looked at. Of one that fires once nothing is left
        # then: where threads keep the loop from running for a moment, what it was to do would never be done.
        timer._skip = False
        return timer

    def _hold(self, screen: Screen[object]) -> None:
        """Paint a screen that comes to the front when it has drawn itself, once: not as it was, nor empty."""
        self._begin_batch()
        self.held += 1
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                self.held -= 1
                self._end_batch()
                self.screen._on_timer_update()  # at once: the toolkit would wait for its next sixtieth of a second

        def settle() -> None:
            if held and any(w._repaint_required or w.message_queue_size for w in screen.walk_children(Widget)):
                self.set_timer(SETTLED_S, settle)
            else:
                self.call_later(release)

        # Behind what this screen is told of its coming to the front, what its widgets then must be painted for, and the
        # end of the screen that it replaces; in time even where it goes away before that.
        self.call_next(screen.call_later, settle)
        self.set_timer(HELD_AT_MOST_S, release)

    def get_default_screen(self) -> Screen[object]:
        return StartScreen("_default", self.painted)

    def painted(self) -> None:
        """The first frame is on its way to the terminal: what takes its time may begin."""

    # -------------------------------------------------------------------------------------------------- the look

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return PALETTES[DEFAULT].variables()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return self.appearance.filters(super().get_line_filters())

    def get_loading_widget(self) -> Widget:
        """Static text: an animated indicator sends bytes for as long as it stands."""
        return Static("being read …")

    # ----------------------------------------------------------------------------------------------- the terminal

    def copy(self, text: str, what: str) -> str:
        """Copy to the operator's clipboard, or save to a file where it cannot be; returns the sentence to show."""
        write = self._driver.write if self._driver is not None else lambda data: None
        return copying.copy(text, what, self._clipboard_way, write, state_dir(), self.clock())

    def copy_to_clipboard(self, text: str) -> None:
        self._clipboard = text
        self.copy(text, "the selection")

    def suspend_to_shell(self) -> str | None:
        """Give the terminal back to the shell, until ``fg``; returns why that cannot be."""
        reason = terminal.not_suspendable()
        if reason is None:
            super().action_suspend_process()
        return reason

    # ---------------------------------------------------------------------------------------------------- the end

    def _fatal_error(self) -> None:
        """End without the toolkit's report: it prints every local variable, and one may hold a secret."""
        self.failure = self.failure or self._exception
        self._close_messages_no_wait()
