"""What is measured of a program on a pseudo-terminal: its start, its reactions, and what it does by itself."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyte

from tests.benchmarks.pty_harness import REST_S, Program, ProgramError
from tests.benchmarks.pty_stream import Frame, drawn, frames, printable

SAME_REDRAW_S = 0.15
"""Frames that come within so little of the first are one redraw in parts. An animation goes on beyond that."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What followed a key: milliseconds to the end of its first frame and of its last, and the text that was drawn.
    ``at`` is the time at which the last frame ended."""

    ms: float
    first_ms: float
    size: int
    frames: int
    text: str
    at: float


def react(program: Program, act: Callable[[], None], quiet_s: float = 0.1, limit_s: float = 1.5) -> Reaction | None:
    """Do something to a program that is at rest, and wait until it is at rest again: silent for ``quiet_s``. None: it
    drew nothing."""
    program.settle(0.02, limit_s=1.0)
    began = time.perf_counter()
    act()
    program.read_while(lambda: program.last_at < began, limit_s)
    program.settle(quiet_s, limit_s)
    chunks = program.since(began)
    shown = drawn(chunks)
    if not shown:
        return None
    return Reaction(
        ms=(shown[-1].at - began) * 1e3,
        first_ms=(shown[0].at - began) * 1e3,
        size=sum(len(chunk.data) for chunk in chunks),
        frames=len(shown),
        text="".join(frame.text for frame in shown),
        at=shown[-1].at,
    )


def press(program: Program, key: str, quiet_s: float = 0.1) -> Reaction | None:
    """The reaction to a key."""
    return react(program, lambda: program.send(key), quiet_s)


def middle(reactions: Sequence[Reaction | None], least_size: int = 1) -> tuple[float, float]:
    """The median milliseconds and bytes of the reactions with as many bytes at least. Raises ProgramError where they
    are fewer than half."""
    found = [reaction for reaction in reactions if reaction is not None and reaction.size >= least_size]
    if not found or 2 * len(found) < len(reactions):
        raise ProgramError(f"the screen did not react to {len(reactions) - len(found)} of {len(reactions)} keys")
    return statistics.median(r.ms for r in found), statistics.median(r.size for r in found)


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds from the start of the process to its first frame with text, to the frame with all that was waited
    for, and until it was at rest."""

    first_ms: float
    painted_ms: float
    rest_ms: float


def start(program: Program, pattern: str) -> Start:
    """Wait until ``pattern`` is drawn and the program is at rest. Raises ProgramError."""
    program.wait_for(pattern)
    program.rest()
    rested = time.perf_counter() - REST_S
    shown = drawn(program.chunks)
    text = ""
    for frame in shown:
        text += frame.text
        if re.search(pattern, text):
            return Start(*((at - program.began) * 1e3 for at in (shown[0].at, frame.at, rested)))
    raise ProgramError(f"{pattern!r} is in no frame")


@dataclass(frozen=True, slots=True)
class Held:
    """``lag_s`` is how long the screen goes on moving after the key was let go."""

    lag_s: float
    size: int


def hold(program: Program, key: str, seconds: float, hz: float) -> Held:
    """Hold a key that repeats ``hz`` times a second."""
    program.settle(0.1)
    began = time.perf_counter()
    for number in range(round(seconds * hz)):
        due = began + number / hz
        program.read_while(lambda due=due: time.perf_counter() < due, seconds)  # type: ignore[misc]
        program.send(key)
    let_go = time.perf_counter()
    program.settle(0.4, limit_s=60.0)
    chunks = program.since(began)
    if not chunks:
        raise ProgramError(f"the screen did not react to {key}")
    return Held(max(0.0, chunks[-1].at - let_go), sum(len(chunk.data) for chunk in chunks))


@dataclass(frozen=True, slots=True)
class Watched:
    """A program left alone: bytes a second, and how often a second it redrew where it did so more than once."""

    bytes_s: float
    hz: float


def watch(program: Program, seconds: float) -> Watched:
    """Touch nothing for some seconds."""
    began = time.perf_counter()
    program.read_for(seconds)
    chunks = program.since(began)
    size = sum(len(chunk.data) for chunk in chunks)
    return Watched(size / seconds, redraws_hz(drawn(chunks), seconds))


def redraws_hz(shown: Sequence[Frame], seconds: float) -> float:
    """How often it redraws: as often as the time from the first to the last says, however long was watched."""
    times: list[float] = []
    for frame in shown:
        if not times or frame.at - times[-1] > SAME_REDRAW_S:
            times.append(frame.at)
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else len(times) / seconds


def keep_clear_of_the_minute(program: Program, seconds: float) -> None:
    """Wait, where the clock on the screen would turn within so many seconds."""
    left = 60 - (datetime.now(UTC).timestamp() % 60)
    if left < seconds + 1:
        program.read_for(left + 2)


def cursor_moves(program: Program, pressed: Sequence[float]) -> list[float]:
    """Milliseconds from each press to the frame in which another row is highlighted, while other things are drawn too.

    A row is known by the background of its second character. Replays all that was drawn: slow, so done afterwards. A
    press without a reaction before the next counts as the time between them.
    """
    screen = pyte.Screen(*program.size)
    stream = pyte.ByteStream(screen)
    looks: list[tuple[float, tuple[tuple[str, bool], ...]]] = [(0.0, ())]
    for frame in frames(program.chunks):
        stream.feed(printable(frame.data))
        marks = ((screen.buffer[row][1].bg, screen.buffer[row][1].reverse) for row in range(screen.lines))
        looks.append((frame.at, tuple(marks)))
    taken: list[float] = []
    for moment, following in zip(pressed, [*pressed[1:], pressed[-1] + 1.0], strict=True):
        before = [look for at, look in looks if at <= moment][-1]
        moved = (at for at, look in looks if moment < at < following and look != before)
        taken.append((next(moved, following) - moment) * 1e3)
    return taken


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
