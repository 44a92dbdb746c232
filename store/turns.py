"""The threads that read devices take turns at computing, and stand aside while the screen is drawn.

Python runs one thread at a time and hands over to whichever waits: where thirty devices answer at once, a key would
wait for thirty threads, several times. What waits for a device takes no turn, so that a device that is slow or dead
holds up no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 1.0
"""A turn is a courtesy, never a condition: whoever has waited so long goes on beside the others."""

ASIDE_S, LOOK_AGAIN_S = 0.05, 0.001

_turn = threading.RLock()
_key_until = _drawing_until = 0.0


@contextmanager
def computing() -> Iterator[None]:
    """Compute in turn with the other readings. Nothing within may wait for a device."""
    mine = _turn.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        if mine:
            _turn.release()


def paced(items: Iterable[T]) -> Iterator[T]:
    """The items, for a loop over many: between two of them it stands aside while the screen needs the processor."""
    for item in items:
        while max(_key_until, _drawing_until) > time.monotonic():
            time.sleep(LOOK_AGAIN_S)
        yield item


def key_came() -> None:
    """Whoever answers the key computes alone until :func:`key_answered`, for :data:`ASIDE_S` at most. From any
    thread."""
    global _key_until
    _key_until = time.monotonic() + ASIDE_S


def key_answered() -> None:
    """What followed from the key has been drawn."""
    global _key_until
    _key_until = 0.0


@contextmanager
def drawing() -> Iterator[None]:
    """Compute alone, for :data:`ASIDE_S` at most: what the screen does by itself holds up the next key. For one thread,
    that of the screen."""
    global _drawing_until
    _drawing_until = time.monotonic() + ASIDE_S
    try:
        yield
    finally:
        _drawing_until = 0.0
