"""Reads one HMC: its managed systems and their LPARs, with a fixed number of commands per managed system.

All commands go over one connection, as many at a time as the limits allow. A managed system that one command could not
be read of is *unread* with all its LPARs; the others still show.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from backends.endpoint import Limits, SshAccess
from backends.hmc import npiv, ports, reading
from backends.hmc.reading import Answers, Gathered
from backends.hmc.records import Table, table
from backends.hmc.ssh import HmcSession
from backends.hmc.verbs import Verb
from backends.outcome import DeviceError, Failure, ParseError, Sent
from store.estate import Lpar, LparState, ManagedSystem, NpivMapping, Problem, Reading, Unread
from store.turns import computing

CLOCK = "date -u +%s"
SYSTEMS = "lssyscfg -r sys"
LPARS = "lssyscfg -r lpar"
_SYSTEM_TABLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("profiles", "lssyscfg -r prof", reading.PROFILE_FIELDS),
    ("fc", "lshwres -r virtualio --rsubtype fc --level lpar", reading.FC_FIELDS),
    ("eth", "lshwres -r virtualio --rsubtype eth --level lpar", reading.ETH_FIELDS),
    ("vnics", ports.VNICS, ports.VNIC_FIELDS),
    ("logical_ports", ports.LOGICAL_PORTS, ports.LOGICAL_PORT_FIELDS),
    ("scsi", "lshwres -r virtualio --rsubtype scsi --level lpar", reading.SCSI_FIELDS),
    ("system_mem", "lshwres -r mem --level sys", reading.SYSTEM_MEM_FIELDS),
    ("system_proc", "lshwres -r proc --level sys", reading.SYSTEM_PROC_FIELDS),
    ("lpar_mem", "lshwres -r mem --level lpar", reading.LPAR_MEM_FIELDS),
    ("lpar_proc", "lshwres -r proc --level lpar", reading.LPAR_PROC_FIELDS),
    ("refcodes", "lsrefcode -r lpar", reading.REFCODE_FIELDS),
)
_PATIENCE = 2  # commands of one reading that may time out before the rest is left alone
_BUSY_TRIES = 3
_BUSY_PAUSE_S = 0.3
_CLOCK_TRUST_S = 5.0  # an answer that took longer says nothing about the clock
_WHOLE = frozenset((Failure.UNREACHABLE, Failure.UNTRUSTED, Failure.LOGIN_REFUSED, Failure.SESSION_LIMIT))


class HmcDriver:
    """One HMC. ``name`` is the device's name in the settings; nothing is sent before the first call."""

    def __init__(self, name: str, access: SshAccess, limits: Limits) -> None:
        self.name = name
        self._limits = limits
        self._session = HmcSession(name, access, limits)

    def read(self) -> Reading:
        """Every managed system and LPAR. Raises :class:`DeviceError` when the HMC as a whole could not be read."""
        taken_at = datetime.now(UTC)
        try:
            return _Sweep(self._session, self._limits).read(taken_at)
        except ParseError as error:
            text = f"expected {error.expected}, got {error.line[:200]!r}"
            raise DeviceError(self.name, SYSTEMS, Failure.BAD_ANSWER, Sent.REFUSED, text) from None

    def perform(self, verb: Verb) -> str:
        """Send one verb, once, and return what the HMC printed (usually nothing).

        Raises :class:`DeviceError`: ``sent`` says whether the same verb may be sent again.
        """
        return self._session.ask(verb.command()).strip()

    def ask(self, command: str) -> str:
        """What a command that only lists prints; asked again once where the connection was lost or all sessions were
        taken. Raises :class:`DeviceError`."""
        return _Sweep(self._session, self._limits).ask(command)

    def close(self) -> None:
        """Close the connection; never raises."""
        self._session.close()


