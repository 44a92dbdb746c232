"""What is said of a running plan: what each part does or waits for, the critical path, and the next prompt. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from screens.ages import span
from screens.board_items import ASK, Board, Item
from screens.cells import Cell, Line, Tone, fit, width_of, wrap
from screens.conditions import BoardState
from screens.rows_runs import clock_text
from screens.run_words import STUCK
from screens.status import GLYPHS, status
from store.run_clocks import REACHED
from store.runs import SETTLED, RunState, StepState

MARK = "◆"
"""In front of what the critical path runs through."""

_STANDS = {
    RunState.PROPOSED: "until somebody agrees to the run",
    RunState.APPROVED: "until the run begins",
    RunState.PAUSED: "until the run goes on: it is paused",
    RunState.INTERRUPTED: "until somebody goes on with the run",
}

_ENDINGS = {RunState.SUCCEEDED: "ended", RunState.FAILED: "failed", RunState.ABORTED: "was aborted"}


def now_words(board: Board, item: Item) -> str:
    """What a line does now, by which step on which device; what it waits for; empty where it is over."""
    match board.state(item):
        case BoardState.ASKS | BoardState.DECIDE:
            return _stuck(board, item)
        case BoardState.RUNNING:
            return _under_way(board, item)
        case BoardState.WAITS | BoardState.NOT_BEGUN:
            return _waits(board, item)
        case BoardState.MISSED:
            return f"the run {_ENDINGS[board.run.state]} before"
        case _:
            return ""


def _stuck(board: Board, item: Item) -> str:
    first, *more = board.stuck(item)
    reason = board.records[first].reason or str(board.records[first].state)
    return f"{first} {board.steps[first].title}: {reason}{_more(len(more))}"


def _more(count: int) -> str:
    return f", and {count} more" if count else ""


def _under_way(board: Board, item: Item) -> str:
    """The step that is the longest under way; of those on the critical path, where there are some."""
    running = [step for step in item.steps if step in board.since]
    if item.level == 1 and item.applications and len(running) > 1:
        return f"{len(running)} steps under way"
    first = min(running, key=lambda step: (step not in board.critical, board.since[step]))
    step = board.steps[first]
    took = span(max(0.0, (board.now - board.since[first]).total_seconds()))
    usual = f" of {clock_text(step.p50_s)}" if step.p50_s else ""
    return f"{step.title} ({step.device}) {took}{usual}{_more(len(running) - 1)}"


def _waits(board: Board, item: Item) -> str:
    """Why the first of its steps that is to come has not begun."""
    if board.run.state in _ENDINGS:
        return f"the run {_ENDINGS[board.run.state]} before"
    if board.run.state in _STANDS:
        return f"waits {_STANDS[board.run.state]}"
    mine = set(item.steps)
    for step_id in item.steps:
        if board.records[step_id].state is not StepState.PENDING:
            continue
        step = board.steps[step_id]
        needs = [other for other in step.needs if board.records[other].state not in SETTLED]
        after = [other for other in step.after if board.records[other].state not in SETTLED]
        if mine.isdisjoint(needs) and (needs or mine.isdisjoint(after)):
            if needs:
                return f"waits {_reason(board, needs[0])}{_more(len(needs) - 1)}"
            if after:
                return f"waits for its wave: {_owner(board, after[0])} comes first{_more(len(after) - 1)}"
            return f"next: {step.title} ({step.device})"
    return ""


def _reason(board: Board, need: str) -> str:
    step = board.steps[need]
    if need in board.ups:
        return f"for {board.ups[need]} to be up"
    if board.asks(need):
        return f"for you: {step.title}"
    if board.records[need].state in STUCK:
        return f"for a decision about {need} {step.title}"
    if step.kind == REACHED:
        return f"until {'the' + step.title[3:] if step.title.startswith('The ') else step.title}"
    if step.kind == ASK:
        return f"for a person: {step.title}"
    return f"for {need} {step.title}"


def _owner(board: Board, step: str) -> str:
    item = board.owner.get(step)
    return board.steps[step].title if item is None else item.name


# ------------------------------------------------------------------------------------------------------------- above


def path_lines(board: Board, width: int, most: int) -> Iterator[Line]:
    """The critical path in at most so many lines: how long what is left should take, and through what."""
    titles = [board.steps[step].title for step in board.ahead.path if board.steps[step].kind != REACHED]
    if not board.critical or not titles:
        return
    text = f"{MARK} Critical path, {span(board.ahead.left_s)} left: {' › '.join(titles)}"
    lines = wrap(text, max(10, width))
    for number, line in enumerate(lines[:most]):
        cut = number == most - 1 and len(lines) > most
        yield (Cell(fit(f"{line} {lines[most]}", width) if cut else line, Tone.HEADING),)


def prompts(board: Board) -> list[str]:
    """The steps that a person does and that are not over: those that wait first, then in the order in which they
    should come."""
    left = [step.id for step in board.run.plan.steps if step.kind == ASK and step.id in board.ahead.begins_s]
    return sorted(left, key=lambda step: (not board.asks(step), board.ahead.begins_s[step]))


def prompt_line(board: Board, width: int) -> Line | None:
    """The next thing that a person does, with its key; None where there is none to come."""
    found = prompts(board)
    if not found or not board.critical:
        return None
    first, title = found[0], board.steps[found[0]].title
    if board.asks(first):
        text, tone = f"{title}: n goes to it, Enter shows what to do, m marks it done", Tone.WARN
    else:
        when = board.ahead.begins_s[first]
        text, tone = f"Next prompt in about {span(when)}: {title} (n goes to it)", Tone.PLAIN
    lead = f"{GLYPHS[tone]} " if tone in GLYPHS else ""
    more = f", {len(found) - 1} more to come" if len(found) > 1 else ""
    whole = f"{lead}{text}{more}"
    return (Cell(whole if width_of(whole) <= width else fit(f"{lead}{text}", min(width, width_of(whole))), tone),)


def waves_line(board: Board) -> Line:
    """How many are acted on at a time."""
    recovery = board.run.plan.recovery
    if recovery is None:
        return ()
    waves = recovery.waves
    counts = ((waves.lpars, "LPAR"), (waves.rcgs, "remote copy group"), (waves.vms, "VM"))
    words = ", ".join(f"{count} {noun}{'s' * (count != 1)}" for count, noun in counts)
    return (Cell(f"In waves of at most {words} at a time, from {recovery.source} to {recovery.target}", Tone.DIM),)


def state_cell(board: Board, item: Item) -> Cell:
    """The state of a line; of a group with how many of its applications are up."""
    state = status(board.state(item))
    found = [board.outcomes[name] for name in item.applications if name in board.outcomes]
    if item.level or not found:
        return state.cell()
    return Cell(f"{state.text} {sum(each.up.at is not None for each in found)}/{len(found)}", state.tone)
