"""From machines and backups to plans: look at the servers and the directory, then plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec.structs import replace

from app.recovery import prediction
from app.recovery.beside import beside
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.recovery.vm.gather import side
from app.recovery.vmbackup import folders, restore_plan
from app.recovery.vmbackup.facts import Facts, FactsError, agreed, read
from app.recovery.vmbackup.plan import BACKUP, BackupNow, Scheduled, machine_folder, plan
from app.recovery.vmbackup.restore_plan import Asked, RestoreNow
from backends.vsphere.looks import REPLICATION, MachineNow, Machines
from store.estate import DeviceKind, VirtualMachine
from store.runs import ENDED, Plan

For = Callable[[str, MachineNow], Scheduled | None]
"""For which schedule a machine on a server is backed up."""


def by_hand(server: str, vm: MachineNow) -> Scheduled | None:
    """For none."""
    return None


def plan_backup(
    operations: Operations, names: Sequence[str], run_id: str, moment: datetime, why: For = by_hand
) -> Plan:
    """A backup of each of these machines, by name, pattern or instance UUID, kept under ``moment`` (UTC), which stays
    when a plan is drawn up anew, or the next one that is free. Raises :class:`CannotPlanError` where one names none, or
    more than one could be meant, and :class:`UnseenError` where a server cannot be read."""
    found = plan(look(operations, names, moment, why), run_id)
    return prediction.predicted(found, operations.ledger.durations)


def look(operations: Operations, names: Sequence[str], moment: datetime, why: For = by_hand) -> tuple[BackupNow, ...]:
    """The machines and the directory as they are now. Raises as :func:`plan_backup`."""
    chosen = machines(operations, names)
    root = operations.settings.backups
    trouble = folders.trouble(root)
    ended = frozenset(run.id for run in operations.ledger.runs_of(BACKUP) if run.state in ENDED)
    now = datetime.now(UTC)
    try:
        found = [BackupNow(server, vm, now, root, trouble, 0, scheduled=why(server, vm)) for server, vm in chosen]
        return tuple(found if root is None or trouble else (_kept_at(root, at, moment, ended) for at in found))
    except OSError as error:
        raise CannotPlanError(f"{error.filename or root}: {error.strerror}") from None


def _kept_at(root: Path, at: BackupNow, moment: datetime, ended: frozenset[str]) -> BackupNow:
    """With what the directory holds of it. Raises :class:`OSError`."""
    above = root / at.server / machine_folder(at.vm)
    while folders.there(above / folders.stamp(moment)):
        moment += timedelta(seconds=1)
    left = folders.left_in(root, at.server, at.vm.moid)
    return replace(at, free=folders.free(root), stamp=folders.stamp(moment), left=left, ended=ended)


def machines(operations: Operations, names: Sequence[str]) -> tuple[tuple[str, MachineNow], ...]:
    """The server and each machine that is meant. Where the store knows the machine only its servers are read."""
    every = [d.name for d in operations.settings.devices if d.kind is DeviceKind.VSPHERE]
    known = [_known(operations, name) for name in names]
    asked = every if any(not one for one in known) else [name for name in every if any(name in one for one in known)]
    since = time.monotonic()

    def read(name: str) -> tuple[MachineNow, ...] | UnseenError:
        try:
            found: tuple[MachineNow, ...] = operations.devices.look((name, Machines()), since)[0]
            return found
        except UnseenError as error:
            return error

    seen = dict(zip(asked, beside(read, asked, "look"), strict=True))
    failed = [f"{name}: {found}" for name, found in seen.items() if isinstance(found, UnseenError)]
    if failed:
        raise UnseenError("; ".join(failed))
    there = [(server, vm) for server, vms in seen.items() if isinstance(vms, tuple) for vm in vms]
    chosen = {vm.uuid: (server, vm) for name in names for server, vm in _meant(there, name)}
    return tuple(chosen.values())


def _known(operations: Operations, name: str) -> set[str]:
    """The servers that have it, as the store knows; none for a pattern, which may mean machines that are new."""
    entries = operations.store.view.entries("vm")
    objects = ((entry.device, entry.obj) for entry in entries)
    return {d for d, vm in objects if isinstance(vm, VirtualMachine) and name in (vm.name, vm.instance_uuid)}


def _meant(there: Sequence[tuple[str, MachineNow]], asked: str) -> list[tuple[str, MachineNow]]:
    found = [(server, vm) for server, vm in there if asked in (vm.name, vm.uuid)]
    if len(found) > 1:
        uuids = ", ".join(f"{vm.uuid} on {server}" for server, vm in found)
        raise CannotPlanError(f"More than one machine is called {asked}: name its instance UUID, of {uuids}")
    # Replicas are named only in full: a pattern means the machines that they are of.
    found = found or [(s, vm) for s, vm in there if fnmatchcase(vm.name, asked) and REPLICATION not in vm.marks]
    if not found:
        raise CannotPlanError(f"No server of the configuration has a machine {asked}")
    return found


# ---------------------------------------------------------------------------------------------------------- restoring


def plan_restore(operations: Operations, backup: str, asked: Asked, run_id: str) -> Plan:
    """``backup`` brought back as a new machine; a path, or what stands behind the root of the backups. Raises
    :class:`CannotPlanError`."""
    path, facts = found_backup(operations.settings.backups, backup)
    sites = {d.name: d.site for d in operations.settings.devices if d.kind is DeviceKind.VSPHERE}
    if asked.server not in sites:
        known = ", ".join(sites) or "none"
        raise CannotPlanError(f"--to {asked.server}: expected a device of kind vsphere. There are: {known}")
    try:
        agreed(path, facts)
        wrong = ""
    except FactsError as error:
        wrong = str(error)
    names = [asked.server, *(name for name in sites if name != asked.server and asked.keep_mac)]
    sides = beside(lambda name: side(operations.devices, name, sites[name]), names, "look")
    at = RestoreNow(asked, datetime.now(UTC), path, facts, wrong, sides[0], tuple(sides[1:]))
    return prediction.predicted(restore_plan.plan(at, run_id), operations.ledger.durations)


def found_backup(root: Path | None, backup: str) -> tuple[Path, Facts]:
    """Its folder and facts. Raises :class:`CannotPlanError`."""
    path = (root or Path.cwd()) / Path(backup).expanduser()
    if not folders.is_folder(path):
        raise CannotPlanError(f"There is no backup {path}: drdeck vm backups lists those there are")
    if path.name.endswith((".partial", ".deleting")):
        raise CannotPlanError(f"{path} is no complete backup")
    try:
        return path, read(path)
    except FactsError as error:
        raise CannotPlanError(f"{path} is no backup that can be restored: {error}") from None
