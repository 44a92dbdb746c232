"""From what the facts say to alerts: opened, counted, resolved. Pure, on any clock.

An alert is resolved by a fact alone: its source was looked at, and the trouble is not there any more. What could not be
looked at stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from store.alert_records import Alert, AlertState, Raised

FLAP = timedelta(minutes=5)
"""What comes again within this is the same occurrence: whoever has it has it still."""

GAP = timedelta(minutes=5)
"""What was not looked at for so long did not last meanwhile, as far as anybody knows."""

FRESH = timedelta(seconds=60)
"""How often it is kept that a trouble still lasts."""


class Look(Struct, frozen=True):
    """One look at the facts of a source. ``found`` is what is wrong, the same trouble any number of times; of the
    ``unknown`` keys nothing can be said now."""

    source: str
    found: tuple[Raised, ...]
    unknown: frozenset[str] = frozenset()


def fold(
    known: Mapping[str, Alert],
    look: Look,
    now: datetime,
    through: Callable[[Iterable[Raised]], Iterable[Raised]] = iter,
) -> dict[str, Alert]:
    """The alerts that are others than before, by their keys. ``known`` are all there are, of every source. ``through``
    hands the facts on one by one, and may give way to others between two."""
    changed: dict[str, Alert] = {}
    for fact in through(look.found):
        before = changed.get(fact.key) or known.get(fact.key)
        after = _raised(before, fact, look.source, now)
        if after is not before:
            changed[fact.key] = after
    there = {fact.key for fact in look.found}
    for key, alert in known.items():
        mine = alert.source == look.source and alert.state is not AlertState.RESOLVED
        if mine and key not in there and key not in look.unknown:
            changed[key] = replace(alert, state=AlertState.RESOLVED, resolved_at=now)
    return changed


def _raised(before: Alert | None, fact: Raised, source: str, now: datetime) -> Alert:
    if before is None or (before.state is AlertState.PENDING and now - before.last_seen > GAP):
        return _first(fact, source, now)
    if before.state is AlertState.RESOLVED:
        return _again(before, fact, source, now)
    alert = before
    if before.fact != fact:
        signs = before.count + (before.fact.token != fact.token)
        alert = replace(before, fact=fact, source=source, count=signs, last_seen=now)
    elif now - before.last_seen >= FRESH:
        alert = replace(before, last_seen=now)
    if alert.state is AlertState.PENDING and (now - alert.first_seen).total_seconds() >= fact.hold_s:
        return replace(alert, state=AlertState.OPEN, opened_at=now, last_seen=now)
    return alert


def _first(fact: Raised, source: str, now: datetime) -> Alert:
    if fact.hold_s > 0:
        return Alert(fact, source, AlertState.PENDING, 1, now, now)
    return Alert(fact, source, AlertState.OPEN, 1, now, now, opened_at=now)


def _again(before: Alert, fact: Raised, source: str, now: datetime) -> Alert:
    ended = before.resolved_at or before.last_seen
    if before.opened_at is None or not timedelta(0) <= now - ended <= FLAP:
        return _first(fact, source, now)
    return replace(
        before, fact=fact, source=source, state=AlertState.OPEN, count=before.count + 1, last_seen=now, resolved_at=None
    )
