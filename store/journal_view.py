"""The newest entries of the journal in memory, as the Audit screen shows them: fed by whoever reads the store.

Written by one thread and read by others: what is read is replaced, never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from store.runs import Entry

MOST = 5_000
"""So many of the newest entries are kept; ``drdeck audit export`` has all."""


class JournalView:
    """``read_at`` is when the journal was read (UTC), None: not yet. ``total`` says how many entries there are."""

    def __init__(self) -> None:
        self.version = 0
        self.read_at: datetime | None = None
        self.total = 0
        self._entries: tuple[Entry, ...] = ()

    def take(self, later: Sequence[Entry], at: datetime) -> None:
        """Take over entries behind those that are known, the oldest first."""
        if later:
            self._entries = (*reversed(later), *self._entries)[:MOST]
            self.total = later[-1].seq
            self.version += 1
        self.read_at = at

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The newest first."""
        return self._entries

    def get(self, seq: int) -> Entry | None:
        """The entry of that number, where it is among the newest."""
        at = self.total - seq
        found = self._entries[at] if 0 <= at < len(self._entries) else None
        return found if found is not None and found.seq == seq else None
