"""The lists of the operations room, out of the tables of one store."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from datetime import datetime

from app.api import history_rows, room_rows
from app.api.listing import Listing
from app.capacity import gather as capacity
from app.cost import gather as cost
from app.settings_records import Settings
from store.alerts import AlertStore
from store.auto import AutoStore
from store.capacity_book import CapacityBook
from store.database import Store
from store.incidents import IncidentStore
from store.infra import book
from store.ledger import Ledger

FIGURES_S = 30.0
"""How often capacity and cost are reckoned anew: what they rest on is read once a minute at most."""

AHEAD_DAYS = 183


class Room:
    """Looks at the tables beside the estate and the runs."""

    def __init__(self, settings: Settings, store: Store, ledger: Ledger) -> None:
        """Raises :class:`store.errors.StoreError`."""
        self._settings, self._store, self._ledger = settings, store, ledger
        self._figures: dict[str, Listing] = {}
        self._figured_at: float | None = None
        with ExitStack() as opened:
            self._auto = opened.enter_context(closing(AutoStore(store.path)))
            self._alerts = opened.enter_context(closing(AlertStore(store.path)))
            self._incidents = opened.enter_context(closing(IncidentStore(store.path)))
            self._capacity = opened.enter_context(closing(CapacityBook(store.path)))
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Never raises."""
        self._opened.close()

    def lists(self, now: datetime) -> dict[str, Listing]:
        """As the tables are now. Raises :class:`store.errors.StoreError`."""
        incidents = self._incidents.incidents()
        return {
            "maintenance": history_rows.windows(self._auto.windows(ended=True), now),
            "alerts": room_rows.alerts(self._alerts.alerts(), now),
            "incidents": room_rows.incidents(incidents, {each.id: self._incidents.runs(each.id) for each in incidents}),
            **self._slow(now),
        }

    def _slow(self, now: datetime) -> dict[str, Listing]:
        """What takes its time to reckon, as it was up to :data:`FIGURES_S` ago."""
        at = time.monotonic()
        if self._figured_at is None or at - self._figured_at >= FIGURES_S:
            settings, view = self._settings, self._store.view
            kept = book.read(self._store.path)
            self._figures = {
                "racks": room_rows.racks(kept),
                "infrastructure": room_rows.places(kept),
                "capacity": room_rows.capacity(capacity.look(settings, view, self._capacity, AHEAD_DAYS, now)),
                "cost": room_rows.cost(cost.look(settings, view, self._ledger, now)),
            }
            self._figured_at = at
        return self._figures
