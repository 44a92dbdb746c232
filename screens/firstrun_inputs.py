"""The two kinds of field on a form: one that is typed, and one that is chosen from a few words.

Both act on a key when it reaches them. A binding would act later, on whatever has the focus then: on a slow line, where
keys come several at a time, that may be the next field.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.binding import Binding
from textual.events import Click, Key
from textual.geometry import Size
from textual.strip import Strip
from textual.widgets import Input

from screens.cells import Cell, Line, Tone, fit, line_width
from screens.firstrun_fields import could_be_reference
from screens.widgets.drawing import Drawn

_EDITING = {
    key: binding.action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding) and binding.action not in ("submit", "copy")
    for key in binding.key.split(",")
}


class TextField(Input):
    """A line to type in. Its cursor stands still, and what it hides it does not hand to the clipboard."""

    def __init__(
        self, value: str, hint: str = "", *, hidden: bool = False, ascii_only: bool, id: str | None = None
    ) -> None:
        super().__init__(value, hint, password=hidden, compact=True, id=id)
        self.cursor_blink = False
        self._ascii_only = ascii_only

    async def on_key(self, event: Key) -> None:
        action = _EDITING.get(event.key)
        if action is not None:
            event.stop()
            await self.run_action(action)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if not (self._ascii_only and self.password):
            return strip
        return Strip([Segment(part.text.replace("•", "*"), part.style, part.control) for part in strip])

    def action_copy(self) -> None:
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        if not self.password:
            super().action_cut()


class ReferenceField(TextField):
    """For a reference to a secret. It hides a text as soon as that cannot become a reference: it may be the secret."""

    def watch_value(self, value: str) -> None:
        self.password = not could_be_reference(value)


_STEPS = {"left": -1, "h": -1, "right": 1, "l": 1, "space": 1}


class Choice(Drawn, can_focus=True):
    """A few words on a line, one of them chosen: left and right, space, or a click."""

    DEFAULT_CSS = "Choice { height: 1; width: 1fr; }"

    def __init__(self, choices: tuple[str, ...], value: str, *, ascii_only: bool, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_ascii(ascii_only)
        self._choices = choices
        self._at = choices.index(value) if value in choices else 0

    @property
    def value(self) -> str:
        return self._choices[self._at]

    def on_key(self, event: Key) -> None:
        by = _STEPS.get(event.key)
        if by is not None:
            event.stop()
            self._step(by)

    def on_click(self, event: Click) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        self._at = (self._at + by) % len(self._choices)
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1

    def render_line(self, y: int) -> Strip:
        return self.strip_of(choice_line(self._choices, self._at, self.size.width), self.size.width)


def choice_line(choices: tuple[str, ...], at: int, width: int) -> Line:
    """All the words, the chosen one in brackets; where they do not fit the chosen one alone, with its number."""
    line = tuple(
        Cell(f"[{word}]", Tone.CURRENT) if place == at else Cell(f" {word} ", Tone.DIM)
        for place, word in enumerate(choices)
    )
    if line_width(line) <= width:
        return line
    number = Cell(f" {at + 1} of {len(choices)}", Tone.DIM)
    room = max(1, width - number.width - 2)
    word = choices[at]
    return (Cell(f"[{fit(word, room) if Cell(word).width > room else word}]", Tone.CURRENT), number)
