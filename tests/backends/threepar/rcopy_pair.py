"""Two simulated arrays for tests: ``oslo`` replicates to ``bergen`` in all three modes; servers at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.endpoint import Limits, Secret, SshAccess, TlsAccess
from backends.lab.clock import Clock
from backends.lab.lab import Lab
from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.rcg import Group
from backends.lab.threepar.state import (
    ALLETRA_10_5,
    THREEPAR_3_3_1,
    Connection,
    add_replicated_group,
    add_server,
    add_threepar,
    connect,
)
from backends.lab.timing import INSTANT, Timing
from backends.lab.volumes import Writer
from backends.lab.world import World
from store.estate import RcgMode, SiteRole

USER, PASSWORD = "3paradm", "s3cr3t-of-the-lab"
START = 1_760_000_000.0
OSLO_ID, BERGEN_ID = 52417, 52418
LIMITS = Limits(connect_s=2, call_s=5)


@dataclass
class Pair:
    """A running lab with both arrays. Time stands still until ``pass_time``, unless made with ``speed``."""

    lab: Lab
    oslo: ThreePar
    bergen: ThreePar
    connection: Connection
    groups: dict[str, Group]
    servers: dict[str, Writer]

    @property
    def world(self) -> World:
        return self.lab.world

    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def tls(self, name: str, **changes: object) -> TlsAccess:
        known: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.world.devices[name].ports["https"],
            "user": USER,
            "secret": Secret(PASSWORD),
            "ca_file": self.lab.identities.ca_file,
        }
        return TlsAccess(**(known | changes))  # type: ignore[arg-type]

    def ssh(self, name: str, **changes: object) -> SshAccess:
        known: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.world.devices[name].ports["ssh"],
            "user": USER,
            "password": Secret(PASSWORD),
            "host_keys": (self.lab.identities.of(name).ssh_public,),
        }
        return SshAccess(**(known | changes))  # type: ignore[arg-type]

    def requests(self, verb: str, name: str = "oslo") -> int:
        return self.world.devices[name].counters.requests[verb]

    @contextmanager
    def library(self, name: str, *, cli: bool = False) -> Iterator[Any]:
        """The vendor's own client, unmodified, logged in."""
        from hpe3parclient.client import HPE3ParClient

        ports = self.world.devices[name].ports
        client = HPE3ParClient(
            f"https://127.0.0.1:{ports['https']}/api/v1", secure=str(self.lab.identities.ca_file), timeout=10
        )
        client.login(USER, PASSWORD)
        if cli:
            client.setSSHOptions("127.0.0.1", USER, PASSWORD, port=ports["ssh"], conn_timeout=5, known_hosts_file=None)
        try:
            yield client
        finally:
            client.logout()


@contextmanager
def rcopy_pair(directory: Path, *, timing: Timing = INSTANT, speed: float = 0.0) -> Iterator[Pair]:
    """Start it; everything is cut again at the end."""
    world = World(seed=7, clock=Clock(START, speed=speed), timing=timing)
    with world.turn():
        world.add_site("oslo-site", SiteRole.PROD)
        world.add_site("bergen-site", SiteRole.DR)
        oslo = _array(world, "oslo", OSLO_ID)
        bergen = _array(world, "bergen", BERGEN_ID)
        connection = connect(oslo, bergen)
        groups = {
            "erp": _group(oslo, "erp", RcgMode.SYNC, 2),
            "bill": _group(oslo, "bill", RcgMode.PERIODIC, 2, 300),
            "log": _group(oslo, "log", RcgMode.ASYNC, 1),
            "hr": _group(bergen, "hr", RcgMode.SYNC, 1),
        }
        servers = {}
        for number, name in enumerate(("erp", "bill", "log")):
            volumes = [v for v in oslo.volumes if v.startswith(f"{name}_")]
            servers[f"oslo/{name}"] = add_server(oslo, f"{name}-srv", (f"10000000C90000{number:02X}",), volumes)
            servers[f"bergen/{name}"] = add_server(
                bergen, f"{name}-srv", (f"10000000C90001{number:02X}",), running=False
            )
    lab = Lab(world, directory)
    lab.start()
    pair = Pair(lab, oslo, bergen, connection, groups, servers)
    if not speed:
        pair.pass_time(10)
    try:
        yield pair
    finally:
        lab.stop()


def _array(world: World, name: str, system_id: int) -> ThreePar:
    generation = ALLETRA_10_5 if name == "bergen" else THREEPAR_3_3_1
    return add_threepar(
        world,
        name,
        f"{name}-site",
        serial=f"CZ{system_id}",
        system_id=system_id,
        generation=generation,
        time_zone="Europe/Oslo",
        users={USER: PASSWORD},
    )


def _group(array: ThreePar, name: str, mode: RcgMode, volumes: int, period_s: int | None = None) -> Group:
    sizes = {f"{name}_data{n:02}": 10_240 * n for n in range(1, volumes + 1)}
    target = next(iter(array.targets))
    return add_replicated_group(array, f"{name}_prd", target, mode, sizes, period_s=period_s)
