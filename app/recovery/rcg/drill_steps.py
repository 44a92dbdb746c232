"""Steps that only a drill of a remote copy group has: a set of snapshots of one moment at the side that is replicated
to, and their end. Source: procedures 4.7. Replication goes on, and nothing is written to the volumes themselves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.recovery.rcg.object_steps import objects_of
from app.recovery.rcg.seeing import group_facts, seen_group, synced
from app.recovery.rcg.sending import SendsVerb
from app.recovery.step import Seen, Sight, Verdict, facts
from backends.threepar.provision import CreateSnapshotSet, DeleteVolume
from store.estate import RcgMode, RemoteCopyGroup, SyncStatus
from store.record import Record
from store.runs import Fact

_SECONDS = timedelta(seconds=1)
"""LastSyncTime is told in whole seconds."""


class TakeSet(SendsVerb, Record, frozen=True):
    """``creategroupsv`` of every volume of the group here. ``pairs`` are volume and snapshot.

    While a volume is being synchronized the secondary holds a mixture of two moments: the step waits for the end of
    that, and a set during which one began, or ended, is not taken for one.
    """

    array: str
    group: str
    pairs: tuple[tuple[str, str], ...]
    door: str

    def verb(self) -> CreateSnapshotSet:
        return CreateSnapshotSet(self.pairs)

    def observe(self, sight: Sight) -> Seen:
        found, volumes = seen_group(sight, self.array, self.group), objects_of(sight, self.array).volumes
        made = [snapshot for _, snapshot in self.pairs if snapshot in volumes]
        told = (*group_facts(self.array, found), *facts({"snapshots": f"{len(made)} of {len(self.pairs)}"}))
        if found is None:
            return Seen(Verdict.REFUSED, told, f"{self.array} has no group {self.group}")
        if sorted(volume.local for volume in found.volumes) != sorted(volume for volume, _ in self.pairs):
            return Seen(Verdict.REFUSED, told, "the group has other volumes than were planned for: plan it anew")
        if not made:
            return self._absent(found, told, sight)
        if sight.began_at is None:
            return Seen(Verdict.REFUSED, told, f"{made[0]} exists already, and this run did not make it")
        whole = all(s in volumes and volumes[s].copy_of == v for v, s in self.pairs)
        if not whole:
            return Seen(Verdict.REFUSED, told, "some of the snapshots are there, and some are not, or are others")
        if (why := self._torn(found, sight)) is not None:
            return Seen(Verdict.REFUSED, told, f"{why}: abort this run, clean it up, and begin the drill once more")
        return Seen(Verdict.DONE, told, "every volume has its snapshot of that moment")

    def _absent(self, found: RemoteCopyGroup, told: tuple[Fact, ...], sight: Sight) -> Seen:
        if any(volume.sync_status is SyncStatus.SYNCING for volume in found.volumes):
            return Seen(Verdict.CHANGING, told, "the volumes are being synchronized: its end is waited for")
        if not synced(found):
            return Seen(Verdict.REFUSED, told, "not every volume is Synced")
        if _ended_after(found, self._now(sight, datetime.now(UTC)) - 2 * _SECONDS):
            return Seen(Verdict.CHANGING, told, "a synchronization ended just now")
        return Seen(Verdict.READY, told, "every volume is Synced, and no snapshot is there")

    def _torn(self, found: RemoteCopyGroup, sight: Sight) -> str | None:
        """Why the set may be of two moments; None: it is of one."""
        if not synced(found):
            return "not every volume is Synced after it was taken"
        since = self._now(sight, sight.began_at or datetime.now(UTC)) - _SECONDS
        return "a synchronization ended while it was taken" if _ended_after(found, since) else None

    def _now(self, sight: Sight, moment: datetime) -> datetime:
        """A moment by the array's clock."""
        return moment + timedelta(seconds=sight.reading(self.array).clock_skew_s or 0.0)


def _ended_after(found: RemoteCopyGroup, since: datetime) -> bool:
    """Whether a copy of a group that is not synchronous ended after that moment, or may have."""
    if found.mode is RcgMode.SYNC:
        return False
    return any(volume.last_sync is None or volume.last_sync > since for volume in found.volumes)


class DropSnapshot(SendsVerb, Record, frozen=True):
    """``removevv`` of a snapshot of ``volume`` that a drill made; one that is not there is done with."""

    array: str
    volume: str
    snapshot: str
    door: str

    def verb(self) -> DeleteVolume:
        return DeleteVolume(self.snapshot)

    def observe(self, sight: Sight) -> Seen:
        objects = objects_of(sight, self.array)
        found, vluns = objects.volumes.get(self.snapshot), objects.vluns.get(self.snapshot, ())
        seen = facts({f"{self.snapshot} on {self.array}": "not there" if found is None else f"of {found.copy_of}"})
        if found is None:
            return Seen(Verdict.DONE, seen, "it is not there")
        if found.copy_of != self.volume:
            return Seen(Verdict.REFUSED, seen, f"{self.snapshot} is no snapshot of {self.volume}")
        if vluns:
            return Seen(Verdict.REFUSED, seen, f"it is exported to {', '.join(vlun.host for vlun in vluns)}")
        return Seen(Verdict.READY, seen, "the snapshot is there, and shown to nobody")
