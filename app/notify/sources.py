"""Where events come from: the journal of runs, the state of devices, the checks of LPARs. Each is looked at in turn.

A look that finds nothing new writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from app.notify import estate_events, replica_events, run_events
from app.notify.grouping import NEWS
from app.settings_records import Settings
from store.ledger import Ledger
from store.notices import Event, EventKind
from store.outbox import Outbox
from store.readiness_view import ReadinessView
from store.runs import Run, RunState
from store.view import EstateView

Clock = Callable[[], datetime]
ALIVE_S = 5.0
"""How often it is looked whether whoever acts for a run is still there: that a lease ran out is written nowhere."""

MANY = 2_000
"""So many entries of the journal are read at a time: there may be years of it that nobody was told of."""


def _utc() -> datetime:
    return datetime.now(UTC)


class RunSource:
    """The journal of runs. How far it was told is kept in the store, in the transaction that keeps the events: each is
    told once, whoever acted and whichever program looks."""

    def __init__(self, outbox: Outbox, ledger: Ledger, settings: Settings, clock: Clock = _utc) -> None:
        self._outbox = outbox
        self._ledger = ledger
        self._sites = {device.name: device.site for device in settings.devices}
        self._clock = clock
        self._looked = float("-inf")

    def look(self) -> None:
        """Raises StoreError."""
        while self._read_journal() == MANY:
            pass
        if time.monotonic() - self._looked >= ALIVE_S:
            self._looked = time.monotonic()
            self._look_for_interrupted()

    def _read_journal(self) -> int:
        """Tell of the next entries; says how many they were."""
        after = self._outbox.told
        entries = self._ledger.journal(after=after, most=MANY)
        if not entries:
            return 0
        oldest, runs = self._clock() - NEWS, dict[str, Run]()
        found: list[tuple[datetime, Event]] = []
        for entry in entries:
            if entry.at < oldest or not run_events.wanted(entry):
                continue
            if entry.run not in runs:
                runs[entry.run] = self._ledger.run(entry.run)
            found += [(entry.at, event) for event in run_events.events_of(entry, runs[entry.run], self._sites)]
        self._outbox.tell(found, after, entries[-1].seq)
        return len(entries)

    def _look_for_interrupted(self) -> None:
        gone = [run for run in self._ledger.alive() if run.state is RunState.INTERRUPTED]
        # One that had come to wait for somebody was told of then.
        gone = [run for run in gone if self._ledger.standing(run.id)[0] is RunState.RUNNING]
        events = [run_events.interrupted(run, self._sites) for run in gone]
        if new := [event for event in events if not self._outbox.knows(event.key)]:
            self._outbox.post(new)


class DeviceSource:
    """The state of the devices in the view of the estate."""

    def __init__(self, outbox: Outbox, view: EstateView, clock: Clock = _utc) -> None:
        self._outbox = outbox
        self._view = view
        self._clock = clock
        self._before: dict[str, bool] = {}
        self._told = outbox.standing(EventKind.DEVICE_FAILING)

    def look(self) -> None:
        """Raises StoreError."""
        statuses = {status.name: status for status in self._view.devices()}
        now = estate_events.failing(statuses.values(), self._clock())
        told = [name for name in statuses if estate_events.device_target(name) in self._told]
        if turned := estate_events.turned(now, self._before, told):
            self._outbox.post([estate_events.device_event(statuses[name]) for name in turned])
        self._before |= now


class ReplicaSource:
    """The age of replicas, in the view of the estate, looked at every few seconds."""

    EVERY_S = 15.0

    def __init__(self, outbox: Outbox, view: EstateView, settings: Settings, clock: Clock = _utc) -> None:
        self._outbox = outbox
        self._view = view
        self._sites = {device.name: device.site for device in settings.devices}
        self._clock = clock
        self._before: dict[str, bool] = {}
        self._told = outbox.standing(EventKind.REPLICATION_LATE)
        self._looked = float("-inf")

    def look(self) -> None:
        """Raises StoreError."""
        if time.monotonic() - self._looked < self.EVERY_S:
            return
        self._looked = time.monotonic()
        found = replica_events.newest(self._view.entries("vm"), self._clock())
        now = {uuid: each.late for uuid, each in found.items()}
        told = [uuid for uuid in now if replica_events.target(uuid) in self._told]
        if turned := estate_events.turned(now, self._before, told):
            sites = self._sites
            self._outbox.post([replica_events.event_of(found[u], sites.get(found[u].device, "")) for u in turned])
        self._before |= now


class ReadinessSource:
    """How LPARs stand, in the view of the checks."""

    def __init__(self, outbox: Outbox, view: ReadinessView, clock: Clock = _utc) -> None:
        self._outbox = outbox
        self._view = view
        self._clock = clock
        self._before: dict[str, bool] = {}
        self._facts = -1
        self._told = outbox.standing(EventKind.LPAR_NOT_READY)

    def look(self) -> None:
        """Raises StoreError."""
        facts, checked, covered = self._view.facts, self._view.now, self._view.covered
        if facts == self._facts or covered is None:
            return
        now = estate_events.standings(checked, self._clock())
        told = [name for name in now if estate_events.lpar_target(name) in self._told]
        if turned := estate_events.turned(now, self._before, told):
            self._outbox.post([estate_events.lpar_event(name, checked, covered.nominal) for name in turned])
        self._before |= now
        self._facts = facts
