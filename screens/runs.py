"""The Runs pane: what was proposed, what runs, and how it ended; newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.head import counts_lines
from screens.pane import Pane
from screens.rows_runs import COLUMNS, row
from screens.run_messages import ReportAsked, RunRequested
from screens.scene import Scene
from screens.status import LOADING, standing
from store.run_view import ALIVE


class RunsPane(Pane):
    PLACE = Place.RUNS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.RUNS)]
    PANE = "runs"
    COLUMNS = COLUMNS
    NOUN = "runs"
    SCOPE = None

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        second, owing = int(scene.now.timestamp()), self.around.runs.owing
        for run in self.around.runs.runs:
            yield run.id, (run.seq, run.state, run.id in owing, second if run.state in ALIVE else 0)

    def row(self, key: str, scene: Scene) -> Row:
        run = self.around.runs.get(key)
        if run is None:
            raise LookupError(f"run {key} is not known")
        return row(run, scene, owes=key in self.around.runs.owing)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        owed = self.around.runs.owing
        counts = Counter(standing(run, owes=run.id in owed) for run in self.around.runs.runs)
        return counts_lines(self.NOUN, sorted(counts.items(), key=lambda item: item[0].word), width)

    def runs_changed(self) -> None:
        self.redraw()

    def do_report(self) -> None:
        if self.table.selected is None:
            self.say("No run is selected.")
        else:
            self.post_message(ReportAsked(self.table.selected))

    def opens(self, key: str) -> RunRequested:
        return RunRequested(key)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.runs.read:
            return ((LOADING,),)
        words = "No run was ever proposed. On LPARs (2), Pgroups (3) or RCGs (4) press a to see what can be done."
        return ((Cell(words, Tone.DIM),),)
