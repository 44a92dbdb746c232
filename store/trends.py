"""A trend as a line with an interval, and when it passes a limit: plain records. One method makes them all."""

from __future__ import annotations

import math
from datetime import date

from store.record import Record

METHOD = "Theil-Sen: median slope of all pairs; Kendall interval of the slope, quantiles of the residuals"
COVERS = 0.90
"""How often the value is meant to be within the interval."""

LEAST_DAYS, LEAST_SHARE = 30, 3
"""At least so many days of samples, and for a longer look ahead at least that part of it."""


def needed_days(ahead_days: int) -> int:
    """How many days of samples a look so far ahead takes."""
    return max(LEAST_DAYS, math.ceil(ahead_days / LEAST_SHARE))


class Point(Record, frozen=True):
    """The value of one day."""

    day: date
    value: float


class Lacking(Record, frozen=True):
    """Too little is known for a forecast: ``have`` days of ``need`` have a sample."""

    have: int
    need: int


class Trend(Record, frozen=True):
    """A line through the history: ``slope`` a day, between ``slope_low`` and ``slope_high``; ``level`` at the day
    ``middle``, with the residuals from ``below`` to ``above`` around it. ``samples`` days from ``first`` to ``last``
    went into it, as ``points`` medians."""

    slope: float
    slope_low: float
    slope_high: float
    level: float
    middle: date
    below: float
    above: float
    first: date
    last: date
    samples: int
    points: int

    def at(self, day: date) -> float:
        return self.level + self.slope * self._from_middle(day)

    def low(self, day: date) -> float:
        """The lower end of the interval."""
        return self.level + self.below + self.slope_low * self._from_middle(day)

    def high(self, day: date) -> float:
        """The upper end of the interval."""
        return self.level + self.above + self.slope_high * self._from_middle(day)

    def _from_middle(self, day: date) -> int:
        return (day - self.middle).days


class Crossing(Record, frozen=True):
    """From which day a limit is passed: ``expected``, at the earliest ``earliest``, at the latest ``latest``; None: not
    before the end of the look ahead."""

    expected: date | None
    earliest: date | None
    latest: date | None