class _Sweep:
    """One reading: asks in two rounds (LPARs of every system, then the rest of those that answered)."""

    def __init__(self, session: HmcSession, limits: Limits) -> None:
        self._session = session
        self._limits = limits
        self._into = Gathered()
        self._timeouts = 0
        self._down: DeviceError | None = None
        self._lock = threading.Lock()

    def read(self, taken_at: datetime) -> Reading:
        into = self._into
        with ThreadPoolExecutor(max(1, self._limits.sessions), "hmc") as pool:
            skew = pool.submit(self._clock_skew)
            where = f"{SYSTEMS} -F {','.join(reading.SYSTEM_FIELDS)} --header"
            systems = reading.read_systems(self._table(SYSTEMS, reading.SYSTEM_FIELDS), where, into)
            targets = _targets(systems)
            lpars = self._lpars(pool, systems, targets)
            answers = self._rest(pool, lpars, targets)
            with computing():
                for system, bare in lpars:
                    if system.key in answers:
                        reading.assemble(system, bare, answers[system.key], into)
            clock_skew_s = skew.result()
        return Reading(
            device=self._session.device,
            taken_at=taken_at,
            objects=(*into.systems, *into.lpars),
            problems=tuple(into.problems),
            unread=tuple(into.unread),
            clock_skew_s=clock_skew_s,
        )

    # ----------------------------------------------------------------------------------------------------- rounds

    def _lpars(
        self, pool: ThreadPoolExecutor, systems: list[ManagedSystem], targets: dict[str, str]
    ) -> list[tuple[ManagedSystem, list[Lpar]]]:
        asked = [(s, pool.submit(self._lpar_table, targets[s.key])) for s in systems]
        found: list[tuple[ManagedSystem, list[Lpar]]] = []
        for system, answer in asked:
            try:
                rows = answer.result()
            except (DeviceError, ParseError) as error:
                self._unread(system, error)
                continue
            with computing():
                found.append((system, reading.read_lpars(system, rows, f"LPARs of {system.name}", self._into)))
        return found

    def _rest(
        self, pool: ThreadPoolExecutor, lpars: list[tuple[ManagedSystem, list[Lpar]]], targets: dict[str, str]
    ) -> dict[str, Answers]:
        asked = [
            (system, name, pool.submit(self._system_table, command, names, targets[system.key]))
            for system, _ in lpars
            for name, command, names in _SYSTEM_TABLES
        ]
        maps = [
            (system, vios.name, pool.submit(self._npiv, vios, targets[system.key]))
            for system, bare in lpars
            for vios in bare
            if vios.env == "vioserver" and vios.state is LparState.RUNNING and vios.rmc_state == "active"
        ]
        answers = {system.key: Answers() for system, _ in lpars}
        for system, name, answer in asked:
            try:
                found = answer.result()
            except (DeviceError, ParseError) as error:
                if answers.pop(system.key, None) is not None:
                    self._unread(system, error)
                continue
            if system.key in answers:
                setattr(answers[system.key], name, found)
        for system, vios_name, mapping in maps:
            mappings, problems = mapping.result()
            self._into.problems.extend(problems)
            if system.key in answers:
                answers[system.key].npiv[vios_name] = mappings
        return answers

    def _unread(self, system: ManagedSystem, error: DeviceError | ParseError) -> None:
        """Keep the system's own row, and say that its LPARs could not be looked at. A lost HMC ends the reading."""
        if isinstance(error, DeviceError):
            if error.failure in _WHOLE:
                raise error
            why = f"{error.call}: {error.text}"
        else:
            why = f"expected {error.expected}, got {error.line[:200]!r}"
        self._into.systems.append(system)
        self._into.unread.append(Unread("lpar", f"{system.key}/", why))

    # --------------------------------------------------------------------------------------------------- commands

    def _lpar_table(self, target: str) -> Table:
        return self._known(f"{LPARS} -m {target}", reading.LPAR_FIELDS, ("uuid",))

    def _system_table(self, command: str, names: Sequence[str], target: str) -> Table:
        full = f"{command} -m {target}"
        try:
            return self._known(full, names, reading.PROFILE_OPTIONAL if names is reading.PROFILE_FIELDS else ())
        except DeviceError as error:
            if error.code == reading.NO_VIRTUAL_FC:
                return Table()
            if command not in (ports.VNICS, ports.LOGICAL_PORTS) or error.failure is not Failure.REFUSED:
                raise
            unknown = error.code is None and ("--rsubtype" in error.text or " -r" in error.text)
            return Table() if unknown else Table((), (Problem(full, error.text, "the network ports of this system"),))

    def _known(self, command: str, names: Sequence[str], optional: Sequence[str]) -> Table:
        """The table, without the ``optional`` columns where the HMC says that it knows one of them not."""
        try:
            return self._table(command, names)
        except DeviceError as error:
            refused = error.failure is Failure.REFUSED and error.code is None
            if not refused or not any(name in error.text for name in optional):
                raise
        return self._table(command, tuple(name for name in names if name not in optional))

    def _table(self, command: str, names: Sequence[str]) -> Table:
        full = f"{command} -F {','.join(names)} --header"
        text = self.ask(full)
        with computing():
            return table(command, text, names)

    def _npiv(self, vios: Lpar, target: str) -> tuple[tuple[NpivMapping, ...], tuple[Problem, ...]]:
        command = f"viosvrcmd -m {target} -p {shlex.quote(vios.name)} -c {shlex.quote('lsmap -all -npiv')}"
        try:
            text = self.ask(command)
            with computing():
                return npiv.mappings(command, text)
        except DeviceError as error:
            if error.failure in _WHOLE:
                raise
            return (), (Problem(command, error.text, "the NPIV maps of this VIOS"),)

    def _clock_skew(self) -> float | None:
        """The HMC's clock minus ours in whole seconds; None where it does not tell its time in seconds since 1970."""
        before = time.time()
        try:
            text = self.ask(CLOCK).strip()
        except DeviceError:
            return None
        after = time.time()
        if not re.fullmatch(r"[0-9]{9,11}", text) or after - before > _CLOCK_TRUST_S:
            return None
        return float(round(int(text) + 0.5 - (before + after) / 2))

    def ask(self, command: str) -> str:
        """Ask again after a lost connection (once), and after a pause when all sessions were taken: it only reads."""
        lost = False
        for left in reversed(range(_BUSY_TRIES)):
            self._patience(command)
            try:
                return self._session.ask(command)
            except DeviceError as error:
                if error.failure is Failure.TIMEOUT:
                    with self._lock:
                        self._timeouts += 1
                again = error.failure is Failure.SESSION_LIMIT or (error.failure is Failure.LOST and not lost)
                if not again or not left:
                    if error.failure in _WHOLE:
                        self._down = error
                    raise
                lost = lost or error.failure is Failure.LOST
                if error.failure is Failure.SESSION_LIMIT:
                    time.sleep(_BUSY_PAUSE_S)
        raise AssertionError("not reached")

    def _patience(self, command: str) -> None:
        """Raise rather than ask, once the HMC as a whole was found away or left too much unanswered."""
        if self._down is not None:
            raise self._down
        with self._lock:
            if self._timeouts >= _PATIENCE:
                text = f"not asked: the HMC left {self._timeouts} other commands without an answer"
                raise DeviceError(self._session.device, command, Failure.TIMEOUT, Sent.NO, text)


def _targets(systems: Iterable[ManagedSystem]) -> dict[str, str]:
    """What ``-m`` names each system by: its name, or type, model and serial where two systems have one name."""
    systems = list(systems)
    count = Counter(system.name for system in systems)
    return {s.key: shlex.quote(s.name if count[s.name] == 1 else s.key) for s in systems}
