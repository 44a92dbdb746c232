"""The two views of a remote copy group, side by side, and which array serves its hosts (:mod:`store.rcg_roles`).

A side that is not there makes the pair *unknown*, as does any pair of roles outside the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from screens.conditions import Freshness, SideState
from screens.scene import Scene
from store.estate import DeviceKind, RcgMode, RcgStatus, RemoteCopyGroup, SyncStatus
from store.rcg_roles import AMBIGUOUS, MISSING, NEITHER_READ, OUTSIDE, TABLE, RoleCode, Verdict, role_code
from store.rcg_verbs import Standing, standing
from store.records import DeviceHealth, Entry


class Side(Struct, frozen=True):
    """One array's view of the group. ``entry`` is the last known view, also of a side that is not read now."""

    state: SideState
    entry: Entry | None = None

    @property
    def group(self) -> RemoteCopyGroup | None:
        return self.entry.obj if self.entry is not None and isinstance(self.entry.obj, RemoteCopyGroup) else None

    @property
    def told(self) -> RemoteCopyGroup | None:
        """The group as the array says now; None where the side is not read."""
        return self.group if self.state is SideState.READ else None


class RcgPair(Struct, frozen=True):
    """The two views of one group. ``spare`` holds views that fit neither side: then nothing is certain."""

    pair_key: str
    name: str
    natural: Side
    peer: Side
    spare: tuple[Entry, ...] = ()

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.natural, self.peer

    @property
    def any_group(self) -> RemoteCopyGroup | None:
        """A view to take the mode and the name from: one that is told now, else the last known."""
        groups = [side.told for side in self.sides] + [side.group for side in self.sides]
        return next((group for group in groups if group is not None), None)


def decide(pair: RcgPair) -> Verdict:
    """The active side of a pair by the decision table; everything that is not in it is unknown."""
    if pair.spare:
        return AMBIGUOUS
    states = {side.state for side in pair.sides}
    if SideState.MISSING in states:
        return MISSING
    if states == {SideState.UNREAD}:
        return NEITHER_READ
    codes: list[RoleCode | None] = []
    for side in pair.sides:
        code = None
        if side.told is not None:
            code = role_code(side.told.role, side.told.role_reversed)
            if code is None:
                return OUTSIDE
        codes.append(code)
    return TABLE.get((codes[0], codes[1]), OUTSIDE)


def standing_of(pair: RcgPair) -> Standing:
    """How the two sides stand to one another, as the arrays say now."""
    if pair.spare or any(side.state is SideState.MISSING for side in pair.sides):
        return Standing.UNKNOWN
    codes = [None if s.told is None else role_code(s.told.role, s.told.role_reversed) for s in pair.sides]
    if any(side.told is not None and code is None for side, code in zip(pair.sides, codes, strict=True)):
        return Standing.UNKNOWN
    return standing(codes[0], codes[1])


def pairs(scene: Scene) -> tuple[RcgPair, ...]:
    """Every remote copy group of the estate, both views together, by name."""
    found = (pair_of(scene, key) for key in scene.index.groups("rcg", "pair"))
    return tuple(sorted(found, key=lambda pair: (pair.name, pair.pair_key)))


def pair_of(scene: Scene, pair_key: str) -> RcgPair:
    """The pair with this key. A key that no array reports gives a pair with two unread sides."""
    entries = scene.index.group("rcg", "pair", pair_key)
    naturals: list[Entry] = []
    peers: list[Entry] = []
    spare: list[Entry] = []
    name = pair_key.partition(":")[2]
    for entry in entries:
        if not isinstance(entry.obj, RemoteCopyGroup):
            continue
        group, name = entry.obj, entry.obj.natural_name
        if group.name == group.natural_name:
            naturals.append(entry)
        elif group.name == f"{group.natural_name}.r{group.natural_system_id}":
            peers.append(entry)
        else:
            spare.append(entry)
    spare += naturals[1:] + peers[1:]
    return RcgPair(pair_key, name, _side(scene, naturals, peers), _side(scene, peers, naturals), tuple(spare))


def _side(scene: Scene, mine: Sequence[Entry], others: Sequence[Entry]) -> Side:
    if not mine:
        return Side(SideState.UNREAD if _another_array_unread(scene, others) else SideState.MISSING)
    fresh = scene.freshness(mine[0])
    if fresh is Freshness.GONE:
        device = scene.device(mine[0].device)
        unread = device is None or device.health in (DeviceHealth.FAILING, DeviceHealth.NEVER)
        return Side(SideState.UNREAD if unread else SideState.MISSING, mine[0])
    return Side(SideState.READ if fresh is Freshness.FRESH else SideState.UNREAD, mine[0])


def _another_array_unread(scene: Scene, known: Sequence[Entry]) -> bool:
    """Whether an array that could hold the missing view is not being read, or is not configured here at all."""
    seen = {entry.device for entry in known}
    others = [d for d in scene.index.devices.values() if d.kind is DeviceKind.THREEPAR and d.name not in seen]
    return not others or any(d.health in (DeviceHealth.FAILING, DeviceHealth.NEVER) for d in others)


_SYNC_ORDER = (
    SyncStatus.NOT_SYNCED,
    SyncStatus.UNKNOWN,
    SyncStatus.STALE,
    SyncStatus.STOPPED,
    SyncStatus.NEW,
    SyncStatus.DELETE,
    SyncStatus.WAIT_PROMOTE,
    SyncStatus.PROMOTE,
    SyncStatus.SYNCING,
    SyncStatus.SYNCED,
)


class SyncSummary(Struct, frozen=True):
    """The worst sync status of a group's volumes and how many of ``total`` have it.

    ``percent`` only while Syncing: that of the volume which is furthest behind."""

    worst: SyncStatus
    count: int
    total: int
    percent: int | None = None


def sync_summary(pair: RcgPair) -> SyncSummary | None:
    """Over the volumes as the sides that are read say, the worse side counts; with neither read, the last known.

    None where no volume is known."""
    groups = [side.told for side in pair.sides if side.told is not None]
    if not groups:
        groups = [side.group for side in pair.sides if side.group is not None]
    found = [_summary(group) for group in groups if group.volumes]
    return min(found, key=lambda s: (_SYNC_ORDER.index(s.worst), -s.count), default=None)


def _summary(group: RemoteCopyGroup) -> SyncSummary:
    worst = min((volume.sync_status for volume in group.volumes), key=_SYNC_ORDER.index)
    having = [volume for volume in group.volumes if volume.sync_status is worst]
    percents = [volume.synced_percent for volume in having if volume.synced_percent is not None]
    percent = min(percents, default=None) if worst is SyncStatus.SYNCING else None
    return SyncSummary(worst, len(having), len(group.volumes), percent)


def in_sync(pair: RcgPair) -> bool:
    """Whether a synchronous group loses nothing now: both sides read and Started, every volume Synced."""
    told = [side.told for side in pair.sides]
    summary = sync_summary(pair)
    return (
        all(g is not None and g.mode is RcgMode.SYNC and g.status is RcgStatus.STARTED for g in told)
        and summary is not None
        and summary.worst is SyncStatus.SYNCED
    )


def point_in_time(pair: RcgPair) -> datetime | None:
    """The oldest LastSyncTime of the group's volumes on the sides known; None in Sync mode or where one has none."""
    groups = [side.group for side in pair.sides if side.group is not None]
    if any(group.mode is RcgMode.SYNC for group in groups):
        return None
    times = [group.oldest_sync for group in groups]
    known = [time for time in times if time is not None]
    return min(known, default=None)
