"""Protection groups: membership, snapshots of one moment, schedules, retention, and what the faults do to names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backends.lab.flasharray import transfers
from backends.lab.flasharray.objects import (
    DAY_S,
    Disk,
    DiskSnapshot,
    Group,
    GroupSnapshot,
    RefusedError,
    Retention,
    Schedule,
    Target,
    Thing,
)
from backends.lab.world import LabSite

if TYPE_CHECKING:
    from backends.lab.flasharray.state import ArrayState

LOCKED = "Operation is not permitted: the protection group is retention locked (SafeMode, ratcheted)."


def add_group(
    array: ArrayState,
    name: str,
    disks: Iterable[Disk] = (),
    targets: Iterable[ArrayState] = (),
    replicate_every_s: float | None = None,
    snapshot_every_s: float | None = None,
    locked: bool = False,
) -> Group:
    """Make a protection group. The schedules run where a frequency is given; targets must be connected arrays."""
    array.check_name(name, "Protection group")
    if name in array.groups:
        state = " It has been destroyed and is pending eradication." if array.groups[name].destroyed else ""
        raise RefusedError(name, f"Protection group already exists.{state}")
    group = array.groups[name] = Group(name, array.new_id(), array.now, locked=locked, source=(array.id, array.name))
    for disk in disks:
        add_member(group, disk)
    for target in targets:
        add_target(array, group, target.name)
    if replicate_every_s is not None:
        group.replication = Schedule(True, replicate_every_s)
    if snapshot_every_s is not None:
        group.snapshot = Schedule(True, snapshot_every_s)
    arm(array, group)
    return group


def add_member(group: Group, disk: Disk) -> None:
    if disk in group.disks:
        raise RefusedError(disk.name, "Protection group already includes the volume.")
    if group.hosts or group.host_groups:
        raise RefusedError(disk.name, "Protection group already includes members of another type.")
    group.disks.append(disk)


def add_target(array: ArrayState, group: Group, name: str) -> Target:
    if name in group.targets:
        raise RefusedError(name, "Protection group already includes the target.")
    peer = array.peers.get(name)
    if peer is None:
        raise RefusedError(name, "Array is not connected.")
    made = group.targets[name] = Target(peer)
    transfers.replica_of(array, group, made)
    return made


def members_of(array: ArrayState, group: Group) -> list[Disk]:
    """The volumes in a group: its own, or those connected to its hosts and host groups."""
    found = {disk.name: disk for disk in group.disks if not disk.destroyed}
    if group.hosts or group.host_groups:
        for made in array.attachments:
            if made.host in group.hosts or made.group in group.host_groups:
                found[made.disk.name] = made.disk
    return list(found.values())


# ------------------------------------------------------------------------------------------------------------ snapshots


def check_snapshot(array: ArrayState, group: Group, suffix: str | None, replicate: bool) -> None:
    """Refuse a snapshot that could not be taken now."""
    if suffix is not None:
        array.check_name(suffix, "Snapshot suffix")
        if suffix in group.snapshots:
            gone = " It has been destroyed and is pending eradication." if group.snapshots[suffix].destroyed else ""
            raise RefusedError(f"{group.name}.{suffix}", f"Protection group snapshot already exists.{gone}")
    if replicate and not group.targets:
        raise RefusedError(group.name, "Protection group has no targets.")


def take(
    array: ArrayState,
    group: Group,
    suffix: str | None = None,
    replicate: str | None = None,
    retained: bool = False,
) -> GroupSnapshot:
    """Snapshot all members at this moment. ``replicate``: ``now``, ``queued`` behind earlier transfers, or not."""
    check_snapshot(array, group, suffix, replicate is not None)
    if suffix is None:
        group.counter += 1
        suffix = str(group.counter)
    made = record(array, group, suffix, array.now, retained)
    if replicate is not None:
        for target in group.targets.values():
            if target.allowed:
                transfers.send(array, made, target, queued=replicate == "queued")
    expire(array, group, group.source_retention)
    return made


def backfill(array: ArrayState, group: Group, count: int, every_s: float, took_s: float = 60.0) -> None:
    """Give a group a past: ``count`` snapshots, ``every_s`` apart, each long since on all targets. The next one of its
    schedule then comes when it is due."""
    timer = group.replication.timer
    due = timer.when if timer is not None and group.replication.frequency_s == every_s else array.now + took_s
    for number in range(count, 0, -1):
        group.counter += 1
        when = min(due - number * every_s, array.now - took_s)
        made = record(array, group, str(group.counter), when, True)
        for target in group.targets.values():
            transfers.deliver(array, made, target, took_s)


def record(array: ArrayState, group: Group, suffix: str, when: float, retained: bool) -> GroupSnapshot:
    """A snapshot of all members as they were at ``when``, here alone."""
    name = f"{group.name}.{suffix}"
    made = GroupSnapshot(name, array.new_id(), when, suffix=suffix, group=group, retained=retained)
    for disk in members_of(array, group):
        part = array.capture(disk, f"{name}.{disk.name.rpartition('::')[2]}", suffix)
        part.created, part.image, part.group = when, disk.core.image(when), made
        made.members.append(part)
        array.snapshots[part.name] = part
    group.snapshots[suffix] = made
    return made


def group_snapshot(array: ArrayState, name: str, *, destroyed_too: bool = False) -> GroupSnapshot:
    owner, _, suffix = name.rpartition(".")
    group = array.groups.get(owner)
    found = group.snapshots.get(suffix) if group is not None else None
    if found is None:
        raise RefusedError(name, "Protection group snapshot does not exist.")
    if found.destroyed and not destroyed_too:
        raise RefusedError(name, "Protection group snapshot has been destroyed.")
    return found


def destroy_snapshot(array: ArrayState, snapshot: GroupSnapshot) -> None:
    if snapshot.group is not None and _lock_of(snapshot.group):
        raise RefusedError(snapshot.name, LOCKED)
    array.destroy(snapshot, lambda: eradicate_snapshot(array, snapshot))


def eradicate_snapshot(array: ArrayState, snapshot: GroupSnapshot) -> None:
    group = snapshot.group
    if group is not None and group.snapshots.get(snapshot.suffix) is snapshot:
        del group.snapshots[snapshot.suffix]
    for part in snapshot.members:
        array.snapshots.pop(part.name, None)


def short_lived(array: ArrayState, snapshot: GroupSnapshot) -> None:
    """What ``for_replication`` does: destroyed and eradicated after an hour."""
    array.world.after(3600.0, lambda _now: eradicate_snapshot(array, snapshot))


def _lock_of(group: Group) -> bool:
    return group.locked or (group.origin is not None and group.origin.locked)


def expire(array: ArrayState, group: Group, rule: Retention) -> None:
    """Remove what the retention no longer keeps: all for a time, then so many a day for so many days."""
    kept_of_day: dict[int, int] = {}
    flying = {id(flight.snapshot) for flight in array.flights}
    ours = [s for s in group.snapshots.values() if s.retained and not s.destroyed and id(s) not in flying]
    for snapshot in sorted(ours, key=lambda s: s.created, reverse=True)[1:]:
        if snapshot.received is not None and snapshot.received.completed is None:
            continue
        age = array.now - snapshot.created
        if age <= rule.all_for_s:
            continue
        day = int((age - rule.all_for_s) // DAY_S)
        kept_of_day[day] = kept_of_day.get(day, 0) + 1
        if day >= rule.days or kept_of_day[day] > rule.per_day:
            eradicate_snapshot(array, snapshot)


def restore(array: ArrayState, group: Group, snapshot: GroupSnapshot) -> None:
    """Overwrite the members of ``group`` with the parts of a group snapshot of the same names: all or none."""
    pairs = []
    for part in snapshot.members:
        plain = part.name.rpartition(".")[2]
        disk = next((d for d in group.disks if d.name.rpartition("::")[2] == plain), None)
        if disk is None:
            raise RefusedError(group.name, f"Volume {plain} does not exist in the protection group.")
        pairs.append((disk, part))
    for disk, part in pairs:
        transfers.judge_source(array, part, disk)
        array.overwrite(disk, part, f"restore of {group.name} from {snapshot.name}")


# ------------------------------------------------------------------------------------------------------------ schedules


def arm(array: ArrayState, group: Group, last: float | None = None) -> None:
    """Start the schedules of a group anew, after they were set. ``last`` is when its newest snapshot was taken: the
    next one is then due a whole interval later, if that is still to come."""
    for schedule, replicate in ((group.replication, "queued"), (group.snapshot, None)):
        if schedule.timer is not None:
            schedule.timer.cancelled = True
            schedule.timer = None
        if schedule.enabled and group.is_local:
            due = array.now + array.world.rng.uniform(0.05, 1.0) * schedule.frequency_s
            if last is not None and last + schedule.frequency_s > array.now:
                due = last + schedule.frequency_s
            _plan(array, group, schedule, replicate, due)


def _plan(array: ArrayState, group: Group, schedule: Schedule, replicate: str | None, when: float) -> None:
    if schedule.at_s is not None and schedule.frequency_s % DAY_S == 0:
        when += (schedule.at_s - when) % DAY_S

    def due(now: float) -> None:
        dark = array.world.sites[array.site].dark
        if not (dark or group.destroyed or _blacked_out(schedule, now)):
            wanted = replicate if any(t.allowed for t in group.targets.values()) else None
            take(array, group, None, wanted, retained=True)
        _plan(array, group, schedule, replicate, now + schedule.frequency_s)

    schedule.timer = array.world.at(when, due)


def _blacked_out(schedule: Schedule, now: float) -> bool:
    if schedule.blackout is None:
        return False
    start, end = schedule.blackout
    second = now % DAY_S
    return start <= second < end if start <= end else second >= start or second < end


# ---------------------------------------------------------------------------------------------------- groups as a whole


def destroy_group(array: ArrayState, group: Group) -> None:
    if _lock_of(group):
        raise RefusedError(group.name, LOCKED)
    array.destroy(group, lambda: eradicate_group(array, group))


def eradicate_group(array: ArrayState, group: Group) -> None:
    if not group.destroyed:
        raise RefusedError(group.name, "Protection group must be destroyed before it is eradicated.")
    for snapshot in list(group.snapshots.values()):
        eradicate_snapshot(array, snapshot)
    for schedule in (group.replication, group.snapshot):
        if schedule.timer is not None:
            schedule.timer.cancelled = True
    array.groups.pop(group.name, None)


def rename_group(array: ArrayState, group: Group, name: str) -> None:
    """Rename a group with its snapshots, here and where it is replicated to."""
    if group.is_local:
        array.check_name(name, "Protection group")
    if name in array.groups:
        raise RefusedError(name, "Protection group already exists.")
    array.groups = {(name if key == group.name else key): value for key, value in array.groups.items()}
    old, group.name = group.name, name
    for snapshot in group.snapshots.values():
        snapshot.name = f"{name}.{snapshot.suffix}"
        for part in snapshot.members:
            array.snapshots.pop(part.name, None)
            part.name = name + part.name.removeprefix(old)
            array.snapshots[part.name] = part
    for target in group.targets.values():
        replica = target.array.groups.get(f"{array.name}:{old}")
        if replica is not None:
            rename_group(target.array, replica, f"{array.name}:{name}")


def rename(array: ArrayState, old: str, new: str) -> None:
    """What the fault *object renamed* does: a volume, group or host is called something else."""
    if old in array.disks:
        array.rename_volume(array.disks[old], new)
    elif old in array.groups:
        rename_group(array, array.groups[old], new)
    elif old in array.hosts:
        array.rename_host(array.hosts[old], new)


def set_pending(array: ArrayState, name: str, pending: bool) -> None:
    """What the fault *pending eradication* does to a volume, group, snapshot or pod, whatever protects it."""
    thing = _find(array, name)
    if thing is None:
        return
    if pending:
        array.destroy(thing, lambda: None)
    else:
        array.recover(thing)


def _find(array: ArrayState, name: str) -> Thing | None:
    places: tuple[dict[str, Disk] | dict[str, Group] | dict[str, DiskSnapshot], ...]
    places = (array.disks, array.groups, array.snapshots)
    for place in places:
        if name in place:
            return place[name]
    if name in array.pods:
        return array.pods[name]
    owner, _, suffix = name.rpartition(".")
    group = array.groups.get(owner)
    return group.snapshots.get(suffix) if group is not None else None


def watch(array: ArrayState) -> None:
    """Stop and resume what crosses between sites with the power of the sites."""
    from backends.lab.flasharray import pods

    def changed(_site: LabSite, _now: float) -> None:
        transfers.follow_links(array)
        pods.follow_links(array)

    array.world.watch_sites(changed)
