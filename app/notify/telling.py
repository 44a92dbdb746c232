"""What schedules and the watch of automatic failover have operators told, where the configuration names a channel."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from app.notify import auto_events, schedule_events
from app.notify.post import Event, post
from store.errors import StoreError

if TYPE_CHECKING:
    from app.recovery.auto.watch import Told
    from app.recovery.operations import Operations
    from app.timetable.notices import Notice

T = TypeVar("T")
_log = logging.getLogger("drdeck.notify")


def of_schedules(operations: Operations) -> Callable[[Notice], None]:
    """Tells of what became of schedules. May be called from any thread; never raises."""
    return _told(operations, schedule_events.event_of)


def of_watch(operations: Operations) -> Callable[[Told], None]:
    """Tells of what the watch of automatic failover sees, likewise."""
    settings = operations.settings
    sites = {group.name: group.source_site for group in settings.auto.groups}
    return _told(operations, lambda told: auto_events.event_of(told, sites.get(told.group, "")))


def _told(operations: Operations, event_of: Callable[[T], Event]) -> Callable[[T], None]:
    def tell(what: T) -> None:
        if not operations.settings.notifications:
            return
        try:
            post(operations.ledger, event_of(what))
        except StoreError:
            _log.exception("an event could not be kept")

    return tell
