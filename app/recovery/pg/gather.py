"""Looking at what a snapshot, a clone or a restore of a protection group needs, in lists of the arrays."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from app.recovery.looks import Devices
from app.recovery.pg import seeing
from app.recovery.pg.pairing import TAG, Source, Target
from app.recovery.pg.request import Request, Restore
from app.recovery.pg.situation import Away, CloneNow, GroupNow, RestoreNow, TargetsNow
from backends.flasharray.looks import (
    ArrayItself,
    ClockSkew,
    Connections,
    GroupAsked,
    GroupMembers,
    Hosts,
    Initiators,
    NewestSnapshot,
    SnapshotAsked,
    SnapshotMembers,
    Tags,
    TransferOf,
    Volumes,
    VolumeSnapshot,
)
from backends.flasharray.records import origin
from store.estate import Volume


def clone(devices: Devices, asked: Request) -> CloneNow:
    """Look. Raises :class:`app.recovery.step.UnseenError` where an array cannot be read: nothing is planned then."""
    here = look_at(devices, asked.array)
    home = _group(here, asked.array, asked.group)
    snapshot = here(SnapshotAsked(asked.snapshot))
    gone: tuple[str, ...] = ()
    arrived_here = True
    if snapshot is None:
        sources = _predicted(asked.snapshot, home.volumes)
    else:
        members = here(SnapshotMembers(asked.snapshot))
        gone = tuple(part.name for part in members if part.destroyed)
        sources = _of_snapshot(asked.snapshot, _living(members), home.volumes)
        if origin(asked.snapshot)[0] is not None:  # the group of another array, as this one was sent it
            arrived_here = seeing.complete(asked.snapshot, here(TransferOf(asked.snapshot)))
    there = here if asked.to is None else look_at(devices, asked.to)
    onto = None if asked.onto is None else _targets(there, asked.to or asked.array, asked.onto)
    now = datetime.now(UTC)
    if asked.to is None:
        return CloneNow(
            asked.snapshot, now, home, snapshot, asked.snapshot, sources, onto, gone=gone, arrived=arrived_here
        )
    whole = f"{home.owner.name}:{asked.snapshot}"
    arrived = there(SnapshotAsked(whole))
    complete = arrived is not None and seeing.complete(whole, there(TransferOf(whole)))
    parts = _living(there(SnapshotMembers(whole))) if arrived is not None else ()
    known = parts or _earlier(there, home, asked.group)
    moved = tuple(_on_target(source, whole, known) for source in sources)
    lacking = {source.snapshot for source in moved} - {part.name for part in parts} if complete else frozenset()
    away = Away(there(ArrayItself()).name, arrived, complete, tuple(sorted(lacking)))
    return CloneNow(asked.snapshot, now, home, snapshot, whole, moved, onto, away, gone, arrived_here)


def restore(devices: Devices, asked: Restore) -> RestoreNow:
    """Look. Raises as :func:`clone`."""
    look = look_at(devices, asked.array)
    home = replace(_group(look, asked.array, asked.group), skew_s=look(ClockSkew()))
    snapshot = look(SnapshotAsked(asked.snapshot))
    parts = {part.name: part.size for part in _living(look(SnapshotMembers(asked.snapshot)))} if snapshot else {}
    users = _users(look, home.volumes)
    return RestoreNow(asked.snapshot, datetime.now(UTC), home, snapshot, parts, users)


def look_at(devices: Devices, device: str) -> seeing.Look:
    """Takes looks at a device, each of them once, and none from before now."""
    since = time.monotonic()
    return lambda query: devices.look((device, query), since)[0]


def _group(look: seeing.Look, device: str, name: str) -> GroupNow:
    taken_at = datetime.now(UTC)
    group, owner = look(GroupAsked(name)), look(ArrayItself())
    if group is None:
        return GroupNow(device, owner, taken_at, name, None)
    volumes = look(Volumes())
    members = {each: volumes[each] for each in look(GroupMembers(name)) if each in volumes}
    return GroupNow(device, owner, taken_at, name, group, members)


def _targets(look: seeing.Look, device: str, name: str) -> TargetsNow:
    side = _group(look, device, name)
    tags = look(Tags(TAG))
    targets = tuple(Target(v.name, v.provisioned, tags.get(v.name)) for v in side.volumes.values() if not v.destroyed)
    return TargetsNow(side, targets, _users(look, side.volumes))


def _users(look: seeing.Look, volumes: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    attachments, hosts, logged_in = look(Connections()), look(Hosts()), look(Initiators())
    found = {volume: seeing.users(attachments, hosts, logged_in, volume) for volume in sorted(volumes)}
    return {volume: users for volume, users in found.items() if users}


def _living(parts: Iterable[VolumeSnapshot]) -> tuple[VolumeSnapshot, ...]:
    return tuple(part for part in parts if not part.destroyed)


def _plain(part: str) -> str:
    """The volume's part of the name of a volume snapshot in a group snapshot: ``prd.s1.vol`` → ``vol``."""
    return part.rpartition(".")[2]


def _in_pod(volume: str) -> str:
    """A volume's name as it stands in snapshots of its pod: without the pod."""
    return volume.rpartition("::")[2]


def _of_snapshot(snapshot: str, parts: Iterable[VolumeSnapshot], volumes: Mapping[str, Volume]) -> tuple[Source, ...]:
    """The sources as a snapshot at home has them. A volume that was renamed or deleted since is known by its id."""
    by_plain = {_in_pod(name): volume for name, volume in volumes.items()}
    found = []
    for part in parts:
        plain = _plain(part.name)
        volume = by_plain.get(plain)
        identity = part.source_id or (volume.id if volume is not None else part.name)
        found.append(Source(part.source or plain, identity, part.size, f"{snapshot}.{plain}"))
    return tuple(found)


def _predicted(snapshot: str, volumes: Mapping[str, Volume]) -> tuple[Source, ...]:
    """What a snapshot taken now would have."""
    return tuple(
        Source(volume.name, volume.id, volume.provisioned, f"{snapshot}.{_in_pod(name)}")
        for name, volume in sorted(volumes.items())
        if not volume.destroyed
    )


def _earlier(look: seeing.Look, home: GroupNow, group: str) -> tuple[VolumeSnapshot, ...]:
    """The volumes of the newest snapshot of the group that is on the target already: they tell by which id the target
    knows each."""
    newest = look(NewestSnapshot(f"{home.owner.name}:{group}"))
    return () if newest is None else _living(look(SnapshotMembers(newest.name)))


def _on_target(source: Source, away: str, known: Iterable[VolumeSnapshot]) -> Source:
    """The same volume as the target array knows it, by an id of its own."""
    plain = _plain(source.snapshot)
    identity = next((part.source_id for part in known if _plain(part.name) == plain and part.source_id), None)
    if identity is None:
        return Source(source.name, source.id, source.size, f"{away}.{plain}")
    return Source(source.name, identity, source.size, f"{away}.{plain}", (source.id,))
