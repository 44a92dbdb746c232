"""LPARs of two sites that are ready to be failed over, in real time and without latencies, for the proofs of that."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backends.lab.configuration import write_config
from backends.lab.flasharray.state import ArrayState
from backends.lab.hmc.model import Hmc, LabLpar
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT
from backends.lab.world import World
from store.estate import LparState
from tests.benchmarks.lpar_lab import Builder

_NUMBERS = itertools.count(1)
PRA = '\n[pra]\ndrill_vswitch = "ETHERNET0"\ndrill_vlan = 999\n'


@dataclass
class LparEstate:
    """A running lab: LPARs ``lp000`` … at paris in one protection group, which stand ready at lyon. ``directory`` holds
    ``config.toml``."""

    lab: Lab
    builder: Builder
    names: list[str]
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = write_config(self.lab, self.directory, interval_s=60)
        self.config.write_text(self.config.read_text() + PRA)

    @property
    def world(self) -> World:
        return self.lab.world

    def array(self, site: str) -> ArrayState:
        found = self.world.devices[f"fa-{site}"].state
        assert isinstance(found, ArrayState)
        return found

    def lpar(self, site: str, name: str) -> LabLpar:
        hmc = self.world.devices[f"hmc-{site}"].state
        assert isinstance(hmc, Hmc)
        return next(lpar for system in hmc.systems for lpar in system.lpars if lpar.name == name)

    def named(self) -> str:
        """A name for an LPAR that is still to be made."""
        return f"t{next(_NUMBERS)}"

    def fresh(self) -> str:
        """A new LPAR that runs at paris, in a protection group of its own, and stands ready at lyon."""
        name = self.named()
        with self.world.turn():
            self.builder.group(f"pg-{name}", [name])
        return name

    def expire_sessions(self) -> None:
        """End the sessions that nobody could log out of: an array does so after a while."""
        with self.world.turn():
            for site in ("paris", "lyon"):
                self.array(site).expire_sessions()

    def runs(self, site: str, name: str) -> bool:
        with self.world.turn():
            return self.lpar(site, name).state is LparState.RUNNING

    def set_dark(self, dark: bool) -> None:
        with self.world.turn():
            self.world.set_dark("paris", dark)

    def until(self, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Let the lab's time pass until it is so."""
        deadline = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)
            with self.world.turn():
                pass

    def writes(self) -> dict[str, int]:
        """What changed something so far, by verb, on all devices. Logins and looks are none."""
        found: dict[str, int] = {}
        for device in self.world.devices.values():
            for verb, count in device.counters.requests.items():
                look = verb.startswith(("GET", "ls", "date", "viosvrcmd")) or verb.endswith(("/login", "/logout"))
                if not look:
                    found[verb] = found.get(verb, 0) + count
        return found


def _drill_network(builder: Builder) -> None:
    """VLAN 999 at lyon is one network over all systems, which no VIOS bridges."""
    world = builder.lyon.systems[0].world
    segment = world.add_segment("drill", isolated=True)
    for system in builder.lyon.systems:
        system.segments["ETHERNET0", 999] = segment


@contextmanager
def lpar_estate(directory: Path, count: int = 3, *, staged: bool = True) -> Iterator[LparEstate]:
    """The estate with its doors open."""
    world = World(1, None, INSTANT)
    names = [f"lp{number:03}" for number in range(count)]
    with world.turn():
        builder = Builder(world)
        if names:
            builder.group("pg00", names, staged=staged)
        _drill_network(builder)
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        yield LparEstate(lab, builder, names, directory)
    finally:
        lab.stop()
