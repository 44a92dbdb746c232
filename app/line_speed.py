"""How fast the line to the terminal is, told from when the terminal answers a question behind a large frame.

A terminal answers in order: the answer to a question that was written behind a frame comes when the frame has been
read. A question asked at the start, with nothing in front of it, gives the round trip, and what an answer takes beyond
it is the time that the frame took.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

LARGE_FRAME = 4096
"""Bytes from which a frame is worth a question."""

ASK_AGAIN_S = 60.0
QUIET_S = 2.0
"""After so long without output the line is taken to be empty."""

SLOW_BYTES_S = 64_000
SLOW_DELAY_S = 0.3


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    ahead: int


class LineSpeed:
    """Counts what is written and judges the answers. Every time is in seconds of one clock that never goes back.

    Where the terminal answers nothing, nothing is concluded and no third question is asked."""

    def __init__(self) -> None:
        self.written = 0
        self.decided = False
        self._frame = 0
        self._ahead = 0
        self._wrote_at = 0.0
        self._round_trip_s: float | None = None
        self._asked_at: float | None = None
        self._waiting: deque[_Asked] = deque()

    def waits(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting)

    @property
    def answers(self) -> bool:
        """Whether the terminal has answered at all."""
        return self._round_trip_s is not None

    def start(self, now: float) -> None:
        """The first question was written, with next to nothing in front of it: forget what was before."""
        self._frame = self._ahead = 0
        self._wrote_at = now
        self._round_trip_s = self._asked_at = None
        self._waiting.clear()
        self._waiting.append(_Asked(now, 0))

    def wrote(self, size: int, now: float) -> None:
        """So many bytes were written."""
        if now - self._wrote_at > QUIET_S:
            self._ahead = 0
        self.written += size
        self._frame += size
        self._ahead += size
        self._wrote_at = now

    def asks(self, now: float) -> bool:
        """A frame is complete: whether to write a question behind it, which then counts as asked."""
        frame, self._frame = self._frame, 0
        if self.decided or frame < LARGE_FRAME or len(self._waiting) > 1:
            return False
        if self._asked_at is not None and now - self._asked_at < ASK_AGAIN_S:
            return False
        self._asked_at = now
        self._waiting.append(_Asked(now, self._ahead))
        return True

    def answered(self, now: float) -> float | None:
        """The terminal answered the oldest question: the bytes per second of a line that proves slow by it."""
        asked = self._waiting.popleft()
        taken = now - asked.at
        if self._round_trip_s is None:
            self._round_trip_s = taken
            return None
        delay = taken - self._round_trip_s
        if self.decided or delay <= SLOW_DELAY_S or asked.ahead >= SLOW_BYTES_S * delay:
            return None
        self.decided = True
        return asked.ahead / delay
