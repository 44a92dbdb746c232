"""How the tests drive the first run: a real App, keys alone, and what its screen shows as plain text."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.events import Key
from textual.pilot import Pilot

from app.firstrun import End, FirstRun
from app.firstrun_draft import with_site
from app.looks import Look
from store.estate import Site, SiteRole
from tests.screens.piloting import pressed, settled

LIMIT_S = 30.0


@dataclass
class Guided:
    """A first run that is under way."""

    app: FirstRun
    pilot: Pilot[End]
    ascii_only: bool = False

    async def settle(self) -> None:
        await settled(self.pilot)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await pressed(self.pilot, key)

    def send(self, *keys: str) -> None:
        """Press keys all at once, as they come over a slow line."""
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))

    async def type(self, *texts: str) -> None:
        """Each text in the field that has the focus, in place of what stands there; then on to the next field."""
        for text in texts:
            self.send("ctrl+u", *text, "tab")
        await self.settle()

    async def wait_for(self, *words: str) -> None:
        """Wait until the screen shows all the words, line ends counting as blanks."""
        await self.until(lambda: all(word in " ".join(self.text.split()) for word in words), f"{words} not shown")

    async def until(self, predicate: Callable[[], bool], message: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not predicate():
            if time.monotonic() > deadline:
                raise AssertionError(f"{message}; the screen shows:\n{self.text}")
            await self.pilot.pause(0.02)

    @property
    def text(self) -> str:
        """What the screen shows, without styles, trailing blanks removed."""
        strips = self.app.screen._compositor.render_strips()
        lines = ("".join(segment.text for segment in strip).rstrip() for strip in strips)
        return "\n".join(lines).rstrip() + "\n"

    def line(self, containing: str) -> str:
        return next(line for line in self.text.splitlines() if containing in line)


@asynccontextmanager
async def guided(path: Path, size: tuple[int, int] = (80, 24), *, ascii_only: bool = False) -> AsyncIterator[Guided]:
    """A first run whose configuration would be at ``path``, its offer shown."""
    app = FirstRun(path, Look(ascii_only=ascii_only))
    async with app.run_test(size=size) as pilot:
        running = Guided(app, pilot, ascii_only)
        await running.wait_for("Nothing is configured yet")
        yield running


async def at_sites(running: Guided) -> None:
    """Two sites as :func:`with_sites` enters them, without its keys: for tests of what comes after."""
    for site in (Site("paris", SiteRole.PROD), Site("lyon", SiteRole.DR)):
        running.app.draft = with_site(running.app.draft, site)
    await running.press("c")
    await running.wait_for("Sites and devices", "paris", "lyon dr")


async def with_sites(running: Guided) -> None:
    """Enter two sites: paris (prod) and lyon (dr)."""
    await running.press("c")
    running.send(*"paris", "ctrl+s")
    await running.wait_for("Sites and devices", "paris", "prod")
    await running.press("s")
    running.send(*"lyon", "enter", "right", "ctrl+s")
    await running.wait_for("Sites and devices", "lyon dr")
