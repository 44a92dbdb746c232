"""What this console saw of ages that no device keeps a history of: one sample a minute, as long as it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from screens.pairing import newest_complete, replica_of
from screens.rcg_sides import pairs, point_in_time
from screens.rpo_history import Sample
from screens.scene import Scene
from store.estate import RcgMode

EVERY = timedelta(minutes=1)
MOST = 24 * 60
"""A day of samples for each."""


class Samples:
    """One for a console; kept in memory only."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[Sample]] = {}
        self._last: datetime | None = None

    def take(self, scene: Scene) -> None:
        """Take a sample of everything if the last one is a minute old, or the clock was set back."""
        if self._last is not None and timedelta() <= scene.now - self._last < EVERY:
            return
        self._last = scene.now
        for key, age_s in _ages(scene):
            self._kept.setdefault(key, deque(maxlen=MOST)).append(Sample(scene.now, age_s))

    def of_rcg(self, pair_key: str) -> Sequence[Sample]:
        """The age of the last sync of a remote copy group."""
        return tuple(self._kept.get(f"rcg {pair_key}", ()))

    def of_vm(self, source_uuid: str) -> Sequence[Sample]:
        """The age of the newest complete replica of a VM."""
        return tuple(self._kept.get(f"vm {source_uuid}", ()))


def _ages(scene: Scene) -> Iterator[tuple[str, float | None]]:
    for pair in pairs(scene):
        group = pair.any_group
        if group is not None and group.mode is not RcgMode.SYNC:
            yield f"rcg {pair.pair_key}", _age(scene, point_in_time(pair))
    for uuid in scene.index.groups("vm", "copy of"):
        newest = newest_complete(scene.index.group("vm", "copy of", uuid))
        replica = replica_of(newest) if newest is not None else None
        yield f"vm {uuid}", _age(scene, replica.point_in_time if replica is not None else None)


def _age(scene: Scene, then: datetime | None) -> float | None:
    return None if then is None else (scene.now - then).total_seconds()
