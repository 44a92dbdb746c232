"""Histories with a known end, and whether the interval of the forecast holds it: a seeded campaign.

Each is a line with something on it: nothing much, seasons of a week and a quarter, heavy noise with outliers, a step
somewhere in the past, gaps. Where the line itself is after three to twelve months is known; the forecast sees the past.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from app.capacity.forecast import crossing, trend
from store.trends import Point, Trend

SHAPES = ("linear", "seasonal", "noisy", "step", "gaps")
TODAY = date(2026, 3, 1)
LEAST = 0.85


@dataclass(frozen=True, slots=True)
class History:
    """``points`` are what was seen; after ``ahead`` days the line is at ``end``; that day shows ``seen``."""

    shape: str
    points: tuple[Point, ...]
    ahead: int
    end: float
    seen: float


def made(chance: random.Random, shape: str) -> History:
    """One history of a shape."""
    ahead = chance.choice((91, 183, 274, 365))
    length = chance.randint(math.ceil(ahead / 2) + 30, 420)
    level, slope = chance.uniform(100, 1000), chance.uniform(-0.3, 1.5)
    noise = level * (chance.uniform(0.03, 0.08) if shape == "noisy" else chance.uniform(0.002, 0.01))
    week, quarter = (level * chance.uniform(0.01, 0.05) for _ in range(2))
    phase = chance.uniform(0, math.tau)
    step_at = chance.randint(length // 4, 3 * length // 4)
    step = level * chance.uniform(-0.12, 0.12) if shape == "step" else 0.0

    def line(n: int) -> float:
        return level + slope * n + (step if n >= step_at else 0.0)

    def seen(n: int) -> float:
        value = line(n) + chance.gauss(0, noise)
        if shape == "seasonal":
            value += week * math.sin(math.tau * n / 7 + phase) + quarter * math.sin(math.tau * n / 91 + phase)
        if shape == "noisy" and chance.random() < 0.05:
            value += level * chance.uniform(0.2, 0.6)
        return value

    kept = [n for n in range(length) if shape != "gaps" or chance.random() < 0.8]
    points = tuple(Point(TODAY - timedelta(days=length - n), seen(n)) for n in kept)
    return History(shape, points, ahead, line(length + ahead), seen(length + ahead))


@dataclass(frozen=True, slots=True)
class Judged:
    """``holds``: the true end is within the interval; ``day``: so is what that day shows. ``dated``: where the line
    passes that end, it does so within the interval of the day on which it does."""

    shape: str
    holds: bool
    day: bool
    dated: bool
    width: float


def judged(history: History) -> Judged:
    line = trend(history.points, history.ahead)
    assert isinstance(line, Trend), "the history is long enough"
    day = TODAY + timedelta(days=history.ahead)
    low, high = line.low(day), line.high(day)
    found = crossing(line, history.end, TODAY, day + timedelta(days=history.ahead))
    early = found.earliest is not None and found.earliest <= day
    late = found.latest is None or found.latest >= day
    holds, seen = low <= history.end <= high, low <= history.seen <= high
    return Judged(history.shape, holds, seen, early and late, (high - low) / max(1.0, abs(history.end)))


def run(seed: int, count: int) -> Iterable[Judged]:
    chance = random.Random(seed)
    return [judged(made(chance, SHAPES[n % len(SHAPES)])) for n in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=200)
    arguments = parser.parse_args()
    every = list(run(arguments.seed, arguments.histories))
    held, days = sum(each.holds for each in every), sum(each.day for each in every)
    by_shape, kept = Counter(e.shape for e in every), Counter(e.shape for e in every if e.holds)
    told = ", ".join(f"{shape} {kept[shape]}/{by_shape[shape]}" for shape in SHAPES)
    width = sorted(e.width for e in every)[len(every) // 2]
    print(
        f"forecasts: seed {arguments.seed}: {held} of {len(every)} intervals hold the known end ({told}), "
        f"{days} what that day shows; median width {100 * width:.1f} % of the end"
    )
    return 0 if min(held, days) >= LEAST * len(every) else 1


if __name__ == "__main__":
    sys.exit(main())
