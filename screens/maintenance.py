"""Maintenance: when work is done where. It holds automatic failover, bounds silences, and stands on every plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual.binding import BindingType

from screens import sources as src
from screens.actions import Place, bindings
from screens.ages import moment_short, until
from screens.auto_messages import WindowAsked
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Column, Measure, Row
from screens.scene import Scene
from screens.status import GLYPHS, LOADING
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from store.auto_records import Window

COLUMNS = (
    Column("Window", right=True, measure=Measure.NUMBER, source=src.AUTO),
    Column("State", source=src.AUTO),
    Column("Site", source=src.AUTO, field="site"),
    Column("Only", cut=10, source=src.AUTO),
    Column("From", rank=2, measure=Measure.MOMENT, source=src.AUTO),
    Column("Until", measure=Measure.MOMENT, source=src.AUTO),
    Column("There", rank=3, source=src.AUTO),
    Column("By", rank=1, cut=8, source=src.AUTO),
    Column("Why", cut=12, source=src.AUTO),
)
NONE = (
    "No maintenance is open or planned. N begins some: it holds automatic failover and stands on every plan it touches."
)


class MaintenanceScreen(TableScreen):
    PLACE = Place.MAINTENANCE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.MAINTENANCE)]
    PANE = "overview"
    NOUN = "windows"
    SCOPE = "site"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "maintenance", COLUMNS)

    def _windows(self, now: datetime) -> Iterable[Window]:
        return (window for window in self.around.auto.seen.windows if window.over_at > now)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        for window in self._windows(scene.now):
            yield str(window.id), (self.around.auto.version, int(scene.now.timestamp()))

    def row(self, key: str, scene: Scene) -> Row:
        found = next((each for each in self._windows(scene.now) if each.id == int(key)), None)
        if found is None:
            raise LookupError(f"maintenance {key} is over")
        opened = found.open(scene.now)
        state = f"{GLYPHS[Tone.WARN]} open" if opened else f"{GLYPHS[Tone.OFF]} {until(scene.now, found.begins)}"
        return (
            Cell(key, value=found.id),
            Cell(state, Tone.WARN if opened else Tone.OFF),
            Cell(found.site),
            Cell(found.target or "all of it"),
            Cell(moment_short(scene.now, found.begins), value=found.begins.timestamp()),
            Cell(f"{moment_short(scene.now, found.over_at)} UTC", value=found.over_at.timestamp()),
            _there(found),
            Cell(found.by),
            Cell(found.reason),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        count = len(list(self._windows(scene.now)))
        words = f"{count} maintenance window{'' if count == 1 else 's'} open or planned"
        return ((Cell(words, Tone.HEADING),), *self.view_lines(scene))

    def auto_changed(self) -> None:
        self.redraw()

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def opens(self, key: str) -> None:
        return None

    def nothing_further(self, key: str) -> str:
        return "That is all of it. X ends it before its time."

    def do_window_new(self) -> None:
        self.post_message(WindowAsked(None))

    def do_window_end(self) -> None:
        if self.table.selected is not None:
            self.post_message(WindowAsked(int(self.table.selected)))

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.auto.read:
            return ((LOADING,),)
        return tuple((Cell(text, Tone.DIM),) for text in wrap(NONE, max(10, self.width - 1)))


def _there(window: Window) -> Cell:
    """Its end on the clock of whoever planned it."""
    if window.zone == "UTC":
        return Cell("UTC", Tone.DIM)
    return Cell(f"until {window.over_at.astimezone(ZoneInfo(window.zone)):%H:%M} {window.zone}")
