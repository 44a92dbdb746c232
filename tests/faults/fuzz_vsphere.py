"""Seeds for mutated vSphere answers: every parser of ``backends/vsphere`` with a text that it reads as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from backends.outcome import ParseError
from backends.vsphere import answers, package, records, tasks
from backends.vsphere.records import Facts

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<soapenv:Body>"
)
_TAIL = "</soapenv:Body></soapenv:Envelope>"


def _props(tag: str, values: dict[str, str]) -> str:
    more = "<op>assign</op>" if tag == "changeSet" else ""
    return "".join(f"<{tag}><name>{path}</name>{more}{value}</{tag}>" for path, value in values.items())


def _text(value: str, kind: str = "xsd:string") -> str:
    return f'<val xsi:type="{kind}">{value}</val>'


_MACHINE = {
    "name": _text("erp-gw"),
    "summary.config.instanceUuid": _text("502d3f1a-8c44-2b9e-77d0-1c2d3e4f5a6b"),
    "runtime.powerState": _text("poweredOn", "VirtualMachinePowerState"),
    "runtime.connectionState": _text("connected", "VirtualMachineConnectionState"),
    "runtime.host": '<val type="HostSystem" xsi:type="ManagedObjectReference">host-12</val>',
    "runtime.consolidationNeeded": _text("false", "xsd:boolean"),
    "summary.config.memorySizeMB": _text("8192", "xsd:int"),
    "summary.config.numCpu": _text("4", "xsd:int"),
    "summary.config.guestFullName": _text("Debian GNU/Linux 12 (64-bit)"),
    "summary.storage.committed": _text("21474836480", "xsd:long"),
    "guest.toolsRunningStatus": _text("guestToolsRunning"),
    "guest.ipAddress": _text("198.51.100.26"),
    "config.changeVersion": _text("2026-03-04T05:06:07.000008Z"),
}
_HOST = {
    "name": _text("esx1.example"),
    "runtime.connectionState": _text("connected", "HostSystemConnectionState"),
    "runtime.powerState": _text("poweredOn", "HostSystemPowerState"),
    "runtime.inMaintenanceMode": _text("false", "xsd:boolean"),
    "summary.hardware.memorySize": _text("274877906944", "xsd:long"),
    "summary.hardware.numCpuCores": _text("32", "xsd:short"),
}
_STORE = {
    "name": _text("ds-paris-01"),
    "summary.type": _text("VMFS"),
    "summary.capacity": _text("26388279066624", "xsd:long"),
    "summary.freeSpace": _text("13194139533312", "xsd:long"),
    "summary.accessible": _text("true", "xsd:boolean"),
}
_OBJECTS = (
    ("VirtualMachine", "vm-7", _MACHINE),
    ("HostSystem", "host-12", _HOST),
    ("Datastore", "datastore-3", _STORE),
)

PAGE = (
    f'{_HEAD}<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><token>3</token>'
    + "".join(
        f'<objects><obj type="{kind}">{moid}</obj>{_props("propSet", values)}</objects>'
        for kind, moid, values in _OBJECTS
    )
    + '<objects><obj type="VirtualMachine">vm-8</obj><missingSet><path>config.changeVersion</path><fault>'
    '<fault xsi:type="NoPermission"><object type="VirtualMachine">vm-8</object><privilegeId>System.Read</privilegeId>'
    "</fault><localizedMessage>Permission to perform this operation was denied.</localizedMessage></fault>"
    f"</missingSet></objects></returnval></RetrievePropertiesExResponse>{_TAIL}"
)
UPDATES = (
    f'{_HEAD}<WaitForUpdatesExResponse xmlns="urn:vim25"><returnval><version>4</version><filterSet>'
    '<filter type="PropertyFilter">session[1]filter-2</filter>'
    + "".join(
        f'<objectSet><kind>enter</kind><obj type="{kind}">{moid}</obj>{_props("changeSet", values)}</objectSet>'
        for kind, moid, values in _OBJECTS
    )
    + '<objectSet><kind>leave</kind><obj type="VirtualMachine">vm-9</obj></objectSet></filterSet>'
    f"<truncated>true</truncated></returnval></WaitForUpdatesExResponse>{_TAIL}"
)
EXTRA = (
    f'{_HEAD}<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="VirtualMachine">vm-7</obj>'
    '<propSet><name>config.extraConfig</name><val xsi:type="ArrayOfOptionValue">'
    '<OptionValue><key>nvram</key><value xsi:type="xsd:string">a.nvram</value></OptionValue>'
    '<OptionValue><key>drdeck.replica.source</key><value xsi:type="xsd:string">502d3f1a-8c44-2b9e-77d0-1c2d3e4f5a6b'
    "</value></OptionValue></val></propSet></objects></returnval></RetrievePropertiesExResponse>" + _TAIL
)
TASK = (
    f'{_HEAD}<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="Task">task-5</obj>'
    '<propSet><name>info.state</name><val xsi:type="TaskInfoState">error</val></propSet>'
    '<propSet><name>info.progress</name><val xsi:type="xsd:int">40</val></propSet>'
    '<propSet><name>info.error</name><val xsi:type="LocalizedMethodFault"><fault xsi:type="InvalidPowerState">'
    "<requestedState>poweredOff</requestedState><existingState>poweredOn</existingState></fault>"
    "<localizedMessage>The attempted operation cannot be performed in the current state (Powered on)."
    "</localizedMessage></val></propSet></objects></returnval></RetrievePropertiesExResponse>" + _TAIL
)
VALUES = json.dumps({path: re.sub(r"<[^>]*>", "", value) for path, value in _MACHINE.items()})
REPLICA = json.dumps(
    {
        "drdeck.replica.source": "502d3f1a-8c44-2b9e-77d0-1c2d3e4f5a6b",
        "drdeck.replica.source-name": "erp-gw",
        "drdeck.replica.generation": "41",
        "drdeck.replica.point-in-time": "2026-03-04T05:06:07Z",
        "drdeck.replica.complete": "true",
        "drdeck.replica.interval": "900",
    }
)
MANIFEST = f"SHA256(web01.ovf)= {'0f' * 32}\nSHA1(web01-disk1.vmdk)= {'a0' * 20}\n"


def _shown(rows: tuple[answers.ObjectRow, ...]) -> object:
    """What the estate would show of these rows, with the problems."""
    shown: list[object] = []
    for row in rows:
        facts = Facts(row.type, row.moid, row.values, row.missing)
        if row.type == "VirtualMachine":
            shown.append(records.virtual_machine("vc", facts, {"host-12": "esx1.example"}, None, None))
        elif row.type == "HostSystem":
            shown.append(records.esxi_host("vc", facts))
        elif row.type == "Datastore":
            shown.append(records.datastore("vc", facts))
        shown += facts.problems
    return shown


def parse_page(text: str) -> object:
    return _shown(answers.page(text).rows)


def parse_updates(text: str) -> object:
    found = answers.updates(text)
    return None if found is None else _shown(found.rows)


def parse_extra(text: str) -> object:
    return [
        answers.options_of(value, records.REPLICA_PREFIX)
        for row in answers.page(text).rows
        for value in row.values.values()
        if value is not None
    ]


def parse_values(text: str) -> object:
    """A machine's property values as JSON, so that damage reaches the values and not only the XML around them."""
    values = _options(text)
    elements = {path: Element("val", {"type": "HostSystem"}) for path in values}
    for path, element in elements.items():
        element.text = values[path]
    facts = Facts("VirtualMachine", "vm-7", elements, {})
    return [records.virtual_machine("vc", facts, {}, None, None), facts.problems]


def _options(text: str) -> dict[str, str]:
    try:
        options = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError("JSON", text) from error
    if not isinstance(options, dict) or not all(isinstance(value, str) for value in options.values()):
        raise ParseError("keys with text", text)
    return options


def parse_replica(text: str) -> object:
    return records.replica(_options(text))


SEEDS: list[tuple[str, str, Callable[[str], object]]] = [
    ("vsphere RetrievePropertiesEx", PAGE, parse_page),
    ("vsphere WaitForUpdatesEx", UPDATES, parse_updates),
    ("vsphere machine values", VALUES, parse_values),
    ("vsphere extraConfig", EXTRA, parse_extra),
    ("vsphere task", TASK, tasks.parse_task),
    ("vsphere replica keys", REPLICA, parse_replica),
    ("OVF manifest", MANIFEST, package.manifest_files),
]
