"""The terminal's bell: it rings in every console that is open when something happens, and never later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.notify.records import ChannelKind, ChannelSettings
from store.outbox import Outbox


class Bell:
    """``ring`` rings this console's bell once."""

    def __init__(self, outbox: Outbox, channels: Sequence[ChannelSettings], ring: Callable[[], object]) -> None:
        self._outbox = outbox
        self._channels = tuple(channel for channel in channels if channel.kind is ChannelKind.BELL)
        self._ring = ring
        self._heard = outbox.newest

    def tick(self) -> None:
        """Ring once where anything is new that some bell is for."""
        if not self._channels or self._outbox.newest == self._heard:
            return
        new = self._outbox.notices(self._heard)
        self._heard = max(notice.id for notice in new)
        if any(channel.takes(notice.event) for notice in new for channel in self._channels):
            self._ring()
