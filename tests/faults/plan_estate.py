"""Two sites with all four technologies for the proofs of plan runs: members of plans are made as they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from backends.lab.lab import Lab
from backends.lab.threepar.state import add_threepar, connect
from backends.lab.timing import INSTANT, Timing
from backends.lab.world import World
from tests.benchmarks.lpar_lab import Builder
from tests.faults.lpar_estate import LparEstate
from tests.faults.rcg_estate import RcgEstate
from tests.faults.vm_estate import VmEstate, add_server

TIMING: Timing = replace(
    INSTANT, lpar_starting_s=0.1, lpar_firmware_s=0.1, lpar_rmc_s=0.05, lpar_osshutdown_s=0.05, lpar_shutdown_s=0.05,
    vm_task_s=0.05, vm_boot_s=0.1, vm_shutdown_s=0.05,
)  # fmt: skip


@dataclass
class PlanEstate:
    """A running lab with everything that an estate of each technology has by itself. ``directory`` holds
    ``config.toml``, and ``plans/``."""

    lab: Lab
    rcgs: RcgEstate
    lpars: LparEstate
    vms: VmEstate
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = self.lpars.config
        self.plans.mkdir(mode=0o700)

    @property
    def world(self) -> World:
        return self.lab.world

    @property
    def plans(self) -> Path:
        """Where the files of plans are."""
        return self.directory / "plans"

    def expire_sessions(self) -> None:
        for estate in (self.rcgs, self.lpars, self.vms):
            estate.expire_sessions()


@contextmanager
def plan_estate(directory: Path) -> Iterator[PlanEstate]:
    """The estate with its doors open, in real time."""
    world = World(1, None, TIMING)
    with world.turn():
        builder = Builder(world)
        for segment in ("prod-paris", "prod-lyon"):
            world.add_segment(segment)
        world.add_segment("drill", isolated=True)
        user = {"3paradm": "not-a-secret"}
        paris = add_threepar(world, "3par-p", "paris", serial="CZ1", system_id=1001, users=user)
        lyon = add_threepar(world, "3par-l", "lyon", serial="CZ2", system_id=1002, users=user)
        connect(paris, lyon)
        one = add_server(world, "vc-paris", "paris", "VirtualCenter", "PROD")
        other = add_server(world, "vc-lyon", "lyon", "VirtualCenter", "PROD-L")
    lab = Lab(world, directory / "identities")
    lab.start()
    for server in (one, other):
        server.state.lease_s = 4
    try:
        rcgs, vms = RcgEstate(lab, paris, lyon, directory), VmEstate(lab, directory, one, other)
        yield PlanEstate(lab, rcgs, LparEstate(lab, builder, [], directory), vms, directory)
    finally:
        lab.stop()
