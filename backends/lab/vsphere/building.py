"""New machines made from a specification: by CreateVM_Task and by imports."""

from __future__ import annotations

from backends.lab.vsphere import changes
from backends.lab.vsphere.records import NicCard, Vm, VmHome
from backends.lab.vsphere.state import NIC_KEY, VSphereState


def build(state: VSphereState, wanted: changes.Changes, place: changes.Placement) -> Vm:
    """A machine, powered off, with the disks and cards that ``wanted`` adds."""
    name = wanted.name or ""
    changes.check_name(place.folder, name)
    datastore = place.datastore
    assert datastore is not None
    moid = state.new_id("vm")
    home = VmHome(
        path=f"{name}/{name}.vmx",
        name=name,
        uuid=wanted.uuid or state.new_uuid(f"bios/{moid}"),
        instance_uuid=wanted.instance_uuid or state.new_uuid(f"vm/{moid}"),
        guest_id=wanted.guest_id or "otherGuest64",
        guest_name=wanted.guest_id or "Other (64-bit)",
        cpus=wanted.cpus or 1,
        memory_mb=wanted.memory_mb or 1024,
        tools=True,
        ip=None,
        disks=[],
        nics=[],
        extra=dict(wanted.extra),
        annotation=wanted.annotation or "",
    )
    for disk in wanted.disks:
        home.disks.append(state.new_disk(home, disk.datastore or datastore, moid, disk.capacity or 0))
    for number, card in enumerate(wanted.nics):
        mac = card.mac or state.new_mac()
        kind = "manual" if card.mac else "assigned"
        on = card.connected is not False
        home.nics.append(NicCard(NIC_KEY + number, f"Network adapter {number + 1}", mac, card.network, on, kind))
    return state.register(home, datastore, moid=moid, host=place.host, folder=place.folder, pool=place.pool)
