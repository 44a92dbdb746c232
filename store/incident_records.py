"""Incidents as the store keeps them: what happened, who leads, and what was written down. Plain records; times UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum

from store.notices import Severity
from store.record import Record


class IncidentState(StrEnum):
    """``MITIGATED``: service is back, and its cause is not dealt with."""

    OPEN = "open"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"


class Incident(Record, frozen=True):
    """``component`` is what it is about, in words; ``alert`` the group of alerts that it was declared from. Commander
    and scribe are people by name, empty: nobody. ``resolution`` says how it ended."""

    id: int
    title: str
    severity: Severity
    component: str
    site: str
    by: str
    declared_at: datetime
    state: IncidentState = IncidentState.OPEN
    commander: str = ""
    scribe: str = ""
    alert: str | None = None
    resolved_at: datetime | None = None
    resolution: str = ""

    @property
    def name(self) -> str:
        return f"INC-{self.id}"


LINKED = "incident linked"
"""The entry in the journal by which a run carries a number later."""


def subject(number: int) -> str:
    """What the entries of an incident in the journal are about, in place of a run."""
    return f"incident {number}"


class Moment(Record, frozen=True):
    """An entry of the timeline: of the incident, of one of its runs, or of its alerts. ``seq``: its number in the
    journal."""

    seq: int
    at: datetime
    run: str | None
    kind: str
    body: Mapping[str, object]


class Lesson(Record, frozen=True):
    """What is to become better; ``owner`` sees to it until ``due``."""

    text: str
    owner: str
    due: date
    by: str
    at: datetime


LEARNT = "incident lesson"


def lessons(timeline: Sequence[Moment]) -> tuple[Lesson, ...]:
    """Those of the incident and of its runs."""
    found = [(each.at, each.body) for each in timeline if each.kind in (LEARNT, "lesson")]
    return tuple(
        Lesson(str(b["text"]), str(b["owner"]), date.fromisoformat(str(b["due"])), str(b["by"]), at) for at, b in found
    )


class IncidentView:
    """Incidents in memory, as the screens show them: the newest first, each with the runs that carry its number and
    what its timeline holds. Written by one thread and read by others; ``working_on``: runs begun here carry this
    number."""

    def __init__(self) -> None:
        self.version = 0
        self.read = False
        self.working_on: int | None = None
        self.incidents: tuple[Incident, ...] = ()
        self.runs: Mapping[int, tuple[str, ...]] = {}
        self.timelines: Mapping[int, tuple[Moment, ...]] = {}

    def take(
        self,
        incidents: tuple[Incident, ...],
        runs: Mapping[int, tuple[str, ...]],
        timelines: Mapping[int, tuple[Moment, ...]],
    ) -> bool:
        """Take over the tables as they are now; says whether anything is another than before."""
        now = (incidents, runs, timelines)
        if self.read and now == (self.incidents, self.runs, self.timelines):
            return False
        self.incidents, self.runs, self.timelines = now
        self.read = True
        self.version += 1
        return True

    def get(self, number: int) -> Incident | None:
        return next((each for each in self.incidents if each.id == number), None)
