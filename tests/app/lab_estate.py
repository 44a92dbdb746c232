"""A running lab for tests of the commands: the demo estate behind its real doors, with the configuration it writes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.connect import Connector
from app.settings import load
from backends.lab.configuration import write_config
from backends.lab.faults import FaultKind
from backends.lab.lab import Lab
from backends.lab.world import Device
from store.estate import RcgRole, Reading, RemoteCopyGroup
from tests.backends.lab.running_lab import demo_lab


@dataclass(frozen=True)
class LabEstate:
    """``config`` is the file that the lab wrote, with host keys and the lab's CA; ``directory`` holds it."""

    lab: Lab
    directory: Path
    config: Path

    def device(self, name: str) -> Device:
        return self.lab.world.devices[name]

    @contextmanager
    def fault(self, device: str, kind: FaultKind, verb: str = "*", seconds: float | None = None) -> Iterator[None]:
        """The fault is in force until the block ends."""
        fault = self.lab.world.faults.add(device, kind, verb, seconds)
        try:
            yield
        finally:
            self.lab.world.faults.remove(fault.id)

    def config_in(self, folder: Path, *, without: tuple[str, ...] = (), devices: tuple[str, ...] = ()) -> Path:
        """A copy of the configuration in an empty folder: without some keys, with only some devices."""
        blocks = self.config.read_text().split("\n\n")
        kept = [b for b in blocks if not devices or _stays(b, devices)]
        lines = [line for line in "\n\n".join(kept).splitlines() if not line.startswith((*without, "store"))]
        path = folder / "config.toml"
        path.write_text("\n".join([*lines, ""]).replace("[console]", f'[console]\nstore = "{folder / "store.sqlite"}"'))
        return path


def _stays(block: str, devices: tuple[str, ...]) -> bool:
    """Whether a table of the configuration makes sense with these devices alone."""
    if "[[devices]]" in block:
        return any(f'name = "{device}"' in block for device in devices)
    if block.startswith(("[auto]", "[[auto.", "[backups]")):
        return False
    named = re.findall(r'^(?:source|destination) = "(.+)"$', block, re.MULTILINE) if "[[replications]]" in block else []
    return set(named) <= set(devices)


@contextmanager
def lab_estate(directory: Path) -> Iterator[LabEstate]:
    """Start the lab in ``directory`` and stop it at the end of the block. The demo begins with a failover under way;
    it is over when this returns."""
    with demo_lab(directory / "identities", real_time=True) as lab:
        estate = LabEstate(lab, directory, write_config(lab, directory, interval_s=60))
        deadline = time.monotonic() + 30
        with closing(Connector(load(estate.config))("3par-lyon")) as driver:
            while not _failed_over(driver.read()) and time.monotonic() < deadline:
                pass
        yield estate


def _failed_over(reading: Reading) -> bool:
    groups = [obj for obj in reading.objects if isinstance(obj, RemoteCopyGroup) and obj.natural_name == "rcg_web"]
    return not reading.problems and [group.role for group in groups] == [RcgRole.PRIMARY_REV]
