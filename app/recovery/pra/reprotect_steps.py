"""Steps that make a protection group, and replicate it the other way. Source: procedures 3.5 (A14), 3.2."""

from __future__ import annotations

from app.recovery.pg.pairing import TAG
from app.recovery.pg.steps import Sends
from app.recovery.step import Seen, Sight, Verdict, facts
from backends.flasharray import acts
from backends.flasharray.looks import GroupAsked, GroupMembers, SnapshotMembers, Tags
from store.record import Record


class MakeGroup(Sends, Record, frozen=True):
    """POST /protection-groups."""

    array: str
    group: str

    def verb(self) -> acts.CreateGroup:
        return acts.CreateGroup(self.group)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, GroupAsked(self.group))
        told = facts({self.group: "not there" if found is None else "destroyed" if found.destroyed else "there"})
        if found is None:
            return Seen(Verdict.READY, told, f"there is no group {self.group}")
        if found.destroyed:
            return Seen(Verdict.REFUSED, told, f"{self.group} is pending eradication: its name is taken")
        return Seen(Verdict.DONE, told, "the group is there")


class AddMembers(Sends, Record, frozen=True):
    """POST /protection-groups/volumes: done when all of them are members. More may be."""

    array: str
    group: str
    volumes: tuple[str, ...]

    def verb(self) -> acts.AddGroupMembers:
        return acts.AddGroupMembers(self.group, self.volumes)

    def observe(self, sight: Sight) -> Seen:
        members = sight.look(self.array, GroupMembers(self.group))
        there = [volume for volume in self.volumes if volume in members]
        told = facts({f"members of {self.group}": f"{len(there)} of {len(self.volumes)}"})
        if len(there) == len(self.volumes):
            return Seen(Verdict.DONE, told, "all are members")
        if there:
            return Seen(Verdict.REFUSED, told, f"{there[0]} is a member already, and some are not: plan it anew")
        return Seen(Verdict.READY, told, "none is a member yet")


class AddTarget(Sends, Record, frozen=True):
    """POST /protection-groups/targets."""

    array: str
    group: str
    target: str

    def verb(self) -> acts.AddGroupTarget:
        return acts.AddGroupTarget(self.group, self.target)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, GroupAsked(self.group))
        names = [target.name for target in found.targets] if found is not None else []
        told = facts({f"targets of {self.group}": ", ".join(names) or "none"})
        if self.target in names:
            return Seen(Verdict.DONE, told, f"it replicates to {self.target}")
        return Seen(Verdict.READY, told, f"it does not replicate to {self.target} yet")


class AllowTarget(Sends, Record, frozen=True):
    """PATCH /protection-groups/targets, on the target's array: ``group`` is the replica there."""

    array: str
    group: str
    target: str

    def verb(self) -> acts.AllowGroupTarget:
        return acts.AllowGroupTarget(self.group, self.target)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, GroupAsked(self.group))
        if found is None:
            told = facts({self.group: "not there yet"})
            return Seen(Verdict.CHANGING, told, f"{self.array} does not show {self.group} yet")
        allowed = any(target.name == self.target and target.allowed for target in found.targets)
        told = facts({f"{self.group} to {self.target}": "allowed" if allowed else "not allowed"})
        if allowed:
            return Seen(Verdict.DONE, told, "it is allowed")
        return Seen(Verdict.READY, told, "it is not allowed yet")


class SetEvery(Sends, Record, frozen=True):
    """PATCH /protection-groups: the replication schedule on, every so many seconds."""

    array: str
    group: str
    every_s: int

    def verb(self) -> acts.SetReplicationSchedule:
        return acts.SetReplicationSchedule(self.group, True, self.every_s)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, GroupAsked(self.group))
        schedule = found.replication if found is not None else None
        on = schedule is not None and schedule.enabled
        told = facts({"replication schedule": f"on, every {schedule.frequency_s} s" if schedule and on else "off"})
        if schedule is not None and on and schedule.frequency_s == self.every_s:
            return Seen(Verdict.DONE, told, f"it replicates every {self.every_s} s")
        return Seen(Verdict.READY, told, "the schedule is not so yet")


class PairSource(Sends, Record, frozen=True):
    """PUT /volumes/tags/batch: the pairing tag of a volume at home says what the volume snapshot ``snapshot``, which
    came from the other side, is of. What that is called here is known once it came."""

    array: str
    volume: str
    snapshot: str

    def verb(self) -> acts.TagAsSource:
        return acts.TagAsSource(self.volume, TAG, self.snapshot)

    def observe(self, sight: Sight) -> Seen:
        found = sight.look(self.array, SnapshotMembers(self.snapshot.rpartition(".")[0]))
        source = next((each.source_id for each in found if each.name == self.snapshot and not each.destroyed), None)
        if source is None:
            told = facts({self.snapshot: "not there, or of nothing that is known"})
            return Seen(Verdict.REFUSED, told, f"{self.array} does not show what {self.snapshot} is of")
        tags = sight.look(self.array, Tags(TAG))
        told = facts({f"{TAG} of {self.volume}": tags.get(self.volume, "none"), f"source of {self.snapshot}": source})
        if tags.get(self.volume) == source:
            return Seen(Verdict.DONE, told, "the tag says so")
        other = next((name for name, value in tags.items() if value == source), None)
        if other is not None:
            return Seen(Verdict.REFUSED, told, f"{other} is paired with it: take the tag off that one first")
        return Seen(Verdict.READY, told, "the tag does not say so yet")
