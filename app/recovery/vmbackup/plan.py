"""A backup: the machine frozen in a snapshot while it runs, exported, the snapshot removed, all of it read again and
compared, and only then what is too many of its schedule goes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from app.recovery.draft import Draft, merged
from app.recovery.vm.pass_plan import COPY_S, FREEZE_S, SNAPSHOT, THAW_S, UNDO_S
from app.recovery.vm.steps import Freeze, Thaw
from app.recovery.vmbackup.folders import BackupFolder, Left, safe
from app.recovery.vmbackup.steps import ClearPartial, DropBackup, ExportVm, SealBackup
from backends.vsphere.looks import MachineNow
from store.estate import PowerState
from store.runs import Plan

BACKUP = "vm backup"
SEAL_S, DROP_S = 24 * 3600.0, 3600.0


class Owned(Struct, frozen=True):
    """A complete backup that a schedule made of a machine; ``names`` are its files. ``taken_at`` in UTC."""

    folder: BackupFolder
    taken_at: datetime
    names: tuple[str, ...]


class Scheduled(Struct, frozen=True):
    """For which schedule a backup is made. ``owned``: those that it made before and that are there; ``lost``: some that
    it made are not, nor is the folder that they were in."""

    name: str
    keep: int
    owned: tuple[Owned, ...] = ()
    lost: int = 0


class BackupNow(Struct, frozen=True):
    """A machine as it was looked at, and the directory. ``trouble``: why nothing can be kept there, empty: something
    can; ``free`` in bytes. ``stamp`` is the moment under which it will be kept. ``left`` are folders of its that are
    not whole; ``ended``: backups whose runs have ended."""

    server: str
    vm: MachineNow
    now: datetime
    root: Path | None
    trouble: str
    free: int
    stamp: str = ""
    left: tuple[Left, ...] = ()
    ended: frozenset[str] = frozenset()
    scheduled: Scheduled | None = None

    @property
    def name(self) -> str:
        return self.vm.name

    @property
    def keys(self) -> tuple[str, ...]:
        return (f"vm:{self.vm.uuid}",)

    @property
    def taken_at(self) -> datetime | None:
        """When it was looked at, for guards."""
        return self.now


BackupDraft = Draft[BackupNow]


def plan(found: Sequence[BackupNow], run_id: str) -> Plan:
    """One backup of each machine. Where a step fails what the run made is unmade, but a backup that is complete
    stays."""
    drafts, before = [], 0
    for number, at in enumerate(found, 1):
        draft = BackupDraft(at, "s" if len(found) == 1 else f"b{number}s", run_id)
        if _may(draft, at, before):
            _steps(draft, at)
        before += at.vm.size
        draft.loss, draft.loss_s = "nothing: the machine is only read", 0.0
        drafts.append(draft)
    return merged(BACKUP, drafts, rolls_back=True, noun="VMs")


def _may(draft: BackupDraft, at: BackupNow, before: int) -> bool:
    """The guards. ``before``: bytes that other machines of this run may take."""
    vm = at.vm
    words = "the directory for backups is there and can be written"
    draft.guard("backup.directory", words, not at.trouble, at.trouble or str(at.root))
    if at.scheduled is not None and at.scheduled.lost:
        evidence = f"none of the {at.scheduled.lost} that it made of {vm.name} is: is the right file system mounted?"
        draft.guard("backup.mounted", f"the backups of {at.scheduled.name} are there", False, evidence)
    words = f"the disks of {vm.name} find room in the directory, as if they were full"
    wanted = before + vm.size
    evidence = f"{_gib(at.free)} are free, {_gib(wanted)} are wanted" + (" with those before it" if before else "")
    draft.guard("backup.space", words, bool(at.trouble) or at.free >= wanted, evidence)
    words = f"{at.server} shows {vm.name}"
    draft.guard("vm.source", words, vm.connection == "connected", f"{vm.power}, {vm.connection}", at)
    draft.guard("vm.disks", f"{vm.name} has disks that can be exported", *_disks(at), at)
    if frozen(vm):
        text = "its disks need to be consolidated" if vm.consolidation else "no"
        draft.guard("vm.consolidate", f"{vm.name} needs no consolidation", not vm.consolidation, text, at)
    return not draft.refused


def _disks(at: BackupNow) -> tuple[bool, str]:
    free = [f"disk {disk.key}" for disk in at.vm.disks if disk.independent] if frozen(at.vm) else []
    if free:
        return False, f"independent, so that no snapshot holds them: {', '.join(free)}"
    return bool(at.vm.disks), f"{len(at.vm.disks)} disks"


def frozen(vm: MachineNow) -> bool:
    """Whether it is exported from a snapshot."""
    return vm.power is not PowerState.OFF


def machine_folder(vm: MachineNow) -> str:
    """What the folder of its backups is called."""
    return f"{safe(vm.name)}-{vm.moid}"


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def _steps(draft: BackupDraft, at: BackupNow) -> None:
    vm, run = at.vm, draft.run_tag
    assert at.root is not None
    base = safe(vm.name)
    folder = BackupFolder(str(at.root), at.server, machine_folder(vm), at.stamp, run)
    _tidy(draft, at)
    snapshot = f"{SNAPSHOT}{run}" if frozen(vm) else None
    if snapshot is not None:
        undo = draft.undo(Thaw(at.server, vm.moid, vm.uuid, snapshot), f"Remove the snapshot {snapshot}")
        draft.undoes[-1] = replace(draft.undoes[-1], limit_s=UNDO_S)
        freeze = Freeze(at.server, vm.moid, vm.uuid, snapshot, quiesce=vm.tools)
        draft.add(freeze, f"Freeze {vm.name} in a snapshot", limit_s=FREEZE_S, undo=undo)
    lost = draft.undo(ClearPartial(at.server, folder), f"Delete what there is of {folder.relative}")
    schedule = at.scheduled.name if at.scheduled is not None else ""
    export = ExportVm(at.server, vm.moid, vm.uuid, snapshot, folder, base, schedule)
    exported = draft.add(export, f"Export {vm.name} to {folder.relative}", limit_s=COPY_S, undo=lost)
    if snapshot is not None:
        thaw = Thaw(at.server, vm.moid, vm.uuid, snapshot)
        draft.add(thaw, f"Remove the snapshot {snapshot}", needs=(exported,), limit_s=THAW_S)
    seal = SealBackup(at.server, folder)
    title = f"Verify {folder.relative}, and give it its name"
    sealed = draft.add(seal, title, needs=(exported,), limit_s=SEAL_S)
    if at.scheduled is not None:
        _retire(draft, at, at.scheduled, sealed)


def _tidy(draft: BackupDraft, at: BackupNow) -> None:
    """What runs that have ended left behind: snapshots, and folders that are not whole."""
    vm = at.vm
    made = {f"{SNAPSHOT}{run}" for run in at.ended}
    for name in (snapshot.name for snapshot in vm.snapshots if snapshot.name in made):
        draft.add(Thaw(at.server, vm.moid, vm.uuid, name), f"Remove the snapshot {name}", limit_s=THAW_S)
    for one in at.left:
        if one.folder.run in at.ended and not one.busy:
            draft.add(ClearPartial(at.server, one.folder), f"Delete {one.path}, which its run left")
        elif not one.deleted and not one.busy:
            draft.notes.append(
                f"{one.path} stays: it is of run {one.folder.run}, which has not ended, or is not of this store"
            )


def _retire(draft: BackupDraft, at: BackupNow, scheduled: Scheduled, sealed: str) -> None:
    """The oldest that are too many once this one is there, one after the other."""
    before = sealed
    for old in surplus(scheduled.owned, scheduled.keep):
        drop = DropBackup(at.server, at.vm.uuid, old.folder, old.names)
        title = f"Delete {old.folder.relative}, which this schedule made"
        before = draft.add(drop, title, needs=(before,), destructive=True, limit_s=DROP_S)


def surplus(owned: Sequence[Owned], keep: int) -> tuple[Owned, ...]:
    """Those that are too many once another one is there: the oldest first, so that the newest ``keep`` stay."""
    oldest_first = sorted(owned, key=lambda one: (one.taken_at, one.folder.relative))
    return tuple(oldest_first[: max(0, len(oldest_first) + 1 - keep)])
