"""The history of failovers and drills of machines: what the watch saw and did, and what people began."""

from __future__ import annotations

from collections.abc import Iterable

from app.recovery.auto import by_people
from app.settings_records import Settings
from store import plan_runs
from store.auto import AutoStore
from store.auto_records import FailoverEvent
from store.ledger import Ledger
from store.replications import DRILL, FAILOVER
from store.runs import Run

VERBS = (FAILOVER, DRILL, plan_runs.DRILL, *plan_runs.VERBS)
MOST = 100
"""So many of the newest failovers and drills each."""


def runs(ledger: Ledger) -> list[Run]:
    """The newest runs that failed machines over or drilled that. Raises :class:`store.errors.StoreError`."""
    return [run for verb in VERBS for run in ledger.runs_of(verb, MOST)]


def events(
    settings: Settings, store: AutoStore, begun: Iterable[Run], group: str | None = None
) -> tuple[FailoverEvent, ...]:
    """The newest first; of one group, or of all. ``begun`` as of :func:`runs`. Raises StoreError."""
    every = store.events()
    sites = {device.name: device.site for device in settings.devices}
    automatic = {event.run for event in every if event.run}
    people = by_people.events(begun, settings.replications, settings.auto.groups, sites, automatic)
    seen = every if group is None else store.events(group)
    mine = (event for event in people if group is None or event.group == group)
    return tuple(sorted((*seen, *mine), key=lambda event: event.first_down, reverse=True))
