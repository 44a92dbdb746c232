"""How each protected LPAR, or each replicated VM, stands, kept current while the console runs: checked again soon after
something that it rests on changed, and every few minutes in any case.

A check reads both sites through the sessions that runs share. While a run acts it is therefore made only every few
minutes. A device that the sweep cannot read, or that refused the login of a check, is not asked for a while: a login
that is refused over and over locks an account.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from app.recovery.operations import Operations
from backends.outcome import Failure
from store.errors import StoreError
from store.estate import DeviceKind
from store.readiness import Readiness
from store.readiness_view import ReadinessView
from store.records import Change, DeviceHealth

if TYPE_CHECKING:
    from app.recovery.pra.situation import ArrayNow, HmcNow, PraNow
    from app.settings_records import DeviceSettings

SOON = frozenset({"lpar", "host", "volume", "system"})
LATER = frozenset({"pgroup", "flasharray"})
"""What a check rests on, by kind: of the latter something changes with every transfer, so that they hurry nobody."""


class Found(Struct, frozen=True):
    """What a check found ``at`` this moment (UTC); ``unread`` are the devices that could not be read, with why;
    ``taken_at`` when each device was looked at (UTC). ``whole``: what was not found is not there."""

    at: datetime
    readiness: Sequence[Readiness]
    unread: Mapping[str, str]
    whole: bool
    taken_at: Mapping[str, datetime | None]


class Subject(Protocol):
    """What is checked. ``soon`` and ``later`` are the kinds of objects that it rests on, the latter without hurry."""

    soon: frozenset[str]
    later: frozenset[str]

    def begin(self, view: ReadinessView, why_not: str) -> frozenset[str]:
        """Say to the view what is covered; the devices that it rests on, none where nothing is to be checked."""

    def look(self, without: Mapping[str, str]) -> Found:
        """Check all. ``without``: devices that are not to be asked, and why. Raises :class:`StoreError`."""


class Lpars:
    """The LPARs that are to come back at the other site."""

    soon, later = SOON, LATER

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._drills: dict[str, datetime] = {}
        self._seq = 0

    def begin(self, view: ReadinessView, why_not: str) -> frozenset[str]:
        pra = self._operations.settings.pra
        devices: Sequence[DeviceSettings] = []
        if pra is not None:
            from app.recovery.pra import gather

            devices = gather.concerned(self._operations.settings.devices, pra)
        there = {(device.site, device.kind) for device in devices}
        lacking = [
            f"{kind.value} at {site}"
            for site in ((pra.nominal, pra.recovery) if pra is not None else ())
            for kind in (DeviceKind.HMC, DeviceKind.FLASHARRAY)
            if (site, kind) not in there
        ]
        if pra is None:
            view.cover(None, "the configuration does not say which LPARs come back where: see [pra]")
        elif lacking:
            view.cover(None, f"no LPAR can come back at {pra.recovery}: no {lacking[0]} is configured")
        elif why_not:
            view.cover(pra.covered, why_not)
        else:
            view.cover(pra.covered)
            return frozenset(device.name for device in devices)
        return frozenset()

    def look(self, without: Mapping[str, str]) -> Found:
        from app.recovery.pra import operate

        for run in reversed(self._operations.ledger.runs(self._seq)):
            for name, answered in operate.drilled((run,)).items():
                self._drills[name] = max(answered, self._drills.get(name, answered))
            self._seq = max(self._seq, run.seq)
        now, found = operate.checked(self._operations, without, self._drills)
        every = _every(now)
        unread = {each.device: each.failure for each in every if each.reading is None}
        return Found(now.now, found, unread, now.nominal.whole, {each.device: each.taken_at for each in every})


LATELY_S = 60.0
BARRED_S = 1800.0
_NO_USE_IN_HURRY = (Failure.LOGIN_REFUSED, Failure.UNTRUSTED)


class Pace(Struct, frozen=True):
    """How often, in seconds. ``soon``: after a change, so that several make one check; ``least`` and ``later``: from
    the end of a check to the next because of a change, by its kind; ``latest``: to the next in any case; ``share``: so
    many times as long as a check took, at least; ``first``: how long the first readings are waited for."""

    soon: float = 3.0
    least: float = 10.0
    later: float = 30.0
    latest: float = 180.0
    share: float = 4.0
    first: float = 30.0
    poll: float = 2.0


class ReadinessWatch:
    """``view`` is kept current and ``changed`` called after each change of it. ``busy`` says whether a run acts;
    ``subject`` is what is checked, None: the LPARs."""

    def __init__(
        self,
        operations: Operations,
        view: ReadinessView,
        changed: Callable[[], object],
        *,
        busy: Callable[[], bool] = lambda: False,
        pace: Pace | None = None,
        subject: Subject | None = None,
    ) -> None:
        self._operations = operations
        self._subject: Subject = subject or Lpars(operations)
        self._estate = operations.store.view
        self._view = view
        self._changed = changed
        self._busy = busy
        self._pace = pace or Pace()
        self._devices: frozenset[str] = frozenset()
        self._health: dict[str, DeviceHealth] = {}
        self._begun = time.monotonic()
        self._ended: float | None = None
        self._took = 0.0
        self._checking = False
        self._soon: dict[str, float] = {}
        self._later: dict[str, float] = {}
        self._asked: list[Callable[[], object]] = []
        self._barred: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._wake, self._closed = threading.Event(), threading.Event()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._watch, name="check the readiness", daemon=True)

    def start(self, why_not: str = "") -> None:
        """Begin, where there is something to check, and nothing says ``why_not``; else the view says why it is not."""
        self._devices = self._subject.begin(self._view, why_not)
        if self._devices:
            self._unsubscribe = self._estate.subscribe(self._heard)
            self._thread.start()
        self._changed()

    def ask(self, done: Callable[[], object] = lambda: None) -> None:
        """Check now, whatever else there is to do; ``done`` is called once that has been done."""
        with self._lock:
            self._asked.append(done)
        self._wake.set()

    def soon(self) -> None:
        """Something was done, so that not even the readings are true any more: check soon, which reads both sites."""
        with self._lock:
            self._soon.setdefault("", time.monotonic())
        self._wake.set()

    def stop(self) -> None:
        """Begin no further check."""
        self._closed.set()
        self._wake.set()
        self._unsubscribe()

    def close(self, limit_s: float) -> None:
        """Give up the check that is under way, with every other look, and end within about ``limit_s`` seconds. Never
        raises."""
        self.stop()
        self._operations.devices.abandon()
        if self._thread.is_alive():
            self._thread.join(limit_s)

    # ------------------------------------------------------------------------------------------------------- when

    def _heard(self, change: Change) -> None:
        """Something changed in the store. Called on the thread that changed it."""
        if change.device not in self._devices:
            return
        status = self._estate.device(change.device)
        health = status.health if status is not None else DeviceHealth.NEVER
        kinds = {kind for kind, _ in change.keys}
        with self._lock:
            other = self._health.get(change.device) is not health
            self._health[change.device] = health
            if other or kinds & self._subject.soon:
                self._soon.setdefault(change.device, time.monotonic())
            elif kinds & self._subject.later:
                self._later.setdefault(change.device, time.monotonic())
            else:
                return
        self._wake.set()

    def _due(self) -> float:
        """When the next check is to be begun, on the monotonic clock."""
        pace = self._pace
        with self._lock:
            asked, soon, later = bool(self._asked), min(self._soon.values(), default=None), self._later.values()
            group = min(later, default=None)
        if asked:
            return 0.0
        if self._ended is None:
            return self._begun + (0.0 if self._all_read() else pace.first)
        rest = pace.share * self._took
        due = [self._ended + max(pace.latest, rest)]
        if not self._busy():
            due += [] if soon is None else [max(soon + pace.soon, self._ended + max(pace.least, rest))]
            due += [] if group is None else [max(group + pace.soon, self._ended + max(pace.later, rest))]
        return min(due)

    def _all_read(self) -> bool:
        """Whether every device has been read lately, or could not be: the sweep began a little before this did."""
        begun = datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._begun + LATELY_S)
        found = [self._estate.device(name) for name in self._devices]
        return all(
            status is not None
            and (status.health is DeviceHealth.FAILING or (status.last_ok is not None and status.last_ok >= begun))
            for status in found
        )

    def _watch(self) -> None:
        while not self._closed.is_set():
            wait = self._due() - time.monotonic()
            if wait > 0:
                self._wake.wait(min(wait, self._pace.poll))
                self._wake.clear()
            else:
                self._check()

    # ------------------------------------------------------------------------------------------------------ checks

    def _check(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, []
            if asked:
                self._barred.clear()
            self._soon.clear()
            self._later.clear()
        began, at = time.monotonic(), datetime.now(UTC)
        self._view.begin(at)
        self._changed()
        try:
            self._look()
        except Exception as error:  # whatever it is: what is shown would grow old, and nobody would know why
            why = error.message if isinstance(error, StoreError) else f"a defect, {type(error).__name__}"
            if not self._closed.is_set():
                self._view.fail(why, datetime.now(UTC))
        if not self._busy():
            self._operations.devices.forget()  # all of an estate, which nobody else shares
        self._ended = time.monotonic()
        self._took = self._ended - began
        if not self._closed.is_set():
            self._changed()
            for done in asked:
                done()

    def _look(self) -> None:
        found = self._subject.look(self._failing())
        if self._closed.is_set():
            return
        believed = timedelta(seconds=3 * (self._pace.latest + self._pace.share * self._took))
        self._view.take(found.readiness, found.at, found.unread, whole=found.whole, believed=believed)
        for device, failure in found.unread.items():
            if failure.startswith(_NO_USE_IN_HURRY):
                self._barred.setdefault(device, (time.monotonic() + BARRED_S, failure))
        self._forget(found)

    def _failing(self) -> Mapping[str, str]:
        """The devices that are not to be asked: that the sweep cannot read now, or that refused a login; and why."""
        found = [self._estate.device(name) for name in self._devices]
        self._barred = {name: known for name, known in self._barred.items() if known[0] > time.monotonic()}
        return {name: failure for name, (_, failure) in self._barred.items()} | {
            status.name: f"{status.failure or 'not read'}: {status.text or 'it says nothing'}"
            for status in found
            if status is not None and status.health is DeviceHealth.FAILING
        }

    def _forget(self, found: Found) -> None:
        """What changed while it was being looked at was seen, where no later reading of the device has come since."""
        for device, taken_at in found.taken_at.items():
            status = self._estate.device(device)
            newest = status.last_ok if status is not None else None
            if taken_at is not None and (newest is None or newest <= taken_at):
                with self._lock:
                    self._soon.pop(device, None)
                    self._later.pop(device, None)


def _every(now: PraNow) -> tuple[HmcNow | ArrayNow, ...]:
    return (*now.nominal.hmcs, *now.nominal.arrays, *now.recovery.hmcs, *now.recovery.arrays)
