"""What operators are told of, as the store keeps it: events, and what became of each on each channel.

Plain records; who is told in which words is the business of ``app.notify``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from store.record import Record


class Severity(StrEnum):
    """``NOTICE``: it went well, and somebody wants to know. ``MAJOR``: something does not work that recovery rests on.
    ``CRITICAL``: somebody has to act now."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    MAJOR = "major"
    CRITICAL = "critical"

    def reaches(self, least: Severity) -> bool:
        """Whether it is at least as grave as ``least``."""
        order = tuple(Severity)
        return order.index(self) >= order.index(least)


class EventKind(StrEnum):
    """What happened, by the word that stands in the configuration."""

    BREAK_GLASS = "break-glass"
    APPROVAL_ASKED = "approval-asked"
    RUN_BEGAN = "run-began"
    RUN_WAITS = "run-waits"
    RUN_SUCCEEDED = "run-succeeded"
    RUN_FAILED = "run-failed"
    RUN_ABORTED = "run-aborted"
    RUN_INTERRUPTED = "run-interrupted"
    STEP_FAILED = "step-failed"
    STEP_UNKNOWN = "step-unknown"
    FAILOVER_BEGUN = "failover-begun"
    FAILOVER_DONE = "failover-done"
    FAILOVER_FAILED = "failover-failed"
    AUTO_SUSPECT = "auto-failover-suspect"
    AUTO_WOULD_FIRE = "auto-failover-would-have-fired"
    AUTO_VETOED = "auto-failover-vetoed"
    AUTO_FIRED = "auto-failover-fired"
    SPLIT_BRAIN = "split-brain"
    DRILL_DUE = "drill-due"
    DRILL_OWES_CLEANUP = "drill-owes-cleanup"
    DEVICE_FAILING = "device-failing"
    DEVICE_BACK = "device-back"
    LPAR_NOT_READY = "lpar-not-ready"
    LPAR_READY = "lpar-ready"
    SNAPSHOT_DONE = "snapshot-done"
    SNAPSHOT_FAILED = "snapshot-failed"
    RETENTION_APPLIED = "retention-applied"
    REPLICATION_FAILED = "replication-failed"
    REPLICATION_LATE = "replication-late"
    REPLICATION_ON_TIME = "replication-on-time"
    SCHEDULE_MISSED = "schedule-missed"
    SCHEDULE_FAILED = "schedule-failed"
    SCHEDULE_DONE = "schedule-done"
    CHECK_FOUND = "check-found"
    ALERT = "alert"


ENDS: Mapping[EventKind, EventKind] = {
    EventKind.DEVICE_BACK: EventKind.DEVICE_FAILING,
    EventKind.LPAR_READY: EventKind.LPAR_NOT_READY,
    EventKind.REPLICATION_ON_TIME: EventKind.REPLICATION_LATE,
}
"""Kinds that tell the end of what another kind told of the same target. These two alternate: a trouble that lasts is
one event however often it is posted, over restarts and from several programs; an end without a beginning is none."""

AT_ONCE = frozenset(
    {
        EventKind.BREAK_GLASS,
        EventKind.APPROVAL_ASKED,
        EventKind.FAILOVER_BEGUN,
        EventKind.FAILOVER_DONE,
        EventKind.FAILOVER_FAILED,
        EventKind.AUTO_SUSPECT,
        EventKind.AUTO_WOULD_FIRE,
        EventKind.AUTO_VETOED,
        EventKind.AUTO_FIRED,
        EventKind.SPLIT_BRAIN,
        EventKind.RUN_WAITS,
        EventKind.RUN_INTERRUPTED,
        EventKind.ALERT,
    }
)
"""These wait for no others of their kind, and no window holds them back."""


class Event(Record, frozen=True):
    """One thing that operators are told of.

    ``site`` is the site it happened at, empty: none in particular. ``target`` is what it is about, as it is told from
    others (``device:fa-paris``, ``vm:<instanceUuid>``); ``subject`` is one short line, ``what`` happened and what it
    ``means`` are sentences, ``next`` is the key or command to use now. ``key`` names the occurrence: a second event of
    the same key is the same one and is only counted, so put into it what tells this occurrence from the next (the run,
    the outage's first moment). ``channel`` is the only one that it is for; empty: every one that takes it. None of the
    texts may hold a secret.
    """

    kind: EventKind
    severity: Severity
    site: str
    target: str
    subject: str
    what: str
    means: str
    next: str
    key: str
    channel: str = ""


class Notice(Record, frozen=True):
    """A kept event. ``at`` is when it was posted first (UTC), ``last_at`` last, ``count`` how often."""

    id: int
    at: datetime
    last_at: datetime
    count: int
    event: Event


class DeliveryState(StrEnum):
    """``GIVEN_UP``: it was tried for so long that it would be no news any more."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given up"


class Delivery(Record, frozen=True):
    """What became of a notice on one channel. ``batch`` is the id of the message that it is, or was last, part of.

    ``next_try`` is when it is tried again after a failure, for which ``reason`` has the words; of one that was sent
    ``reason`` says what the other side did not take. ``claimed`` is who is sending it now, until ``claimed_until``.
    All times UTC."""

    notice: Notice
    channel: str
    state: DeliveryState
    attempts: int = 0
    next_try: datetime | None = None
    sent_at: datetime | None = None
    reason: str | None = None
    batch: str | None = None
    claimed: str | None = None
    claimed_until: datetime | None = None
