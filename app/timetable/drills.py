"""Drills of replicated machines by schedule: on their isolated networks alone, and cleaned up after a set time."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.recovery.draft import CannotPlanError
from app.recovery.vm.gather import chosen
from app.recovery.vm.operate import plan_cleanup, plan_drill
from app.recovery.vm.power_steps import StartVm
from app.settings_records import Settings
from app.timetable.carrying import attend, carry_out
from app.timetable.work import Outcome, Work
from store.drills import VM_CLEANUP, VM_DRILL, owing
from store.ledger import Ledger
from store.recorded import from_text
from store.replications import names as about
from store.runs import Plan, Run
from store.schedule_book import ScheduleBook
from store.schedules import MISFIRES, Result, Schedule, ScheduleRun, Trigger

DRILL = "drill"

AGAIN = timedelta(minutes=15)
"""So long after a clean-up that did not succeed the next one is tried."""

RECENT = 50
"""So many of the newest runs of a schedule are looked through for a drill that is to be cleaned up."""


def members(settings: Settings, target: str) -> list[str]:
    """The replications that a target names: groups of ``[[auto.groups]]``, else names or patterns of replications."""
    groups = {group.name: group for group in settings.auto.groups}
    found: list[str] = []
    for name in (each.strip() for each in target.split(",")):
        group = groups.get(name)
        if group is None:
            found.append(name)
            continue
        sides = (group.source, group.replica)
        found += [
            one.name
            for one in settings.replications
            if (one.source, one.destination) == sides and {one.vm, one.name} & set(group.vms)
        ]
    return [name for name in dict.fromkeys(found) if name]


def drill(work: Work) -> Outcome:
    """Bring copies up on the isolated network. Whoever made the schedule agreed to what it asks to be typed for: what
    it starts harms nobody there, and nothing of production is touched."""
    settings = work.operations.settings
    try:
        wanted = [one.name for one in chosen(settings.replications, members(settings, work.schedule.target))]
    except CannotPlanError as error:
        return Outcome(Result.REFUSED, (str(error),))
    for left in owed(work.operations.ledger).values():
        if set(wanted) & set(about(left)):
            text = f"the drill {left.id} is not cleaned up: drdeck vm cleanup {left.id}"
            return Outcome(Result.REFUSED, (text,))
    found = carry_out(work, lambda operations, run_id: plan_drill(operations, wanted, run_id), agreed=_words)
    run = work.book.run(work.run.id).run
    if run is None or found.result in (Result.INTERRUPTED, Result.UNKNOWN):
        return found
    return _told(work, run, found)


def _words(plan: Plan) -> tuple[str, ...]:
    """What is typed for a drill: nothing where anything of it is not on a network of its own."""
    starts = [from_text(StartVm, step.params) for step in plan.steps if step.kind == "vm.start"]
    return plan.confirm if plan.verb == VM_DRILL and starts and all(each.isolated for each in starts) else ()


def _told(work: Work, run: str, found: Outcome) -> Outcome:
    """What is said of a drill that ended: when it is cleaned up, or that somebody has to."""
    if run not in owed(work.operations.ledger):
        return found
    minutes = work.schedule.options.cleanup_min
    if minutes:
        at = work.clock() + timedelta(minutes=minutes)
        return Outcome(found.result, (*found.notes, f"it is cleaned up by itself at {at:%Y-%m-%d %H:%M} UTC"))
    result = Result.WARNED if found.result is Result.SUCCEEDED else found.result
    return Outcome(result, (*found.notes, f"clean-up owed: drdeck vm cleanup {run}"))


def resume(work: Work) -> Outcome:
    """Go on with a drill, or a clean-up, that was left."""
    assert work.run.run is not None
    found = attend(work, work.run.run)
    return found if found.result in (Result.INTERRUPTED, Result.UNKNOWN) else _told(work, work.run.run, found)


# ------------------------------------------------------------------------------------------------------------- clean-up


def cleanup_due(book: ScheduleBook, ledger: Ledger, schedule: Schedule, now: datetime) -> bool:
    """Whether the newest drill of a schedule is to be cleaned up now. Raises :class:`store.errors.StoreError`."""
    minutes = schedule.options.cleanup_min
    if not minutes:
        return False
    newest, tried = _newest(book, ledger, schedule)
    if newest is None or newest.ended_at is None or newest.result in (Result.INTERRUPTED, Result.UNKNOWN):
        return False
    if tried is None:
        return now - newest.ended_at >= timedelta(minutes=minutes)
    over = tried.result in (Result.SUCCEEDED, Result.RUNNING) or tried.ended_at is None
    return not over and now - (tried.ended_at or now) >= AGAIN


def _newest(book: ScheduleBook, ledger: Ledger, schedule: Schedule) -> tuple[ScheduleRun | None, ScheduleRun | None]:
    """The newest drill of a schedule, and the newest clean-up that was tried since."""
    tried: ScheduleRun | None = None
    for row in book.runs(schedule.id, RECENT):
        if row.result is Result.RUNNING:
            return None, None
        cleans = row.trigger is Trigger.FOLLOW_UP
        if row.trigger is Trigger.RESUMED and row.run is not None:
            cleans = ledger.run(row.run).plan.verb == VM_CLEANUP
        if cleans:
            tried = row if tried is None or row.result is Result.SUCCEEDED else tried
        elif row.run is not None and row.result not in MISFIRES:
            return row, tried
    return None, tried


def clean_up(work: Work) -> Outcome:
    """Clean up after the newest drill of the schedule."""
    ledger = work.operations.ledger
    rows = (row for row in work.book.runs(work.schedule.id, RECENT) if row.id != work.run.id and row.run is not None)
    found = next((row.run for row in rows if row.run is not None and ledger.run(row.run).plan.verb == VM_DRILL), None)
    if found is None or found not in owed(ledger):
        text = f"nothing is left of the drill {found}: it was cleaned up already, or never began"
        return Outcome(Result.SUCCEEDED, (text,))

    def agreed(plan: Plan) -> tuple[str, ...]:
        return plan.confirm if plan.verb == VM_CLEANUP else ()

    done = carry_out(work, lambda operations, run_id: plan_cleanup(operations, found, run_id), agreed=agreed)
    said = f"cleaned up after the drill {found}" if done.result is Result.SUCCEEDED else f"after the drill {found}"
    return Outcome(done.result, (said, *done.notes))


def owed(ledger: Ledger) -> dict[str, Run]:
    """The drills of machines that are not cleaned up, by their ids. Raises :class:`store.errors.StoreError`."""
    return owing([run for verb in (VM_DRILL, VM_CLEANUP) for run in ledger.runs_of(verb)])
