"""The steps of one run as they fare, with its clock, and what the operator decides. It can be left and opened again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.rows_runs import STEP_COLUMNS, step_row
from screens.run_messages import BoardRequested, StepRequested
from screens.run_table import RunTable
from screens.scene import Scene
from screens.step_kinds import phase_lines
from screens.surroundings import Surroundings
from store.runs import Run, StepState


class RunScreen(RunTable):
    """Steps that only take another one back are shown once they did something. With ``about`` it shows the steps
    ``only`` that belong to that."""

    PLACE = Place.RUN
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.RUN)]
    NOUN = "steps"

    def __init__(self, around: Surroundings, run_id: str, about: str = "", only: tuple[str, ...] = ()) -> None:
        super().__init__(around, "run", STEP_COLUMNS)
        self.run_id, self.about, self._only = run_id, about, frozenset(only)

    def further_lines(self, run: Run, scene: Scene, width: int) -> Sequence[Line]:
        if self.about:
            words = f"Only the {len(self._only)} steps of {self.about}: b goes back to the board"
            return ((Cell(words[:width], Tone.HEADING),),)
        return phase_lines(run, width)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        run = self.run_now
        if run is None:
            return
        undoes, second = run.plan.undoes, int(scene.now.timestamp())
        for record in run.steps:
            shown = record.id not in undoes or record.state is not StepState.PENDING
            if shown and (not self.about or record.id in self._only):
                yield record.id, (record, second if record.state is StepState.RUNNING else 0)

    def row(self, key: str, scene: Scene) -> Row:
        run = self.run_now
        if run is None:
            raise LookupError(f"run {self.run_id} is not known")
        return step_row(run.plan.step(key), run.step(key), scene)

    def rows_of(self, steps: Iterable[str]) -> list[str]:
        return list(steps)

    def decided(self, run: Run, key: str) -> str | None:
        return key

    @property
    def further(self) -> str | None:
        return "Step"

    def refused_here(self, run: Run | None) -> dict[str, str]:
        if run is not None and run.plan.recovery is not None:
            return {}
        return {"board": "This is no run of a recovery plan: its steps are all there is of it."}

    def opens(self, key: str) -> StepRequested:
        return StepRequested(self.run_id, key)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return ((Cell("The plan has no steps.", Tone.DIM),),)

    def do_board(self) -> None:
        self.post_message(BoardRequested(self.run_id, self))
