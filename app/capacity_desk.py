"""What the console does with capacity and cost: shows them, and has them looked at anew. For the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.plan_desk import Aside
from screens.capacity_messages import (
    AboutCapacity,
    CapacityRead,
    CapacityRequested,
    CostItemRequested,
    CostRequested,
    HeadroomRequested,
)

if TYPE_CHECKING:
    from app.console import Console
    from app.recovery.console_runs import ConsoleRuns
    from screens.surroundings import Surroundings


async def hear(app: Console, aside: Aside, around: Surroundings, message: AboutCapacity) -> None:
    """Do what a screen asks for."""
    match message:
        case CapacityRequested():
            from screens.capacity import CapacityScreen

            if message.asked_by is not None and not isinstance(app.shown, CapacityScreen):
                await app.push_screen(CapacityScreen(around))
            _look(app, aside, around, cost=False)
        case CostRequested():
            from screens.cost import CostScreen

            if message.asked_by is not None and not isinstance(app.shown, CostScreen):
                await app.push_screen(CostScreen(around))
            _look(app, aside, around, cost=True)
        case HeadroomRequested() if app.may_open(message.asked_by):
            from screens.capacity_item import HeadroomScreen

            await app.push_screen(HeadroomScreen(around, message.key))
        case CostItemRequested() if app.may_open(message.asked_by):
            from screens.cost import CostItemScreen

            await app.push_screen(CostItemScreen(around, message.key))
        case CapacityRead() if app.shown is not None:
            app.shown.runs_changed()


def _look(app: Console, aside: Aside, around: Surroundings, *, cost: bool) -> None:
    def read(runs: ConsoleRuns) -> None:
        if cost:
            runs.read_cost(around.cost)
        else:
            runs.read_capacity(around.capacity)
        app.post_message(CapacityRead())

    if around.runs.read:  # else the screen asks once more when it is told of them
        aside(read)
