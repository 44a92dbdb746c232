"""What screens tell the App about schedules. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.about import AboutSchedules as AboutSchedules

if TYPE_CHECKING:
    from store.schedules import JobOptions
    from store.timetable import Timetable


class SchedulesChanged(AboutSchedules):
    """What is known of the schedules changed."""


@dataclass
class ScheduleRequested(AboutSchedules):
    """The operator opened a schedule."""

    schedule: int
    asked_by: object = None


@dataclass
class PauseAsked(AboutSchedules):
    """A schedule is to be paused, or resumed where it is."""

    schedule: int


@dataclass
class RunAsked(AboutSchedules):
    """A schedule is to be run now."""

    schedule: int


@dataclass
class EditAsked(AboutSchedules):
    """The operator wants to edit a schedule."""

    schedule: int


@dataclass
class DeleteAsked(AboutSchedules):
    """A schedule is to be there no more."""

    schedule: int


class NewAsked(AboutSchedules):
    """The operator wants a new schedule."""


@dataclass(frozen=True)
class Edited:
    """What the form of a schedule came to."""

    name: str
    target: str
    timetable: Timetable
    options: JobOptions
    paused: bool
