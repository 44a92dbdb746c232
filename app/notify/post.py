"""How any part of drdeck has operators told of something: it posts an :class:`Event` and needs to know nothing else."""

from __future__ import annotations

from contextlib import closing
from typing import Protocol

from store.notices import Event, EventKind, Severity
from store.outbox import Outbox
from store.place import Place

__all__ = ["Event", "EventKind", "Severity", "post"]


class Stored(Protocol):
    """A store, ledger or outbox that is open."""

    path: Place


def post(store: Stored, *events: Event) -> int:
    """Keep events in the store's queue, durably; whichever console or scheduler runs on that store sends them, now or
    once there is one. Says how many are news: a second event of the same ``key``, and for kinds that have an end
    (:data:`store.notices.ENDS`) of the same target before that end, is only counted.

    Raises :class:`store.errors.StoreError` where the store fails: nothing was kept then."""
    with closing(Outbox(store.path, opened=True)) as outbox:
        return outbox.post(events)
