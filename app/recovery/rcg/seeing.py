"""What steps see of a remote copy group: its two sides in the readings of their arrays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from app.recovery.step import Sight, UnseenError
from store.estate import RcgMode, RcgStatus, Reading, RemoteCopyGroup, SyncStatus
from store.rcg_roles import RoleCode, role_code
from store.runs import Fact

COMPLETE = (SyncStatus.SYNCED, SyncStatus.STOPPED, SyncStatus.STALE)
"""Of these volumes the secondary holds a whole image, however old."""


def group_in(reading: Reading, name: str) -> RemoteCopyGroup | None:
    """The group called ``name`` in a reading of its array; None where the array has none. Raises
    :class:`UnseenError` where it cannot be told."""
    for obj in reading.objects:
        if isinstance(obj, RemoteCopyGroup) and obj.name == name:
            return obj
    if any(part.kind == "rcg" for part in reading.unread):
        raise UnseenError(f"{reading.device}: {'; '.join(part.why for part in reading.unread)}")
    return None


def seen_group(sight: Sight, device: str, name: str) -> RemoteCopyGroup | None:
    return group_in(sight.reading(device), name)


def both_groups(
    sight: Sight, device: str, name: str, peer: str, peer_name: str
) -> tuple[RemoteCopyGroup | None, RemoteCopyGroup | None]:
    """The two sides, looked at side by side; the peer is None also where its array cannot be read or is not known.
    Raises :class:`UnseenError` where ``device`` cannot be read."""
    if not peer:
        return seen_group(sight, device, name), None
    with ThreadPoolExecutor(1, thread_name_prefix="look") as pool:
        other = pool.submit(seen_group, sight, peer, peer_name)
        here = seen_group(sight, device, name)
        try:
            return here, other.result()
        except UnseenError:
            return here, None


def code(group: RemoteCopyGroup) -> RoleCode | None:
    return role_code(group.role, group.role_reversed)


def group_facts(device: str, group: RemoteCopyGroup | None) -> tuple[Fact, ...]:
    """Role, status and the volumes' sync of one side, in words."""
    if group is None:
        return (Fact(f"{device}", "the group is not there, or not read"),)
    count: dict[str, int] = {}
    for volume in group.volumes:
        count[volume.sync_status] = count.get(volume.sync_status, 0) + 1
    volumes = ", ".join(f"{number} {status}" for status, number in sorted(count.items())) or "no volumes"
    found = [Fact(f"{group.name} on {device}", f"{group.role}, {group.status}, {volumes}")]
    if group.mode is not RcgMode.SYNC and group.oldest_sync is not None:
        found.append(Fact(f"oldest sync on {device}", f"{group.oldest_sync:%Y-%m-%d %H:%M:%S} UTC"))
    return tuple(found)


def all_volumes(group: RemoteCopyGroup, holds: Callable[[SyncStatus], bool]) -> bool:
    return bool(group.volumes) and all(holds(volume.sync_status) for volume in group.volumes)


def synced(group: RemoteCopyGroup) -> bool:
    """Started, and every volume Synced."""
    return group.status is RcgStatus.STARTED and all_volumes(group, lambda status: status is SyncStatus.SYNCED)
