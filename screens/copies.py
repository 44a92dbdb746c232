"""How old the copies are and whether that is late: RPO arithmetic of protection groups and VM replicas.

A copy's age counts from the moment the source was frozen (``created`` on the source, ``point_in_time``), never from
the end of the transfer, which would understate the loss. Right before the next copy completes, the newest one is one
interval plus one transfer (plus blackout) old: older than two intervals means that a transfer takes longer than its
interval or that one is missing, and the age grows without bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from screens.conditions import CopyHealth
from store.estate import PgroupSchedule, PgroupSnapshot, ProtectionGroup, VmReplica

LATE_AT = 2.0
"""In intervals: a transfer as long as its interval."""

NEARLY_AT = 1.8
"""In intervals: a transfer of 80 % of its interval."""

DAY_S = 86_400


class TargetCopy(Struct, frozen=True):
    """What a target of a protection group holds. ``target`` is None where the group itself is the replica there.

    ``newest`` is the newest complete copy; ``moving`` the newest one whose transfer is not complete; ``longest_s`` the
    longest transfer among the snapshots known, in seconds.
    """

    target: str | None
    allowed: bool
    newest: PgroupSnapshot | None
    moving: PgroupSnapshot | None
    longest_s: float | None

    def age_s(self, now: datetime) -> float | None:
        """Seconds since the point in time of the newest complete copy; None where there is no complete copy."""
        return None if self.newest is None else (now - self.newest.created).total_seconds()


def lateness(age_s: float, interval_s: float, allowance_s: float = 0) -> CopyHealth:
    """Where a copy of ``age_s`` stands against ``interval_s``; ``allowance_s`` (a blackout) is added to the limit."""
    if age_s >= LATE_AT * interval_s + allowance_s:
        return CopyHealth.LATE
    if age_s > NEARLY_AT * interval_s + allowance_s:
        return CopyHealth.NEARLY_LATE
    return CopyHealth.ON_TIME


def target_copies(group: ProtectionGroup) -> tuple[TargetCopy, ...]:
    """One for each target of a local group, in the group's order; for a replica one, of what it holds itself."""
    if not group.is_local:
        return (_copy(None, True, group.snapshots),)
    return tuple(
        _copy(target.name, target.allowed, [s for s in group.snapshots if s.target == target.name])
        for target in group.targets
    )


def _copy(target: str | None, allowed: bool, snapshots: Sequence[PgroupSnapshot]) -> TargetCopy:
    alive = [snapshot for snapshot in snapshots if not snapshot.destroyed]
    moving = [snapshot for snapshot in alive if snapshot.started is not None and not snapshot.complete]
    return TargetCopy(
        target,
        allowed,
        max((s for s in alive if s.complete), key=_created, default=None),
        max(moving, key=_created, default=None),
        max(_transfer_times(alive), default=None),
    )


def _created(snapshot: PgroupSnapshot) -> datetime:
    return snapshot.created


def _transfer_times(snapshots: Iterable[PgroupSnapshot]) -> list[float]:
    times = ((s.started, s.completed) for s in snapshots)
    return [(end - start).total_seconds() for start, end in times if start is not None and end is not None]


def blackout_s(schedule: PgroupSchedule | None) -> int:
    """Seconds of the daily blackout of a schedule; it may run over midnight."""
    if schedule is None or schedule.blackout is None:
        return 0
    start, end = schedule.blackout
    return (end - start) % DAY_S


def worst_copy(group: ProtectionGroup) -> TargetCopy | None:
    """The copy that a failover would lose most with: one without a complete copy, else the oldest; None: no targets."""
    copies = target_copies(group)
    without = [copy for copy in copies if copy.newest is None]
    if without:
        return without[0]
    held = [(copy.newest.created, index) for index, copy in enumerate(copies) if copy.newest is not None]
    return copies[min(held)[1]] if held else None


def worst_rpo_s(group: ProtectionGroup) -> float | None:
    """Interval + longest transfer + blackout, in seconds; None where interval or transfers are not known."""
    schedule = group.replication
    copy = worst_copy(group)
    if schedule is None or schedule.frequency_s is None or copy is None or copy.longest_s is None:
        return None
    return schedule.frequency_s + copy.longest_s + blackout_s(schedule)


def pgroup_health(group: ProtectionGroup, now: datetime, source: ProtectionGroup | None = None) -> CopyHealth:
    """How a protection group stands. ``source`` is the group at home when ``group`` is its replica on a target: a
    replica has no schedule of its own. The worst thing there is to say wins."""
    if group.destroyed:
        return CopyHealth.DESTROYED
    if group.is_local and not group.targets:
        return CopyHealth.NOT_REPLICATED
    if any(not target.allowed for target in group.targets):
        return CopyHealth.NOT_ALLOWED
    copy = worst_copy(group)
    age_s = copy.age_s(now) if copy is not None else None
    if copy is None or age_s is None:
        return CopyHealth.NO_COPY
    schedule = (group if group.is_local else source or group).replication
    timely = _timely(schedule, copy, age_s)
    if timely is CopyHealth.LATE:
        return timely
    if schedule is not None and not schedule.enabled:
        return CopyHealth.SCHEDULE_OFF
    if timely is CopyHealth.ON_TIME and any(c.moving is not None for c in target_copies(group)):
        return CopyHealth.TRANSFERRING
    return timely


def _timely(schedule: PgroupSchedule | None, copy: TargetCopy, age_s: float) -> CopyHealth:
    interval_s = schedule.frequency_s if schedule is not None else None
    if not interval_s:
        return CopyHealth.NO_INTERVAL
    timely = lateness(age_s, interval_s, blackout_s(schedule))
    if copy.longest_s is not None and timely is not CopyHealth.LATE:
        if copy.longest_s >= interval_s:
            return CopyHealth.LATE
        if copy.longest_s > 0.8 * interval_s:
            return CopyHealth.NEARLY_LATE
    return timely


def replica_health(replica: VmReplica, newest_complete: VmReplica | None, now: datetime) -> CopyHealth:
    """How a VM replica stands. ``newest_complete`` is the newest complete one of the same source, itself included."""
    if not replica.complete:
        return CopyHealth.INCOMPLETE
    if newest_complete is not None and newest_complete.point_in_time > replica.point_in_time:
        return CopyHealth.OLDER
    if not replica.interval_s:
        return CopyHealth.NO_INTERVAL
    return lateness((now - replica.point_in_time).total_seconds(), replica.interval_s)
