"""The rows of the board of a running plan: the state, the clocks and what is done now, of each group, application and
member. Pure."""

from __future__ import annotations

from screens import sources as src
from screens.ages import exact, span
from screens.board_items import Board, Item
from screens.board_words import MARK, now_words, state_cell
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.conditions import BoardState
from screens.rows_runs import clock_text
from screens.status import EMPTY, GLYPHS, status
from store.outcomes import Outcome
from store.run_clocks import Clock, settled_clock
from store.runs import SETTLED

COLUMNS = (
    Column("Application", cut=20, source=src.JOURNAL),
    Column("State", source=src.JOURNAL),
    Column("Steps", rank=3, source=src.JOURNAL),
    Column("Ready", measure=Measure.SPAN, source=src.JOURNAL),
    Column("Up", measure=Measure.SPAN, source=src.JOURNAL),
    Column("Foreseen", rank=2, measure=Measure.SPAN, source=src.JOURNAL),
    Column("RPO", rank=1, measure=Measure.SPAN, source=src.JOURNAL),
    Column("Now", cut=15, source=src.JOURNAL),
    Column("After", rank=4, cut=10, source=src.JOURNAL),
)


def board_row(board: Board, item: Item) -> Row:
    """A line of the board."""
    settled = sum(board.records[step].state in SETTLED for step in item.steps)
    ready, up = _clocks(board, item)
    state = board.state(item)
    return (
        _name(board, item),
        state_cell(board, item),
        Cell(f"{settled}/{len(item.steps)}") if item.steps else EMPTY,
        ready,
        up,
        _foreseen(board, item),
        _lost(board, item),
        _now(board, item, state),
        _after(board, item),
    )


def _name(board: Board, item: Item) -> Cell:
    mark = MARK if not board.critical.isdisjoint(item.steps) else " "
    tone = Tone.HEADING if item.level < 2 else Tone.PLAIN
    return Cell(f"{mark}{' ' * item.level}{item.name}", tone, aka=" ".join(item.applications))


def _clocks(board: Board, item: Item) -> tuple[Cell, Cell]:
    """Of an application and a group both clocks; of a member when it was up."""
    found = board.clocks(item)
    if found is not None:
        told = board.outcome(item)
        target = None if told is None else told.application.rto_s
        return clock_cell(board, found[0], None), clock_cell(board, found[1], target)
    if item.member is None or not item.up:
        return EMPTY, EMPTY
    clock = settled_clock(board.run, [board.records[step] for step in item.up])
    return EMPTY, EMPTY if clock.at is None else clock_cell(board, clock, None)


def clock_cell(board: Board, clock: Clock, target_s: float | None) -> Cell:
    """A clock that stopped in full, against its target; one that goes on in its coarse form, so that a minute is a few
    bytes: the exact one stands above."""
    of = "" if target_s is None else f" of {exact(target_s)}"
    if clock.over:
        missed = Tone.OFF if board.run.began_at is None else Tone.BAD
        return Cell(f"{GLYPHS[missed]} not reached{of}", missed, f"{GLYPHS[missed]} never")
    seconds = board.since_s if clock.seconds is None else clock.seconds
    late = target_s is not None and seconds > target_s
    tone = Tone.BAD if late else Tone.BUSY if clock.at is None else Tone.OK
    text = clock_text(seconds) if clock.at is not None else f"{span(seconds)} …"
    return Cell(f"{GLYPHS[tone]} {text}{of}", tone, f"{GLYPHS[tone]} {text}", value=seconds)


def _foreseen(board: Board, item: Item) -> Cell:
    """When it should be up, counted as the clock is."""
    told = board.outcome(item)
    p50_s = item.member.p50_s if item.member is not None else None if told is None else told.application.p50_s
    return EMPTY if p50_s is None else Cell(clock_text(p50_s + board.offset_s), value=p50_s + board.offset_s)


def _lost(board: Board, item: Item) -> Cell:
    told = board.outcome(item)
    return EMPTY if told is None else lost_cell(told)


def lost_cell(outcome: Outcome) -> Cell:
    """What was lost at most against the target; before it is up what the plan bounded."""
    target = outcome.application.rpo_s
    of = "" if target is None else f" of {exact(target)}"
    if outcome.up.at is None:
        bound = outcome.application.loss_s
        words = "not known" if bound is None else f"{clock_text(bound)} at most" if bound else "nothing"
        return Cell(f"{words}{of}", Tone.DIM, value=bound)
    if outcome.lost_s is None:
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} not known{of}", Tone.UNKNOWN)
    kept = outcome.rpo_kept
    tone = Tone.PLAIN if kept is None else Tone.OK if kept else Tone.BAD
    lead = f"{GLYPHS[tone]} " if tone in GLYPHS else ""
    return Cell(f"{lead}{_span(outcome.lost_s)}{of}", tone, value=outcome.lost_s)


def _span(seconds: float) -> str:
    return clock_text(seconds) if seconds else "nothing"


def _now(board: Board, item: Item, state: BoardState) -> Cell:
    words = now_words(board, item) if item.level else ""
    if not words:
        return EMPTY
    loud = state in (BoardState.ASKS, BoardState.DECIDE)
    return Cell(words, status(state).tone if loud else Tone.PLAIN if state is BoardState.RUNNING else Tone.DIM)


def _after(board: Board, item: Item) -> Cell:
    recovery = board.run.plan.recovery
    if recovery is None or item.member is not None or not item.applications:
        return EMPTY
    if item.level == 0:
        after = next((group.after for group in recovery.groups if item.key == f"group:{group.name}"), ())
    else:
        after = next((each.after for each in recovery.applications if each.name in item.applications), ())
    return Cell(", ".join(after), Tone.DIM) if after else EMPTY
