"""vNICs and SR-IOV Ethernet logical ports: network adapters that carry a MAC beside the virtual Ethernet adapters.

Sources: ``lshwres -r virtualio --rsubtype vnic``, ``lshwres -r sriov --rsubtype logport --level eth``, and of a profile
``vnic_adapters`` (fields by position between colons: slot, mode, automatic failover, port VLAN id, its priority, VLANs,
MAC, MACs of the operating system, required, backing devices) and ``sriov_eth_logical_ports`` (``name=value`` between
colons). An address of zeros is none: the HMC chooses it, or the port only carries a vNIC of another LPAR.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from backends import parse
from backends.hmc.profiles import vlan
from backends.hmc.records import Row
from backends.outcome import ParseError
from store.estate import NicPort, PortKind

VNIC_FIELDS = ("lpar_name", "lpar_id", "slot_num", "port_vlan_id", "mac_addr")
LOGICAL_PORT_FIELDS = ("lpar_name", "lpar_id", "adapter_id", "logical_port_id", "port_vlan_id", "mac_addr")
VNICS = "lshwres -r virtualio --rsubtype vnic --level lpar"
LOGICAL_PORTS = "lshwres -r sriov --rsubtype logport --level eth"

_BY_POSITION = 10
_NO_MAC = "000000000000"
_NUMBER = re.compile(r"[0-9]+")
_HEX = re.compile(r"[0-9a-f]+")


def vnic(row: Row) -> NicPort:
    """A row of ``lshwres … --rsubtype vnic``. Raises :class:`ParseError`."""
    return _port(PortKind.VNIC, str(row.number("slot_num")), row.fields, row.line)


def logical_port(row: Row) -> NicPort:
    """A row of ``lshwres -r sriov --rsubtype logport --level eth``. Raises :class:`ParseError`."""
    return _port(PortKind.SRIOV, _place(row.fields, row.line), row.fields, row.line)


def profile_vnic(text: str) -> NicPort:
    """``5:ded:1:120:0:all:FA0102030405:all:0:sriov/vios1/2/1/0/2.0/50/100.0`` → the vNIC; ``mac`` is None where the HMC
    chooses. Raises :class:`ParseError` with ``text``."""
    fields = text.split(":")
    if len(fields) < _BY_POSITION:
        raise ParseError(f"a vNIC of {_BY_POSITION} fields", text)
    if not _NUMBER.fullmatch(fields[0]):
        raise ParseError("a whole number", text)
    named = {"port_vlan_id": fields[3], "mac_addr": fields[6]}
    return _port(PortKind.VNIC, str(int(fields[0])), named, text)


def profile_logical_port(text: str) -> NicPort:
    """``config_id=0:adapter_id=1:phys_port_id=0:logical_port_id=27004001:…`` → the port. Raises :class:`ParseError`."""
    named = dict(each.split("=", 1) for each in text.split(":") if "=" in each)
    return _port(PortKind.SRIOV, _place(named, text), named, text)


def _place(fields: Mapping[str, str], line: str) -> str:
    """Adapter and logical port; a port that has no id yet is told by its adapter alone."""
    adapter, port = fields.get("adapter_id", ""), fields.get("logical_port_id", "").lower()
    if not _NUMBER.fullmatch(adapter) or not (_HEX.fullmatch(port) or port in ("", "null", "none")):
        raise ParseError("adapter_id and logical_port_id", line)
    return f"{int(adapter)}/{port}" if _HEX.fullmatch(port) else adapter


def _port(kind: PortKind, place: str, fields: Mapping[str, str], line: str) -> NicPort:
    mac, number = fields.get("mac_addr", ""), fields.get("port_vlan_id", "")
    try:
        address = None if mac in ("", "null", "none", _NO_MAC) else parse.mac(mac)
    except ParseError as error:
        raise ParseError(error.expected, line) from None
    return NicPort(kind, place, address, 0 if number in ("", "null", "none") else vlan(number, line))
