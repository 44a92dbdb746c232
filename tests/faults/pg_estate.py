"""Two FlashArrays for the proofs of what is done to protection groups, in real time.

``fa-prd`` has the group ``pg-erp`` of three volumes (100, 200 and 300 GiB) under the running LPAR erp_db1, which
replicates to ``fa-dr``; both have a group ``pg-dev`` of three volumes of the same sizes whose host is off. The database
``erp`` lies on ``pg-erp``. More groups are made as they are needed.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backends.lab.configuration import write_config
from backends.lab.database.state import Database, add_database
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
_NUMBERS = itertools.count(1)


@dataclass
class PgEstate:
    """A running lab; ``directory`` holds ``config.toml``."""

    lab: Lab
    prd: ArrayState
    dr: ArrayState
    database: Database
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = write_config(self.lab, self.directory, interval_s=60)

    @property
    def world(self) -> World:
        return self.lab.world

    def source(
        self, name: str = "", sizes: Sequence[int] = SIZES, *, history: int = 2, array: ArrayState | None = None
    ) -> str:
        """A new group on ``fa-prd`` (or ``array``) that replicates to the other one, of volumes ``<name>-0`` …, under
        an LPAR that writes twenty times a second. ``history``: so many snapshots are on both. Returns its name."""
        here = array or self.prd
        name = name or f"g{next(_NUMBERS)}"
        with self.world.turn():
            disks, writer = self._server(here, name, sizes)
            group = protection.add_group(here, name, disks, here.peers.values())
            protection.backfill(here, group, history, 60, took_s=5)
            self.world.power_on(writer)
        return name

    def target(self, array: ArrayState, name: str = "", sizes: Sequence[int] = SIZES) -> str:
        """A new group to clone to, of volumes ``<name>-0`` …, under a host that is off. Returns its name."""
        name = name or f"t{next(_NUMBERS)}"
        with self.world.turn():
            protection.add_group(array, name, self._server(array, name, sizes)[0])
        return name

    def _server(self, array: ArrayState, name: str, sizes: Sequence[int]) -> tuple[list[Disk], Writer]:
        wwpns = (f"c0507602{next(_NUMBERS):08x}",)
        disks = [array.add_volume(f"{name}-{n}", size, _image(name, str(n))) for n, size in enumerate(sizes)]
        array.add_host(f"{name}-db", wwpns, "aix")
        for disk in disks:
            array.attach(disk, host=f"{name}-db")
        writer = Writer(f"{array.site}/{name}-db", WriterKind.LPAR, array.site, period_s=0.05, wwpns=wwpns)
        return disks, self.world.add_writer(writer)

    def switch(self, array: ArrayState, name: str, on: bool) -> None:
        """Start or stop the server of a group, as its owner does."""
        writer = self.world.writers[f"{array.site}/{name}-db"]
        with self.world.turn():
            (self.world.power_on if on else self.world.power_off)(writer)

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

    def contents(self, array: ArrayState, group: str) -> dict[str, Image]:
        """What each volume of a group holds."""
        with self.world.turn() as now:
            return {disk.name: disk.core.image(now) for disk in array.groups[group].disks}

    def expire_sessions(self) -> None:
        """End the sessions that nobody could log out of: an array does so after a while."""
        with self.world.turn():
            for array in (self.prd, self.dr):
                array.expire_sessions()


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
        database = add_database(world, "erp", "paris", "pg-erp")
        world.power_on(world.add_writer(Writer("paris/erp_db1", WriterKind.LPAR, "paris", wwpns=WWPNS)))
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        yield PgEstate(lab, prd, dr, database, directory)
    finally:
        lab.stop()
