"""What a schedule that is over tells operators, in words. Pure."""

from __future__ import annotations

from app.timetable.notices import Event as What
from app.timetable.notices import Notice
from store.notices import Event, EventKind, Severity

_SNAPSHOTS = frozenset({"vm-snapshot", "pg-snapshot"})
_REPLICATIONS = frozenset({"rcg-sync", "replicate"})
_TROUBLE = frozenset({What.FAILED, What.UNKNOWN, What.REFUSED, What.INTERRUPTED})
_MEANS = {
    What.MISSED: "What it does was not done at that time; a later time of it is not touched.",
    What.REFUSED: "Nothing was sent. It is tried again at its next time.",
    What.FAILED: "It is tried again at its next time.",
    What.UNKNOWN: "Whether a device did it only a look can tell; it is looked at before it is begun again.",
    What.INTERRUPTED: "It goes on where that can be; else it is tried again at its next time.",
    What.FOUND: "It was done, and what it found needs a look.",
    What.RETENTION: "Older snapshots or backups that this schedule had made are gone.",
    What.DONE: "All of it was done.",
}


def event_of(notice: Notice) -> Event:
    """The event that a notice makes."""
    kind = _kind(notice)
    trouble = notice.event in _TROUBLE or notice.event in (What.MISSED, What.FOUND)
    schedule, run = notice.schedule, notice.run
    about = f" of {schedule.target}" if schedule.target else ""
    return Event(
        kind=kind,
        severity=Severity.WARNING if trouble else Severity.INFO,
        site="",
        target=f"schedule:{schedule.name}",
        subject=f"{schedule.name}: {notice.event}",
        what=f"{schedule.kind}{about}, {notice.text}",
        means=_MEANS[notice.event],
        next=f"See it: drdeck schedule history {schedule.name}"
        + (f"; drdeck runs show {run.run}." if run.run else "."),
        key=f"schedule:{schedule.id}:{run.id}:{notice.event}",
    )


def _kind(notice: Notice) -> EventKind:
    kind = notice.schedule.kind
    match notice.event:
        case What.MISSED:
            return EventKind.SCHEDULE_MISSED
        case What.RETENTION:
            return EventKind.RETENTION_APPLIED
        case What.FOUND if kind == "drill-reminder":
            return EventKind.DRILL_DUE
        case What.DONE if kind in _SNAPSHOTS:
            return EventKind.SNAPSHOT_DONE
        case event if event in _TROUBLE and kind in _SNAPSHOTS:
            return EventKind.SNAPSHOT_FAILED
        case event if event in _TROUBLE and kind in _REPLICATIONS:
            return EventKind.REPLICATION_FAILED
        case event if event in _TROUBLE:
            return EventKind.SCHEDULE_FAILED
        case What.FOUND:
            return EventKind.CHECK_FOUND
        case _:
            return EventKind.SCHEDULE_DONE
