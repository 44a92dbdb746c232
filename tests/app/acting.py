"""Acting from the screens: the console, its store and the lab's arrays, driven as an operator does."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.console import Console
from app.files import Files
from app.lacking import lacking
from app.machinery import Machinery
from app.permits import Permits
from app.settings import load
from screens.base import EstateScreen
from store.ledger import Ledger
from store.runs import Run
from tests.screens.piloting import Driven

LIMIT_S = 60.0


class Acting(Driven):
    """A driven console on the lab."""

    async def see(self, *words: str, absent: bool = False) -> str:
        """Wait until the screen shows all the words; returns the screen."""
        deadline = time.monotonic() + LIMIT_S
        while not all((word in self.text) is not absent for word in words):
            if time.monotonic() > deadline:
                raise AssertionError(f"not {'gone' if absent else 'shown'}: {words}\n{self.text}")
            await self.pilot.pause(0.05)
        return self.text

    async def keys(self, *keys: str) -> None:
        """Press keys without waiting for what they lead to: a run never lets the screen come to rest. Nobody accepts
        what has not been painted yet."""
        for key in keys:
            while key == "ctrl+y" and self.console.held:
                await self.pilot.pause(0.02)
            await self.pilot.press(key)

    async def words(self, text: str) -> None:
        names = {" ": "space", "-": "minus", ":": "colon", "_": "underscore"}
        await self.keys(*(names.get(char, char) for char in text))

    async def filtered(self, pane: str, text: str, *shown: str) -> None:
        """Go to the first row of a pane that a filter leaves, once the screen shows the words."""
        await self.keys(pane, "colon")
        await self.words(f"filter {text}")
        await self.keys("enter")
        await self.see(f"/{text}", *shown)
        await self.keys("g")

    async def order(self, text: str) -> None:
        await self.keys("colon")
        await self.words(f"do {text}")
        await self.keys("enter")

    async def agree(self, *words: str) -> None:
        """Type the words of the dialog, and begin."""
        await self.keys("tab")
        for text in words:
            await self.words(text.replace("NAME", "ana"))
            await self.keys(*(["enter"] if text.endswith("NAME") else []))
        await self.see("Everything is typed")
        await self.keys("ctrl+y")


A = TypeVar("A", bound=Acting)


@asynccontextmanager
async def acting(
    kind: type[A], config: Path, path: Path, *, read_only: bool = False, size: tuple[int, int] = (110, 40)
) -> AsyncIterator[A]:
    """A console on the devices of ``config``, with its store at ``path``, once its runs are read."""
    settings = load(config)
    machinery, permits = Machinery(settings, path), Permits(settings)
    app = Console(
        machinery.open,
        machinery.sweep,
        machinery.sweep_now,
        partial(machinery.begin_runs, read_only=read_only),
        machinery.begin_checks,
        machinery.begin_schedules,
        sites=settings.sites,
        lab=True,
        read_only=read_only,
        files=Files(path.parent),
        rto_s=settings.rto_s,
        lacks=lacking(permits),
        approvers=lambda run: permits.who_approves(run.plan),
    )
    try:
        async with app.run_test(size=size) as pilot:
            running = kind(app, pilot, None, [])  # type: ignore[arg-type]
            await running.wait_for(lambda: isinstance(app.screen, EstateScreen), "no pane is shown")
            await running.wait_for(lambda: app.around.runs.read, "the runs are not read")
            yield running
    finally:
        machinery.close()


def runs(path: Path) -> list[Run]:
    with closing(Ledger(path)) as ledger:
        return list(ledger.runs())
