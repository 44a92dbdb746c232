"""What every screen has: band and tabs above, a footer below, keys from the registry, and a tick for the ages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize, ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from screens.actions import BY_ID, Place, Situation, refusal
from screens.cells import Line
from screens.head import band, footer, notice_lines, tabs
from screens.messages import BackRequested, HelpRequested, PaneRequested, QuitRequested, SweepRequested
from screens.scene import Scene
from screens.surroundings import Surroundings
from screens.widgets.block import Block

SAID_S = 6.0
"""How long a said sentence stands in the footer, in seconds."""

HOW_TO_QUIT = "Ctrl+q quits drdeck. Nothing on any device changes."


class EstateScreen(Screen[None]):
    """A screen over the estate. Subclasses give the body, its content and what keys do to it."""

    AUTO_FOCUS = None
    PLACE: ClassVar[Place] = Place.PANE
    BINDINGS: ClassVar[list[BindingType]] = []
    PANE: ClassVar[str | None] = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__()
        self.around = around
        self._said: str | None = None
        self._said_until = 0.0
        self._drawn_version = -1
        self.head = Block(id="head", ascii_only=around.ascii_only)
        self.foot = Block(id="foot", ascii_only=around.ascii_only)

    def compose(self) -> ComposeResult:
        yield self.head
        yield from self.body()
        yield self.foot

    # --------------------------------------------------------------------------------------- for the subclasses

    def body(self) -> Sequence[Widget]:
        """The widgets between head and footer."""
        raise NotImplementedError

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        """The lines below the tabs: trouble and summary."""
        return ()

    def draw(self, scene: Scene) -> None:
        """Show the estate in the body; repaints only what came out different."""
        raise NotImplementedError

    def tick_body(self, scene: Scene) -> None:
        """Show the body at a new time: the same estate with other ages."""
        self.draw(scene)

    def move(self, how: str) -> None:
        """Move the cursor or scroll."""

    @property
    def row_selected(self) -> bool:
        return False

    @property
    def device_to_sweep(self) -> str | None:
        """The device that *Read now* is about; None: all of them."""
        return None

    # -------------------------------------------------------------------------------------------------- drawing

    @property
    def width(self) -> int:
        return self.app.size.width

    def situation(self) -> Situation:
        return Situation(self.PLACE, self.around.read_only, self.row_selected, self.around.sweeping())

    def redraw(self) -> None:
        """Show the estate as it is now: after a change, on the way back to this screen, and at another size."""
        scene = self.around.scene()
        self._drawn_version = scene.index.version
        self._draw_head(scene, self._below(scene))
        self.draw(scene)
        self._draw_foot()

    def tick(self) -> None:
        """Let the ages grow. Called once a second while the screen is shown; sends nothing where no text changed."""
        scene = self.around.scene()
        if scene.index.version != self._drawn_version or int(scene.now.timestamp()) % 10 == 0:
            self.redraw()
            return
        self._draw_head(scene, self.head.lines[2:])
        self.tick_body(scene)
        if self._said is not None and scene.now.timestamp() >= self._said_until:
            self._said = None
        self._draw_foot()

    def _draw_head(self, scene: Scene, below: Sequence[Line]) -> None:
        width = self.width
        top = band(scene, width, lab=self.around.lab, read_only=self.around.read_only)
        self.head.show([top, tabs(self.PANE, width), *below])

    def _below(self, scene: Scene) -> Sequence[Line]:
        return (*notice_lines(scene, self.around.notice, self.width), *self.head_lines(scene, self.width))

    def _draw_foot(self) -> None:
        self.foot.show([footer(self.situation(), self.width, self._said)])

    def say(self, text: str) -> None:
        """Say a sentence in place of the footer, until the next key or for a few seconds."""
        self._said = text
        self._said_until = self.around.clock().timestamp() + SAID_S
        self._draw_foot()

    def on_screen_resume(self, event: ScreenResume) -> None:
        self.redraw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.redraw)

    # -------------------------------------------------------------------------------------------------- actions

    def action_do(self, action_id: str) -> None:
        """Run an action of the registry, or say why not: the one gate for every key."""
        action = BY_ID[action_id]
        reason = refusal(action, self.situation())
        if reason is not None:
            self.say(reason)
            return
        if self._said is not None:
            self._said = None
            self._draw_foot()
        name, _, _ = action.id.partition(".")
        if action.argument is None:
            getattr(self, f"do_{name}")()
        else:
            getattr(self, f"do_{name}")(action.argument)

    def do_pane(self, pane: str) -> None:
        self.post_message(PaneRequested(pane))

    def do_back(self) -> None:
        self.post_message(BackRequested())

    def do_help(self) -> None:
        self.post_message(HelpRequested())

    def do_move(self, how: str) -> None:
        self.move(how)
        self._draw_foot()

    def do_sweep(self) -> None:
        self.post_message(SweepRequested(self.device_to_sweep))
        self.say(f"Reading {self.device_to_sweep or 'all devices'} now.")

    def do_quit(self) -> None:
        self.post_message(QuitRequested())

    def do_how_to_quit(self) -> None:
        self.say(HOW_TO_QUIT)
