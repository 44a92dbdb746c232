"""The Events pane: what changed, newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.pane import Pane
from screens.rows_events import COLUMNS, row
from screens.scene import Scene
from screens.surroundings import Surroundings
from store.estate import RemoteCopyGroup
from store.records import Event

SHOWN = 500
"""How many events are shown; that there are more is said."""


class EventsPane(Pane):
    PANE = "events"
    COLUMNS = COLUMNS
    NOUN = "events"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._events: dict[str, Event] = {}

    def keys(self, scene: Scene) -> Sequence[str]:
        self._events = {str(event.id): event for event in scene.view.events(limit=SHOWN + 1)[:SHOWN]}
        return list(self._events)

    def row(self, key: str, scene: Scene) -> Row:
        return row(self._events[key], scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        count = len(scene.view.events(limit=SHOWN + 1))
        text = f">{SHOWN} events, the newest {SHOWN} are shown" if count > SHOWN else f"{count} events, newest first"
        return ((Cell(text, Tone.HEADING),),)

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return Counter()

    def opens(self, key: str) -> tuple[str, str] | None:
        return event_target(self._events[key], self.around.scene())

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
