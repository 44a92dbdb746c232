"""How a value goes on: the median of the slopes between all pairs of samples (Theil and Sen), with an interval. Pure.

A third of the samples may be wrong without bending the line. The interval is made of two parts: the slopes that are as
likely as not by Kendall's statistic, with its variance widened by how much one residual says of the next one (a trend
that wanders is less certain than one that jitters), and the quantiles of the residuals. It is one method, and the only
one in this program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from store.trends import COVERS, Crossing, Lacking, Point, Trend, needed_days

MOST_POINTS = 60
"""Longer histories are taken in medians of equally long stretches for the slope: what a week repeats is gone then."""

LEAST_FILLED = 0.6
"""Of the days of a history so many must have a sample."""

_Z = 1.645
_STIFFEST = 0.97


def trend(history: Sequence[Point], ahead_days: int) -> Trend | Lacking:
    """The line through a history, for a look so many days ahead. One value for a day; in any order."""
    known = sorted(history, key=lambda point: point.day)
    need = needed_days(ahead_days)
    spanned = (known[-1].day - known[0].day).days + 1 if known else 0
    if spanned < need or len(known) < math.ceil(need * LEAST_FILLED):
        return Lacking(min(len(known), spanned), need)
    middle = known[0].day + timedelta(days=spanned // 2)
    points = _medians([((point.day - middle).days, point.value) for point in known], spanned)
    slopes = sorted((y2 - y1) / (x2 - x1) for n, (x1, y1) in enumerate(points) for x2, y2 in points[n + 1 :])
    slope = median(slopes)
    level = median(y - slope * x for x, y in points)
    low, high = _slopes(slopes, len(points), [y - level - slope * x for x, y in points])
    off = [point.value - level - slope * (point.day - middle).days for point in known]
    ordered = sorted(off)  # of the days, not of the medians: a single day must have room
    return Trend(
        slope=slope,
        slope_low=low,
        slope_high=high,
        level=level,
        middle=middle,
        below=_quantile(ordered, (1 - COVERS) / 2),
        above=_quantile(ordered, (1 + COVERS) / 2),
        first=known[0].day,
        last=known[-1].day,
        samples=len(known),
        points=len(points),
    )


def crossing(line: Trend, limit: float, today: date, until: date) -> Crossing:
    """When the value passes ``limit``, looked for day by day from ``today``; a day counts once it is beyond."""
    days = [today + timedelta(days=n) for n in range((until - today).days + 1)]

    def first(value: list[float]) -> date | None:
        return next((day for day, found in zip(days, value, strict=True) if found > limit), None)

    return Crossing(
        expected=first([line.at(day) for day in days]),
        earliest=first([line.high(day) for day in days]),
        latest=first([line.low(day) for day in days]),
    )


def _medians(points: Sequence[tuple[int, float]], spanned: int) -> list[tuple[float, float]]:
    """At most :data:`MOST_POINTS`, each the median of a stretch; stretches of whole weeks where one is long enough."""
    width = math.ceil(spanned / MOST_POINTS)
    if spanned >= 12 * 7:
        width = math.ceil(width / 7) * 7
    stretches: dict[int, list[tuple[int, float]]] = {}
    for x, y in points:
        stretches.setdefault((x - points[0][0]) // width, []).append((x, y))
    return [(median(x for x, _ in part), median(y for _, y in part)) for part in stretches.values()]


def _slopes(slopes: Sequence[float], count: int, residuals: Sequence[float]) -> tuple[float, float]:
    """The ends of the interval of the slope, of all slopes in order."""
    variance = count * (count - 1) * (2 * count + 5) / 18
    wide = _Z * math.sqrt(variance * _stretch(residuals))
    pairs = len(slopes)
    low = max(0, math.floor((pairs - wide) / 2))
    high = min(pairs - 1, math.ceil((pairs + wide) / 2))
    return slopes[low], slopes[high]


def _stretch(residuals: Sequence[float]) -> float:
    """By how much fewer samples these are than they seem, because each resembles the one before."""
    mean = sum(residuals) / len(residuals)
    off = [value - mean for value in residuals]
    whole = sum(value * value for value in off)
    if whole == 0:
        return 1.0
    alike = sum(a * b for a, b in pairwise(off)) / whole
    kept = min(_STIFFEST, max(0.0, alike))
    return (1 + kept) / (1 - kept)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(len(ordered) - 1, low + 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
