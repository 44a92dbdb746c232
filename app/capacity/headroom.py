"""What is left at the recovery sites once all recovery plans run there together, and until when. Pure.

The plans are summed: each alone may fit where all of them together do not. What is used goes on as its own history
says (:mod:`app.capacity.forecast`); what the plans need stays as it is now.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from app.capacity.forecast import crossing, trend
from app.capacity.needs import Needs
from app.plans.records import RecoveryPlan
from store.capacity_records import Measured, Resource, Sample, Series
from store.capacity_view import Capacity, Headroom, PlanOutlook
from store.trends import Crossing, Lacking, Point

MONTHS = range(3, 13)
"""How far ahead it may be looked."""

_LATE = date.max


def days(months: int) -> int:
    """Days of so many months: rounded up, so that no look ahead is too short."""
    return math.ceil(months * 365.25 / 12)


def capacity(
    now: datetime,
    ahead_days: int,
    plans: Sequence[RecoveryPlan],
    needed: Needs,
    measured: Iterable[Measured],
    kept: Mapping[Series, Sequence[Sample]],
    sites: Mapping[str, str],
    recovery: Iterable[str],
    unread: Sequence[str] = (),
) -> Capacity:
    """``measured`` is the newest of each series, ``kept`` the samples of each day; ``sites`` is the site of each
    device, ``recovery`` are those that something comes back at. ``unread`` are plans whose files cannot be used."""
    wanted = {plan.target for plan in plans} | set(recovery)
    here = [each for each in measured if sites.get(each.device) in wanted]
    today = now.astimezone(UTC).date()
    rows = [
        _row(each, sites[each.device], needed, kept.get(each.series, ()), today, ahead_days)
        for each in here
        if each.total is not None
    ]
    rows.sort(key=lambda row: (row.site, row.measured.name, list(Resource).index(row.resource)))
    return Capacity(
        at=now,
        until=today + timedelta(days=ahead_days),
        rows=tuple(rows),
        plans=tuple(_outlook(plan, rows, needed, here) for plan in plans),
        unplaced=needed.unplaced,
        unread=tuple(unread),
        reductions=tuple(each for each in here if each.series.resource is Resource.REDUCTION),
    )


def _row(
    measured: Measured, site: str, needed: Needs, samples: Sequence[Sample], today: date, ahead_days: int
) -> Headroom:
    """The day that goes on is none of the history: its fullest hour may still come."""
    history = tuple(
        Point(sample.at.date(), sample.used) for sample in samples if sample.at.astimezone(UTC).date() < today
    )
    mine = needed.by_series.get(measured.series, ())
    line = trend(history, ahead_days)
    full = None
    if not isinstance(line, Lacking):
        limit = (measured.total or 0.0) - math.fsum(need.amount for need in mine)
        full = crossing(line, limit, today, today + timedelta(days=ahead_days))
    return Headroom(measured, site, mine, history, line, full)


def _outlook(plan: RecoveryPlan, rows: Sequence[Headroom], needed: Needs, here: Sequence[Measured]) -> PlanOutlook:
    mine = [row for row in rows if plan.name in row.by_plan]
    measured = {each.series for each in here}
    unseen = [
        f"{need.member}: how much of {series.resource} {series.key} has is not known"
        for series, each in needed.by_series.items()
        if series not in measured
        for need in each
        if need.plan == plan.name
    ]
    why = [f"{each.member}: {each.why}" for each in needed.unplaced if each.plan == plan.name] + unseen
    short = [row for row in mine if not row.fits]
    if short:
        worst = min(short, key=lambda row: row.left / row.total if row.total else 0.0)
        return PlanOutlook(plan.name, False, worst.full, where(worst), tuple(why))
    lacking = max((row.line for row in mine if isinstance(row.line, Lacking)), key=_gap, default=None)
    first = min((row for row in mine if row.full is not None), key=lambda row: _when(row.full), default=None)
    fits = None if why else True
    if first is None:
        return PlanOutlook(plan.name, fits, None, "", tuple(why), lacking)
    named = where(first) if first.full is not None and first.full.earliest is not None else ""
    return PlanOutlook(plan.name, fits, first.full, named, tuple(why), lacking)


def where(row: Headroom) -> str:
    """A resource of a system in words."""
    return f"{row.resource} of {row.measured.name}"


def _gap(line: Lacking) -> int:
    return line.need - line.have


def _when(full: Crossing | None) -> tuple[date, date]:
    return (_LATE, _LATE) if full is None else (full.expected or _LATE, full.earliest or _LATE)
