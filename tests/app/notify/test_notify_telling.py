"""What schedules and the watch of automatic failover have operators told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.notify import auto_events, schedule_events
from app.recovery.auto.watch import Told
from app.timetable.notices import Event, Notice, notices
from store.notices import EventKind, Severity
from store.schedules import JobOptions, Result, Schedule, ScheduleRun, Trigger
from store.timetable import Frequency, Timetable

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def over(kind: str, result: Result, *notes: str, run: str | None = None) -> tuple[Notice, ...]:
    schedule = Schedule(4, "night", kind, "erp", JobOptions(), Timetable(Frequency.DAILY), "anna", NOW)
    return notices(schedule, ScheduleRun(7, 4, NOW, Trigger.DUE, result, "jump", NOW, NOW, run, notes))


@pytest.mark.parametrize(
    ("kind", "result", "event", "severity"),
    [
        ("vm-snapshot", Result.SUCCEEDED, EventKind.SNAPSHOT_DONE, Severity.INFO),
        ("pg-snapshot", Result.FAILED, EventKind.SNAPSHOT_FAILED, Severity.WARNING),
        ("pg-snapshot", Result.REFUSED, EventKind.SNAPSHOT_FAILED, Severity.WARNING),
        ("replicate", Result.FAILED, EventKind.REPLICATION_FAILED, Severity.WARNING),
        ("replicate", Result.SUCCEEDED, EventKind.SCHEDULE_DONE, Severity.INFO),
        ("rcg-sync", Result.UNKNOWN, EventKind.REPLICATION_FAILED, Severity.WARNING),
        ("health", Result.WARNED, EventKind.CHECK_FOUND, Severity.WARNING),
        ("drill-reminder", Result.WARNED, EventKind.DRILL_DUE, Severity.WARNING),
        ("align", Result.INTERRUPTED, EventKind.SCHEDULE_FAILED, Severity.WARNING),
        ("clean-up", Result.MISSED, EventKind.SCHEDULE_MISSED, Severity.WARNING),
    ],
)
def test_what_became_of_a_schedule_is_told_in_the_kind_that_operators_ask_for(
    kind: str, result: Result, event: EventKind, severity: Severity
) -> None:
    (notice,) = over(kind, result, "why it is so")
    found = schedule_events.event_of(notice)
    assert (found.kind, found.severity, found.target) == (event, severity, "schedule:night")
    assert "why it is so" in found.what
    assert "drdeck schedule history night" in found.next


def test_what_a_retention_deleted_is_an_event_of_its_own() -> None:
    done, deleted = over("vm-snapshot", Result.SUCCEEDED, "retention: s1 was deleted", run="0301-0300-a1b2")
    assert schedule_events.event_of(deleted).kind is EventKind.RETENTION_APPLIED
    assert schedule_events.event_of(done).key != schedule_events.event_of(deleted).key
    assert "drdeck runs show 0301-0300-a1b2" in schedule_events.event_of(done).next
    assert deleted.event is Event.RETENTION


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("suspect", EventKind.AUTO_SUSPECT),
        ("confirmed 030000", EventKind.AUTO_SUSPECT),
        ("held auto.rpo", EventKind.AUTO_SUSPECT),
        ("held", EventKind.AUTO_SUSPECT),
        ("over", EventKind.AUTO_SUSPECT),
        ("would", EventKind.AUTO_WOULD_FIRE),
        ("disarmed", EventKind.AUTO_VETOED),
        ("firing", EventKind.AUTO_FIRED),
        ("fired", EventKind.AUTO_FIRED),
        ("split brain", EventKind.SPLIT_BRAIN),
    ],
)
def test_what_the_watch_sees_is_told_with_what_it_means_and_what_to_do(key: str, kind: EventKind) -> None:
    found = auto_events.event_of(Told("shop", key, "shop: because", page=True, at=NOW), "paris")
    assert (found.kind, found.severity, found.site, found.target) == (kind, Severity.CRITICAL, "paris", "auto:shop")
    assert found.what == "shop: because"
    assert found.means and "{" not in found.next
