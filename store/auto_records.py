"""Automatic failover as the store keeps it: what witnesses answered, how each group stands, what was decided and why,
who armed it, and when nothing may happen.

Plain records; what they mean and how they come about is the recovery engine's. Times UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from store.readiness import Verdict
from store.record import Record


class AutoState(StrEnum):
    """How far the automatic failover of a group has come (procedures 6). ``FIRED`` lasts until it is armed anew."""

    OFF = "off"
    SHADOW = "shadow"
    ARMED = "armed"
    SUSPECT = "suspect"
    CONFIRMED = "confirmed"
    FIRING = "firing"
    FIRED = "fired"


LATCHED = frozenset({AutoState.FIRING, AutoState.FIRED})
"""In these nothing begins by itself."""


class Part(StrEnum):
    """The three witnesses of a site: the interface of its hypervisor, the replication link as the other site's array
    sees it, and a network path that does not use the console's uplink."""

    API = "api"
    LINK = "link"
    PATH = "path"


class Says(StrEnum):
    """What a witness says of the site. ``UNKNOWN``: nothing; it is not counted as silence."""

    UP = "answers"
    DOWN = "silent"
    UNKNOWN = "not known"


class Answer(Record, frozen=True):
    """What one witness said. ``at`` is when it was asked."""

    part: Part
    says: Says
    evidence: str
    at: datetime


class Tally(Record, frozen=True):
    """How often a witness was silent without a break. ``first_down``: the first time of that row; None: it is not."""

    part: Part
    misses: int = 0
    first_down: datetime | None = None
    last: Answer | None = None


class Condition(Record, frozen=True):
    """One condition of a failover, with what was seen at ``at``. What is not known counts as false."""

    id: str
    verdict: Verdict
    evidence: str
    at: datetime | None = None

    @property
    def holds(self) -> bool:
        return self.verdict is Verdict.HOLDS


class Standing(Record, frozen=True):
    """How a group stands. ``event`` is the outage that is under way and ``first_down`` when it was first seen;
    ``decided_at`` when every condition came to hold, from which the time for a veto counts.

    ``off`` are the machines that the hypervisor last called powered off, ``power_at`` when it said so. ``told`` is
    what was already alerted about this outage. ``watched_since``: looked at without a gap since then, ``at`` last.
    """

    group: str
    state: AutoState = AutoState.SHADOW
    tallies: tuple[Tally, ...] = ()
    event: str | None = None
    first_down: datetime | None = None
    decided_at: datetime | None = None
    off: tuple[str, ...] = ()
    power_at: datetime | None = None
    told: tuple[str, ...] = ()
    watched_since: datetime | None = None
    at: datetime | None = None
    note: str = ""


class EventKind(StrEnum):
    """What began a failover."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    TEST = "test"


class EventState(StrEnum):
    """What became of an outage, of a failover or of a test. The last five are its end."""

    SUSPECT = "suspect"
    CONFIRMED = "confirmed"
    FIRING = "failing over"
    TESTING = "under way"
    CLEARED = "over by itself"
    VETOED = "vetoed"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "not known"


class FailoverEvent(Record, frozen=True):
    """One outage of a group, or one failover or test of it: updated while it lasts, never one for each probe.

    ``site`` is where it was lost. ``source_power`` and ``replica_power`` are as last seen. ``run`` is the run that
    failed it over, ``result`` what came of it in words.
    """

    id: str
    group: str
    site: str
    kind: EventKind
    state: EventState
    trigger: str
    reason: str
    first_down: datetime
    fired_at: datetime | None = None
    ended_at: datetime | None = None
    source_power: str = ""
    replica_power: str = ""
    run: str | None = None
    result: str = ""
    vetoed_by: str | None = None
    vetoed_at: datetime | None = None


class Judgement(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"


class ShadowDecision(Record, frozen=True):
    """What the automatic failover would have done in an outage, and why. One for each outage: where it would have
    failed over, as it was when that was first so; else as it was last. ``ended_at``: the outage was over."""

    id: str
    group: str
    first_down: datetime
    decided_at: datetime
    would: bool
    conditions: tuple[Condition, ...]
    ended_at: datetime | None = None
    judgement: Judgement | None = None
    judged_by: str | None = None
    judged_at: datetime | None = None
    note: str = ""

    @property
    def words(self) -> str:
        """``would have failed over, because …``, or why not."""
        if self.would:
            because = "; ".join(c.evidence for c in self.conditions if c.holds)
            return f"would have failed over, because {because}"
        against = "; ".join(f"{c.id}: {c.evidence}" for c in self.conditions if not c.holds)
        return f"would not have failed over, because {against}"


class Arming(Record, frozen=True):
    """Two people's word that a group may fail over by itself until ``until``, and lose up to ``bound_s`` seconds.
    Nothing is armed before ``approved_at``."""

    id: int
    group: str
    bound_s: float
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    why: str = ""

    def valid(self, now: datetime) -> bool:
        return self.ended_at is None and self.approved_at is not None and self.until is not None and now < self.until


class Window(Record, frozen=True):
    """Maintenance of a site, or of one ``target`` there (a group, a machine, a device or another object by its name),
    from ``begins`` until ``ends``. ``zone`` is that of whoever planned it."""

    id: int
    site: str
    target: str | None
    begins: datetime
    ends: datetime
    reason: str
    by: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    zone: str = "UTC"

    @property
    def over_at(self) -> datetime:
        """When it ends, or was ended."""
        return self.ends if self.ended_at is None else min(self.ends, self.ended_at)

    def open(self, now: datetime) -> bool:
        return self.begins <= now < self.over_at

    def touches(self, sites: Collection[str], names: Collection[str]) -> bool:
        """Whether it is about one of these sites, all of it or one of the names."""
        return self.site in sites and (self.target is None or self.target in names)


class Claim(Record, frozen=True):
    """Who watches. ``epoch`` counts the holders: what an older one writes is refused."""

    holder: str
    epoch: int
    until: datetime
