"""When to look for the effect of a verb: not before it can be seen, and not long after."""

from __future__ import annotations

import math
import threading

from msgspec import Struct


class _Span(Struct):
    """Of a kind of step: the latest look that did not show the effect, and the time after which it is looked for, in
    seconds. ``found``: the two have been close, and only what first looks show moves the time from then on."""

    early: float = -math.inf
    late: float = math.inf
    found: bool = False


class Tempo:
    """After how many seconds the effects of a run's steps are seen, by kind: looks before that tell nothing, and each
    of them is one that another step waits for. Safe from several threads.

    A kind that was never looked at too early is looked at as soon as the device took the verb. For any other the time
    is found by halving the one between a look that did not show the effect and one that did. From then on it follows
    what first looks show: a little earlier after each that shows the effect, and many times as much later after one
    that does not, because that one has to be taken again. So nearly all first looks show it, and soon.
    """

    NEAR_S, EARLIER_S, LATER_S, MOST_S = 0.3, 0.01, 0.12, 15.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: dict[str, _Span] = {}

    def first(self, kind: str) -> float:
        """When to look for the first time, in seconds after the device took the verb."""
        with self._lock:
            span = self._spans.get(kind)
            if span is None or span.early == -math.inf:
                return 0.0
            if span.late == math.inf:
                return min(self.MOST_S, span.early)
            return min(self.MOST_S, span.late if span.found else (span.early + span.late) / 2)

    def saw(self, kind: str, after_s: float, done: bool, first: bool) -> None:
        """A look that began ``after_s`` seconds after the device took the verb showed its effect, or did not yet."""
        with self._lock:
            span = self._spans.setdefault(kind, _Span())
            if span.found and not done:
                span.late = max(span.late, after_s + self.LATER_S) if first else span.late
            elif span.found:
                timely = first and after_s <= span.late + self.LATER_S
                span.late = max(0.0, min(after_s, span.late - (self.EARLIER_S if timely else 0.0)))
            elif done:
                span.late = min(span.late, after_s)
            elif after_s < span.late:
                span.early = max(span.early, after_s)
            span.found = span.found or span.late - span.early <= self.NEAR_S
