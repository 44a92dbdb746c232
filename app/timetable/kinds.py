"""The kinds of schedules there are, by their words. One more is one more line here."""

from __future__ import annotations

from app.timetable import backups, chores, drills, estate, machines, replications
from app.timetable.work import Follow, JobKind
from store.schedules import Schedule
from store.timetable import Frequency, Timetable


def _nothing(target: str) -> None:
    if target:
        raise ValueError(f"expected no target, got {target}")


def _optional(target: str) -> None:
    """Anything, or nothing."""


KINDS: dict[str, JobKind] = {
    kind.word: kind
    for kind in (
        JobKind(
            "vm-snapshot",
            "snapshot of a virtual machine; the newest --keep that this schedule made stay",
            machines.snapshot,
            "the machine's name or instance UUID",
            frozenset({"keep", "memory", "quiesce"}),
            resume=machines.resume,
        ),
        JobKind(
            backups.KIND,
            "full backup of virtual machines in the directory of [backups]; the newest --keep that it made stay",
            backups.backup,
            "names, patterns or instance UUIDs of machines, commas between",
            frozenset({"keep"}),
            resume=backups.resume,
            check=backups.check,
        ),
        JobKind(
            "pg-snapshot",
            "snapshot of a protection group; with --replicate sent to its target",
            estate.pg_snapshot,
            "the group's name",
            frozenset({"replicate"}),
            resume=estate.resume,
            check=estate.pg_target,
        ),
        JobKind(
            "rcg-sync",
            "one transfer of remote copy groups",
            estate.rcg_sync,
            "names of groups, commas between",
            resume=estate.resume,
        ),
        JobKind(
            replications.REPLICATE,
            "one pass of a VM that is replicated; the configuration makes one such schedule for each",
            replications.replicate,
            "the name of the replication",
            resume=estate.resume,
        ),
        JobKind(
            "align",
            "make the recovery site ready for the LPARs, as drdeck pra --apply",
            estate.align,
            resume=estate.resume,
            check=_nothing,
        ),
        JobKind(
            "readiness", "check how each LPAR and VM stands that is to come back", estate.readiness, check=_nothing
        ),
        JobKind("health", "read every device and score what is not right", chores.health_check, check=_nothing),
        JobKind("clean-up", "delete old history and events of the store", chores.clean_up, check=_nothing),
        JobKind(
            drills.DRILL,
            "drill of replicated VMs on their isolated network; cleaned up by itself after a set time, or you are told",
            drills.drill,
            "names of replications, or groups of [[auto.groups]], commas between",
            frozenset({"cleanup_min"}),
            resume=drills.resume,
            follow=Follow(drills.cleanup_due, drills.clean_up),
        ),
        JobKind(
            "drill-reminder",
            "say when the last passed drill is older than --days",
            chores.drill_reminder,
            "names of what was drilled, commas between; none: any drill counts",
            frozenset({"days"}),
            check=_optional,
        ),
    )
}


def kind_of(schedule: Schedule) -> JobKind | None:
    """None: this program does not know it, a newer one made it."""
    return KINDS.get(schedule.kind)


def defaults(zone: str) -> tuple[tuple[str, str, Timetable], ...]:
    """The schedules that every store begins with: name, kind, timetable."""
    return (
        ("clean-up", "clean-up", Timetable(Frequency.DAILY, hour=3, zone=zone)),
        ("health", "health", Timetable(Frequency.HOURLY, every_h=6, zone=zone)),
    )
