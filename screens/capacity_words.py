"""Capacity in words: amounts, whether the plans fit, and until when. For screens and commands. Pure.

What is lacking is rounded up and what is left is rounded down, in whole units: too little is never called enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

from screens.ages import size
from screens.cells import Tone
from store.capacity_records import Measured, Resource, Series
from store.capacity_view import Capacity, Headroom, PlanOutlook
from store.trends import COVERS, METHOD, Crossing, Lacking, Trend

NO_DATA = "no data"
GIB = 1 << 30


def whole(amount: float, unit: float = 1.0) -> int:
    """How many units an amount takes: rounded up, never cut off."""
    return math.ceil(round(amount / unit, 9))


def amount(series: Series, value: float) -> str:
    """A value with its unit."""
    match series.resource:
        case Resource.MEMORY | Resource.SPACE:
            return size(int(value)) if value >= 0 else f"-{size(int(-value))}"
        case Resource.CPU:
            return f"{value:,.10g} {'units' if series.kind == 'system' else 'vCPU'}"
        case Resource.REDUCTION:
            return f"{value:.1f} to 1"
        case _:
            return f"{value:,.10g}"


def lacking(series: Series, value: float) -> str:
    """So much is lacking: in whole GiB, tenths of a processing unit, whole processors and IDs, rounded up."""
    match series.resource:
        case Resource.MEMORY | Resource.SPACE:
            return f"{whole(value, GIB):,} GiB"
        case Resource.CPU if series.kind == "system":
            return f"{whole(value, 0.1) / 10:g} units"
        case Resource.CPU:
            return f"{whole(value):,} vCPU"
        case _:
            return f"{whole(value):,}"


def plan_line(plan: PlanOutlook, capacity: Capacity) -> tuple[str, Tone]:
    """One sentence: does it fit now beside all others, and until when."""
    if plan.fits is False:
        return f"plan {plan.plan} does not fit: {'; '.join(_short(plan.plan, capacity))}", Tone.BAD
    if plan.fits is None:
        more = f" and {len(plan.why) - 1} more" if len(plan.why) > 1 else ""
        return f"not known whether plan {plan.plan} fits: {plan.why[0]}{more}", Tone.UNKNOWN
    if plan.full is not None and plan.full.expected is not None:
        return f"plan {plan.plan} no longer fits from {dated(plan.full)}: {plan.where}", Tone.WARN
    if plan.lacking is not None:
        return f"plan {plan.plan} fits now; {lacking_days(plan.lacking)} for {capacity.until}", Tone.UNKNOWN
    if plan.full is None:
        return f"plan {plan.plan} needs nothing there that is counted", Tone.OK
    if plan.full.earliest is not None:
        words = f"though perhaps only until {plan.full.earliest}: {plan.where}"
        return f"plan {plan.plan} fits until {capacity.until}, {words}", Tone.WARN
    return f"plan {plan.plan} still fits on {capacity.until}", Tone.OK


def _short(plan: str, capacity: Capacity) -> Iterator[str]:
    for row in capacity.rows:
        if plan in row.by_plan and not row.fits:
            yield f"{row.resource} of {row.measured.name} lacks {lacking(row.measured.series, -row.left)}"


def dated(full: Crossing) -> str:
    """``2027-03-12 (between 2027-02-20 and 2027-04-30)``."""
    early, late = full.earliest or full.expected, full.latest
    until = f"and {late}" if late is not None else "and later than is looked"
    return f"{full.expected} (between {early} {until})"


def lacking_days(line: Lacking) -> str:
    return f"{NO_DATA}: {line.have} of {line.need} days of samples"


def until(row: Headroom, end: date) -> tuple[str, Tone]:
    """The last column: until when the needs of all plans fit."""
    if not row.fits:
        return "does not fit", Tone.BAD
    if isinstance(row.line, Lacking):
        return f"{NO_DATA} {row.line.have}/{row.line.need} d", Tone.UNKNOWN
    if row.full is None or (row.full.expected is None and row.full.earliest is None):
        return f"fits {end}", Tone.OK
    if row.full.expected is None:
        return f"perhaps {row.full.earliest}", Tone.WARN
    return f"full {row.full.expected}", Tone.WARN


def method_lines(line: Trend, series: Series) -> Iterator[tuple[str, str]]:
    """Method, interval and inputs of a forecast."""
    yield "Method", METHOD
    yield "Interval", f"meant to hold {100 * COVERS:.0f} of 100 times"
    yield "Inputs", f"the fullest of {line.samples} days, {line.first} to {line.last}, as {line.points} medians"
    ends = " to ".join(_a_day(series, slope) for slope in (line.slope_low, line.slope_high))
    yield "Slope", f"{_a_day(series, line.slope)} a day ({ends})"


def _a_day(series: Series, slope: float) -> str:
    if series.resource in (Resource.MEMORY, Resource.SPACE):
        return f"{slope / GIB:.3g} GiB"
    return f"{slope:.3g}"


def reduction_line(measured: Measured) -> str:
    return f"data reduction of {measured.name}: {amount(measured.series, measured.used)}"
