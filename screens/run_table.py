"""What the screens of one run have in common: its head, what the operator decides, and going to what waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from screens.actions import Situation
from screens.cells import Cell, Line, Tone
from screens.run_messages import ApprovalAsked, DecisionAsked, LogRequested, OrderGiven, ReportAsked, ResumeRequested
from screens.run_words import STUCK, approval_lines, clock_lines, next_lines, refused_acts, title_line
from screens.scene import Scene
from screens.tables import TableScreen
from store.drills import order
from store.runs import Choice, Run, RunState, StepState


class RunTable(TableScreen):
    """A table about the run with ``run_id`` of :attr:`Surroundings.runs`. Subclasses say which row shows which step."""

    PANE = "runs"
    SCOPE = None

    run_id: str
    _followed = -1
    _moved = _begun = False

    # --------------------------------------------------------------------------------------- for the subclasses

    def rows_of(self, steps: Iterable[str]) -> list[str]:
        """The keys of the rows that show these steps, each once."""
        raise NotImplementedError

    def decided(self, run: Run, key: str) -> str | None:
        """The step that is decided about where the row ``key`` is selected."""
        raise NotImplementedError

    def further_lines(self, run: Run, scene: Scene, width: int) -> Sequence[Line]:
        """What stands below the clocks."""
        return ()

    def refused_here(self, run: Run | None) -> dict[str, str]:
        """What else cannot be done on this screen, by the id of the action."""
        return {}

    # ----------------------------------------------------------------------------------------------------------

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
        owes = run.id in self.around.runs.owing
        above = (title_line(run, owes=owes), *clock_lines(run, scene, self.around.rto_s))
        approval = approval_lines(run, scene, width, self.around.approvers(run))
        waits = next_lines(run, scene, self._mine, width, owes=owes)
        return (*above, *self.further_lines(run, scene, width), *approval, *waits, *self.view_lines(scene))

    def draw(self, scene: Scene) -> None:
        super().draw(scene)
        if not self._begun:
            self._begun = True
            self.call_after_refresh(self._follow)

    def _kept_below(self, scene: Scene) -> Sequence[Line]:
        return self._below(scene)  # its clock goes on

    def runs_changed(self) -> None:
        self.redraw()
        self._follow()

    def _follow(self) -> None:
        """Go to what waits for the operator as soon as there is something, once for each."""
        run = self.run_now
        stuck = [] if run is None else self.rows_of(s.id for s in run.steps if s.state in STUCK)
        if run is not None and stuck and run.state is RunState.WAITING and self._followed != run.seq:
            if self.table.selected not in stuck and stuck[0] in self.table.keys:
                self.table.select(self.table.keys.index(stuck[0]))
                self._draw_foot()
            self._followed = run.seq
        elif run is not None and run.state is RunState.RUNNING and not self._moved:
            self._to_what_runs(run)

    def _to_what_runs(self, run: Run) -> None:
        """Of many rows show some that are under way, as long as the operator has not gone elsewhere."""
        running = set(self.rows_of(step.id for step in run.steps if step.state is StepState.RUNNING))
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

    @property
    def _decided(self) -> str | None:
        run, key = self.run_now, self.table.selected
        return None if run is None or key is None else self.decided(run, key)

    def situation(self) -> Situation:
        run, step = self.run_now, self._decided
        state = run.step(step).state if run is not None and step is not None else None
        base = super().situation()
        refused = refused_acts(run, state, self._mine, owes=self.run_id in self.around.runs.owing)
        return Situation(
            base.place,
            base.read_only,
            base.row_selected,
            base.sweeping,
            base.cached,
            self.further,
            base.filtered,
            {**refused, **self.refused_here(run)},
            base.lacks,
        )

    # -------------------------------------------------------------------------------------------------- deciding

    def do_report(self) -> None:
        self.post_message(ReportAsked(self.run_id))

    def do_log(self) -> None:
        self.post_message(LogRequested(self.run_id, self))

    def do_resume(self) -> None:
        self.post_message(ResumeRequested(self.run_id))

    def do_decide(self, choice: str) -> None:
        if self._decided is not None:
            self.post_message(DecisionAsked(self.run_id, Choice(choice), self._decided))

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
