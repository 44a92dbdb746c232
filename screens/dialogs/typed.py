"""A question that is answered by typing: the words of a destructive run, or a reason.

It opens on Cancel, and Esc cancels wherever the cursor is. Enter never accepts: ctrl+y does, or a click, once
everything has been typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key, Paste, Resize, ScreenResume
from textual.screen import ModalScreen

from screens.cells import EMPTY_LINE, Cell, Line, Tone
from screens.dialogs.accept import Answer
from screens.firstrun_base import paragraph
from screens.firstrun_inputs import TextField
from screens.painted_once import PaintedOnce
from screens.status import GLYPHS
from screens.widgets.block import Block
from screens.widgets.lines import Lines
from store.runs import SECOND_PERSON

WIDEST = 110
TICK_S = 1.0
NAME = f"{SECOND_PERSON}NAME"
_HOW = {"site": "  (typed by a second person)", "second": "  (whose name is NAME; then Enter)"}
REASON = "a reason, in your own words; it is kept in the journal"

Typed = tuple[str, ...]


class TypedField(TextField):
    """Takes no pasted text: what must be typed is read while it is typed. ``changed`` is called with each text, at
    once: what is typed next belongs to the next words already."""

    def __init__(self, changed: Callable[[str], None], *, ascii_only: bool) -> None:
        self._changed = changed
        super().__init__("", ascii_only=ascii_only)

    def watch_value(self, value: str) -> None:
        self._changed(value)

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        if isinstance(self.screen, TypedDialog):
            self.screen.hint("Pasting is not taken here: type it.")


class TypedDialog(PaintedOnce[Typed | None], ModalScreen[Typed | None]):
    """``content`` gives the lines for a width; it is asked again each second, as ages grow. ``wanted`` are the words to
    be typed, one after another; with ``reason`` any text is. ``accept`` says what accepting does, None: it can only be
    read. Ends with what was typed, or with None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", show=False, priority=True),
        Binding("ctrl+y", "accept", show=False, priority=True),
        Binding("tab", "to_field", show=False, priority=True),
        Binding("pageup", "move('page_up')", show=False, priority=True),
        Binding("pagedown", "move('page_down')", show=False, priority=True),
        Binding("up", "move('up')", show=False, priority=True),
        Binding("down", "move('down')", show=False, priority=True),
        Binding("enter,q,backspace", "cancel", show=False),
        Binding("k", "move('up')", show=False),
        Binding("j", "move('down')", show=False),
        Binding("g", "move('top')", show=False),
        Binding("G", "move('bottom')", show=False),
    ]
    DEFAULT_CSS = """
    TypedDialog { align: center middle; }
    TypedDialog #dialog { height: auto; padding: 0 1; }
    TypedDialog Lines { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    TypedDialog #answers { height: 1; }
    TypedDialog Answer { margin-right: 2; }
    """

    def __init__(
        self,
        title: str,
        content: Callable[[int], Sequence[Line]],
        *,
        wanted: Sequence[str] = (),
        reason: bool = False,
        accept: str | None = None,
        ascii_only: bool = False,
    ) -> None:
        super().__init__()
        self.set_class(ascii_only, "ascii")
        self._title, self._content = title, content
        self._wanted, self._reason = tuple(wanted), reason
        self._typed: list[str] = []
        self._hint = ""
        self._head = Block(ascii_only=ascii_only)
        self.lines = Lines(ascii_only=ascii_only)
        self._below = Block(ascii_only=ascii_only)
        self.field = TypedField(self._took, ascii_only=ascii_only)
        self.field.display = bool(wanted) or reason
        cancel = Answer(
            "Esc Cancel" if accept else "Esc Close", Tone.CURRENT, self.action_cancel, ascii_only=ascii_only
        )
        self._answers = [cancel]
        self._accepts = accept is not None
        if accept is not None:
            self._answers.append(Answer(f"ctrl+y {accept}", Tone.PLAIN, self.action_accept, ascii_only=ascii_only))

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield self._head
            yield self.lines
            yield self._below
            yield self.field
            with Horizontal(id="answers"):
                yield from self._answers

    def on_mount(self) -> None:
        self._draw()
        self.set_interval(TICK_S, self._draw)

    def on_screen_resume(self, event: ScreenResume) -> None:
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    # -------------------------------------------------------------------------------------------------- drawing

    def _draw(self) -> None:
        width = min(WIDEST, self.app.size.width - 2)
        inner = width - 4
        self.query_one("#dialog").styles.width = width
        head = [*paragraph(self._title, inner, Tone.HEADING), EMPTY_LINE]
        below = self._words(inner)
        self._head.show(head)
        self._below.show(below)
        lines = self._content(inner - 1)
        room = self.app.size.height - len(head) - len(below) - int(self.field.display) - 3
        self.lines.styles.height = max(1, min(len(lines), room))
        self.lines.show(lines)

    def _words(self, inner: int) -> list[Line]:
        """What must be typed, what of it has been, and where the next word goes."""
        lines: list[Line] = [EMPTY_LINE]
        if self._reason:
            lines.append((Cell(f"Type {REASON}:", Tone.HEADING),))
        for number, words in enumerate(self._wanted):
            second = Cell(_HOW.get(words.split(" ")[0], ""), Tone.WARN)
            if number < len(self._typed):
                lines.append((Cell(f"{GLYPHS[Tone.OK]} typed  {self._typed[number]}", Tone.OK),))
            elif number == len(self._typed):
                lines.append((Cell("› type   ", Tone.CURRENT), Cell(words, Tone.HEADING), second))
            else:
                lines.append((Cell(f"  then   {words}", Tone.DIM), second))
        hint = self._hint or self._next_key()
        return [*lines, *(paragraph(hint, inner, Tone.WARN if self._hint else Tone.DIM) if hint else ())]

    def _next_key(self) -> str:
        if not self._accepts:
            return "Up Down PgUp PgDn read on"
        if self._complete:
            return f"{'Everything is typed: ' if self._wanted else ''}ctrl+y does it, Esc does not."
        return "" if self.field.has_focus else "Tab to the line to type in; Up Down PgUp PgDn read on"

    def hint(self, text: str) -> None:
        """Say something until the next key."""
        self._hint = text
        self._draw()

    # -------------------------------------------------------------------------------------------------- typing

    @property
    def _complete(self) -> bool:
        if self._reason:
            return bool(self.field.value.strip())
        return len(self._typed) == len(self._wanted)

    def _took(self, text: str) -> None:
        if not self.is_attached:
            return
        self._hint = ""
        place = len(self._typed)
        if place < len(self._wanted) and text.strip() == self._wanted[place] != NAME:
            self._take(self._wanted[place])
        self._draw()

    def _take(self, text: str) -> None:
        """This is typed; the next is to be."""
        self._typed.append(text)
        self.field.value = ""
        if len(self._typed) == len(self._wanted):
            self.field.display = False
            self.set_focus(None)

    def on_input_changed(self, event: TextField.Changed) -> None:
        event.stop()

    def on_input_submitted(self, event: TextField.Submitted) -> None:
        event.stop()
        text, place = " ".join(event.value.split()), len(self._typed)
        named = text.startswith(SECOND_PERSON) and text != NAME
        if named and place < len(self._wanted) and self._wanted[place] == NAME:
            self._take(text)
            self._draw()
            return
        self.hint("Enter does nothing here: ctrl+y does it once everything is typed, Esc cancels.")

    def on_key(self, event: Key) -> None:
        if getattr(self.app, "held", False):  # nobody has seen this dialog yet
            event.stop()
            event.prevent_default()
        elif self._hint:
            self._hint = ""
            self._draw()

    # -------------------------------------------------------------------------------------------------- answers

    def action_to_field(self) -> None:
        if self.field.display:
            self.set_focus(None if self.field.has_focus else self.field)
            self._draw()

    def action_move(self, how: str) -> None:
        self.lines.move(how)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)

    def action_accept(self) -> None:
        if not self._accepts or not self.is_current or getattr(self.app, "held", False):
            return
        if not self._complete:
            self.hint("Not everything has been typed yet.")
        else:
            self.dismiss((self.field.value.strip(),) if self._reason else tuple(self._typed))
