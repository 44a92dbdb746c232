"""The rows of the Runs pane and of one run: how far each has come, and how long that took."""

from __future__ import annotations

from datetime import datetime

from screens import sources as src
from screens.ages import age, exact
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.scene import Scene
from screens.status import EMPTY, standing, status
from store.runs import SETTLED, PlannedStep, Run, RunState, StepRecord, StepState

COLUMNS = (
    Column("Run", rank=3, source=src.JOURNAL),
    Column("State", source=src.JOURNAL),
    Column("Plan", cut=16, source=src.JOURNAL),
    Column("Steps", source=src.JOURNAL),
    Column("Took", rank=1, measure=Measure.SPAN, source=src.JOURNAL),
    Column("By", rank=4, cut=8, source=src.JOURNAL),
    Column("Proposed", measure=Measure.MOMENT, field="proposed", source=src.JOURNAL),
)

STEP_COLUMNS = (
    Column("Step", source=src.JOURNAL),
    Column("State", source=src.JOURNAL),
    Column("Took", rank=1, measure=Measure.SPAN, source=src.JOURNAL),
    Column("Usual", rank=2, measure=Measure.SPAN, source=src.JOURNAL),
    Column("On", rank=3, cut=8, source=src.JOURNAL),
    Column("What", cut=20, source=src.JOURNAL),
    Column("Said", cut=10, source=src.JOURNAL),
)


def row(run: Run, scene: Scene, *, owes: bool = False) -> Row:
    """A run among others. ``owes``: it is a drill that is not cleaned up."""
    settled, total = progress(run)
    return (
        Cell(run.id),
        standing(run, owes=owes).cell(),
        Cell(run.plan.name, aka=" ".join(run.plan.targets)),
        Cell(f"{settled}/{total}"),
        span_cell(run.began_at, run.ended_at or (scene.now if run.state in _MOVING else None)),
        Cell(run.by),
        Cell(f"{age(scene.now, run.created_at)} ago", value=run.created_at.timestamp()),
    )


_MOVING = frozenset({RunState.RUNNING, RunState.WAITING, RunState.PAUSED, RunState.INTERRUPTED})


def progress(run: Run) -> tuple[int, int]:
    """How many of the steps that are to be done are settled, and how many there are."""
    undoes = run.plan.undoes
    steps = [step for step in run.steps if step.id not in undoes]
    return sum(step.state in SETTLED for step in steps), len(steps)


def span_cell(began: datetime | None, ended: datetime | None) -> Cell:
    """The time between two moments, in full."""
    if began is None or ended is None:
        return EMPTY
    seconds = max(0.0, (ended - began).total_seconds())
    return Cell(clock_text(seconds), value=seconds)


def clock_text(seconds: float) -> str:
    """Whole seconds as on a stop watch: ``0s``, ``1m 5s``."""
    whole = int(seconds)
    return "0s" if whole < 1 else exact(whole)


def step_row(planned: PlannedStep, record: StepRecord, scene: Scene) -> Row:
    """A step of a run."""
    usual = EMPTY if planned.p50_s is None else Cell(clock_text(planned.p50_s), value=planned.p50_s)
    took = span_cell(record.began_at, record.ended_at or (scene.now if record.state is StepState.RUNNING else None))
    if planned.p50_s is not None and took.value is not None and took.value > max(5.0, 2 * planned.p50_s):
        took = Cell(took.text, Tone.WARN, value=took.value)
    return (
        Cell(planned.id),
        status(record.state).cell(),
        took,
        usual,
        Cell(planned.device),
        Cell(planned.title),
        _said(record),
    )


def _said(record: StepRecord) -> Cell:
    text = record.reason or record.answer
    if text is None:
        return EMPTY
    return Cell(text, status(record.state).tone if record.state in (StepState.FAILED, StepState.UNKNOWN) else Tone.DIM)
