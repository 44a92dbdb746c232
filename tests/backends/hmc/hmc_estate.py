"""An HMC with two managed systems for tests: a pair of VIOSes and three LPARs on one, a namesake on the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from backends.endpoint import Limits, Secret, SshAccess
from backends.hmc.driver import HmcDriver
from backends.lab.clock import Clock
from backends.lab.hmc.state import Hmc, LabLpar, PowerSystem, add_lpar, add_managed_system, add_vios, bridge
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT, Timing
from backends.lab.volumes import Image, Segment, Volume
from backends.lab.world import Device, World
from store.estate import DeviceKind, SiteRole
from tests.backends.lab.running_lab import prompt_socket

USER = "hscroot"
PASSWORD = "abc-1234-lab"
START = 1_790_000_000.0
PAIRS = (
    ("c0507609a1b20010", "c0507609a1b20011"),
    ("c0507609a1b20012", "c0507609a1b20013"),
    ("c0507609a1b20014", "c0507609a1b20015"),
    ("c0507609a1b20016", "c0507609a1b20017"),
)
MACS = ("FA0C11D2E301", "FA0C11D2E302")


@dataclass
class Estate:
    """A running lab with one HMC, ``hmc-a``; time stands still until ``pass_time``."""

    lab: Lab
    hmc: Hmc
    device: Device

    @property
    def world(self) -> World:
        return self.lab.world

    def system(self, name: str = "p10-a") -> PowerSystem:
        return self.hmc.system(name)

    def lpar(self, name: str, system: str = "p10-a") -> LabLpar:
        return self.system(system).lpar(name)

    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def access(self, **changes: object) -> SshAccess:
        known: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.device.ports["ssh"],
            "user": USER,
            "password": Secret(PASSWORD),
            "host_keys": (self.lab.identities.of("hmc-a").ssh_public,),
        }
        return SshAccess(**(known | changes))  # type: ignore[arg-type]

    @contextmanager
    def driver(self, limits: Limits | None = None, **changes: object) -> Iterator[HmcDriver]:
        driver = HmcDriver("hmc-a", self.access(**changes), limits or Limits(connect_s=5, call_s=20))
        try:
            yield driver
        finally:
            driver.close()

    @contextmanager
    def client(self) -> Iterator[paramiko.SSHClient]:
        """A plain paramiko client, logged in, that knows nothing of the project."""
        with paramiko.SSHClient() as client:
            client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
            sock = prompt_socket(self.device.ports["ssh"])
            client.connect("127.0.0.1", 0, USER, PASSWORD, look_for_keys=False, allow_agent=False, sock=sock)
            yield client

    def ask(self, command: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of a command, over a connection of its own."""
        with self.client() as client:
            _, out, err = client.exec_command(command, timeout=20)
            text, errors = out.read().decode(), err.read().decode()
            return out.channel.recv_exit_status(), text, errors

    def out(self, command: str) -> str:
        """What a command printed that must succeed."""
        status, text, errors = self.ask(command)
        assert (status, errors) == (0, ""), text + errors
        return text


def disk(name: str) -> Volume:
    """A disk with an operating system on it."""
    return Volume("internal", name, 1 << 30, stored=Image(name, "rootvg", (Segment(f"{name}#1", 5),)))


@contextmanager
def estate(directory: Path, timing: Timing = INSTANT) -> Iterator[Estate]:
    """Start it; everything is cut again at the end."""
    world = World(seed=7, clock=Clock(START, speed=0.0), timing=timing)
    with world.turn():
        world.add_site("prd", SiteRole.PROD)
        lan = world.add_segment("lan")
        hmc = Hmc(world, "hmc-a")
        first = add_managed_system(world, "prd", "p10-a", "9105-22A", "7800A11", mem_mb=262144, procs=24, hmcs=(hmc,))
        second = add_managed_system(world, "prd", "p10-b", "9009-42A", "7800B22", mem_mb=65536, procs=8, hmcs=(hmc,))
        for system in (first, second):
            bridge(system, 10, lan)
            bridge(system, 20, lan)
        pair = tuple(add_vios(first, f"vios{n}", trunk_priority=n, trunk_vlans=(10, 20)) for n in (1, 2))
        add_lpar(
            first,
            "erp_db1",
            lpar_id=12,
            vios=(*pair, *pair),
            wwpns=PAIRS,
            vlans=(10, 20),
            macs=MACS,
            scsi_vios=pair,
            disks=(disk("erp_db1"),),
            mem_mb=8192,
        )
        add_lpar(first, "web1", vios=pair, vlans=(10,), disks=(disk("web1"),), on=False)
        add_lpar(first, "ded1", proc_units=None, vlans=(10,), disks=(disk("ded1"),), env="os400")
        add_vios(second, "vios9")
        add_lpar(second, "erp_db1", vlans=(10,), disks=(disk("other"),), on=False)
        users = {USER: PASSWORD}
        device = world.add_device(Device("hmc-a", DeviceKind.HMC, "prd", hmc, users=users))
    lab = Lab(world, directory)
    lab.start()
    try:
        yield Estate(lab, hmc, device)
    finally:
        lab.stop()


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether ``true()`` holds before ``seconds`` have passed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return true()
