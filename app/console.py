"""The console: the full-screen App. It opens the store, shows the panes over its view, and lets the sweep begin.

The first frame waits for nothing, not even for the modules that draw the panes: they are loaded, and the store is
opened, on a thread; the panes show its last known state, and only then are the libraries loaded that talk to devices.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from app import places
from app.appearance import slow_line_text, title
from app.console_messages import NoticeGiven, Said, StartFailed, StoreOpened
from app.errands import Errands
from app.files import Files
from app.looks import Look
from app.terminal_app import TerminalApp
from screens.themes import PALETTES
from store.turns import drawing

if TYPE_CHECKING:
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
    from screens.reading_now import ReadingNow
    from screens.surroundings import Surroundings
    from store.estate import Site
    from store.records import Change
    from store.view import EstateView

TICK_S = 1.0
WORK_S, WORK_PAUSE_S = 0.004, 0.002
"""What is to be looked at is looked at for so long at a time, with so long for keys in between."""

MANY_CELLS, MANY_PAUSE_S = 20, 1.25
"""Where so many cells change at once, they are shown only so often: a line has other things to carry."""

GC_THRESHOLD = (2_000, 30, 50)
"""Garbage is collected a little more seldom than usual, as an estate makes many objects that stay, but not in large
pieces: a key waits for as long as one takes."""

FIRST_PANE = "overview"
STORE_EXIT = 4
FAILED_EXIT = 1


class Console(TerminalApp[int]):
    """Shows the estate. ``begin`` opens the store and gives its view; it is called on a thread. ``sweep`` begins to
    read the devices; it is called on a thread once the first pane is shown. ``sweep_now`` reads one device, or all."""

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
        cached: bool = False,
        ascii_only: bool = False,
        first_pane: str = FIRST_PANE,
        files: Files | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        look: Look | None = None,
    ) -> None:
        look = look or Look()
        super().__init__(look, title((site.name for site in sites), lab=lab, drill=look.drill), clock)
        self._begin = begin
        self._sweep = sweep
        self._sweep_now = sweep_now
        self._sweeping = threading.Event()
        self._redraw_due = False
        self._may_draw_at = 0.0
        self._unsubscribe: Callable[[], None] | None = None
        self._working = False
        self._settled = False
        self._reading: ReadingNow | None = None
        self._first_pane = first_pane
        self._cached = cached
        self._errands = Errands(self, files or Files(), lambda: self._shown, lambda text: self.post_message(Said(text)))
        self._given = {
            "clock": clock,
            "sites": sites,
            "lab": lab,
            "read_only": read_only,
            "cached": cached,
            "ascii_only": ascii_only or look.ascii_only,
            "sweeping": self._sweeping.is_set,
            "drill": look.drill,
        }
        self.around: Surroundings

    # ----------------------------------------------------------------------------------------------- the start

    def compose(self) -> ComposeResult:
        yield Static("drdeck\nOpening the store ...", id="starting")

    async def on_mount(self) -> None:
        self.set_interval(TICK_S, self._tick)
        # Collecting garbage among a hundred thousand objects that all stay costs more than making them.
        gc.disable()
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
        from screens.surroundings import Notice, Surroundings

        places.load(self._first_pane)
        view = self._begin()
        around = Surroundings(view, **self._given)  # type: ignore[arg-type]
        around.saved, trouble = self._errands.saved_filters()
        around.themes = tuple(PALETTES)
        if trouble is not None:
            around.notice = Notice(around.clock(), trouble)
        around.jump_scroll = self.appearance.slow_link
        self._unsubscribe = view.subscribe(self._changed)
        self.post_message(StoreOpened(around))

    def _changed(self, change: Change) -> None:
        from screens.messages import EstateChanged

        self.post_message(EstateChanged())

    async def on_store_opened(self, message: StoreOpened) -> None:
        from screens.actions import PANES

        self.around = message.around
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
        self._work_soon()
        if not self._cached:
            self._in_thread("begin the sweep", self._begin_sweep)

    def _begin_sweep(self) -> None:
        self._sweep(self._say)
        self._sweeping.set()

    def _say(self, text: str) -> None:
        self.post_message(NoticeGiven(text))

    def on_start_failed(self, message: StartFailed) -> None:
        """A store that cannot be opened ends the console; without a sweep it still shows the last known state."""
        from store.errors import StoreError

        if self._shown is not None and self.around.view.devices() and not isinstance(message.error, StoreError):
            self._notice(f"devices are not read: {message.error}. What is shown is the last known state")
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
        self._work_soon()

    def _may_open(self, asked_by: object) -> bool:
        """Whether the screen that is shown asked: a key that repeats while the next one is made must not open two."""
        return asked_by is None or asked_by is self.screen

    async def on_detail_requested(self, message: DetailRequested) -> None:
        if self._may_open(message.asked_by):
            await self.push_screen(places.detail(message.kind, message.key, self.around))

    async def on_level_requested(self, message: LevelRequested) -> None:
        from screens.level import LevelScreen

        if self._may_open(message.asked_by):
            above = [screen for screen in self.screen_stack if isinstance(screen, LevelScreen)]
            await self.push_screen(LevelScreen(self.around, message.ref, [screen.title_now for screen in above]))

    async def on_values_requested(self, message: ValuesRequested) -> None:
        from screens.tables import TableScreen
        from screens.values import ValuesScreen

        asking = self._shown
        if isinstance(asking, TableScreen) and self._may_open(message.asked_by):
            await self.push_screen(ValuesScreen(self.around, asking, message.row))

    async def on_help_requested(self, message: HelpRequested) -> None:
        from screens.help import HelpScreen

        asking = self._shown
        if asking is not None and not isinstance(asking, HelpScreen):
            await self.push_screen(HelpScreen(self.around, asking.situation(), asking.PANE))

    async def on_back_requested(self, message: BackRequested) -> None:
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        elif self.current_mode != FIRST_PANE:
            await self.switch_mode(FIRST_PANE)

    def on_sweep_requested(self, message: SweepRequested) -> None:
        from screens.reading_now import ReadingNow

        if self._sweeping.is_set():
            asked = [d for d in self.around.view.devices() if message.device in (None, d.name)]
            self._reading = ReadingNow({device.name: device for device in asked})
            self._sweep_now(message.device)

    def on_site_requested(self, message: SiteRequested) -> None:
        self.around.site = message.site
        self._say_here(f"Tables show site {message.site} only." if message.site else "Tables show all sites.")
        self._redraw()

    def on_quit_requested(self, message: QuitRequested) -> None:
        self.exit(return_code=0)

    def on_suspend_requested(self, message: SuspendRequested) -> None:
        reason = self.suspend_to_shell()
        if reason is not None:
            self._say_here(reason)

    # --------------------------------------------------------------------------------------------- find and take

    async def on_palette_requested(self, message: PaletteRequested) -> None:
        await self._errands.palette(self.around)

    def on_object_requested(self, message: ObjectRequested) -> None:
        self._errands.open(self.around, message.name)

    async def on_export_requested(self, message: ExportRequested) -> None:
        await self._errands.export(self.around, message.sheet, message.form)

    def on_copy_requested(self, message: CopyRequested) -> None:
        self._say_here(self.copy(message.text, message.what))

    def on_filter_saved(self, message: FilterSaved) -> None:
        self._errands.save_filter(self.around, message.table, message.name, message.text)

    def on_said(self, message: Said) -> None:
        self._say_here(message.text)

    def _say_here(self, text: str) -> None:
        if self._shown is not None:
            self._shown.say(text)

    @property
    def _shown(self) -> EstateScreen | None:
        """The screen over the estate that is shown; None before the first, and under a dialog."""
        from screens.base import EstateScreen

        if not self.screen_stack or not isinstance(self.screen, EstateScreen):
            return None
        return self.screen

    # ------------------------------------------------------------------------------------------------- changes

    def on_estate_changed(self, message: EstateChanged) -> None:
        if not self._redraw_due:
            self._redraw_due = True
            wait = self._may_draw_at - time.monotonic()
            if wait > 0:
                self.set_timer(wait, self._show_changes)
            else:
                self._show_changes()

    def _show_changes(self) -> None:
        """Show what changed. The first change is shown at once; the next after a while that leaves the line and the
        keys nine tenths of the time."""
        began = time.monotonic()
        self._redraw_due = False
        with drawing():
            cells = self._shown.changed() if self._shown is not None else 0
        ended = time.monotonic()
        pause = max(self.appearance.gather_s, 9 * (ended - began), MANY_PAUSE_S if cells > MANY_CELLS else 0)
        self._may_draw_at = ended + pause
        self._say_progress()
        self._work_soon()

    def _redraw(self) -> None:
        if self._shown is not None:
            self._shown.redraw()
        self._say_progress()
        self._work_soon()

    def _say_progress(self) -> None:
        """Say how far the reading that the operator asked for has come, until it has ended."""
        if self._reading is not None:
            words, done = self._reading.words(self.around.view.devices())
            self._say_here(words)
            if done:
                self._reading = None

    def _work_soon(self) -> None:
        """Go on, between keys, with what the screen has to look at; nothing goes on where nothing is left to do."""
        if not self._working:
            self._working = True
            self.set_timer(WORK_PAUSE_S, self._work)

    def _work(self) -> None:
        self._working = False
        if self._shown is None:
            return
        with drawing():
            done = self._shown.work(WORK_S)
        if not done:
            self._work_soon()
        elif not self._settled:
            self._settled = True
            gc.freeze()  # all that was looked at stays: it is not to be looked through for garbage over and over

    def _tick(self) -> None:
        if self._shown is not None and self._shown.is_active:
            with drawing():
                self._shown.tick()
        if self._shown is not None and self.around.index.work(0):
            self.around.samples.take(self.around.scene())

    def on_notice_given(self, message: NoticeGiven) -> None:
        self._notice(message.text)

    def _notice(self, text: str) -> None:
        from screens.surroundings import Notice

        self.around.notice = Notice(self.around.clock(), text)
        self._redraw()

    def on_theme_requested(self, message: ThemeRequested) -> None:
        reason = self.appearance.set_theme(message.name)
        self._say_here(reason or f"The colours are {message.name} now.")

    def on_slow_line_requested(self, message: SlowLineRequested) -> None:
        on = not self.appearance.slow_link if message.on is None else message.on
        self.appearance.set_slow_link(on)
        self.around.jump_scroll = on
        self._say_here("Sending less: sixteen colours, half pages." if on else "Sending as much as there is.")

    def on_line_proved_slow(self, message: LineProvedSlow) -> None:
        if self.appearance.slow_link:
            return
        if self._shown is None:  # the first pane is still being made
            self.set_timer(TICK_S, lambda: self.on_line_proved_slow(message))
        else:
            self._notice(slow_line_text(message.bytes_s))

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
