"""One run: its steps as they fare, its clock, and what the operator decides. It can be left and opened again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, Situation, bindings
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.rows_runs import STEP_COLUMNS, step_row
from screens.run_messages import (
    ApprovalAsked,
    DecisionAsked,
    LogRequested,
    OrderGiven,
    ReportAsked,
    ResumeRequested,
    StepRequested,
)
from screens.run_words import approval_lines, clock_lines, next_lines, refused_acts, title_line
from screens.scene import Scene
from screens.step_kinds import phase_lines
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from store.drills import order
from store.runs import Choice, Run, RunState, StepState


class RunScreen(TableScreen):
    """``run_id`` is that of a run in :attr:`Surroundings.runs`. Steps that only take another one back are shown once
    they did something."""

    PLACE = Place.RUN
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.RUN)]
    PANE = "runs"
    NOUN = "steps"
    SCOPE = None

    def __init__(self, around: Surroundings, run_id: str) -> None:
        super().__init__(around, "run", STEP_COLUMNS)
        self.run_id = run_id
        self._followed = -1
        self._moved = self._begun = False

    @property
    def run_now(self) -> Run | None:
        return self.around.runs.get(self.run_id)

    @property
    def _mine(self) -> bool:
        return self.run_id in self.around.acting()

    @property
    def runs_told(self) -> tuple[Run, ...]:
        return tuple(run for run in super().runs_told if run.id != self.run_id)

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        run = self.run_now
        if run is None:
            return ((Cell(f"Run {self.run_id} is not known.", Tone.UNKNOWN),),)
        target = self.around.rto_s
        owes = run.id in self.around.runs.owing
        approval = approval_lines(run, scene, width, self.around.approvers(run))
        further = (*approval, *next_lines(run, scene, self._mine, width, owes=owes))
        clocks, phases = clock_lines(run, scene, target), phase_lines(run, width)
        above = (title_line(run, owes=owes), *clocks, *phases, *further)
        return (*above, *self.view_lines(scene))

    def draw(self, scene: Scene) -> None:
        super().draw(scene)
        if not self._begun:
            self._begun = True
            self.call_after_refresh(self._follow)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        run = self.run_now
        if run is None:
            return
        undoes, second = run.plan.undoes, int(scene.now.timestamp())
        for record in run.steps:
            if record.id not in undoes or record.state is not StepState.PENDING:
                yield record.id, (record, second if record.state is StepState.RUNNING else 0)

    def row(self, key: str, scene: Scene) -> Row:
        run = self.run_now
        if run is None:
            raise LookupError(f"run {self.run_id} is not known")
        return step_row(run.plan.step(key), run.step(key), scene)

    def _kept_below(self, scene: Scene) -> Sequence[Line]:
        return self._below(scene)  # its clock goes on

    def runs_changed(self) -> None:
        self.redraw()
        self._follow()

    def _follow(self) -> None:
        """Go to the step that waits for the operator as soon as there is one, once for each."""
        run = self.run_now
        stuck = [] if run is None else [s.id for s in run.steps if s.state in (StepState.FAILED, StepState.UNKNOWN)]
        if run is not None and stuck and run.state is RunState.WAITING and self._followed != run.seq:
            if self.table.selected not in stuck and stuck[0] in self.table.keys:
                self.table.select(self.table.keys.index(stuck[0]))
                self._draw_foot()
            self._followed = run.seq
        elif run is not None and run.state is RunState.RUNNING and not self._moved:
            self._to_what_runs(run)

    def _to_what_runs(self, run: Run) -> None:
        """Of many steps show some that are under way, as long as the operator has not gone elsewhere."""
        running = {step.id for step in run.steps if step.state is StepState.RUNNING}
        places = [place for place, key in enumerate(self.table.keys) if key in running]
        if places and not set(self.table.in_sight).intersection(running):
            self.table.select(
                min(len(self.table.keys) - 1, places[0] + self.table.page - 2)
            )  # so that it stands on top
            self.table.select(places[0])
            self._draw_foot()

    def move(self, how: str) -> None:
        self._moved = True
        super().move(how)

    def situation(self) -> Situation:
        run, key = self.run_now, self.table.selected
        step = run.step(key).state if run is not None and key is not None else None
        base = super().situation()
        return Situation(
            base.place,
            base.read_only,
            base.row_selected,
            base.sweeping,
            base.cached,
            "Step",
            base.filtered,
            refused_acts(run, step, self._mine, owes=self.run_id in self.around.runs.owing),
            base.lacks,
        )

    def opens(self, key: str) -> StepRequested:
        return StepRequested(self.run_id, key)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return ((Cell("The plan has no steps.", Tone.DIM),),)

    # -------------------------------------------------------------------------------------------------- deciding

    def do_report(self) -> None:
        self.post_message(ReportAsked(self.run_id))

    def do_log(self) -> None:
        self.post_message(LogRequested(self.run_id, self))

    def do_resume(self) -> None:
        self.post_message(ResumeRequested(self.run_id))

    def do_decide(self, choice: str) -> None:
        if self.table.selected is not None:
            self.post_message(DecisionAsked(self.run_id, Choice(choice), self.table.selected))

    def do_pause(self) -> None:
        run = self.run_now
        paused = run is not None and run.state is RunState.PAUSED
        self.post_message(DecisionAsked(self.run_id, Choice.CONTINUE if paused else Choice.PAUSE, None))
        if not paused:
            self.say("Pausing: nothing more is begun; what is under way ends first.")

    def do_cleanup(self) -> None:
        run = self.run_now
        if run is not None:
            self.post_message(OrderGiven(order(run)))

    def do_approve(self) -> None:
        self.post_message(ApprovalAsked(self.run_id))

    def do_glass(self) -> None:
        self.post_message(ApprovalAsked(self.run_id, alone=True))

    def do_abort(self) -> None:
        self.post_message(DecisionAsked(self.run_id, Choice.ABORT, None))
