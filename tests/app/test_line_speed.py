"""A line that is not slow is never called so; one that is, once; and nobody is asked without need."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from app.line_speed import ASK_AGAIN_S, LARGE, SLOW_BYTES_S, SLOW_DELAY_S, TELLING, LineSpeed

QUESTION = 4


@dataclass
class Line:
    """A line with a terminal at its end: what is written arrives in order, so many bytes a second."""

    bytes_s: float
    round_trip_s: float = 0.05
    speed: LineSpeed = field(default_factory=LineSpeed)
    now: float = 0.0
    empty_at: float = 0.0
    answers: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.speed.start(self.now)
        self._question()

    def _carry(self, size: int) -> None:
        self.empty_at = max(self.empty_at, self.now) + size / self.bytes_s

    def _question(self) -> None:
        self._carry(QUESTION)
        self.answers.append(self.empty_at + self.round_trip_s)

    def frame(self, size: int) -> bool:
        """Write a frame; whether a question was asked behind it."""
        self.speed.wrote(size, self.now)
        self._carry(size)
        asked = self.speed.asks(self.now)
        if asked:
            self._question()
        return asked

    def wait(self, seconds: float) -> None:
        """Let time pass and the answers arrive that are due."""
        self.now += seconds
        while self.answers and self.answers[0] <= self.now:
            slow = self.speed.answered(self.answers.pop(0))
            if slow is not None:
                self.found.append(slow)


WRITES = st.lists(st.tuples(st.integers(1, 60_000), st.floats(0, 5)), max_size=60)


@given(st.floats(SLOW_BYTES_S * 1.01, 1e8), st.floats(0, 2), WRITES)
def test_a_line_that_is_not_slow_is_never_called_slow(
    bytes_s: float, trip: float, writes: list[tuple[int, float]]
) -> None:
    line = Line(bytes_s, trip)
    for size, pause in writes:
        line.frame(size)
        line.wait(pause)
    line.wait(100)
    assert not line.found


@given(st.floats(500, 50_000), st.floats(0, 2))
def test_a_slow_line_is_found_by_a_few_full_screens_and_said_once(bytes_s: float, trip: float) -> None:
    line = Line(bytes_s, trip)
    line.wait(trip + 0.5)
    for _ in range(40):
        line.frame(9000)
        line.wait(0.033)
    line.wait(2000)
    assert len(line.found) == 1
    assert 0.4 * bytes_s <= line.found[0] <= 1.1 * bytes_s
    assert not line.frame(60_000), "what was decided is not asked again"


def test_one_frame_of_known_size_gives_the_rate() -> None:
    line = Line(31_000)
    line.wait(1)
    assert line.frame(20_000)
    line.wait(1)
    assert [round(found) for found in line.found] == [31_000]


def test_a_slow_line_that_nobody_felt_is_not_called_slow() -> None:
    line = Line(31_000)
    line.wait(1)
    assert line.frame(int(31_000 * SLOW_DELAY_S) - 100)
    line.wait(5)
    assert not line.found


def test_a_far_terminal_on_a_fast_line_is_not_slow() -> None:
    line = Line(1e7, round_trip_s=1.5)
    line.wait(5)
    assert line.frame(40_000)
    line.wait(5)
    assert not line.found


def test_a_terminal_that_answers_nothing_is_asked_twice_at_most_and_nothing_is_concluded() -> None:
    speed = LineSpeed()
    speed.start(0)
    asked = 0
    for second in range(1000):
        speed.wrote(50_000, float(second))
        asked += speed.asks(float(second))
    assert asked == 1
    assert speed.waits() and not speed.answers


def test_small_frames_ask_nothing() -> None:
    line = Line(1e6)
    for _ in range(1000):
        assert not line.frame(LARGE // 4)
        line.wait(0.1)


@given(st.integers(LARGE, 60_000))
def test_large_frames_ask_at_most_twice_a_minute(size: int) -> None:
    line = Line(1e6)
    line.wait(1)
    asked = 0
    for _ in range(int(ASK_AGAIN_S) - 1):
        asked += line.frame(size)
        line.wait(1)
    assert 1 <= asked <= 2
    assert asked == 1 or size < TELLING
    line.wait(2)
    assert line.frame(size)


def test_after_a_pause_everything_begins_anew() -> None:
    line = Line(31_000)
    line.frame(20_000)
    line.answers.clear()
    line.now += 100
    line.speed.start(line.now)
    line._question()
    line.wait(1)
    assert line.frame(20_000)
    line.wait(2)
    assert len(line.found) == 1
