"""The protection groups of a twin: members, targets, schedules, and those snapshots whose names were told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.lab.flasharray import protection, transfers
from backends.lab.flasharray.objects import (
    ERADICATION_S,
    Flight,
    Group,
    GroupSnapshot,
    Retention,
    Schedule,
    Tag,
    Target,
    Transfer,
)
from backends.lab.flasharray.state import ArrayState
from backends.lab.twin.records import Account, Told, moment
from store.estate import PgroupRetention, PgroupSchedule, PgroupSnapshot, ProtectionGroup

Arrays = Mapping[str, tuple[Told, ArrayState]]
Replicas = Mapping[tuple[str, str], ProtectionGroup]
Snapshots = dict[str, PgroupSnapshot]


def build(arrays: Arrays, account: Account) -> None:
    """The groups of all arrays, each with its replicas on its targets."""
    told = [(device, state, group) for device, state in arrays.values() for group in device.of(ProtectionGroup)]
    for device, state, group in told:
        if group.is_local:
            _local(arrays, device, state, group, account)
    for device, state, group in told:
        if not group.is_local:
            _replica(arrays, device, state, group, account)
    replicas = {(state.name, group.name): group for _, state, group in told if not group.is_local}
    for device, state, group in told:
        if group.is_local:
            _snapshots(replicas, device, state, group, account)
            newest = max((moment(each.created) for each in group.snapshots), default=None)
            protection.arm(state, state.groups[group.name], newest)
            _pair(state, state.groups[group.name], account, arrays)


def _pair(state: ArrayState, group: Group, account: Account, arrays: Arrays) -> None:
    """The volumes of a target that are called as one of the group say that they are for its copies, as PRA wants it. No
    inventory tells the tags, so whether the real ones do is not known here."""
    for target in group.targets.values():
        there = target.array
        replicas = there.groups[f"{state.name}:{group.name}"].replicas
        for disk in group.disks:
            identity, twin = replicas.get(f"{state.name}:{disk.name}"), there.disks.get(disk.name)
            if identity is not None and twin is not None and not twin.destroyed:
                twin.tags.append(Tag("snapshot_mapping", identity, copyable=False))
                account.invent(arrays[there.name][0].name, "tag that pairs a volume with the copies of its namesake")


def _local(arrays: Arrays, device: Told, state: ArrayState, told: ProtectionGroup, account: Account) -> None:
    origin = arrays.get(told.source or state.name)
    source = "" if origin is None else origin[1].id
    group = Group(told.name, told.id or state.new_id(), state.now, source=(source, told.source or state.name))
    group.disks = [state.disks[name] for name in told.volumes if name in state.disks]
    group.hosts = [name for name in told.hosts if name in state.hosts]
    group.host_groups = [name for name in told.host_groups if name in state.host_groups]
    for name in {*told.volumes, *told.hosts, *told.host_groups} - {
        *(disk.name for disk in group.disks), *group.hosts, *group.host_groups,
    }:  # fmt: skip
        account.leave(device.name, f"member {name} of {told.name}", "it was not read as an object of its own")
    for target in told.targets:
        peer = state.peers.get(target.name)
        if peer is None:
            account.leave(device.name, f"target {target.name} of {told.name}", "no connection to it is in the twin")
        else:
            group.targets[target.name] = Target(peer, target.allowed)
    group.replication, group.snapshot = _schedule(told.replication), _schedule(told.snapshot)
    group.source_retention, group.target_retention = (
        _retention(told.source_retention),
        _retention(told.target_retention),
    )
    unset = (told.replication, told.snapshot, told.source_retention, told.target_retention)
    account.invent(device.name, "schedule or retention of a protection group", sum(each is None for each in unset))
    group.locked = told.retention_lock == "ratcheted"
    state.groups[group.name] = group
    account.copy(device.name, told)
    _pending(state, group, told)


def _replica(arrays: Arrays, device: Told, state: ArrayState, told: ProtectionGroup, account: Account) -> None:
    """What an array shows of another one's group."""
    source, _, name = told.name.partition(":")
    origin = arrays[source][1].groups.get(name) if source in arrays else None
    target = None if origin is None else origin.targets.get(state.name)
    if origin is None or target is None:
        account.leave(device.name, f"protection group {told.name}", "the group that it is a copy of is not in the twin")
        return
    group = transfers.replica_of(arrays[source][1], origin, target)
    group.id = told.id or group.id
    account.copy(device.name, told)
    _pending(state, group, told)


