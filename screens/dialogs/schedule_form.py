"""The form of a schedule: when it is due, and how much of what it makes is kept. The next five dates are shown while it
is typed. Tab goes to the next line, ctrl+y saves, Esc cancels wherever the cursor is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

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
from screens.rows_schedules import date_texts, what
from screens.schedule_messages import Edited
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.widgets.block import Block
from store.schedules import Schedule
from store.timetable import Frequency, Timetable, TimetableError
from store.timetable_texts import BY_CLOCK, EVERY, changed, number, texts_of

WIDEST = 90

_DAYS = [word for word, (frequency, _) in EVERY.items() if frequency in BY_CLOCK]
_HOURS = [word for word, (frequency, _) in EVERY.items() if frequency is Frequency.HOURLY]

KEEPING = ("vm-snapshot", "vm-backup")
"""Kinds of schedule that delete what is too many of what they made."""

FIELDS = (
    ("every", "Every", " ".join((*_DAYS, *_HOURS, "15m"))),
    ("at", "At", "HH:MM; of hours :MM, the minute"),
    ("weekday", "Weekday", "of weeks: Monday to Sunday"),
    ("day", "Day", "of months: 1 to 31, or the month's end"),
    ("zone", "Zone", "such as Europe/Paris"),
    ("keep", "Keep", "so many that it made stay"),
)


class FormField(TextField):
    """Tells its form of each text at once."""

    def __init__(self, value: str, typed: Callable[[], None], *, ascii_only: bool) -> None:
        self._typed = typed
        super().__init__(value, ascii_only=ascii_only)

    def watch_value(self, value: str) -> None:
        self._typed()


class ScheduleForm(PaintedOnce[Edited | None], ModalScreen[Edited | None]):
    """Ends with what the schedule is to be, or with None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", show=False, priority=True),
        Binding("ctrl+y", "accept", show=False, priority=True),
        Binding("tab,down,enter", "next", show=False, priority=True),
        Binding("shift+tab,up", "previous", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    ScheduleForm { align: center middle; }
    ScheduleForm #dialog { height: auto; padding: 0 1; }
    ScheduleForm .line { height: 1; }
    ScheduleForm .label { width: 10; }
    ScheduleForm .hint { width: 1fr; }
    ScheduleForm FormField { width: 22; }
    ScheduleForm #answers { height: 1; }
    ScheduleForm Answer { margin-right: 2; }
    """

    def __init__(self, schedule: Schedule, around: Surroundings) -> None:
        super().__init__()
        ascii_only = around.ascii_only
        self.set_class(ascii_only, "ascii")
        self._schedule, self._around, self._ascii_only = schedule, around, ascii_only
        texts = {**texts_of(schedule.timetable), "keep": str(schedule.options.keep)}
        wanted = [name for name, _, _ in FIELDS if name != "keep" or schedule.kind in KEEPING]
        self.fields = {name: FormField(texts[name], self._typed, ascii_only=ascii_only) for name in wanted}
        self._head = Block(ascii_only=ascii_only)
        self.below = Block(ascii_only=ascii_only)
        self._answers = (
            Answer("Esc Cancel", Tone.CURRENT, self.action_cancel, ascii_only=ascii_only),
            Answer("ctrl+y Save", Tone.PLAIN, self.action_accept, ascii_only=ascii_only),
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield self._head
            for name, label, hint in FIELDS:
                if name in self.fields:
                    with Horizontal(classes="line"):
                        yield self._words(Cell(label), "label")
                        yield self.fields[name]
                        yield self._words(Cell(f" {hint}", Tone.DIM), "hint")
            yield self.below
            with Horizontal(id="answers"):
                yield from self._answers

    def _words(self, cell: Cell, kind: str) -> Block:
        block = Block([(cell,)], ascii_only=self._ascii_only)
        block.add_class(kind)
        return block

    def on_mount(self) -> None:
        self.fields["every"].focus()
        self._draw()

    def on_screen_resume(self, event: ScreenResume) -> None:
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._draw)

    def on_input_changed(self, event: TextField.Changed) -> None:
        event.stop()

    # -------------------------------------------------------------------------------------------------- drawing

    def _typed(self) -> None:
        if self.is_attached:
            self._draw()

    def _draw(self) -> None:
        width = min(WIDEST, self.app.size.width - 2)
        self.query_one("#dialog").styles.width = width
        about = self._around.titled(f"Schedule {self._schedule.name}: {what(self._schedule)}")
        self._head.show([*paragraph(about, width - 4, Tone.HEADING), EMPTY_LINE])
        self.below.show([EMPTY_LINE, *self._outcome(width - 4), EMPTY_LINE])

    def _outcome(self, width: int) -> Sequence[Line]:
        """The next five dates of what is typed, or why it means nothing."""
        try:
            found = self.edited()
        except TimetableError as error:
            return paragraph(f"{GLYPHS[Tone.BAD]} {error}", width, Tone.BAD)
        told = f"{GLYPHS[Tone.OFF]} paused; it would be due:" if self._schedule.paused else "Next five dates:"
        dates = date_texts(found.timetable, self._around.clock())
        return [
            *paragraph(found.timetable.words, width),
            (Cell(told, Tone.HEADING),),
            *((Cell(f"  {d}"),) for d in dates),
        ]

    def edited(self) -> Edited:
        """What is typed. Raises :class:`store.timetable.TimetableError` with what was expected."""
        texts = {name: field.value.strip() for name, field in self.fields.items()}
        options = self._schedule.options
        if (keep := texts.pop("keep", None)) is not None:
            options = replace(options, keep=number("keep", keep))
            if options.keep < 1:
                raise TimetableError(f"keep {keep}: expected 1 or more")
        timetable: Timetable = changed(self._schedule.timetable, texts)
        return Edited(timetable, options)

    # -------------------------------------------------------------------------------------------------- answers

    def action_next(self) -> None:
        self._move(1)

    def action_previous(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        fields = list(self.fields.values())
        here = next((place for place, field in enumerate(fields) if field.has_focus), -by)
        fields[(here + by) % len(fields)].focus()

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)

    def action_accept(self) -> None:
        if not self.is_current or getattr(self.app, "held", False):
            return
        try:
            self.dismiss(self.edited())
        except TimetableError:  # it stands there
            self._draw()
