"""What the console does with infrastructure: shows it, and counts on a thread what falls with a part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from screens.infra_messages import AboutInfra, BlastAged, BlastRequested, InfraRead, InfraRequested

if TYPE_CHECKING:
    from app.console import Console
    from app.recovery.console_runs import ConsoleRuns
    from screens.surroundings import Surroundings

Aside = Callable[[Callable[["ConsoleRuns"], None]], None]
"""Has something done on a thread, with the runs of this console."""


async def hear(app: Console, aside: Aside, around: Surroundings, message: AboutInfra) -> None:
    """Do what a screen asks for."""
    from app import places
    from screens.infra import TOP, InfraScreen
    from screens.levels import Ref

    match message:
        case InfraRequested():
            if not (isinstance(app.shown, InfraScreen) and app.shown.ref == TOP):
                await app.push_screen(places.level(TOP, around, ()))

            def read(runs: ConsoleRuns) -> None:
                runs.read_infra(around.infra)
                app.post_message(InfraRead())

            if around.runs.read:  # else the screen asks once more when it is told of them
                aside(read)
        case BlastRequested() if app.may_open(message.asked_by):
            around.infra.radii.pop((message.kind, message.key), None)
            await app.push_screen(places.level(Ref("infra.blast", message.key, message.kind), around, ()))
            _count(app, aside, around, message.kind, message.key)
        case BlastAged():
            _count(app, aside, around, message.kind, message.key)
        case InfraRead() if app.shown is not None:
            app.shown.infra_changed()


def _count(app: Console, aside: Aside, around: Surroundings, kind: str, key: str) -> None:
    """Count what falls, unless a thread is at it."""
    node, counting = (kind, key), around.infra.counting

    def count(runs: ConsoleRuns) -> None:
        if node in counting:
            return
        counting.add(node)
        try:
            runs.count_radius(around.infra, node)
        finally:
            counting.discard(node)
        app.post_message(InfraRead())

    if around.runs.read:
        aside(count)
