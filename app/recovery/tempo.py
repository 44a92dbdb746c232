"""When to look for the effect of a verb: not before it can be seen, and not long after."""

from __future__ import annotations

import math
import threading


class Tempo:
    """After how many seconds the effects of a run's steps are seen, by kind: looks before that tell nothing, and each
    of them is one that another step waits for. Safe from several threads.

    It is the least after which an effect was seen, and is found by halving the time to the last look before that which
    did not show it. A step that is slower than others of its kind is looked at again at the usual pace.
    """

    NEAR_S, MISSED_S, MOST_S = 0.2, 0.05, 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[str, tuple[float, float]] = {}

    def first(self, kind: str) -> float:
        """When to look for the first time, in seconds after the device took the verb."""
        with self._lock:
            early, late = self._spans.get(kind, (0.0, 0.0))
        return min(self.MOST_S, late if late - early <= self.NEAR_S else (early + late) / 2)

    def saw(self, kind: str, after_s: float, done: bool, first: bool) -> None:
        """A look that began ``after_s`` seconds after the device took the verb showed its effect, or did not yet."""
        with self._lock:
            early, late = self._spans.get(kind, (0.0, math.inf))
            if done:
                late = min(late, after_s)
            elif after_s < late:
                early = max(early, after_s)
            elif first:
                early, late = after_s, after_s + self.MISSED_S
            if late < math.inf:
                self._spans[kind] = (min(early, late), late)
