"""Which waiting deliveries of a channel make which message, and when. Pure.

Equal events (the same kind, severity and site) that come close together make one message that counts them. After it a
window holds back what follows of them, and then makes one message of all of it. A failover waits for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from store.notices import AT_ONCE, Delivery, Event
from store.outbox import Batch, GroupKey

GATHER_S = 10.0
"""How long the first of some equal events waits for the others: where a path fails, its devices fail one by one."""

FIRST_RETRY_S, MOST_RETRY_S = 30.0, 3600.0
GIVE_UP = timedelta(days=3)
"""What could not be sent for so long is given up."""

NEWS = timedelta(days=1)
"""What happened longer ago when somebody first looks at it is no news any more."""


def group(event: Event) -> GroupKey:
    """What makes events equal."""
    return (event.kind, event.severity, event.site)


def batches(
    waiting: Sequence[Delivery], last_sent: Mapping[GroupKey, datetime], now: datetime, window_s: float
) -> tuple[Batch, ...]:
    """The messages that are due, the oldest event first. ``last_sent``: when each group had its last message."""
    due = list(_again(waiting, now))
    for key, members in _groups(waiting, now).items():
        if _due_at(key, members, last_sent, now, window_s) <= now:
            due.append(Batch(_id(members), tuple(members)))
    return tuple(sorted(due, key=lambda batch: batch.deliveries[0].notice.id))


def next_due(
    waiting: Sequence[Delivery], last_sent: Mapping[GroupKey, datetime], now: datetime, window_s: float
) -> datetime | None:
    """When :func:`batches` finds something, unless something new is posted; None: never."""
    found = [each.next_try for each in waiting if each.next_try is not None and each.next_try > now]
    found += [now for each in waiting if each.batch is not None and (each.next_try is None or each.next_try <= now)]
    found += [_due_at(key, members, last_sent, now, window_s) for key, members in _groups(waiting, now).items()]
    return min(found, default=None)


def retry_at(attempts: int, now: datetime) -> datetime:
    """When something is tried again that has been tried ``attempts`` times: later each time, up to an hour."""
    return now + timedelta(seconds=min(FIRST_RETRY_S * 2.0 ** min(attempts - 1, 20), MOST_RETRY_S))


def _again(waiting: Iterable[Delivery], now: datetime) -> Iterable[Batch]:
    """Messages that may have been sent already: they go out once more as they were, so that the other side can tell."""
    known: dict[str, list[Delivery]] = {}
    for each in waiting:
        if each.batch is not None:
            known.setdefault(each.batch, []).append(each)
    for batch, members in known.items():
        if all(each.next_try is None or each.next_try <= now for each in members):
            yield Batch(batch, tuple(members), again=True)


def _groups(waiting: Iterable[Delivery], now: datetime) -> dict[GroupKey, list[Delivery]]:
    """What makes up new messages, by what is equal of it."""
    found: dict[GroupKey, list[Delivery]] = {}
    for each in waiting:
        if each.batch is None and (each.next_try is None or each.next_try <= now):
            found.setdefault(group(each.notice.event), []).append(each)
    return found


def _due_at(
    key: GroupKey, members: Sequence[Delivery], last_sent: Mapping[GroupKey, datetime], now: datetime, window_s: float
) -> datetime:
    # A clock that was set back must not hold up what was posted before that.
    first = min(now, *(each.notice.at for each in members))
    if members[0].notice.event.kind in AT_ONCE:
        return first
    gathered = first + timedelta(seconds=min(GATHER_S, window_s))
    last = last_sent.get(key)
    return gathered if last is None or last > now else max(gathered, last + timedelta(seconds=window_s))


def _id(members: Sequence[Delivery]) -> str:
    """The id of a message, by what it is made of and how often that was tried."""
    parts = [members[0].channel, *(f"{each.notice.id}:{each.attempts}:{each.notice.event.key}" for each in members)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
