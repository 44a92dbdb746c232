"""Snapshots of virtual machines by schedule, of which the newest are kept."""

from __future__ import annotations

from app.recovery.operations import Operations
from app.recovery.vmsnap.operate import look, lost, plan_snapshot
from app.recovery.vmsnap.steps import MADE, DropVmSnapshot, TakeVmSnapshot
from app.timetable.carrying import attend, carry_out
from app.timetable.work import Outcome, Work
from store.recorded import from_text
from store.runs import Plan, Run, StepState
from store.schedules import ScheduledSnapshot

_SEEN = (StepState.DONE, StepState.ALREADY)
"""The device itself says that it is so; what a person marked as done it need not."""


def snapshot(work: Work) -> Outcome:
    """Take one, and delete the oldest that are too many then."""
    forgotten: list[str] = []

    def draw(operations: Operations, run_id: str) -> Plan:
        schedule, book = work.schedule, work.book
        at = look(operations, schedule.target)
        for each in lost(book.snapshots(schedule.id, at.vm.instance_uuid), at.snapshots.snapshots):
            book.gone(schedule.id, each.vm, each.snapshot)
            forgotten.append(f"{each.name} was deleted by somebody else")
        made = book.snapshots(schedule.id, at.vm.instance_uuid)
        name = f"drdeck-{schedule.id}-{work.run.due:%Y%m%d-%H%M}-{run_id[-6:]}"
        return plan_snapshot(operations, at, name, schedule.options, made, run_id)

    found = carry_out(work, draw, settle)
    return Outcome(found.result, (*forgotten, *found.notes))


def resume(work: Work) -> Outcome:
    """Go on with one that was left."""
    assert work.run.run is not None
    return attend(work, work.run.run, settle)


def settle(work: Work, run: Run) -> tuple[str, ...]:
    """Keep a row of the snapshot that was made, and none of those of which the device says that they are gone. Done
    twice it changes nothing."""
    said = []
    for planned, step in zip(run.plan.steps, run.steps, strict=True):
        if step.state not in _SEEN:
            continue
        if planned.kind == "vmsnap.take":
            made = from_text(TakeVmSnapshot, planned.params)
            found = next((fact.value for fact in step.facts if fact.name == MADE), None)
            if found is not None:
                taken = step.began_at or run.created_at
                work.book.made(ScheduledSnapshot(work.schedule.id, made.vm, found, made.name, taken, run.id))
                said.append(f"took {made.name} ({found})")
        elif planned.kind == "vmsnap.drop":
            gone = from_text(DropVmSnapshot, planned.params)
            work.book.gone(work.schedule.id, gone.vm, gone.snapshot)
            said.append(f"retention: deleted {gone.name} ({gone.snapshot})")
    return tuple(said)
