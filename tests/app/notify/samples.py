"""Events, notices and messages for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from app.notify.message import Message
from store.notices import Delivery, DeliveryState, Event, EventKind, Notice, Severity

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def event(key: str = "k1", **more: Any) -> Event:
    made = Event(
        kind=EventKind.DEVICE_FAILING,
        severity=Severity.WARNING,
        site="paris",
        target=f"device:{key}",
        subject=f"{key} cannot be read",
        what=f"{key} (flasharray, fa.example.com:443) cannot be read: no answer in time",
        means="What it holds is not known. It may be up: unreachable is unknown, not down.",
        next=f"drdeck check {key}",
        key=key,
    )
    return replace(made, **more)


FAILOVER = event(
    "run:1:ended",
    kind=EventKind.FAILOVER_DONE,
    severity=Severity.NOTICE,
    site="",
    target="rcg:1:oradb between lyon and paris, run 1",
    subject="failover oradb SUCCEEDED",
    what="Run 1, failover oradb, succeeded; 9 of 9 steps are settled.",
    means="The other side can be written now.",
    next="drdeck runs show 1",
)


def notice(number: int = 1, seconds: float = 0.0, of: Event | None = None, count: int = 1) -> Notice:
    at = AT + timedelta(seconds=seconds)
    return Notice(number, at, at, count, of or event(f"k{number}"))


def waits(number: int = 1, seconds: float = 0.0, of: Event | None = None, **more: Any) -> Delivery:
    return replace(Delivery(notice(number, seconds, of), "ops", DeliveryState.WAITING), **more)


def message(*notices: Notice, **more: Any) -> Message:
    told = notices or (notice(),)
    first = told[0].event
    made = Message("m" * 32, first.severity, first.kind, first.site, told, AT + timedelta(seconds=20))
    return replace(made, **more)
