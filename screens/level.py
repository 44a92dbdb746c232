"""One level below an object: a table of what belongs to it (:mod:`screens.levels`). Enter goes one further down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.head import trouble
from screens.infra_messages import BlastRequested, struck
from screens.levels import LevelRow, Ref, level
from screens.messages import DetailRequested, LevelRequested
from screens.scene import Scene
from screens.side_by_side import lay_out
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from store.records import DeviceStatus, Entry

LONG = 500
"""A level of more rows than this is made anew at most every :data:`LONG_S` seconds, however fast things change."""
LONG_S = 10.0


class LevelScreen(TableScreen):
    """``crumbs`` are the titles of the levels above, the outermost first."""

    PLACE = Place.LEVEL
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.LEVEL)]
    SCOPE = None

    def __init__(self, around: Surroundings, ref: Ref, crumbs: Sequence[str] = ()) -> None:
        self.ref = ref
        scene = around.scene()
        self._level = level(scene, ref)
        self._made_at: datetime = scene.now
        self._rows = {row.key: row for row in self._level.rows}
        self.crumbs = tuple(crumbs)
        super().__init__(around, ref.kind.replace(".", "-"), self._level.columns)

    @property
    def NOUN(self) -> str:  # type: ignore[override]  # noqa: N802 (a level has its own)
        return self._level.noun

    @property
    def title_now(self) -> str:
        """The crumb of this level."""
        return self._level.title

    def _renew(self, scene: Scene) -> None:
        if len(self._rows) > LONG and abs((scene.now - self._made_at).total_seconds()) < LONG_S:
            return
        self._level = level(scene, self.ref)
        self._made_at = scene.now
        self._rows = {row.key: row for row in self._level.rows}

    def redraw(self) -> None:
        self._renew(self.around.scene())
        super().redraw()

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        path = " › ".join((*self.crumbs, self._level.title, self._level.noun))
        seen = (Cell(f"   {self._level.seen}", Tone.DIM),) if self._level.seen else ()
        title: Line = (Cell(path, Tone.HEADING), *seen)
        notes = lay_out(self._level.notes, width)
        return (*trouble(scene, self._devices(scene), width), title, *notes, *self.view_lines(scene))

    def _devices(self, scene: Scene) -> list[tuple[DeviceStatus, int]]:
        names = dict.fromkeys(entry.device for entry in self._level.sources)
        return [(device, len(self._rows)) for name in names if (device := scene.device(name)) is not None]

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        return [(row.key, row.cells) for row in self._level.rows]

    def row(self, key: str, scene: Scene) -> Row:
        return self._rows[key].cells

    def opens(self, key: str) -> DetailRequested | LevelRequested | None:
        row: LevelRow = self._rows[key]
        return LevelRequested(row.opens) if row.opens is not None else None

    def nothing_further(self, key: str) -> str:
        detail = ": d shows all that is known of it" if self._rows[key].detail is not None else ""
        return f"Nothing stands below this row{detail}."

    def infra_changed(self) -> None:
        self.redraw()

    def do_blast(self, _: str = "") -> None:
        """What falls with the selected row, or with what it runs on."""
        row = self._rows[self.table.selected] if self.table.selected is not None else None
        node = None if row is None else row.strikes or struck(row.detail)
        if node is None:
            self.say("Nothing is known to run on this row.")
        else:
            self.post_message(BlastRequested(*node, asked_by=self))

    def do_detail(self) -> None:
        """What is known in full of the selected row, or else of the object that the rows belong to."""
        row = self._rows[self.table.selected] if self.table.selected is not None else None
        target = (row.detail if row is not None else None) or self._level.shows
        if target is None:
            self.say("There is no detail of this row.")
        else:
            self.post_message(DetailRequested(*target, asked_by=self))

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        return self._level.sources

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return tuple(lay_out(self._level.empty, self.width - 1))
