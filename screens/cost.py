"""What recovery costs: each drill, each site and each application, and one of them with all its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens import cost_words as words
from screens.actions import Place, bindings
from screens.ages import age, moment_short
from screens.base import EstateScreen
from screens.capacity import AGAIN_S
from screens.capacity_messages import CostItemRequested, CostRequested
from screens.capacity_words import NO_DATA
from screens.cells import Cell, Line, Tone, line_text, wrap
from screens.columns import Column, Measure, Row
from screens.messages import CopyRequested
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, lay_out
from screens.status import EMPTY, GLYPHS, LOADING
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.widgets.lines import Lines
from store.cost_view import CostItem, CostOf

RATES = "rates of [cost] in the configuration"
COLUMNS = (
    Column("Of", source=RATES),
    Column("Name", cut=14, source=RATES),
    Column("Began", rank=2, measure=Measure.MOMENT, source=RATES),
    Column("Cost", right=True, measure=Measure.NUMBER, source=RATES),
    Column("Per", source=RATES),
    Column("Budget", rank=1, source=RATES),
)


class CostScreen(TableScreen):
    PLACE = Place.COST
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.COST)]
    PANE = "runs"
    NOUN = "figures"
    SCOPE = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "cost", COLUMNS)
        self._asked = around.clock()

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        now = self.around.cost.now
        for item in now.items if now is not None else ():
            yield item.key, self.around.cost.version

    def row(self, key: str, scene: Scene) -> Row:
        now = self.around.cost.now
        item = now.item(key) if now is not None else None
        if now is None or item is None:
            raise LookupError(f"{key} has no cost")
        told, tone = words.total(item, now.currency)
        agreed, how = words.budget(item, now.currency)
        return (
            Cell(item.of.value),
            Cell(item.name),
            EMPTY if item.at is None else Cell(moment_short(scene.now, item.at), value=item.at.timestamp()),
            Cell(told, tone, value=None if item.known is None else float(item.known)),
            Cell("drill" if item.of is CostOf.DRILL else "month"),
            EMPTY if item.budget is None else Cell(f"{GLYPHS[how]} {agreed}", how),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        view = self.around.cost
        lines: list[Line] = []
        if view.trouble is not None:
            lines.append((Cell(f"{GLYPHS[Tone.BAD]} {view.trouble}", Tone.BAD),))
        if view.now is not None:
            title = f"What recovery costs; looked at {age(scene.now, view.now.at)} ago"
            lines.append((Cell(title, Tone.HEADING),))
            last = next((item for item in view.now.items if item.of is CostOf.DRILL), None)
            lines.append((_last_drill(last, view.now.currency, scene),))
        return (*lines, *self.view_lines(scene))

    def draw(self, scene: Scene) -> None:
        if (scene.now - self._asked).total_seconds() >= AGAIN_S:
            self._asked = scene.now
            self.post_message(CostRequested())
        super().draw(scene)

    def runs_changed(self) -> None:
        if self.around.cost.now is None and self.around.cost.trouble is None:
            self.post_message(CostRequested())  # asked for before anybody could look
        self.redraw()

    def opens(self, key: str) -> CostItemRequested:
        return CostItemRequested(key, self)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if self.around.cost.now is None:
            return () if self.around.cost.trouble else ((LOADING,),)
        text = "No data: there is no recovery plan, and no drill was run."
        return tuple((Cell(line, Tone.DIM),) for line in wrap(text, max(10, self.width - 1)))


def _last_drill(item: CostItem | None, currency: str | None, scene: Scene) -> Cell:
    if item is None or item.at is None:
        return Cell(f"The last drill: {NO_DATA}, none was run", Tone.DIM)
    told, tone = words.total(item, currency)
    return Cell(f"The last drill, {age(scene.now, item.at)} ago: {told}", tone)


class CostItemScreen(EstateScreen):
    """One figure with all its inputs."""

    PLACE = Place.COST_ITEM
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.COST_ITEM)]
    PANE = "runs"

    def __init__(self, around: Surroundings, key: str) -> None:
        super().__init__(around)
        self.key = key
        self.lines = Lines(id="lines", ascii_only=around.ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        return ((Cell(f"Cost of {self.key}", Tone.HEADING),),)

    def draw(self, scene: Scene) -> None:
        now = self.around.cost.now
        item = now.item(self.key) if now is not None else None
        gone: Sequence[Part] = (Note("There is no such figure any more.", Tone.UNKNOWN),)
        found = gone if now is None or item is None else tuple(parts(item, now.currency, scene))
        self.lines.show(lay_out(found, self.width - 1))

    def runs_changed(self) -> None:
        self.redraw()

    def move(self, how: str) -> None:
        self.lines.move(how, jump=self.around.jump_scroll)

    def do_copy(self) -> None:
        lines = [f"Cost of {self.key}", *(line_text(line).rstrip() for line in self.lines.lines)]
        self.post_message(CopyRequested("\n".join(lines), f"{lines[0]}, {len(lines)} lines"))


def parts(item: CostItem, currency: str | None, scene: Scene) -> Iterable[Part]:
    told, tone = words.total(item, currency)
    yield Fact("Cost", Cell(f"{GLYPHS[tone]} {told}" if tone in GLYPHS else told, tone))
    yield Fact("Of", Cell(item.about))
    if item.at is not None:
        yield Fact("Began", Cell(scene.ago(item.at)))
    agreed, how = words.budget(item, currency)
    yield Fact("Budget", Cell(f"{GLYPHS[how]} {agreed}" if how in GLYPHS else agreed, how))
    yield Heading("Made of")
    for line in item.lines:
        if line.amount is None:
            inputs = f"{line.inputs}: " if line.inputs else ""
            yield Fact(line.label, Cell(f"{GLYPHS[Tone.UNKNOWN]} {NO_DATA}: {inputs}{line.why}", Tone.UNKNOWN))
        else:
            yield Fact(line.label, Cell(f"{words.money(line.amount, currency)} = {line.inputs}"))
