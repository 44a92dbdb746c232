"""One array: its remote copy groups, targets and links, read through both of its doors.

Each sweep opens a fresh WSAPI session and one SSH connection and closes both, so that nothing of an outage outlives it
and no session stays on the array. Either door alone still gives a reading; what it lacks is a Problem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from backends.endpoint import Limits, SshAccess, TlsAccess
from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.threepar import answers, clidata, objects, showrcopy, zones
from backends.threepar.answers import System, WsGroup
from backends.threepar.cli import CliSession
from backends.threepar.merge import BOTH_DOORS, Merger
from backends.threepar.objects import ArrayObjects
from backends.threepar.showrcopy import CliGroup
from backends.threepar.verbs import Door, Verb, sent_over
from backends.threepar.wsapi import WsapiSession
from store.estate import (
    EstateObject,
    Problem,
    RcopyLink,
    RcopyTarget,
    Reading,
    StorageSystem,
    Unread,
    Vlun,
)

T = TypeVar("T")

_NOT_CONFIGURED = "remote copy is not configured"
_WAIT_S = 900.0


class _Facts(Struct):
    """What the doors said. ``None``: that was not read. ``problems`` and ``failed`` collect what went wrong."""

    system: System | None = None
    rcopy: str | None = None
    ws_groups: list[WsGroup] | None = None
    cli_groups: Sequence[CliGroup] | None = None
    targets: tuple[RcopyTarget, ...] | None = None
    links: tuple[RcopyLink, ...] | None = None
    exports: dict[str, tuple[Vlun, ...]] | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    zone: tzinfo | None = None
    skew_s: float | None = None
    problems: list[Problem] = field(default_factory=list)
    failed: list[DeviceError] = field(default_factory=list)

    def part(self, where: str, read: Callable[[], T]) -> T | None:
        """``read()``; a part that cannot be read is a Problem and None. A dead door is raised."""
        try:
            return read()
        except ParseError as error:
            self.problems.append(Problem(where, error.line, error.expected))
        except DeviceError as error:
            if error.failure not in (Failure.REFUSED, Failure.BUSY, Failure.BAD_ANSWER):
                raise
            self.problems.append(Problem(where, _shown(error), "an answer"))
        return None


class ThreeParDriver:
    """A driver of one array. ``api`` is its WSAPI, ``cli`` its SSH; both log in with user and password (or key)."""

    def __init__(self, name: str, api: TlsAccess, cli: SshAccess, limits: Limits) -> None:
        self.name = name
        self._api = api
        self._cli = cli
        self._limits = limits

    def close(self) -> None:
        """Nothing stays open between calls; never raises."""

    def wsapi(self) -> WsapiSession:
        """A session of the WSAPI, to be opened and closed by the caller."""
        return WsapiSession(self.name, self._api, self._limits)

    def cli(self) -> CliSession:
        """A session of the command line, which logs in at its first command, to be closed by the caller."""
        return CliSession(self.name, self._cli, self._limits)

    # --------------------------------------------------------------------------------------------------------- reading

    def read(self) -> Reading:
        """Sweep the array. Raises :class:`DeviceError` when neither door can say who the array is.

        Where the doors contradict each other it asks both once more: a role that changed between their answers is none.
        """
        reading = self._sweep()
        return self._sweep() if any(p.where == BOTH_DOORS for p in reading.problems) else reading

    def _sweep(self) -> Reading:
        began = datetime.now(UTC)
        facts = _Facts()
        self._door(facts, self._read_wsapi, "WSAPI")
        self._door(facts, self._read_cli, "CLI")
        if facts.system is None:
            if facts.failed:
                raise facts.failed[0]
            text = "; ".join(f"{p.where}: expected {p.expected}" for p in facts.problems)
            raise DeviceError(self.name, "GET /system", Failure.BAD_ANSWER, Sent.REFUSED, text)
        found, unread = self._objects(facts, facts.system)
        return Reading(
            device=self.name,
            taken_at=began,
            objects=tuple(found),
            problems=tuple(facts.problems),
            unread=tuple(unread),
            clock_skew_s=facts.skew_s,
        )

    def _door(self, facts: _Facts, read: Callable[[_Facts], None], door: str) -> None:
        try:
            read(facts)
        except DeviceError as error:
            facts.failed.append(error)
            facts.problems.append(Problem(door, _shown(error), "an answer"))

    def _read_wsapi(self, facts: _Facts) -> None:
        with self.wsapi() as session:
            facts.system = facts.part("GET /system", lambda: answers.system(session.get("/system")))
            facts.skew_s = session.skew_s
            if facts.system is not None and facts.system.time_zone is not None:
                text = facts.system.time_zone
                facts.zone = facts.part("GET /system: timeZone", lambda: zones.zone(text))
            facts.rcopy = facts.part("GET /remotecopy", lambda: answers.rcopy_status(session.get("/remotecopy")))
            facts.ws_groups = self._list(facts, session, "/remotecopygroups", answers.group)
            facts.targets = _tuple(self._list(facts, session, "/remotecopytargets", answers.target))
            exports = self._list(facts, session, "/vluns", answers.export)
            facts.exports = None if exports is None else answers.by_volume(exports)
            volumes = self._list(facts, session, "/volumes", answers.volume)
            facts.sizes = {name: size for name, _, size in volumes or ()}

    def _list(
        self, facts: _Facts, session: WsapiSession, path: str, parse: Callable[[answers.Fields], T]
    ) -> list[T] | None:
        def read() -> list[T]:
            found, problems = answers.members(f"GET {path}", session.get(path), parse)
            facts.problems += problems
            return found

        return facts.part(f"GET {path}", read)

    def _read_cli(self, facts: _Facts) -> None:
        with closing(self.cli()) as cli:
            if facts.zone is None or facts.skew_s is None:
                self._clock(facts, cli)
            if facts.system is None:
                facts.system = facts.part("showsys", lambda: _system(cli))
            command = "showrcopy groups" if facts.ws_groups is not None else "showrcopy -d groups"
            text = facts.part(command, lambda: cli.csv(command, headers=facts.ws_groups is None))
            if text is None:
                return
            if text.strip().lower().startswith(_NOT_CONFIGURED):
                facts.cli_groups, facts.rcopy = (), facts.rcopy or "not configured"
                return
            groups = showrcopy.groups_csv(text, facts.zone, command)
            facts.cli_groups = groups.groups
            facts.problems += groups.problems
            facts.targets = self._rows(facts, cli, "showrcopy targets", showrcopy.targets_csv) or facts.targets
            facts.links = self._rows(facts, cli, "showrcopy links", showrcopy.links_csv)
            if facts.exports is None:
                self._cli_exports(facts, cli)

    def _clock(self, facts: _Facts, cli: CliSession) -> None:
        asked = datetime.now(UTC)
        found = facts.part("showdate", lambda: clidata.clock(cli.csv("showdate")))
        if found is not None:
            theirs, facts.zone, name = found
            facts.skew_s = round((theirs - asked).total_seconds(), 1)
            if facts.system is not None and facts.system.time_zone is None:
                facts.system = replace(facts.system, time_zone=name)

    def _rows(
        self,
        facts: _Facts,
        cli: CliSession,
        command: str,
        parse: Callable[[str, str], tuple[tuple[T, ...], tuple[Problem, ...]]],
    ) -> tuple[T, ...] | None:
        def read() -> tuple[T, ...]:
            found, problems = parse(cli.csv(command, headers=True), command)
            facts.problems += problems
            return found

        return facts.part(command, read)

    def _cli_exports(self, facts: _Facts, cli: CliSession) -> None:
        found = facts.part("showvlun -t", lambda: clidata.exports(cli.csv("showvlun -t", headers=True)))
        if found is not None:
            facts.exports = answers.by_volume(found[0])
            facts.problems += found[1]

    # ------------------------------------------------------------------------------------------------------- objects

    def _objects(self, facts: _Facts, system: System) -> tuple[list[EstateObject], list[Unread]]:
        storage = StorageSystem(
            name=system.name,
            serial=system.serial,
            model=system.model,
            os_version=system.os_version,
            system_id=system.system_id,
            time_zone=system.time_zone,
            total_capacity_mib=system.total_mib,
            free_capacity_mib=system.free_mib,
            rcopy_status=facts.rcopy,
            targets=facts.targets or (),
            links=facts.links or (),
        )
        prefix = f"{system.serial}:"
        if facts.cli_groups is None and facts.ws_groups is None:
            return [storage], [Unread("rcg", prefix, "neither door listed the groups")]
        if facts.exports is None:
            return [storage], [Unread("rcg", prefix, "the exports of the volumes could not be read")]
        return self._groups(facts, system, storage, facts.exports)

    def _groups(
        self, facts: _Facts, system: System, storage: StorageSystem, exports: dict[str, tuple[Vlun, ...]]
    ) -> tuple[list[EstateObject], list[Unread]]:
        merger = Merger(system, exports, facts.sizes, facts.problems)
        by_cli = _by_name(facts, facts.cli_groups or ())
        by_ws = {group.name: group for group in facts.ws_groups or ()}
        found: list[EstateObject] = [storage]
        unread: list[Unread] = []
        for name in sorted({*by_cli, *by_ws}):
            cli, ws = by_cli.get(name), by_ws.get(name)
            if (cli is None and facts.cli_groups is not None) or (ws is None and facts.ws_groups is not None):
                facts.problems.append(Problem(BOTH_DOORS, name, "a group on both doors"))
            group = merger.merge(cli, ws)
            if group is not None:
                found.append(group)
            else:
                number = ws.id if ws is not None else cli.id if cli is not None else None
                key = f"{system.serial}:" if number is None else f"{system.serial}:{number}"
                unread.append(Unread("rcg", key, f"group {name} could not be read"))
        if any(p.where in ("GET /remotecopygroups", "showrcopy -d groups") for p in facts.problems):
            unread.append(Unread("rcg", f"{system.serial}:", "a group in the list could not be read"))
        return found, unread

    def objects(self) -> ArrayObjects:
        """Volumes, exports, hosts and CPGs, through the WSAPI. Raises :class:`DeviceError`."""
        with self.wsapi() as session:
            return objects.read(session)

    # ----------------------------------------------------------------------------------------------------------- verbs

    def perform(self, verb: Verb, door: Door = Door.WSAPI, timeout_s: float = _WAIT_S) -> str:
        """Send one verb, once, through ``door``; returns what the array printed or answered, mostly nothing.

        The WSAPI returns when the verb is accepted; the CLI with ``-waittask`` when it is done, within ``timeout_s``.
        Raises :class:`DeviceError`; its ``sent`` says what may have happened.
        """
        return sent_over(door, verb, self._send_wsapi, lambda command: self._send_cli(command, timeout_s))

    def _send_wsapi(self, method: str, path: str, body: dict[str, object] | None) -> str:
        with self.wsapi() as session:
            return answers.told(session.send(method, path, body))

    def _send_cli(self, command: str, timeout_s: float) -> str:
        with closing(self.cli()) as cli:
            return cli.do(command, timeout_s)


def _system(cli: CliSession) -> System:
    return clidata.system(cli.csv("showsys", headers=True), cli.csv("showversion -s"))


def _by_name(facts: _Facts, groups: Sequence[CliGroup]) -> dict[str, CliGroup]:
    """The groups by name. A second row of one name is a second target, which is a Problem: the first row stands."""
    found: dict[str, CliGroup] = {}
    for group in groups:
        if group.name in found:
            facts.problems.append(Problem("showrcopy groups", group.name, "one target for each group"))
        else:
            found[group.name] = group
    return found


def _tuple(found: list[T] | None) -> tuple[T, ...] | None:
    return None if found is None else tuple(found)


def _shown(error: DeviceError) -> str:
    return f"{error.call}: {error.failure}: {error.text}" + (f" ({error.code})" if error.code else "")
