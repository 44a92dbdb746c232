"""Profiles and adapters, from the records of an inventory to those of the lab."""

from __future__ import annotations

from collections.abc import Iterable

from backends.lab.hmc.adapters import Peer, VirtualEth, VirtualFc, VirtualScsi
from backends.lab.hmc.model import Profile
from backends.lab.hmc.ports import NO_MAC, VNIC_DEFAULTS, LogicalPort, Vnic
from backends.lab.twin.records import Account
from store.estate import AdapterType, EthAdapter, FcAdapter, LparProfile, NicPort, PortKind, ScsiAdapter

EMPTY = Profile("", 0, 0, 0)
"""What an LPAR has until it gets its own."""


def profile(told: LparProfile, device: str, where: str, account: Account) -> Profile:
    """A profile; a limit that was not told is the lab's own."""
    made = Profile(
        told.name,
        told.min_mem_mb,
        told.desired_mem_mb,
        told.max_mem_mb,
        proc_mode=told.proc_mode,
        desired_procs=told.desired_procs,
        max_virtual_slots=told.max_virtual_slots,
        boot_mode=told.boot_mode,
        auto_start=told.auto_start,
        fc=[fc(a) for a in told.fc],
        scsi=[scsi(a) for a in told.scsi],
        eth=[eth(a) for a in told.eth],
    )
    if told.proc_mode != "shared":
        made.sharing_mode = "keep_idle_procs"
    shared = ("min_proc_units", "desired_proc_units", "max_proc_units", "uncap_weight")
    for name in ("min_procs", "max_procs", "sharing_mode", *shared):
        value = getattr(told, name)
        if value is not None:
            setattr(made, name, value)
        elif told.proc_mode == "shared" or name not in shared:
            account.invent(device, f"{name} of a profile")
    made.vnics, made.ports = nics(told.ports, device, where, account)
    return made


def fc(told: FcAdapter) -> VirtualFc:
    server = told.adapter_type is AdapterType.SERVER
    return VirtualFc(told.slot, server, _peer(told), told.wwpns, told.required)


def scsi(told: ScsiAdapter) -> VirtualScsi:
    return VirtualScsi(told.slot, told.adapter_type is AdapterType.SERVER, _peer(told), told.required)


def eth(told: EthAdapter) -> VirtualEth:
    return VirtualEth(
        told.slot,
        told.port_vlan_id,
        told.mac or "",
        told.vswitch,
        told.ieee,
        told.addl_vlan_ids,
        told.trunk_priority or 0,
        told.required,
        told.allowed_macs,
        told.qos,
    )


def nics(told: Iterable[NicPort], device: str, where: str, account: Account) -> tuple[list[Vnic], list[LogicalPort]]:
    """vNICs, without their backing devices, and SR-IOV logical ports, on the first physical port of their adapter:
    neither is told."""
    vnics, ports = [], []
    for port in told:
        adapter, slash, number = port.place.partition("/")
        if port.kind is PortKind.VNIC:
            account.invent(device, "a vNIC has no backing device")
            vnics.append(Vnic(int(port.place), port.port_vlan_id, port.mac or "", dict(VNIC_DEFAULTS), ()))
        elif slash:
            account.invent(device, "physical port of an SR-IOV logical port")
            ports.append(LogicalPort(int(adapter), 0, int(number, 16), port.port_vlan_id, port.mac or NO_MAC))
        else:
            account.leave(device, where, f"an SR-IOV port of adapter {adapter} has no id of its own yet")
    return vnics, ports


def _peer(told: FcAdapter | ScsiAdapter) -> Peer:
    return Peer(told.remote_lpar_id, told.remote_lpar_name or "", told.remote_slot)
