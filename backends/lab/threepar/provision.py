"""Making and unmaking remote copy groups: create, admit, dismiss, change policies and period, remove."""

from __future__ import annotations

from msgspec import Struct

from backends.lab.threepar.array import MAX_NAME, NAME, ThreePar
from backends.lab.threepar.objects import MIB, Target
from backends.lab.threepar.rcg import Group, Side
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.replication import Copy, Member
from store.estate import RcgMode

MIRRORED_NAME = 22
MIN_PERIOD_S = 300
MAX_PERIOD_S = 31_622_400
POLICIES = (
    "auto_recover",
    "auto_failover",
    "over_per_alert",
    "path_management",
    "auto_synchronize",
    "multiTargetPeerPersistence",
    "activeActive",
)


class NewGroup(Struct, frozen=True):
    """What ``creatercopygroup`` is told."""

    name: str
    target: str
    mode: RcgMode
    local_cpg: str = ""
    remote_cpg: str = ""


def create_group(array: ThreePar, new: NewGroup) -> Group:
    """An empty group on ``array`` and its peer on the target's array."""
    target = array.target(new.target)
    if not NAME.fullmatch(new.name):
        raise ArrayError(Why.INV_INPUT_ILLEGAL_CHAR, new.name)
    if len(new.name) > (MIRRORED_NAME if target.mirror_config else MAX_NAME):
        raise ArrayError(Why.INV_INPUT_EXCEEDS_LENGTH, new.name)
    peer = target.peer
    peer_name = f"{new.name}.r{array.who.system_id}"
    if new.name in array.groups or peer_name in peer.groups:
        raise ArrayError(Why.EXISTENT_RCOPY_GROUP)
    for where, cpg in ((array, new.local_cpg), (peer, new.remote_cpg)):
        if cpg and cpg not in where.cpgs:
            raise ArrayError(Why.NON_EXISTENT_CPG)
    if not target.connection.up:
        raise ArrayError(Why.RCOPY_TARGET_IS_NOT_READY, new.name)
    back = next(t for t in peer.targets.values() if t.connection is target.connection)
    here = Side(array, 0, array.next_id("group"), new.name, target, new.local_cpg, True, True)
    there = Side(peer, 1, peer.next_id("group"), peer_name, back, new.remote_cpg, False, False)
    group = Group(array.world, (here, there), new.mode)
    array.groups[new.name] = (group, here)
    peer.groups[peer_name] = (group, there)
    return group


def remove_group(group: Group, side: Side) -> None:
    """Remove it on both arrays, or here alone while the arrays cannot reach each other. The volumes stay."""
    if group.task is not None:
        raise ArrayError(Why.RCOPY_GROUP_IS_BUSY, side.name)
    if group.started:
        raise ArrayError(Why.RCOPY_GROUP_STARTED, side.name)
    for each in group.sides:
        if each is side or group.connection.up:
            each.array.groups.pop(each.name, None)
            for member in group.members:
                _release(group, member.copies[each.end])


def admit(
    group: Group,
    side: Side,
    volume_name: str,
    peer_volume: str,
    *,
    create: bool = False,
    skip_initial_sync: bool = False,
) -> Member:
    """Add a volume pair to a group that is not started. ``create``: make the volume on the peer."""
    if group.task is not None:
        raise ArrayError(Why.RCOPY_GROUP_IS_BUSY, side.name)
    if group.started:
        raise ArrayError(Why.RCOPY_GROUP_STARTED, side.name)
    if not side.primary:
        raise ArrayError(Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE, side.name)
    if not group.connection.up:
        raise ArrayError(Why.RCOPY_TARGET_IS_NOT_READY, side.name)
    volume = side.array.volume(volume_name)
    if volume.group is not None:
        raise ArrayError(Why.IN_REMOTE_COPY, volume_name)
    peer = group.other(side)
    if create and peer_volume not in peer.array.volumes:
        if not peer.local_cpg:
            raise ArrayError(Why.INV_INPUT_MISSING_REQUIRED, "userCPG")
        peer.array.add_volume(peer_volume, volume.size_mib, peer.local_cpg, prov=volume.prov)
    twin = peer.array.volume(peer_volume)
    if twin.group is not None:
        raise ArrayError(Why.IN_REMOTE_COPY, peer_volume)
    if twin.disk.size != volume.disk.size:
        raise ArrayError(Why.RCOPY_VOLUME_SIZE_DIFFERS, f"{volume.disk.size // MIB} and {twin.disk.size // MIB} MiB")
    here, there = Copy(volume), Copy(twin)
    member = Member((here, there) if side.end == 0 else (there, here), complete=skip_initial_sync)
    volume.group = twin.group = group
    side.array.world.set_writable(twin.disk, False)
    group.members.append(member)
    return member


def dismiss(
    group: Group, side: Side, volume_name: str, *, keep_snapshots: bool = False, remove_secondary: bool = False
) -> None:
    """Take a volume pair out of a group that is not started."""
    if keep_snapshots and remove_secondary:
        raise ArrayError(Why.INV_INPUT_PARAM_CONFLICT, "keepSnap,removeSecondaryVolume")
    if group.task is not None:
        raise ArrayError(Why.RCOPY_GROUP_IS_BUSY, side.name)
    if group.started:
        raise ArrayError(Why.RCOPY_GROUP_STARTED, side.name)
    member = next((m for m in group.members if m.copies[side.end].volume.name == volume_name), None)
    if member is None:
        raise ArrayError(Why.NON_EXISTENT_VV_IN_RCOPY_GROUP, volume_name)
    twin = member.copies[1 - side.end].volume
    other = group.other(side).array
    if remove_secondary and any(v.volume is twin for v in other.vluns):
        raise ArrayError(Why.EXPORTED_VLUN, twin.name)
    group.members.remove(member)
    for copy in member.copies:
        _release(group, copy)
    if remove_secondary:
        other.remove_volume(twin.name)


def _release(group: Group, copy: Copy) -> None:
    copy.volume.group = None
    group.world.set_writable(copy.volume.disk, not copy.volume.read_only)


def set_period(group: Group, side: Side, period_s: int | None, now: float) -> None:
    """Seconds between synchronizations of a periodic group, 300 … 31 622 400; None takes the period away."""
    if group.mode is not RcgMode.PERIODIC:
        raise ArrayError(Why.INV_INPUT_PARAM_CONFLICT, "syncPeriod,mode")
    if period_s is not None and not MIN_PERIOD_S <= period_s <= MAX_PERIOD_S:
        raise ArrayError(Why.INV_INPUT_EXCEEDS_RANGE, "syncPeriod")
    group.period_s = period_s
    group.replicator.period_changed(now)


def set_policy(group: Group, name: str, on: bool) -> None:
    """Switch one of :data:`POLICIES` on or off."""
    if name not in POLICIES:
        raise ArrayError(Why.INV_INPUT, f"policy {name}")
    if on:
        group.policies.add(name)
    else:
        group.policies.discard(name)


def target_of(group: Group, side: Side, name: str | None) -> Target:
    """The target that a command names, which may be left out."""
    if name is not None and name != side.target.name:
        raise ArrayError(Why.RCOPY_GROUP_INV_TARGET, side.name)
    return side.target
