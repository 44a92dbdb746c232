"""A screen that is only read: a title, and facts as lines that scroll and can be copied as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from screens.base import EstateScreen
from screens.cells import Cell, Line, Tone, line_text
from screens.messages import CopyRequested
from screens.scene import Scene
from screens.side_by_side import Part, lay_out
from screens.surroundings import Surroundings
from screens.widgets.lines import Lines


class TextScreen(EstateScreen):
    """Subclasses give title and content."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.lines = Lines(id="lines", ascii_only=around.ascii_only)

    def title_text(self, scene: Scene) -> str:
        """What is shown."""
        raise NotImplementedError

    def content(self, scene: Scene) -> Iterable[Part]:
        """The facts; a note where there are none."""
        raise NotImplementedError

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        return ((Cell(self.title_text(scene), Tone.HEADING),),)

    def draw(self, scene: Scene) -> None:
        self.lines.show(lay_out(tuple(self.content(scene)), self.width - 1))

    def move(self, how: str) -> None:
        self.lines.move(how, jump=self.around.jump_scroll)

    def do_copy(self) -> None:
        lines = [self.title_text(self.around.scene()), *(line_text(line).rstrip() for line in self.lines.lines)]
        self.post_message(CopyRequested("\n".join(lines), f"{lines[0]}, {len(lines)} lines"))
