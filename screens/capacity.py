"""Whether all recovery plans together still fit at the recovery sites: each resource of each system, now and later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens import capacity_words as words
from screens.actions import Place, bindings
from screens.ages import age
from screens.capacity_messages import CapacityRequested, HeadroomRequested
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Column, Measure, Row
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS, LOADING
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from store.trends import Trend

MOST_PLANS = 5
"""So many plans are told of above the table, those first that need a look."""

AGAIN_S, SOON_S = 60, 10
"""After so many seconds what is shown is looked at anew; while no forecast is known the first samples may just come."""

SAMPLES = "samples of this store; the needs of all recovery plans"
COLUMNS = (
    Column("System", cut=10, source=SAMPLES),
    Column("Site", rank=3, source=SAMPLES),
    Column("Resource", source=SAMPLES),
    Column("Total", rank=2, right=True, measure=Measure.NUMBER, source=SAMPLES),
    Column("Used", rank=1, right=True, measure=Measure.NUMBER, source=SAMPLES),
    Column("Plans need", right=True, measure=Measure.NUMBER, source=SAMPLES),
    Column("Left", right=True, measure=Measure.NUMBER, source=SAMPLES),
    Column("Ahead", source=SAMPLES),
)


class CapacityScreen(TableScreen):
    PLACE = Place.CAPACITY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.CAPACITY)]
    PANE = "runs"
    NOUN = "resources"
    SCOPE = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "capacity", COLUMNS)
        self._asked = around.clock()

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        now = self.around.capacity.now
        for row in now.rows if now is not None else ():
            yield row.key, self.around.capacity.version

    def row(self, key: str, scene: Scene) -> Row:
        now = self.around.capacity.now
        row = now.row(key) if now is not None else None
        if now is None or row is None:
            raise LookupError(f"{key} is not measured")
        series = row.measured.series
        text, tone = words.until(row, now.until)

        def cell(value: float, tone: Tone = Tone.PLAIN) -> Cell:
            return Cell(words.amount(series, value), tone, value=value)

        return (
            Cell(row.measured.name),
            Cell(row.site),
            Cell(row.resource.value),
            cell(row.total),
            cell(row.measured.used),
            cell(row.needed) if row.needs else EMPTY,
            cell(row.left, Tone.PLAIN if row.fits else Tone.BAD),
            Cell(f"{GLYPHS[tone]} {text}", tone),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        view = self.around.capacity
        lines: list[Line] = []
        if view.trouble is not None:
            lines += _told(view.trouble, Tone.BAD, width)
        if view.now is not None:
            title = f"All recovery plans at once, until {view.now.until}; looked at {age(scene.now, view.now.at)} ago"
            lines.append((Cell(title, Tone.HEADING),))
            told = sorted(
                (words.plan_line(plan, view.now) for plan in view.now.plans), key=lambda each: _urgency(each[1])
            )
            for text, tone in told[:MOST_PLANS]:
                lines += _told(text, tone, width)
            if len(told) > MOST_PLANS:
                lines += _told(f"and {len(told) - MOST_PLANS} more plans: drdeck capacity", told[MOST_PLANS][1], width)
            for name in view.now.unread:
                lines += _told(f"plan {name} cannot be used and is not counted", Tone.BAD, width)
            if not view.now.plans:
                lines += _told("there is no recovery plan: nothing is needed", Tone.UNKNOWN, width)
        return (*lines, *self.view_lines(scene))

    def draw(self, scene: Scene) -> None:
        now = self.around.capacity.now
        foretold = now is not None and any(isinstance(row.line, Trend) for row in now.rows)
        if (scene.now - self._asked).total_seconds() >= (AGAIN_S if foretold else SOON_S):
            self._asked = scene.now
            self.post_message(CapacityRequested())
        super().draw(scene)

    def runs_changed(self) -> None:
        if self.around.capacity.now is None and self.around.capacity.trouble is None:
            self.post_message(CapacityRequested())  # asked for before anybody could look
        self.redraw()

    def opens(self, key: str) -> HeadroomRequested:
        return HeadroomRequested(key, self)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if self.around.capacity.now is None:
            return () if self.around.capacity.trouble else ((LOADING,),)
        text = "No data: no system at a recovery site was read yet that says what it has and uses."
        return tuple((Cell(line, Tone.DIM),) for line in wrap(text, max(10, self.width - 1)))


def _urgency(tone: Tone) -> int:
    return (Tone.BAD, Tone.WARN, Tone.UNKNOWN, Tone.OK).index(tone)


def _told(text: str, tone: Tone, width: int) -> list[Line]:
    """A sentence behind the shape of its tone, wrapped under itself."""
    first, *rest = wrap(text, max(10, width - 2))
    return [(Cell(f"{GLYPHS[tone]} {first}", tone),), *((Cell(f"  {line}", tone),) for line in rest)]
