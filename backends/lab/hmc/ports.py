"""vNICs and SR-IOV Ethernet logical ports of the lab: network adapters with a MAC of their own beside virtual Ethernet.

``parse_*`` read the ``-i`` input of ``mksyscfg`` and ``chsyscfg``; ``text()`` is how ``lssyscfg -r prof`` prints them:
a vNIC by position between colons, a logical port as ``name=value`` between colons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from backends.lab.hmc.adapters import usable_mac
from backends.lab.hmc.messages import RefusedError

NO_MAC = "000000000000"
_FIRST_PORT = 0x27000000
_PORTS_AN_ADAPTER = 0x4000

_VNIC = (
    *("slot_num", "mode", "auto_priority_failover", "port_vlan_id", "pvid_priority", "allowed_vlan_ids", "mac_addr"),
    *("allowed_os_mac_addrs", "is_required", "backing_devices"),
)
VNIC_DEFAULTS = {
    "mode": "ded",
    "auto_priority_failover": "1",
    "port_vlan_id": "0",
    "pvid_priority": "0",
    "allowed_vlan_ids": "all",
    "mac_addr": "",
    "allowed_os_mac_addrs": "all",
    "is_required": "0",
}
_PORT_DEFAULTS = {
    "config_id": "",
    "adapter_id": "",
    "phys_port_id": "",
    "logical_port_id": "",
    "diag_mode": "0",
    "huge_dma_window_mode": "0",
    "promisc_mode": "0",
    "allowed_vlan_ids": "all",
    "mac_addr": NO_MAC,
    "allowed_os_mac_addrs": "all",
    "port_vlan_id": "0",
    "pvid_priority": "0",
    "capacity": "2.0",
    "max_capacity": "100.0",
    "allowed_priorities": "none",
}


class Backing(Struct, frozen=True):
    """A backing device of a vNIC: a physical port of an SR-IOV adapter, through a VIOS."""

    vios: str
    vios_id: str
    adapter: int
    port: int
    capacity: str = "2.0"
    priority: str = "50"
    max_capacity: str = "100.0"

    def text(self) -> str:
        place = f"sriov/{self.vios}/{self.vios_id}/{self.adapter}/{self.port}"
        return f"{place}/{self.capacity}/{self.priority}/{self.max_capacity}"

    def running(self, logical_port: str) -> str:
        """As ``lshwres`` prints it: current and desired shares."""
        place = f"sriov/{self.vios}/{self.vios_id}/{self.adapter}/{self.port}/{logical_port}"
        shares = f"{self.capacity}/{self.capacity}/{self.priority}/{self.max_capacity}/{self.max_capacity}"
        return f"{place}/{shares}"


class Vnic(Struct, frozen=True):
    """A vNIC. ``mac`` empty in a profile lets the HMC choose."""

    slot: int
    vlan: int
    mac: str
    values: Mapping[str, str]
    backing: tuple[Backing, ...]

    def text(self) -> str:
        shown = {**self.values, "slot_num": str(self.slot), "port_vlan_id": str(self.vlan), "mac_addr": self.mac}
        shown["backing_devices"] = ",".join(each.text() for each in self.backing)
        return ":".join(shown[name] for name in _VNIC)


class LogicalPort(Struct, frozen=True):
    """An SR-IOV Ethernet logical port. ``mac`` all zeros in a profile lets the HMC choose."""

    adapter: int
    port: int
    number: int
    vlan: int
    mac: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def slot(self) -> int:
        """What makes it one of its LPAR: it has no virtual slot."""
        return self.number

    @property
    def logical_port_id(self) -> str:
        return f"{self.number:x}"

    def text(self) -> str:
        shown = {
            **_PORT_DEFAULTS,
            **self.values,
            "adapter_id": str(self.adapter),
            "phys_port_id": str(self.port),
            "logical_port_id": self.logical_port_id,
            "port_vlan_id": str(self.vlan),
            "mac_addr": self.mac,
        }
        return ":".join(f"{name}={value}" for name, value in shown.items())


def parse_vnic(text: str) -> Vnic:
    """By position, or ``name=value``, between colons. Raises :class:`RefusedError`."""
    name = "vnic_adapters"
    fields = text.split(":")
    if all("=" in each for each in fields):
        given = _named(name, fields, _VNIC)
    elif len(fields) == len(_VNIC):
        given = dict(zip(_VNIC, fields, strict=True))
    else:
        raise RefusedError("value", name, text)
    values = {**VNIC_DEFAULTS, **{key: value for key, value in given.items() if value}}
    backing = tuple(_backing(name, each) for each in values.pop("backing_devices", "").split(",") if each)
    if not backing:
        raise RefusedError("missing-attribute", "backing_devices")
    mac = _mac(name, values["mac_addr"])
    return Vnic(_number(name, values.get("slot_num", "")), _vlan(name, values["port_vlan_id"]), mac, values, backing)


def parse_port(text: str, taken: Iterable[int]) -> LogicalPort:
    """``name=value`` between colons; without a logical port id it gets the first that is not ``taken``."""
    name = "sriov_eth_logical_ports"
    values = _named(name, text.split(":"), tuple(_PORT_DEFAULTS))
    adapter, port = (_number(name, values.get(key, "")) for key in ("adapter_id", "phys_port_id"))
    first = _FIRST_PORT + adapter * _PORTS_AN_ADAPTER
    given = values.get("logical_port_id", "")
    try:
        number = int(given, 16) if given else next(n for n in range(first + 1, first + 4096) if n not in set(taken))
    except ValueError:
        raise RefusedError("value", name, given) from None
    if not first < number < first + _PORTS_AN_ADAPTER:
        raise RefusedError("value", name, given)
    mac = _mac(name, values.get("mac_addr", NO_MAC))
    return LogicalPort(adapter, port, number, _vlan(name, values.get("port_vlan_id", "0")), mac or NO_MAC, values)


def _named(name: str, fields: list[str], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in fields:
        key, equals, value = each.partition("=")
        if not equals or key not in known or key in found:
            raise RefusedError("value", name, each)
        found[key] = value
    return found


def _backing(name: str, text: str) -> Backing:
    kind, *fields = text.split("/")
    if kind != "sriov" or not 4 <= len(fields) <= 7:
        raise RefusedError("value", name, text)
    vios, vios_id, adapter, port, *shares = fields
    defaults = ("2.0", "50", "100.0")
    given = [share or defaults[n] for n, share in enumerate((*shares, "", "", "")[:3])]
    return Backing(vios, vios_id, _number(name, adapter), _number(name, port), *given)


def _mac(name: str, text: str) -> str:
    if text and text != NO_MAC and not usable_mac(text):
        raise RefusedError("value", name, text)
    return text.upper()


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RefusedError("value", name, text)
    return int(text)


def _vlan(name: str, text: str) -> int:
    number = _number(name, text or "0")
    if not 0 <= number <= 4094:
        raise RefusedError("value", name, text)
    return number
