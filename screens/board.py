"""The board of a running recovery plan: its groups, applications and members with their clocks, what each does now and
what it waits for, the critical path and the next prompt. Every console on the store sees the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.board_items import Board, Item, board, items
from screens.board_words import now_words, path_lines, prompt_line, prompts, waves_line
from screens.cells import Cell, Line, Tone, fit, width_of
from screens.columns import Row
from screens.rows_board import COLUMNS, board_row
from screens.run_messages import StepsRequested
from screens.run_table import RunTable
from screens.run_words import STUCK
from screens.scene import Scene
from screens.surroundings import Surroundings
from store.runs import ENDED, Run

TALL, PATH_LINES = 40, 4
"""From so many rows on the critical path has so many lines, and waves are told."""

WIDE = 160
"""From so many columns on the table has room for what each line waits for."""


class BoardScreen(RunTable):
    """Of a run with a :attr:`store.runs.Plan.recovery`."""

    PLACE = Place.BOARD
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.BOARD)]
    NOUN = "lines"

    def __init__(self, around: Surroundings, run_id: str) -> None:
        super().__init__(around, "board", COLUMNS)
        self.run_id = run_id
        self._items: dict[str, Item] = {}
        self._board: Board | None = None

    def _look(self, scene: Scene) -> Board | None:
        """The run as it stands at this moment: made once for all rows."""
        run, last = self.run_now, self._board
        if run is None:
            return None
        if not self._items:
            self._items = {item.key: item for item in items(run.plan)}
        if last is None or last.run is not run or last.now != scene.now:
            self._board = last = board(run, scene.now, self._items.values())
        return last

    def further_lines(self, run: Run, scene: Scene, width: int) -> Sequence[Line]:
        found = self._look(scene)
        if found is None or run.state in ENDED:
            return ()
        tall = self.app.size.height >= TALL
        prompt = prompt_line(found, width)
        lines = [*path_lines(found, width, PATH_LINES if tall else 1), *([] if prompt is None else [prompt])]
        return [*lines, *([waves_line(found)] if tall else []), *self._selected_line(found, width)]

    def _selected_line(self, found: Board, width: int) -> Sequence[Line]:
        """What the selected line does or waits for, in full where the table has no room for that; of one that is over,
        or waits for somebody, which is told below, its state: so that the table does not jump."""
        item = self._items.get(self.table.selected or next(iter(self._items)))
        if item is None or width >= WIDE:
            return ()
        words = "" if found.stuck(item) else now_words(found, item)
        text = f"{item.name}: {words or found.state(item)}"
        return ((Cell(text if width_of(text) <= width else fit(text, width), Tone.DIM),),)

    def move(self, how: str) -> None:
        super().move(how)
        self._tell_selected()

    def _follow(self) -> None:
        super()._follow()
        self._tell_selected()

    def _tell_selected(self) -> None:
        if self.width < WIDE:
            self.redraw_head()

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        found = self._look(scene)
        if found is not None:
            second = 0 if found.run.state in ENDED else int(scene.now.timestamp())
            yield from ((key, (found.run.seq, found.run.state, second)) for key in self._items)

    def row(self, key: str, scene: Scene) -> Row:
        found = self._look(scene)
        if found is None:
            raise LookupError(f"run {self.run_id} is not known")
        return board_row(found, self._items[key])

    def rows_of(self, steps: Iterable[str]) -> list[str]:
        owner = {} if self._board is None else self._board.owner
        return list(dict.fromkeys(owner[step].key for step in steps if step in owner))

    def decided(self, run: Run, key: str) -> str | None:
        """Of a line the first step that waits for somebody."""
        steps = self._items[key].steps if run.state not in ENDED else ()
        return next((step for step in steps if run.step(step).state in STUCK), None)

    @property
    def further(self) -> str | None:
        return "Its steps"

    def refused_here(self, run: Run | None) -> dict[str, str]:
        if self._board is not None and prompts(self._board) and self._board.critical:
            return {}
        return {"prompt": "Nothing is asked of a person any more in this run."}

    def opens(self, key: str) -> StepsRequested | None:
        item = self._items[key]
        return StepsRequested(self.run_id, item.name, item.steps) if item.steps else None

    def nothing_further(self, key: str) -> str:
        return f"Nothing is done to {self._items[key].name} of its own in this run."

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return ((Cell("This run is not known, or none of a recovery plan.", Tone.DIM),),)

    def do_steps(self) -> None:
        self.post_message(StepsRequested(self.run_id, asked_by=self))

    def do_prompt(self) -> None:
        """To the row of the next prompt; there already: to that of the one after it."""
        found = self._look(self.around.scene())
        keys = [] if found is None else [key for key in self.rows_of(prompts(found)) if key in self.table.keys]
        if not keys:
            self.say("The filter hides it: Esc clears it.")
            return
        here = keys.index(self.table.selected) + 1 if self.table.selected in keys else 0
        self.table.select(self.table.keys.index(keys[here % len(keys)]))
        self._moved = True
        self._tell_selected()
        self._draw_foot()
