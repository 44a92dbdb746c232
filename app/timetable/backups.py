"""Backups of virtual machines by schedule: each machine by a run of its own, of which the newest are kept."""

from __future__ import annotations

import time
from datetime import timedelta

from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.recovery.vmbackup import folders
from app.recovery.vmbackup.folders import BackupFolder
from app.recovery.vmbackup.operate import machines, plan_backup
from app.recovery.vmbackup.plan import Owned, Scheduled
from app.recovery.vmbackup.steps import DropBackup, SealBackup
from app.timetable.carrying import attend, carry_out
from app.timetable.work import Outcome, Work
from backends.vsphere.looks import MachineNow
from store.recorded import from_text
from store.runs import Plan, Run, StepState
from store.schedules import Result, ScheduledSnapshot

KIND = "vm-backup"
PATIENCE, REST_S = timedelta(minutes=30), 2.0
"""Another run on the machine, such as a replication pass, is waited for so long, and looked for so often."""

_SEEN = (StepState.DONE, StepState.ALREADY)
_GRAVER = (Result.SUCCEEDED, Result.WARNED, Result.REFUSED, Result.FAILED, Result.UNKNOWN, Result.INTERRUPTED)


def backup(work: Work) -> Outcome:
    """Back each machine of the target up, one after the other: one that fails holds up no other."""
    try:
        chosen = machines(work.operations, work.schedule.target.split(","))
    except (CannotPlanError, UnseenError) as error:
        return Outcome(Result.FAILED, (f"not planned: {error}",))
    return _each(work, [vm.uuid for _, vm in chosen])


def resume(work: Work) -> Outcome:
    """Go on with the one that was left, then with those behind it."""
    assert work.run.run is not None
    ledger = work.operations.ledger
    done = ledger.run(work.run.run).plan.targets
    first = attend(work, work.run.run, settle)
    if first.result is Result.INTERRUPTED:
        return first
    try:
        chosen = machines(work.operations, work.schedule.target.split(","))
    except (CannotPlanError, UnseenError) as error:
        return _worst([first, Outcome(Result.FAILED, (f"the others are not planned: {error}",))])
    uuids = [vm.uuid for _, vm in chosen]
    behind = [place + 1 for place, uuid in enumerate(uuids) if f"vm:{uuid}" in done]
    return _worst([first, _each(work, uuids[behind[0] :])] if behind else [first])


def check(target: str) -> None:
    """Raises :class:`ValueError` for what names no machine."""
    if not target or not all(target.split(",")):
        raise ValueError("expected names of machines, commas between")


def _each(work: Work, uuids: list[str]) -> Outcome:
    found: list[Outcome] = []
    for uuid in uuids:
        if not _wait_for(work, uuid):
            found.append(Outcome(Result.INTERRUPTED, ("the scheduler was stopped before all were backed up",)))
            break
        found.append(_one(work, uuid))
        if found[-1].result is Result.INTERRUPTED:
            break
    return _worst(found)


def _one(work: Work, uuid: str) -> Outcome:
    said: list[str] = []
    moment = work.clock()

    def draw(operations: Operations, run_id: str) -> Plan:
        return plan_backup(operations, [uuid], run_id, moment, lambda server, vm: _scheduled(work, vm, said))

    found = carry_out(work, draw, settle)
    return Outcome(found.result, (*found.notes, *said))


def _wait_for(work: Work, uuid: str) -> bool:
    """Wait until nobody acts on the machine, or for long enough; False: the scheduler is to stop."""
    until = time.monotonic() + PATIENCE.total_seconds()
    while not work.acting.stopping and time.monotonic() < until:
        alive = work.operations.ledger.alive()
        if not any(run.holder is not None and f"vm:{uuid}" in run.plan.targets for run in alive):
            return True
        time.sleep(REST_S)
    return not work.acting.stopping


def _worst(found: list[Outcome]) -> Outcome:
    result = max((each.result for each in found), key=_GRAVER.index, default=Result.SUCCEEDED)
    return Outcome(result, tuple(note for each in found for note in each.notes))


def _scheduled(work: Work, vm: MachineNow, said: list[str]) -> Scheduled:
    """What this schedule made of the machine, as far as its folders say so too."""
    schedule, book, root = work.schedule, work.book, str(work.operations.settings.backups or "")
    owned: list[Owned] = []
    lost = 0
    for row in book.snapshots(schedule.id, vm.uuid):
        folder = _folder(root, row)
        facts = folders.facts_in(folder.final) or folders.facts_in(folder.deleting)
        if facts is not None and (facts.run, facts.instance_uuid) == (row.run, vm.uuid):
            owned.append(Owned(folder, row.taken_at, facts.names))
        elif folders.there(folder.final):
            said.append(f"{row.snapshot} is not what this schedule made any more: it stays")
        elif folders.is_folder(folder.above):
            book.gone(schedule.id, vm.uuid, row.snapshot)
            said.append(f"{row.snapshot} was deleted by somebody else")
        else:
            lost += 1
    return Scheduled(schedule.name, schedule.options.keep, tuple(owned), 0 if owned else lost)


def _folder(root: str, row: ScheduledSnapshot) -> BackupFolder:
    server, vm, stamp = row.snapshot.split("/")
    return BackupFolder(root, server, vm, stamp, row.run)


def settle(work: Work, run: Run) -> tuple[str, ...]:
    """Keep a row of the backup that is complete, and none of those that are gone. Done twice it changes nothing."""
    said = []
    for planned, step in zip(run.plan.steps, run.steps, strict=True):
        if step.state not in _SEEN:
            continue
        if planned.kind == "vmbackup.seal":
            made = from_text(SealBackup, planned.params).folder
            facts = folders.facts_in(made.final)
            if facts is not None:
                row = ScheduledSnapshot(
                    work.schedule.id, facts.instance_uuid, made.relative, made.stamp, facts.frozen_at, run.id
                )
                work.book.made(row)
                said.append(f"made {made.relative}, {facts.size >> 20} MiB, verified")
        elif planned.kind == "vmbackup.drop":
            gone = from_text(DropBackup, planned.params)
            work.book.gone(work.schedule.id, gone.uuid, gone.folder.relative)
            said.append(f"retention: deleted {gone.folder.relative}")
    return tuple(said)
