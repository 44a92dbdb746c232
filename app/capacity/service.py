"""Samples by themselves: once an hour of every device that nobody read lately, and of N_Port IDs and CPGs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.capacity.sampling import sample_all
from app.capacity.supply import ASKED
from store.errors import StoreError

if TYPE_CHECKING:
    from app.recovery.operations import Operations

FIRST_S, LOOK_S = 30.0, 300.0
EVERY = timedelta(minutes=55)
"""Where a sample of N_Port IDs or a CPG, which nobody else keeps, is younger than this, nothing is done; without Power
servers and 3PARs a sample of anything counts."""


class SampleService:
    """From :meth:`start` to :meth:`stop`; ``trouble`` is told once of each thing that goes wrong, on a thread."""

    def __init__(self, operations: Operations, trouble: Callable[[str], object]) -> None:
        self._operations = operations
        self._trouble = trouble
        self._told: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sample capacity", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, limit_s: float) -> None:
        """Begin nothing more; waits so long for what is under way. Never raises."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(limit_s)

    def _work(self) -> None:
        wait = FIRST_S
        while not self._stopped.wait(wait):
            wait = LOOK_S
            try:
                self.sample_if_due(datetime.now(UTC))
            except StoreError as error:
                self._say(f"no samples of capacity are kept: {error.message}")
            except Exception as error:  # its text may hold anything
                self._say(f"no samples of capacity are kept: a defect, {type(error).__name__}")

    def sample_if_due(self, now: datetime) -> int:
        """Keep samples where nobody did within the hour; returns how many. Waits; raises :class:`StoreError`."""
        from store.capacity_book import CapacityBook

        with closing(CapacityBook(self._operations.store.path)) as book:
            newest = book.newest()
            asked = [m.at for m in newest if m.series.kind in ASKED]
            last = max(asked or [m.at for m in newest], default=None)
            view = self._operations.store.view
            tells = bool(asked) or not (view.entries("system") or view.entries("storage"))
            if last is not None and now - last < EVERY and tells:
                return 0
            return sample_all(self._operations, book, now)[0]

    def _say(self, text: str) -> None:
        if text not in self._told and not self._stopped.is_set():
            self._told.add(text)
            self._trouble(text)
