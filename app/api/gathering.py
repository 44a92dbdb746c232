"""What the API answers from: lists of everything, made anew whenever the store changed, and what changed told on.

One thread looks at the store, once a second; whoever answers reads lists that are ready, and waits for nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from msgspec.structs import replace

from app.api import estate_rows, history_rows
from app.api.listing import Listing
from app.api.room import Room
from app.api.rows import Health
from app.plans.showing import shown
from app.settings_records import Settings
from store import plan_checks
from store.database import Store
from store.errors import StoreError
from store.ledger import Ledger
from store.records import DeviceHealth, DeviceStatus
from store.run_view import ALIVE
from store.runs import Run

LOOK_S = 1.0
_log = logging.getLogger("drdeck.api")

Told = Callable[[str, str, str], object]
"""Told of a change: the list, what happened (``added``, ``changed``, ``removed``), and the id."""


class Gathering:
    """``lists`` by name and ``health`` are as of the last look; ``runs`` are whole, by id."""

    def __init__(self, settings: Settings, store: Store, ledger: Ledger, room: Room, told: Told) -> None:
        self._settings = settings
        self._store, self._ledger, self._room = store, ledger, room
        self._told = told
        self._estate = estate_rows.EstateRows(store.view, {device.name: device.site for device in settings.devices})
        self._seq = -1
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="look at the store", daemon=True)
        self._version = version("drdeck")
        self.runs: Mapping[str, Run] = {}
        self.lists: Mapping[str, Listing] = {}
        self.health = self._health(0)

    def start(self) -> None:
        """Look once, then go on looking on a thread. Raises StoreError."""
        self.look()
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(LOOK_S * 5)

    def _follow(self) -> None:
        while not self._over.wait(LOOK_S):
            try:
                self.look()
            except StoreError as error:
                self._degrade(error.message)
            except Exception as error:  # whatever it is: what is answered would be old, and nobody would know
                _log.exception("the store could not be looked at")
                self._degrade(f"a defect, {type(error).__name__}: what is answered is old")

    def _degrade(self, why: str) -> None:
        self.health = replace(self.health, status="degraded", reasons=(why,))

    def look(self) -> None:
        """Take over what is in the store now. Raises StoreError."""
        self._store.follow()
        now, view = datetime.now(UTC), self._store.view
        entries = self._take_runs()
        kept = plan_checks.kept(self._store.path)
        lists = {
            "sites": estate_rows.sites(self._settings),
            "devices": estate_rows.devices(view.devices()),
            **self._estate.lists(),
            "plans": history_rows.plans(shown(self._settings, view, kept)),
            "checks": history_rows.checks(kept.values()),
            "runs": history_rows.runs(tuple(self.runs.values())),
            **self._room.lists(now),
        }
        before, self.lists = self.lists, lists
        self.health = self._health(entries)
        if before:
            for name, listing in lists.items():
                if listing is not before[name]:
                    for what, row in listing.changes(before[name]):
                        self._told(name, what, row)

    def _take_runs(self) -> int:
        """Take over the runs that changed; says how many entries the journal has."""
        newest = self._ledger.newest()
        changed = self._ledger.alive()  # that a lease ran out is written nowhere
        if newest != self._seq:
            changed += self._ledger.runs(max(self._seq, 0))
            self._seq = newest
        if any(self.runs.get(run.id) != run for run in changed):
            self.runs = {**self.runs, **{run.id: run for run in changed}}
        return newest

    def _health(self, entries: int) -> Health:
        statuses = self._store.view.devices()
        counts = Counter(status.health for status in statuses)
        read = [status.last_ok for status in statuses if status.last_ok is not None]
        reasons = self._reasons(statuses)
        return Health(
            status="degraded" if reasons else "ok",
            reasons=reasons,
            version=self._version,
            lab=self._settings.lab,
            twin_of=self._settings.twin,
            devices_ok=counts[DeviceHealth.OK],
            devices_partly_read=counts[DeviceHealth.PARTIAL],
            devices_failing=counts[DeviceHealth.FAILING],
            devices_never_read=counts[DeviceHealth.NEVER],
            oldest_reading=min(read) if read and len(read) == len(statuses) else None,
            runs_alive=sum(run.state in ALIVE for run in self.runs.values()),
            journal_entries=entries,
        )

    def _reasons(self, statuses: tuple[DeviceStatus, ...]) -> tuple[str, ...]:
        reasons = [self._store.view.trouble or ""]
        reasons += [f"{s.name}: {s.health}" for s in statuses if s.health is not DeviceHealth.OK]
        if self._estate.unreadable:
            reasons.append(f"{self._estate.unreadable} objects of the store cannot be read")
        return tuple(filter(None, reasons))
