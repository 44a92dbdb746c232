"""Two FlashArrays for the proofs of what is done to protection groups, in real time.

``fa-prd`` has the group ``pg-erp`` of three volumes (100, 200 and 300 GiB) under the running LPAR erp_db1, which
replicates to ``fa-dr``; both have a group ``pg-dev`` of three volumes of the same sizes whose host is off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backends.lab.configuration import write_config
from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import Disk
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT
from backends.lab.volumes import Image, Segment, Writer, WriterKind
from backends.lab.world import World
from store.estate import SiteRole

TOKEN = "prd-0000-lab-token"
SIZES = (100 * GIB, 200 * GIB, 300 * GIB)
WWPNS = ("c0507601a1b20010", "c0507601a1b20011")
DEV_WWPNS = ("c0507601a1b20020", "c0507601a1b20021")


@dataclass
class PgEstate:
    """A running lab; ``directory`` holds ``config.toml``."""

    lab: Lab
    prd: ArrayState
    dr: ArrayState
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = write_config(self.lab, self.directory, interval_s=60)

    @property
    def world(self) -> World:
        return self.lab.world

    def until(self, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Let the lab's time pass until it is so."""
        deadline = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)
            with self.world.turn():
                pass

    def writes(self) -> dict[str, int]:
        """What changed something so far, by verb, on both arrays. Logins are none."""
        found: dict[str, int] = {}
        for name in ("fa-prd", "fa-dr"):
            for verb, count in self.world.devices[name].counters.requests.items():
                if not verb.startswith("GET") and not verb.endswith(("/login", "/logout")):
                    found[verb] = found.get(verb, 0) + count
        return found

    def content(self, array: ArrayState, volume: str) -> Image:
        with self.world.turn() as now:
            return array.disk(volume).core.image(now)

    def part(self, array: ArrayState, snapshot: str) -> Image:
        with self.world.turn():
            return array.snapshot(snapshot).image


def _image(origin: str, member: str) -> Image:
    return Image(origin, member, (Segment("installed", 1000),))


def _dev(world: World, array: ArrayState, site: str) -> None:
    """The group to clone to, under a host that is off."""
    disks = [array.add_volume(f"dev-{number}", size, _image("dev", str(number))) for number, size in enumerate(SIZES)]
    array.add_host("dev_db1", DEV_WWPNS, "aix")
    for disk in disks:
        array.attach(disk, host="dev_db1")
    protection.add_group(array, "pg-dev", disks)
    world.add_writer(Writer(f"{site}/dev_db1", WriterKind.LPAR, site, wwpns=DEV_WWPNS))


@contextmanager
def pg_estate(directory: Path) -> Iterator[PgEstate]:
    """The estate with its doors open."""
    world = World(1, None, INSTANT)
    with world.turn():
        world.add_site("paris", SiteRole.PROD)
        world.add_site("lyon", SiteRole.DR)
        prd, dr = add_array(world, "fa-prd", "paris", TOKEN), add_array(world, "fa-dr", "lyon", TOKEN)
        link_arrays(prd, dr)
        disks: list[Disk] = [
            prd.add_volume(f"erp-{number}", size, _image("erp", str(number))) for number, size in enumerate(SIZES)
        ]
        prd.add_host("erp_db1", WWPNS, "aix")
        for number, disk in enumerate(disks):
            prd.attach(disk, host="erp_db1", lun=10 + number)
        group = protection.add_group(prd, "pg-erp", disks, [dr])
        protection.backfill(prd, group, 3, 900)
        _dev(world, prd, "paris")
        _dev(world, dr, "lyon")
        world.power_on(world.add_writer(Writer("paris/erp_db1", WriterKind.LPAR, "paris", wwpns=WWPNS)))
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        yield PgEstate(lab, prd, dr, directory)
    finally:
        lab.stop()
