"""What the console is measured on: stores filled beforehand, and the command lines that open the console on them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.settings import load
from store.database import open_store
from store.estate import DeviceKind, Reading
from store.records import DeviceHealth, DeviceStatus
from tests.benchmarks.sweep import Console, lab
from tests.screens.estate import large

LPARS = 10_000
READ_AGO = timedelta(hours=11, minutes=30)
"""Long enough that the text of an age (``11h``) stands for the whole bench."""

_CONFIG = """\
[console]
lab = true

[[sites]]
name = "oslo"
role = "prod"

[[devices]]
name = "hmc-oslo"
kind = "hmc"
site = "oslo"
host = "127.0.0.1"
port = 9
user = "nobody"
password = "env:NOBODY"
"""


def drdeck(config: Path, *options: str, store: Path | None = None) -> list[str]:
    """The console on a configuration, and on a store other than that names."""
    place = () if store is None else ("--store", str(store))
    return [sys.executable, "-m", "app", "--config", str(config), *place, *options]


def many_lpars(directory: Path) -> tuple[Path, Path]:
    """A configuration and a store with ``LPARS`` of one HMC, read some hours ago."""
    config, path = directory / "config.toml", directory / "many.sqlite"
    config.write_text(_CONFIG)
    device = load(config).devices[0]
    status = DeviceStatus(device.name, DeviceKind.HMC, device.site, device.address, DeviceHealth.NEVER)
    objects = tuple(entry.obj for entry in large(LPARS).entries)
    store = open_store(path)
    try:
        store.apply(Reading(device.name, datetime.now(UTC) - READ_AGO, objects), status)
    finally:
        store.close()
    return config, path


def demo_estate(directory: Path) -> tuple[Path, Path]:
    """A configuration and a store with some of every kind: one sweep of the demo lab, which then ends."""
    with lab("demo", "instant") as running:
        console = Console(running)
        console.sweep()
        console.close()
        for name in ("config.toml", "console.sqlite"):
            (running / name).replace(directory / name)
    return directory / "config.toml", directory / "console.sqlite"
