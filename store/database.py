"""The store: a file or a database on a server, and the view of it in memory that everything reads.

Importing this imports no database library; :func:`open_store` does. Every method may be called from any thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from store.errors import StoreError, explain
from store.estate import Reading
from store.firstlook import FirstLook
from store.health import after_reading, after_report, health_event
from store.place import Place
from store.record import Record
from store.records import Change, DeviceStatus
from store.stored import UnreadableFactsError, peeked_object
from store.view import EstateView

if TYPE_CHECKING:
    from store.keeper import Keeper
    from store.sightings import Update

__all__ = ["Store", "StoreError", "open_store"]

_Decide = Callable[[], "tuple[Update, DeviceStatus]"]
_log = logging.getLogger("drdeck.store")


def open_store(path: Place, busy_ms: int = 5_000, looked: Looked | None = None) -> Store:
    """Open, or make, the store at ``path``; its view then holds the estate as last seen.

    ``looked`` is a first look at the same file with the view made of it: the store goes on with that view.

    Folder and file are made for the owner alone; an older store is upgraded, with a copy kept beside it as
    ``<name>.before-<revision>``. Raises :class:`StoreError`: the file is then as it was. ``busy_ms`` is how long to
    wait, here and later, for another program that is writing.
    """
    from store.engine import open_place
    from store.keeper import Keeper

    keeper = Keeper(open_place(path, busy_ms, estate=True))
    try:
        with suppress(Exception):
            # A store that somebody else is writing, or that has no room, can be pruned another time.
            keeper.prune(datetime.now(UTC))
        return Store(path, keeper, looked)
    except Exception as error:
        keeper.close()
        raise explain(error, path) from error


class Looked(Record, frozen=True):
    """A first look at a store's file, and the view that was made of it."""

    look: FirstLook
    view: EstateView


def name_devices(view: EstateView, devices: Iterable[DeviceStatus]) -> None:
    """Say which devices there are: name, kind, site, address, verified. The rest of a status is taken from what is
    stored. The view forgets devices that are not named; the file does not."""
    named = list(devices)
    for given in named:
        old = view.device(given.name)
        view.record(given.name, status=given if old is None else _configured(old, given))
    view.keep_only(status.name for status in named)


def _configured(status: DeviceStatus, given: DeviceStatus) -> DeviceStatus:
    """How a device fares, with what ``given`` says of which one it is."""
    settings = {name: getattr(given, name) for name in ("kind", "site", "address", "verified")}
    return replace(status, **settings)


