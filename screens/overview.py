"""The overview: the sites side by side, and below them what changed last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens.actions import Place, bindings
from screens.base import HOW_TO_QUIT
from screens.briefing import briefing, briefing_lines
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.events import event_target
from screens.messages import DetailRequested
from screens.replications import Replications, without_copy
from screens.rows_events import COLUMNS, row
from screens.scene import Scene
from screens.sites_summary import AT_ONCE_S, COUNTING, sites_lines
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.widgets.block import Block
from store.records import Event

LAST_CHANGES = 100

AROUND_SITES = 7
"""Lines that the sites leave free: a blank, the title, the table's heading with three rows, the footer."""

SITES_LEAST = 9
"""Lines that the sites want at least, with a blank above them; one more where it was checked which LPARs are ready."""


class Overview(TableScreen):
    PLACE = Place.OVERVIEW
    PANE = "overview"
    NOUN = "changes"
    SCOPE = "device"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.OVERVIEW)]

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "last-changes", COLUMNS)
        self.sites = Block(id="sites", ascii_only=around.ascii_only)
        self._events: dict[str, Event] = {}

    def body(self) -> Sequence[Widget]:
        return (self.sites, self.table)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        trouble = ((Cell(scene.view.trouble, Tone.BAD),),) if scene.view.trouble is not None else ()
        return (*trouble, *self.view_lines(scene))

    def draw(self, scene: Scene) -> None:
        room = self.app.size.height - len(self.head.lines) - AROUND_SITES
        told: list[Line] = [(COUNTING,)]
        if scene.index.work(AT_ONCE_S):
            least = SITES_LEAST + (scene.readiness.now.at is not None)
            known = Replications(self.around.replicated, self.around.runs.standings)
            bare = [one.replicated.name for one in without_copy(scene, known) if one.standing.failed_over is None]
            owed = self.around.runs.owing.values()
            told = briefing_lines(briefing(scene, bare, owed), self.width, max(2, room - least))
        sites = sites_lines(scene, self.width, room - len(told) - 1)
        self.sites.show([*told, (), *sites, (), (Cell("Last changes", Tone.HEADING),)])
        super().draw(scene)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        self._events = {str(event.id): event for event in scene.view.events(limit=LAST_CHANGES)}
        return [(key, event.id) for key, event in self._events.items()]

    def row(self, key: str, scene: Scene) -> Row:
        return row(self._events[key], scene)

    def do_back(self) -> None:
        if self.listing.filter.text:
            super().do_back()
        else:
            self.say(HOW_TO_QUIT)

    def opens(self, key: str) -> DetailRequested | None:
        target = event_target(self._events[key], self.around.scene())
        return None if target is None else DetailRequested(*target)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return ((Cell("None yet.", Tone.DIM),),)
