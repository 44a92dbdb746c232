"""The console: the full-screen App. It opens the store, shows the panes over its view, and lets the sweep begin.

The first frame waits for nothing, not even for the modules that draw the panes: they are loaded, and the store is
opened, on a thread; the panes show its last known state, and only then are the libraries loaded that talk to devices.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from app import places
from app.appearance import slow_line_text, title
from app.asked_reading import AskedReading
from app.console_messages import NoticeGiven, Said, StartFailed, StoreOpened
from app.errands import Errands
from app.files import Files
from app.looks import Look
from app.pacing import WORK_PAUSE_S, Pacing
from app.terminal_app import TerminalApp
from screens.about import AboutAuto, AboutRoom, AboutRuns, AboutSchedules
from screens.themes import PALETTES

if TYPE_CHECKING:
    from app.auto_desk import AutoDesk, BeginAuto
    from app.room_desk import BeginRoom, RoomDesk
    from app.run_desk import BeginChecks, BeginRuns, RunDesk
    from app.schedule_desk import BeginSchedules, ScheduleDesk
    from app.terminal import LineProvedSlow
    from screens.base import EstateScreen
    from screens.messages import (
        BackRequested,
        CopyRequested,
        DetailRequested,
        EstateChanged,
        ExportRequested,
        FilterSaved,
        HelpRequested,
        LevelRequested,
        ObjectRequested,
        PaletteRequested,
        PaneRequested,
        QuitRequested,
        SiteRequested,
        SlowLineRequested,
        SuspendRequested,
        SweepRequested,
        ThemeRequested,
        ValuesRequested,
    )
    from screens.surroundings import Surroundings
    from store.estate import Site
    from store.records import Change
    from store.replications import Replicated
    from store.runs import Run
    from store.view import EstateView

TICK_S = 1.0
GC_THRESHOLD = (1_000, 5, 1_000)
"""Garbage is looked for in small pieces, a millisecond each, as a key waits for as long as one takes; and seldom among
all that there is, as an estate makes many objects that stay."""

SWITCH_S = 0.0005
"""How long a thread that loads or reads may keep the interpreter from the one that a frame or a key waits for; of the
usual 5 ms several add up."""

FIRST_PANE = "overview"
STORE_EXIT = 4
FAILED_EXIT = 1


class Console(TerminalApp[int]):
    """Shows the estate. ``begin`` opens the store and gives its view; it is called on a thread. ``sweep`` begins to
    read the devices; it is called on a thread once the first pane is shown. ``sweep_now`` reads one device, or all.
    ``begin_runs`` begins to watch and act for runs, likewise: it is given the view to keep, what to call when that
    changed, and whom to tell what went wrong; ``begin_checks`` then to check how LPARs stand, and
    ``begin_schedules`` to run what is due, ``begin_auto`` to show automatic failover, ``begin_room`` to look at what is
    wrong."""

    MODES: ClassVar[dict[str, str | Callable[[], Screen[object]]]] = {}

    def __init__(
        self,
        begin: Callable[[], EstateView],
        sweep: Callable[[Callable[[str], None]], None],
        sweep_now: Callable[[str | None], None],
        begin_runs: BeginRuns | None = None,
        begin_checks: BeginChecks | None = None,
        begin_schedules: BeginSchedules | None = None,
        begin_auto: BeginAuto | None = None,
        begin_room: BeginRoom | None = None,
        *,
        sites: tuple[Site, ...] = (),
        lab: bool = False,
        twin: datetime | None = None,
        read_only: bool = False,
        cached: bool = False,
        ascii_only: bool = False,
        first_pane: str = FIRST_PANE,
        files: Files | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        look: Look | None = None,
        rto_s: float | None = None,
        replicated: tuple[Replicated, ...] = (),
        lacks: Mapping[str, str] | None = None,
        approvers: Callable[[Run], str] = lambda run: "",
    ) -> None:
        look = look or Look()
        super().__init__(look, title((site.name for site in sites), lab=lab, drill=look.drill, twin=twin), clock)
        self._begin = begin
        self._sweep = sweep
        self._sweep_now = sweep_now
        self._sweeping = threading.Event()
        self._unsubscribe: Callable[[], None] | None = None
        self._reading = AskedReading(self.say_here)
        self._first_pane = first_pane
        self._cached = cached
        self._pacing = Pacing(self, lambda: self.shown, lambda: self._reading.tell(self.around.view.devices()))
        self._errands = Errands(self, files or Files(), lambda: self.shown, lambda text: self.post_message(Said(text)))
        self._begin_runs, self._begin_checks = begin_runs, begin_checks
        self._begin_schedules, self._begin_auto, self._begin_room = begin_schedules, begin_auto, begin_room
        self._given = {
            "clock": clock,
            "sites": sites,
            "lab": lab,
            "twin": twin,
            "read_only": read_only,
            "cached": cached,
            "ascii_only": ascii_only or look.ascii_only,
            "sweeping": self._sweeping.is_set,
            "drill": look.drill,
            "rto_s": rto_s,
            "replicated": replicated,
            "lacks": lacks or {},
            "approvers": approvers,
        }
        self.around: Surroundings
        self._desk: RunDesk
        self._schedules: ScheduleDesk
        self._auto: AutoDesk
        self._room: RoomDesk
        self._opened = False

    # ----------------------------------------------------------------------------------------------- the start

    def compose(self) -> ComposeResult:
        yield Static("drdeck\nOpening the store ...", id="starting")

    async def on_mount(self) -> None:
        self.set_interval(TICK_S, self._pacing.tick)
        # Collecting garbage among a hundred thousand objects that all stay costs more than making them.
        gc.disable()
        sys.setswitchinterval(SWITCH_S)

    def painted(self) -> None:
        self._in_thread("open the store", self._open)

    def _in_thread(self, name: str, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:
                self.post_message(StartFailed(error))

        # A daemon, so that a store or a library that hangs cannot keep the console from ending.
        threading.Thread(target=guarded, name=name, daemon=True).start()

    def _open(self) -> None:
        from app.auto_desk import AutoDesk
        from app.room_desk import RoomDesk
        from app.run_desk import RunDesk
        from app.schedule_desk import ScheduleDesk
        from screens.surroundings import Notice, Surroundings

        places.load(self._first_pane)
        view = self._begin()
        self._desk = RunDesk(self, self._begin_runs, self._begin_checks)
        self._schedules = ScheduleDesk(self, self._begin_schedules)
        self._auto = AutoDesk(self, self._begin_auto)
        self._room = RoomDesk(self, self._begin_room)
        around = Surroundings(view, **self._given)  # type: ignore[arg-type]
        around.saved, trouble = self._errands.saved_filters()
        around.themes = tuple(PALETTES)
        if trouble is not None:
            around.notice = Notice(around.clock(), trouble)
        around.jump_scroll = self.appearance.slow_link
        around.acting, around.orders = self._desk.acting, partial(self._desk.orders, around)
        self._unsubscribe = view.subscribe(self._changed)
        self.post_message(StoreOpened(around))

    def _changed(self, change: Change) -> None:
        self.estate_changed()

    def estate_changed(self) -> None:
        """Show what changed of the estate, or of what is made of it. From any thread."""
        from screens.messages import EstateChanged

        self.post_message(EstateChanged())

    async def on_store_opened(self, message: StoreOpened) -> None:
        from screens.actions import PANES

        self.around, self._opened = message.around, True
        for pane in PANES:
            self.add_mode(pane.id, self._pane_factory(pane.id))
        await self.switch_mode(self._first_pane)
        self.call_after_refresh(self._started)

    def _started(self) -> None:
        """The first pane is shown: what it took to show it stays, and the devices are read."""
        if self.held:  # it is shown as soon as it is painted
            self.set_timer(WORK_PAUSE_S, lambda: self.call_after_refresh(self._started))
            return
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLD)
        gc.enable()
        self._pacing.work_soon()
        if not self._cached:
            self._in_thread("begin the sweep", self._begin_sweep)
        self._in_thread("begin the runs", self._begin_acting)

    def _begin_acting(self) -> None:
        self._desk.begin(self.around)
        self._schedules.begin(self.around)
        self._auto.begin(self.around)
        self._room.begin(self.around)

    def _begin_sweep(self) -> None:
        self._sweep(self._say)
        self._sweeping.set()

    def _say(self, text: str) -> None:
        self.post_message(NoticeGiven(text))

    def on_start_failed(self, message: StartFailed) -> None:
        """A store that cannot be opened ends the console; without a sweep it still shows the last known state."""
        from store.errors import StoreError

        if self.shown is not None and self.around.view.devices() and not isinstance(message.error, StoreError):
            self.notice(f"devices are not read: {message.error}. What is shown is the last known state")
            return
        self.failure = message.error
        self.exit(return_code=STORE_EXIT if isinstance(message.error, StoreError) else FAILED_EXIT)

    # ------------------------------------------------------------------------------------------------- screens

    def _pane_factory(self, pane: str) -> Callable[[], Screen[None]]:
        def made() -> Screen[None]:
            screen = places.pane(pane, self.around)
            # It is made under the present theme: without this the toolkit reads every style sheet anew, twice.
            screen._css_update_count = self._css_update_count
            return screen

        return made

    async def on_pane_requested(self, message: PaneRequested) -> None:
        await self._show_pane(message.pane)

    async def _show_pane(self, pane: str) -> None:
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        if self.current_mode != pane:
            await self.switch_mode(pane)
        self._pacing.work_soon()

    def may_open(self, asked_by: object) -> bool:
        """Whether the screen that is shown asked: a key that repeats while the next one is made must not open two."""
        return asked_by is None or asked_by is self.screen

    async def on_detail_requested(self, message: DetailRequested) -> None:
        if self.may_open(message.asked_by):
            await self.push_screen(places.detail(message.kind, message.key, self.around))

    async def on_level_requested(self, message: LevelRequested) -> None:
        from screens.level import LevelScreen

        if self.may_open(message.asked_by):
            above = [screen for screen in self.screen_stack if isinstance(screen, LevelScreen)]
            await self.push_screen(places.level(message.ref, self.around, [screen.title_now for screen in above]))

    async def on_values_requested(self, message: ValuesRequested) -> None:
        from screens.tables import TableScreen
        from screens.values import ValuesScreen

        asking = self.shown
        if isinstance(asking, TableScreen) and self.may_open(message.asked_by):
            await self.push_screen(ValuesScreen(self.around, asking, message.row))

    async def on_help_requested(self, message: HelpRequested) -> None:
        from screens.help import HelpScreen

        asking = self.shown
        if asking is not None and not isinstance(asking, HelpScreen):
            await self.push_screen(HelpScreen(self.around, asking.situation(), asking.PANE))

    async def on_back_requested(self, message: BackRequested) -> None:
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        elif self.current_mode != FIRST_PANE:
            await self.switch_mode(FIRST_PANE)

    def on_sweep_requested(self, message: SweepRequested) -> None:
        if self._sweeping.is_set():
            self._reading.begin(self.around.view.devices(), message.device)
            self._sweep_now(message.device)

    def on_site_requested(self, message: SiteRequested) -> None:
        self.around.site = message.site
        self.say_here(f"Tables show site {message.site} only." if message.site else "Tables show all sites.")
        self._pacing.redraw()

    async def action_quit(self) -> None:
        """Ctrl+q, under a dialog and before there is a screen too: the toolkit would leave at once."""
        if self._opened:
            await self._desk.leave(self.around, lambda: self.exit(return_code=0))
        else:
            self.exit(return_code=0)

    async def on_quit_requested(self, message: QuitRequested) -> None:
        await self.action_quit()

    def on_suspend_requested(self, message: SuspendRequested) -> None:
        reason = self.suspend_to_shell()
        if reason is not None:
            self.say_here(reason)

    # --------------------------------------------------------------------------------------------- find and take

    async def on_palette_requested(self, message: PaletteRequested) -> None:
        await self._errands.palette(self.around)

    def on_object_requested(self, message: ObjectRequested) -> None:
        self._errands.open(self.around, message.name)

    async def on_export_requested(self, message: ExportRequested) -> None:
        await self._errands.export(self.around, message.sheet, message.form)

    def on_copy_requested(self, message: CopyRequested) -> None:
        self.say_here(self.copy(message.text, message.what))

    def on_filter_saved(self, message: FilterSaved) -> None:
        self._errands.save_filter(self.around, message.table, message.name, message.text)

    def on_said(self, message: Said) -> None:
        self.say_here(message.text)

    def say_here(self, text: str) -> None:
        if self.shown is not None:
            self.shown.say(text)

    @property
    def shown(self) -> EstateScreen | None:
        """The screen over the estate that is shown; None before the first, and under a dialog."""
        from screens.base import EstateScreen

        if not self.screen_stack or not isinstance(self.screen, EstateScreen):
            return None
        return self.screen

    @on(AboutRuns)
    async def about_runs(self, message: AboutRuns) -> None:
        await self._desk.hear(self.around, message)

    @on(AboutAuto)
    async def about_auto(self, message: AboutAuto) -> None:
        await self._auto.hear(self.around, message)

    @on(AboutRoom)
    async def about_room(self, message: AboutRoom) -> None:
        await self._room.hear(self.around, message)

    @on(AboutSchedules)
    async def about_schedules(self, message: AboutSchedules) -> None:
        await self._schedules.hear(self.around, message)

    # ------------------------------------------------------------------------------------------------- changes

    def on_estate_changed(self, message: EstateChanged) -> None:
        self._pacing.changed()

    def on_notice_given(self, message: NoticeGiven) -> None:
        self.notice(message.text)

    def notice(self, text: str) -> None:
        from screens.surroundings import Notice

        self.around.notice = Notice(self.around.clock(), text)
        self._pacing.redraw()

    def on_theme_requested(self, message: ThemeRequested) -> None:
        reason = self.appearance.set_theme(message.name)
        self.say_here(reason or f"The colours are {message.name} now.")

    def on_slow_line_requested(self, message: SlowLineRequested) -> None:
        on = not self.appearance.slow_link if message.on is None else message.on
        self.appearance.set_slow_link(on)
        self.around.jump_scroll = on
        self.say_here("Sending less: sixteen colours, half pages." if on else "Sending as much as there is.")

    def on_line_proved_slow(self, message: LineProvedSlow) -> None:
        if self.appearance.slow_link:
            return
        if self.shown is None:  # the first pane is still being made
            self.set_timer(TICK_S, lambda: self.on_line_proved_slow(message))
        else:
            self.notice(slow_line_text(message.bytes_s))

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
