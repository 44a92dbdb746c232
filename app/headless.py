"""All that runs by itself without a console: schedules, the watch of what may fail over, figures, telling."""

from __future__ import annotations

from collections.abc import Callable

from app.alerts.begin import watching
from app.auto_records import AutoMode
from app.capacity.service import SampleService
from app.metrics.outlets import Outlets
from app.notify.notifier import notifier
from app.notify.telling import of_schedules
from app.recovery.auto.service import WatchService
from app.recovery.operations import Operations, holder
from app.schedule_words import local_zone
from app.settings_records import Settings
from app.timetable.clockwork import Clockwork
from app.timetable.kinds import defaults
from app.timetable.notices import Notice
from app.timetable.replications import keep_up
from store.alert_view import AlertView
from store.database import open_store
from store.ledger import Ledger
from store.place import Place
from store.schedule_book import ScheduleBook


class Headless:
    """On one store, from :meth:`start` to :meth:`stop`; ``say`` is told what happens, on any thread. Raises
    :class:`store.errors.StoreError` where the store cannot be used."""

    def __init__(self, settings: Settings, store_path: Place, say: Callable[[str], object]) -> None:
        self._settings = settings
        self._say = say
        self._store = open_store(store_path)
        self._ledger = Ledger(store_path)
        self._book = ScheduleBook(store_path, holder())
        self._operations = Operations(settings, self._store, self._ledger)
        self._post = of_schedules(self._operations)
        self._clockwork = Clockwork(self._book, self._operations, self._tell, trouble=say)
        self._notifier = notifier(settings, self._ledger, trouble=say)
        watched = any(group.mode is AutoMode.AUTOMATIC for group in settings.auto.groups)
        self._outlets = None
        if settings.metrics.wanted:
            from app.metrics.gather import Metrics

            text = Metrics(settings, self._store, self._ledger).text
            self._outlets = Outlets(text, settings.metrics.textfile, settings.metrics.port, say)
        self._samples = SampleService(self._operations, say)
        self._watch = WatchService(self._operations, say, read_only=False) if watched else None
        self._alerts = watching(self._operations, AlertView(), acts=True)

    def start(self) -> str:
        """Begin. Says what runs."""
        self._book.add_defaults(defaults(local_zone()))
        keep_up(self._book, self._settings.replications)
        self._clockwork.start()
        if self._watch is not None:
            self._watch.start()
        self._alerts.start()
        if self._notifier is not None:
            self._notifier.start()
        self._samples.start()
        if self._outlets is not None:
            self._outlets.start()
        watched = "" if self._watch is None else ", and watching what may fail over by itself"
        return f"running {len(self._book.schedules())} schedules of {self._ledger.path}{watched}"

    def stop(self, limit_s: float) -> None:
        """Begin nothing more; what is under way ends, or is left to be gone on with, within about ``limit_s``."""
        if self._watch is not None:
            self._watch.close(limit_s)
        self._clockwork.stop(limit_s)
        self._alerts.close(limit_s)
        if self._notifier is not None:
            self._notifier.close()
        self._samples.stop(limit_s)
        if self._outlets is not None:
            self._outlets.stop()

    def close(self) -> None:
        """Close the store. Never raises."""
        self._book.close()
        self._ledger.close()
        self._store.close()

    def _tell(self, notice: Notice) -> None:
        self._say(f"{notice.event}: {notice.text}")
        self._post(notice)
