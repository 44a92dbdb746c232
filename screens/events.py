"""The Events pane: what changed, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.messages import DetailRequested
from screens.pane import Pane
from screens.rows_events import COLUMNS, row
from screens.scene import Scene
from screens.surroundings import Surroundings
from store.estate import RemoteCopyGroup
from store.records import Event
from store.view import EVENTS_IN_MEMORY


class EventsPane(Pane):
    PLACE = Place.EVENTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.EVENTS)]
    PANE = "events"
    COLUMNS = COLUMNS
    NOUN = "events"
    SCOPE = "device"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._events: dict[str, Event] = {}
        self._following = False

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        self._events = {str(event.id): event for event in scene.view.events(limit=EVENTS_IN_MEMORY)}
        return [(key, event.id) for key, event in self._events.items()]

    def row(self, key: str, scene: Scene) -> Row:
        return row(self._events[key], scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        count = len(scene.view.events(limit=EVENTS_IN_MEMORY))
        text = f"{count} events, newest first"
        if count >= EVENTS_IN_MEMORY:
            text = f"The newest {EVENTS_IN_MEMORY} events; older ones are in the store"
        line: Line = (Cell(text, Tone.HEADING),)
        return ((*line, Cell("   following the newest", Tone.CURRENT)),) if self._following else (line,)

    def draw(self, scene: Scene) -> None:
        super().draw(scene)
        if self._following and self.table.keys:
            self.table.select(0)

    def move(self, how: str) -> None:
        super().move(how)
        if self._following and self.table.place:
            self._following = False
            self.redraw_head()

    def do_follow(self) -> None:
        self._following = not self._following
        self.redraw()

    def opens(self, key: str) -> DetailRequested | None:
        target = event_target(self._events[key], self.around.scene())
        return None if target is None else DetailRequested(*target)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return ((Cell("No events: nothing has changed since this store was made.", Tone.DIM),),)


DETAILED = frozenset({"lpar", "pgroup", "vm"})


def event_target(event: Event, scene: Scene) -> tuple[str, str] | None:
    """What an event opens: its object, or the device that reported it where the object has no detail of its own."""
    if event.kind == "rcg":
        entry = scene.view.get("rcg", event.key)
        if entry is not None and isinstance(entry.obj, RemoteCopyGroup):
            return ("rcg_pair", entry.obj.pair_key)
    if event.kind in DETAILED and scene.view.get(event.kind, event.key) is not None:
        return (event.kind, event.key)
    name = event.key if event.kind == "device" else event.device
    return ("device", name) if scene.device(name) is not None else None
