"""Making the text of the metrics out of a store; a text is good for half a minute, however often it is asked for."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import UTC, datetime

from app.capacity import gather as capacity
from app.metrics.exposition import text
from app.metrics.gauges import Known, gauges
from app.plans.showing import shown
from app.settings_records import Settings
from app.timetable.chores import last_passed
from screens.index import Index
from screens.scene import Scene
from store import figures, plan_checks
from store.capacity_book import CapacityBook
from store.database import Store
from store.drills import DRILLING
from store.ledger import Ledger

GOOD_S = 30.0
AHEAD_DAYS = 183


class Metrics:
    """The metrics of one store, which belongs to the caller. :meth:`text` may be called from any thread."""

    def __init__(self, settings: Settings, store: Store, ledger: Ledger) -> None:
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._index = Index(store.view)
        self._lock = threading.Lock()
        self._made: tuple[float, str] | None = None

    def text(self) -> str:
        """In Prometheus' format. Raises :class:`store.errors.StoreError`."""
        with self._lock:
            if self._made is None or time.monotonic() - self._made[0] >= GOOD_S:
                self._made = time.monotonic(), text(gauges(self._known(datetime.now(UTC))))
            return self._made[1]

    def _known(self, now: datetime) -> Known:
        settings, store = self._settings, self._store
        store.follow()
        self._index.renew()
        replicated = tuple(one.shown for one in settings.replications)
        scene = Scene(store.view, self._index, now, settings.sites, replicated=replicated)
        with closing(CapacityBook(store.path)) as book:
            room = capacity.look(settings, store.view, book, AHEAD_DAYS, now)
        runs = [run for verb in DRILLING for run in self._ledger.runs_of(verb)]
        plans = shown(settings, store.view, plan_checks.kept(store.path))
        return Known(scene, plans, last_passed(runs), figures.read(store.path), room, settings.lab)
