"""What the console does with recovery plans: shows them, and has their files read anew. For the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from screens.plan_messages import AboutPlans, PlanRequested, PlansRead, PlansRequested

if TYPE_CHECKING:
    from app.console import Console
    from app.recovery.console_runs import ConsoleRuns
    from screens.surroundings import Surroundings

Aside = Callable[[Callable[["ConsoleRuns"], None]], None]
"""Has something done on a thread, with the runs of this console."""


async def hear(app: Console, aside: Aside, around: Surroundings, message: AboutPlans) -> None:
    """Do what a screen asks for."""
    from screens.plans import PlanScreen, PlansScreen

    match message:
        case PlansRequested():
            if not isinstance(app.shown, PlansScreen):
                await app.push_screen(PlansScreen(around))

            def read(runs: ConsoleRuns) -> None:
                runs.read_plans(around.plans)
                app.post_message(PlansRead())

            if around.runs.read:  # else the screen asks once more when it is told of them
                aside(read)
        case PlanRequested() if app.may_open(message.asked_by):
            await app.push_screen(PlanScreen(around, message.plan))
        case PlansRead() if app.shown is not None:
            app.shown.runs_changed()
