"""Alerts in memory, as the screens show them: fed by whoever watches the tables.

Written by one thread and read by others: what is read is replaced, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import field

from store.alert_groups import AlertGroup
from store.alert_records import Episode, EscalationStep, Rule, Silence
from store.record import Record

SOURCES = {"estate": "devices and copies", "runs": "runs and schedules"}
"""What somebody has to look at all the time, and what it is called."""


class AlertsSeen(Record, frozen=True):
    """All of it as the tables had it at one moment. ``silences`` are those that are not over; ``watchers`` says who
    looks at the facts of each source now, None: nobody does, and what they raised may not be so any more."""

    groups: tuple[AlertGroup, ...] = ()
    episodes: Mapping[str, Episode] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    silences: tuple[Silence, ...] = ()
    watchers: tuple[tuple[str, str | None], ...] = ()

    @property
    def unwatched(self) -> tuple[str, ...]:
        """What nobody looks at, in words."""
        return tuple(SOURCES[name] for name, who in self.watchers if who is None)


class AlertView:
    """``version`` grows with each change; ``read``: the tables were read, ``trouble`` why they could not be the last
    time; ``why_not`` why nothing is changed from here, empty: it can be; ``steps`` are those of the configuration."""

    def __init__(self) -> None:
        self.version = 0
        self.read = False
        self.trouble: str | None = None
        self.why_not = "the console is still starting"
        self.steps: tuple[EscalationStep, ...] = ()
        self.seen = AlertsSeen()

    def take(self, seen: AlertsSeen) -> bool:
        """Take over the tables as they are now; says whether anything is another than before."""
        if self.read and seen == self.seen:
            return False
        self.seen, self.read = seen, True
        self.version += 1
        return True

    def get(self, key: str) -> AlertGroup | None:
        return next((group for group in self.seen.groups if group.key == key), None)


def concerned(group: AlertGroup, steps: tuple[EscalationStep, ...]) -> bool:
    """Whether some step is for what of a group waits for somebody."""
    grave = group.gravest_waiting
    return grave is not None and any(grave.reaches(step.severity) for step in steps)


def next_step(
    group: AlertGroup, episode: Episode | None, steps: tuple[EscalationStep, ...]
) -> tuple[datetime, EscalationStep] | None:
    """Who is told next of a group that nobody has, and when (UTC); None: nobody."""
    grave = group.gravest_waiting
    if episode is None or grave is None:
        return None
    left = [s for place, s in enumerate(steps) if place not in episode.told and grave.reaches(s.severity)]
    first = min(left, key=lambda step: step.wait_s, default=None)
    return None if first is None else (episode.began + timedelta(seconds=first.wait_s), first)
