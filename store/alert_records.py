"""Alerts as the store keeps them: what is wrong by the facts, who has it, who is told when, and rules and silences.

Plain records; how they come about is :mod:`app.alerts`'s. Times UTC, spans in seconds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from store.notices import Severity
from store.record import Record


class AlertKind(StrEnum):
    """What is wrong. ``SITE_SILENT``: no device of a site answers; whether it is dark is for people to say."""

    SITE_SILENT = "site-silent"
    DEVICE_FAILING = "device-failing"
    SWEEP_STALE = "sweep-stale"
    NOT_READY = "not-ready"
    RPO_LATE = "rpo-late"
    SPLIT_BRAIN = "split-brain"
    RUN_WAITS = "run-waits"
    RUN_FAILED = "run-failed"
    CLEANUP_OWED = "cleanup-owed"
    SCHEDULE_MISSED = "schedule-missed"
    NO_ROOM = "no-room"
    OVER_BUDGET = "over-budget"
    RULE = "rule"


class AlertState(StrEnum):
    """``PENDING``: it has not lasted long enough yet."""

    PENDING = "pending"
    OPEN = "open"
    RESOLVED = "resolved"


class Raised(Record, frozen=True):
    """What a fact says is wrong. ``key`` names the trouble, ``token`` this very sign of it: another token of the same
    key is counted. ``under`` are the sites whose silence explains it; ``root``: it is such a silence. It has to last
    ``hold_s`` seconds before it is an alert. ``site`` empty: it is at none in particular."""

    key: str
    kind: AlertKind
    severity: Severity
    site: str
    target: str
    subject: str
    what: str
    next: str
    token: str = ""
    under: tuple[str, ...] = ()
    root: bool = False
    hold_s: float = 0.0


class Alert(Record, frozen=True):
    """A trouble with what became of it. ``source``: whose facts raised it, and alone can resolve it. ``count``: how
    many signs of it there were since ``first_seen``; ``opened_at`` names this occurrence, None: it never lasted long
    enough."""

    fact: Raised
    source: str
    state: AlertState
    count: int
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.fact.key

    @property
    def open(self) -> bool:
        return self.state is AlertState.OPEN


class Ack(Record, frozen=True):
    """That ``owner`` has an alert until then. It is of one occurrence (``opened_at``), and no graver than ``severity``:
    one that comes again, or becomes worse, is nobody's."""

    owner: str
    by: str
    at: datetime
    until: datetime
    reason: str
    opened_at: datetime
    severity: Severity

    def holds(self, alert: Alert, now: datetime) -> bool:
        mine = alert.opened_at == self.opened_at and self.severity.reaches(alert.fact.severity)
        return mine and now < self.until


class Silence(Record, frozen=True):
    """Nobody is told of alerts of a ``site``, a ``kind`` and with a ``target`` that the pattern names (None: any) until
    it ends, which it always does. Critical ones are told all the same. ``window``: the maintenance that bounds it."""

    id: int
    site: str | None
    kind: AlertKind | None
    target: str | None
    begins: datetime
    ends: datetime
    reason: str
    by: str
    window: int | None = None
    ended_by: str | None = None

    def covers(self, alert: Alert, now: datetime) -> bool:
        fact = alert.fact
        return (
            self.begins <= now < self.ends
            and fact.severity is not Severity.CRITICAL
            and (self.site is None or fact.site == self.site)
            and (self.kind is None or fact.kind is self.kind)
            and (self.target is None or fnmatchcase(fact.target, self.target))
        )


class Condition(StrEnum):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    def holds(self, value: float, threshold: float) -> bool:
        match self:
            case Condition.ABOVE:
                return value > threshold
            case Condition.AT_LEAST:
                return value >= threshold
            case Condition.BELOW:
                return value < threshold
            case _:
                return value <= threshold


class Metric(StrEnum):
    """What a rule may be about; :data:`METRICS` says of what each is, and its unit."""

    RPO = "rpo"
    SWEEP_AGE = "sweep-age"
    DEVICES_FAILING = "devices-failing"
    LPARS_NOT_READY = "lpars-not-ready"
    RUN_WAITING = "run-waiting"


METRICS: dict[Metric, tuple[str, str]] = {
    Metric.RPO: ("how old the newest complete copy of a group or VM is", "s"),
    Metric.SWEEP_AGE: ("how long ago a device was read", "s"),
    Metric.DEVICES_FAILING: ("how many devices of a site cannot be read", ""),
    Metric.LPARS_NOT_READY: ("how many protected LPARs could not come back", ""),
    Metric.RUN_WAITING: ("how long a run has waited for somebody", "s"),
}


class Rule(Record, frozen=True):
    """A rule of the operator: an alert of ``severity`` wherever ``metric`` is so against ``threshold`` for
    ``duration_s`` seconds; ``site`` None: at every one."""

    id: int
    name: str
    metric: Metric
    condition: Condition
    threshold: float
    duration_s: float
    severity: Severity
    by: str
    at: datetime
    site: str | None = None

    @property
    def words(self) -> str:
        """``rpo > 900 s for 300 s: major``."""
        unit = METRICS[self.metric][1]
        amount = f"{self.threshold:g} {unit}".rstrip()
        where = f" at {self.site}" if self.site else ""
        lasting = f" for {self.duration_s:g} s" if self.duration_s else ""
        return f"{self.metric} {self.condition} {amount}{where}{lasting}: {self.severity}"


class EscalationStep(Record, frozen=True):
    """``wait_s`` seconds after nobody has a group of at least this ``severity``, ``target`` is told by ``channel``."""

    wait_s: float
    target: str
    channel: str
    severity: Severity


class Episode(Record, frozen=True):
    """Since when a group of alerts is nobody's, at its gravest, and which steps were told by their places.
    ``idle_since``: nothing of it waits since then."""

    group: str
    began: datetime
    severity: Severity
    told: tuple[int, ...] = ()
    idle_since: datetime | None = None
