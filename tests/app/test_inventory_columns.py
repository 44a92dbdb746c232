"""What a row of the inventory says, against what the panes say of the same object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.inventory_columns import PGROUPS
from screens.copies import worst_copy
from store.estate import PgroupSnapshot, PgroupTarget, ProtectionGroup

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def sent(target: str, minutes: int) -> PgroupSnapshot:
    made = NOW - timedelta(minutes=minutes)
    end = made + timedelta(minutes=1)
    return PgroupSnapshot(f"pg.{minutes}", made, target=target, started=made, completed=end, progress=1.0)


def group(*snapshots: PgroupSnapshot) -> ProtectionGroup:
    targets = (PgroupTarget("near", True), PgroupTarget("far", True))
    return ProtectionGroup("arr", "a1", "g1", "pg", False, True, targets=targets, snapshots=snapshots)


def test_of_two_targets_the_one_that_would_lose_most_counts_as_it_does_on_the_pane() -> None:
    found = group(sent("near", 5), sent("far", 90))
    worst = worst_copy(found)
    assert worst is not None
    assert worst.newest == sent("far", 90)
    assert PGROUPS.row(found, NOW)["recovery_point_age_s"] == 90 * 60


def test_a_target_without_a_complete_copy_is_no_recovery_point() -> None:
    assert PGROUPS.row(group(sent("near", 5)), NOW)["recovery_point"] is None
