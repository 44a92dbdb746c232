"""The reading of devices that the operator asked for: how far it has come is said until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screens.reading_now import ReadingNow
    from store.records import DeviceStatus


class AskedReading:
    """``say`` says a sentence where the operator looks."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._now: ReadingNow | None = None

    def begin(self, devices: Iterable[DeviceStatus], wanted: str | None) -> None:
        """One device, or all of them, is to be read now; ``devices`` as they are before that."""
        from screens.reading_now import ReadingNow

        self._now = ReadingNow({each.name: each for each in devices if wanted in (None, each.name)})

    def tell(self, devices: Iterable[DeviceStatus]) -> None:
        """Say how far it has come, if one goes on."""
        if self._now is not None:
            words, done = self._now.words(devices)
            self._say(words)
            if done:
                self._now = None
