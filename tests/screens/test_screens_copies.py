"""How old the copies of protection groups and VMs are, counted from the source, and when that is late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from screens.conditions import CopyHealth
from screens.copies import blackout_s, lateness, pgroup_health, replica_health, target_copies, worst_copy, worst_rpo_s
from screens.rows_pgroups import COLUMNS, row, schedule_text
from store.estate import PgroupSchedule, PgroupSnapshot, PgroupTarget, ProtectionGroup, VmReplica
from tests.screens.estate import NOW, Estate, ago, devices, entry, pgroup, replica_group, snapshot

A, B = "fa-bergen", "fa-tromso"


def _group(*snapshots: PgroupSnapshot, **more: object) -> ProtectionGroup:
    return pgroup("fa-oslo", "pg", snapshots, **more)


def _cells(group: ProtectionGroup) -> dict[str, str]:
    scene = Estate(devices(), [entry(group, "fa-oslo")]).scene()
    cells = row(entry(group, "fa-oslo"), scene)
    return dict(zip([c.title for c in COLUMNS], [c.text for c in cells], strict=True))


def test_the_rpo_age_counts_from_the_creation_on_the_source_and_never_from_the_end_of_the_transfer() -> None:
    slow = replace(snapshot("pg", 1, 1500, A), completed=ago(10))
    assert _cells(_group(slow))["RPO age"] == "25m"


def test_a_copy_whose_transfer_is_not_complete_does_not_count() -> None:
    group = _group(snapshot("pg", 2, 60, A, 0.999), snapshot("pg", 1, 960, A))
    cells = _cells(group)
    assert cells["RPO age"] == "16m"
    assert cells["Transfer"] == "99%"
    assert cells["State"] == "◐ transferring"


def test_no_complete_copy_is_a_status_and_no_blank() -> None:
    cells = _cells(_group(snapshot("pg", 1, 60, A, 0.5)))
    assert cells["RPO age"] == "none"
    assert cells["State"] == "✗ no complete copy"


def test_a_destroyed_snapshot_is_no_copy() -> None:
    gone = replace(snapshot("pg", 2, 60, A), destroyed=True)
    assert pgroup_health(_group(gone), NOW) is CopyHealth.NO_COPY


def test_of_several_targets_the_worst_one_counts() -> None:
    targets = (PgroupTarget(A, True), PgroupTarget(B, True))
    both = _group(snapshot("pg", 2, 60, A), snapshot("pg", 1, 960, B), targets=targets)
    worst = worst_copy(both)
    assert worst is not None and worst.target == B
    one = _group(snapshot("pg", 2, 60, A), targets=targets)
    worst = worst_copy(one)
    assert worst is not None and worst.newest is None
    assert pgroup_health(one, NOW) is CopyHealth.NO_COPY


@pytest.mark.parametrize(
    ("group", "health"),
    [
        (_group(snapshot("pg", 1, 60, A)), CopyHealth.ON_TIME),
        (_group(snapshot("pg", 1, 1700, A)), CopyHealth.NEARLY_LATE),
        (_group(snapshot("pg", 1, 1800, A)), CopyHealth.LATE),
        (_group(targets=(), replication=None), CopyHealth.NOT_REPLICATED),
        (_group(snapshot("pg", 1, 60, A), targets=(PgroupTarget(A, False),)), CopyHealth.NOT_ALLOWED),
        (_group(snapshot("pg", 1, 60, A), replication=PgroupSchedule(False, 900)), CopyHealth.SCHEDULE_OFF),
        (_group(snapshot("pg", 1, 60, A), replication=PgroupSchedule(True)), CopyHealth.NO_INTERVAL),
        (_group(snapshot("pg", 1, 60, A), destroyed=True), CopyHealth.DESTROYED),
    ],
    ids=lambda value: value.value if isinstance(value, CopyHealth) else "",
)
def test_a_protection_group_stands_as_its_copies_do(group: ProtectionGroup, health: CopyHealth) -> None:
    assert pgroup_health(group, NOW) is health


def test_a_transfer_as_long_as_its_interval_is_late_and_one_of_80_percent_nearly() -> None:
    def taking(seconds: float) -> ProtectionGroup:
        slow = replace(snapshot("pg", 1, 1000, A), started=ago(1000), completed=ago(1000 - seconds))
        return _group(slow)

    assert pgroup_health(taking(720), NOW) is CopyHealth.ON_TIME
    assert pgroup_health(taking(721), NOW) is CopyHealth.NEARLY_LATE
    assert pgroup_health(taking(900), NOW) is CopyHealth.LATE


def test_a_replica_is_measured_by_the_schedule_of_its_source() -> None:
    theirs = replica_group("pg", (replace(snapshot("pg", 1, 2000, A), target=None),))
    assert pgroup_health(theirs, NOW) is CopyHealth.NO_INTERVAL
    assert pgroup_health(theirs, NOW, _group()) is CopyHealth.LATE


def test_the_worst_rpo_is_interval_plus_longest_transfer_plus_blackout() -> None:
    four_minutes = replace(snapshot("pg", 1, 900, A), started=ago(900), completed=ago(660))
    assert worst_rpo_s(_group(four_minutes)) == 19 * 60
    pause = PgroupSchedule(True, 900, blackout=(23 * 3600, 3600))
    assert worst_rpo_s(_group(four_minutes, replication=pause)) == 19 * 60 + 7200
    assert worst_rpo_s(_group()) is None


def test_a_blackout_may_run_over_midnight() -> None:
    assert blackout_s(PgroupSchedule(True, blackout=(23 * 3600, 3600))) == 7200
    assert blackout_s(PgroupSchedule(True, blackout=(3600, 7200))) == 3600
    assert blackout_s(None) == 0


def test_a_schedule_is_told_in_full() -> None:
    assert schedule_text(PgroupSchedule(True, 900, blackout=(3600, 7200))) == "every 15m, blackout 01:00-02:00"
    assert schedule_text(PgroupSchedule(False, 86_400, 7200)) == "off: every 1d, at 02:00"
    assert schedule_text(None) == "none"


@given(st.floats(0, 1e7), st.floats(0, 1e6), st.floats(1, 1e6), st.floats(0, 1e5))
def test_a_copy_that_grows_older_never_gets_better(age: float, more: float, interval: float, allowance: float) -> None:
    order = [CopyHealth.ON_TIME, CopyHealth.NEARLY_LATE, CopyHealth.LATE]
    now, later = lateness(age, interval, allowance), lateness(age + more, interval, allowance)
    assert order.index(later) >= order.index(now)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1), st.booleans(), st.sampled_from([A, B])), max_size=8))
def test_the_newest_copy_of_a_target_is_always_complete_and_the_newest_such(
    shots: list[tuple[float, float, bool, str]],
) -> None:
    snapshots = tuple(
        replace(snapshot("pg", number, created, target, progress), destroyed=destroyed)
        for number, (created, progress, destroyed, target) in enumerate(shots)
    )
    group = _group(*snapshots, targets=(PgroupTarget(A, True), PgroupTarget(B, True)))
    for copy in target_copies(group):
        usable = [s.created for s in snapshots if s.target == copy.target and s.complete and not s.destroyed]
        assert (copy.newest.created if copy.newest else None) == max(usable, default=None)


def _replica(generation: int, point_s: float, complete: bool = True, interval: int | None = 3600) -> VmReplica:
    return VmReplica("uuid", "db", generation, ago(point_s), complete, interval)


def test_a_replica_stands_as_its_point_in_time_does() -> None:
    assert replica_health(_replica(1, 1800), _replica(1, 1800), NOW) is CopyHealth.ON_TIME
    assert replica_health(_replica(1, 6500), _replica(1, 6500), NOW) is CopyHealth.NEARLY_LATE
    assert replica_health(_replica(1, 7200), _replica(1, 7200), NOW) is CopyHealth.LATE
    assert replica_health(_replica(1, 60, interval=None), None, NOW) is CopyHealth.NO_INTERVAL


def test_an_incomplete_replica_is_incomplete_however_young_and_the_one_before_still_counts() -> None:
    young = _replica(2, 60, complete=False)
    before = _replica(1, 7300)
    assert replica_health(young, before, NOW) is CopyHealth.INCOMPLETE
    assert replica_health(before, before, NOW) is CopyHealth.LATE


def test_a_generation_behind_a_newer_complete_one_is_just_an_older_copy() -> None:
    assert replica_health(_replica(1, 9000), _replica(2, 60), NOW) is CopyHealth.OLDER
