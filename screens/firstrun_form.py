"""A form by keys: its fields, below them what is wrong, and the help of the field that is being filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.widget import Widget

from screens.cells import EMPTY_LINE, Cell, Line, Tone
from screens.firstrun_base import QUIT, FirstRunScreen, Key, bindings, paragraph
from screens.firstrun_fields import Field, Form, finished, left
from screens.firstrun_inputs import Choice, ReferenceField, TextField
from screens.firstrun_messages import FormFilled, FormLeft
from screens.status import GLYPHS
from screens.widgets.block import Block
from screens.widgets.lines import Lines

# These come first, so that the focus has moved before the next key is looked at: what is typed ahead on a slow line
# lands in the field it is meant for.
NEXT = Key(("tab", "down"), "Next", "step", "next", first=True)
PREVIOUS = Key(("shift+tab", "up"), "Previous", "step", "previous", first=True)
ENTER = Key(("enter",), "", "enter", first=True)
DONE = Key(("ctrl+s",), "", "done", first=True)
CHOOSE = Key(("left",), "Choose", "choose")
BACK = Key(("escape",), "Back", "back")
SCROLL = (Key(("pagedown",), "More", "move", "page_down"), Key(("pageup",), "", "move", "page_up"))
_WORDS = {"tab": "Tab", "shift+tab": "Shift+Tab", "left": "Left Right"}


class FormScreen(FirstRunScreen):
    """Fills in a :class:`screens.firstrun_fields.Form`. Enter goes to the next field; on the last it is ctrl+s."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(NEXT, PREVIOUS, ENTER, DONE, BACK, QUIT, *SCROLL)
    DEFAULT_CSS = """
    FormScreen .field { height: 1; }
    FormScreen .label { width: 16; }
    FormScreen Input { width: 1fr; }
    """

    def __init__(self, form: Form, ascii_only: bool) -> None:
        super().__init__(ascii_only)
        self.form = form
        self._present = form.fields[0].key
        self._labels = {f.key: Block(ascii_only=ascii_only) for f in form.fields}
        self._inputs = {f.key: self._input(f) for f in form.fields}
        self._opened = {key: widget.value for key, widget in self._inputs.items()}
        self.lines = Lines(id="lines", ascii_only=ascii_only)

    @property
    def touched(self) -> bool:
        """Whether anything was typed or chosen that was not there when it was opened."""
        return {key: widget.value for key, widget in self._inputs.items()} != self._opened

    def _input(self, field: Field) -> Choice | TextField:
        text = self.form.text(field.key)
        if field.choices:
            return Choice(field.choices, text, ascii_only=self.ascii_only, id=field.key)
        kind = ReferenceField if field.reference else TextField
        return kind(text, field.hint, ascii_only=self.ascii_only, id=field.key)

    def body(self) -> Sequence[Widget]:
        rows = []
        for field in self.form.fields:
            label = self._labels[field.key]
            label.add_class("label")
            rows.append(Horizontal(label, self._inputs[field.key], classes="field"))
        return (*rows, self.lines)

    def on_mount(self) -> None:
        self.set_focus(self._inputs[self._present])

    def title_lines(self, width: int) -> Sequence[Line]:
        return (*paragraph(self.form.title, width, Tone.HEADING), *paragraph(self.form.lead, width, Tone.DIM))

    def keys(self) -> Sequence[Key]:
        choosing = (CHOOSE,) if self.form.of(self._present).choices else ()
        more = SCROLL[:1] if self.lines.max_scroll_y > 0 else ()
        shown = (NEXT, PREVIOUS, *choosing, Key(DONE.keys, self.form.done, DONE.action), *more, BACK, QUIT)
        return [Key((_WORDS.get(key.keys[0], key.keys[0]),), key.name, key.action) for key in shown]

    def draw(self, width: int) -> None:
        for field in self.form.fields:
            wrong = self.form.wrong(field.key) is not None
            here = ">" if field.key == self._present else " "
            tone = Tone.BAD if wrong else Tone.HEADING if here == ">" else Tone.PLAIN
            self._labels[field.key].show([(Cell(f"{here}{GLYPHS[Tone.BAD] if wrong else ' '} {field.label}", tone),)])
        self.lines.show(self._notes(width - 1))

    def _notes(self, width: int) -> list[Line]:
        notes: list[Line] = [EMPTY_LINE]
        for complaint in self.form.complaints_at(self._present):
            notes += paragraph(f"{GLYPHS[Tone.BAD]} {complaint}.", width, Tone.BAD)
        if self.form.complaints:
            notes.append(EMPTY_LINE)
        for words in self.form.of(self._present).help:
            notes += paragraph(words, width, Tone.DIM)
        return notes

    # --------------------------------------------------------------------------------------------------- fields

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """A field is left when another one is entered, and not when the terminal itself loses the focus."""
        key = event.widget.id
        if key is None or key not in self._inputs:
            return
        if key != self._present:
            before, self._present = self._present, key
            self._when_typed([before], lambda: self._leave(before))
        self.redraw()

    def _when_typed(self, keys: Sequence[str], then: Callable[[], None]) -> None:
        """Go on once these fields have taken every key that was typed for them."""
        if keys:
            self._inputs[keys[0]].call_later(self._when_typed, keys[1:], then)
        else:
            then()

    def _leave(self, key: str) -> None:
        self._take(key)
        self.redraw()

    def _take(self, key: str) -> None:
        """Take what stands in a field; what is refused there as a secret goes from the field as well."""
        widget = self._inputs[key]
        self.form = left(self.form, key, widget.value)
        if isinstance(widget, ReferenceField) and widget.value != self.form.text(key):
            widget.value = self.form.text(key)

    def _take_all(self) -> None:
        """Take what stands in every field; the one with the focus is left by this."""
        for key, widget in self._inputs.items():
            if key == self._present or widget.value != self.form.text(key):
                self._take(key)

    # -------------------------------------------------------------------------------------------------- actions

    def _focused(self) -> str:
        """The field that has the focus now, even if it has not been told yet."""
        key = self.focused.id if self.focused is not None else None
        return key if key in self._inputs else self._present

    def do_step(self, where: str) -> None:
        keys = list(self._inputs)
        place = keys.index(self._focused()) + (1 if where == "next" else -1)
        self.set_focus(self._inputs[keys[place % len(keys)]])

    def do_enter(self) -> None:
        if self._focused() == self.form.fields[-1].key:
            self.do_done()
        else:
            self.do_step("next")

    def do_done(self) -> None:
        self._when_typed(list(self._inputs), self._finish)

    def _finish(self) -> None:
        self._take_all()
        self.form = finished(self.form)
        wrong = self.form.first_wrong
        if wrong is None:
            self.post_message(FormFilled(self.form.name, self.form.filled))
        else:
            self.set_focus(self._inputs[wrong])
        self.redraw()

    def do_back(self) -> None:
        self._when_typed(list(self._inputs), self._go_back)

    def _go_back(self) -> None:
        self._take_all()
        self.post_message(FormLeft(self.form.name, self.form.filled))

    def do_move(self, how: str) -> None:
        self.lines.move(how)
