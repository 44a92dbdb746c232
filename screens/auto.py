"""Automatic failover: the groups that may fail over by themselves, and one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.auto_messages import (
    AutoActChosen,
    AutoActsAsked,
    AutoCheckAsked,
    AutoGroupRequested,
    AutoHistoryRequested,
)
from screens.auto_words import brake_text
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Row
from screens.facts_auto import parts
from screens.head import counts_lines
from screens.rows_auto import COLUMNS, row
from screens.scene import Scene
from screens.side_by_side import Note, Part
from screens.status import GLYPHS, LOADING, status
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.text import TextScreen

NONE = (
    "The configuration names no group that may fail over by itself: see [[auto.groups]] in config.example.toml. "
    "h shows the failovers and drills of machines that people began."
)


class AutoScreen(TableScreen):
    PLACE = Place.AUTO
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.AUTO)]
    PANE = "replicas"
    NOUN = "groups"
    SCOPE = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "automatic", COLUMNS)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        view, second = self.around.auto, int(scene.now.timestamp())
        for stand in view.seen.stands:
            yield stand.group.name, (view.version, second)

    def row(self, key: str, scene: Scene) -> Row:
        stand = self.around.auto.get(key)
        if stand is None:
            raise LookupError(f"group {key} is not known")
        return row(stand, self.around.auto, scene.now)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        view = self.around.auto
        states = Counter(status(stand.state) for stand in view.seen.stands)
        counts = counts_lines("groups", sorted(states.items(), key=lambda item: item[0].word), width)
        lines: list[Line] = [(Cell("Automatic failover", Tone.HEADING),), *counts]
        if view.seen.stands:
            text, tone = brake_text(view.seen)
            lines.append((Cell(f"Storm brake {text}", tone if tone is Tone.BAD else Tone.DIM),))
            if view.seen.watcher is None and any(stand.group.automatic for stand in view.seen.stands):
                text = f"{GLYPHS[Tone.BAD]} Nobody watches: let a console that may act, or drdeck auto watch, run."
                lines += [(Cell(line, Tone.BAD),) for line in wrap(text, max(10, width))]
        return (*lines, *self.view_lines(scene))

    def auto_changed(self) -> None:
        self.redraw()

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def opens(self, key: str) -> AutoGroupRequested:
        return AutoGroupRequested(key)

    def do_history(self) -> None:
        self.post_message(AutoHistoryRequested(None, asked_by=self))

    def do_act(self) -> None:
        if self.table.selected is not None:
            self.post_message(AutoActsAsked(self.table.selected))

    def do_auto(self, word: str) -> None:
        if self.table.selected is not None:
            self.post_message(AutoActChosen(self.table.selected, word))

    def do_check_auto(self) -> None:
        self.post_message(AutoCheckAsked())

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.auto.read:
            return () if self.around.auto.trouble else ((LOADING,),)
        return tuple((Cell(text, Tone.DIM),) for text in wrap(NONE, max(10, self.width - 1)))


class AutoGroupScreen(TextScreen):
    """One group: what stands for and against its failover."""

    PLACE = Place.AUTO_GROUP
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.AUTO_GROUP)]
    PANE = "replicas"

    def __init__(self, around: Surroundings, group: str) -> None:
        super().__init__(around)
        self.group = group

    def title_text(self, scene: Scene) -> str:
        return f"Automatic failover of {self.group}"

    def content(self, scene: Scene) -> Iterable[Part]:
        stand = self.around.auto.get(self.group)
        if stand is None:
            return (Note("The configuration has no such group any more.", Tone.UNKNOWN),)
        return parts(stand, self.around.auto, scene)

    def auto_changed(self) -> None:
        self.redraw()

    def do_history(self) -> None:
        self.post_message(AutoHistoryRequested(self.group, asked_by=self))

    def do_act(self) -> None:
        self.post_message(AutoActsAsked(self.group))

    def do_auto(self, word: str) -> None:
        self.post_message(AutoActChosen(self.group, word))

    def do_check_auto(self) -> None:
        self.post_message(AutoCheckAsked())
