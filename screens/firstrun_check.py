"""The check of one device: which step runs and for how long, then what it said and what the operator may do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget

from screens.cells import EMPTY_LINE, Cell, Line, Tone, line_text
from screens.firstrun_base import MOVES, QUIT, FirstRunScreen, Key, bindings, paragraph
from screens.firstrun_messages import CheckRepeated, CheckStopped, DeviceCorrected, DeviceDropped, DeviceKept
from screens.status import GLYPHS
from screens.widgets.lines import Lines

STOP = Key(("escape",), "Stop", "escape")
KEEP = Key(("k",), "Keep it", "keep")
CORRECT = Key(("c",), "Correct it", "correct")
AGAIN = Key(("r",), "Check again", "again")
DROP = Key(("x",), "Drop it", "drop")
BACK = Key(("escape",), "Back to the fields", "escape")
RUNS_STILL = "The check still runs: Esc stops it."

KEEP_WELL = "k keeps it. c goes back to its fields, which stay filled. x drops it."
KEEP_FAILED = (
    "c goes back to its fields, which stay filled. k keeps it as it is: the file says what you want, and the console "
    "goes on trying and shows what fails. x drops it."
)


class CheckScreen(FirstRunScreen):
    """``monotonic`` counts the seconds of a step; one update a second is drawn, and none when nothing runs."""

    KEYS = (KEEP, CORRECT, AGAIN, DROP, BACK, QUIT)
    # k keeps here, so the cursor moves by arrows alone.
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        *KEYS, *(Key(tuple(key for key in move.keys if key not in "jk"), "", "move", move.argument) for move in MOVES)
    )

    def __init__(
        self, device: str, address: str, ascii_only: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(ascii_only)
        self._title = f"Checking {device} at {address}"
        self._monotonic = monotonic
        self._step: str | None = None
        self._began = 0.0
        self._outcome: tuple[Line, ...] = ()
        self._choices = KEEP_WELL
        self._timer: Timer | None = None
        self.lines = Lines(id="lines", ascii_only=ascii_only)

    def on_mount(self) -> None:
        self._timer = self.set_interval(1.0, self._tick, pause=self._step is None)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def title_lines(self, width: int) -> Sequence[Line]:
        return paragraph(self._title, width, Tone.HEADING)

    def keys(self) -> Sequence[Key]:
        return self.KEYS if self._step is None else (STOP, QUIT)

    # ------------------------------------------------------------------------------------------------- content

    def show_step(self, words: str) -> None:
        """A step runs from now on."""
        self._step, self._began, self._outcome = words, self._monotonic(), ()
        if self._timer is not None:
            self._timer.resume()
        self._show()

    def show_outcome(self, word: str, tone: Tone, lines: Sequence[Line]) -> None:
        """Nothing runs any more: a word with its tone, and the lines that say more."""
        self._step = None
        self._outcome = ((Cell(f"{GLYPHS[tone]} {word}", tone),), EMPTY_LINE, *lines)
        self._choices = KEEP_WELL if tone is Tone.OK else KEEP_FAILED
        if self._timer is not None:
            self._timer.pause()
        self._show()

    def _show(self) -> None:
        if self.is_current:
            self.redraw()

    def _tick(self) -> None:
        if self._step is not None and self.is_active:
            self.draw(self.app.size.width)

    def draw(self, width: int) -> None:
        room = width - 1
        if self._step is not None:
            seconds = int(self._monotonic() - self._began)
            self.lines.show(paragraph(f"{self._step} … {seconds} s", room))
            return
        lines: list[Line] = []
        for line in self._outcome:
            lines += paragraph(line_text(line), room, line[0].tone) if line else [EMPTY_LINE]
        self.lines.show([*lines, EMPTY_LINE, *paragraph(self._choices, room)])

    # ------------------------------------------------------------------------------------------------- actions

    def do_move(self, how: str) -> None:
        self.lines.move(how)

    def do_keep(self) -> None:
        self._ended(DeviceKept())

    def do_correct(self) -> None:
        self._ended(DeviceCorrected())

    def do_again(self) -> None:
        self._ended(CheckRepeated())

    def do_drop(self) -> None:
        self._ended(DeviceDropped())

    def do_escape(self) -> None:
        self.post_message(CheckStopped() if self._step is not None else DeviceCorrected())

    def _ended(self, message: DeviceKept | DeviceCorrected | CheckRepeated | DeviceDropped) -> None:
        if self._step is None:
            self.post_message(message)
        else:
            self.say(RUNS_STILL)
