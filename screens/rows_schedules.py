"""The rows of the Schedules pane, and the facts of one schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from screens import sources as src
from screens.ages import age, moment_short, until
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.rows_runs import clock_text, span_cell
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, text_cell
from screens.status import EMPTY, GLYPHS, status
from store.schedules import MISFIRES, JobOptions, Result, Schedule, ScheduleRun
from store.timetable import Timetable, upcoming, zone_of

DATES = 5

COLUMNS = (
    Column("Schedule", cut=10, source=src.SCHEDULES),
    Column("What", cut=8, source=src.SCHEDULES),
    Column("When", rank=4, source=src.SCHEDULES),
    Column("Result", source=src.SCHEDULES),
    Column("Took", rank=2, measure=Measure.SPAN, source=src.SCHEDULES),
    Column("Missed", rank=1, right=True, measure=Measure.NUMBER, source=src.SCHEDULES),
    Column("Last", rank=1, measure=Measure.MOMENT, source=src.SCHEDULES),
    Column("Next", measure=Measure.MOMENT, field="next", source=src.SCHEDULES),
)


def row(schedule: Schedule, runs: Sequence[ScheduleRun], scene: Scene) -> Row:
    """A schedule among others."""
    last = runs[0] if runs else None
    return (
        Cell(schedule.name),
        Cell(what(schedule)),
        Cell(schedule.timetable.words),
        EMPTY if last is None else status(last.result).cell(),
        EMPTY if last is None else took(last, scene.now),
        Cell(str(schedule.misfires), Tone.WARN if schedule.misfires else Tone.PLAIN, value=schedule.misfires),
        EMPTY if last is None else _ago(last.began_at, scene.now),
        next_cell(schedule, scene.now),
    )


def _ago(then: datetime, now: datetime) -> Cell:
    text = age(now, then)  # of a scheduler whose clock is ahead it says that itself
    return Cell(text if text.endswith("ahead") else f"{text} ago", value=then.timestamp())


def what(schedule: Schedule) -> str:
    """Its kind and its target."""
    return f"{schedule.kind} {schedule.target}".rstrip()


def took(run: ScheduleRun, now: datetime) -> Cell:
    """How long it lasted; nothing for what never began."""
    if run.result in MISFIRES:
        return EMPTY
    return span_cell(run.began_at, run.ended_at or now)


def next_cell(schedule: Schedule, now: datetime) -> Cell:
    """When it is due again."""
    if schedule.next_run is None:
        return Cell(f"{GLYPHS[Tone.OFF]} paused", Tone.OFF)
    return Cell(until(now, schedule.next_run), value=schedule.next_run.timestamp())


def date_texts(timetable: Timetable, after: datetime, count: int = DATES) -> list[str]:
    """The next dates on the clock of the schedule."""
    zone = zone_of(timetable.zone)
    return [f"{each.astimezone(zone):%a %Y-%m-%d %H:%M %Z}" for each in upcoming(timetable, after, count)]


def options_text(kind: str, options: JobOptions) -> str:
    """How it is done, as far as its kind takes it."""
    match kind:
        case "vm-snapshot":
            how = ", with memory" if options.memory else ", quiesced" if options.quiesce else ""
            return f"keep {options.keep}{how}"
        case "vm-backup":
            return f"keep {options.keep}"
        case "pg-snapshot":
            return "replicated" if options.replicate else "not replicated"
        case "drill":
            return f"cleaned up after {options.cleanup_min} min" if options.cleanup_min else "not cleaned up by itself"
        case "drill-reminder":
            return f"older than {options.days} days"
        case _:
            return ""


def parts(schedule: Schedule, runs: Sequence[ScheduleRun], scene: Scene) -> Iterable[Part]:
    """Everything known of one schedule: the next five dates, then what became of each time, newest first."""
    yield Fact("What", Cell(what(schedule)), source=src.SCHEDULES)
    yield Fact("How", text_cell(options_text(schedule.kind, schedule.options)), source=src.SCHEDULES)
    yield Fact("When", Cell(schedule.timetable.words), source=src.SCHEDULES)
    yield Fact("Misfires", Cell(str(schedule.misfires), Tone.WARN if schedule.misfires else Tone.PLAIN))
    yield Fact("Made by", Cell(schedule.made_by), source=src.SCHEDULES)
    yield Heading("Next five dates")
    if schedule.paused:
        yield Note("Paused: nothing begins by itself. p resumes it.", Tone.OFF)
    else:
        for number, text in enumerate(date_texts(schedule.timetable, scene.now), start=1):
            yield Fact(str(number), Cell(text))
    yield Heading("What became of each time, newest first")
    if not runs:
        yield Note("It was never due.", Tone.DIM)
    for run in runs:
        yield from _run_parts(run, scene)


def _run_parts(run: ScheduleRun, scene: Scene) -> Iterable[Part]:
    state = status(run.result)
    if run.count > 1 and run.last_due is not None:
        words = f"{run.count} times, until {moment_short(scene.now, run.last_due)}"
    elif run.result in MISFIRES:
        words = str(run.trigger)
    else:
        seconds = (run.ended_at or scene.now) - run.began_at
        words = f"{run.trigger}, {clock_text(max(0.0, seconds.total_seconds()))}"
    about = f", run {run.run}" if run.run else ""
    yield Fact(
        moment_short(scene.now, run.due), Cell(f"{state.text}  {words}{about}", state.tone), source=src.SCHEDULES
    )
    for note in run.notes:
        yield Fact("", Cell(note, Tone.DIM if run.result is Result.SUCCEEDED else Tone.PLAIN))
