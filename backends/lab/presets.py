"""The named estates of the lab."""

from __future__ import annotations

from collections.abc import Callable

from backends.lab.clock import Clock
from backends.lab.estates import demo, large
from backends.lab.timing import INSTANT, Timing
from backends.lab.world import World

PRESETS: dict[str, Callable[[World], None]] = {"demo": demo.build, "large": large.build}


def build(preset: str, seed: int = 1, timing: Timing = INSTANT, clock: Clock | None = None) -> World:
    """The estate ``preset`` in a new world: the same for the same seed. Without ``clock`` it lives in real time."""
    world = World(seed, clock, timing)
    with world.turn():
        PRESETS[preset](world)
    return world
