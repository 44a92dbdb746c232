"""Keeping samples of what is used: every minute of what was read, every hour of what nobody read, with N_Port IDs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.capacity.supply import CPG, MIB, VIOS, Given, given, measured
from store.capacity_records import Measured, Resource, Series
from store.errors import StoreError
from store.estate import DeviceKind, Lpar, LparState, StorageSystem
from store.place import Place
from store.turns import paced
from store.view import EstateView

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from store.capacity_book import CapacityBook

EVERY_S, FIRST_S = 60.0, 10.0
"""How often, and how soon after the start."""

OLDEST = timedelta(hours=1)
"""What was seen longer ago is no sample of now: its device does not answer."""

FRESH = timedelta(minutes=10)
"""A device that was read so lately is not read once more for an hourly sample."""


MOST_FAILURES = 5
"""So many times in a row another program may be writing just then."""


class Sampler:
    """Keeps what the view shows. :meth:`take` may be called from any thread; the store is opened by the first one.
    ``past`` makes what would have been measured before, of a system that was never measured: for a lab alone."""

    def __init__(
        self,
        view: EstateView,
        path: Place,
        past: Callable[[Measured], Iterable[Measured]] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._view = view
        self._path = path
        self._past = past
        self._clock = clock
        self._book: CapacityBook | None = None
        self._lock = threading.Lock()
        self._last: dict[Series, datetime] = {}
        self._thinned: datetime | None = None
        self._given: tuple[int, datetime, Given] | None = None
        self._failures = 0
        self._closed = False

    def take(self) -> int:
        """Keep what was read since the last time; returns how many were kept. Where the store cannot be written now,
        none: the next time does it. Raises :class:`StoreError` where it cannot be for some minutes."""
        with self._lock:
            try:
                kept = 0 if self._closed else self._take(self._clock())
            except StoreError:
                self._failures += 1
                if self._failures >= MOST_FAILURES:
                    raise
                return 0
            self._failures = 0
            return kept

    def close(self) -> None:
        """Never raises."""
        with self._lock:
            self._closed = True
            if self._book is not None:
                self._book.close()

    def _given_now(self, now: datetime) -> Given:
        """Looked for anew where a machine changed, and not more often than every :data:`FRESH`."""
        version = self._view.facts_version("vm")
        if self._given is None or (version != self._given[0] and now - self._given[1] >= FRESH):
            self._given = version, now, given(self._view)
        return self._given[2]

    def _take(self, now: datetime) -> int:
        found = [
            m
            for m in measured(self._view, self._given_now(now))
            if m.at != self._last.get(m.series) and now - m.at <= OLDEST
        ]
        if self._book is None:
            from store.capacity_book import CapacityBook

            self._book = CapacityBook(self._path)
        if self._past is not None:
            known = {m.series for m in self._book.newest()}
            for m in paced(found):  # one by one: between two of them others write, and keys are answered
                if m.series not in known:
                    self._book.keep(list(self._past(m)))
        kept = self._book.keep(found)
        self._last.update((m.series, m.at) for m in found)
        if self._thinned is None or now - self._thinned >= timedelta(hours=1):
            self._book.thin(now)
            self._thinned = now
        return kept


def sample_all(operations: Operations, book: CapacityBook, now: datetime) -> tuple[int, dict[str, str]]:
    """Keep a sample of every device, read anew where nobody did lately, of the N_Port IDs and CPGs. Returns how many
    were kept, and why the other devices could not be read, by name. Waits; raises :class:`StoreError`."""
    operations.store.follow()
    failures = _read(operations, now)
    found = [m for m in measured(operations.store.view) if now - m.at <= OLDEST]
    kept = book.keep([*found, *_ports(operations, now, failures), *_cpgs(operations, now, failures)])
    book.thin(now)
    return kept, failures


def _read(operations: Operations, now: datetime) -> dict[str, str]:
    from app.recovery.beside import beside
    from app.recovery.step import UnseenError

    failures: dict[str, str] = {}
    view, since = operations.store.view, time.monotonic()

    def read(name: str) -> None:
        status = view.device(name)
        if status is not None and status.last_ok is not None and now - status.last_ok <= FRESH:
            return
        try:
            operations.devices.reading(name, since)
        except UnseenError as error:
            failures[name] = str(error)

    beside(read, [device.name for device in operations.settings.devices], "sample")
    return failures


def _ports(operations: Operations, now: datetime, failures: dict[str, str]) -> Iterator[Measured]:
    """What the ports of each VIOS that runs can carry and do, summed over those on a fabric. A VIOS that does not say
    is left out."""
    from app.recovery.step import UnseenError
    from backends.hmc.looks import NpivPortsOf

    hmcs = {device.name for device in operations.settings.devices if device.kind is DeviceKind.HMC} - failures.keys()
    since = time.monotonic()
    for entry in operations.store.view.entries("lpar"):
        vios = None if entry.gone or entry.device not in hmcs else entry.peek()
        if not isinstance(vios, Lpar) or vios.env != "vioserver":
            continue
        if vios.state is not LparState.RUNNING or vios.rmc_state != "active":
            continue
        with suppress(UnseenError):
            ports, _ = operations.devices.look((entry.device, NpivPortsOf(vios.system, vios.name)), since)
            lit = [port for port in ports if port.fabric]
            total = sum(port.total for port in lit)
            series = Series(VIOS, vios.key, Resource.NPORTS)
            name = f"{vios.name} on {vios.system}"
            yield Measured(series, name, entry.device, now, total - sum(port.free for port in lit), total)


def _cpgs(operations: Operations, now: datetime, failures: dict[str, str]) -> Iterator[Measured]:
    """What the CPGs of each 3PAR use of what they could grow to. An array that does not say is left out."""
    from app.recovery.step import UnseenError
    from backends.threepar.space import CpgSpaces

    since = time.monotonic()
    arrays = {device.name for device in operations.settings.devices if device.kind is DeviceKind.THREEPAR}
    for entry in operations.store.view.entries("storage"):
        array = None if entry.gone or entry.device not in arrays - failures.keys() else entry.peek()
        if not isinstance(array, StorageSystem):
            continue
        with suppress(UnseenError):
            for cpg in operations.devices.look((entry.device, CpgSpaces()), since)[0]:
                series = Series(CPG, f"{array.serial}:{cpg.name}", Resource.SPACE)
                name, used = f"{cpg.name} of {array.name}", float(cpg.used_mib * MIB)
                yield Measured(series, name, entry.device, now, used, used + cpg.free_mib * MIB)
