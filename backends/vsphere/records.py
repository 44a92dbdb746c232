"""From property values to the records of the estate: strict, each bad value a problem of its own object."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from xml.etree.ElementTree import Element

from msgspec import Struct, field

from backends.outcome import ParseError
from backends.vsphere.answers import number_of, reference_of, shown, text_of, truth_of
from store.estate import Datastore, EsxiHost, PowerState, Problem, VirtualMachine, VmReplica

T = TypeVar("T")

REPLICA_PREFIX = "drdeck.replica."
"""Begin of the extra config keys that mark a machine as a replica."""

CHANGE_VERSION = "config.changeVersion"

VM_PATHS = (
    "name",
    "summary.config.instanceUuid",
    "runtime.powerState",
    "runtime.connectionState",
    "runtime.host",
    "runtime.consolidationNeeded",
    "summary.config.memorySizeMB",
    "summary.config.numCpu",
    "summary.config.guestFullName",
    "summary.storage.committed",
    "guest.toolsRunningStatus",
    "guest.ipAddress",
    CHANGE_VERSION,
)
HOST_PATHS = (
    "name",
    "runtime.connectionState",
    "runtime.powerState",
    "runtime.inMaintenanceMode",
    "summary.hardware.memorySize",
    "summary.hardware.numCpuCores",
)
DATASTORE_PATHS = (
    "name",
    "summary.type",
    "summary.capacity",
    "summary.freeSpace",
    "summary.accessible",
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_COUNT = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|\+00:00)", re.ASCII)
_CONNECTIONS = ("connected", "disconnected", "orphaned", "inaccessible", "invalid")
_HOST_CONNECTIONS = ("connected", "disconnected", "notResponding")
_HOST_POWERS = ("poweredOn", "poweredOff", "standBy", "unknown")
_TOOLS = ("guestToolsNotRunning", "guestToolsRunning", "guestToolsExecutingScripts")


class Facts(Struct):
    """The values known of one object, by path. What cannot be read is added to ``problems`` as it is asked for."""

    type: str
    moid: str
    values: Mapping[str, Element | None]
    missing: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: str, line: str, expected: str) -> None:
        self.problems.append(Problem(f"{self.type} {self.moid} {path}", line, expected))

    def need(self, path: str, parse: Callable[[Element], T]) -> T | None:
        """A value without which the object cannot be shown: None, and a problem, if it is not to be had."""
        if path not in self.missing and self.values.get(path) is None:
            self.problem(path, "", "a value: the server gives none")
            return None
        return self.maybe(path, parse)

    def maybe(self, path: str, parse: Callable[[Element], T]) -> T | None:
        """A value that may be unset. One that may not be read, or is bad, is a problem and None."""
        if path in self.missing:
            self.problem(path, self.missing[path], "a readable property")
            return None
        value = self.values.get(path)
        if value is None:
            return None
        try:
            return parse(value)
        except ParseError as error:
            self.problem(path, error.line, error.expected)
            return None


def _word(*allowed: str) -> Callable[[Element], str]:
    def parse(value: Element) -> str:
        text = text_of(value)
        if text not in allowed:
            raise ParseError("one of " + ", ".join(allowed), text)
        return text

    return parse


def _power(value: Element) -> PowerState:
    return PowerState(_word(*(one.value for one in PowerState))(value))


def _uuid(value: Element) -> str:
    text = text_of(value)
    if not _UUID.fullmatch(text):
        raise ParseError("a UUID", text)
    return text


def _address(value: Element) -> str:
    text = text_of(value)
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ParseError("an IP address", text) from None
    return text


def _name(value: Element) -> str:
    text = text_of(value)
    if not text:
        raise ParseError("a name", shown(value))
    return text


def _size(value: Element) -> int:
    number = number_of(value)
    if number < 0:
        raise ParseError("a size of 0 or more", text_of(value))
    return number


def virtual_machine(
    vcenter: str, facts: Facts, hosts: Mapping[str, str], known_uuid: str | None, replica: VmReplica | None
) -> VirtualMachine | None:
    """The machine, or None if one of its name, identity, power state or connection state cannot be read.

    ``hosts`` are the names of the hosts by id. ``known_uuid``: its instance UUID as this server gave it before; a
    server that cannot reach a machine's files no longer gives it, and the same id is the same machine.
    """
    name = facts.need("name", _name)
    unset = (
        "summary.config.instanceUuid" not in facts.missing and facts.values.get("summary.config.instanceUuid") is None
    )
    uuid = known_uuid if unset and known_uuid else facts.need("summary.config.instanceUuid", _uuid)
    power = facts.need("runtime.powerState", _power)
    connection = facts.need("runtime.connectionState", _word(*_CONNECTIONS))
    host = facts.maybe("runtime.host", reference_of)
    guest = facts.maybe("summary.config.guestFullName", text_of)
    tools = facts.maybe("guest.toolsRunningStatus", _word(*_TOOLS))
    address = facts.maybe("guest.ipAddress", _address)
    cpus = facts.maybe("summary.config.numCpu", _size)
    memory = facts.maybe("summary.config.memorySizeMB", _size)
    committed = facts.maybe("summary.storage.committed", _size)
    consolidation = facts.maybe("runtime.consolidationNeeded", truth_of)
    if name is None or uuid is None or power is None or connection is None:
        return None
    return VirtualMachine(
        vcenter=vcenter,
        moid=facts.moid,
        name=name,
        instance_uuid=uuid,
        power_state=power,
        connection_state=connection,
        host=hosts.get(host or ""),
        guest=guest,
        tools=tools,
        ip_address=address,
        cpus=cpus,
        memory_mb=memory,
        committed_bytes=committed,
        consolidation_needed=consolidation,
        replica=replica,
    )


def esxi_host(vcenter: str, facts: Facts) -> EsxiHost | None:
    """The host, or None if its name or state cannot be read. Memory comes in bytes and is kept in MiB."""
    name = facts.need("name", _name)
    connection = facts.need("runtime.connectionState", _word(*_HOST_CONNECTIONS))
    power = facts.need("runtime.powerState", _word(*_HOST_POWERS))
    maintenance = facts.maybe("runtime.inMaintenanceMode", truth_of)
    memory = facts.maybe("summary.hardware.memorySize", _size)
    cores = facts.maybe("summary.hardware.numCpuCores", _size)
    if name is None or connection is None or power is None:
        return None
    return EsxiHost(
        vcenter=vcenter,
        moid=facts.moid,
        name=name,
        connection_state=connection,
        power_state=power,
        in_maintenance=bool(maintenance),
        memory_mb=None if memory is None else memory >> 20,
        cpu_cores=cores,
    )


def datastore(vcenter: str, facts: Facts) -> Datastore | None:
    """The datastore, or None if any of its facts cannot be read. Sizes in bytes."""
    name = facts.need("name", _name)
    kind = facts.need("summary.type", text_of)
    capacity = facts.need("summary.capacity", _size)
    free = facts.need("summary.freeSpace", _size)
    accessible = facts.need("summary.accessible", truth_of)
    if name is None or kind is None or capacity is None or free is None or accessible is None:
        return None
    return Datastore(vcenter, facts.moid, name, kind, capacity, free, accessible)


# ------------------------------------------------------------------------------------------------------------ replicas


def replica(options: Mapping[str, str]) -> VmReplica | None:
    """What a machine's extra config says of it as a replica; None if none of the keys is there.

    Keys, after :data:`REPLICA_PREFIX`: ``source`` (instance UUID), ``source-name``, ``generation`` (whole number),
    ``point-in-time`` (ISO 8601, UTC), ``complete`` (true or false) and, optional, ``interval`` and ``took`` (seconds).
    Raises :class:`ParseError` naming the key when one is missing or bad.
    """
    said = {key.removeprefix(REPLICA_PREFIX): value for key, value in options.items() if key.startswith(REPLICA_PREFIX)}
    if not said:
        return None
    source = _checked(said, "source", _UUID, "a UUID")
    name = said.get("source-name", "")
    if not name:
        raise ParseError(f"{REPLICA_PREFIX}source-name", _line(said, "source-name"))
    generation = int(_checked(said, "generation", _COUNT, "a whole number"))
    moment_text = _checked(said, "point-in-time", _MOMENT, "a time in ISO 8601, UTC")
    try:
        moment = datetime.fromisoformat(moment_text)
    except ValueError:
        raise ParseError("a time in ISO 8601, UTC", _line(said, "point-in-time")) from None
    complete = _checked(said, "complete", re.compile("true|false"), "true or false") == "true"
    return VmReplica(source, name, generation, moment, complete, _seconds(said, "interval"), _seconds(said, "took"))


def _seconds(said: Mapping[str, str], key: str) -> int | None:
    return int(_checked(said, key, _COUNT, "a whole number of seconds")) if key in said else None


def _line(said: Mapping[str, str], key: str) -> str:
    return f"{REPLICA_PREFIX}{key} = {said[key]}" if key in said else f"{REPLICA_PREFIX}{key} is missing"


def _checked(said: Mapping[str, str], key: str, form: re.Pattern[str], expected: str) -> str:
    value = said.get(key)
    if value is None or not form.fullmatch(value):
        raise ParseError(f"{expected} in {REPLICA_PREFIX}{key}", _line(said, key))
    return value
