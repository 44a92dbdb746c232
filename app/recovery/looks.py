"""Looking at devices for many steps at once: whoever asks while a look is being taken that began late enough shares it.

No more sessions are open on a device than its bound allows; what waits between two looks holds none. A run over many
groups keeps its sessions while it lasts (:meth:`Devices.kept`): then a call is one call, not a login, a call and a
logout, and a look at the groups of a 3PAR asks both of its doors at once, for its groups alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, cast

from app.connect import Slots
from app.recovery.step import UnseenError
from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.threepar import answers, objects, showrcopy, zones
from backends.threepar.answers import System, WsGroup
from backends.threepar.merge import Merger
from backends.threepar.verbs import Door, sent_over
from store.estate import EstateObject, Problem, Reading, Vlun

Asked = tuple[str, str]
"""A device, and the kind of look at it: ``reading``, ``objects``, or one of the lists that these are made of."""

AT_A_TIME = 2
"""Looks of one kind at one device that may be under way where sessions are kept, a quarter of its sessions where that
is more: the second need not wait for the end of the first."""

INVENTORY_S = 60.0
"""For so long an array's hosts and CPGs are not read again: no step changes them."""

_SILENT = (Failure.UNREACHABLE, Failure.TIMEOUT, Failure.LOST)
_LISTS = ("/volumes", "/vluns", "/hosts", "/cpgs")
_INVENTORY = ("/hosts", "/cpgs")
_NONE: Mapping[str, object] = {path: {"members": []} for path in _LISTS}


