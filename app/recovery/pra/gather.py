"""Looking at both sites for the PRA: every HMC and every FlashArray, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct

from app.pra_records import Pra
from app.recovery.beside import beside
from app.recovery.looks import Devices
from app.recovery.pg.pairing import TAG
from app.recovery.pra.situation import ArrayNow, HmcNow, PraNow, SideNow
from app.recovery.step import UnseenError
from app.settings_records import DeviceSettings
from backends.flasharray.looks import Connected, Paths, SnapshotMembers, Tags, VolumeSnapshot
from backends.hmc.looks import NpivPortsOf
from store.estate import DeviceKind, Lpar, LparState, ProtectionGroup, Reading

_KINDS = (DeviceKind.HMC, DeviceKind.FLASHARRAY)


def concerned(configured: Iterable[DeviceSettings], pra: Pra) -> list[DeviceSettings]:
    """The devices of both sites that the PRA rests on."""
    sites = (pra.nominal, pra.recovery)
    return [device for device in configured if device.site in sites and device.kind in _KINDS]


def look(
    devices: Devices, configured: Iterable[DeviceSettings], pra: Pra, without: Mapping[str, str] | None = None
) -> PraNow:
    """Read all that the PRA rests on. What cannot be read is there without a reading; nothing is raised. ``without``
    are devices that are not asked, by name, and why: they count as not read."""
    wanted, left_out = concerned(configured, pra), without or {}
    since = time.monotonic()

    def read(device: DeviceSettings) -> HmcNow | ArrayNow:
        if device.name in left_out:
            why = left_out[device.name]
            return HmcNow(device.name, None, why) if device.kind is DeviceKind.HMC else ArrayNow(device.name, None, why)
        return _hmc(devices, device, since) if device.kind is DeviceKind.HMC else _array(devices, device, since)

    found = list(zip(wanted, beside(read, wanted, "look"), strict=True))
    nominal, recovery = (
        _side(site, [(d, f) for d, f in found if d.site == site]) for site in (pra.nominal, pra.recovery)
    )
    return PraNow(pra, datetime.now(UTC), nominal, recovery)


def _side(site: str, found: list[tuple[DeviceSettings, HmcNow | ArrayNow]]) -> SideNow:
    hmcs = tuple(each for _, each in found if isinstance(each, HmcNow))
    return SideNow(site, hmcs, tuple(each for _, each in found if isinstance(each, ArrayNow)))


def _hmc(devices: Devices, device: DeviceSettings, since: float) -> HmcNow:
    try:
        reading = devices.reading(device.name, since)
    except UnseenError as error:
        return HmcNow(device.name, None, str(error), error.silent)
    return HmcNow(device.name, reading, ports=_ports(devices, device.name, reading, since))


def _ports(devices: Devices, hmc: str, reading: Reading, since: float) -> Mapping[str, Mapping[str, int]]:
    """Of each VIOS that runs and has an adapter without a port, or no port in its maps: those that are on a fabric, and
    how many more clients each takes. A VIOS that does not say is left out, so that a person chooses."""
    lpars = [each for each in reading.objects if isinstance(each, Lpar) and each.env == "vioserver"]
    asked = [
        vios
        for vios in lpars
        if vios.state is LparState.RUNNING
        and vios.rmc_state == "active"
        and not (vios.npiv and all(mapping.fc_port for mapping in vios.npiv))
    ]
    found = {}
    for vios in asked:
        with suppress(UnseenError):
            told, _ = devices.look((hmc, NpivPortsOf(vios.system, vios.name)), since)
            found[vios.key] = {port.name: port.free for port in told if port.fabric}
    return found


def _array(devices: Devices, device: DeviceSettings, since: float) -> ArrayNow:
    name = device.name
    try:
        reading = devices.reading(name, since)
        rest: _Rest = devices.look((name, _RestAsked(_newest(reading))), since)[0]
        return ArrayNow(name, reading, "", False, rest.tags, rest.paths, rest.parts)
    except UnseenError as error:
        return ArrayNow(name, None, str(error), error.silent)


def _newest(reading: Reading) -> tuple[tuple[str, str], ...]:
    """Each replica group with its newest complete snapshot."""
    groups = [each for each in reading.objects if isinstance(each, ProtectionGroup) and not each.is_local]
    newest = [(group.name, group.newest_complete) for group in groups if not group.destroyed]
    return tuple((name, snapshot.name) for name, snapshot in newest if snapshot is not None)


class _Rest(Struct, frozen=True):
    """What a reading of an array leaves out: tags by volume, ports by WWPN logged in, volume snapshots by replica
    group."""

    tags: Mapping[str, str]
    paths: Mapping[str, int]
    parts: Mapping[str, tuple[VolumeSnapshot, ...]]


class _RestAsked(Struct, frozen=True):
    """All of that in one session. ``newest`` are groups with the snapshot whose parts are asked for."""

    newest: tuple[tuple[str, str], ...]

    def take(self, driver: Connected) -> _Rest:
        parts = {group: SnapshotMembers(snapshot).take(driver) for group, snapshot in self.newest}
        return _Rest(Tags(TAG).take(driver), Paths().take(driver), parts)
