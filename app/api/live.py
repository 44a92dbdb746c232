"""Changes as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

A change names the list, what happened and the id; whoever is told reads the row anew. Whoever was away says with
``Last-Event-ID`` what came last; where that is too long ago, ``missed`` says that all is to be read anew.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from msgspec.json import encode

KEPT = 5_000
"""So many changes are kept for whoever was away; one who falls further behind has missed some."""

QUIET_S = 15.0
"""After so long without a change a comment is sent, so that a line that broke is noticed."""


class Feed:
    """The changes of this process. ``change`` may be called from any thread; the rest on the loop."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def attach(self) -> None:
        """Tell those who listen on the loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def change(self, name: str, what: str, row: str) -> None:
        """Row ``row`` of the list ``name`` was ``added``, ``changed`` or ``removed``."""
        data = encode({"list": name, "change": what, "id": row})
        self._on_loop(lambda: self._take(data))

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._on_loop(self._wake)

    def _on_loop(self, work: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody listens
                self._loop.call_soon_threadsafe(work)

    def _take(self, data: bytes) -> None:
        self._number += 1
        self._kept.append((self._number, data))
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def stream(self, last: str | None) -> AsyncIterator[bytes]:
        """The changes behind the event ``last`` as it was sent, or from now on; until the service ends."""
        at, missed = self._resumed(last)
        yield b"event: missed\ndata: {}\n\n" if missed else b": listening\n\n"
        while not self._closed:
            news = self._news
            oldest = self._kept[0][0] if self._kept else self._number + 1
            if at + 1 < oldest and at < self._number:
                at = self._number
                yield b"event: missed\ndata: {}\n\n"
            for number, data in [each for each in self._kept if each[0] > at]:
                at = number
                yield b"id: %s-%d\nevent: change\ndata: %s\n\n" % (self._epoch.encode(), number, data)
            try:
                await asyncio.wait_for(news.wait(), QUIET_S)
            except TimeoutError:
                yield b": still here\n\n"

    def _resumed(self, last: str | None) -> tuple[int, bool]:
        """Where to go on, and whether anything before that is lost."""
        if last is None:
            return self._number, False
        epoch, _, number = last.rpartition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()) or int(number) > self._number:
            return self._number, True
        return int(number), False
