"""Steps that make and unmake what is replicated: volumes, groups, members. Sources: procedures 4.8, the CLI of 3PAR.

What already exists before a step was ever tried was not made by its run: it is refused, lest it be unmade with it. And
what is gone before a step that unmakes it was ever tried may only have another name: that is refused likewise.
"""

from __future__ import annotations

from app.recovery.rcg.object_steps import objects_of
from app.recovery.rcg.seeing import group_facts, seen_group
from app.recovery.rcg.sending import SendsVerb
from app.recovery.step import Seen, Sight, Verdict, facts
from backends.threepar.provision import (
    AdmitVolume,
    CreateGroup,
    CreateVolume,
    DeleteVolume,
    DismissVolume,
    Provisioning,
    RemoveGroup,
    SetPeriod,
)
from store.estate import RcgMode, RcgStatus
from store.record import Record
from store.runs import Fact


def _gone(sight: Sight, seen: tuple[Fact, ...], what: str) -> Seen:
    """What is to be unmade is not there."""
    if sight.began_at is None:
        return Seen(Verdict.REFUSED, seen, f"{what} is not there under its name, and this run did not remove it")
    return Seen(Verdict.DONE, seen, f"{what} does not exist")


class MakeVolume(SendsVerb, Record, frozen=True):
    """``createvv``."""

    array: str
    volume: str
    cpg: str
    size_mib: int
    provisioning: Provisioning
    compression: bool
    snap_cpg: str | None
    reduce: bool
    door: str

    def verb(self) -> CreateVolume:
        return CreateVolume(
            self.volume, self.cpg, self.size_mib, self.provisioning, self.compression, self.snap_cpg, self.reduce
        )

    def observe(self, sight: Sight) -> Seen:
        found = objects_of(sight, self.array).volumes.get(self.volume)
        shown = "is not there" if found is None else f"{found.size_mib} MiB"
        seen = facts({f"{self.volume} on {self.array}": shown})
        if found is None:
            return Seen(Verdict.READY, seen, "the volume does not exist")
        if sight.began_at is None:
            return Seen(Verdict.REFUSED, seen, f"{self.volume} exists already, and this run did not make it")
        if found.size_mib < self.size_mib or found.copy_of is not None:
            return Seen(Verdict.REFUSED, seen, f"{self.volume} is not the volume that was planned")
        return Seen(Verdict.DONE, seen, "the volume exists")


class DeleteVv(SendsVerb, Record, frozen=True):
    """``removevv``: the volume and what it holds are gone for good."""

    array: str
    volume: str
    door: str

    def verb(self) -> DeleteVolume:
        return DeleteVolume(self.volume)

    def observe(self, sight: Sight) -> Seen:
        found = objects_of(sight, self.array)
        vluns = found.vluns.get(self.volume, ())
        there = self.volume in found.volumes
        seen = facts({f"{self.volume} on {self.array}": "is there" if there else "is not there"})
        if not there:
            return _gone(sight, seen, f"the volume {self.volume}")
        if vluns:
            return Seen(Verdict.REFUSED, seen, f"it is exported to {', '.join(vlun.host for vlun in vluns)}")
        return Seen(Verdict.READY, seen, "the volume exists")


class MakeGroup(SendsVerb, Record, frozen=True):
    """``creatercopygroup``."""

    array: str
    group: str
    target: str
    mode: RcgMode
    local_cpg: str | None
    remote_cpg: str | None
    local_snap_cpg: str | None
    remote_snap_cpg: str | None
    door: str

    def verb(self) -> CreateGroup:
        return CreateGroup(
            self.group,
            self.target,
            self.mode,
            self.local_cpg,
            self.remote_cpg,
            self.local_snap_cpg,
            self.remote_snap_cpg,
        )

    def observe(self, sight: Sight) -> Seen:
        found = seen_group(sight, self.array, self.group)
        seen = group_facts(self.array, found)
        if found is None:
            return Seen(Verdict.READY, seen, "the group does not exist")
        if sight.began_at is None:
            return Seen(Verdict.REFUSED, seen, f"{self.group} exists already, and this run did not make it")
        if (found.target, found.mode) != (self.target, self.mode):
            return Seen(Verdict.REFUSED, seen, f"{self.group} has another target or mode than planned")
        return Seen(Verdict.DONE, seen, "the group exists")


