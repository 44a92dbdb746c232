"""What stands in the rows of notices and deliveries, and how it is read back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from store.notices import Delivery, DeliveryState, Event, EventKind, Notice, Severity
from store.times import from_text as moment

NOTICE = (
    "notice.id, notice.at, notice.last_at, notice.count, notice.kind, notice.severity, notice.site, notice.target, "
    "notice.subject, notice.what, notice.means, notice.next, notice.key, "
    "notice.only_channel"
)
DELIVERY = (
    "delivery.channel, delivery.state, delivery.attempts, delivery.next_try, delivery.sent_at, delivery.reason, "
    f"delivery.batch, delivery.claimed, delivery.claimed_until, {NOTICE}"
)


def notice_of(row: Any) -> Notice:
    """The record of the columns :data:`NOTICE`."""
    number, at, last_at, count, kind, severity, *texts = row
    return Notice(number, moment(at), moment(last_at), count, Event(EventKind(kind), Severity(severity), *texts))


def delivery_of(row: Any) -> Delivery:
    """The record of the columns :data:`DELIVERY`."""
    channel, state, attempts, next_try, sent_at, reason, batch, claimed, until, *notice = row
    times = (_maybe(next_try), _maybe(sent_at))
    found = notice_of(notice)
    return Delivery(found, channel, DeliveryState(state), attempts, *times, reason, batch, claimed, _maybe(until))


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
