"""The terminal: its title, what it answers about the speed of the line, and what to do when it goes away."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO, cast

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition, Key, Resize
from textual.geometry import Size
from textual.message import Message

from app.line_speed import LineSpeed
from store import turns

QUESTION = "\x1b[6n"
"""Where is the cursor? Of all questions it is the one that every terminal answers and whose answer the toolkit's
parser takes for no key."""

LAST_ANSWER_S = 1.0
"""How long leaving waits for an answer that is still to come: behind the prompt of a shell it would be typed."""

HUNG_UP, TERMINATED = 128 + signal.SIGHUP, 128 + signal.SIGTERM
CHUNK = 8192


class LineProvedSlow(Message):
    """The line to the terminal carries only so many bytes in a second."""

    def __init__(self, bytes_s: float) -> None:
        super().__init__()
        self.bytes_s = bytes_s


class Outgoing:
    """The terminal as a file for the thread that writes. Where the terminal is gone, output is dropped, and ``lost`` is
    called once: the toolkit's own thread would end, its queue fill up, and the console wait for ever."""

    def __init__(self, stream: TextIO, lost: Callable[[], None]) -> None:
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding
        self._lost = lost
        self._gone = False
        self._held: list[str] = []
        self._size = 0

    def write(self, text: str) -> int:
        self._held.append(text)
        self._size += len(text)
        if self._size >= CHUNK:
            self.flush()
        return len(text)

    def flush(self) -> None:
        data = memoryview("".join(self._held).encode(self._encoding, "backslashreplace"))
        self._held.clear()
        self._size = 0
        while data and not self._gone:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                self._gone = True
                self._lost()
        turns.key_answered()

    def fileno(self) -> int:
        return self._descriptor


class TerminalDriver(LinuxDriver):
    """The toolkit's driver, which besides counts what it writes, sets the title and ends the console when the terminal
    is hung up. ``speed`` judges the line; ``title`` is that of the terminal, None: it has none."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
        speed: LineSpeed,
        title: str | None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._speed = speed
        self._title = title
        self._ending = self._lost = False
        self._answered = threading.Event()
        self._file = cast("Any", Outgoing(cast("TextIO", self._file), self._hung_up))
        # Whoever starts a program with hang-ups ignored wants it to live on as long as there is a terminal.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._loop.add_signal_handler(signal.SIGHUP, self._end, HUNG_UP)
        self._loop.add_signal_handler(signal.SIGTERM, self._end, TERMINATED)
        threading.Thread(target=self._watch, name="terminal-watch", daemon=True).start()

    # ------------------------------------------------------------------------------------------------- the end

    def _watch(self) -> None:
        """Wait for the other end of the terminal to go away: reading from it would then return at once, for ever."""
        poll = select.poll()
        poll.register(self.fileno, 0)
        if any(what & (select.POLLHUP | select.POLLERR) for _, what in poll.poll()):
            self._hung_up()

    def _hung_up(self) -> None:
        self._lost = True
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the console with it
            self._loop.call_soon_threadsafe(self._end, HUNG_UP)

    def _end(self, code: int) -> None:
        if self._ending:
            return
        self._ending = True
        if code == HUNG_UP:
            self._lost = True
            # Shell and system each send one: the second must not cut short what the first began.
            self._loop.remove_signal_handler(signal.SIGHUP)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._app.exit(return_code=code)

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:
            self._hung_up()

    # ------------------------------------------------------------------------------------------ begin and leave

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # The toolkit asks for the size in the handler itself. Where one signal comes while another is handled, the last
        # word is the older size, and the console would be drawn for a window that is no more.
        self._loop.add_signal_handler(signal.SIGWINCH, self._tell_size)
        if self._title is not None:
            self.write(f"\x1b[22;2t\x1b]2;{self._title}\x07")
        self._speed.start(time.monotonic())
        self._ask()

    def _tell_size(self) -> None:
        if not self._in_band_window_resize:
            size = Size(*self._get_terminal_size())
            self._app.post_message(Resize(size, size))

    def stop_application_mode(self) -> None:
        if self._title is not None:
            # Emptied first: a terminal that keeps no stack of titles must not go on saying LIVE.
            self.write("\x1b]2;\x07\x1b[23;2t")
        super().stop_application_mode()

    def disable_input(self) -> None:
        if self._speed.waits() and self._speed.answers and not self._lost:
            self._answered.wait(LAST_ANSWER_S)
        super().disable_input()

    def _sigtstp_application(self, *_: object) -> None:
        """Stop the whole job: a program that waits for this one (make, a script) would hold the terminal else."""
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        os.killpg(os.getpgrp(), signal.SIGSTOP)

    # --------------------------------------------------------------------------------------- how fast the line is

    def write(self, data: str) -> None:
        self._speed.wrote(len(data.encode("utf-8", "replace")), time.monotonic())
        super().write(data)

    def flush(self) -> None:
        """A frame is complete."""
        if self._speed.asks(time.monotonic()):
            self._ask()
        super().flush()

    def _ask(self) -> None:
        self._answered.clear()
        super().write(QUESTION)

    def process_message(self, message: Message) -> None:
        if isinstance(message, Key):
            turns.key_came()
        if not isinstance(message, CursorPosition) or not self._speed.waits():
            super().process_message(message)
            return
        slow = self._speed.answered(time.monotonic())
        if not self._speed.waits():
            self._answered.set()
        if slow is not None:
            self.send_message(LineProvedSlow(slow))


def driver_class(speed: LineSpeed, title: str | None) -> type[Driver]:
    """The driver as the toolkit asks for it."""
    from functools import partial

    return cast("type[Driver]", partial(TerminalDriver, speed=speed, title=title))


def not_suspendable() -> str | None:
    """Why stopping this console would leave nobody to continue it; None: a shell with job control waits for it."""
    group, session = os.getpgrp(), os.getsid(0)
    try:
        pid = os.getppid()
        while pid > 1 and os.getsid(pid) == session and os.getpgid(pid) == group:
            pid = _parent(pid)
        if pid > 1 and os.getsid(pid) == session:
            return None
    except (OSError, ValueError):
        pass
    return "No shell waits for this console: stopped, nothing could bring it back."


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return int(file.read().rpartition(")")[2].split()[1])
