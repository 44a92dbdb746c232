"""Which screen shows a run: the board of one of a recovery plan, the steps of any other. For the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screens.run_messages import BoardRequested, StepsRequested

if TYPE_CHECKING:
    from app.console import Console
    from screens.surroundings import Surroundings


async def hear(app: Console, around: Surroundings, message: BoardRequested | StepsRequested) -> None:
    """Show what a screen of a run asks for."""
    match message:
        case BoardRequested():
            await _board(app, around, message.run)
        case StepsRequested():
            await _steps(app, around, message.run, message.about, message.steps)


async def show(app: Console, around: Surroundings, run: str) -> None:
    """What is looked at first of a run."""
    known = around.runs.get(run)
    if known is not None and known.plan.recovery is not None:
        await _board(app, around, run)
    else:
        await _steps(app, around, run)


async def _board(app: Console, around: Surroundings, run: str) -> None:
    """Go back to the board that the steps were opened from, or show it."""
    from screens.board import BoardScreen

    below = app.screen_stack[-2] if len(app.screen_stack) > 1 else None
    if isinstance(below, BoardScreen) and below.run_id == run:
        await app.pop_screen()
    else:
        await app.push_screen(BoardScreen(around, run))


async def _steps(app: Console, around: Surroundings, run: str, about: str = "", steps: Sequence[str] = ()) -> None:
    from screens.run import RunScreen

    await app.push_screen(RunScreen(around, run, about, tuple(steps)))


async def show_log(app: Console, around: Surroundings, run: str, step: str | None) -> None:
    """The journal of a run, or with ``step`` all that is known of that one."""
    from screens.run_log import LogScreen

    await app.push_screen(LogScreen(around, run, step))
