"""What the automatic failover goes by: its numbers, and one look at everything a decision rests on."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from store.auto_records import Answer, Arming, Condition
from store.readiness import Verdict

NEEDED = 2
"""So many of the three witnesses must be silent."""


class Rules(Struct, frozen=True):
    """``threshold_s``: silent for so long since it was first seen. ``probes``: and on so many probes in a row. Facts
    older than ``most_age_s`` count for nothing; ``pause_s`` between two probes is no row any more. At most ``brake``
    groups begin in ``brake_s`` seconds; ``veto_s`` is for a person to say no."""

    threshold_s: float = 300.0
    probes: int = 3
    most_age_s: float = 60.0
    pause_s: float = 150.0
    veto_s: float = 60.0
    brake: int = 3
    brake_s: float = 3600.0


class Finding(Struct, frozen=True):
    """One thing that was looked at. ``at`` None: it could not be."""

    verdict: Verdict
    evidence: str
    at: datetime | None = None


class Member(Struct, frozen=True):
    """The newest complete generation of a machine's replica. ``point_in_time``: when the source's disks were frozen,
    None where there is no complete one. ``active``: the replica serves, or ran last; the direction is turned."""

    name: str
    point_in_time: datetime | None
    active: bool
    evidence: str


class Replicas(Struct, frozen=True):
    """The replicas of a group as the DR site shows them. ``skew_s``: how far that clock is off; None: nobody knows."""

    members: tuple[Member, ...]
    skew_s: float | None
    at: datetime


class Look(Struct, frozen=True):
    """All that one decision rests on, at ``now``. ``site``: nobody else there answers. ``off`` are the machines that
    the hypervisor calls powered off, where it answers; None where it says nothing. ``fence``: the old side was proven
    unable to write. ``replicas`` None: they could not be read. ``prepared`` are the conditions for being armed that
    must still hold. ``fired``: so many groups began within the brake's time. ``vetoed_by``: who said no to this
    outage."""

    now: datetime
    answers: tuple[Answer, ...]
    gateway: Finding
    dr: Finding
    site: Finding
    fence: Finding
    window: Finding
    lease: Finding
    off: tuple[str, ...] | None = None
    replicas: Replicas | None = None
    arming: Arming | None = None
    prepared: tuple[Condition, ...] = ()
    fired: int = 0
    vetoed_by: str | None = None
