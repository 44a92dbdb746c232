"""``[[replications]]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app import values
from app.config_table import Document, Table
from app.replication_records import INTERVAL_S, KEEP, LEAST_S, REPLICATION_KEYS, Probe, Replication
from app.settings_records import DeviceSettings
from app.values import Check, UnexpectedError
from store.estate import DeviceKind

_VM = values.text("the name or instance UUID of a VM", 80)
_PLACE = values.text("the name of one at the destination", 80)
_NETWORK = values.text("the name of a port group", 80)


def _interval(value: object) -> float:
    seconds = values.duration(LEAST_S, 7 * 86400).convert(value)
    if seconds % 60:
        raise UnexpectedError
    return seconds


_INTERVAL = Check("whole minutes from 5m to 7d, such as 15m", _interval)


def replications(
    document: Document, content: Mapping[str, object], devices: Sequence[DeviceSettings]
) -> tuple[Replication, ...]:
    """What the file says. ``devices`` are those it may name."""
    servers = {device.name for device in devices if device.kind is DeviceKind.VSPHERE}
    found: dict[str, Replication] = {}
    lines: dict[str, int] = {}
    ways: dict[tuple[str, str, str], str] = {}
    for table in document.tables(content.get("replications", []), ("replications",), "replications"):
        made = _replication(table, servers)
        way = (made.source, made.vm, made.destination)
        if made.name in found:
            table.complain("name", f"another name: line {lines[made.name]} has this one", f'"{made.name}"')
        elif made.name:
            found[made.name] = made
            lines[made.name] = document.line((*table.where, "name" if table.has("name") else "vm"))
        if made.vm and ways.setdefault(way, made.name) != made.name:
            table.complain("vm", f"each VM once to each destination: {ways[way]} is this one", f'"{made.vm}"')
    return tuple(found.values())


def _replication(table: Table, servers: set[str]) -> Replication:
    table.only(REPLICATION_KEYS)
    vm = table.need("vm", _VM, "")
    known = ", ".join(f'"{name}"' for name in sorted(servers)) or "there is none"
    server = Check(f"a device of kind vsphere: {known}", _one_of(servers))
    name_check = values.name("a name for this replication")
    if table.has("name"):
        name = table.get("name", name_check, "")
    else:
        try:
            name = name_check.convert(vm) if vm else ""
        except UnexpectedError:
            table.complain("name", f"{name_check.expected}; the VM's own name is none", "nothing")
            name = ""
    return Replication(
        name=name,
        vm=vm,
        source=table.need("source", server, ""),
        destination=table.need("destination", server, ""),
        datastore=table.need("datastore", _PLACE, ""),
        host=table.maybe("host", _PLACE),
        pool=table.maybe("pool", _PLACE),
        folder=table.maybe("folder", _PLACE),
        networks=table.get("networks", _NETWORKS, {}),
        drill_network=table.maybe("drill_network", _NETWORK),
        interval_s=table.get("interval", _INTERVAL, INTERVAL_S),
        keep=table.get("keep", values.whole(1, 30), KEEP),
        probe=table.maybe("probe", _PROBE),
    )


def _one_of(known: set[str]) -> Callable[[object], str]:
    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise UnexpectedError
        return value

    return convert


def _networks(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise UnexpectedError
    return {_NETWORK.convert(here): _NETWORK.convert(there) for here, there in value.items()}


def _probe(value: object) -> Probe:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise UnexpectedError
    return Probe(values.HOST.convert(host.strip("[]")), int(port))


_NETWORKS = Check("a table of port groups: name here = name there", _networks)
_PROBE = Check('a TCP port to be tried, as "HOST:PORT"', _probe)