class RemoveRcg(SendsVerb, Record, frozen=True):
    """``removercopygroup``: the volumes stay on both arrays, and are no longer replicated."""

    array: str
    group: str
    door: str

    def verb(self) -> RemoveGroup:
        return RemoveGroup(self.group)

    def observe(self, sight: Sight) -> Seen:
        found = seen_group(sight, self.array, self.group)
        seen = group_facts(self.array, found)
        if found is None:
            return _gone(sight, seen, f"the group {self.group}")
        if found.status is RcgStatus.STARTED:
            return Seen(Verdict.REFUSED, seen, "the group is Started")
        return Seen(Verdict.READY, seen, "the group exists")


class Period(SendsVerb, Record, frozen=True):
    """``setrcopygroup period``."""

    array: str
    group: str
    target: str
    period_s: int
    door: str

    def verb(self) -> SetPeriod:
        return SetPeriod(self.group, self.target, self.period_s)

    def observe(self, sight: Sight) -> Seen:
        found = seen_group(sight, self.array, self.group)
        seen = facts({f"period of {self.group}": None if found is None else f"{found.period_s} s"})
        if found is None:
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no group {self.group}")
        if found.period_s == self.period_s:
            return Seen(Verdict.DONE, seen, "the period is set")
        return Seen(Verdict.READY, seen, "the period is another")


class Admit(SendsVerb, Record, frozen=True):
    """A volume pair into a stopped group, through the WSAPI alone: ``admitrcopyvv`` may never answer over exec."""

    array: str
    group: str
    volume: str
    target: str
    secondary: str
    create_secondary: bool
    door: str

    def verb(self) -> AdmitVolume:
        return AdmitVolume(self.group, self.volume, self.target, self.secondary, self.create_secondary)

    def call(self) -> str:
        request = self.verb().request()
        return f"{request.method} {request.path} {self.volume} -> {self.target}:{self.secondary}"

    def observe(self, sight: Sight) -> Seen:
        found = seen_group(sight, self.array, self.group)
        seen = group_facts(self.array, found)
        if found is None:
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no group {self.group}")
        for volume in found.volumes:
            if volume.local == self.volume:
                if volume.remote != self.secondary:
                    return Seen(Verdict.REFUSED, seen, f"{self.volume} is paired with {volume.remote}")
                return Seen(Verdict.DONE, seen, "the volume is in the group")
        if found.status is RcgStatus.STARTED:
            return Seen(Verdict.REFUSED, seen, "the group is Started: a volume is admitted to a stopped one")
        return Seen(Verdict.READY, seen, "the volume is not in the group")


class Dismiss(SendsVerb, Record, frozen=True):
    """``dismissrcopyvv``: a volume pair out of a stopped group; with ``remove_secondary`` the copy is deleted."""

    array: str
    group: str
    volume: str
    remove_secondary: bool
    door: str

    def verb(self) -> DismissVolume:
        return DismissVolume(self.group, self.volume, remove_secondary=self.remove_secondary)

    def observe(self, sight: Sight) -> Seen:
        found = seen_group(sight, self.array, self.group)
        seen = group_facts(self.array, found)
        if found is None or all(volume.local != self.volume for volume in found.volumes):
            return _gone(sight, seen, f"the volume {self.volume} in {self.group}")
        if found.status is RcgStatus.STARTED:
            return Seen(Verdict.REFUSED, seen, "the group is Started: a volume leaves a stopped one")
        return Seen(Verdict.READY, seen, "the volume is in the group")