class Store:
    """What the console remembers of the estate. What a device said is in :attr:`view` even while it cannot be saved:
    then ``view.trouble`` says why, and the next change, or :meth:`flush`, tries again."""

    def __init__(self, path: Place, keeper: Keeper, looked: Looked | None = None) -> None:
        """Of a file that is open. Use :func:`open_store`."""
        self.path = path
        self.view = EstateView() if looked is None else looked.view
        self._keeper = keeper
        self._lock = threading.RLock()
        self._configured: frozenset[str] | None = None
        self._from_another: dict[str, datetime] = {}
        self._untold: list[Change] = []
        self._news_taken = 0
        self._cannot_save = False
        self._closed = False
        self._facts = None if looked is None else looked.look.file
        unreadable = 0
        if looked is not None:
            keeper.resume(looked.look)
            unreadable = self._check_facts()
        self._take_news(unreadable, reads=False)
        self._from_another.clear()
        self._untold.clear()

    def configure(self, devices: Iterable[DeviceStatus]) -> None:
        """Say which devices there are: see :func:`name_devices`."""
        with self._lock:
            named = list(devices)
            self._configured = frozenset(status.name for status in named)
            name_devices(self.view, named)
        for status in named:
            self.view.tell(Change(status.name))

    def apply(self, reading: Reading, status: DeviceStatus | None = None) -> Change:
        """Remember a reading, in one transaction; one in which nothing changed writes nothing.

        ``status`` is what the sweep knows of the device besides (next try, duration); health, problems and times follow
        from the reading. Raises ValueError for a device that is neither given nor known.
        """
        from store.sightings import Update, compare

        device = reading.device

        def decide() -> tuple[Update, DeviceStatus]:
            before = self.view.device(device)
            given = status or before
            if given is None:
                raise ValueError(f"unknown device {device!r}")
            later = self._from_another.get(device)
            if later is not None and reading.taken_at <= later <= datetime.now(UTC):
                # Another console has stored a later reading of this device: this one is history already.
                return Update(), after_reading(before, given, reading, (), later)
            update = compare(self.view, reading)
            after = after_reading(before, given, reading, tuple(update.problems), reading.taken_at)
            update.events.extend(health_event(before, after, reading.taken_at))
            return update, after

        with self._lock:
            update = self._remember(decide)
            self._from_another.pop(device, None)
            self._untold.append(change := Change(device, tuple(update.put)))
        self._tell()
        return change

    def report(self, status: DeviceStatus) -> Change:
        """Remember how a device fares apart from a reading: a sweep begun, a failure. Written only if it is news."""
        from store.sightings import Update

        def decide() -> tuple[Update, DeviceStatus]:
            at = datetime.now(UTC)
            before = self.view.device(status.name)
            after = after_report(before, status, at)
            return Update(events=list(health_event(before, after, at))), after

        with self._lock:
            self._remember(decide)
            self._untold.append(change := Change(status.name))
        self._tell()
        return change

    def flush(self) -> None:
        """Save when devices were last read, and what could not be saved before. Call it about once a minute: after a
        crash, ages are then overstated by that much, never understated."""
        with self._lock:
            if self._closed or not (self._keeper.has_staged or self._unsaved_times()) or not self._begin():
                return
            for status in self._unsaved_times():
                self._keeper.stage(status)
            if self._keeper.has_staged:
                self._save()
            else:
                self._keeper.rollback()
        self._tell()

    def follow(self) -> None:
        """Take over what another console wrote, how its devices fare too: for whoever reads no device itself. Where it
        cannot be, ``view.trouble`` says why."""
        with self._lock:
            if not self._closed:
                self._look_around(reads=False)
        self._tell()

    def prune(self, now: datetime) -> None:
        """Delete what is older than the store keeps, as each opening does."""
        with self._lock:
            if not self._closed:
                try:
                    self._keeper.prune(now)
                except Exception as error:
                    raise explain(error, self.path) from error

    def close(self) -> None:
        """Save and close. Never raises; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            with suppress(Exception):
                self.flush()
            self._closed = True
            if self._facts is not None:
                self._facts.close()
            with suppress(Exception):
                self._keeper.close()

    @property
    def total_changes(self) -> int:
        """How many rows this store has inserted, changed or deleted since it was opened."""
        with self._lock:
            return self._keeper.total_changes

    # ---------------------------------------------------------------------------------------------- under the lock

    def _remember(self, decide: _Decide) -> Update:
        """Save what ``decide`` finds, deciding once more where another console wrote meanwhile; then show it."""
        if self._closed:
            update, after = decide()
            self.view.record(after.name, put=update.put, status=after)
            return update
        self._look_around()
        update, after = decide()
        if update.put or update.events or self._keeper.has_staged or not self._keeper.is_saved(after):
            known = self._news_taken
            begun = self._begin()
            if self._news_taken != known:
                try:
                    update, after = decide()
                except BaseException:
                    self._keeper.rollback()
                    raise
            events = self._keeper.stage(after, update.put, update.facts, update.events)
            if begun:
                self._save(after.name)
            self.view.record(after.name, put=update.put, status=after, events=events)
        else:
            self.view.record(after.name, status=after)
        return update

    def _begin(self) -> bool:
        """Begin a transaction on what the file holds now. False, with the trouble shown, when it cannot be."""
        try:
            self._keeper.begin()
            if self._keeper.has_news():
                self._take_news()
        except Exception as error:
            self._keeper.rollback()
            self._trouble(error)
            return False
        return True

    def _save(self, decided: str | None = None) -> None:
        """Save what is staged. Statuses that wait since an earlier attempt (not ``decided``) are renewed first."""
        for name in self._keeper.staged_devices:
            status = self.view.device(name)
            if name != decided and status is not None:
                self._keeper.stage(status)
        try:
            self._keeper.save()
        except Exception as error:
            self._trouble(error)
            return
        if self._cannot_save:
            self._cannot_save = False
            self.view.set_trouble(None)

    def _trouble(self, error: Exception) -> None:
        explained = explain(error, self.path)
        _log.warning("not saved: %s", explained)
        self._cannot_save = True
        self.view.set_trouble(f"What is seen is not being saved. {explained}")

    def _look_around(self, *, reads: bool = True) -> None:
        """Take over what another console wrote, if it did. ``reads``: this one knows better how its devices fare."""
        try:
            if self._keeper.has_news():
                self._take_news(reads=reads)
        except Exception as error:
            self._trouble(error)
            return
        if self._cannot_save and not self._keeper.has_staged:  # it was a server, and it is back
            self._cannot_save = False
            self.view.set_trouble(None)

    def _check_facts(self) -> int:
        """Read all facts once that the first look left unread, and drop what cannot be read; returns how many. What is
        not in the file any more, because it was pruned, is dropped without a word; what the file could not be asked
        for just now stays, and is asked for again by whoever shows it."""
        bad, dropped = 0, []
        for status in self.view.devices():
            for ref, sighting in self.view.known(status.name).items():
                try:
                    peeked_object(sighting.told)
                except UnreadableFactsError as error:
                    if not error.vanished:
                        _log.warning("the stored %s %s of %s cannot be read: %s", *ref, status.name, error)
                    if error.passing:
                        continue
                    dropped.append((status.name, ref))
                    if not error.vanished:
                        bad += 1
        self.view.drop(dropped)
        return bad

    def _take_news(self, unreadable: int = 0, *, reads: bool = True) -> None:
        staged = self._keeper.staged_events
        news = self._keeper.news()
        self._news_taken += 1
        for device in {*news.sightings, *news.statuses}:
            if self._configured is not None and device not in self._configured:
                continue
            put, stored, own = news.sightings.get(device, {}), news.statuses.get(device), self.view.device(device)
            status = own or stored
            if not reads and own is not None and stored is not None:
                status = _configured(stored, own)
            elif own is not None and stored is not None and stored.last_ok is not None:
                # New sightings are as old as the reading they come from; a mere sign of life only makes ages smaller.
                later = stored.last_ok if put or own.last_ok is None else max(stored.last_ok, own.last_ok)
                status = replace(own, last_ok=later)
                self._from_another[device] = stored.last_ok
            self.view.record(device, put=put, status=status)
            self._untold.append(Change(device, tuple(put)))
        self.view.record("", events=news.events)
        if staged and news.events:
            self.view.renumber(staged, self._keeper.staged_events)
        unreadable += news.unreadable
        if unreadable:
            _log.warning("%d stored rows cannot be read", unreadable)
            self.view.set_trouble(
                f"{unreadable} stored rows cannot be read; they show again when their devices have been read"
            )

    def _unsaved_times(self) -> list[DeviceStatus]:
        return [s for s in self.view.devices() if s.last_ok is not None and not self._keeper.is_saved(s, times=True)]

    def _tell(self) -> None:
        with self._lock:
            changes, self._untold = self._untold, []
        for change in changes:
            self.view.tell(change)
