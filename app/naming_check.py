"""``drdeck check --naming``: the names on every FlashArray that break the conventions of the configuration."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, cast

from app.connect import Connector
from app.naming import Checked, Kind, Named, Naming, check
from app.output import columns, printable
from app.settings_records import DeviceSettings, Settings
from backends.driver import Driver
from backends.outcome import DeviceError
from store.estate import DeviceKind

SCHEMA_VERSION = 1
OK, BROKEN, USAGE, UNREAD = 0, 1, 2, 3


def arrays(devices: Sequence[DeviceSettings]) -> list[DeviceSettings]:
    """Those that have names which a convention could be about."""
    return [device for device in devices if device.kind is DeviceKind.FLASHARRAY]


def run(settings: Settings, devices: Sequence[DeviceSettings], *, as_json: bool) -> int:
    """Read the FlashArrays among ``devices``, print what breaks a convention, and return the exit code."""
    wanted = arrays(devices)
    if not settings.naming.kinds:
        print(f"{settings.path} has no naming conventions: see [naming] in config.example.toml", file=sys.stderr)
        return USAGE
    if not wanted:
        print("There is no FlashArray among these devices: names are checked on no other", file=sys.stderr)
        return USAGE
    connect = Connector(settings)
    sites = [site.name for site in settings.sites]
    with ThreadPoolExecutor(len(wanted)) as pool:
        found = list(pool.map(lambda device: _checked(settings.naming, device, sites, connect), wanted))
    for one in found:
        if one.failure is not None:
            print(f"Could not be read: {printable(f'{one.device}: {one.failure}')}", file=sys.stderr)
    print(_json(settings.naming, found) if as_json else _table(found))
    if any(one.breaks for one in found):
        return BROKEN
    return UNREAD if any(one.failure is not None for one in found) else OK


def _checked(naming: Naming, device: DeviceSettings, sites: Sequence[str], connect: Callable[[str], Driver]) -> Checked:
    try:
        with closing(connect(device.name)) as driver:
            return check(naming, device.name, device.site, sites, _names(driver, naming.kinds))
    except DeviceError as error:
        return Checked(device.name, device.site, failure=f"{error.failure}: {error.text}")


def _names(driver: Driver, kinds: Sequence[Kind]) -> Iterator[Named]:
    """What is on an array; only the lists that are needed are asked for. Raises :class:`DeviceError`."""
    from backends.flasharray.looks import Connected, GroupSnapshotNames, Hosts, LocalGroups, Volumes

    connected = cast(Connected, driver)
    if Kind.VOLUME in kinds:
        for volume in Volumes().take(connected).values():
            if not volume.destroyed:
                yield Named(Kind.VOLUME, volume.name, "::" in volume.name)
    if Kind.HOST in kinds:
        yield from (Named(Kind.HOST, host) for host in Hosts().take(connected))
    if Kind.PGROUP in kinds:
        yield from (Named(Kind.PGROUP, group, "::" in group) for group in LocalGroups().take(connected))
    if Kind.SNAPSHOT in kinds:
        yield from (Named(Kind.SNAPSHOT, name, ":" in name) for name in GroupSnapshotNames().take(connected))


def _table(found: Sequence[Checked]) -> str:
    rows = [[one.device, one.site, each.kind, each.name, each.pattern] for one in found for each in one.breaks]
    lines = columns([["ARRAY", "SITE", "KIND", "NAME", "EXPECTED"], *rows]) if rows else []
    for one in found:
        said = "not read" if one.failure is not None else f"{len(one.breaks)} of {one.count} names break their pattern"
        lines.append(f"{one.device}: {said}")
    return "\n".join(lines)


def _json(naming: Naming, found: Sequence[Checked]) -> str:
    rows: list[dict[str, Any]] = [
        {
            "name": one.device,
            "site": one.site,
            "read": one.failure is None,
            "text": one.failure,
            "checked": one.count,
            "breaks": [{"kind": each.kind, "name": each.name, "expected": each.pattern} for each in one.breaks],
        }
        for one in found
    ]
    patterns = {kind: naming.pattern(kind) for kind in naming.kinds}
    return json.dumps({"schema_version": SCHEMA_VERSION, "patterns": patterns, "arrays": rows}, indent=2)
