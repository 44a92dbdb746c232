"""Looks at a part of an HMC, one record for each: one command, all of one managed system at once.

Each is taken with a driver and raises :class:`DeviceError`; a row that cannot be read fails the whole look, because a
step goes by it. ``system`` is what ``-m`` takes: a name, or type, model and serial.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from backends.hmc import npiv, ports, reading
from backends.hmc.npiv import NpivPort
from backends.hmc.records import Row, table
from backends.outcome import DeviceError, Failure, ParseError, Sent
from store.estate import EthAdapter, FcAdapter, Lpar, LparProfile, ManagedSystem, NicPort, NpivMapping, SystemState

T = TypeVar("T")
_UNKNOWN = ManagedSystem("", "", "", SystemState.OPERATING)


class Asking(Protocol):
    """A driver of an HMC."""

    @property
    def name(self) -> str: ...

    def ask(self, command: str) -> str:
        """What a command that only lists prints. Raises :class:`DeviceError`."""


class LparsOf(Struct, frozen=True):
    """The LPARs of a system by name, without adapters and profiles. ``lssyscfg -r lpar``."""

    system: str

    def take(self, driver: Asking) -> Mapping[str, Lpar]:
        names = tuple(name for name in reading.LPAR_FIELDS if name != "uuid")  # not every HMC knows it
        found = _rows(driver, f"lssyscfg -r lpar -m {shlex.quote(self.system)}", names, _lpar)
        return {lpar.name: lpar for lpar in found}


class ProfilesOf(Struct, frozen=True):
    """The profiles of each LPAR of a system. ``lssyscfg -r prof``."""

    system: str

    def take(self, driver: Asking) -> Mapping[str, tuple[LparProfile, ...]]:
        command = f"lssyscfg -r prof -m {shlex.quote(self.system)}"
        try:
            return _by_lpar(_rows(driver, command, reading.PROFILE_FIELDS, _owned(reading.profile)))
        except DeviceError as error:
            if error.failure is not Failure.REFUSED or not any(n in error.text for n in reading.PROFILE_OPTIONAL):
                raise
        names = tuple(name for name in reading.PROFILE_FIELDS if name not in reading.PROFILE_OPTIONAL)
        return _by_lpar(_rows(driver, command, names, _owned(reading.profile)))


class FcOf(Struct, frozen=True):
    """The virtual Fibre Channel adapters that each LPAR of a system has now. ``lshwres … --rsubtype fc``."""

    system: str

    def take(self, driver: Asking) -> Mapping[str, tuple[FcAdapter, ...]]:
        command = f"lshwres -r virtualio --rsubtype fc --level lpar -m {shlex.quote(self.system)}"
        try:
            return _by_lpar(_rows(driver, command, reading.FC_FIELDS, _owned(reading.fc)))
        except DeviceError as error:
            if error.code == reading.NO_VIRTUAL_FC:
                return {}
            raise


class EthOf(Struct, frozen=True):
    """The virtual Ethernet adapters that each LPAR of a system has now. ``lshwres … --rsubtype eth``."""

    system: str

    def take(self, driver: Asking) -> Mapping[str, tuple[EthAdapter, ...]]:
        command = f"lshwres -r virtualio --rsubtype eth --level lpar -m {shlex.quote(self.system)}"
        return _by_lpar(_rows(driver, command, reading.ETH_FIELDS, _owned(reading.eth)))


class NicPortsOf(Struct, frozen=True):
    """The vNICs and SR-IOV logical ports that each LPAR of a system has now. ``lshwres … --rsubtype vnic`` and
    ``… --rsubtype logport``."""

    system: str

    def take(self, driver: Asking) -> Mapping[str, tuple[NicPort, ...]]:
        target = shlex.quote(self.system)
        found = _rows(driver, f"{ports.VNICS} -m {target}", ports.VNIC_FIELDS, _owned(ports.vnic))
        command = f"{ports.LOGICAL_PORTS} -m {target}"
        return _by_lpar([*found, *_rows(driver, command, ports.LOGICAL_PORT_FIELDS, _owned(ports.logical_port))])


class RefcodesOf(Struct, frozen=True):
    """The newest reference code of each LPAR of a system. ``lsrefcode -r lpar``."""

    system: str

    def take(self, driver: Asking) -> Mapping[str, str]:
        command = f"lsrefcode -r lpar -m {shlex.quote(self.system)}"
        found = _rows(driver, command, reading.REFCODE_FIELDS, _owned(lambda row: row.optional("refcode") or ""))
        return dict(found)


class MapsOf(Struct, frozen=True):
    """The NPIV maps of a VIOS that runs. ``viosvrcmd … -c "lsmap -all -npiv"``."""

    system: str
    vios: str

    def take(self, driver: Asking) -> tuple[NpivMapping, ...]:
        vios = shlex.quote(self.vios)
        command = f"viosvrcmd -m {shlex.quote(self.system)} -p {vios} -c {shlex.quote('lsmap -all -npiv')}"
        found, problems = npiv.mappings(command, driver.ask(command))
        if problems:
            raise _misread(driver, command, ParseError(problems[0].expected, problems[0].line))
        return found


class NpivPortsOf(Struct, frozen=True):
    """The ports of a VIOS that runs on which clients can be mapped. ``viosvrcmd … -c lsnports``."""

    system: str
    vios: str

    def take(self, driver: Asking) -> tuple[NpivPort, ...]:
        command = f"viosvrcmd -m {shlex.quote(self.system)} -p {shlex.quote(self.vios)} -c lsnports"
        text = driver.ask(command)
        try:
            return npiv.ports(text)
        except ParseError as error:
            raise _misread(driver, command, error) from None


def _lpar(row: Row) -> Lpar:
    row = replace(row, fields={**row.fields, "uuid": ""})
    return reading.lpar(_UNKNOWN, row)


def _owned(read: Callable[[Row], T]) -> Callable[[Row], tuple[str, T]]:
    return lambda row: (row.text("lpar_name"), read(row))


def _by_lpar(rows: Sequence[tuple[str, T]]) -> Mapping[str, tuple[T, ...]]:
    found: dict[str, list[T]] = defaultdict(list)
    for name, value in rows:
        found[name].append(value)
    return {name: tuple(values) for name, values in found.items()}


def _rows(driver: Asking, command: str, names: Sequence[str], read: Callable[[Row], T]) -> list[T]:
    full = f"{command} -F {','.join(names)} --header"
    text = driver.ask(full)
    try:
        found = table(command, text, names)
        if found.problems:
            raise ParseError(found.problems[0].expected, found.problems[0].line)
        return [read(row) for row in found.rows]
    except ParseError as error:
        raise _misread(driver, command, error) from None


def _misread(driver: Asking, command: str, error: ParseError) -> DeviceError:
    text = f"expected {error.expected}, got {error.line[:200]!r}"
    return DeviceError(driver.name, command, Failure.BAD_ANSWER, Sent.REFUSED, text)
