"""Replication passes of virtual machines by schedule: one schedule for each replication of the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from app.recovery.vm.operate import plan_pass
from app.replication_records import Replication
from app.timetable.carrying import carry_out
from app.timetable.work import Outcome, Work
from store.schedule_book import ScheduleBook, ScheduleError
from store.schedules import JobOptions, Schedule
from store.timetable import Frequency, Timetable

REPLICATE = "replicate"
_OURS = "replicate-"


def replicate(work: Work) -> Outcome:
    """One pass of the replication that is the schedule's target."""
    return carry_out(work, lambda operations, run_id: plan_pass(operations, [work.schedule.target], run_id))


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
