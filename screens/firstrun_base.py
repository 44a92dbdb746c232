"""What every screen of the first run has: a head, a body, and a footer that always shows all its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize, ScreenResume
from textual.widget import Widget

from screens.actions import key_word
from screens.cells import EMPTY_LINE, Cell, Line, Tone, line_width, wrap
from screens.messages import BackRequested, QuitRequested
from screens.painted_once import PaintedOnce
from screens.status import GLYPHS
from screens.widgets.block import Block

HOW_TO_QUIT = "Ctrl+q leaves drdeck."


class Key(Struct, frozen=True):
    """Keys of a screen, the word of the footer (empty: not shown there), and the screen's method ``do_<action>``.

    ``first``: the screen has them before the widget that has the focus."""

    keys: tuple[str, ...]
    name: str
    action: str
    argument: str | None = None
    first: bool = False


QUIT = Key(("ctrl+q",), "Quit", "quit", first=True)
BACK = Key(("escape", "q", "backspace"), "Back", "back")
MOVES = (
    Key(("up", "k"), "", "move", "up"),
    Key(("down", "j"), "", "move", "down"),
    Key(("pageup",), "", "move", "page_up"),
    Key(("pagedown",), "", "move", "page_down"),
    Key(("ctrl+u",), "", "move", "half_up"),
    Key(("ctrl+d",), "", "move", "half_down"),
    Key(("g", "home"), "", "move", "top"),
    Key(("G", "end"), "", "move", "bottom"),
)


def bindings(*keys: Key) -> list[BindingType]:
    """Textual bindings of these keys, and of ctrl+c, which says how to quit."""
    found: list[BindingType] = []
    for key in (*keys, Key(("ctrl+c",), "", "how_to_quit", first=True)):
        argument = "" if key.argument is None else f", {key.argument!r}"
        action = f"do({key.action!r}{argument})"
        found += [Binding(each, action, key.name, show=False, priority=key.first) for each in key.keys]
    return found


def keys_lines(keys: Sequence[Key], width: int) -> list[Line]:
    """The keys with their words; on a second line where one is too short for all."""
    lines: list[Line] = []
    line: list[Cell] = []
    for key in keys:
        if not key.name:
            continue
        cell = Cell(f"{key_word(key.keys[0])} {key.name}")
        if line and line_width(tuple(line)) + 2 + cell.width > width:
            lines.append(tuple(line))
            line = []
        line += [Cell("  "), cell] if line else [cell]
    return [*lines, tuple(line)]


def paragraph(text: str, width: int, tone: Tone = Tone.PLAIN) -> list[Line]:
    """A sentence in lines of that width. Its indent stays, and so do its blanks where it fits on one line."""
    if Cell(text).width <= width:
        return [(Cell(text, tone),)]
    indent = " " * (len(text) - len(text.lstrip()))
    return [(Cell(indent + line, tone),) for line in wrap(text, max(10, width - len(indent)))]


class FirstRunScreen(PaintedOnce[None]):
    """Subclasses give the keys, the title, the body, and draw it."""

    AUTO_FOCUS = None
    KEYS: ClassVar[tuple[Key, ...]] = (QUIT,)
    DEFAULT_CSS = """
    FirstRunScreen Lines { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    """

    def __init__(self, ascii_only: bool) -> None:
        super().__init__()
        self.ascii_only = ascii_only
        self._said: str | None = None
        self.head = Block(id="head", ascii_only=ascii_only)
        self.foot = Block(id="foot", ascii_only=ascii_only)

    def compose(self) -> ComposeResult:
        yield self.head
        yield from self.body()
        yield self.foot

    # --------------------------------------------------------------------------------------- for the subclasses

    def body(self) -> Sequence[Widget]:
        """The widgets between head and footer."""
        raise NotImplementedError

    def title_lines(self, width: int) -> Sequence[Line]:
        """What this screen is about."""
        raise NotImplementedError

    def draw(self, width: int) -> None:
        """Show the body."""
        raise NotImplementedError

    def keys(self) -> Sequence[Key]:
        """The keys that do something now."""
        return self.KEYS

    # -------------------------------------------------------------------------------------------------- drawing

    def redraw(self) -> None:
        """Show everything; only lines that changed are sent."""
        width = self.app.size.width
        top = (
            Cell("drdeck", Tone.HEADING),
            Cell("   first run   "),
            Cell(f"{GLYPHS[Tone.OFF]} no configuration yet", Tone.OFF),
        )
        self.head.show([top, *self.title_lines(width), EMPTY_LINE])
        self.draw(width)
        self._draw_foot()

    def _draw_foot(self) -> None:
        width = self.app.size.width
        said = [] if self._said is None else paragraph(self._said, width, Tone.HEADING)
        self.foot.show([*said, *keys_lines(self.keys(), width)])

    def say(self, text: str) -> None:
        """Say a sentence above the keys, until the next key of this screen."""
        self._said = text
        self._draw_foot()

    def on_screen_resume(self, event: ScreenResume) -> None:
        self.redraw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self.redraw)

    # -------------------------------------------------------------------------------------------------- actions

    def action_do(self, action: str, argument: str | None = None) -> None:
        """Run an action of :attr:`KEYS`."""
        if self._said is not None:
            self._said = None
            self._draw_foot()
        method = getattr(self, f"do_{action}")
        method() if argument is None else method(argument)

    def do_back(self) -> None:
        self.post_message(BackRequested())

    def do_quit(self) -> None:
        self.post_message(QuitRequested())

    def do_how_to_quit(self) -> None:
        self.say(HOW_TO_QUIT)
