"""Virtual adapters of the lab: what is written in a profile, and what an LPAR runs with.

``parse_*`` read the ``-i`` input of ``mksyscfg`` and ``chsyscfg`` and refuse as the HMC does; ``text()`` is how
``lssyscfg -r prof`` prints them.
"""

from __future__ import annotations

import re

from msgspec import Struct

from backends.lab.hmc.messages import RefusedError

_WWPN = re.compile(r"[0-9a-fA-F]{16}")
_MAC = re.compile(r"[0-9a-fA-F]{12}")
_LOCAL, _MULTICAST = 0x02, 0x01


class Peer(Struct, frozen=True):
    """The other end: LPAR id (None: any), its name, its slot (None: any)."""

    lpar_id: int | None
    name: str
    slot: int | None

    def text(self) -> str:
        ids = ["any" if n is None else str(n) for n in (self.lpar_id, self.slot)]
        return f"{ids[0]}/{self.name}/{ids[1]}"


class VirtualFc(Struct, frozen=True):
    """A virtual Fibre Channel adapter. A client has two WWPNs; a server none."""

    slot: int
    server: bool
    peer: Peer
    wwpns: tuple[str, ...] = ()
    required: bool = True

    def text(self) -> str:
        kind = "server" if self.server else "client"
        return f"{self.slot}/{kind}/{self.peer.text()}/{','.join(self.wwpns)}/{int(self.required)}"


class VirtualScsi(Struct, frozen=True):
    """A virtual SCSI adapter."""

    slot: int
    server: bool
    peer: Peer
    required: bool = True

    def text(self) -> str:
        kind = "server" if self.server else "client"
        return f"{self.slot}/{kind}/{self.peer.text()}/{int(self.required)}"


class VirtualEth(Struct, frozen=True):
    """A virtual Ethernet adapter. ``mac`` empty in a profile lets the HMC choose; ``trunk`` 0 is not a trunk."""

    slot: int
    vlan: int
    mac: str = ""
    vswitch: str = "ETHERNET0"
    ieee: bool = False
    vlans: tuple[int, ...] = ()
    trunk: int = 0
    required: bool = False
    allowed: str = "all"
    qos: str = "none"

    def text(self, old_firmware: bool = False) -> str:
        vlans = ",".join(str(v) for v in self.vlans)
        start = f"{self.slot}/{int(self.ieee)}/{self.vlan}/{vlans}/{self.trunk}/{int(self.required)}"
        return start if old_firmware else f"{start}/{self.vswitch}/{self.mac}/{self.allowed}/{self.qos}"


Adapter = VirtualFc | VirtualScsi | VirtualEth


def parse_fc(text: str) -> VirtualFc:
    """``slot/client|server/id/name/slot/wwpn,wwpn/required``; a client without WWPNs gets a pair from the system."""
    name = "virtual_fc_adapters"
    slot, kind, *peer, wwpns, required = _split(name, text, (7,))
    pair = tuple(wwpns.lower().split(",")) if wwpns else ()
    if pair and (len(pair) != 2 or pair[0] == pair[1] or not all(_WWPN.fullmatch(w) for w in pair)):
        raise RefusedError("value", name, wwpns)
    if pair and kind == "server":
        raise RefusedError("value", name, wwpns)
    return VirtualFc(
        _number(name, slot), _server(name, kind), _peer(name, *peer), pair, _flag(name, required or "0", text)
    )


def parse_scsi(text: str) -> VirtualScsi:
    """``slot/client|server/id/name/slot/required``."""
    name = "virtual_scsi_adapters"
    slot, kind, *peer, required = _split(name, text, (6,))
    return VirtualScsi(_number(name, slot), _server(name, kind), _peer(name, *peer), _flag(name, required, text))


def parse_eth(text: str) -> VirtualEth:
    """``slot/ieee/vlan/vlans/trunk/required[/vswitch[/mac/allowed/qos]]``."""
    name = "virtual_eth_adapters"
    fields = _split(name, text, (6, 7, 8, 10))
    slot, ieee, vlan, vlans, trunk, required = fields[:6]
    vswitch, mac, allowed, qos = [*fields[6:], "", "", "", ""][:4]
    if mac and not usable_mac(mac):
        raise RefusedError("value", name, mac)
    return VirtualEth(
        slot=_number(name, slot),
        vlan=_vlan(name, vlan),
        mac=mac.upper(),
        vswitch=vswitch or "ETHERNET0",
        ieee=_flag(name, ieee, text),
        vlans=tuple(_vlan(name, v) for v in vlans.split(",")) if vlans else (),
        trunk=_number(name, trunk) if trunk else 0,
        required=_flag(name, required, text),
        allowed=allowed or "all",
        qos=qos or "none",
    )


def usable_mac(mac: str) -> bool:
    """A MAC that the HMC takes: 12 hex digits, locally administered, not multicast."""
    return bool(_MAC.fullmatch(mac)) and int(mac[:2], 16) & (_LOCAL | _MULTICAST) == _LOCAL


def _split(name: str, text: str, counts: tuple[int, ...]) -> list[str]:
    fields = text.split("/")
    if len(fields) not in counts:
        raise RefusedError("value", name, text)
    return fields


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RefusedError("value", name, text)
    return int(text)


def _vlan(name: str, text: str) -> int:
    number = _number(name, text)
    if not 0 <= number <= 4094:
        raise RefusedError("value", name, text)
    return number


def _flag(name: str, text: str, whole: str) -> bool:
    if text not in ("0", "1"):
        raise RefusedError("value", name, whole)
    return text == "1"


def _server(name: str, text: str) -> bool:
    if text not in ("client", "server"):
        raise RefusedError("value", name, text)
    return text == "server"


def _peer(name: str, lpar_id: str, lpar_name: str, slot: str) -> Peer:
    ids = [None if text in ("any", "") else _number(name, text) for text in (lpar_id, slot)]
    return Peer(ids[0], lpar_name, ids[1])
