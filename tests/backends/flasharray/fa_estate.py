"""Two simulated arrays at two sites for tests: a protection group of three volumes replicates from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backends.endpoint import Limits, Secret, TlsAccess
from backends.flasharray.driver import FlashArrayDriver
from backends.lab.clock import Clock
from backends.lab.flasharray import pods, protection
from backends.lab.flasharray.objects import Group
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT, Timing
from backends.lab.volumes import Writer, WriterKind
from backends.lab.world import World
from store.estate import SiteRole

TOKEN = "5e0a3c9f-lab-token"
USER = "pureuser"
START = 1_760_000_000.0
WWPNS = ("c0507601a1b20010", "c0507601a1b20011")


@dataclass
class Estate:
    """A running lab with its arrays; time stands still until ``pass_time``."""

    lab: Lab
    prod: ArrayState
    dr: ArrayState
    group: Group

    @property
    def world(self) -> World:
        return self.lab.world

    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def access(self, name: str, **changes: object) -> TlsAccess:
        known: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.world.devices[name].ports["https"],
            "secret": Secret(TOKEN),
            "ca_file": self.lab.identities.ca_file,
        }
        return TlsAccess(**(known | changes))  # type: ignore[arg-type]

    @contextmanager
    def driver(
        self, name: str = "fa-prd", limits: Limits | None = None, **changes: object
    ) -> Iterator[FlashArrayDriver]:
        driver = FlashArrayDriver(name, self.access(name, **changes), limits or Limits(connect_s=2, call_s=5))
        try:
            yield driver
        finally:
            driver.close()

    def requests(self, verb: str, name: str = "fa-prd") -> int:
        return self.world.devices[name].counters.requests[verb]


@contextmanager
def estate(directory: Path, timing: Timing = INSTANT) -> Iterator[Estate]:
    """Start it; everything is cut again at the end."""
    world = World(seed=7, clock=Clock(START, speed=0.0), timing=timing)
    with world.turn():
        world.add_site("prd", SiteRole.PROD)
        world.add_site("dr", SiteRole.DR)
        prod, dr = add_array(world, "fa-prd", "prd", TOKEN, USER), add_array(world, "fa-dr", "dr", TOKEN, USER)
        link_arrays(prod, dr)
        disks = [prod.add_volume(f"erp-{number}", (number + 1) * 100 * GIB) for number in range(3)]
        prod.add_host("erp_db1", WWPNS, "aix")
        for number, disk in enumerate(disks):
            prod.attach(disk, host="erp_db1", lun=10 + number)
        group = protection.add_group(prod, "pg-erp", disks, [dr], replicate_every_s=900)
        protection.backfill(prod, group, 3, 900)
        prod.add_alert("warning", "hardware", 42, ("flash_module", "CH0.BAY3"), "Flash module is wearing out.")
        pod, other = pods.add_pod(prod, "pod-web"), pods.add_pod(dr, "pod-web", promoted=False)
        prod.add_volume("pod-web::web-1", 50 * GIB, pod=pod)
        pods.link((prod, pod), (dr, other))
        writer = world.add_writer(Writer("lpar:erp_db1", WriterKind.LPAR, "prd", wwpns=WWPNS))
        world.power_on(writer)
    lab = Lab(world, directory)
    lab.start()
    try:
        yield Estate(lab, prod, dr, group)
    finally:
        lab.stop()
