"""A form of a few lines that says at once what is typed comes to, or what was expected. Tab goes to the next line,
ctrl+y accepts, Esc cancels wherever the cursor is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from msgspec import Struct
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize, ScreenResume
from textual.screen import ModalScreen

from screens.cells import EMPTY_LINE, Cell, Line, Tone
from screens.dialogs.accept import Answer
from screens.firstrun_base import paragraph
from screens.firstrun_inputs import TextField
from screens.painted_once import PaintedOnce
from screens.status import GLYPHS
from screens.widgets.block import Block

WIDEST = 96

T = TypeVar("T")


class Asked(Struct, frozen=True):
    """A line of a form: the name of what is typed, its label, what stands there first, and what is expected."""

    name: str
    label: str
    text: str = ""
    hint: str = ""


class Judged(Struct, Generic[T], frozen=True):
    """What is typed comes to: ``lines`` say it, for a width."""

    result: T
    lines: Callable[[int], Sequence[Line]]


Texts = Mapping[str, str]


class FormField(TextField):
    """Tells its form of each text at once."""

    def __init__(self, value: str, typed: Callable[[], None], *, ascii_only: bool) -> None:
        self._typed = typed
        super().__init__(value, ascii_only=ascii_only)

    def watch_value(self, value: str) -> None:
        self._typed()


class Form(PaintedOnce[T | None], ModalScreen[T | None]):
    """``judge`` is given what is typed, by name, and raises ValueError with what was expected. ``shown`` says which
    lines mean anything, by what is typed; the others are hidden. Ends with what ``judge`` made of it, or with None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", show=False, priority=True),
        Binding("ctrl+y", "accept", show=False, priority=True),
        Binding("tab,down,enter", "next", show=False, priority=True),
        Binding("shift+tab,up", "previous", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Form { align: center middle; }
    Form #dialog { height: auto; padding: 0 1; }
    Form .line { height: 1; }
    Form .label { width: 12; }
    Form .hint { width: 1fr; }
    Form FormField { width: 26; }
    Form #answers { height: 1; }
    Form Answer { margin-right: 2; }
    """

    def __init__(
        self,
        title: str,
        asked: Sequence[Asked],
        judge: Callable[[Texts], Judged[T]],
        *,
        accept: str,
        shown: Callable[[Texts], frozenset[str]] | None = None,
        ascii_only: bool = False,
    ) -> None:
        super().__init__()
        self.set_class(ascii_only, "ascii")
        self._title, self._asked, self._judge, self._shown = title, tuple(asked), judge, shown
        self._ascii_only = ascii_only
        self.fields = {one.name: FormField(one.text, self._typed, ascii_only=ascii_only) for one in asked}
        self._lines: dict[str, Horizontal] = {}
        self._head = Block(ascii_only=ascii_only)
        self.below = Block(ascii_only=ascii_only)
        self._answers = (
            Answer("Esc Cancel", Tone.CURRENT, self.action_cancel, ascii_only=ascii_only),
            Answer(f"ctrl+y {accept}", Tone.PLAIN, self.action_accept, ascii_only=ascii_only),
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield self._head
            for one in self._asked:
                with Horizontal(classes="line") as line:
                    self._lines[one.name] = line
                    yield self._words(Cell(one.label), "label")
                    yield self.fields[one.name]
                    yield self._words(Cell(f" {one.hint}", Tone.DIM), "hint")
            yield self.below
            with Horizontal(id="answers"):
                yield from self._answers

    def _words(self, cell: Cell, kind: str) -> Block:
        block = Block([(cell,)], ascii_only=self._ascii_only)
        block.add_class(kind)
        return block

    def on_mount(self) -> None:
        next(iter(self.fields.values())).focus()
        self._draw()

    def on_screen_resume(self, event: ScreenResume) -> None:
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def on_input_changed(self, event: TextField.Changed) -> None:
        event.stop()

    # -------------------------------------------------------------------------------------------------- drawing

    @property
    def texts(self) -> dict[str, str]:
        """What is typed, by name."""
        return {name: field.value.strip() for name, field in self.fields.items()}

    def _typed(self) -> None:
        if self.is_attached:
            self._draw()

    def _draw(self) -> None:
        width = min(WIDEST, self.app.size.width - 2)
        self.query_one("#dialog").styles.width = width
        self._head.show([*paragraph(self._title, width - 4, Tone.HEADING), EMPTY_LINE])
        shown = self._shown(self.texts) if self._shown is not None else frozenset(self.fields)
        for name, line in self._lines.items():
            line.display = name in shown or self.fields[name].has_focus
        self.below.show([EMPTY_LINE, *self._outcome(width - 4), EMPTY_LINE])

    def _outcome(self, width: int) -> Sequence[Line]:
        try:
            return self._judge(self.texts).lines(width)
        except ValueError as error:
            return paragraph(f"{GLYPHS[Tone.BAD]} {str(error).replace(' : ', ': ')}", width, Tone.BAD)

    # -------------------------------------------------------------------------------------------------- answers

    def action_next(self) -> None:
        self._move(1)

    def action_previous(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        fields = [field for name, field in self.fields.items() if self._lines[name].display]
        here = next((place for place, field in enumerate(fields) if field.has_focus), -by)
        fields[(here + by) % len(fields)].focus()
        self._draw()

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)

    def action_accept(self) -> None:
        if not self.is_current or getattr(self.app, "held", False):
            return
        try:
            found = self._judge(self.texts)
        except ValueError:  # it stands there
            self._draw()
            return
        self.dismiss(found.result)
