"""Looking at devices for many steps at once: whoever asks while a look is being taken that began late enough shares it.

No more sessions are open on a device than its bound allows; what waits between two looks holds none, except in a run
that keeps its sessions while it lasts (:meth:`Devices.kept`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, cast

from msgspec import Struct

from app.recovery.step import Query, UnseenError
from app.recovery.view import LOOKS_AT_ONCE, View
from backends.outcome import DeviceError, Failure, Sent
from backends.slots import Slots
from store.estate import Reading, Vlun

if TYPE_CHECKING:
    from backends.threepar.objects import ArrayObjects, ArrayVolume
    from backends.threepar.verbs import Door

Asked = tuple[str, Hashable]
"""A device, and the kind of look at it: ``reading`` and ``objects`` are at all of it; ``groups``, and each list of the
objects by its name there, at what a step goes by; a :class:`app.recovery.step.Query` at what it says itself."""


_GROUPS = ("reading", "groups")

SILENCE_S = 2.0
"""A device that is found unreachable sooner is asked again whenever somebody wants to know."""


KEPT_S = 120.0
"""What a look showed is kept for so long after it began: nobody acts on anything older, and there is no end of queries
that name a snapshot."""


def akin(one: Asked, other: Asked) -> bool:
    """Whether these look at the groups, or both at the objects, of the same device, each at all or at some of them. Of
    queries nothing is known but the device."""
    if one[0] != other[0]:
        return False
    if not (isinstance(one[1], str) and isinstance(other[1], str)):
        return True
    return (one[1] in _GROUPS) == (other[1] in _GROUPS)


class Kept(Protocol):
    """A device whose sessions stay logged in. All calls raise :class:`DeviceError` and may come from any thread."""

    def groups(self) -> Reading | None:
        """Its groups and their exports; None where only a reading of the whole device can say what there is."""

    def part(self, which: str) -> Any:
        """One of the lists of its objects."""

    def perform(self, verb: Any, door: Door, timeout_s: float) -> str:
        """Send one verb, once."""

    def log_in(self, most: int) -> None:
        """Open sessions for so many verbs at once, as far as the device takes them. Never raises."""


class Between(Protocol):
    """A verb that two devices take part in. ``watch`` says whether it is still wanted and is told how far it is."""

    def carry(self, source: Any, target: Any, watch: Any) -> str: ...


class _Held(Struct):
    """A session that is reserved; ``driver`` None: it is still to be opened."""

    device: str
    driver: Any
    good: bool = True

    def perform(self, connect: Callable[[], Any], verb: Any, door: str, limit_s: float) -> str:
        from backends.threepar.verbs import Door

        self.driver = self.driver or connect()
        self.good = False
        answer: str = self.driver.perform(verb, Door(door), limit_s) if door else self.driver.perform(verb)
        self.good = True
        return answer


class Devices:
    """The devices of a run. ``connect`` makes a driver by name; ``sessions`` are the most calls at a time, by device.
    ``keep`` makes one whose sessions stay logged in in the slots given, None where that cannot be done with a device.

    ``tell`` is handed every reading of a whole device, so that the panes see what the run saw.
    """

    def __init__(
        self,
        connect: Callable[[str], Any],
        sessions: Mapping[str, int],
        tell: Callable[[Reading], None] = lambda reading: None,
        keep: Callable[[str, Slots], Kept | None] = lambda name, slots: None,
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._keep = keep
        self._slots = {name: Slots(most) for name, most in sessions.items()}
        self._views: dict[Asked, View] = {}
        self._lock = threading.Lock()
        self._runs = 0
        self._kept: dict[str, Kept] = {}
        self._in_parts: set[str] = set()
        self._looking: set[Any] = set()
        self._abandoned = False
        self._mine = threading.local()
        self._silence: dict[str, tuple[float, DeviceError | None]] = {}

    # ------------------------------------------------------------------------------------------------------- asking

    def reading(self, device: str, since: float) -> Reading:
        """A reading of the device that began at or after ``since`` (monotonic). Raises :class:`UnseenError`."""
        found: Reading = self.look((device, "reading"), since)[0]
        return found

    def objects(self, device: str, since: float) -> ArrayObjects:
        """What an array has beside its groups, likewise."""
        found: ArrayObjects = self.look((device, "objects"), since)[0]
        return found

    def groups(self, device: str, look: Callable[[Asked], Any]) -> Any:
        """A reading of the device as ``look`` sees it, which may hold nothing but its groups, without sizes, where
        sessions are kept."""
        return look((device, "groups" if self.keeping(device) else "reading"))

    def parts(self, device: str, look: Callable[[Asked], Any]) -> Any:
        """What an array has beside its groups, as ``look`` sees it. Where sessions are kept, each list is looked at
        when it is asked for, so that no call is made for one that nobody needs."""
        return _Parts(device, look) if self.keeping(device) else look((device, "objects"))

    def look(self, asked: Asked, since: float, old_s: float = 0.0, urgency: float = 0.0) -> tuple[Any, float]:
        """What a look shows that began at or after ``since``, and when it began. One that began ``old_s`` seconds
        before is as good, but not one that failed: that says nothing of now. It goes before what waits for the device
        with less ``urgency``. Raises :class:`UnseenError`."""
        if old_s:
            with suppress(UnseenError):
                return self.look(asked, since - old_s, 0.0, urgency)
        if asked[0] not in self._slots:
            raise UnseenError(f"the configuration has no device {asked[0]}")
        self.forget(KEPT_S)
        with self._lock:
            most = max(LOOKS_AT_ONCE, self._slots[asked[0]].most // 4)
            view = self._views.setdefault(asked, View(most))
        value, error, began = view.shared(since, lambda: self._seen(*asked, urgency))
        if error is not None:
            raise UnseenError(f"{error.failure}: {error.text}", silent=error.silent)
        return value, began

    def look_ahead(self, verbs: Mapping[str, int]) -> None:
        """Begin a look at the groups of each device whose sessions are kept, and log in for so many verbs, and wait for
        none of it: the first steps of a run find it done."""

        def take(name: str, since: float) -> None:
            with suppress(UnseenError):  # whoever needs it looks again, and says so
                self.look((name, "groups"), since)

        now = time.monotonic()
        for name in filter(self.keeping, verbs):
            for work, arguments in ((take, (name, now)), (self._kept[name].log_in, (verbs[name],))):
                threading.Thread(target=work, args=arguments, name=f"look ahead at {name}", daemon=True).start()

    def forget(self, older_s: float = 0.0) -> None:
        """Keep nothing of the looks that began longer ago."""
        since = time.monotonic() - older_s
        with self._lock:
            old = [asked for asked, view in self._views.items() if not view.under_way and 0 <= view.began < since]
            for asked in old:
                del self._views[asked]

    def _seen(self, device: str, kind: Hashable, urgency: float) -> Any:
        if not isinstance(kind, str):
            return self._queried(device, cast(Query, kind), urgency)
        if kind == "groups":
            self._in_parts.add(device)
            groups = self._kept[device].groups()
            if groups is not None:
                return groups
        elif kind not in ("reading", "objects"):
            return self._kept[device].part(kind)
        with self._driver(device, urgency) as driver:
            if kind == "objects":
                return driver.objects()
            reading: Reading = driver.read()
        self._tell(reading)
        return reading

    def _queried(self, device: str, query: Query, urgency: float) -> Any:
        """What a query shows. Many of them, in turn, would wait in vain for a device that cannot be reached: for as
        long as it took to find that out, the next looks are told so at once."""
        with self._driver(device, urgency) as driver:
            began = time.monotonic()
            try:
                return query.take(driver)
            except DeviceError as failed:
                took = time.monotonic() - began
                if failed.failure is Failure.UNREACHABLE and took >= SILENCE_S:
                    self._silence[device] = (time.monotonic() + took, failed)
                raise

    # ------------------------------------------------------------------------------------------------------- acting

    def perform(self, device: str, verb: Any, door: str, limit_s: float, urgency: float = 1.0) -> str:
        """Send one verb, once, through ``door`` where the device has several; a command line is given ``limit_s`` to
        come to its end. Of those that wait for the device the one with the greatest ``urgency`` goes first, unless this
        thread :meth:`reserved` its session. Raises :class:`DeviceError`."""
        from backends.threepar.verbs import Door

        if device not in self._slots:
            text = f"the configuration has no device {device}"
            raise DeviceError(device, "connect", Failure.REFUSED, Sent.NO, text)
        if self.keeping(device):
            return self._kept[device].perform(verb, Door(door), limit_s)
        held = self._held(device)
        if held is not None:
            return held.perform(lambda: self._connect(device), verb, door, limit_s)
        with self._driver(device, urgency, verb=True) as driver:
            answer: str = driver.perform(verb, Door(door), limit_s) if door else driver.perform(verb)
            return answer

    def between(self, source: str, target: str, verb: Between, watch: Any, urgency: float = 1.0) -> str:
        """Likewise, one verb that two devices take part in. Raises :class:`DeviceError`."""
        for device in (source, target):
            if device not in self._slots:
                text = f"the configuration has no device {device}"
                raise DeviceError(device, "connect", Failure.REFUSED, Sent.NO, text)
        with ExitStack() as held:  # always in the same order: two of them must not wait for each other
            drivers = {
                name: held.enter_context(self._driver(name, urgency, verb=True)) for name in sorted({source, target})
            }
            return verb.carry(drivers[source], drivers[target], watch)

    @contextmanager
    def reserved(self, device: str, urgency: float) -> Iterator[float]:
        """Within, the next verb that this thread sends to the device waits for no session. Gives how long it was waited
        for, in seconds: what was seen before may be outdated by then."""
        if device not in self._slots or self.keeping(device):  # those find sessions by themselves
            yield 0.0
            return
        began, slots = time.monotonic(), self._slots[device]
        held = _Held(device, slots.take("", urgency))
        self._mine.held = held
        try:
            yield time.monotonic() - began
        finally:
            self._mine.held = None
            slots.give("", held.driver, held.good)

    def _held(self, device: str) -> _Held | None:
        held: _Held | None = getattr(self._mine, "held", None)
        return held if held is not None and held.device == device else None

    @contextmanager
    def _driver(self, device: str, urgent: float = 0.0, *, verb: bool = False) -> Iterator[Any]:
        """A driver, one call at a time. Where sessions are kept it stays logged in for the next call, but for one with
        a way of its own to keep them."""
        slots = self._slots[device]
        if device in self._kept:
            with slots.empty(urgent), closing(self._connect(device)) as driver, self._known(driver, verb):
                yield driver
            return
        driver, good = slots.take("", urgent), False
        try:
            until, error = self._silence.get(device, (0.0, None))
            if error is not None and not verb and time.monotonic() < until:
                raise error
            driver = driver or self._connect(device)
            with self._known(driver, verb):
                yield driver
            good = True
        finally:
            slots.give("", driver, good)

    @contextmanager
    def _known(self, driver: Any, verb: bool) -> Iterator[None]:
        """Within, a look with this driver ends where all are abandoned. A verb is never cut off."""
        if verb:
            yield
            return
        with self._lock:
            self._looking.add(driver)
            abandoned = self._abandoned
        try:
            if abandoned:
                driver.close()
            yield
        finally:
            with self._lock:
                self._looking.discard(driver)

    def abandon(self) -> None:
        """End every look that is under way, and those that still begin: the console ends. What is being sent goes on.
        Waits for nothing."""
        with self._lock:
            self._abandoned = True
            found = list(self._looking)
        for driver in found:
            threading.Thread(target=driver.close, name="close a driver", daemon=True).start()

    # ------------------------------------------------------------------------------------------------------ keeping

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within, sessions stay logged in from one call to the next. At the end of the last of those who keep them all
        are logged out, and what was looked at in parts is read as a whole."""
        with self._lock:
            if self._runs == 0:
                made = {name: self._keep(name, slots) for name, slots in self._slots.items()}
                self._kept = {name: kept for name, kept in made.items() if kept is not None}
                self._set_keeping(True)
            self._runs += 1
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1
                last = self._runs == 0
                if last:
                    in_parts, self._in_parts = self._in_parts, set()
                    self._set_keeping(False)
            if last:
                self.rest()
                self._read_whole(in_parts)

    def _read_whole(self, names: Collection[str]) -> None:
        since = time.monotonic()

        def read(name: str) -> None:
            with suppress(UnseenError):  # the next sweep says so
                self.reading(name, since)

        with ThreadPoolExecutor(max(1, len(names))) as pool:
            list(pool.map(read, names))

    def keeping(self, device: str) -> bool:
        """Whether sessions to it stay logged in just now."""
        return self._runs > 0 and device in self._kept

    def _set_keeping(self, keeping: bool) -> None:
        for slots in self._slots.values():
            slots.keeping = keeping

    def rest(self) -> None:
        """Log out of everything that is not in use just now: nothing will be done for a while."""
        with ThreadPoolExecutor(max(1, len(self._slots))) as pool:
            list(pool.map(Slots.close_idle, self._slots.values()))


class _Parts(Struct, frozen=True):
    """As :class:`ArrayObjects`, list by list. Each raises :class:`UnseenError` where it could not be read."""

    device: str
    look: Callable[[Asked], Any]

    @property
    def volumes(self) -> Mapping[str, ArrayVolume]:
        found: Mapping[str, ArrayVolume] = self.look((self.device, "volumes"))
        return found

    @property
    def vluns(self) -> Mapping[str, tuple[Vlun, ...]]:
        found: Mapping[str, tuple[Vlun, ...]] = self.look((self.device, "vluns"))
        return found

    @property
    def hosts(self) -> frozenset[str]:
        found: frozenset[str] = self.look((self.device, "hosts"))
        return found

    @property
    def cpgs(self) -> frozenset[str]:
        found: frozenset[str] = self.look((self.device, "cpgs"))
        return found
