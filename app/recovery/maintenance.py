"""What maintenance means for a plan: it stands on every plan that it touches, and a recovery plan may ask for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from app.permits import Permits
from store import maintenance
from store.auto_records import Window
from store.database import Store
from store.runs import Guard, Plan

GUARD = "plan.maintenance"


def noted(plan: Plan, permits: Permits, store: Store, now: datetime | None = None) -> Plan:
    """The plan with the maintenance that touches it, open or to come, among its notes. Raises StoreError."""
    at = now or datetime.now(UTC)
    found = maintenance.touching(maintenance.windows(store.path, at), permits.sites_of(plan), names(plan))
    notes = tuple(f"{words[0].upper()}{words[1:]}" for words in (maintenance.words(each, at) for each in found))
    return replace(plan, notes=(*notes, *plan.notes)) if notes else plan


def names(plan: Plan) -> frozenset[str]:
    """The names that maintenance may be about: what it acts on, without its kind, and whatever its steps name."""
    found = {target.rpartition(":")[2] for target in plan.targets}
    for step in plan.steps:
        found |= {step.device, *_texts(json.loads(step.params))}
    return frozenset(found - {""})


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def asked_for(found: tuple[Window, ...], site: str, plan: Plan, now: datetime) -> Guard:
    """That maintenance is open at the site that a plan leaves: for one that is run in no other time."""
    open_ = [window for window in maintenance.touching(found, (site,), names(plan)) if window.open(now)]
    evidence = maintenance.words(open_[0], now) if open_ else f"no maintenance is open at {site}"
    words = f"the plan asks for maintenance at {site} while it is run as planned"
    return Guard(GUARD, words, bool(open_), evidence, now)
