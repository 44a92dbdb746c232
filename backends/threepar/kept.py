"""An array whose sessions stay logged in from one call to the next, for a run that makes many of them.

Then a call is one call, not a login, a call and a logout; a look at its groups asks both doors at once and leaves out
what no step goes by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Struct

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.slots import Slots
from backends.threepar import answers, objects, showrcopy, zones
from backends.threepar.answers import Fields, System, WsGroup
from backends.threepar.cli import CliSession
from backends.threepar.driver import ThreeParDriver
from backends.threepar.merge import Merger
from backends.threepar.showrcopy import CliGroup
from backends.threepar.verbs import Body, Door, Verb, sent_over
from backends.threepar.wsapi import WsapiSession
from store.estate import Problem, Reading, RemoteCopyGroup, Vlun

T = TypeVar("T")
S = TypeVar("S", WsapiSession, CliSession)


class _Api(Struct, frozen=True):
    """What the WSAPI says of the groups; ``exports`` by volume, ``skew_s`` the array's clock minus ours."""

    system: System
    groups: list[WsGroup]
    exports: Mapping[str, tuple[Vlun, ...]]
    skew_s: float | None


class KeptArray:
    """One array. ``driver`` makes a driver with what is needed to log in just then, or raises :class:`DeviceError`;
    sessions stay in ``slots`` for as long as those keep any. Safe from several threads."""

    def __init__(self, name: str, driver: Callable[[], ThreeParDriver], slots: Slots) -> None:
        self.name = name
        self._driver = driver
        self._slots = slots
        self._system: System | None = None
        # A run over many groups looks at all of them several times a second, and few are others than before: of what
        # was said again, by name, what was made of it.
        self._rows: dict[str, tuple[object, WsGroup]] = {}
        self._made: dict[str, tuple[object, RemoteCopyGroup | None]] = {}

    # ----------------------------------------------------------------------------------------------------------- calls

    def groups(self) -> Reading | None:
        """A reading of the groups alone, with their exports, without the sizes of their volumes. None where the doors
        do not both tell all of them: the driver's own reading says what there is then. Raises :class:`DeviceError`
        where both doors are silent.
        """
        began = datetime.now(UTC)
        with ThreadPoolExecutor(1, thread_name_prefix=f"showrcopy {self.name}") as beside:
            line = beside.submit(_tried, self._groups_csv)
            api = _tried(self._ask_wsapi)
        text = line.result()
        if isinstance(api, DeviceError) and api.silent and isinstance(text, DeviceError) and text.silent:
            raise api
        if isinstance(api, Exception) or isinstance(text, Exception):
            return None
        reading = _tried(lambda: self._merged(began, api, text))
        return None if isinstance(reading, Exception) else reading

    def part(self, which: str) -> Any:
        """One of the lists of :class:`ArrayObjects`, by its name there. Raises :class:`DeviceError`."""
        with self._wsapi() as session:
            return objects.PARTS[which](session)

    def perform(self, verb: Verb, door: Door, timeout_s: float) -> str:
        """As :meth:`ThreeParDriver.perform`, before any look that waits for a session."""

        def request(method: str, path: str, body: Body | None) -> str:
            with self._wsapi(urgent=True) as session:
                return answers.told(session.send(method, path, body))

        def command(text: str) -> str:
            with self._cli(urgent=True) as session:
                return session.do(text, timeout_s)

        return sent_over(door, verb, request, command)

    def log_in(self, most: int) -> None:
        """Open sessions for so many verbs at once, as far as the slots go. Never raises: the verb says what is wrong,
        and an array that does not let one in is not asked for more."""

        def one() -> None:
            with suppress(DeviceError), self._wsapi():
                pass

        rest = max(0, min(most, self._slots.share) - 1)
        with suppress(DeviceError), self._wsapi(), ThreadPoolExecutor(rest + 1) as pool:
            for _ in range(rest):
                pool.submit(one)

    # ---------------------------------------------------------------------------------------------------------- groups

    def _groups_csv(self) -> str:
        with self._cli() as session:
            return session.csv("showrcopy groups")

    def _ask_wsapi(self) -> _Api:
        with self._wsapi() as session:
            if self._system is None:
                self._system = answers.system(session.get("/system"))
            # Exports first: the later it is told of the groups, the sooner an effect is seen on both doors.
            exports = objects.vluns(session)
            groups = objects.listed(session, "/remotecopygroups", self._group)
            return _Api(self._system, groups, exports, session.skew_s)

    def _merged(self, began: datetime, api: _Api, text: str) -> Reading | None:
        """The groups as both doors tell of them; where these contradict each other a group is *unknown* in that."""
        if api.system.time_zone is None or api.skew_s is None:
            return None
        told = showrcopy.groups_csv(text, zones.zone(api.system.time_zone))
        by_cli = {group.name: group for group in told.groups}
        by_ws = {group.name: group for group in api.groups}
        if told.problems or by_cli.keys() != by_ws.keys() or len(told.groups) + len(api.groups) > 2 * len(by_ws):
            return None
        problems: list[Problem] = []
        merger = Merger(api.system, api.exports, {}, problems)
        merged = [self._merge(merger, by_cli[name], by_ws[name]) for name in sorted(by_ws)]
        groups = tuple(group for group in merged if group is not None)
        if len(groups) < len(merged):
            return None
        return Reading(self.name, began, objects=groups, problems=tuple(problems), clock_skew_s=api.skew_s)

    def _group(self, row: Fields) -> WsGroup:
        name = row.text("name")
        known = self._rows.get(name)
        if known is not None and known[0] == row.value:
            return known[1]
        made = answers.group(row)
        self._rows[name] = row.value, made
        return made

    def _merge(self, merger: Merger, cli: CliGroup, ws: WsGroup) -> RemoteCopyGroup | None:
        """One group; one of which both doors say what they said before, without a problem, is not made again."""
        told = (cli, ws, [merger.exports.get(volume.local) for volume in cli.volumes])
        known = self._made.get(ws.name)
        if known is not None and known[0] == told:
            return known[1]
        before = len(merger.problems)
        made = merger.merge(cli, ws)
        if len(merger.problems) == before:
            self._made[ws.name] = told, made
        return made

    # -------------------------------------------------------------------------------------------------------- sessions

    def _wsapi(self, urgent: bool = False) -> AbstractContextManager[WsapiSession]:
        def log_in() -> WsapiSession:
            session = self._driver().wsapi()
            session.open()
            return session

        return self._session(Door.WSAPI, log_in, urgent)

    def _cli(self, urgent: bool = False) -> AbstractContextManager[CliSession]:
        return self._session(Door.CLI, lambda: self._driver().cli(), urgent)

    @contextmanager
    def _session(self, door: Door, log_in: Callable[[], S], urgent: bool) -> Iterator[S]:
        """A session that is logged in. One in which anything failed is not used again."""
        session = self._slots.take(door, urgent)
        let_in, good = session is not None, False
        try:
            if session is None:
                session = log_in()
                let_in = door is Door.WSAPI  # the command line logs in with its first command
            yield session
            good = True
        except DeviceError as error:
            if let_in and error.failure is Failure.LOGIN_REFUSED:
                # It let us in before: it is the session that is not valid any more, and nothing was done under it.
                text = f"the session had ended: {error.text}"
                raise DeviceError(self.name, error.call, Failure.LOST, Sent.NO, text, error.code) from None
            raise
        finally:
            self._slots.give(door, session, good)


def _tried(ask: Callable[[], T]) -> T | DeviceError | ParseError:
    try:
        return ask()
    except (DeviceError, ParseError) as error:
        return error
