"""When to look for the effect of a verb: not before it can be seen, and not long after."""

from __future__ import annotations

import math
import threading


class Tempo:
    """After how many seconds the effects of a run's steps are seen, by kind: looks before that tell nothing, and each
    of them is one that another step waits for. Safe from several threads.

    The time is found by halving the one between a look that did not show the effect and one that did. From then on it
    follows what first looks show: a little earlier after each that shows the effect, and four times as much later after
    one that does not, because that one has to be taken again. So most first looks show it, and soon.
    """

    NEAR_S, EARLIER_S, LATER_S, MOST_S = 0.3, 0.02, 0.08, 15.0

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
            if late - early <= self.NEAR_S:
                if first and not done:
                    late = max(late, after_s + self.LATER_S)
                elif first and after_s <= late + self.LATER_S:
                    late = max(0.0, late - self.EARLIER_S)
                early = late
            elif done:
                late = min(late, after_s)
            elif after_s < late:
                early = max(early, after_s)
            if late < math.inf:
                self._spans[kind] = (min(early, late), late)
