"""How the console looks and how much it sends, and the changing of both while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.filter import LineFilter

from app.looks import Look, refusal, worn
from screens.line_filters import Colourless, Sparing
from screens.modes import modes
from screens.themes import MONOCHROME, PALETTES

if TYPE_CHECKING:
    from textual.app import App

    from app.line_speed import LineSpeed

GATHER_S = 0.2
SLOW_GATHER_S = 1.0
"""The least time between two redraws for changes: many changes at once become one."""


class Appearance:
    """The look of one App, which must be constructed but need not run yet."""

    def __init__(self, app: App[Any], look: Look, speed: LineSpeed) -> None:
        self._app = app
        self._look = look
        self._speed = speed
        self._theme = look.theme
        self._colourless, self._sparing = Colourless(), Sparing()
        self.slow_link = look.slow_link
        for palette in PALETTES.values():
            app.register_theme(palette.theme())
        # Before the App runs: a theme that is put on later is drawn over the first frame, and paid for twice.
        app.set_reactive(type(app).theme, self.worn)
        app.stylesheet.set_variables(app.get_css_variables())
        app.animation_level = "none"
        speed.decided = look.slow_link

    @property
    def worn(self) -> str:
        """The theme that is shown."""
        return worn(self._theme, slow_link=self.slow_link, no_colour=self._look.no_colour)

    def filters(self, usual: Sequence[LineFilter]) -> Sequence[LineFilter]:
        """What is drawn passes through these. The ``usual`` ones turn the terminal's own colours into others: where
        they are meant, that is wrong."""
        if self.worn == MONOCHROME:
            return (self._colourless,)
        return (self._sparing,) if PALETTES[self.worn].ansi else usual

    def set_theme(self, name: str) -> str | None:
        """Put on a theme; returns why it is refused."""
        reason = refusal(name, slow_link=self.slow_link, no_colour=self._look.no_colour)
        if reason is None:
            self._theme = name
            self._app.theme = self.worn
        return reason

    def set_slow_link(self, on: bool) -> None:
        """Send less, or as much as there is. Whoever decides is not offered it any more."""
        self.slow_link = on
        self._speed.decided = True
        self._app.theme = self.worn

    @property
    def gather_s(self) -> float:
        """The least time between two redraws for changes, in seconds."""
        return SLOW_GATHER_S if self.slow_link else GATHER_S


def title(sites: Iterable[str], *, lab: bool, drill: bool, twin: datetime | None = None) -> str:
    """The title of the terminal: which console this is, and of which sites."""
    words = [cell.text.partition(" ")[2] for cell in modes(lab=lab, drill=drill, twin=twin)]
    return " ".join(["drdeck", *words, *sites])


def slow_line_text(bytes_s: float) -> str:
    """What the console says once of a line that proves slow."""
    rate = f"{bytes_s / 1000:.0f} kB/s" if bytes_s >= 1000 else f"{bytes_s:.0f} B/s"
    return f"This line is slow (about {rate}). :slow on (or --slow-link) sends less"
