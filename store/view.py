"""The estate as last seen, in memory: what every pane reads. Nothing in it waits for a database or a device.

The sweeping threads write into it through :mod:`store.database`; any thread may read. What it hands out is frozen.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from operator import attrgetter

from store.estate import EstateObject
from store.record import Record
from store.records import Change, DeviceHealth, DeviceStatus, Entry, Event
from store.stored import Told, UnreadableFactsError, told_object

Ref = tuple[str, str]
"""Kind and key of an object: what a :class:`~store.records.Change` is made of."""

EVENTS_IN_MEMORY = 5_000
CHANGES_REMEMBERED = 5_000

_log = logging.getLogger("drdeck.view")
_SAME = attrgetter("device", "seen_at", "gone")
_ANSWERING = (DeviceHealth.OK, DeviceHealth.PARTIAL)


class Sighting(Record, frozen=True):
    """What one device last said of one object.

    ``seen_at`` is None while the object is in the device's latest reading: then the device's ``last_ok`` is the time,
    so that a sweep in which nothing changed touches no sighting.
    """

    told: Told
    first_seen: datetime
    changed_at: datetime
    seen_at: datetime | None = None
    gone: bool = False

    @property
    def obj(self) -> EstateObject:
        """The object. Raises :class:`store.stored.UnreadableFactsError` where its stored facts cannot be read."""
        return told_object(self.told)


class EstateView:
    """The estate, the devices and the newest events. ``version`` grows with every change, of ages too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sightings: dict[str, dict[Ref, Sighting]] = {}
        self._reporters: dict[str, dict[str, tuple[str, ...]]] = {}
        self._statuses: dict[str, DeviceStatus] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_IN_MEMORY)
        self._facts_versions: dict[str, int] = {}
        self._changes: dict[str, deque[tuple[int, tuple[str, ...]]]] = {}
        self._building = threading.Lock()
        self._built: dict[str, dict[str, Entry]] = {}
        self._outdated: dict[str, dict[str, None]] = {}
        self._lists: dict[str, tuple[Entry, ...]] = {}
        self._alike: dict[str, tuple[tuple[Entry, ...], tuple[tuple[Entry, int], ...]]] = {}
        self._subscribers: list[Callable[[Change], None]] = []
        self._trouble: str | None = None
        self._version = 0

    @classmethod
    def of(
        cls, entries: Iterable[Entry] = (), devices: Iterable[DeviceStatus] = (), events: Iterable[Event] = ()
    ) -> EstateView:
        """A view of exactly these, without a database. ``events`` in any order."""
        view = cls()
        for status in devices:
            view.record(status.name, status=status)
        for entry in entries:
            sighting = Sighting(entry.obj, entry.first_seen, entry.changed_at, entry.seen_at, entry.gone)
            view.record(entry.device, put={(entry.kind, entry.key): sighting})
        view.record("", events=sorted(events, key=lambda event: event.id))
        return view

    # ------------------------------------------------------------------------------------------------ reading

    @property
    def version(self) -> int:
        return self._version

    @property
    def trouble(self) -> str | None:
        """Why what is seen cannot be saved at the moment, or None: a sentence for the operator."""
        return self._trouble

    def facts_version(self, kind: str) -> int:
        """Grows when facts of an object of the kind change, or which objects there are; ages alone leave it."""
        return self._facts_versions.get(kind, 0)

    def changed_since(self, kind: str, version: int) -> set[str] | None:
        """The keys of the objects whose facts changed after that :meth:`facts_version`; None where that is not known
        any more, because it is too long ago."""
        changes = tuple(self._changes.get(kind, ()))
        now = changes[-1][0] if changes else self._facts_versions.get(kind, 0)
        if now - version > len(changes):
            return None
        recent = changes[len(changes) - (now - version) :]
        return {key for _, keys in recent for key in keys}

    def entries(self, kind: str) -> tuple[Entry, ...]:
        """Every object of a kind (``store.estate.KINDS``), gone ones included, each as its freshest device saw it.

        The same tuple as long as nothing of the kind changed; the order is stable. Only entries that changed are made
        anew, so that a change of a few rows among many costs little.
        """
        found = self._lists.get(kind)
        if found is not None:
            return found
        with self._building:
            with self._lock:
                outdated = self._outdated.pop(kind, {})
                reporters = self._reporters.get(kind, {})
                said, statuses = self._sightings, self._statuses
                alone, shared = [], []
                for key in outdated:
                    devices = reporters.get(key, ())
                    if len(devices) == 1:
                        device = devices[0]
                        alone.append((key, device, said[device][kind, key], statuses.get(device)))
                    else:
                        shared.append((key, [(name, said[name][kind, key], statuses.get(name)) for name in devices]))
            built = self._built.setdefault(kind, {})
            for key, device, sighting, status in alone:
                built[key] = _only(kind, key, device, sighting, status)
            for key, reports in shared:
                if reports:
                    built[key] = _freshest(kind, key, [_report(*report) for report in reports])
                else:
                    built.pop(key, None)
            found = tuple(built.values())
            with self._lock:
                if kind not in self._outdated:
                    self._lists[kind] = found
        return found

    def alike(self, kind: str) -> tuple[tuple[Entry, int], ...]:
        """:func:`alike` of all of a kind: they are equally old, and of thousands of entries there are few of these."""
        entries = self.entries(kind)
        found = self._alike.get(kind)
        if found is None or found[0] is not entries:
            found = self._alike[kind] = entries, alike(entries)
        return found[1]

    def get(self, kind: str, key: str) -> Entry | None:
        """One object, or None when no device ever reported it."""
        try:
            told = self._told(kind, key)  # without the lock: a key must not wait until a large reading is taken over
        except KeyError:
            with self._lock:
                told = self._told(kind, key)
        if len(told) == 1:
            return _only(kind, key, *told[0])
        return _freshest(kind, key, [_report(*report) for report in told]) if told else None

    def _told(self, kind: str, key: str) -> list[tuple[str, Sighting, DeviceStatus | None]]:
        devices = self._reporters.get(kind, {}).get(key, ())
        return [(device, self._sightings[device][kind, key], self._statuses.get(device)) for device in devices]

    def devices(self) -> tuple[DeviceStatus, ...]:
        """Every configured device, in the order of the settings."""
        return tuple(self._statuses.values())

    def device(self, name: str) -> DeviceStatus | None:
        return self._statuses.get(name)

    def events(self, limit: int = 500, after_id: int | None = None) -> tuple[Event, ...]:
        """The newest events, newest first; with ``after_id`` only those that came after that one."""
        with self._lock:
            newest = list(islice(reversed(self._events), limit))
        if after_id is None:
            return tuple(newest)
        return tuple(event for event in newest if event.id > after_id)

    def known(self, device: str) -> Mapping[Ref, Sighting]:
        """What one device last said, by kind and key. A copy."""
        with self._lock:
            return dict(self._sightings.get(device, {}))

    def told_by_others(self, device: str, ref: Ref) -> tuple[EstateObject, ...]:
        """The facts of the same object that other devices hold as present."""
        with self._lock:
            others = self._reporters.get(ref[0], {}).get(ref[1], ())
            found = [self._sightings[other][ref] for other in others if other != device]
        told = []
        for sighting in found:
            with suppress(UnreadableFactsError):
                told += [] if sighting.gone else [sighting.obj]
        return tuple(told)

    def subscribe(self, fn: Callable[[Change], None]) -> Callable[[], None]:
        """Call ``fn`` after every change, on the thread that made it: it must not block. Returns the way to stop it."""
        with self._lock:
            self._subscribers.append(fn)

        def unsubscribe() -> None:
            with self._lock:
                if fn in self._subscribers:
                    self._subscribers.remove(fn)

        return unsubscribe

    # ------------------------------------------------------------------------------------------------ writing

    def record(
        self,
        device: str,
        *,
        put: Mapping[Ref, Sighting] | None = None,
        status: DeviceStatus | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Take over what ``device`` said, all of it at once. Tells no subscriber: see :meth:`tell`."""
        with self._lock:
            if put:
                self._put(device, put)
            if status is not None:
                before = self._statuses.get(device)
                self._statuses[device] = status
                if before is None or (before.last_ok, before.health) != (status.last_ok, status.health):
                    self._outdate(self._sightings.get(device, ()))
            self._events.extend(events)
            self._version += 1

    def keep_only(self, names: Iterable[str]) -> None:
        """Forget what devices outside ``names`` said, and put the devices into this order."""
        wanted = tuple(dict.fromkeys(names))
        with self._lock:
            self._statuses = {name: self._statuses[name] for name in wanted if name in self._statuses}
            for name in [name for name in self._sightings if name not in wanted]:
                self._forget(name)
            self._version += 1

    def drop(self, refs: Iterable[tuple[str, Ref]]) -> None:
        """Forget what a device said of an object, for each (device, object): it turned out that it cannot be read."""
        with self._lock:
            for device, (kind, key) in refs:
                del self._sightings[device][kind, key]
                self._without_reporter(device, kind, key)
                self._outdate([(kind, key)])
                self._count_facts([(kind, key)])
            self._version += 1

    def renumber(self, events: Sequence[Event], renumbered: Sequence[Event]) -> None:
        """Put ``renumbered`` into the place of ``events`` and keep all in the order of their ids."""
        with self._lock:
            replaced = dict(zip(events, renumbered, strict=True))
            ordered = sorted((replaced.get(event, event) for event in self._events), key=lambda event: event.id)
            self._events = deque(ordered, maxlen=EVENTS_IN_MEMORY)
            self._version += 1

    def set_trouble(self, trouble: str | None) -> None:
        with self._lock:
            self._trouble = trouble
            self._version += 1

    def tell(self, change: Change) -> None:
        """Call every subscriber. Lists and counts that somebody has asked for before are made here, on the sweeping
        thread."""
        with self._lock:
            subscribers = list(self._subscribers)
            asked, counted = list(self._built), list(self._alike)
        for kind in asked:
            self.entries(kind)
        for kind in counted:
            self.alike(kind)
        for subscriber in subscribers:
            try:
                subscriber(change)
            except Exception:
                _log.exception("a subscriber failed; the others are still told")

    # ----------------------------------------------------------------------------------------------- under lock

    def _put(self, device: str, put: Mapping[Ref, Sighting]) -> None:
        found = self._sightings.setdefault(device, {})
        alone = (device,)
        for ref, sighting in put.items():
            if ref not in found:
                keys = self._reporters.setdefault(ref[0], {})
                others = keys.get(ref[1])
                keys[ref[1]] = alone if others is None else (*others, device)
            found[ref] = sighting
        self._outdate(put)
        self._count_facts(put)

    def _forget(self, device: str) -> None:
        """Take a device and all it said out of the view."""
        refs = self._sightings.pop(device)
        for kind, key in refs:
            self._without_reporter(device, kind, key)
        self._outdate(refs)
        self._count_facts(refs)

    def _without_reporter(self, device: str, kind: str, key: str) -> None:
        keys = self._reporters[kind]
        others = tuple(name for name in keys[key] if name != device)
        if others:
            keys[key] = others
        else:
            del keys[key]

    def _outdate(self, refs: Iterable[Ref]) -> None:
        """Entries of these objects are to be made anew."""
        for kind, key in refs:
            self._outdated.setdefault(kind, {})[key] = None
            self._lists.pop(kind, None)

    def _count_facts(self, refs: Iterable[Ref]) -> None:
        keys: dict[str, list[str]] = {}
        for kind, key in refs:
            keys.setdefault(kind, []).append(key)
        for kind, changed in keys.items():
            version = self._facts_versions[kind] = self._facts_versions.get(kind, 0) + 1
            self._changes.setdefault(kind, deque(maxlen=CHANGES_REMEMBERED)).append((version, tuple(changed)))


def alike(entries: Collection[Entry]) -> tuple[tuple[Entry, int], ...]:
    """One entry for all that were seen by the same device at the same time, or are gone, and how many they are."""
    counts = Counter(map(_SAME, entries))
    one: dict[object, Entry] = {}
    for entry in entries:
        one.setdefault(_SAME(entry), entry)
        if len(one) == len(counts):
            break
    return tuple((one[same], count) for same, count in counts.items())


_Report = tuple[str, Sighting, datetime, bool]
"""A device, its sighting, when it saw it, and whether the device answers and still reports the object."""


def _report(device: str, sighting: Sighting, status: DeviceStatus | None) -> _Report:
    if sighting.seen_at is not None:
        return device, sighting, sighting.seen_at, False
    if status is None or status.last_ok is None:
        return device, sighting, sighting.changed_at, False
    return device, sighting, status.last_ok, status.health in _ANSWERING and not sighting.gone


def _only(kind: str, key: str, device: str, sighting: Sighting, status: DeviceStatus | None) -> Entry:
    """The entry of an object that one device reports: of thousands at once, so without a detour."""
    seen_at = sighting.seen_at
    if seen_at is None:
        seen_at = sighting.changed_at if status is None or status.last_ok is None else status.last_ok
    return Entry(kind, key, sighting.told, device, sighting.first_seen, seen_at, sighting.changed_at, sighting.gone)


def _freshest(kind: str, key: str, reports: Sequence[_Report]) -> Entry:
    """One entry out of what several devices say of the same object.

    Devices that answer and report the object outweigh the others. Where they disagree the one whose facts changed last
    is believed, whoever was asked last: so two HMCs of one server never make a row flap. Devices that do not answer
    count by what they knew last; *gone* is known since it was noticed.
    """
    live = [report for report in reports if report[3]]
    if live:
        newest = max(live, key=lambda report: (report[1].changed_at, report[0]))
        agreeing = [report for report in live if _agree(report[1].told, newest[1].told)]
    else:
        agreeing = [max(reports, key=_known_at)]
    device, sighting, seen_at, _ = max(agreeing, key=lambda report: (report[2], report[0]))
    first_seen = min(report[1].first_seen for report in reports)
    changed_at = min(report[1].changed_at for report in agreeing)
    return Entry(kind, key, sighting.told, device, first_seen, seen_at, changed_at, sighting.gone)


def _agree(one: Told, other: Told) -> bool:
    try:
        return one is other or told_object(one) == told_object(other)
    except UnreadableFactsError:
        return False


def _known_at(report: _Report) -> tuple[datetime, str]:
    device, sighting, seen_at, _ = report
    return (sighting.changed_at if sighting.gone else seen_at), device
