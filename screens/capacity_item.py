"""One resource of one system of a recovery site: what is used, who needs what of it, and how it goes on, with method,
interval and inputs of the forecast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens import capacity_words as words
from screens import chart
from screens.actions import Place, bindings
from screens.base import EstateScreen
from screens.cells import Cell, Line, Tone, line_text, wrap
from screens.messages import CopyRequested
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, lay_out
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.widgets.lines import Lines
from store.capacity_records import Resource
from store.capacity_view import Capacity, Headroom
from store.trends import Lacking, Trend, needed_days

MONTHS_TOLD = (3, 6, 9, 12)
MOST_NEEDS = 40


class HeadroomScreen(EstateScreen):
    PLACE = Place.HEADROOM
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.HEADROOM)]
    PANE = "runs"

    def __init__(self, around: Surroundings, key: str) -> None:
        super().__init__(around)
        self.key = key
        self.lines = Lines(id="lines", ascii_only=around.ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        return ((Cell(self._title(), Tone.HEADING),),)

    def _row(self) -> Headroom | None:
        now = self.around.capacity.now
        return now.row(self.key) if now is not None else None

    def _title(self) -> str:
        row = self._row()
        return "Capacity" if row is None else f"{row.measured.name}, {row.site}: {row.resource}"

    def draw(self, scene: Scene) -> None:
        now, row = self.around.capacity.now, self._row()
        if now is None or row is None:
            self.lines.show(lay_out((Note("This is not measured any more.", Tone.UNKNOWN),), self.width - 1))
            return
        width = self.width - 1
        picture = drawn(row, now)
        told = [*lay_out(facts(row, now, scene), width), *chart.draw(picture, width)]
        legend = [line for text in chart.legend(picture) for line in wrap(text, width)] if row.history else []
        told += [(Cell(text, Tone.DIM),) for text in legend]
        self.lines.show([*told, *lay_out(outlook(row, now), width), *lay_out(needs(row), width)])

    def runs_changed(self) -> None:
        self.redraw()

    def move(self, how: str) -> None:
        self.lines.move(how, jump=self.around.jump_scroll)

    def do_copy(self) -> None:
        lines = [self._title(), *(line_text(line).rstrip() for line in self.lines.lines)]
        self.post_message(CopyRequested("\n".join(lines), f"{lines[0]}, {len(lines)} lines"))


def facts(row: Headroom, now: Capacity, scene: Scene) -> Iterable[Part]:
    series = row.measured.series

    def cell(value: float) -> Cell:
        return Cell(words.amount(series, value))

    yield Fact("Total", cell(row.total))
    yield Fact("Used", Cell(f"{cell(row.measured.used).text}, {scene.ago(row.measured.at)} by {row.measured.device}"))
    reduced = next((each for each in now.reductions if each.series.key == series.key), None)
    if reduced is not None and row.resource is Resource.SPACE:
        yield Fact("Data reduction", Cell(f"{words.amount(reduced.series, reduced.used)}, {scene.ago(reduced.at)}"))
    yield Fact("All plans need", cell(row.needed))
    left = f"{cell(row.left).text} left" if row.fits else f"{words.lacking(series, -row.left)} are lacking"
    tone = Tone.OK if row.fits else Tone.BAD
    yield Fact("Then", Cell(f"{GLYPHS[tone]} {left}", tone))


def needs(row: Headroom) -> Iterable[Part]:
    """Who needs how much of it, and how that is counted."""
    yield Heading("What the plans need of it")
    if not row.needs:
        yield Note("Nothing.", Tone.DIM)
    for need in row.needs[:MOST_NEEDS]:
        yield Fact(
            f"{need.plan} {need.member}", Cell(f"{words.amount(row.measured.series, need.amount)}: {need.words}")
        )
    if len(row.needs) > MOST_NEEDS:
        yield Note(f"and {len(row.needs) - MOST_NEEDS} more: drdeck capacity --json", Tone.DIM)


def outlook(row: Headroom, now: Capacity) -> Iterable[Part]:
    """The forecast in numbers, and what it was made of."""
    yield Heading("How it goes on")
    if isinstance(row.line, Lacking):
        yield Note(f"{words.lacking_days(row.line)} until {now.until}", Tone.UNKNOWN)
        return
    text, tone = words.until(row, now.until)
    yield Fact("Until", Cell(f"{GLYPHS[tone]} {text}", tone))
    if row.full is not None and row.full.expected is not None:
        yield Fact("Full", Cell(words.dated(row.full)))
    today = now.at.date()
    for months in MONTHS_TOLD:
        day = today + timedelta(days=words.whole(months * 365.25 / 12))
        spanned, need = (row.line.last - row.line.first).days + 1, needed_days((day - today).days)
        known = spanned >= need
        yield Fact(str(day), _then(row, row.line, day) if known else _unknown(Lacking(spanned, need)))
    for label, sentence in words.method_lines(row.line, row.measured.series):
        yield Fact(label, Cell(sentence))


def _unknown(line: Lacking) -> Cell:
    return Cell(f"{GLYPHS[Tone.UNKNOWN]} {words.lacking_days(line)}", Tone.UNKNOWN)


def _then(row: Headroom, line: Trend, day: date) -> Cell:
    """What is used on a day, and whether the plans fit beside that."""
    series, limit = row.measured.series, row.total - row.needed
    low, middle, high = (max(0.0, value) for value in (line.low(day), line.at(day), line.high(day)))
    told = f"{words.amount(series, middle)} used ({words.amount(series, low)} to {words.amount(series, high)})"
    if middle > limit:
        return Cell(f"{GLYPHS[Tone.BAD]} {told}, does not fit", Tone.BAD)
    tone, word = (Tone.WARN, "may not fit") if high > limit else (Tone.OK, "fits")
    return Cell(f"{GLYPHS[tone]} {told}, {word}", tone)


def drawn(row: Headroom, now: Capacity) -> chart.Chart:
    series = row.measured.series
    return chart.Chart(
        row.history,
        None if isinstance(row.line, Lacking) else row.line,
        row.total - row.needed,
        f"{words.amount(series, row.total - row.needed)}: all there is, without what the plans need",
        now.at.date(),
        now.until,
        lambda value: words.amount(series, value),
    )
