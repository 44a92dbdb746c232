"""A larger plot: what was used day by day, how it goes on with its interval, and the line that it must stay below. Pure
layout.

What was is full blocks; what is to come is shaded from the lower end of the interval to the upper one. In ASCII
(:data:`screens.status.ASCII`) the shade is a colon.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from msgspec import Struct

from screens.cells import Cell, Line, Tone, fit, width_of
from screens.plots import bars
from store.trends import Point, Trend

SHADE, LIMIT = "░", "─"
HEIGHT, WIDEST = 8, 120


class Chart(Struct, frozen=True):
    """``limit`` is what must not be passed, ``limit_word`` what that is; ``show`` writes a value of the axis."""

    history: tuple[Point, ...]
    line: Trend | None
    limit: float
    limit_word: str
    today: date
    until: date
    show: Callable[[float], str]


def draw(chart: Chart, width: int, height: int = HEIGHT) -> list[Line]:
    """The chart with both axes, at most ``width`` cells wide; nothing where no day is known."""
    if not chart.history:
        return []
    lowest, highest = _range(chart)
    labels = [chart.show(lowest + (highest - lowest) * (height - 1 - row) / (height - 1)) for row in range(height)]
    lead = max(width_of(label) for label in labels)
    cells = max(10, min(WIDEST, width - lead - 2))
    begin = min(point.day for point in chart.history)
    values, ends = _columns(chart, begin, cells)
    rows = bars([None if v is None else v - lowest for v in values], highest - lowest, height)
    limit_row = round((highest - chart.limit) / (highest - lowest) * (height - 1))
    lines = []
    for number, row in enumerate(rows):
        top = highest - (highest - lowest) * number / height
        bottom = highest - (highest - lowest) * (number + 1) / height
        drawn = "".join(_cell(char, end, bottom, top, number == limit_row) for char, end in zip(row, ends, strict=True))
        tone = Tone.WARN if number == limit_row else Tone.PLAIN
        lines.append((Cell(f"{labels[number]:>{lead}} │", Tone.DIM), Cell(drawn, tone)))
    return [*lines, (Cell(" " * (lead + 2)), Cell(_axis(chart, begin, cells), Tone.DIM))]


def _range(chart: Chart) -> tuple[float, float]:
    """The lowest and highest value that is drawn. The axis begins at nought where that costs at most half of it."""
    known = [point.value for point in chart.history] + [chart.limit]
    if chart.line is not None:
        known += [chart.line.low(chart.until), chart.line.high(chart.until)]
    low, high = min(known), max(known)
    low = 0.0 if low >= 0 and low < high / 2 else low - (high - low) * 0.1
    return low, high if high > low else low + 1.0


def _columns(chart: Chart, begin: date, cells: int) -> tuple[list[float | None], list[tuple[float, float] | None]]:
    """For each column the highest value that was, or the ends of the interval to come."""
    days = max(1, (chart.until - begin).days)
    values: list[float | None] = [None] * cells
    ends: list[tuple[float, float] | None] = [None] * cells
    for point in chart.history:
        place = min(cells - 1, (point.day - begin).days * cells // days)
        before = values[place]
        values[place] = point.value if before is None else max(before, point.value)
    for place in range(cells) if chart.line is not None else ():
        day = begin + (chart.until - begin) * (place + 1) // cells
        if day >= chart.today and chart.line is not None and values[place] is None:
            ends[place] = chart.line.low(day), chart.line.high(day)
    return values, ends


def _cell(char: str, end: tuple[float, float] | None, bottom: float, top: float, limit: bool) -> str:
    if end is not None and end[0] < top and end[1] > bottom:
        return SHADE
    return LIMIT if limit and char == " " else char


def _axis(chart: Chart, begin: date, cells: int) -> str:
    """The first day, today and the last one, where each is."""
    here = (chart.today - begin).days * cells // max(1, (chart.until - begin).days)
    left, middle, right = str(begin), "now", str(chart.until)
    text = list(fit(left, cells))
    if here >= len(left) + 1 and here + len(middle) < cells - len(right):
        text[here : here + len(middle)] = middle
    if cells >= len(left) + len(right) + 1:
        text[cells - len(right) :] = right
    return "".join(text)


def legend(chart: Chart) -> Sequence[str]:
    """What the shapes mean."""
    told = [f"█ used, the fullest of each day; {LIMIT} {chart.limit_word}"]
    return [*told, f"{SHADE} to come, between the ends of the interval"] if chart.line is not None else told
