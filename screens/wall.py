"""The wall: a screen for a room. It shows one page after another, large, and changes nothing anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from screens.cells import Cell, Line, Tone, line_width
from screens.head import band, notice_lines
from screens.messages import QuitRequested
from screens.painted_once import PaintedOnce
from screens.scene import Scene
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.wall_pages import RUN, not_read, page_lines, pages, running_line, title
from screens.widgets.block import Block

TURN = timedelta(seconds=15)
"""How long a page stands."""

AGES = timedelta(seconds=10)
"""How often a page without a clock is made anew where nothing changed: its ages grow no faster."""

WORK_S = 0.05
"""How long what is shown may be looked at in one tick."""


class WallScreen(PaintedOnce[None]):
    """``late_s``: a newest reading that is older, in seconds, says that nobody reads the devices."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n,j,down", "turn(1)", "Next page"),
        Binding("left,p,k,up", "turn(-1)", "Previous page"),
        Binding("space", "hold", "Hold"),
        Binding("q,escape", "leave", "Leave"),
    ]

    def __init__(self, around: Surroundings, late_s: float) -> None:
        super().__init__()
        self.around = around
        self._late_s = late_s
        self.page = pages(around)[0]
        self.held = False
        self._turned: datetime = around.clock()
        self._known: frozenset[str] = frozenset(pages(around))
        self._made_as: tuple[object, ...] = ()
        self._lines: list[Line] = []
        self.head = Block(id="head", ascii_only=around.ascii_only)
        self.body = Block(id="body", ascii_only=around.ascii_only)
        self.foot = Block(id="foot", ascii_only=around.ascii_only)

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.body
        yield self.foot

    def on_mount(self) -> None:
        self.tick()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.tick)

    # ---------------------------------------------------------------------------------------------------- the pages

    def tick(self) -> None:
        """Show what is so now, and turn the page when its time has come. Called once a second, and after changes."""
        scene = self.around.scene()
        scene.index.work(WORK_S)
        self._choose(scene.now)
        width, height = self.app.size
        head = [band(scene, width, self.around), *self._below_band(scene, width)]
        room = max(1, height - len(head) - 3)
        lines = self._page(scene, width - 2, room)
        self.head.show([*head, ()])
        self.body.show([*((Cell(" "), *line) for line in lines), *([()] * (room - len(lines)))])
        self.foot.show([(), self._foot(width)])

    def _choose(self, now: datetime) -> None:
        """The page to show: that of a run that is new at once, else the next one when it is time."""
        there = pages(self.around)
        new = [page for page in there if page.startswith(RUN) and page not in self._known]
        self._known = frozenset(there)
        if self.held and self.page in there:
            return
        if new:
            self._show(new[0], now)
        elif self.page not in there:
            self._show(there[0], now)
        elif now - self._turned >= TURN:
            self._show(self._beside(1), now)

    def _show(self, page: str, now: datetime) -> None:
        self.page, self._turned = page, now

    def _beside(self, by: int) -> str:
        there = pages(self.around)
        place = there.index(self.page) if self.page in there else 0
        return there[(place + by) % len(there)]

    def _page(self, scene: Scene, width: int, height: int) -> list[Line]:
        """The lines of the page; those without a clock are kept until they would say something else."""
        around = self.around
        versions = (around.view.version, around.runs.version, around.schedules.version, around.alerts.version)
        moment = scene.now if self.page.startswith(RUN) else int(scene.now.timestamp() // AGES.total_seconds())
        made_as = (self.page, versions, scene.index.work(0), width, height, moment)
        if made_as != self._made_as:
            self._lines = page_lines(self.page, around, scene, width, height)
            self._made_as = made_as
        return self._lines

    def _below_band(self, scene: Scene, width: int) -> list[Line]:
        lines: list[Line] = list(notice_lines(scene, self.around.notice, width))
        unread = not_read(scene, self._late_s)
        if unread is not None:
            lines.append((Cell(f"{GLYPHS[Tone.BAD]} {unread}"[:width], Tone.BAD),))
        return lines if self.page.startswith(RUN) else [*lines, *running_line(self.around, scene, width)]

    def _foot(self, width: int) -> Line:
        cells: list[Cell] = []
        for page in pages(self.around):
            name = title(page, self.around)
            cells.append(Cell(f"[{name}]", Tone.CURRENT) if page == self.page else Cell(f" {name} ", Tone.DIM))
        keys = "held: Space goes on" if self.held else "Space holds, → next, q leaves"
        line = (*cells, Cell(" " * max(1, width - line_width(tuple(cells)) - len(keys))), Cell(keys, Tone.DIM))
        return line if line_width(line) <= width else tuple(cells)

    # ----------------------------------------------------------------------------------------------------- the keys

    def action_turn(self, by: int) -> None:
        self._show(self._beside(by), self.around.clock())
        self.tick()

    def action_hold(self) -> None:
        self.held = not self.held
        self._turned = self.around.clock()
        self.tick()

    def action_leave(self) -> None:
        self.post_message(QuitRequested())