def _pending(state: ArrayState, group: Group, told: ProtectionGroup) -> None:
    if told.destroyed:
        state.destroy(group, lambda: protection.eradicate_group(state, group))
        if told.time_remaining_s is not None:
            group.destroyed_at = state.now - ERADICATION_S + told.time_remaining_s


def _schedule(told: PgroupSchedule | None) -> Schedule:
    if told is None:
        return Schedule()
    return Schedule(told.enabled, float(told.frequency_s or 3600), told.at_s, told.blackout)


def _retention(told: PgroupRetention | None) -> Retention:
    usual = Retention()
    if told is None:
        return usual
    return Retention(
        usual.all_for_s if told.all_for_s is None else told.all_for_s,
        usual.per_day if told.per_day is None else told.per_day,
        usual.days if told.days is None else told.days,
    )


# ------------------------------------------------------------------------------------------------------------ snapshots


def _snapshots(replicas: Replicas, device: Told, state: ArrayState, told: ProtectionGroup, account: Account) -> None:
    """Those that were told of, here and on each target. Older ones were only counted: they are not made."""
    group = state.groups[told.name]
    here = _of(told.snapshots, None)
    there = {name: _of(told.snapshots, name) | _seen_there(replicas, group, state, name) for name in group.targets}
    suffixes = {**here}
    for found in there.values():
        suffixes = {**found, **suffixes}
    for suffix, snapshot in sorted(suffixes.items(), key=lambda each: each[1].created):
        made = protection.record(state, group, suffix, moment(snapshot.created), retained=True)
        for name, found in there.items():
            _send(state, made, group.targets[name], found.get(suffix), here.get(suffix))
        if suffix not in here:
            protection.eradicate_snapshot(state, made)
    group.counter = max([0, *(int(suffix) for suffix in suffixes if suffix.isascii() and suffix.isdigit())])
    account.invent(device.name, "content of a snapshot", len(suffixes))
    if told.snapshot_count > len(here):
        missing = told.snapshot_count - len(here)
        account.leave(device.name, f"{missing} older snapshots of {told.name}", "an inventory keeps only the newest")
    transfers.follow_links(state)


def _of(told: Iterable[PgroupSnapshot], target: str | None) -> Snapshots:
    return {snapshot.suffix: snapshot for snapshot in told if snapshot.target == target and not snapshot.destroyed}


def _seen_there(replicas: Replicas, group: Group, state: ArrayState, target: str) -> Snapshots:
    """What the target itself told of its copies."""
    found = replicas.get((target, f"{state.name}:{group.name}"))
    return {} if found is None else _of(found.snapshots, None)


def _send(
    state: ArrayState, made: GroupSnapshot, target: Target, arrived: PgroupSnapshot | None, sent: PgroupSnapshot | None
) -> None:
    """The transfer of a snapshot to a target, complete or on its way; it arrived where the target told of it."""
    told = arrived or sent
    if told is None or told.started is None:
        return
    transfer = _transfer(state, made, told)
    made.sent[target.array.name] = transfer
    arrival = transfers.arrive(state, made, target, transfer) if arrived is not None else None
    if transfer.completed is None:
        state.flights.append(Flight(transfer, made, target, arrival))


def _transfer(state: ArrayState, made: GroupSnapshot, told: PgroupSnapshot) -> Transfer:
    """How far it is. One of which nothing has moved yet is as large as a first copy."""
    moved, progress = told.data_transferred or 0, told.progress or 0.0
    size = int(moved / progress) if progress else transfers.first_copy(made)
    transfer = Transfer(max(size, 1), state.world.timing.transfer_bytes_s, moment(told.created))
    transfer.started = None if told.started is None else moment(told.started)
    if told.complete and told.completed is not None:
        transfer.size, transfer.completed = moved, moment(told.completed)
    else:
        transfer.moved = float(moved)
    return transfer
