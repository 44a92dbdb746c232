"""``[auto]`` and ``[[auto.groups]]`` of the configuration, checked."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from app import values
from app.auto_records import (
    AUTO_GROUP_KEYS,
    AUTO_KEYS,
    MOST_PER_HOUR,
    PROBES,
    THRESHOLD_S,
    Auto,
    AutoGroup,
    AutoMode,
    Endpoint,
)
from app.config_table import Document, Table
from app.settings_records import DeviceSettings
from app.values import Check, UnexpectedError
from store.estate import DeviceKind

_THRESHOLD = values.duration(120, 86400)
_VM = values.text("the name of a virtual machine", 80)
_DEVICE = values.text("the name of a device")
_ARRAYS = (DeviceKind.FLASHARRAY, DeviceKind.THREEPAR)


def auto(document: Document, content: Mapping[str, object], devices: Sequence[DeviceSettings]) -> Auto:
    """What the file says; no group where it says nothing."""
    table = document.table(content.get("auto", {}), ("auto",), "auto")
    table.only((*AUTO_KEYS, "groups"))
    gateway = table.maybe("gateway", _ENDPOINT)
    groups: dict[str, AutoGroup] = {}
    owners: dict[tuple[str, str], str] = {}
    by_name = {device.name: device for device in devices}
    for each in document.tables(table.values.get("groups", []), ("auto", "groups"), "auto.groups"):
        group = _group(each, by_name)
        if group is None:
            continue
        if group.name in groups:
            each.complain("name", "another name: a group has this one", f'"{group.name}"')
        for vm in group.vms:
            if owners.setdefault((group.source, vm), group.name) != group.name:
                each.complain("vms", f"a machine in one group: {owners[group.source, vm]} has this one", f'"{vm}"')
        groups[group.name] = group
    if gateway is None and any(group.mode is AutoMode.AUTOMATIC for group in groups.values()):
        table.complain(
            "gateway", f"{_ENDPOINT.expected}: without it an isolated console takes itself for well", "nothing"
        )
    most = table.get("most_per_hour", values.whole(1, 100), MOST_PER_HOUR)
    return Auto(tuple(groups.values()), gateway, most)


def _group(table: Table, devices: Mapping[str, DeviceSettings]) -> AutoGroup | None:
    before = len(table.document.problems)
    table.only(AUTO_GROUP_KEYS)
    name = table.need("name", values.name("a group's name"), "")
    source = _device(table, "source", devices, (DeviceKind.VSPHERE,))
    replica = _device(table, "replica", devices, (DeviceKind.VSPHERE,))
    link = _device(table, "link", devices, _ARRAYS)
    if table.values.get("vms", []) == []:
        table.complain("vms", f"a list of its machines, each item {_VM.expected}", "none")
    vms = table.each("vms", _VM)
    path, path_from = table.need("path", _ENDPOINT, _NOWHERE), table.need("path_from", _ADDRESS, "")
    mode = table.get("mode", values.one_of(AutoMode), AutoMode.MANUAL)
    threshold_s = table.get("threshold", _THRESHOLD, THRESHOLD_S)
    probes = table.get("probes", values.whole(3, 60), PROBES)
    if source and replica and source.site == replica.site:
        table.complain("replica", f"a device at another site than {source.name}", f'"{replica.name}"')
    if link and replica and link.site != replica.site:
        table.complain("link", f"an array at the site of {replica.name}, which lives on", f'"{link.name}"')
    if source and path.host == source.host and path.port == source.port:
        table.complain("path", f"something else than {source.name}: the witnesses are independent", f'"{path}"')
    if len(set(vms)) != len(vms):
        table.complain("vms", "each machine once")
    if len(table.document.problems) > before or source is None or replica is None or link is None:
        return None
    return AutoGroup(
        name, source.name, replica.name, source.site, replica.site, vms, link.name, path, path_from, mode,
        threshold_s, probes,
    )  # fmt: skip


def _device(
    table: Table, key: str, devices: Mapping[str, DeviceSettings], kinds: tuple[DeviceKind, ...]
) -> DeviceSettings | None:
    name = table.need(key, _DEVICE, "")
    found = devices.get(name)
    if name and (found is None or found.kind not in kinds):
        fitting = ", ".join(f'"{each.name}"' for each in devices.values() if each.kind in kinds)
        kind = " or ".join(kinds)
        table.complain(
            key, f"a device of kind {kind}: {fitting}" if fitting else f"a device of kind {kind}", f'"{name}"'
        )
        return None
    return found


def _endpoint(value: object) -> Endpoint:
    if not isinstance(value, str):
        raise UnexpectedError
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= 65535:
        raise UnexpectedError
    if host.startswith("[") != host.endswith("]") or (":" in host and not host.startswith("[")):
        raise UnexpectedError
    return Endpoint(values.HOST.convert(host.strip("[]")), int(port))


_NOWHERE = Endpoint("", 0)
_ENDPOINT = Check('a host and a TCP port that answers there, such as "10.0.0.1:22" or "[2001:db8::1]:22"', _endpoint)


def _address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        raise UnexpectedError from None


_ADDRESS = Check("an IP address of this machine that is not on the console's uplink", _address)