@dataclass(slots=True)
class _View:
    """The newest look of one kind at one device. Times are on the monotonic clock; ``flying`` are the beginnings of the
    looks under way; ``value`` or ``error``."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    began: float = -1.0
    flying: list[float] = field(default_factory=list)
    value: Any = None
    error: DeviceError | None = None


@dataclass(slots=True)
class _Known:
    """What is known of an array while sessions to it are kept: who it is, and whether its groups were looked at."""

    system: System | None = None
    zone: tzinfo | None = None
    looked: bool = False


class Devices:
    """The devices of a run. ``connect`` makes a driver by name; ``sessions`` are the most calls at a time, by device.
    Where ``connect`` has sessions as :class:`app.connect.Connector` does, these can be kept.

    ``tell`` is handed every reading of a whole device, so that the panes see what the run saw.
    """

    def __init__(
        self,
        connect: Callable[[str], Any],
        sessions: Mapping[str, int],
        tell: Callable[[Reading], None] = lambda reading: None,
    ) -> None:
        self._connect = connect
        self._open: Callable[..., Any] = getattr(connect, "session", connect)
        self._sessioned: Callable[[str], bool] = getattr(connect, "has_sessions", lambda name: False)
        self._tell = tell
        self._slots = {name: Slots(most) for name, most in sessions.items()}
        self._views: dict[Asked, _View] = {}
        self._lock = threading.Lock()
        self._runs = 0
        self._known: dict[str, _Known] = {}
        self._habits: dict[str, frozenset[Asked]] = {}
        self._ahead: ThreadPoolExecutor | None = None
        self._doors: ThreadPoolExecutor | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within, sessions stay logged in from one call to the next. At the end of the last of those who keep them all
        are logged out, and what was looked at in parts is read as a whole."""
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                self._ahead = ThreadPoolExecutor(16, thread_name_prefix="look")
                self._doors = ThreadPoolExecutor(32, thread_name_prefix="door")
                for slots in self._slots.values():
                    slots.keeping = True
        try:
            yield
        finally:
            with self._lock:
                self._runs -= 1
                last = self._runs == 0
                pools = (self._ahead, self._doors) if last else ()
                if last:
                    self._ahead = self._doors = None
                    known, self._known = self._known, {}
            if last:
                self._end(pools, known)

    def rest(self) -> None:
        """Log out of everything that is not in use just now: nothing will be done for a while."""
        with ThreadPoolExecutor(max(1, len(self._slots))) as pool:
            list(pool.map(Slots.close_idle, self._slots.values()))

    def _end(self, pools: Iterable[ThreadPoolExecutor | None], known: Mapping[str, _Known]) -> None:
        for pool in pools:
            if pool is not None:
                pool.shutdown()
        since = time.monotonic()
        for slots in self._slots.values():
            slots.keeping = False
        self.rest()
        with ThreadPoolExecutor(max(1, len(self._slots))) as pool:
            list(pool.map(lambda name: self._glance((name, "reading"), since), [n for n in known if known[n].looked]))

    # ------------------------------------------------------------------------------------------------------- asking

    def reading(self, device: str, since: float) -> Reading:
        """A reading of the device that began at or after ``since`` (monotonic). Raises :class:`UnseenError`.

        While sessions are kept, one of a 3PAR may hold nothing but its groups, without sizes and exports.
        """
        found: Reading = self.look((device, "reading"), since)[0]
        return found

    def objects(self, device: str, since: float) -> Any:
        """What an array has beside its groups, likewise."""
        return self.objects_by(device, lambda asked: self.look(asked, since)[0])

    def objects_by(self, device: str, look: Callable[[Asked], Any]) -> Any:
        """What an array has beside its groups, as ``look`` sees it. While sessions are kept, each of its lists is
        looked at when it is asked for, so that no call is made for one that nobody needs."""
        return _Parts(device, look) if self._keeping(device) else look((device, "objects"))

    def perform(self, device: str, verb: Any, door: str, limit_s: float) -> str:
        """Send one verb, once; a command line is given ``limit_s`` to come to its end. Raises :class:`DeviceError`."""
        if self._keeping(device):
            with self._session(device, Door(door), urgent=True) as session:
                return sent_over(
                    Door(door),
                    verb,
                    lambda method, path, body: answers.shown(session.send(method, path, body) or {}),
                    lambda command: str(session.do(command, limit_s)),
                )
        with self._driver(device, urgent=True) as driver:
            answer: str = driver.perform(verb, Door(door), limit_s)
            return answer

    def ahead(self, habit: str, since: Callable[[Asked], float]) -> None:
        """Begin the looks that whoever has this habit took the last time, all at once, where sessions are kept."""
        pool = self._ahead
        wanted = self._habits.get(habit, frozenset())
        if pool is not None and len(wanted) > 1:
            for asked in wanted:
                pool.submit(self._glance, asked, since(asked))

    def warm(self, devices: Iterable[str]) -> None:
        """Begin to look at these devices, where sessions are kept."""
        pool, now = self._ahead, time.monotonic()
        if pool is not None:
            for device in devices:
                pool.submit(self._glance, (device, "reading"), now)

    def note(self, habit: str, asked: frozenset[Asked]) -> None:
        """Remember at what somebody looked."""
        if asked:
            self._habits[habit] = asked

    def _glance(self, asked: Asked, since: float) -> None:
        with suppress(UnseenError):  # whoever needs it asks again, and is told
            self.look(asked, since)

    def look(self, asked: Asked, since: float) -> tuple[Any, float]:
        """As :meth:`reading` and :meth:`objects`, with the moment at which the look began."""
        with self._lock:
            view = self._views.setdefault(asked, _View())
        if asked[1] in _INVENTORY:
            since -= INVENTORY_S
        with view.changed:
            while view.began < since:
                if len(view.flying) < self._most(asked[0]) and not any(began >= since for began in view.flying):
                    self._take(asked, view)
                else:
                    view.changed.wait()
            value, error, began = view.value, view.error, view.began
        if error is not None:
            raise UnseenError(f"{error.failure}: {error.text}", silent=error.failure in _SILENT)
        return value, began

    def _take(self, asked: Asked, view: _View) -> None:
        """Take a look, without holding up those who only wait for one. Called, and left, under ``view.changed``."""
        began = time.monotonic()
        view.flying.append(began)
        view.changed.release()
        value: Any = None
        error: DeviceError | None = None
        try:
            value = self._seen(*asked)
        except DeviceError as failed:
            error = failed
        finally:
            view.changed.acquire()
            view.flying.remove(began)
            view.changed.notify_all()
        if began > view.began:
            view.began, view.value, view.error = began, value, error

    def _seen(self, device: str, kind: str) -> Any:
        if kind in _LISTS:
            return objects.read(cast(Any, _Lists(device, {**_NONE, kind: self._get(device, kind)[0]})))
        if kind == "objects":
            with self._driver(device) as driver:
                return driver.objects()
        quick = self._groups(device) if self._keeping(device) else None
        if quick is not None:
            return quick
        with self._driver(device) as driver:
            reading = driver.read()
        self._tell(reading)
        return reading

    # ----------------------------------------------------------------------------------------------------- sessions

    def _keeping(self, device: str) -> bool:
        return self._doors is not None and self._sessioned(device)

    def _most(self, device: str) -> int:
        return max(AT_A_TIME, self._slots[device].most // 4) if self._doors is not None else 1

    @contextmanager
    def _driver(self, device: str, urgent: bool = False) -> Iterator[Any]:
        """A driver, which logs in for each call, in a slot that holds no session."""
        slots = self._slots[device]
        slots.take(None, urgent)
        try:
            with closing(self._connect(device)) as driver:
                yield driver
        finally:
            slots.give(None, None, good=True)

    @contextmanager
    def _session(self, device: str, door: Door, urgent: bool = False) -> Iterator[Any]:
        """A session that is logged in. One in which anything failed is not used again."""
        slots = self._slots[device]
        session = slots.take(door, urgent)
        reused, good = session is not None, False
        try:
            if session is None:
                session = self._open(device, door)
                if door is Door.WSAPI:
                    session.open()
            yield session
            good = True
        except DeviceError as error:
            if reused and error.failure is Failure.LOGIN_REFUSED:
                # It let us in before: it is the session that is not valid any more, and nothing was done under it.
                text = f"the session had ended: {error.text}"
                raise DeviceError(device, error.call, Failure.LOST, Sent.NO, text, error.code) from None
            raise
        finally:
            slots.give(door, session, good)

    # -------------------------------------------------------------------------------------------- looks over sessions

    def _get(self, device: str, path: str) -> tuple[object, float | None]:
        """The answer to a GET, and how far the array's clock is ahead of ours, in seconds."""
        with self._session(device, Door.WSAPI) as session:
            return session.get(path), session.skew_s

    def _csv(self, device: str, command: str) -> str:
        with self._session(device, Door.CLI) as session:
            return str(session.csv(command))

    def _groups(self, device: str) -> Reading | None:
        """The groups of an array through both of its doors at once. None where that is not all there is to say: the
        whole reading says it then. Raises :class:`DeviceError` where both doors are silent."""
        with self._lock:
            known = self._known.setdefault(device, _Known())
        began = datetime.now(UTC)
        told = self._beside(partial(self._csv, device, "showrcopy groups"))
        ws: list[WsGroup] = []
        problems: list[Problem] = []
        failed: DeviceError | ParseError | None = None
        skew: float | None = None
        try:
            if known.system is None:
                self._identify(device, known)
            answer, skew = self._get(device, "/remotecopygroups")
            ws, problems = answers.members("GET /remotecopygroups", answer, answers.group)
        except (DeviceError, ParseError) as error:
            failed = error
        other = told.exception()
        if isinstance(failed, DeviceError) and _dead(failed) and _dead(other):
            raise failed
        if other is not None and not isinstance(other, DeviceError):
            raise other
        if failed is not None or other is not None or problems or known.system is None or skew is None:
            return None
        found = _merged(known.system, ws, told.result(), known.zone)
        if found is None:
            return None
        known.looked = True
        return Reading(device, began, objects=found[0], problems=found[1], clock_skew_s=skew)

    def _identify(self, device: str, known: _Known) -> None:
        system = answers.system(self._get(device, "/system")[0])
        if system.time_zone is not None:
            known.zone = zones.zone(system.time_zone)
            known.system = system

    def _beside(self, do: Callable[[], Any]) -> Future[Any]:
        pool = self._doors
        if pool is not None:
            return pool.submit(do)
        done: Future[Any] = Future()
        try:
            done.set_result(do())
        except (DeviceError, ParseError) as error:
            done.set_exception(error)
        return done


@dataclass(frozen=True, slots=True)
class _Lists:
    """Answers of the WSAPI that are there already, in place of a session that would ask for them."""

    device: str
    lists: Mapping[str, object]

    def get(self, path: str) -> object:
        return self.lists[path]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an array has beside its groups (:class:`backends.threepar.objects.ArrayObjects`), list by list. Each raises
    :class:`UnseenError` where it could not be read."""

    device: str
    look: Callable[[Asked], Any]

    @property
    def volumes(self) -> Mapping[str, objects.ArrayVolume]:
        return self._part("/volumes").volumes

    @property
    def vluns(self) -> Mapping[str, tuple[Vlun, ...]]:
        return self._part("/vluns").vluns

    @property
    def hosts(self) -> frozenset[str]:
        return self._part("/hosts").hosts

    @property
    def cpgs(self) -> frozenset[str]:
        return self._part("/cpgs").cpgs

    def _part(self, path: str) -> objects.ArrayObjects:
        found: objects.ArrayObjects = self.look((self.device, path))
        return found


def _dead(error: BaseException | None) -> bool:
    return isinstance(error, DeviceError) and error.failure in _SILENT


def _merged(
    system: System, ws: list[WsGroup], text: str, zone: tzinfo | None
) -> tuple[tuple[EstateObject, ...], tuple[Problem, ...]] | None:
    """The groups as both doors tell of them, and where these contradict each other; such a group is *unknown* in that.
    None where one door has a row that is not understood, or a group that the other has not."""
    told = showrcopy.groups_csv(text, zone)
    by_cli = {group.name: group for group in told.groups}
    by_ws = {group.name: group for group in ws}
    if told.problems or by_cli.keys() != by_ws.keys() or len(by_cli) != len(told.groups):
        return None
    problems: list[Problem] = []
    merger = Merger(system, {}, {}, problems)
    found = [merger.merge(by_cli[name], by_ws[name]) for name in sorted(by_ws)]
    groups = tuple(group for group in found if group is not None)
    return (groups, tuple(problems)) if len(groups) == len(found) else None
