"""What a screen is given: the view, the clock, and which console this is. It reaches for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from screens.scene import Index, Scene
from store.estate import Site
from store.view import EstateView


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the console itself has to say, apart from any device: a clock that was set, a late sweep."""

    at: datetime
    text: str


@dataclass(slots=True)
class Surroundings:
    """One for a console. ``clock`` gives UTC; ``ascii_only`` is for terminals without UTF-8; ``sweeping`` says whether
    devices are being read at all. ``drill``: what is done here is an exercise. ``jump_scroll``: on a slow line, where
    the cursor leaves the page, half a page is scrolled at once, not a line."""

    view: EstateView
    clock: Callable[[], datetime]
    sites: tuple[Site, ...] = ()
    lab: bool = False
    read_only: bool = False
    ascii_only: bool = False
    sweeping: Callable[[], bool] = field(default=lambda: False)
    notice: Notice | None = None
    drill: bool = False
    jump_scroll: bool = False
    _index: Index | None = None

    def scene(self) -> Scene:
        """The estate as it is now."""
        if self._index is None or self._index.version != self.view.version:
            self._index = Index(self.view)
        return Scene(self.view, self._index, self.clock(), self.sites)
