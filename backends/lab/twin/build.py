"""A twin, whole: the sites, then what serves before what is served."""

from __future__ import annotations

from msgspec.structs import replace

from backends.lab.clock import Clock
from backends.lab.timing import INSTANT, Timing
from backends.lab.twin import flasharray, power, threepar, vsphere
from backends.lab.twin.records import Account, Original
from backends.lab.world import World
from store.estate import DeviceKind, FlashArray, ManagedSystem, StorageSystem, VCenter

_OWNER = {
    DeviceKind.HMC: ManagedSystem,
    DeviceKind.FLASHARRAY: FlashArray,
    DeviceKind.THREEPAR: StorageSystem,
    DeviceKind.VSPHERE: VCenter,
}


def build(original: Original, timing: Timing = INSTANT, clock: Clock | None = None) -> tuple[World, Account]:
    """The world of ``original`` as it was when it was last read, and the account of it. Time goes on from now: moments
    are those of the inventory. A device of which not even itself is known is left out, by name."""
    world, account = World(1, clock, timing), Account()
    known = tuple(
        device for device in original.devices if any(isinstance(o, _OWNER[device.kind]) for o in device.objects)
    )
    for device in original.devices:
        if device not in known:
            account.leave(device.name, "the whole device", "it was never read, so nothing is known of it")
    original = replace(original, devices=known)
    with world.turn():
        for site in original.sites:
            world.add_site(site.name, site.role, l2_stretched=site.l2_stretched)
        flasharray.build(world, original, account)
        threepar.build(world, original, account)
        power.build(world, original, account)
        vsphere.build(world, original, account)
        places = {device.name: number for number, device in enumerate(original.devices)}
        world.devices = dict(sorted(world.devices.items(), key=lambda item: places[item[0]]))
        for violation in world.referee.violations:
            account.noted.append((violation.rule, violation.subject, violation.detail))
        world.referee.violations.clear()
    return world, account
