"""Looking at both sites for the PRA: every HMC and every FlashArray, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from app.pra_records import Pra
from app.recovery.looks import Devices
from app.recovery.pg.pairing import TAG
from app.recovery.pra.situation import ArrayNow, HmcNow, PraNow, SideNow
from app.recovery.step import UnseenError
from app.settings_records import DeviceSettings
from backends.flasharray.looks import Initiators, SnapshotMembers, Tags, VolumeSnapshot
from store.estate import DeviceKind, ProtectionGroup, Reading

_KINDS = (DeviceKind.HMC, DeviceKind.FLASHARRAY)


def look(devices: Devices, configured: Iterable[DeviceSettings], pra: Pra) -> PraNow:
    """Read all that the PRA rests on. What cannot be read is there without a reading; nothing is raised."""
    sites = (pra.nominal, pra.recovery)
    wanted = [device for device in configured if device.site in sites and device.kind in _KINDS]
    since = time.monotonic()

    def read(device: DeviceSettings) -> HmcNow | ArrayNow:
        return _hmc(devices, device, since) if device.kind is DeviceKind.HMC else _array(devices, device, since)

    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        found = list(zip(wanted, pool.map(read, wanted), strict=True))
    nominal, recovery = (_side(site, [(d, f) for d, f in found if d.site == site]) for site in sites)
    return PraNow(pra, datetime.now(UTC), nominal, recovery)


def _side(site: str, found: list[tuple[DeviceSettings, HmcNow | ArrayNow]]) -> SideNow:
    hmcs = tuple(each for _, each in found if isinstance(each, HmcNow))
    return SideNow(site, hmcs, tuple(each for _, each in found if isinstance(each, ArrayNow)))


def _hmc(devices: Devices, device: DeviceSettings, since: float) -> HmcNow:
    try:
        return HmcNow(device.name, devices.reading(device.name, since))
    except UnseenError as error:
        return HmcNow(device.name, None, str(error), error.silent)


def _array(devices: Devices, device: DeviceSettings, since: float) -> ArrayNow:
    name = device.name
    try:
        reading = devices.reading(name, since)
        tags: Mapping[str, str] = devices.look((name, Tags(TAG)), since)[0]
        logged_in: frozenset[str] = devices.look((name, Initiators()), since)[0]
        return ArrayNow(name, reading, "", False, tags, logged_in, _parts(devices, name, reading, since))
    except UnseenError as error:
        return ArrayNow(name, None, str(error), error.silent)


def _parts(devices: Devices, name: str, reading: Reading, since: float) -> Mapping[str, tuple[VolumeSnapshot, ...]]:
    """What the newest complete snapshot of each replica group holds."""
    found = {}
    for group in reading.objects:
        if isinstance(group, ProtectionGroup) and not group.is_local and not group.destroyed:
            newest = group.newest_complete
            if newest is not None:
                found[group.name] = devices.look((name, SnapshotMembers(newest.name)), since)[0]
    return found
