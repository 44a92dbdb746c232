"""A program on a real pseudo-terminal, for measuring: every byte it writes is kept with its time.

The harness draws nothing while it measures. Words are looked for in the text of the stream; the screen is made up, with
pyte, only when it is asked for. All times are of ``time.perf_counter``, in seconds.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

import pyte

from tests.benchmarks.pty_stream import Chunk, Whole, answer, plain, printable

ROOT = Path(__file__).resolve().parents[2]

KEYS = {
    "enter": b"\r",
    "escape": b"\x1b",
    "tab": b"\t",
    "space": b" ",
    "backspace": b"\x7f",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    **{f"ctrl+{letter}": bytes([ord(letter) & 0x1F]) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
_FOREIGN = (
    *("NO_COLOR", "COLUMNS", "LINES", "TMUX", "STY", "TERM_PROGRAM", "DRDECK_CONFIG"),
    "PYTHONDONTWRITEBYTECODE",  # what is installed is compiled
)
_READ = 65_536
_THIN_READ = 256
"""Bytes taken off a thin line at once: 8 ms of one of 256 kbit/s."""


REST_S, REST_CPU_S = 1.2, 0.05
"""A program is at rest when it computes no longer than the second of these in the first."""


class ProgramError(Exception):
    """The program ended, or did not show what was waited for; the text says what it shows."""


class Program:
    """``with Program([...]) as program``: runs it until the block ends, and leaves no process behind.

    ``line_bps`` is the bandwidth of the line between program and terminal, in bits a second; None: no limit.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        line_bps: int | None = None,
    ) -> None:
        self.size = size
        self.chunks: list[Chunk] = []
        self.alive = True
        self._byte_s = 8 / line_bps if line_bps is not None else 0.0
        self._line_free_at = 0.0
        self._questions = Whole()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._to_screen = Whole()
        self._on_screen = 0
        self._fd, slave = pty.openpty()
        columns, rows = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=environment(env or {}),
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end()
        finally:
            os.close(self._fd)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _end(self) -> None:
        """By ctrl+q; if that does not help, by signals."""
        self._byte_s = 0.0
        if self.alive:
            self.send("ctrl+q")
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                os.kill(self.pid, number)
            deadline = time.perf_counter() + 4
            while time.perf_counter() < deadline:
                if self._process.poll() is not None:
                    return
                self.read(0.05)
                if not self.alive:
                    time.sleep(0.01)
        self._process.wait()

    # --------------------------------------------------------------------------------------------- keys and bytes

    def send(self, *keys: str) -> None:
        """Type keys: names of ``KEYS``, or characters."""
        for key in keys:
            self._write(KEYS.get(key) or key.encode())

    def _write(self, data: bytes) -> None:
        try:
            os.write(self._fd, data)
        except OSError:
            self.alive = False

    def read(self, wait_s: float) -> bool:
        """Take what the line carries, waiting ``wait_s`` at the longest; whether anything came."""
        if not self.alive:
            return False
        busy_s = self._line_free_at - time.perf_counter()
        if busy_s > 0:
            time.sleep(min(busy_s, wait_s))
            return False
        if not select.select([self._fd], [], [], wait_s)[0]:
            return False
        try:
            data = os.read(self._fd, _THIN_READ if self._byte_s else _READ)
        except OSError:  # the last process that held the terminal has ended
            data = b""
        if not data:
            self.alive = False
            return False
        self.chunks.append(Chunk(self._arrival(len(data)), data))
        reply = answer(self._questions.take(data))
        if reply:
            self._write(reply)
        return True

    def _arrival(self, size: int) -> float:
        """When the line has carried so many bytes more."""
        now = time.perf_counter()
        if self._byte_s:
            # A line that was free only while this program slept a little too long was not free.
            begin = self._line_free_at if now - self._line_free_at < 0.005 else now
            self._line_free_at = begin + size * self._byte_s
            return self._line_free_at
        return now

    @property
    def last_at(self) -> float:
        """When the last byte came; minus infinity before the first."""
        return self.chunks[-1].at if self.chunks else float("-inf")

    def since(self, moment: float) -> list[Chunk]:
        """What came after a moment."""
        return [chunk for chunk in self.chunks if chunk.at > moment]

    # ------------------------------------------------------------------------------------------------- waiting

    def read_while(self, wanted: Callable[[], bool], limit_s: float) -> bool:
        """Read for as long as ``wanted``; False where the limit came first."""
        deadline = time.perf_counter() + limit_s
        while self.alive and wanted():
            left = deadline - time.perf_counter()
            if left <= 0:
                return False
            self.read(min(left, 0.02))
        return not wanted()

    def read_for(self, seconds: float) -> None:
        self.read_while(lambda: True, seconds)

    def settle(self, quiet_s: float, limit_s: float = 10.0) -> None:
        """Read until nothing has come for ``quiet_s``."""
        begin = time.perf_counter()
        self.read_while(lambda: time.perf_counter() - max(begin, self.last_at) < quiet_s, limit_s)

    def rest(self, limit_s: float = 20.0) -> float:
        """Read until for a while nothing has come and hardly anything was computed; how long that took."""
        begin = time.perf_counter()
        while self.alive and time.perf_counter() - begin < limit_s:
            cpu, came = self.cpu_s(), len(self.chunks)
            self.read_for(REST_S)
            if len(self.chunks) == came and self.cpu_s() - cpu <= REST_CPU_S:
                break
        return time.perf_counter() - begin

    def wait_for(self, pattern: str, limit_s: float = 60.0) -> None:
        """Read until the text that was drawn since the start has ``pattern`` in it. Raises ProgramError."""
        words = re.compile(pattern)
        whole, text, taken = Whole(), "", 0

        def missing() -> bool:
            nonlocal text, taken
            for chunk in islice(self.chunks, taken, None):
                text += plain(whole.take(chunk.data))
            taken = len(self.chunks)
            return words.search(text) is None

        if not self.read_while(missing, limit_s):
            raise ProgramError(f"{pattern!r} was not shown; the screen shows:\n{self.text}")

    def wait_shown(self, pattern: str, limit_s: float = 60.0) -> None:
        """Read until the screen shows ``pattern``; looks twice a second. Raises ProgramError."""
        deadline = time.perf_counter() + limit_s
        while re.search(pattern, self.text) is None:
            if time.perf_counter() > deadline or not self.alive:
                raise ProgramError(f"{pattern!r} is not on the screen:\n{self.text}")
            self.read_for(0.5)

    # ------------------------------------------------------------------------------------------ what it looks like

    @property
    def screen(self) -> pyte.Screen:
        """The screen after everything read so far. Slow: not for use within a measurement."""
        for chunk in islice(self.chunks, self._on_screen, None):
            self._stream.feed(printable(self._to_screen.take(chunk.data)))
        self._on_screen = len(self.chunks)
        return self._screen

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip()

    def rss_mb(self) -> float:
        """The resident memory of the process, in MB as ``ps`` and ``top`` count them: of 1,048,576 bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def cpu_s(self) -> float:
        """The seconds that the process has computed, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The surroundings of a measured program: a modern terminal, UTF-8, nothing of whoever measures."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN and "TEXTUAL" not in name}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TZ": "UTC", **more}
