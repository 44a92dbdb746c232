"""The history of failovers and drills of machines, begun by themselves or by people, and of decisions in shadow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.auto_messages import AutoEventRequested
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Row
from screens.facts_auto import event_parts, shadow_parts
from screens.rows_auto import HISTORY, event_row, shadow_row
from screens.scene import Scene
from screens.side_by_side import Note, Part
from screens.status import LOADING
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.text import TextScreen
from store.auto_records import FailoverEvent, ShadowDecision
from store.auto_view import AutoView

_SHADOW = "shadow:"
NONE = "No outage of a group that was armed, no decision in shadow, no failover and no drill of machines."


def found(view: AutoView, key: str) -> FailoverEvent | ShadowDecision | None:
    """An event or a decision by its key in the history."""
    if key.startswith(_SHADOW):
        return next((each for each in view.seen.shadows if each.id == key.removeprefix(_SHADOW)), None)
    return next((each for each in view.seen.events if each.id == key), None)


class AutoHistoryScreen(TableScreen):
    """``group`` None: of all groups, and of machines in none."""

    PLACE = Place.AUTO_HISTORY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.AUTO_HISTORY)]
    PANE = "replicas"
    NOUN = "events"
    SCOPE = None

    def __init__(self, around: Surroundings, group: str | None) -> None:
        super().__init__(around, "auto-history", HISTORY)
        self.group = group

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        view, second = self.around.auto, int(scene.now.timestamp())
        events = [(e.first_down, e.id) for e in view.seen.events if self.group in (None, e.group)]
        armed = {event.id for event in view.seen.events}  # what was judged of these stands with them
        judged = [s for s in view.seen.shadows if self.group in (None, s.group) and s.id not in armed]
        shadows = [(s.first_down, f"{_SHADOW}{s.id}") for s in judged]
        for _, key in sorted((*events, *shadows), reverse=True):
            yield key, (view.version, second)

    def row(self, key: str, scene: Scene) -> Row:
        one = found(self.around.auto, key)
        if one is None:
            raise LookupError(f"event {key} is not known")
        return shadow_row(one, scene.now) if isinstance(one, ShadowDecision) else event_row(one, scene.now)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        about = "Failovers and drills of machines" if self.group is None else f"Failovers and drills of {self.group}"
        return ((Cell(f"{about}, and decisions in shadow; newest first", Tone.HEADING),), *self.view_lines(scene))

    def auto_changed(self) -> None:
        self.redraw()

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def opens(self, key: str) -> AutoEventRequested:
        return AutoEventRequested(key)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.auto.read:
            return ((LOADING,),)
        return tuple((Cell(text, Tone.DIM),) for text in wrap(NONE, max(10, self.width - 1)))


class AutoEventScreen(TextScreen):
    """One event of the history, or one decision in shadow with every condition."""

    PLACE = Place.AUTO_EVENT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.AUTO_EVENT)]
    PANE = "replicas"

    def __init__(self, around: Surroundings, key: str) -> None:
        super().__init__(around)
        self.key = key

    def title_text(self, scene: Scene) -> str:
        if self.key.startswith(_SHADOW):
            return f"Decision in shadow {self.key.removeprefix(_SHADOW)}"
        return f"Event {self.key}"

    def content(self, scene: Scene) -> Iterable[Part]:
        one = found(self.around.auto, self.key)
        if one is None:
            return (Note("It is not among the newest any more: drdeck auto history shows all.", Tone.UNKNOWN),)
        if isinstance(one, ShadowDecision):
            return shadow_parts(one, scene)
        judged = next((each for each in self.around.auto.seen.shadows if each.id == one.id), None)
        return event_parts(one, judged, scene)

    def auto_changed(self) -> None:
        self.redraw()
