"""The App behind the wall: it opens the store and follows what others write there. It asks no device."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from textual import constants
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Static

from app.appearance import title
from app.looks import Look
from app.machinery import Machinery
from app.settings_records import Settings
from app.terminal_app import TerminalApp
from screens.messages import QuitRequested
from screens.run_messages import RunsChanged
from screens.surroundings import Notice, Surroundings
from screens.wall import WallScreen
from store.errors import StoreError

TICK_S, FOLLOW_S = 1.0, 2.0
WHY_NOT = "a wall runs nothing"
STORE_EXIT, FAILED_EXIT = 4, 1

SAVED_S, MISSED, LATE_AT_LEAST_S = 60.0, 3, 180.0
"""When devices were last read is saved once a minute; three missed sweeps are silence."""


@dataclass
class Opened(Message):
    """The store is open."""

    around: Surroundings


@dataclass
class Failed(Message):
    """Something of the wall failed; the wall ends where ``ends``."""

    error: Exception
    ends: bool


def late_s(settings: Settings) -> float:
    """How old the newest reading of all devices may be, in seconds, before nobody seems to read them."""
    soonest = min((device.interval_s for device in settings.devices), default=0.0)
    return max(LATE_AT_LEAST_S, MISSED * soonest + SAVED_S)


class Wall(TerminalApp[int]):
    """``machinery`` is that of this process: of it only the store, the runs and the schedules are begun, to be read."""

    def __init__(
        self,
        settings: Settings,
        machinery: Machinery,
        look: Look,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        named = title((site.name for site in settings.sites), lab=settings.lab, drill=look.drill, twin=settings.twin)
        super().__init__(look, f"{named} wall", clock)
        if constants.DRIVER is not None:  # in a browser it draws for whoever started it, not for a terminal
            self.driver_class = self.get_driver_class()
        self._settings = settings
        self._machinery = machinery
        self._look = look
        self._over = threading.Event()
        self.around: Surroundings | None = None

    def compose(self) -> ComposeResult:
        yield Static("drdeck wall\nOpening the store ...", id="starting")

    async def on_mount(self) -> None:
        self._aside("open the store", self._open, ends=True)

    def on_unmount(self) -> None:
        self._over.set()

    def _aside(self, name: str, work: Callable[[], None], *, ends: bool = False) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:
                self.post_message(Failed(error, ends))

        threading.Thread(target=guarded, name=name, daemon=True).start()

    def _open(self) -> None:
        view = self._machinery.open()
        look, settings = self._look, self._settings
        around = Surroundings(
            view,
            self.clock,
            settings.sites,
            lab=settings.lab,
            twin=settings.twin,
            read_only=True,
            ascii_only=look.ascii_only,
            drill=look.drill,
            rto_s=settings.rto_s,
            replicated=tuple(one.shown for one in settings.replications),
        )
        self.post_message(Opened(around))

    async def on_opened(self, message: Opened) -> None:
        self.around = message.around
        await self.push_screen(WallScreen(message.around, late_s(self._settings)))
        self.set_interval(TICK_S, self._tick)
        self._aside("follow the store", self._follow)
        self._aside("watch the runs", self._watch)

    def _watch(self) -> None:
        """Begin to read the runs and the schedules; nothing is begun or done here."""
        if self.around is None:
            return
        runs, say = self.around.runs, self._say
        self._machinery.begin_runs(runs, self._runs_changed, say, read_only=True, cached=True)
        self._machinery.begin_schedules(self.around.schedules, self._runs_changed, say, WHY_NOT)
        views = (self.around.alerts, self.around.incidents)
        self._machinery.begin_room(views, self.around.readiness, self._runs_changed, WHY_NOT, cached=True)

    def _follow(self) -> None:
        """Take over what others write of the estate, until the wall ends."""
        self._machinery.follow(self._over, FOLLOW_S)

    def _say(self, text: str) -> None:
        self.post_message(Failed(RuntimeError(text), ends=False))

    def _runs_changed(self) -> None:
        self.post_message(RunsChanged())

    # ------------------------------------------------------------------------------------------------- on the loop

    def _tick(self) -> None:
        if isinstance(self.screen, WallScreen):
            self.screen.tick()

    def on_runs_changed(self, message: RunsChanged) -> None:
        self._tick()

    def on_failed(self, message: Failed) -> None:
        error = message.error
        if message.ends or isinstance(error, StoreError):
            self.failure = error
            self.exit(return_code=STORE_EXIT if isinstance(error, StoreError) else FAILED_EXIT)
        elif self.around is not None:
            self.around.notice = Notice(self.clock(), str(error))
            self._tick()

    def on_quit_requested(self, message: QuitRequested) -> None:
        self.exit(return_code=0)

    async def action_quit(self) -> None:
        self.exit(return_code=0)
