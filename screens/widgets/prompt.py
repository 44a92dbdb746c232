"""The line at the bottom in which a filter or a command is typed. It stands in the place of the footer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key, Resize
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Input

from screens.cells import Cell, Line, Tone
from screens.widgets.block import Block
from screens.widgets.entry import Entry
from screens.widgets.mode import Mode

NARROWEST = 24


class _Line(Entry):
    """The editor itself. Tab completes; up and down look through what was typed before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app_key('leave')", show=False),
        Binding("tab", "app_key('complete')", show=False),
        Binding("up", "app_key('earlier')", show=False),
        Binding("down", "app_key('later')", show=False),
    ]

    def on_resize(self, event: Resize) -> None:
        # A text that it begins with is there before there is room: the end that is typed on must be seen.
        at = cell_len(self.value[: self.cursor_position])
        self.scroll_to_region(Region(at, 0, 1, 1), animate=False)

    def action_app_key(self, what: str) -> None:
        prompt = self.parent
        if isinstance(prompt, Prompt):
            getattr(prompt, what)()

    def watch_value(self, value: str) -> None:
        # At once, not by a message: what follows from a letter is drawn in one frame with it.
        prompt = self.parent
        if isinstance(prompt, Prompt):
            prompt.typed(value)


class Prompt(Horizontal):
    """``complete_with`` gives how a text could go on; ``history`` is what was typed before, the oldest first; ``typed``
    is called with the text whenever it changes."""

    DEFAULT_CSS = """
    Prompt { height: 1; width: 100%; }
    Prompt > Input { width: 2fr; height: 1; border: none; padding: 0; }
    Prompt > Input:focus { border: none; }
    Prompt > #sign { width: 1; }
    Prompt > #hint { width: 3fr; margin-left: 2; height: 1; }
    """

    @dataclass
    class Accepted(Message):
        """Enter: the text is what is wanted."""

        mode: Mode
        text: str

    @dataclass
    class Left(Message):
        """Esc: all is to be as it was before."""

        mode: Mode

    def __init__(
        self,
        mode: Mode,
        text: str,
        history: Sequence[str] = (),
        complete_with: Callable[[str], Sequence[str]] = lambda text: (),
        typed: Callable[[Mode, str], None] = lambda mode, text: None,
        *,
        ascii_only: bool = False,
    ) -> None:
        super().__init__(id="prompt")
        self.mode = mode
        self._ahead: list[Key] | None = []
        self._history = [*history, text]
        self._at = len(self._history) - 1
        self._complete_with = complete_with
        self._typed = typed
        self._sign = Block([(Cell(mode.value, Tone.HEADING),)], id="sign", ascii_only=ascii_only)
        self._hint = Block([()], id="hint", ascii_only=ascii_only)
        self.line = _Line(text, compact=True, select_on_focus=False)

    def compose(self) -> ComposeResult:
        yield self._sign
        yield self.line
        yield self._hint

    def on_mount(self) -> None:
        self._make_room(self.line.value)
        self.line.focus()
        self.line.cursor_position = len(self.line.value)
        ahead, self._ahead = self._ahead, None
        if self.line.value:
            self._typed(self.mode, self.line.value)
        for event in ahead or ():
            self.take(event)

    def take(self, event: Key) -> None:
        """A key that was pressed before the line could take it: fast fingers and slow lines send several at once."""
        if self._ahead is not None:
            self._ahead.append(event)
        elif event.is_printable and event.character is not None:
            self.line.insert_text_at_cursor(event.character)
        elif event.key == "enter":
            self.post_message(self.Accepted(self.mode, self.line.value))
        elif event.key == "escape":
            self.leave()
        elif event.key == "backspace":
            self.line.action_delete_left()
        elif event.key == "tab":
            self.complete()

    @property
    def waits(self) -> bool:
        """Whether the line cannot take keys by itself yet."""
        return self._ahead is not None or not self.line.has_focus

    def hint(self, line: Line) -> None:
        """Say something beside what is typed."""
        self._hint.show([line])

    def typed(self, text: str) -> None:
        """The text changed."""
        self._make_room(text)
        self._typed(self.mode, text)

    def _make_room(self, text: str) -> None:
        """A long text takes the room of the hint."""
        wanted = min(cell_len(text) + 2, self.app.size.width - 2)
        self.line.styles.min_width = max(NARROWEST, wanted)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Accepted(self.mode, event.value))

    def leave(self) -> None:
        self.post_message(self.Left(self.mode))

    def complete(self) -> None:
        """Take the first way to go on; where there are several that begin alike, as far as they do."""
        found = list(self._complete_with(self.line.value))
        if found:
            common = _common_start(found)
            longer = len(common) > len(self.line.value) and common.lower().startswith(self.line.value.lower())
            self._put(common if longer else found[0])

    def earlier(self) -> None:
        self._look(-1)

    def later(self) -> None:
        self._look(1)

    def _look(self, step: int) -> None:
        at = self._at + step
        if 0 <= at < len(self._history):
            self._at = at
            self._put(self._history[at])

    def _put(self, text: str) -> None:
        self.line.value = text
        self.line.cursor_position = len(text)


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    end = next(
        (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:end]
