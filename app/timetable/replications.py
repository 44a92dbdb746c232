"""Replication passes of virtual machines by schedule: one schedule for each replication of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from app.recovery.draft import CannotPlanError
from app.recovery.vm.operate import run_pass
from app.replication_records import Replication
from app.timetable.work import Outcome, Work
from store.ledger import LeaseError
from store.runs import ENDED
from store.schedule_book import ScheduleBook, ScheduleError
from store.schedules import JobOptions, Result, Schedule
from store.timetable import Frequency, Timetable

REPLICATE = "replicate"
_OURS = "replicate-"


def replicate(work: Work) -> Outcome:
    """One pass of the replication that is the schedule's target."""

    def begun(run_id: str) -> None:
        work.book.doing(work.run.id, run_id)

    try:
        found = run_pass(work.operations, work.schedule.target, begun=begun, hold=work.acting.hold)
    except (CannotPlanError, LeaseError) as error:
        return Outcome(Result.REFUSED, (str(error),))
    if found.run is None:
        return Outcome(Result.REFUSED, (found.why,))
    if found.done:
        return Outcome(Result.SUCCEEDED)
    return Outcome(Result.FAILED if found.run.state in ENDED else Result.INTERRUPTED, (found.why,))


def configured(schedule: Schedule) -> bool:
    """Whether the configuration makes this schedule, and makes it again."""
    return schedule.kind == REPLICATE and schedule.name == f"{_OURS}{schedule.target}"


def keep_up(book: ScheduleBook, replications: Sequence[Replication]) -> None:
    """Make the schedules of the replications what the configuration says, for every scheduler that begins with it. Who
    pauses one keeps it so; one that is not replicated any more has none."""
    wanted = {f"{_OURS}{each.name}": each for each in replications}
    known = {each.name: each for each in book.schedules() if each.kind == REPLICATE and each.name.startswith(_OURS)}
    for name in known.keys() - wanted.keys():
        with suppress(ScheduleError):  # another scheduler was quicker
            book.remove(name)
    for name, each in wanted.items():
        timetable = Timetable(Frequency.MINUTES, every_min=round(each.interval_s / 60))
        with suppress(ScheduleError):
            if name not in known:
                book.add(name, REPLICATE, each.name, JobOptions(), timetable)
            elif _differs(known[name], each.name, timetable):
                book.edit(name, each.name, known[name].options, timetable)


def _differs(found: Schedule, target: str, timetable: Timetable) -> bool:
    return (found.target, found.timetable) != (target, timetable)
