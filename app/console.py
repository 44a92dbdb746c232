"""The console: the full-screen App. It opens the store, shows the panes over its view, and lets the sweep begin.

The first frame waits for nothing; the store is opened on a thread, the panes show its last known state, and only then
are the libraries loaded that talk to devices.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

import screens
from app import copying, looks, terminal
from app.appearance import Appearance, slow_line_text, title
from app.line_speed import LineSpeed
from app.looks import Look
from app.machinery import Machinery
from app.paths import state_dir
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
from screens.themes import DEFAULT, PALETTES
from screens.widgets.block import Block
from store.errors import StoreError
from store.estate import Site
from store.records import Change
from store.view import EstateView

if TYPE_CHECKING:
    from app.settings_records import Settings

TICK_S = 1.0

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
    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+z", "suspend_process", "Suspend")]

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
        look: Look | None = None,
    ) -> None:
        look = look or Look()
        speed = LineSpeed()
        named = title(sites, lab=lab, drill=look.drill) if look.titled else None
        super().__init__(driver_class=terminal.driver_class(speed, named))
        self._begin = begin
        self._sweep = sweep
        self._sweep_now = sweep_now
        self._sweeping = threading.Event()
        self._redraw_due = False
        self._unsubscribe: Callable[[], None] | None = None
        self.failure: Exception | None = None
        self.around = Surroundings(
            EstateView.of(),
            clock,
            sites,
            lab,
            read_only,
            ascii_only or look.ascii_only,
            sweeping=self._sweeping.is_set,
            drill=look.drill,
        )
        self._clipboard_way = look.clipboard
        self.appearance = Appearance(self, look, self.around, speed)

    # ----------------------------------------------------------------------------------------------- the start

    def compose(self) -> ComposeResult:
        lines = [(Cell("drdeck", Tone.HEADING),), (Cell("Opening the store …", Tone.DIM),)]
        yield Block(lines, ascii_only=self.around.ascii_only, id="starting")

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._paint_all)
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
            self.set_timer(self.appearance.gather_s, self._redraw)

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

    # ---------------------------------------------------------------------------------------------- the terminal

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return PALETTES[DEFAULT].variables()

    def get_line_filters(self) -> Sequence[LineFilter]:
        return self.appearance.filters(super().get_line_filters())

    def set_theme(self, name: str) -> str | None:
        """Put on a theme; returns why it is refused."""
        return self.appearance.set_theme(name)

    def set_slow_link(self, on: bool) -> None:
        """Send less over a slow line, or as much as there is."""
        self.appearance.set_slow_link(on)

    def on_line_proved_slow(self, message: terminal.LineProvedSlow) -> None:
        if not self.appearance.slow_link:
            self._notice(slow_line_text(message.bytes_s))

    def copy(self, text: str, what: str) -> str:
        """Copy to the operator's clipboard, or save to a file where it cannot be; returns the sentence to show."""
        write = self._driver.write if self._driver is not None else lambda data: None
        return copying.copy(text, what, self._clipboard_way, write, state_dir(), self.around.clock())

    def copy_to_clipboard(self, text: str) -> None:
        self._clipboard = text
        self.copy(text, "the selection")

    def action_suspend_process(self) -> None:
        """Give the terminal back to the shell, until ``fg``."""
        reason = terminal.not_suspendable()
        if reason is None:
            super().action_suspend_process()
        elif isinstance(self.screen, EstateScreen):
            self.screen.say(reason)

    def _paint_all(self, resumed: App[object]) -> None:
        """After a stop the terminal shows what the shell left there."""
        self.refresh(layout=True)

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


def run_console(settings: Settings, store_path: Path, read_only: bool, flags: looks.Flags) -> int:
    """Run the console until it is left; returns the exit code: 0, 4 where the store cannot be used, or 128 and the
    number of the signal that ended it (a terminal that is gone counts as a hang-up). A defect of the console itself is
    raised."""
    machinery = Machinery(settings, store_path)
    look = looks.choose(flags, settings, os.environ, sys.stdout.encoding or "")
    console = Console(
        machinery.open,
        machinery.sweep,
        machinery.sweep_now,
        sites=settings.sites,
        lab=settings.lab,
        read_only=read_only,
        look=look,
    )
    try:
        console.run(mouse=look.mouse)
    finally:
        machinery.close()
    failure = console.failure
    if isinstance(failure, StoreError):
        print(f"{failure.message}\n{failure.hint}", file=sys.stderr)
    elif failure is not None:
        raise failure
    return console.return_code or 0
