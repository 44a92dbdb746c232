"""What the groups of the screen bench have in common."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.pty_harness import Program, ProgramError
from tests.benchmarks.pty_measures import Reaction, middle, press

WIDE = (120, 40)
NARROW = (80, 24)
QUIET_S = 0.4
"""A screen that has been silent for so long is complete."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of :data:`tests.benchmarks.figures.SPECS`, by its id; None where ``note`` says why there is none."""

    id: str
    value: float | None
    note: str = ""


Results = Iterator[Result]


@dataclass(frozen=True, slots=True)
class Bench:
    """``config`` and ``store`` hold 10,000 LPARs; ``env`` keeps the programs out of the user's folders."""

    runs: int
    directory: Path
    env: dict[str, str]
    config: Path
    store: Path

    def program(self, command: Sequence[str], size: tuple[int, int] = WIDE, line_bps: int | None = None) -> Program:
        return Program(command, size, self.env, line_bps)


@dataclass(slots=True)
class Keys:
    """The reactions to one kind of key, run by run: the figures are medians of the medians of the runs."""

    ms: list[float]
    sizes: list[float]
    trouble: str = ""

    @classmethod
    def none(cls) -> Keys:
        return cls([], [])

    def take(self, reactions: Sequence[Reaction | None], least_size: int = 1) -> None:
        """Take over a run; too few reactions with so many bytes are trouble, and there is no figure then."""
        try:
            ms, size = middle(reactions, least_size)
        except ProgramError as error:
            self.trouble = str(error)
        else:
            self.ms.append(ms)
            self.sizes.append(size)

    def time(self, id: str, empty_ms: float | None = None) -> Result:
        """The milliseconds as a result, beside those of a key in the empty app of the same run."""
        if self.trouble or not self.ms:
            return Result(id, None, self.trouble or "no run came to its end")
        value = statistics.median(self.ms)
        return Result(id, value, "" if empty_ms is None else f"{value / empty_ms:.1f} x a key in an empty app")

    def size(self, id: str) -> Result:
        if self.trouble or not self.sizes:
            return Result(id, None, self.trouble or "no run came to its end")
        return Result(id, statistics.median(self.sizes))


@contextmanager
def shown(program: Program, key: str, least_lines: int) -> Iterator[Reaction | None]:
    """Type a key that opens something, and close it with Esc at the end. Gives the reaction, or None where it did not
    change so many lines. Raises ProgramError where Esc does not bring the lines back."""
    before = program.lines
    reaction = press(program, key, QUIET_S)
    yield reaction if changed_lines(before, program.lines) >= least_lines else None
    for _ in range(3):
        if changed_lines(before, program.lines) < least_lines:
            return
        press(program, "escape", QUIET_S)
    if changed_lines(before, program.lines) >= least_lines:
        raise ProgramError(f"Esc does not close what {key} opened:\n{program.text}")


def changed_lines(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines say something else; numbers and ages, which go on by themselves, do not count."""
    return sum(_words(old) != _words(new) for old, new in zip(before, after, strict=True))


def _words(line: str) -> list[str]:
    return re.sub(r"<?\d[\dhms]*", "#", line).split()
