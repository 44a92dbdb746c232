"""How fast the line to the terminal is, told from when the terminal answers a question behind large frames.

A terminal answers in order: the answer to a question that was written behind a frame comes when the frame has been
read. A question asked at the start, with next to nothing in front of it, gives the round trip; what a later answer
takes beyond it is the time that the bytes in front of the question took.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

SLOW_BYTES_S = 64_000
SLOW_DELAY_S = 0.3
"""A line is slow where it carries fewer bytes a second than this and that was felt: so long a delay or longer."""

LARGE = 4096
TELLING = round(SLOW_BYTES_S * SLOW_DELAY_S)
"""So many bytes on the way are worth a question: the first number shows a very slow line, the second any slow one."""

ASK_AGAIN_S = 60.0


class _Asked(Struct, frozen=True):
    at: float
    ahead: float


class LineSpeed:
    """Counts what is written and judges the answers. Every time is in seconds of one clock that never goes back.

    How much is on the way is estimated as if the line were just not slow. A line that is not has less on it, so it is
    never called slow, whatever came before the question. Where the terminal answers nothing, nothing is concluded and
    no third question is asked. ``decided``: nothing more is asked."""

    def __init__(self) -> None:
        self.decided = False
        self._ahead = 0.0
        self._wrote_at = 0.0
        self._round_trip_s: float | None = None
        self._asked_at: dict[int, float] = {}
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
        self._ahead = 0.0
        self._wrote_at = now
        self._round_trip_s = None
        self._asked_at.clear()
        self._waiting.clear()
        self._waiting.append(_Asked(now, 0.0))

    def wrote(self, size: int, now: float) -> None:
        """So many bytes were written."""
        self._ahead = max(0.0, self._ahead - (now - self._wrote_at) * SLOW_BYTES_S) + size
        self._wrote_at = now

    def asks(self, now: float) -> bool:
        """A frame is complete: whether to write a question behind it, which then counts as asked."""
        enough = TELLING if self._ahead >= TELLING else LARGE
        last = self._asked_at.get(enough)
        if self.decided or self._ahead < enough or len(self._waiting) > 1:
            return False
        if last is not None and now - last < ASK_AGAIN_S:
            return False
        self._asked_at |= {LARGE: now, enough: now}
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
        if self.decided or delay < SLOW_DELAY_S or asked.ahead >= SLOW_BYTES_S * delay:
            return None
        self.decided = True
        return asked.ahead / delay
