"""``chhwres -r virtualio|sriov``: adapters added to and removed from what an LPAR runs with, not its profile.

A network adapter of a running LPAR is live at once. A virtual FC client adapter is listed at once and logs in at the
next activation; one that was added so gets a WWPN pair of its own, which no profile knows.
"""

from __future__ import annotations

from msgspec.structs import replace

from backends.lab.hmc import power
from backends.lab.hmc.adapters import VirtualEth, VirtualFc, VirtualScsi, parse_eth, parse_fc, parse_scsi
from backends.lab.hmc.change import FindSystem, chosen_lpar, records_of
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.model import LabLpar, NpivMap
from backends.lab.hmc.options import parse
from backends.lab.hmc.ports import NO_MAC, parse_port, parse_vnic
from store.estate import LparState

_PEER = ("adapter_type", "remote_lpar_id", "remote_lpar_name", "remote_slot_num")
_KNOWN = {
    "fc": (*_PEER, "wwpns", "is_required"),
    "scsi": (*_PEER, "is_required"),
    "eth": (
        *("ieee_virtual_eth", "port_vlan_id", "addl_vlan_ids", "is_trunk", "trunk_priority", "is_required"),
        *("vswitch", "mac_addr"),
    ),
    "vnic": (
        *("port_vlan_id", "pvid_priority", "allowed_vlan_ids", "mac_addr", "allowed_os_mac_addrs"),
        *("auto_priority_failover", "backing_devices"),
    ),
}


def chhwres(find: FindSystem, words: list[str]) -> str:
    """``-r virtualio --rsubtype fc|scsi|eth|vnic -m SYSTEM -o a|r -p LPAR|--id N -s SLOT [-a "attributes"]``, or
    ``-r sriov --rsubtype logport -m SYSTEM -o a|r -p LPAR|--id N -a "attributes"``."""
    options = parse(words, ("-r", "--rsubtype", "-m", "-o", "-p", "--id", "-s", "-a", "-w", "-d"), ("--force",))
    sriov = options.one_of("-r", "virtualio", "sriov") == "sriov"
    kind = options.one_of("--rsubtype", *(("logport",) if sriov else ("fc", "scsi", "eth", "vnic")))
    lpar = chosen_lpar(find(options), options, "-p")
    operation = options.one_of("-o", "a", "r")
    if lpar.running.profile is None:
        raise RefusedError("not-on", lpar.name)
    if kind == "logport":
        _logical_port(lpar, operation, _single(options.need("-a")))
    elif operation == "r":
        _remove(lpar, kind, options.number("-s"))
    else:
        _add(lpar, kind, options.number("-s"), _single(options.need("-a")))
    if lpar.state is LparState.RUNNING and kind in ("eth", "vnic", "logport"):
        lpar.system.world.set_nics(lpar.writer, power.nics(lpar))
    return ""


def _remove(lpar: LabLpar, kind: str, slot: int | None) -> None:
    running = lpar.running
    by_slot: dict[str, set[int]] = {"fc": set(running.fc), "scsi": set(running.scsi), "eth": set(running.eth)}
    by_slot["vnic"] = set(running.vnics)
    if slot is None or slot not in by_slot[kind]:
        raise RefusedError("parameter", "-s")
    if kind == "fc":
        del running.fc[slot]
        lpar.maps.pop(slot, None)
    elif kind == "scsi":
        del running.scsi[slot]
    elif kind == "vnic":
        del running.vnics[slot]
    else:
        del running.eth[slot]


def _single(text: str) -> dict[str, str]:
    found = records_of(text)
    if len(found) != 1:
        raise RefusedError("parameter", "-a")
    return found[0]


def _logical_port(lpar: LabLpar, operation: str, record: dict[str, str]) -> None:
    """One that is removed is named by its adapter and its own id."""
    ports = lpar.running.ports
    if operation == "r":
        found = next((port for port in ports.values() if port.logical_port_id == record.get("logical_port_id")), None)
        if found is None or str(found.adapter) != record.get("adapter_id"):
            raise RefusedError("value", "logical_port_id", record.get("logical_port_id", ""))
        del ports[found.number]
        return
    if record.pop("logical_port_type", "eth") != "eth":
        raise RefusedError("parameter", "-a")
    made = parse_port(":".join(f"{name}={value}" for name, value in record.items()), lpar.system.ports_taken())
    ports[made.number] = made if made.mac != NO_MAC else replace(made, mac=lpar.system.new_mac())


def _add(lpar: LabLpar, kind: str, wanted: int | None, record: dict[str, str]) -> None:
    for name in record:
        if name not in _KNOWN[kind]:
            raise RefusedError("attribute", name)
    running = lpar.running
    used = {*running.fc, *running.scsi, *running.eth, *running.vnics}
    most = running.profile.max_virtual_slots if running.profile is not None else 0
    slot = wanted if wanted is not None else next(n for n in range(2, most + 1) if n not in used)
    if slot in used or not 2 <= slot < most:
        raise RefusedError("parameter", "-s")
    if kind == "vnic":
        vnic = parse_vnic(":".join((f"slot_num={slot}", *(f"{name}={value}" for name, value in record.items()))))
        running.vnics[slot] = vnic if vnic.mac else replace(vnic, mac=lpar.system.new_mac())
        return
    adapter = _adapter(kind, slot, _resolved(lpar, record))
    if isinstance(adapter, VirtualFc):
        if not adapter.server and not adapter.wwpns:
            adapter = replace(adapter, wwpns=lpar.system.new_pair())
        running.fc[slot] = adapter
        if adapter.server:
            lpar.maps.setdefault(slot, NpivMap(f"vfchost{_next_host(lpar)}", slot, None))
    elif isinstance(adapter, VirtualScsi):
        running.scsi[slot] = adapter
    else:
        running.eth[slot] = adapter if adapter.mac else replace(adapter, mac=lpar.system.new_mac())


def _resolved(lpar: LabLpar, record: dict[str, str]) -> dict[str, str]:
    """With the id of the LPAR at the other end, where only its name is given."""
    name = record.get("remote_lpar_name")
    if not name or record.get("remote_lpar_id"):
        return record
    return {**record, "remote_lpar_id": str(lpar.system.lpar(name).lpar_id)}


def _adapter(kind: str, slot: int, record: dict[str, str]) -> VirtualFc | VirtualScsi | VirtualEth:
    """The adapter that the attributes describe, checked as a profile's is."""
    required = record.get("is_required", "0")
    if kind == "eth":
        fields = (
            str(slot),
            record.get("ieee_virtual_eth", "0"),
            record.get("port_vlan_id", ""),
            record.get("addl_vlan_ids", ""),
            record.get("trunk_priority", "") if record.get("is_trunk") == "1" else "0",
            required,
            record.get("vswitch", ""),
            record.get("mac_addr", ""),
            *("all", "none"),
        )
        return parse_eth("/".join(fields))
    peer = (record.get("remote_lpar_id", ""), record.get("remote_lpar_name", ""), record.get("remote_slot_num", ""))
    start = "/".join((str(slot), record.get("adapter_type", ""), *peer))
    if kind == "scsi":
        return parse_scsi(f"{start}/{required}")
    return parse_fc(f"{start}/{record.get('wwpns', '')}/{required}")


def _next_host(vios: LabLpar) -> int:
    used = {mapping.vfchost for mapping in vios.maps.values()}
    return next(n for n in range(len(used) + 1) if f"vfchost{n}" not in used)
