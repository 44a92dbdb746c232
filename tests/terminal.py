"""A real pseudo-terminal for tests: runs a program, keeps its screen, types keys, waits for words."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path
from types import TracebackType

import pyte

QUESTION, ANSWER = b"\x1b[6n", b"\x1b[1;1R"

KEYS = {
    "ctrl+z": "\x1a",
    "enter": "\r",
    "esc": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "pagedown": "\x1b[6~",
    "ctrl+q": "\x11",
}


class Terminal:
    """``with Terminal([...], 80, 24) as screen``: the program in it, until the block ends.

    ``line_bytes_s``: how many bytes a second come through, as over a slow line. ``answers``: it says where its cursor
    is, as every real terminal does. ``controlling``: keys can stop and interrupt jobs, as a shell needs."""

    def __init__(
        self,
        command: list[str],
        columns: int = 80,
        rows: int = 24,
        env: dict[str, str] | None = None,
        *,
        line_bytes_s: int | None = None,
        answers: bool = False,
        controlling: bool = False,
    ) -> None:
        self.raw = bytearray()
        self._drawn = 0
        self._line_bytes_s = line_bytes_s
        self._answers = answers
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.bytes = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": "", **(env or {})}
        environment = {name: value for name, value in environment.items() if value}
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=_take_terminal if controlling else None,
        )
        os.close(slave)
        # A read under way keeps the terminal open however often it is closed: this ends it.
        self._woken, self._wake = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.hang_up()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._woken], [], [])
            if self._woken in ready:
                return
            try:
                data = os.read(self._master, 65536 if self._line_bytes_s is None else 512)
            except OSError:
                return
            if not data:
                return
            if self._line_bytes_s is not None:
                time.sleep(len(data) / self._line_bytes_s)
            with self._lock:
                self.bytes += len(data)
                asked = (bytes(self.raw[-3:]) + data).count(QUESTION)
                self.raw += data
            if self._answers and asked:
                os.write(self._master, ANSWER * asked)

    def resize(self, columns: int, rows: int) -> None:
        """What happens when somebody drags the window."""
        with self._lock:
            self._draw()
            self._screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.process.pid, signal.SIGWINCH)

    def hang_up(self) -> None:
        """The terminal goes away: a lost connection, a closed window."""
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1
            self._reader.join()
            os.close(self._woken)
            os.close(self._master)

    def ended(self, timeout: float = 60.0) -> int:
        """The exit code of the program, once it has ended and all that it wrote has been read."""
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        return code

    def press(self, *keys: str) -> None:
        """Type keys: a name of ``KEYS`` or the characters themselves."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())
            time.sleep(0.05)  # the gap of a fast typist: an Esc must not join the key behind it

    @property
    def text(self) -> str:
        """What the screen shows, one line a row, trailing blanks removed."""
        with self._lock:
            self._draw()
            return "\n".join(line.rstrip() for line in self._screen.display)

    def _draw(self) -> None:
        # Only now, as drawing is slow and a program must not take its terminal for a slow one.
        self._stream.feed(bytes(self.raw[self._drawn :]))
        self._drawn = len(self.raw)

    def wait_for(self, *words: str, timeout: float = 60.0, absent: bool = False) -> str:
        """The screen as soon as it shows all ``words`` (or none of them, with ``absent``)."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            shown = self.text
            if all((word in shown) is not absent for word in words):
                return shown
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        wanted = "gone" if absent else "shown"
        raise AssertionError(f"not {wanted} in {timeout} s: {words}\nexit: {self.process.poll()}\n{self.text}")


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def drdeck(*arguments: str) -> list[str]:
    """The command line of the program under test."""
    import sys

    return [sys.executable, "-m", "app", *arguments]


def private_home(directory: Path) -> dict[str, str]:
    """An environment in which the program keeps everything under ``directory``."""
    return {
        "HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory / "config"),
        "XDG_STATE_HOME": str(directory / "state"),
        "TZ": "UTC",
    }
