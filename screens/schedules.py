"""The Schedules pane: what runs by itself, when next, and how it went; and the screen of one schedule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.briefing import owed_words
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Row
from screens.head import counts_lines
from screens.pane import Pane
from screens.rows_schedules import COLUMNS, parts, row
from screens.scene import Scene
from screens.schedule_messages import (
    AboutSchedules,
    DeleteAsked,
    EditAsked,
    NewAsked,
    PauseAsked,
    RunAsked,
    ScheduleRequested,
)
from screens.side_by_side import Note, Part
from screens.status import LOADING, Status, status
from screens.surroundings import Surroundings
from screens.text import TextScreen
from store.schedules import Result

NONE = (
    "There is no schedule. N makes one, as drdeck schedule add does; clean-up and health come by themselves with the "
    "first console or scheduler that may act."
)
_ASKS: dict[str, type[PauseAsked] | type[RunAsked] | type[EditAsked] | type[DeleteAsked]] = {
    "pause": PauseAsked,
    "run": RunAsked,
    "edit": EditAsked,
    "delete": DeleteAsked,
}


def asked(what: str, schedule: int) -> AboutSchedules:
    """What the operator wants done to a schedule."""
    return _ASKS[what](schedule)


class SchedulesPane(Pane):
    PLACE = Place.SCHEDULES
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.SCHEDULES)]
    PANE = "schedules"
    COLUMNS = COLUMNS
    NOUN = "schedules"
    SCOPE = None

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        second = int(scene.now.timestamp())
        for schedule in self.around.schedules.schedules:
            yield str(schedule.id), (self.around.schedules.version, second)

    def row(self, key: str, scene: Scene) -> Row:
        schedule = self.around.schedules.get(int(key))
        if schedule is None:
            raise LookupError(f"schedule {key} is not known")
        return row(schedule, self.around.schedules.runs(schedule.id), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        view = self.around.schedules
        states: Counter[Status] = Counter()
        for schedule in view.schedules:
            runs = view.runs(schedule.id)
            states[Status("paused", Tone.OFF) if schedule.paused else _standing(runs[0].result if runs else None)] += 1
        counts = counts_lines(self.NOUN, sorted(states.items(), key=lambda item: item[0].word), width)
        why = view.trouble or (f"This console runs no schedule: {view.why_not}." if view.why_not else "")
        tone = Tone.BAD if view.trouble else Tone.WARN
        owed = [f"{owed_words(drill, scene)}: Runs (8)" for drill in self.around.runs.owing.values()]
        told = [(text, tone) for text in (wrap(why, max(10, width)) if why else ())]
        told += [(text, Tone.WARN) for words in owed for text in wrap(words, max(10, width))]
        return (*counts, *((Cell(text, tone),) for text, tone in told))

    def schedules_changed(self) -> None:
        self.redraw()

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def opens(self, key: str) -> ScheduleRequested:
        return ScheduleRequested(int(key))

    def do_schedule(self, what: str) -> None:
        if self.table.selected is not None:
            self.post_message(asked(what, int(self.table.selected)))

    def do_new_schedule(self) -> None:
        self.post_message(NewAsked())

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.schedules.read:
            return () if self.around.schedules.trouble else ((LOADING,),)
        return tuple((Cell(text, Tone.DIM),) for text in wrap(NONE, max(10, self.width - 1)))


def _standing(result: Result | None) -> Status:
    return Status("never due", Tone.OFF) if result is None else status(result)


class ScheduleScreen(TextScreen):
    """One schedule: the next five dates, and its history."""

    PLACE = Place.SCHEDULE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.SCHEDULE)]
    PANE = "schedules"

    def __init__(self, around: Surroundings, schedule: int) -> None:
        super().__init__(around)
        self.schedule = schedule

    def title_text(self, scene: Scene) -> str:
        found = self.around.schedules.get(self.schedule)
        return "This schedule was removed" if found is None else f"Schedule {found.name}"

    def content(self, scene: Scene) -> Iterable[Part]:
        found = self.around.schedules.get(self.schedule)
        if found is None:
            return (Note("Its history stays in the store.", Tone.DIM),)
        return parts(found, self.around.schedules.runs(found.id), scene)

    def schedules_changed(self) -> None:
        self.redraw()

    def do_schedule(self, what: str) -> None:
        if self.around.schedules.get(self.schedule) is not None:
            self.post_message(asked(what, self.schedule))
