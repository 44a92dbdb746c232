"""Adapters inside a partition profile: fields by position between slashes, read and written.

Sources: ``lssyscfg -r prof`` and the ``-i`` input of ``mksyscfg`` and ``chsyscfg``. Positions carry the meaning, so any
other number of fields is refused:

- virtual FC: ``slot/client|server/remote-lpar-id/remote-lpar-name/remote-slot/wwpn,wwpn/is-required``
- virtual SCSI: the same without the WWPNs
- virtual Ethernet: ``slot/ieee/port-vlan-id/vlans/trunk-priority/is-required``, and on newer firmware
  ``/vswitch/mac`` and ``/allowed-os-macs/qos`` after it
"""

from __future__ import annotations

import re

from backends import parse
from backends.outcome import ParseError
from store.estate import AdapterType, EthAdapter, FcAdapter, ScsiAdapter

_NUMBER = re.compile(r"[0-9]+")
_VLAN_MAX = 4094


def fc_adapter(text: str) -> FcAdapter:
    """``31/client/2/prd_vios1/112/c05…10,c05…11/1`` → the adapter. Raises :class:`ParseError` with ``text``."""
    slot, kind, remote_id, remote_name, remote_slot, wwpns, required = _fields(text, (7,), "virtual FC")
    adapter_type = _adapter_type(kind, text)
    return FcAdapter(
        slot=_number(slot, text),
        adapter_type=adapter_type,
        remote_lpar_id=_remote(remote_id, text),
        remote_lpar_name=remote_name or None,
        remote_slot=_remote(remote_slot, text),
        wwpns=wwpn_pair(adapter_type, tuple(wwpns.split(",")) if wwpns else (), text),
        required=_flag(required, text),
    )


def scsi_adapter(text: str) -> ScsiAdapter:
    """``2/client/100/vios1/3/0`` → the adapter. Raises :class:`ParseError` with ``text``."""
    slot, kind, remote_id, remote_name, remote_slot, required = _fields(text, (6,), "virtual SCSI")
    return ScsiAdapter(
        slot=_number(slot, text),
        adapter_type=_adapter_type(kind, text),
        remote_lpar_id=_remote(remote_id, text),
        remote_lpar_name=remote_name or None,
        remote_slot=_remote(remote_slot, text),
        required=_flag(required, text),
    )


def eth_adapter(text: str) -> EthAdapter:
    """``4/0/10//0/1/ETHERNET0/FE9F66D5360C/all/none`` → the adapter. Raises :class:`ParseError` with ``text``.

    Six fields (old firmware) carry neither switch nor MAC: ``vswitch`` is then empty and ``mac`` None.
    """
    fields = _fields(text, (6, 8, 10), "virtual Ethernet")
    slot, ieee, pvid, vlans, trunk, required = fields[:6]
    vswitch, mac = fields[6:8] if len(fields) > 6 else ("", "")
    priority = _number(trunk, text) if trunk else 0
    return EthAdapter(
        slot=_number(slot, text),
        mac=_mac(mac, text) if mac else None,
        port_vlan_id=vlan(pvid, text),
        vswitch=vswitch,
        ieee=_flag(ieee, text),
        addl_vlan_ids=tuple(vlan(v, text) for v in vlans.split(",")) if vlans else (),
        trunk_priority=priority or None,
        required=_flag(required, text),
        allowed_macs=fields[8] if len(fields) > 8 else "all",
        qos=fields[9] if len(fields) > 8 else "none",
    )


def fc_text(adapter: FcAdapter) -> str:
    """The inverse of :func:`fc_adapter`, as ``mksyscfg`` takes it."""
    remote = (_or_any(adapter.remote_lpar_id), adapter.remote_lpar_name or "", _or_any(adapter.remote_slot))
    fields = (adapter.slot, adapter.adapter_type, *remote, ",".join(adapter.wwpns), int(adapter.required))
    return "/".join(str(field) for field in fields)


def scsi_text(adapter: ScsiAdapter) -> str:
    """The inverse of :func:`scsi_adapter`."""
    remote = (_or_any(adapter.remote_lpar_id), adapter.remote_lpar_name or "", _or_any(adapter.remote_slot))
    return "/".join(str(field) for field in (adapter.slot, adapter.adapter_type, *remote, int(adapter.required)))


def eth_text(adapter: EthAdapter) -> str:
    """The inverse of :func:`eth_adapter`: ten fields, or six where the adapter has neither switch nor MAC."""
    vlans = ",".join(str(v) for v in adapter.addl_vlan_ids)
    start = (adapter.slot, int(adapter.ieee), adapter.port_vlan_id, vlans, adapter.trunk_priority or 0)
    fields = [str(field) for field in (*start, int(adapter.required))]
    if adapter.vswitch or adapter.mac:
        fields += [adapter.vswitch, adapter.mac or "", adapter.allowed_macs, adapter.qos]
    return "/".join(fields)


def wwpn_pair(adapter_type: AdapterType, wwpns: tuple[str, ...], line: str) -> tuple[str, ...]:
    """The two different WWPNs of a client adapter; none for a server adapter, whatever it prints there."""
    if adapter_type is AdapterType.SERVER:
        return ()
    try:
        pair = tuple(parse.wwpn(w) for w in wwpns)
    except ParseError as error:
        raise ParseError(error.expected, line) from None
    if len(set(pair)) != 2 or len(pair) != 2:
        raise ParseError("two different WWPNs of a client adapter", line)
    return pair


def vlan(text: str, line: str) -> int:
    """A VLAN id, 0 to 4094. Raises :class:`ParseError` with ``line``."""
    number = _number(text, line)
    if number > _VLAN_MAX:
        raise ParseError(f"a VLAN id up to {_VLAN_MAX}", line)
    return number


def _fields(text: str, counts: tuple[int, ...], what: str) -> list[str]:
    fields = text.split("/")
    if len(fields) not in counts:
        raise ParseError(f"a {what} adapter of {' or '.join(str(c) for c in counts)} fields", text)
    return fields


def _adapter_type(text: str, line: str) -> AdapterType:
    try:
        return AdapterType(text)
    except ValueError:
        raise ParseError("client or server", line) from None


def _number(text: str, line: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ParseError("a whole number", line)
    return int(text)


def _remote(text: str, line: str) -> int | None:
    """A remote LPAR id or slot; ``any`` (a server that takes any client) and nothing are None."""
    return None if text in ("", "any") else _number(text, line)


def _or_any(number: int | None) -> str:
    return "any" if number is None else str(number)


def _flag(text: str, line: str) -> bool:
    if text not in ("0", "1"):
        raise ParseError("0 or 1 for a yes or no", line)
    return text == "1"


def _mac(text: str, line: str) -> str:
    try:
        return parse.mac(text)
    except ParseError as error:
        raise ParseError(error.expected, line) from None
