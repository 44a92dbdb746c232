"""Steps on protection groups and volumes of a FlashArray. Sources: procedures 3.2, 3.5, 3.9; REST 2.26.

``array`` is the device that the verb goes to. Every verb is looked at before and after by fresh lists of the array.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.recovery.pg import seeing
from app.recovery.pg.database_steps import backup_mode
from app.recovery.pg.pairing import TAG
from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from backends.flasharray.acts import (
    Act,
    OverwriteVolume,
    RestoreGroup,
    SendSnapshot,
    SetReplicationSchedule,
    SnapshotGroup,
    SnapshotVolumes,
    TagVolume,
    UntagVolume,
)
from backends.flasharray.looks import (
    GroupAsked,
    SafetySnapshots,
    Same,
    SentTo,
    SnapshotAsked,
    SnapshotMembers,
    Tags,
    TransferOf,
    Volumes,
    VolumeSnapshot,
)
from backends.flasharray.verbs import Replicate
from store.estate import Volume
from store.record import Record


class OnArray:
    """For records with an ``array``."""

    __slots__ = ()
    array: str

    @property
    def device(self) -> str:
        return self.array

    def look(self, sight: Sight) -> seeing.Look:
        return lambda query: sight.look(self.array, query)


class Sends(OnArray):
    """For those of them that send one verb."""

    __slots__ = ()

    def verb(self) -> Act:
        raise NotImplementedError

    def call(self) -> str:
        return self.verb().command()

    def act(self, hands: Hands) -> str:
        return hands.perform(self.array, self.verb(), "")


class TakeSnapshot(Sends, Record, frozen=True):
    """POST /protection-group-snapshots: done when the snapshot is there. Its suffix makes it this one. ``parts`` are
    the volumes that were planned for, as its parts are called. With a ``database`` it is taken in backup mode only, as
    the ``status`` command of that says."""

    array: str
    group: str
    suffix: str
    replicate: str
    parts: tuple[str, ...]
    database: str | None = None
    status: str = ""

    def verb(self) -> SnapshotGroup:
        return SnapshotGroup(self.group, self.suffix, Replicate(self.replicate))

    def observe(self, sight: Sight) -> Seen:
        name = f"{self.group}.{self.suffix}"
        found = sight.look(self.array, SnapshotAsked(name))
        if found is None:
            return self._absent(sight, name)
        told = facts({name: f"created {found.created:%Y-%m-%d %H:%M:%S} UTC"})
        if found.destroyed:
            return Seen(Verdict.REFUSED, told, f"{name} is pending eradication: its name is taken")
        parts = tuple(part.name for part in sight.look(self.array, SnapshotMembers(name)) if not part.destroyed)
        if sorted(parts) != sorted(self.parts):
            return Seen(Verdict.REFUSED, told, f"{name} has other volumes than were planned for: plan it anew")
        return Seen(Verdict.DONE, told, f"{name} is there")

    def _absent(self, sight: Sight, name: str) -> Seen:
        told = facts({name: "not there"})
        if self.database is not None:
            active, mode = backup_mode(sight, self.database, self.status)
            told = (*told, *mode)
            if not active:
                why = f"{self.database} is not in backup mode any more: {name} could not be recovered from"
                return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, f"there is no snapshot {name}")


class SendTaken(Sends, Record, frozen=True):
    """POST /protection-group-snapshots/replica: a snapshot that was taken before goes to ``target``; done when that
    shows it, or where the array took the call and an earlier transfer goes first. ``target`` and ``owner`` are the own
    names of the other array and of this one."""

    array: str
    snapshot: str
    target: str
    owner: str

    def verb(self) -> SendSnapshot:
        return SendSnapshot(self.snapshot, self.target)

    def observe(self, sight: Sight) -> Seen:
        there = sight.look(self.array, SentTo(self.snapshot, self.target, self.owner))
        if there is not None:
            told = facts({f"{self.snapshot} on {self.target}": "pending eradication" if there.destroyed else "there"})
            if there.destroyed:
                return Seen(Verdict.REFUSED, told, f"it is pending eradication on {self.target}: its name is taken")
            return Seen(Verdict.DONE, told, f"{self.target} shows it")
        told = facts({f"{self.snapshot} on {self.target}": "not there"})
        if sight.accepted:
            return Seen(Verdict.DONE, told, "the array took it, and has not begun yet")
        found = sight.look(self.array, SnapshotAsked(self.snapshot))
        if found is None or found.destroyed:
            how = "not there" if found is None else "pending eradication"
            return Seen(Verdict.REFUSED, told, f"{self.snapshot} is {how} on {self.array}")
        return Seen(Verdict.READY, told, f"{self.target} does not have it")


class WaitArrived(OnArray, Record, frozen=True):
    """Wait until the target array holds all of a snapshot. Sends nothing. An empty list is *not yet*."""

    array: str
    snapshot: str

    def call(self) -> str:
        return ""

    def act(self, hands: Hands) -> str:
        return ""

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, SnapshotAsked(self.snapshot))
        if found is not None and found.destroyed:
            return Seen(Verdict.REFUSED, facts({self.snapshot: "pending eradication"}), "it was destroyed meanwhile")
        moved = sight.look(self.array, TransferOf(self.snapshot))
        if moved is None or found is None:
            told = facts({self.snapshot: "not on the target yet"})
            return Seen(Verdict.CHANGING, told, "the transfer has not begun on the target yet")
        percent = f"{100 if moved.done else min(99, round((moved.progress or 0) * 100))} %"
        told = facts({f"transfer of {self.snapshot}": percent, "bytes transferred": moved.data_transferred})
        if moved.done:
            return Seen(Verdict.DONE, told, f"complete since {moved.completed:%Y-%m-%d %H:%M:%S} UTC")
        return Seen(Verdict.CHANGING, told, f"{percent} of the transfer")


class KeepVolumes(Sends, Record, frozen=True):
    """POST /volume-snapshots: a safety snapshot ``<volume>.<suffix>`` of each volume, all or none."""

    array: str
    volumes: tuple[str, ...]
    suffix: str

    def verb(self) -> SnapshotVolumes:
        return SnapshotVolumes(self.volumes, self.suffix)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, SafetySnapshots(self.suffix))
        there = [volume for volume in self.volumes if volume in found and not found[volume].destroyed]
        told = facts({f"safety snapshots {self.suffix}": f"{len(there)} of {len(self.volumes)}"})
        if len(there) == len(self.volumes):
            return Seen(Verdict.DONE, told, "every volume has its safety snapshot")
        if there or any(volume in found for volume in self.volumes):
            return Seen(Verdict.REFUSED, told, "some have a snapshot of that name already, and some have not")
        return Seen(Verdict.READY, told, "no volume has its safety snapshot yet")


class Overwrite(Sends, Record, frozen=True):
    """POST /volumes?overwrite=true. ``size`` is that of the snapshot, in bytes; ``kept`` the suffix of the volume's
    safety snapshot, ``allowed`` the hosts that may be running on it all the same.

    A volume does not say from which snapshot it was made. So the array's own answer tells that it was overwritten, and
    where that was lost, a comparison of the blocks of both.
    """

    array: str
    volume: str
    snapshot: str
    size: int
    kept: str
    allowed: tuple[str, ...] = ()

    def verb(self) -> OverwriteVolume:
        return OverwriteVolume(self.volume, self.snapshot)

    def observe(self, sight: Sight) -> Seen:
        look = self.look(sight)
        found = look(Volumes()).get(self.volume)
        if found is None or found.destroyed:
            gone = "not there" if found is None else "pending eradication"
            return Seen(Verdict.REFUSED, facts({self.volume: gone}), f"{self.array} has no volume {self.volume}")
        told = facts({self.volume: f"{found.provisioned} bytes, source {found.source or 'none'}"})
        if sight.began_at is not None and found.provisioned == self.size:
            same = True if sight.accepted else look(Same(self.volume, self.snapshot, self.size))
            if same:
                how = "the array said so" if sight.accepted else "no block differs"
                return Seen(Verdict.DONE, told, f"it is a copy of {self.snapshot}: {how}")
            if same is None:
                return Seen(Verdict.UNKNOWN, told, "the array does not compare it with the snapshot")
        if (why := self._refused(look, found)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, f"it is not yet a copy of {self.snapshot}")

    def _refused(self, look: seeing.Look, volume: Volume) -> str | None:
        whole = seeing.group_of(self.snapshot)
        if (why := seeing.why_unusable(look, whole)) is not None:
            return why
        if seeing.member(look, whole, self.snapshot) is None:
            return f"{self.snapshot} is not there, or pending eradication"
        saved = look(SafetySnapshots(self.kept)).get(self.volume)
        if saved is None or saved.destroyed:
            return f"its safety snapshot {self.volume}.{self.kept} is not there"
        wanted = Same(self.volume, self.snapshot, self.size)
        return _in_use(look, (self.volume,), self.allowed) or _unkept(look, volume, saved, wanted)


class RestoreAll(Sends, Record, frozen=True):
    """POST /protection-groups?overwrite=true: every volume of ``group`` from the group's own snapshot, in one act.
    ``parts`` are its volumes, each with its part of the snapshot and that one's size in bytes; the rest as with
    :class:`Overwrite`."""

    array: str
    group: str
    snapshot: str
    parts: tuple[tuple[str, str, int], ...]
    kept: str
    allowed: tuple[str, ...] = ()

    def verb(self) -> RestoreGroup:
        return RestoreGroup(self.group, self.snapshot)

    def observe(self, sight: Sight) -> Seen:
        look = self.look(sight)
        found = look(Volumes())
        lacking = [name for name, _, _ in self.parts if name not in found or found[name].destroyed]
        if lacking:
            return Seen(Verdict.REFUSED, facts({lacking[0]: "not there"}), f"{self.array} has no volume {lacking[0]}")
        told = facts({f"volumes of {self.group}": len(self.parts)})
        if sight.began_at is not None and all(found[name].provisioned == size for name, _, size in self.parts):
            same = True if sight.accepted else self._same(look)
            if same:
                return Seen(Verdict.DONE, told, f"every volume is a copy of its part of {self.snapshot}")
            if same is None:
                return Seen(Verdict.UNKNOWN, told, "the array does not compare them with the snapshot")
        if (why := self._refused(look, found)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, "the volumes are not yet copies of it")

    def _same(self, look: seeing.Look) -> bool | None:
        answers = [look(Same(name, part, size)) for name, part, size in self.parts]
        return None if None in answers else all(answers)

    def _refused(self, look: seeing.Look, volumes: Mapping[str, Volume]) -> str | None:
        if (why := seeing.why_unusable(look, self.snapshot)) is not None:
            return why
        names = [name for name, _, _ in self.parts]
        saved = look(SafetySnapshots(self.kept))
        lacking = [name for name in names if name not in saved or saved[name].destroyed]
        if lacking:
            return f"the safety snapshot {lacking[0]}.{self.kept} is not there"
        if (why := _in_use(look, names, self.allowed)) is not None:
            return why
        wanted = [Same(*part) for part in self.parts]
        found = (_unkept(look, volumes[same.volume], saved[same.volume], same) for same in wanted)
        return next((why for why in found if why), None)


def _in_use(look: seeing.Look, volumes: tuple[str, ...] | list[str], allowed: tuple[str, ...]) -> str | None:
    for volume in volumes:
        for host, why in seeing.users_now(look, volume).items():
            if host not in allowed:
                return f"{volume} is connected to {host}, and {why}"
    return None


def _unkept(look: seeing.Look, volume: Volume, saved: VolumeSnapshot, wanted: Same) -> str | None:
    """Why what a volume holds would be lost: a run may be resumed long after its safety snapshots were taken, and the
    volume may have been used meanwhile. None: its safety snapshot holds it, or it is what is ``wanted`` already, or the
    array does not compare them, or it is written to by a host that was named."""
    if seeing.users_now(look, volume.name):
        return None
    if volume.provisioned == saved.size and look(Same(volume.name, saved.name, saved.size)) is not False:
        return None
    if volume.provisioned == wanted.size and look(wanted):
        return None
    return f"{volume.name} was changed after its safety snapshot {saved.name}: abort this run, and plan it anew"


class WriteTag(Sends, Record, frozen=True):
    """PUT /volumes/tags/batch: the pairing tag of a target volume says the id of its source."""

    array: str
    volume: str
    value: str

    def verb(self) -> TagVolume:
        return TagVolume(self.volume, TAG, self.value)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, Tags(TAG)).get(self.volume)
        told = facts({f"{TAG} of {self.volume}": found or "none"})
        if found == self.value:
            return Seen(Verdict.DONE, told, "the tag says so")
        return Seen(Verdict.READY, told, "the tag does not say so yet")


class SetSchedule(Sends, Record, frozen=True):
    """PATCH /protection-groups: the replication schedule of a group is on, or off."""

    array: str
    group: str
    enabled: bool

    def verb(self) -> SetReplicationSchedule:
        return SetReplicationSchedule(self.group, self.enabled)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, GroupAsked(self.group))
        if found is None or found.destroyed:
            return Seen(Verdict.REFUSED, facts({self.group: "not there"}), f"{self.array} has no group {self.group}")
        on = found.replication is not None and found.replication.enabled
        told = facts({f"replication schedule of {self.group}": "on" if on else "off"})
        if on is self.enabled:
            return Seen(Verdict.DONE, told, f"it is {'on' if on else 'off'}")
        return Seen(Verdict.READY, told, f"it is {'on' if on else 'off'} yet")


class DropTag(Sends, Record, frozen=True):
    """DELETE /volumes/tags: a volume that nothing is copied to loses its pairing tag, which says ``value``."""

    array: str
    volume: str
    value: str

    def verb(self) -> UntagVolume:
        return UntagVolume(self.volume, TAG)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, Tags(TAG)).get(self.volume)
        told = facts({f"{TAG} of {self.volume}": found or "none"})
        if self.volume not in sight.look(self.array, Volumes()):
            return Seen(Verdict.REFUSED, facts({self.volume: "not there"}), f"{self.array} has no such volume")
        if found is None:
            return Seen(Verdict.DONE, told, "it carries no tag")
        if found != self.value:
            return Seen(Verdict.REFUSED, told, "its tag says something else than was planned for")
        return Seen(Verdict.READY, told, "it carries the tag yet")
