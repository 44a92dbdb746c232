"""Tells operators in the background: looks at what there is to tell, and sends it. For consoles and the scheduler."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.notify.bell import Bell
from app.notify.sender import Sender, Trouble
from app.notify.sources import DeviceSource, ReadinessSource, ReplicaSource, RunSource
from app.recovery.operations import holder
from store.errors import StoreError
from store.outbox import Outbox

if TYPE_CHECKING:
    from app.settings_records import Settings
    from store.ledger import Ledger
    from store.readiness_view import ReadinessView
    from store.view import EstateView

TICK_S = 1.0
STOP_S = 2.0
"""How long a message that is on its way may take when this program ends: what is left then is sent by the next one."""


class Notifier:
    """Looks and sends about once a second, on a thread of its own. ``looks`` are the sources to look at; ``trouble`` is
    told what cannot be sent or kept. ``outbox`` is closed at the end."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        looks: Sequence[Callable[[], None]],
        trouble: Trouble = lambda text: None,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._looks = tuple(looks)
        self._trouble = trouble
        self._said: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)

    def start(self) -> None:
        """Begin. Returns at once."""
        self._thread.start()

    def close(self, limit_s: float = STOP_S) -> None:
        """End within about ``limit_s`` seconds. Never raises."""
        self._closed.set()
        self._thread.join(limit_s)
        self._sender.close(limit_s)
        self._outbox.close()

    def drain(self, limit_s: float) -> int:
        """Look once more, send all that waits, window or not, and end within about ``limit_s`` seconds: for a program
        that is not there any more when a window ends. Says how many notices wait all the same. Never raises."""
        self._closed.set()
        self._thread.join(limit_s)
        until = time.monotonic() + limit_s
        self._each(self._looks)
        while True:
            self._each((lambda: self._sender.tick(flush=True),))
            if not self._sender.sending or time.monotonic() > until:
                break
            time.sleep(0.02)
        waiting: list[int] = []
        self._each((lambda: waiting.append(self._outbox.waiting),))
        self._sender.close(0.0)
        self._outbox.close()
        return sum(waiting)

    def _work(self) -> None:
        self._each((self._sender.tidy,))
        while not self._closed.is_set():
            self._each((*self._looks, self._sender.tick))
            self._closed.wait(TICK_S)

    def _each(self, works: Sequence[Callable[[], object]]) -> None:
        """Do each, whatever becomes of another; each sentence about what went wrong is said once."""
        for work in works:
            try:
                work()
            except StoreError as error:
                self._say(f"Notifications: {error}")
            except Exception as error:  # its text may hold anything
                self._say(f"Notifications: a defect, {type(error).__name__}")

    def _say(self, text: str) -> None:
        if text not in self._said and not self._closed.is_set():
            self._said.add(text)
            self._trouble(text)


def notifier(
    settings: Settings,
    ledger: Ledger,
    view: EstateView | None = None,
    readiness: ReadinessView | None = None,
    trouble: Trouble = lambda text: None,
    ring: Callable[[], object] | None = None,
) -> Notifier | None:
    """The notifier of a program that has the store of ``ledger`` open; None where the configuration names no channel.

    ``view`` is that of a program that reads the devices, ``readiness`` of one that checks LPARs; ``ring`` rings the
    bell of one that has a terminal. Raises StoreError."""
    if not settings.notifications:
        return None
    outbox = Outbox(ledger.path, opened=True)
    sources: list[RunSource | DeviceSource | ReplicaSource | ReadinessSource] = [RunSource(outbox, ledger, settings)]
    if view is not None:
        sources += [DeviceSource(outbox, view), ReplicaSource(outbox, view, settings)]
    if readiness is not None:
        sources.append(ReadinessSource(outbox, readiness))
    looks = [source.look for source in sources]
    if ring is not None:
        looks.append(Bell(outbox, settings.notifications, ring).tick)
    sender = Sender(outbox, settings.notifications, holder(), trouble, lab=settings.lab)
    return Notifier(outbox, sender, looks, trouble)
