"""The console: the full-screen App. It opens the store, shows the panes over its view, and lets the sweep begin.

The first frame waits for nothing; the store is opened on a thread, the panes show its last known state, and only then
are the libraries loaded that talk to devices.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

import screens
from app.machinery import Machinery
from screens.actions import PANES
from screens.base import EstateScreen
from screens.cells import Cell, Tone
from screens.messages import (
    BackRequested,
    DetailRequested,
    EstateChanged,
    HelpRequested,
    PaneRequested,
    QuitRequested,
    SweepRequested,
)
from screens.status import LOADING
from screens.surroundings import Notice, Surroundings
from screens.widgets.block import Block
from store.errors import StoreError
from store.estate import Site
from store.records import Change
from store.view import EstateView

if TYPE_CHECKING:
    from app.settings_records import Settings

TICK_S = 1.0
REDRAW_S = 0.2
"""The least time between two redraws for changes: many changes at once become one."""

STORE_EXIT = 4
FAILED_EXIT = 1


@dataclass
class StoreOpened(Message):
    """The store is open and its view holds the estate as last seen."""

    view: EstateView


@dataclass
class StartFailed(Message):
    """The store could not be opened, or the sweep could not begin."""

    error: Exception


@dataclass
class NoticeGiven(Message):
    """The schedule has something to say."""

    text: str


class Console(App[int]):
    """Shows the estate. ``begin`` opens the store and gives its view; it is called on a thread. ``sweep`` begins to
    read the devices; it is called on a thread once the first pane is shown. ``sweep_now`` reads one device, or all."""

    CSS_PATH = Path(screens.__file__).with_name("drdeck.tcss")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "drdeck"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[object]]]] = {}

    def __init__(
        self,
        begin: Callable[[], EstateView],
        sweep: Callable[[Callable[[str], None]], None],
        sweep_now: Callable[[str | None], None],
        *,
        sites: tuple[Site, ...] = (),
        lab: bool = False,
        read_only: bool = False,
        ascii_only: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._begin = begin
        self._sweep = sweep
        self._sweep_now = sweep_now
        self._sweeping = threading.Event()
        self._redraw_due = False
        self._unsubscribe: Callable[[], None] | None = None
        self.failure: Exception | None = None
        self.around = Surroundings(
            EstateView.of(), clock, sites, lab, read_only, ascii_only, sweeping=self._sweeping.is_set
        )

    # ----------------------------------------------------------------------------------------------- the start

    def compose(self) -> ComposeResult:
        yield Block([(Cell("drdeck", Tone.HEADING),), (Cell("Opening the store …", Tone.DIM),)], id="starting")

    def on_mount(self) -> None:
        self.set_interval(TICK_S, self._tick)
        self.call_after_refresh(self._in_thread, "open the store", self._open)

    def _in_thread(self, name: str, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:
                self.post_message(StartFailed(error))

        # A daemon, so that a store or a library that hangs cannot keep the console from ending.
        threading.Thread(target=guarded, name=name, daemon=True).start()

    def _open(self) -> None:
        view = self._begin()
        self._unsubscribe = view.subscribe(self._changed)
        self.post_message(StoreOpened(view))

    def _changed(self, change: Change) -> None:
        self.post_message(EstateChanged())

    async def on_store_opened(self, message: StoreOpened) -> None:
        self.around.view = message.view
        for pane in PANES:
            self.add_mode(pane.id, self._pane_factory(pane.id))
        await self.switch_mode(PANES[0].id)
        self.call_after_refresh(self._in_thread, "begin the sweep", self._begin_sweep)

    def _begin_sweep(self) -> None:
        self._sweep(self._say)
        self._sweeping.set()

    def _say(self, text: str) -> None:
        self.post_message(NoticeGiven(text))

    def on_start_failed(self, message: StartFailed) -> None:
        """A store that cannot be opened ends the console; without a sweep it still shows the last known state."""
        if self.around.view.devices() and not isinstance(message.error, StoreError):
            self._notice(f"devices are not read: {message.error}. What is shown is the last known state")
            return
        self.failure = message.error
        self.exit(return_code=STORE_EXIT if isinstance(message.error, StoreError) else FAILED_EXIT)

    # ------------------------------------------------------------------------------------------------- screens

    def _pane_factory(self, pane: str) -> Callable[[], Screen[None]]:
        def make() -> Screen[None]:
            match pane:
                case "overview":
                    from screens.overview import Overview

                    return Overview(self.around)
                case "lpars":
                    from screens.lpars import LparsPane

                    return LparsPane(self.around)
                case "pgroups":
                    from screens.pgroups import PgroupsPane

                    return PgroupsPane(self.around)
                case "rcgs":
                    from screens.rcgs import RcgsPane

                    return RcgsPane(self.around)
                case "replicas":
                    from screens.replicas import ReplicasPane

                    return ReplicasPane(self.around)
                case "devices":
                    from screens.devices import DevicesPane

                    return DevicesPane(self.around)
                case _:
                    from screens.events import EventsPane

                    return EventsPane(self.around)

        return make

    def _detail(self, kind: str, key: str) -> Screen[None]:
        match kind:
            case "lpar":
                from screens.detail_lpar import LparDetail

                return LparDetail(self.around, key)
            case "pgroup":
                from screens.detail_pgroup import PgroupDetail

                return PgroupDetail(self.around, key)
            case "rcg_pair":
                from screens.detail_rcg import RcgDetail

                return RcgDetail(self.around, key)
            case "vm":
                from screens.detail_vm import VmDetail

                return VmDetail(self.around, key)
            case "device":
                from screens.detail_device import DeviceDetail

                return DeviceDetail(self.around, key)
        raise ValueError(f"nothing shows a {kind}")

    async def on_pane_requested(self, message: PaneRequested) -> None:
        await self._leave_details()
        if self.current_mode != message.pane:
            await self.switch_mode(message.pane)

    async def _leave_details(self) -> None:
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    async def on_detail_requested(self, message: DetailRequested) -> None:
        # A key that repeats while the detail is being made must not open it twice.
        if len(self.screen_stack) == 1:
            await self.push_screen(self._detail(message.kind, message.key))

    async def on_help_requested(self, message: HelpRequested) -> None:
        from screens.help import HelpScreen

        asking = self.screen
        if isinstance(asking, EstateScreen) and not isinstance(asking, HelpScreen):
            await self.push_screen(HelpScreen(self.around, asking.situation(), asking.PANE))

    async def on_back_requested(self, message: BackRequested) -> None:
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        elif self.current_mode != PANES[0].id:
            await self.switch_mode(PANES[0].id)

    def on_sweep_requested(self, message: SweepRequested) -> None:
        if self._sweeping.is_set():
            self._sweep_now(message.device)

    def on_quit_requested(self, message: QuitRequested) -> None:
        self.exit(return_code=0)

    # ------------------------------------------------------------------------------------------------- changes

    def on_estate_changed(self, message: EstateChanged) -> None:
        if not self._redraw_due:
            self._redraw_due = True
            self.set_timer(REDRAW_S, self._redraw)

    def _redraw(self) -> None:
        self._redraw_due = False
        if isinstance(self.screen, EstateScreen):
            self.screen.redraw()

    def _tick(self) -> None:
        if isinstance(self.screen, EstateScreen) and self.screen.is_active:
            self.screen.tick()

    def on_notice_given(self, message: NoticeGiven) -> None:
        self._notice(message.text)

    def _notice(self, text: str) -> None:
        self.around.notice = Notice(self.around.clock(), text)
        self._redraw()

    def get_loading_widget(self) -> Widget:
        """Static text: an animated indicator sends bytes for as long as it stands."""
        return Static(LOADING.text)

    def _fatal_error(self) -> None:
        """End without the toolkit's report: it prints every local variable, and one may hold a secret."""
        self.failure = self.failure or self._exception
        self._close_messages_no_wait()

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()


def run_console(settings: Settings, store_path: Path, read_only: bool) -> int:
    """Run the console until it is left; returns the exit code: 0, or 4 where the store cannot be used. A defect of the
    console itself is raised."""
    machinery = Machinery(settings, store_path)
    console = Console(
        machinery.open,
        machinery.sweep,
        machinery.sweep_now,
        sites=settings.sites,
        lab=settings.lab,
        read_only=read_only,
        ascii_only="utf" not in (sys.stdout.encoding or "").lower(),
    )
    try:
        console.run()
    finally:
        machinery.close()
    failure = console.failure
    if isinstance(failure, StoreError):
        print(f"{failure.message}\n{failure.hint}", file=sys.stderr)
    elif failure is not None:
        raise failure
    return console.return_code or 0
