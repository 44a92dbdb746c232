"""What an auditor asks of all drills together, as screens and command line show it: plain records, times UTC."""

from __future__ import annotations

from datetime import datetime

from store.lessons import Lesson
from store.record import Record


class Drilled(Record, frozen=True):
    """How a recovery plan was exercised: the last drill that passed, None: none ever did. ``reached`` are the
    applications with the seconds until each was up then, and its target where one is set."""

    plan: str
    state: str
    run: str | None
    at: datetime | None
    reached: tuple[tuple[str, float, float | None], ...] = ()


class Gap(Record, frozen=True):
    """Something that is lacking: ``about`` what, why, and what to do about it."""

    about: str
    why: str
    next: str


class Asked(Record, frozen=True):
    """A requirement: what is asked for, and what there is to show for it. ``held``: None where it is for others to
    say."""

    source: str
    asks: str
    shown: str
    held: bool | None


class Compliance(Record, frozen=True):
    """All of it, as of ``at``. A drill counts for ``days``."""

    at: datetime
    days: int
    drills: tuple[Drilled, ...]
    gaps: tuple[Gap, ...]
    lessons: tuple[Lesson, ...]
    asked: tuple[Asked, ...]
