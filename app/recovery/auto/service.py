"""The watch of an open console: on a thread of its own, beside the runs and on their devices."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.recovery.auto import wiring
from app.recovery.operations import Operations
from store.auto import AutoStore


class WatchService:
    """Watches from :meth:`start` to :meth:`close`. ``say`` is told what people should know; from any thread."""

    def __init__(self, operations: Operations, say: Callable[[str], object], *, read_only: bool) -> None:
        self._store = AutoStore(operations.ledger.path)
        recovery = wiring.recovery(operations)
        self._watch = wiring.watch(operations, self._store, recovery, lambda told: say(told.text), read_only=read_only)
        self._thread = threading.Thread(target=self._watch.run, args=(say,), name="automatic failover", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Begin no further round. What is being failed over by then is waited for within the bound, and is after that
        a run to be resumed, of a group that stays latched. Never raises."""
        self._watch.stop()
        self._thread.join(timeout_s)
        self._store.close()
