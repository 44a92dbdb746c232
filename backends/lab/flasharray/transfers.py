"""Asynchronous replication between arrays: what a snapshot weighs, how it crosses, and what stands on the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.lab.flasharray.objects import (
    Disk,
    DiskSnapshot,
    Flight,
    Group,
    GroupSnapshot,
    Target,
    Transfer,
)
from backends.lab.referee import Rule

if TYPE_CHECKING:
    from backends.lab.flasharray.state import ArrayState

_MIB = 1024 * 1024
_PER_GENERATION = 4 * _MIB  # what one generation of a volume changes
_BASELINE_SHARE = 0.3  # of a volume's size, after reduction


def replica_of(array: ArrayState, group: Group, target: Target) -> Group:
    """The group as the target array shows it, made at the first need."""
    name = f"{array.name}:{group.name}"
    there = target.array
    if name not in there.groups:
        there.groups[name] = Group(name, there.new_id(), there.now, origin=group, source=(array.id, array.name))
        there.groups[name].targets[there.name] = target
    return there.groups[name]


def send(array: ArrayState, snapshot: GroupSnapshot, target: Target, queued: bool) -> None:
    """Begin to replicate ``snapshot``, at once or after the earlier transfers of its group to this target."""
    transfer = Transfer(_weight(snapshot, target), array.world.timing.transfer_bytes_s, array.now)
    snapshot.sent[target.array.name] = transfer
    flight = Flight(transfer, snapshot, target)
    waiting = queued and any(
        f.snapshot.group is snapshot.group and f.target.array is target.array for f in array.flights
    )
    array.flights.append(flight)
    if not waiting:
        _begin(array, flight)


def deliver(array: ArrayState, snapshot: GroupSnapshot, target: Target, took_s: float) -> None:
    """Put a snapshot of the past onto a target as long since complete."""
    size = _weight(snapshot, target)
    transfer = Transfer(size, size / max(took_s, 1.0), snapshot.created)
    transfer.started, transfer.completed = snapshot.created + 1, snapshot.created + took_s
    snapshot.sent[target.array.name] = transfer
    arrive(array, snapshot, target, transfer)


def judge_source(array: ArrayState, source: Disk | DiskSnapshot, onto: Disk) -> None:
    """Tell the referee when a copy is made from a snapshot that is not all here."""
    if isinstance(source, DiskSnapshot) and not source.complete:
        detail = f"{array.name}:{onto.name} was made from {source.name}, whose transfer is not complete"
        array.world.referee.note(array.now, Rule.INCOMPLETE_COPY, f"{array.name}:{onto.name}", detail)


def follow_links(array: ArrayState) -> None:
    """Stop what cannot cross any more and resume what can again."""
    for flight in list(array.flights):
        linked = array.world.linked(array.site, flight.target.array.site)
        if flight.transfer.started is None:
            continue
        if not linked and flight.transfer.since is not None:
            _stop(array, flight.transfer)
        elif linked and flight.transfer.since is None:
            _go(array, flight)


def _begin(array: ArrayState, flight: Flight) -> None:
    flight.transfer.started = array.now
    flight.arrival = arrive(array, flight.snapshot, flight.target, flight.transfer)
    if array.world.linked(array.site, flight.target.array.site):
        _go(array, flight)


def _go(array: ArrayState, flight: Flight) -> None:
    transfer = flight.transfer
    transfer.since = array.now
    left = (transfer.size - transfer.moved) / transfer.rate
    transfer.timer = array.world.after(left, lambda now: _complete(array, flight, now))


def _stop(array: ArrayState, transfer: Transfer) -> None:
    transfer.moved = transfer.progress(array.now) * transfer.size
    transfer.since = None
    if transfer.timer is not None:
        transfer.timer.cancelled = True


def _complete(array: ArrayState, flight: Flight, now: float) -> None:
    from backends.lab.flasharray import protection

    flight.transfer.completed, flight.transfer.since = now, None
    array.flights.remove(flight)
    group = flight.snapshot.group
    waiting = [f for f in array.flights if f.snapshot.group is group and f.target.array is flight.target.array]
    if waiting and all(f.transfer.started is None for f in waiting):
        _begin(array, waiting[0])
    if group is not None and flight.arrival is not None and flight.arrival.group is not None:
        protection.expire(flight.target.array, flight.arrival.group, group.target_retention)


def arrive(array: ArrayState, snapshot: GroupSnapshot, target: Target, transfer: Transfer) -> GroupSnapshot:
    """The snapshot as the target shows it: its parts are incomplete until the transfer is complete."""
    assert snapshot.group is not None
    there, replica = target.array, replica_of(array, snapshot.group, target)
    name = f"{replica.name}.{snapshot.suffix}"
    arrival = GroupSnapshot(
        name,
        there.new_id(),
        snapshot.created,
        suffix=snapshot.suffix,
        group=replica,
        received=transfer,
        retained=snapshot.retained,
    )
    for part in snapshot.members:
        plain = part.name.rpartition(".")[2]
        source = f"{array.name}:{plain}"
        identity = replica.replicas.setdefault(source, there.new_id())
        copy = DiskSnapshot(
            f"{name}.{plain}",
            there.new_id(),
            part.created,
            suffix=part.suffix,
            serial=there.new_serial(),
            size=part.size,
            image=part.image,
            source=(identity, source),
            group=arrival,
        )
        arrival.members.append(copy)
        there.snapshots[copy.name] = copy
    replica.snapshots[snapshot.suffix] = arrival
    return arrival


def _weight(snapshot: GroupSnapshot, target: Target) -> int:
    """Bytes to move: a share of everything the first time, what changed since the last one sent afterwards."""
    last = _last_sent(snapshot, target)
    if last is None:
        return first_copy(snapshot)
    before = {part.source[0]: part.image for part in last.members}
    total = _MIB
    for part in snapshot.members:
        known = before.get(part.source[0])
        if known is None:
            total += int(part.size * _BASELINE_SHARE)
        else:
            changed = part.image.generation - part.image.last_common(known)
            total += min(int(part.size * _BASELINE_SHARE), changed * _PER_GENERATION)
    return total


def first_copy(snapshot: GroupSnapshot) -> int:
    """What a snapshot weighs of which the target has nothing, in bytes."""
    return max(_MIB, int(sum(part.size for part in snapshot.members) * _BASELINE_SHARE))


def _last_sent(snapshot: GroupSnapshot, target: Target) -> GroupSnapshot | None:
    assert snapshot.group is not None
    earlier = reversed(snapshot.group.snapshots.values())
    found = (s for s in earlier if s is not snapshot and target.array.name in s.sent)
    return next(found, None)
