"""The overview: the sites side by side, and below them what changed last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.events import ScreenResume
from textual.widget import Widget

from screens.actions import Place, bindings
from screens.base import HOW_TO_QUIT, EstateScreen
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.events import event_target
from screens.head import trouble
from screens.messages import DetailRequested
from screens.rows_events import COLUMNS, row
from screens.scene import Scene
from screens.sites_summary import sites_lines
from screens.surroundings import Surroundings
from screens.widgets.block import Block
from screens.widgets.table import Table
from store.records import Event

LAST_CHANGES = 100

AROUND_SITES = 7
"""Lines that the sites leave free: a blank, the title, the table's heading with three rows, the footer."""


class Overview(EstateScreen):
    PLACE = Place.OVERVIEW
    PANE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.OVERVIEW)]

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.sites = Block(id="sites", ascii_only=around.ascii_only)
        self.table = Table(COLUMNS, id="table", ascii_only=around.ascii_only)
        self._events: dict[str, Event] = {}
        self._scene = around.scene()

    def body(self) -> Sequence[Widget]:
        return (self.sites, self.table)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        return trouble(scene, [(device, _rows(scene, device.name)) for device in scene.index.devices.values()], width)

    def draw(self, scene: Scene) -> None:
        self._scene = scene
        height = self.app.size.height - len(self.head.lines) - AROUND_SITES
        self.sites.show([*sites_lines(scene, self.width, height), (), (Cell("Last changes", Tone.HEADING),)])
        self._events = {str(event.id): event for event in scene.view.events(limit=LAST_CHANGES)}
        self.table.show(tuple(self._events), self._row, ((Cell("None yet.", Tone.DIM),),))

    def tick_body(self, scene: Scene) -> None:
        self._scene = scene
        self.table.tick()

    def _row(self, key: str) -> Row:
        return row(self._events[key], self._scene)

    def on_screen_resume(self, event: ScreenResume) -> None:
        self.table.remeasure()
        super().on_screen_resume(event)

    @property
    def row_selected(self) -> bool:
        return self.table.selected is not None

    def move(self, how: str) -> None:
        self.table.move(how)

    def do_back(self) -> None:
        self.say(HOW_TO_QUIT)

    def do_open(self) -> None:
        if self.table.selected is not None:
            self._open(self.table.selected)

    def on_table_opened(self, message: Table.Opened) -> None:
        self._open(message.key)

    def _open(self, key: str) -> None:
        target = event_target(self._events[key], self.around.scene())
        if target is None:
            self.say("There is nothing to open: neither the object nor its device is known any more.")
        else:
            self.post_message(DetailRequested(*target))


def _rows(scene: Scene, device: str) -> int:
    """How many rows of the panes a device has."""
    return sum(scene.index.count_by_device(kind)[device] for kind in ("lpar", "pgroup", "rcg", "vm"))
