"""The help: the keys of the screen it was opened from, greyed with their reason, and what the shapes mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens.actions import DETAILS, Group, Place, Situation, at, bindings, how, refusal
from screens.base import EstateScreen
from screens.cells import EMPTY_LINE, Cell, Line, Tone, fit
from screens.scene import Scene
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.widgets.lines import Lines

KEYS_WIDTH = 19

SHAPES = (
    (Tone.OK, "as it should be"),
    (Tone.BUSY, "changing by itself"),
    (Tone.WARN, "look at it: stale, reversed, stopped, nearly late"),
    (Tone.BAD, "wrong: failed, late, no complete copy, gone"),
    (Tone.UNKNOWN, "unknown: it could not be read. That is not the same as down"),
    (Tone.OFF, "off, or not in use"),
)


class HelpScreen(EstateScreen):
    PLACE = Place.HELP
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.HELP)]

    def __init__(self, around: Surroundings, asked_from: Situation, pane: str | None) -> None:
        super().__init__(around)
        self.asked_from = asked_from
        self._pane = pane
        self.lines = Lines(id="lines", ascii_only=around.ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        title = "Keys of the detail" if self.asked_from.place in DETAILS else "Keys of this pane"
        return ((Cell(title, Tone.HEADING),),)

    def draw(self, scene: Scene) -> None:
        self.lines.show(help_lines(self.asked_from))

    def tick_body(self, scene: Scene) -> None:
        """Nothing in the help grows older."""

    def move(self, how: str) -> None:
        self.lines.move(how, jump=self.around.jump_scroll)


def help_lines(situation: Situation) -> list[Line]:
    """Every action of the place by group, with its keys; what is not possible now says why."""
    lines: list[Line] = []
    for group in Group:
        members = [action for action in at(situation.place) if action.group is group]
        if not members:
            continue
        if lines:
            lines.append(EMPTY_LINE)
        lines.append((Cell(group.value, Tone.HEADING),))
        for action in members:
            keys = fit(f"  {how(action)}", max(KEYS_WIDTH, len(how(action)) + 3))
            why_not = refusal(action, situation)
            if why_not is None:
                lines.append((Cell(keys), Cell(action.description)))
            else:
                lines.append((Cell(keys, Tone.DIM), Cell(f"({action.description}: {why_not})", Tone.DIM)))
    lines += [EMPTY_LINE, (Cell("Shapes", Tone.HEADING),)]
    lines += [(Cell(fit(f"  {GLYPHS[tone]}", KEYS_WIDTH), tone), Cell(meaning)) for tone, meaning in SHAPES]
    lines += [EMPTY_LINE, (Cell("All times are UTC. Ages are rounded down.", Tone.DIM),)]
    return lines
