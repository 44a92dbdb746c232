"""The rows of the protection group pane."""

from __future__ import annotations

from datetime import datetime

from screens import sources as src
from screens.ages import age, exact, time_of_day
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.copies import TargetCopy, pgroup_health, target_copies, worst_copy
from screens.pairing import pgroup_source
from screens.scene import Scene
from screens.status import EMPTY, status
from screens.valued import NEVER, number, seen
from store.estate import PgroupSchedule, ProtectionGroup
from store.records import Entry

COLUMNS = (
    Column("Protection group", cut=20, field="pgroup", source=src.GET_PGROUPS),
    Column("Array", rank=2, cut=12, source=src.GET_ARRAYS),
    Column("Site", rank=3, cut=10, source=src.SETTINGS),
    Column("Targets", rank=4, cut=14, source=src.GET_PGROUP_TARGETS),
    Column("Vols", rank=6, right=True, measure=Measure.NUMBER, source=src.GET_PGROUP_VOLUMES),
    Column("Every", rank=5, measure=Measure.SPAN, source=f"{src.GET_PGROUPS}: replication_schedule"),
    Column(
        "RPO age", measure=Measure.MOMENT, field="rpo", source=f"{src.GET_SNAPSHOTS}: created of the newest complete"
    ),
    Column("Transfer", rank=1, measure=Measure.NUMBER, source=src.GET_TRANSFERS),
    Column("State", source=src.derived("RPO age and transfers against the schedule")),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

NO_COPY = Cell("none", Tone.BAD, value=NEVER)
"""The RPO age where there is no complete copy: an age would claim a copy, a blank would hide that there is none."""


def row(entry: Entry, scene: Scene) -> Row:
    group = entry.obj
    if not isinstance(group, ProtectionGroup):
        raise TypeError(f"not a protection group: {entry.key}")
    source = pgroup_source(scene, entry)
    health = status(pgroup_health(group, scene.now, source))
    cells = (
        Cell(group.name),
        Cell(group.array),
        scene.site_cell(entry),
        targets_cell(group),
        number(len(group.volumes)),
        schedule_cell(group.replication if group.is_local else None),
        rpo_cell(group, scene.now, health.tone),
        transfer_cell(group),
        scene.state_cell(entry, health),
        seen(scene, entry),
    )
    return scene.faded(cells, entry)


def order(entry: Entry) -> tuple[str, ...]:
    """By the group's own name, the one at home before its replicas."""
    group = entry.obj
    if not isinstance(group, ProtectionGroup):
        return ("", "", entry.key)
    own = group.name if group.is_local else group.name.partition(":")[2]
    home = group.array if group.is_local else group.name.partition(":")[0]
    return (own, home, "" if group.is_local else group.array, entry.key)


def targets_cell(group: ProtectionGroup) -> Cell:
    """Where it replicates to, or, for a replica, where it comes from."""
    if not group.is_local:
        return Cell(f"← {group.source}" if group.source else "←")
    return Cell("→ " + ", ".join(target.name for target in group.targets)) if group.targets else EMPTY


def schedule_cell(schedule: PgroupSchedule | None) -> Cell:
    """The replication interval in short; ``off`` where the schedule is disabled."""
    if schedule is None:
        return EMPTY
    text = exact(schedule.frequency_s) if schedule.frequency_s else "?"
    every_s = schedule.frequency_s or None
    return Cell(text, value=every_s) if schedule.enabled else Cell(f"off ({text})", Tone.WARN, value=every_s)


def schedule_text(schedule: PgroupSchedule | None) -> str:
    """A schedule in full."""
    if schedule is None:
        return "none"
    parts = [f"every {exact(schedule.frequency_s)}" if schedule.frequency_s else "no interval told"]
    if schedule.at_s is not None:
        parts.append(f"at {time_of_day(schedule.at_s)}")
    if schedule.blackout is not None:
        parts.append(f"blackout {time_of_day(schedule.blackout[0])}-{time_of_day(schedule.blackout[1])}")
    return ("" if schedule.enabled else "off: ") + ", ".join(parts)


def rpo_cell(group: ProtectionGroup, now: datetime, tone: Tone = Tone.PLAIN) -> Cell:
    """The age of the newest complete copy, counted from its creation on the source; of the target that is worst."""
    if group.is_local and not group.targets:
        return EMPTY
    copy = worst_copy(group)
    if copy is None or copy.newest is None:
        return NO_COPY
    created = copy.newest.created
    shown = tone if tone in (Tone.BAD, Tone.WARN) else Tone.PLAIN
    return Cell(age(now, created), shown, value=created.timestamp())


def transfer_cell(group: ProtectionGroup) -> Cell:
    """The progress of the transfer that is furthest behind, in percent; EMPTY where nothing is being transferred."""
    moving = [copy for copy in target_copies(group) if copy.moving is not None]
    if not moving:
        return EMPTY
    slowest = min(moving, key=_progress)
    return Cell(progress_text(slowest), Tone.BUSY, value=100 * _progress(slowest))


def _progress(copy: TargetCopy) -> float:
    return copy.moving.progress or 0.0 if copy.moving is not None else 1.0


def progress_text(copy: TargetCopy) -> str:
    """How far the transfer is that is under way."""
    return "queued" if copy.moving is None or copy.moving.progress is None else percent(copy.moving.progress)


def percent(progress: float) -> str:
    """Rounded down, so that 100 % is complete and nothing else is."""
    return f"{min(99, int(progress * 100))}%"
