"""How the tests drive the console: a real App on a view filled by hand, and what its screen shows as plain text."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from textual.app import App
from textual.pilot import Pilot

from app.auto_desk import BeginAuto
from app.console import Console
from app.files import Files
from app.room_desk import BeginRoom
from app.run_desk import BeginRuns
from app.schedule_desk import BeginSchedules
from screens.base import EstateScreen
from store.replications import Replicated
from store.view import EstateView
from tests.screens.estate import SITES, Clock

LIMIT_S = 20.0

BESIDE_S = 1.0
"""How long is waited at most for what the console looks at between two keys."""

P = ParamSpec("P")
Ending = TypeVar("Ending")

KEY_NAMES = {
    " ": "space",
    ":": "colon",
    ">": "greater_than_sign",
    "<": "less_than_sign",
    "-": "minus",
    "_": "underscore",
    "!": "exclamation_mark",
}


@dataclass
class Driven:
    """A running console. ``swept`` are the devices that were asked for, None for all."""

    console: Console
    pilot: Pilot[int]
    clock: Clock
    swept: list[str | None] = field(default_factory=list)

    async def settle(self) -> None:
        """Wait until every message is handled and every widget is drawn."""
        await settled(self.pilot)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await pressed(self.pilot, key)

    async def type(self, text: str) -> None:
        """Type a text, character by character."""
        await self.press(*(KEY_NAMES.get(char, char) for char in text))

    async def command(self, text: str) -> None:
        """Type a command behind the colon and press Enter."""
        await self.press("colon")
        await self.type(text)
        await self.press("enter")

    async def wait_for(self, predicate: Callable[[], bool], message: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not predicate():
            if time.monotonic() > deadline:
                raise AssertionError(f"{message}; the screen shows:\n{self.text}")
            await self.pilot.pause(0.01)

    @property
    def screen(self) -> EstateScreen:
        screen = self.console.screen
        assert isinstance(screen, EstateScreen)
        return screen

    @property
    def text(self) -> str:
        """What the screen shows, without styles, trailing blanks removed."""
        return "\n".join(line.rstrip() for line in rendered(self.console)).rstrip() + "\n"

    def line(self, containing: str) -> str:
        """The first line of the screen with this text."""
        for line in self.text.splitlines():
            if containing in line:
                return line
        raise AssertionError(f"no line has {containing!r}:\n{self.text}")


async def pressed(pilot: Pilot[Ending], key: str) -> None:
    """Press a key and wait until all that follows from it is done."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("textual.app.wait_for_idle", _delivered)
        await pilot.press(key)
    await settled(pilot)


async def _delivered(*_: float) -> None:
    """In place of the toolkit's wait for an idle processor: at least 40 ms a key, and no proof of anything
    where other programs keep the processor busy. The key has reached the queue of the app; :func:`settled` waits for
    the rest."""
    for _turn in range(5):
        await asyncio.sleep(0)


async def settled(pilot: Pilot[Ending]) -> None:
    """Wait until nothing is to be done any more: no message is queued or being handled, every widget is drawn, and what
    the console looks at between two keys has been looked at."""
    app, began, quiet = pilot.app, time.monotonic(), 0
    while quiet < 2 and app.is_running and not app._exit:
        await pilot._wait_for_screen()
        app.screen._on_timer_update()
        waited = time.monotonic() - began
        if waited > LIMIT_S:
            raise AssertionError("it does not come to rest")
        if _busy(app) or (_works(app) and waited < BESIDE_S):
            quiet = 0
            await asyncio.sleep(0.001)
        else:
            quiet += 1


def _works(app: App[Ending]) -> bool:
    return isinstance(app, Console) and app._pacing.working


def _busy(app: App[Ending]) -> bool:
    """Whether a message is queued, a call is due or something waits to be drawn."""
    screen = app.screen
    return bool(
        getattr(app, "held", 0)
        or screen._callbacks
        or screen._layout_required
        or screen._repaint_required
        or screen._dirty_widgets
        or any(node.is_running and (node.message_queue_size or node._next_callbacks) for node in (app, *app._registry))
    )


def rendered(console: Console) -> list[str]:
    """The lines on the screen. The one place that knows how to ask Textual for them."""
    compositor = console.screen._compositor
    return ["".join(segment.text for segment in strip) for strip in compositor.render_strips()]


@asynccontextmanager
async def driven(
    view: EstateView,
    size: tuple[int, int] = (80, 24),
    clock: Clock | None = None,
    *,
    lab: bool = True,
    read_only: bool = False,
    ascii_only: bool = False,
    cached: bool = False,
    folder: Path | None = None,
    begin_runs: BeginRuns | None = None,
    begin_schedules: BeginSchedules | None = None,
    begin_auto: BeginAuto | None = None,
    begin_room: BeginRoom | None = None,
    replicated: tuple[Replicated, ...] = (),
) -> AsyncIterator[Driven]:
    """A console on ``view``, its first pane shown and its sweep begun. ``folder`` is where it keeps saved filters."""
    swept: list[str | None] = []
    standing = clock or Clock()
    console = Console(
        lambda: view,
        lambda say: None,
        swept.append,
        begin_runs,
        None,
        begin_schedules,
        begin_auto,
        begin_room,
        sites=SITES,
        lab=lab,
        read_only=read_only,
        ascii_only=ascii_only,
        cached=cached,
        files=Files(folder),
        clock=standing,
        rto_s=300.0,
        replicated=replicated,
    )
    async with console.run_test(size=size) as pilot:
        running = Driven(console, pilot, standing, swept)
        await running.wait_for(lambda: isinstance(console.screen, EstateScreen), "no pane is shown")
        await running.wait_for(lambda: cached or console.around.sweeping(), "the sweep did not begin")
        if begin_runs is not None:
            await running.wait_for(lambda: console.around.runs.read, "the runs are not read")
        if begin_schedules is not None:
            await running.wait_for(lambda: console.around.schedules.read, "the schedules are not read")
        if begin_auto is not None:
            await running.wait_for(lambda: console.around.auto.read, "automatic failover is not read")
        if begin_room is not None:
            await running.wait_for(lambda: console.around.incidents.read, "the alerts are not read")
        running.screen.redraw()
        await running.settle()
        yield running


def piloted(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an asynchronous test on a loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(_awaited(test(*args, **kwargs)))

    return run


async def _awaited(result: Awaitable[None]) -> None:
    await result
