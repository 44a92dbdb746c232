"""What runs behind the console: store, sweeper, schedules, runs, checks and notifications, begun one after another and
ended once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.auto_records import AutoMode
from app.permits import Act
from store.place import Place

if TYPE_CHECKING:
    from app.capacity.service import SampleService
    from app.notify.notifier import Notifier
    from app.recovery.auto.console_auto import ConsoleAuto
    from app.recovery.auto.service import WatchService
    from app.recovery.console_runs import ConsoleRuns
    from app.recovery.operations import Operations
    from app.recovery.pra.watch import ReadinessWatch
    from app.room import Room
    from app.schedule import Schedule
    from app.settings_records import Settings
    from app.sweep import Sweeper
    from app.timetable.console_schedules import ConsoleSchedules
    from store.alert_view import AlertView
    from store.auto_view import AutoView
    from store.database import Looked, Store
    from store.incident_records import IncidentView
    from store.ledger import Ledger
    from store.readiness_view import ReadinessView
    from store.run_view import RunView
    from store.schedule_view import ScheduleView
    from store.view import EstateView

TOLD_S = 10.0
"""How often a server is asked that says by itself when there is something."""

STOP_S, CHECK_STOP_S = 5.0, 1.0
"""How long logging out of the devices may take at the end, and giving up a check."""


class EndedError(Exception):
    """What was to begin comes too late: the console ends."""


class Machinery:
    """Store, sweeper, schedule, runs, checks and notifications. What begins one loads its libraries and may be called
    on a thread."""

    def __init__(self, settings: Settings, store_path: Place) -> None:
        self._settings = settings
        self._store_path = store_path
        self._store: Store | None = None
        self._sweeper: Sweeper | None = None
        self._looked: Looked | None = None
        self._schedule: Schedule | None = None
        self._ledger: Ledger | None = None
        self._operations: Operations | None = None
        self._runs: ConsoleRuns | None = None
        self._checks: tuple[ReadinessWatch, ...] = ()
        self._notifier: Notifier | None = None
        self._schedules: ConsoleSchedules | None = None
        self._watch: WatchService | None = None
        self._samples: SampleService | None = None
        self._auto: ConsoleAuto | None = None
        self._room: Room | None = None
        self._opening, self._beginning = threading.Lock(), threading.Lock()
        self._closed = False

    def open(self) -> EstateView:
        """The estate as last seen, of the devices of the settings. Raises StoreError.

        A first look at the store is enough to show it; only a store that cannot be looked at like that (a new one, an
        older one, a broken one) is opened with all that takes before anything is shown."""
        from app.sweep import never_read
        from store.database import Looked, name_devices
        from store.firstlook import first_look

        look = first_look(self._store_path)
        if look is None:
            return self._open_store().view
        view = look.view()
        name_devices(view, (never_read(device) for device in self._settings.devices))
        self._looked = Looked(look, view)
        return view

    def _open_store(self) -> Store:
        with self._opening:
            return self._store or self._opened()

    def _opened(self) -> Store:
        from app.connect import Connector
        from app.sweep import Sweeper
        from store.database import open_store

        self._store = open_store(self._store_path, looked=self._looked)
        self._sweeper = Sweeper(self._settings.devices, Connector(self._settings), self._store)
        return self._store

    def follow(self, over: threading.Event, poll_s: float) -> None:
        """Take over what others write of the estate, where no device is asked here, until ``over``; a file is looked
        at every ``poll_s``, a server says when there is something. Raises StoreError."""
        from store.engine import listen

        store, wake = self._open_store(), threading.Event()
        hang_up = listen(self._store_path, wake.set)
        try:
            while not over.is_set():
                store.follow()
                (over if hang_up is None else wake).wait(poll_s if hang_up is None else TOLD_S)
                wake.clear()
        finally:
            if hang_up is not None:
                hang_up()

    def sweep(self, say: Callable[[str], None]) -> None:
        """Open the store for writing and begin to read the devices. Raises StoreError."""
        from app.capacity.sampling import Sampler
        from app.schedule import Schedule

        store = self._open_store()
        if self._sweeper is None:
            raise RuntimeError("the store is opened before the sweep begins")
        sampler = Sampler(store.view, self._store_path)
        if self._settings.lab and self._settings.twin is None:
            from app.capacity.lab_past import past

            sampler = Sampler(store.view, self._store_path, past)
        self._schedule = Schedule(self._sweeper, say, sampler)
        self._schedule.start()

    def sweep_now(self, device: str | None) -> None:
        if self._sweeper is not None:
            self._sweeper.sweep_now(device)

    def begin_runs(
        self,
        view: RunView,
        changed: Callable[[], object],
        failed: Callable[[str], object],
        *,
        read_only: bool,
        cached: bool = False,
    ) -> ConsoleRuns:
        """Begin to watch the runs of the store, and be ready to act; and, unless ``cached``, to watch what may fail
        over by itself. Raises StoreError."""
        from app.recovery.console_runs import ConsoleRuns
        from app.recovery.operations import Operations
        from store.ledger import Ledger

        store = self._open_store()
        self._ledger = Ledger(self._store_path)
        self._operations = Operations(self._settings, store, self._ledger)
        self._runs = ConsoleRuns(self._operations, view, changed, failed, read_only=read_only)
        self._runs.start()
        if not cached and self._operations.permits.lacking(Act.SERVE) is None:
            self._begin_watch(failed, read_only=read_only)
            self._begin_samples(failed)
        return self._runs

    def _begin_samples(self, say: Callable[[str], object]) -> None:
        """Keep the samples that the sweep does not give."""
        from app.capacity.service import SampleService

        if self._operations is not None:
            with self._beginning:
                if not self._closed:
                    self._samples = SampleService(self._operations, say)
                    self._samples.start()

    def _begin_watch(self, say: Callable[[str], object], *, read_only: bool) -> None:
        """Watch what may fail over by itself, where there is anything."""
        if self._operations is None or all(each.mode is AutoMode.MANUAL for each in self._settings.auto.groups):
            return
        from app.recovery.auto.service import WatchService

        with self._beginning:
            if not self._closed:
                self._watch = WatchService(self._operations, say, read_only=read_only)
                self._watch.start()

    def begin_checks(
        self,
        view: ReadinessView,
        vms: ReadinessView,
        changed: Callable[[], object],
        busy: Callable[[], bool],
        why_not: str = "",
    ) -> tuple[ReadinessWatch, ReadinessWatch]:
        """Begin to check how protected LPARs and replicated VMs stand, with the sessions of the runs, which have begun;
        or say ``why_not``."""
        from app.recovery.pra.watch import ReadinessWatch
        from app.recovery.vm.watched import PACE, Vms

        if self._operations is None:
            raise RuntimeError("the runs begin before the checks do")
        lpars = ReadinessWatch(self._operations, view, changed, busy=busy)
        machines = ReadinessWatch(self._operations, vms, changed, busy=busy, pace=PACE, subject=Vms(self._operations))
        self._checks = (lpars, machines)
        for watch in self._checks:
            watch.start(why_not)
        return lpars, machines

    def begin_notifications(
        self, readiness: ReadinessView, trouble: Callable[[str], object], ring: Callable[[], object]
    ) -> None:
        """Begin to tell operators, where the configuration says how; the runs and checks have begun."""
        from app.notify.notifier import notifier

        if self._ledger is None or self._store is None:
            raise RuntimeError("the runs begin before the notifications do")
        with self._beginning:
            if self._closed:
                return
            self._notifier = notifier(self._settings, self._ledger, self._store.view, readiness, trouble, ring)
            if self._notifier is not None:
                self._notifier.start()

    def begin_schedules(
        self, view: ScheduleView, changed: Callable[[], object], say: Callable[[str], object], why_not: str = ""
    ) -> ConsoleSchedules:
        """Begin to run what is due, with the sessions of the runs, which have begun; or only to show it, because of
        ``why_not``. Raises StoreError, and :class:`EndedError` once all is being closed."""
        from app.recovery.operations import holder
        from app.timetable.console_schedules import ConsoleSchedules
        from store.schedule_book import ScheduleBook

        if self._operations is None:
            raise RuntimeError("the runs begin before the schedules do")
        with self._beginning:
            if self._closed:
                raise EndedError
            book = ScheduleBook(self._store_path, holder())
            why_not = why_not or self._operations.permits.lacking(Act.SERVE) or ""
            made = ConsoleSchedules(book, self._operations, view, changed, say, why_not)
            try:
                made.start()
            except BaseException:
                made.close(0.0)
                raise
            self._schedules = made
        return made

    def begin_auto(
        self, view: AutoView, runs: RunView, changed: Callable[[], object], why_not: str = "", unchecked: str = ""
    ) -> ConsoleAuto:
        """Begin to watch automatic failover for the screens, with the sessions of the runs, which have begun. Raises
        StoreError, and :class:`EndedError` once all is being closed."""
        from app.recovery.auto.console_auto import ConsoleAuto

        if self._operations is None:
            raise RuntimeError("the runs begin before automatic failover is shown")
        with self._beginning:
            if self._closed:
                raise EndedError
            self._auto = ConsoleAuto(self._operations, runs, view, changed, why_not, unchecked)
            self._auto.start()
        return self._auto

    def begin_room(
        self,
        views: tuple[AlertView, IncidentView],
        readiness: ReadinessView,
        changed: Callable[[], object],
        why_not: str = "",
        cached: bool = False,
    ) -> Room:
        """Begin to look at what is wrong, with the store of the runs, which have begun; or only to show it, because of
        ``why_not``. ``cached``: no device is read here. Raises StoreError, and :class:`EndedError` once all is being
        closed."""
        from app.room import Room

        if self._operations is None or self._store is None:
            raise RuntimeError("the runs begin before the alerts do")
        with self._beginning:
            if self._closed:
                raise EndedError
            acts = not why_not and self._operations.permits.lacking(Act.SERVE) is None
            views[0].why_not = why_not
            seen = (None, None) if cached else (self._store.view, readiness)
            self._room = Room(self._operations, views, changed, acts=acts, estate=seen[0], readiness=seen[1])
            self._room.start()
        return self._room

    def close(self) -> None:
        """End the checks, the schedules, the runs, the notifications and the sweep, save and close, within bounds.
        Never raises."""
        with self._beginning:
            self._closed = True
        for watch in self._checks:
            watch.stop()
        if self._schedules is not None:
            self._schedules.close(STOP_S)
        if self._auto is not None:
            self._auto.close(CHECK_STOP_S)
        if self._room is not None:
            self._room.close(CHECK_STOP_S)
        if self._watch is not None:
            self._watch.close(STOP_S)
        if self._samples is not None:
            self._samples.stop(CHECK_STOP_S)
        if self._runs is not None:
            self._runs.close(STOP_S)
        for watch in self._checks:
            watch.close(CHECK_STOP_S)
        if self._notifier is not None:
            self._notifier.close()
        if self._ledger is not None:
            self._ledger.close()
        if self._schedule is not None:
            self._schedule.stop(STOP_S)
        if self._store is not None:
            self._store.close()
