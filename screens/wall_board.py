"""What the wall says of a running recovery plan below its clocks: the next prompt, the critical path, and how each
group stands. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from screens.ages import exact, span
from screens.board_items import Board, Item, board, items
from screens.board_words import prompts
from screens.cells import Tone
from screens.status import status
from screens.wall_letters import Said
from store.run_clocks import REACHED
from store.runs import ENDED, Run


def plan_said(run: Run, now: datetime) -> Iterator[Said]:
    """In sentences, the most urgent first."""
    lines = items(run.plan)
    found = board(run, now, lines)
    yield from _late(found)
    if run.state not in ENDED:
        yield from _to_come(found)
    groups = [item for item in lines if item.level == 0]
    grouped = {application for group in groups for application in group.applications}
    loose = [item for item in lines if item.level == 1 and item.applications and item.applications[0] not in grouped]
    yield from (_stands(found, item) for item in (*groups, *loose))


def _late(found: Board) -> Iterator[Said]:
    """The applications that are beyond their target."""
    for each in found.outcomes.values():
        target = each.application.rto_s
        seconds = found.since_s if each.up.seconds is None else each.up.seconds
        if target is not None and (seconds > target or each.up.over):
            up = "not up" if each.up.at is None else f"up after {exact(max(1.0, seconds))}"
            yield Said(f"{each.application.name} {up}, RTO {exact(target)}", Tone.BAD)


def _to_come(found: Board) -> Iterator[Said]:
    """The next prompt that does not wait already, and what is next on the critical path."""
    coming = [step for step in prompts(found) if not found.asks(step)]
    if coming:
        when = span(found.ahead.begins_s[coming[0]])
        yield Said(f"Next prompt in about {when}: {found.steps[coming[0]].title}")
    first = next((step for step in found.ahead.path if found.steps[step].kind != REACHED), None)
    if first is not None:
        yield Said(f"Critical path, {span(found.ahead.left_s)} left: {found.steps[first].title}")


def _stands(found: Board, item: Item) -> Said:
    """How many of a group are up; of an application in no group how it stands."""
    state = status(found.state(item))
    known = [found.outcomes[name] for name in item.applications if name in found.outcomes]
    if item.level or not known:
        return Said(f"{item.name}: {state.word}", state.tone)
    up = sum(each.up.at is not None for each in known)
    more = "" if up == len(known) else f", {state.word}"
    return Said(f"{item.name.removeprefix('Group ')}: {up} of {len(known)} up{more}", state.tone)
