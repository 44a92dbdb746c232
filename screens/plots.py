"""Small plots in text: how a value went over time, and which state held when. One to three lines, pure layout.

A curve is drawn in eighths of a line with block characters; a strip of states in the shapes of the status vocabulary.
A blank means that it is not known. In ASCII (:data:`screens.status.ASCII`) the blocks become darker characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from screens.ages import age, span
from screens.cells import Cell, Line, Tone, fit, wrap
from screens.status import GLYPHS, worst

BLOCKS = "▁▂▃▄▅▆▇█"
UNKNOWN = " "
MOST_CELLS = 72
"""A plot is no wider, however wide the terminal is: more cells would claim more than was sampled."""

LINES = 2


class Segment(Struct, frozen=True):
    """A value between two moments: ``first`` at ``begin``, going evenly to ``last`` at ``end``."""

    begin: datetime
    end: datetime
    first: float
    last: float


class Curve(Struct, frozen=True):
    """A value in seconds over time. ``target`` is what it should stay below (None: nothing is agreed); ``target_word``
    says what that is. Where no segment is, the value is not known; ``words`` are sentences below."""

    label: str
    begin: datetime
    end: datetime
    segments: tuple[Segment, ...]
    target: float | None = None
    target_word: str = ""
    words: tuple[str, ...] = ()
    source: str = ""


class Span(Struct, frozen=True):
    """A state between two moments: its word as the device gives it."""

    begin: datetime
    end: datetime
    word: str
    tone: Tone


class Track(Struct, frozen=True):
    """Which state one object had when. Where no span is, it is not known; ``words`` are the changes and what is not
    known."""

    label: str
    spans: tuple[Span, ...]
    words: tuple[str, ...] = ()


class Strip(Struct, frozen=True):
    """States of one or several objects over the same time, one line each."""

    begin: datetime
    end: datetime
    tracks: tuple[Track, ...]
    source: str = ""


Plot = Curve | Strip


def peaks(segments: Sequence[Segment], begin: datetime, end: datetime, cells: int) -> list[float | None]:
    """The highest value in each of ``cells`` equal parts of the time from ``begin`` to ``end``; None: not known."""
    found: list[float | None] = [None] * cells
    whole = (end - begin).total_seconds()
    if whole <= 0 or cells <= 0:
        return found
    for segment in segments:
        first = (segment.begin - begin).total_seconds() / whole * cells
        last = (segment.end - begin).total_seconds() / whole * cells
        for cell in range(max(0, int(first)), min(cells, int(last) + 1)):
            low, high = max(first, float(cell)), min(last, float(cell + 1))
            if low > high or (low == high and first != last):
                continue
            value = max(_at(segment, first, last, low), _at(segment, first, last, high))
            known = found[cell]
            found[cell] = value if known is None else max(known, value)
    return found


def _at(segment: Segment, first: float, last: float, place: float) -> float:
    if last <= first:
        return max(segment.first, segment.last)
    return segment.first + (segment.last - segment.first) * (place - first) / (last - first)


def bars(values: Sequence[float | None], top: float, lines: int = 1) -> list[str]:
    """One column for each value, ``lines`` high, ``top`` being the full height; the upper line first. A known value
    shows at least the lowest block, so that zero is not taken for *not known*; one above ``top`` is full."""
    steps = []
    for value in values:
        if value is None:
            steps.append(0)
        else:
            share = 0.0 if top <= 0 else min(1.0, max(0.0, value / top))
            steps.append(max(1, round(share * lines * len(BLOCKS))))
    rows = []
    for line in range(lines - 1, -1, -1):
        filled = [min(len(BLOCKS), step - line * len(BLOCKS)) for step in steps]
        rows.append("".join(BLOCKS[count - 1] if count > 0 else UNKNOWN for count in filled))
    return rows


def marks(spans: Sequence[Span], begin: datetime, end: datetime, cells: int) -> list[Tone | None]:
    """The tone that needs the operator most in each of ``cells`` parts, so that a short outage is never hidden."""
    found: list[Tone | None] = [None] * cells
    whole = (end - begin).total_seconds()
    if whole <= 0:
        return found
    for one in spans:
        first = (one.begin - begin).total_seconds() / whole * cells
        last = (one.end - begin).total_seconds() / whole * cells
        for cell in range(max(0, int(first)), min(cells, max(int(first) + 1, _ceiling(last)))):
            known = found[cell]
            found[cell] = one.tone if known is None else worst(known, one.tone)
    return found


def _ceiling(number: float) -> int:
    return int(number) if number == int(number) else int(number) + 1


def draw(plot: Plot, width: int, label_width: int) -> list[Line]:
    """The plot as lines of at most ``width`` cells, labels in front as those of facts, its words below."""
    room = max(10, width - label_width - 1)
    cells = min(MOST_CELLS, room)
    indent = Cell(" " * (label_width + 1))
    lines: list[Line] = []
    if isinstance(plot, Curve):
        for number, line in enumerate(_curve(plot, cells)):
            lines.append((_label(plot.label if number == 0 else "", label_width), *line))
        words = [*_told(plot), *plot.words]
    else:
        for track in plot.tracks:
            lines.append((_label(track.label, label_width), *_track(plot, track, cells)))
        several = len(plot.tracks) > 1
        words = [(f"{one.label}: " if several else "") + "; ".join(one.words) for one in plot.tracks if one.words]
    lines.append((indent, Cell(_axis(plot.begin, plot.end, cells), Tone.DIM)))
    for sentence in words:
        lines += [(indent, Cell(text, Tone.DIM)) for text in wrap(sentence, room)]
    return lines


def minute(now: datetime, then: datetime) -> str:
    """A moment in UTC to the minute, with its day where that is not today: as fine as a plot is."""
    there = then.astimezone(UTC)
    return f"{there:%H:%M} UTC" if there.date() == now.astimezone(UTC).date() else f"{there:%m-%d %H:%M} UTC"


def _label(text: str, width: int) -> Cell:
    return Cell(fit(text, width) + " ", Tone.DIM)


def _axis(begin: datetime, end: datetime, cells: int) -> str:
    """Where the time begins and ends, under the two ends of the plot."""
    left, right = f"{age(end, begin)} ago", "now"
    between = cells - len(left) - len(right)
    return f"{left}{' ' * between}{right}" if between > 0 else fit(left, cells)


def _curve(curve: Curve, cells: int) -> list[Line]:
    values = peaks(curve.segments, curve.begin, curve.end, cells)
    known = [value for value in values if value is not None]
    if not known:
        return [(Cell("not known", Tone.UNKNOWN),)]
    top = max(*known, curve.target or 0)
    late = [curve.target is not None and value is not None and value >= curve.target for value in values]
    lines: list[Line] = []
    for row in bars(values, top, LINES):
        line: list[Cell] = []
        for char, is_late in zip(row, late, strict=True):
            tone = Tone.BAD if is_late else Tone.PLAIN
            if line and line[-1].tone is tone:
                line[-1] = Cell(line[-1].text + char, tone)
            else:
                line.append(Cell(char, tone))
        lines.append(tuple(line))
    return lines


def _told(curve: Curve) -> list[str]:
    """The numbers of a curve in words: where it was highest, where it is now, and what it should stay below."""
    if not curve.segments:
        return []
    highest = max(curve.segments, key=lambda one: max(one.first, one.last))
    peak = max(highest.first, highest.last)
    when = highest.begin if highest.first >= highest.last else highest.end
    words = [f"highest {span(peak)}"]
    if when < curve.end - timedelta(minutes=1):
        words[0] += f", {age(curve.end, when)} ago"
    newest = max(curve.segments, key=lambda one: one.end)
    if newest.end >= curve.end:
        words.append(f"now {span(newest.last)}")
    if curve.target is not None:
        mark = GLYPHS[Tone.BAD] if peak >= curve.target else GLYPHS[Tone.OK]
        reached = "reached" if peak >= curve.target else "not reached"
        words.append(f"{mark} {curve.target_word} {span(curve.target)} {reached}")
    return ["; ".join(words)]


def _track(strip: Strip, track: Track, cells: int) -> Line:
    line: list[Cell] = []
    for tone in marks(track.spans, strip.begin, strip.end, cells):
        shown, char = (Tone.DIM, UNKNOWN) if tone is None else (tone, GLYPHS.get(tone, "·"))
        if line and line[-1].tone is shown:
            line[-1] = Cell(line[-1].text + char, shown)
        else:
            line.append(Cell(char, shown))
    return tuple(line)
