"""Snapshots of virtual machines by schedule, of which the newest are kept."""

from __future__ import annotations

from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.recovery.vm.snapshot_plan import away, look, lost, plan_snapshot
from app.recovery.vm.steps import MADE, Freeze, Thaw
from app.timetable.carrying import attend, carry_out
from app.timetable.work import Outcome, Work
from backends.outcome import ParseError
from store.recorded import from_text
from store.runs import Plan, Run, StepState
from store.schedules import Result, ScheduledSnapshot

_SEEN = (StepState.DONE, StepState.ALREADY)
"""The device itself says that it is so; what a person marked as done it need not."""


def snapshot(work: Work) -> Outcome:
    """Take one, and delete the oldest that are too many then. A machine that was failed over is left out: what is left
    of it does not serve, and its snapshots may be all that tells what it held."""
    schedule, book = work.schedule, work.book
    try:
        at = look(work.operations, schedule.target)
    except (CannotPlanError, UnseenError, ParseError) as error:
        return Outcome(Result.FAILED, (f"not planned: {error}",))
    if (why := away(work.operations, at)) is not None:
        return Outcome(Result.REFUSED, (why,))
    forgotten: list[str] = []

    def draw(operations: Operations, run_id: str) -> Plan:
        for each in lost(book.snapshots(schedule.id, at.vm.uuid), at.vm.snapshots):
            book.gone(schedule.id, each.vm, each.snapshot)
            forgotten.append(f"{each.name} was deleted by somebody else")
        made = book.snapshots(schedule.id, at.vm.uuid)
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
        if planned.kind == "vm.freeze":
            made = from_text(Freeze, planned.params)
            found = next((fact.value for fact in step.facts if fact.name == MADE), None)
            if found is not None:
                taken = step.began_at or run.created_at
                book_row = ScheduledSnapshot(work.schedule.id, made.uuid, found, made.snapshot, taken, run.id)
                work.book.made(book_row)
                said.append(f"took {made.snapshot} ({found})")
        elif planned.kind == "vm.thaw":
            gone = from_text(Thaw, planned.params)
            if gone.moid is not None:
                work.book.gone(work.schedule.id, gone.uuid, gone.moid)
                said.append(f"retention: deleted {gone.snapshot} ({gone.moid})")
    return tuple(said)
