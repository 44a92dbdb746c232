"""How much a failover loses at most (procedures 2.1): an upper bound in seconds, and the words for it."""

from __future__ import annotations

import math

from msgspec import Struct

from app.recovery.rcg.situation import Situation
from store.estate import RcgMode, RcgStatus, RemoteCopyGroup, SyncStatus


class Bound(Struct, frozen=True):
    """``seconds`` None: there is no bound, and no failover can be planned. ``words`` say what it rests on."""

    seconds: float | None
    words: str

    @property
    def minutes(self) -> int | None:
        """Rounded up: what an operator accepts."""
        return None if self.seconds is None else math.ceil(self.seconds / 60)


STOP_S, START_S, RESTORE_S = 120.0, 180.0, 300.0
SYNC_S = 900.0
"""How long each may take until its effect is seen (procedures 4.4, 4.5)."""

FENCED_S = 300.0
"""Where the natural primary's array still answers its hosts may still write: the loss is bounded for so long after it
was looked at, and nothing is failed over later than that."""


def of_disaster(at: Situation) -> Bound:
    """What is lost where the natural primary is not asked any more. The point in time is what the peer holds."""
    bound = _of_peer(at)
    if bound.seconds is None or not at.natural.read:
        return bound
    return Bound(bound.seconds + FENCED_S, f"{bound.words}, and {FENCED_S:g} s for its hosts, which may still write")


def now(at: Situation) -> float | None:
    """How much would be lost if the natural primary's site were lost at this moment, in seconds; None: nothing bounds
    it. A synchronous group that is Started and Synced on both sides loses nothing."""
    natural, peer = at.natural.group, at.peer.group
    if natural is not None and peer is not None and peer.mode is RcgMode.SYNC and _whole(natural) and _whole(peer):
        return 0.0
    return _of_peer(at).seconds


def _of_peer(at: Situation) -> Bound:
    group = at.peer.group
    if group is None:
        return Bound(None, "the side that would take over cannot be read")
    if group.mode is RcgMode.SYNC:
        return _of_sync(at, group)
    oldest = group.oldest_sync
    if oldest is None:
        return Bound(None, "a volume was never synchronized: it has no LastSyncTime")
    skew = abs(at.peer.skew_s or 0.0)
    # The array does not say whether LastSyncTime is the begin or the end of a copy: one period is added.
    period = float(group.period_s or 0) if group.mode is RcgMode.PERIODIC else 0.0
    age = max(0.0, (at.now - oldest).total_seconds())
    parts = f"oldest LastSyncTime {oldest:%Y-%m-%d %H:%M:%S} UTC"
    if period:
        parts += f", one period of {period:g} s for the copy itself"
    if skew:
        parts += f", clock difference {skew:g} s"
    return Bound(age + period + skew, parts)


def _of_sync(at: Situation, group: RemoteCopyGroup) -> Bound:
    times = [volume.last_sync for volume in group.volumes]
    known = [time for time in times if time is not None]
    if known and len(known) == len(times):
        skew = abs(at.peer.skew_s or 0.0)
        oldest = min(known)
        age = max(0.0, (at.now - oldest).total_seconds())
        return Bound(age + skew, f"synchronous until {oldest:%Y-%m-%d %H:%M:%S} UTC, as the array says")
    last, seen = at.natural.last, at.natural.last_seen
    if last is not None and seen is not None and _whole(last):
        age = max(0.0, (at.now - seen).total_seconds())
        return Bound(age, f"last seen Started and Synced on both sides at {seen:%Y-%m-%d %H:%M:%S} UTC")
    return Bound(None, "it was never seen Started and Synced, and the array tells no LastSyncTime")


def _whole(group: RemoteCopyGroup) -> bool:
    synced = all(volume.sync_status is SyncStatus.SYNCED for volume in group.volumes)
    return group.status is RcgStatus.STARTED and synced
