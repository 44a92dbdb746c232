"""Capacity as the screens show it: what each system of the recovery sites has, what is used, what the recovery plans
need of it together, what is left, and how that goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct, field

from store.capacity_records import Measured, Resource
from store.record import Record
from store.trends import Crossing, Lacking, Point, Trend


class Need(Record, frozen=True):
    """What a member of a plan takes of one resource once it runs there; ``words`` say how that is counted."""

    plan: str
    application: str
    member: str
    amount: float
    words: str


class Unplaced(Record, frozen=True):
    """A member of which it is not known what it takes, or where."""

    plan: str
    application: str
    member: str
    why: str


class Headroom(Record, frozen=True):
    """One resource of one system, at ``site``. ``history`` are the days that were sampled; ``line`` the trend of what
    is used, or what is lacking for one; ``full`` says when what is left after the needs of all plans is used up."""

    measured: Measured
    site: str
    needs: tuple[Need, ...]
    history: tuple[Point, ...]
    line: Trend | Lacking
    full: Crossing | None

    @property
    def key(self) -> str:
        series = self.measured.series
        return f"{series.kind} {series.key} {series.resource}"

    @property
    def resource(self) -> Resource:
        return self.measured.series.resource

    @property
    def total(self) -> float:
        if self.measured.total is None:
            raise ValueError(f"{self.key} has no total")
        return self.measured.total

    @property
    def needed(self) -> float:
        """What all plans together need."""
        return math.fsum(need.amount for need in self.needs)

    @property
    def left(self) -> float:
        """What is left after all plans; below zero: so much is lacking."""
        return round(self.total - self.measured.used - self.needed, 6)

    @property
    def fits(self) -> bool:
        return self.left >= 0

    @property
    def by_plan(self) -> Mapping[str, float]:
        """What each plan needs."""
        found: dict[str, float] = {}
        for need in self.needs:
            found[need.plan] = found.get(need.plan, 0.0) + need.amount
        return found


class PlanOutlook(Record, frozen=True):
    """How a plan fits beside all others. ``full`` is when it no longer does, by what of ``where``; ``fits`` None: not
    known, ``why`` says what is lacking."""

    plan: str
    fits: bool | None
    full: Crossing | None
    where: str = ""
    why: tuple[str, ...] = ()
    lacking: Lacking | None = None


class Capacity(Record, frozen=True):
    """All of it, as of ``at`` (UTC), with a look ahead until ``until``. ``unplaced`` could not be counted; ``unread``
    are plans whose files cannot be used."""

    at: datetime
    until: date
    rows: tuple[Headroom, ...]
    plans: tuple[PlanOutlook, ...]
    unplaced: tuple[Unplaced, ...] = ()
    unread: tuple[str, ...] = ()
    reductions: tuple[Measured, ...] = ()

    def row(self, key: str) -> Headroom | None:
        return next((row for row in self.rows if row.key == key), None)


class CapacityView(Struct):
    """What the screens show; ``now`` None: it was not looked at yet, or, with ``trouble``, could not be."""

    version: int = 0
    now: Capacity | None = None
    trouble: str | None = None
    days_ahead: int = field(default=183)

    def take(self, found: Capacity) -> None:
        self.now, self.trouble = found, None
        self.version += 1

    def fail(self, trouble: str) -> None:
        self.trouble = trouble
        self.version += 1
