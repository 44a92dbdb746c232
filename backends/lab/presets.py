"""The named estates of the lab."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from backends.lab.clock import Clock
from backends.lab.estates import demo, large
from backends.lab.timing import INSTANT, Timing
from backends.lab.world import World

_PREHISTORY = replace(INSTANT, resync_bytes_s=1e18, transfer_bytes_s=1e18, rcg_verb_s=0.0)
"""First copies and the role changes of the past are long done when an estate comes to life."""

PRESETS: dict[str, Callable[[World], None]] = {"demo": demo.build, "large": large.build}


def build(preset: str, seed: int = 1, timing: Timing = INSTANT, clock: Clock | None = None) -> World:
    """The estate ``preset`` in a new world: the same for the same seed. Without ``clock`` it lives in real time."""
    world = World(seed, clock, _PREHISTORY)
    with world.turn():
        PRESETS[preset](world)
    world.timing = timing
    return world
