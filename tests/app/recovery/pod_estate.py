"""Two FlashArrays with a pod between them, in real time, for the proofs of what is done to pods.

``fa-prd`` at paris has the pod ``web`` of two volumes under the running server web1, replicated with half a second of
lag to the pod ``web`` of ``fa-dr`` at lyon, whose volumes the server web2 is to see, which is off. Two more arrays at
paris can witness.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations, new_run_id
from app.recovery.pod.operate import plan_pod
from app.recovery.pod.request import Asked, PodVerb
from app.recovery.runner import Runner
from app.settings import load
from backends.lab.configuration import write_config
from backends.lab.flasharray import pods
from backends.lab.flasharray.objects import Link, Pod
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT
from backends.lab.volumes import Writer, WriterKind
from backends.lab.world import World
from store.database import open_store
from store.estate import SiteRole
from store.ledger import Ledger
from store.runs import Plan, Run

TOKEN = "pod-0000-lab-token"
LAG_S = 0.5
PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=1.0, busy_s=0.1, retries=3)
WWPNS = {"web1": ("c0507601a1b20010", "c0507601a1b20011"), "web2": ("c0507601a1b20020", "c0507601a1b20021")}
OTHERS = {"paris": "lyon", "lyon": "paris"}


@dataclass
class PodEstate:
    """A running lab; ``directory`` holds ``config.toml``. Sides go by their site."""

    lab: Lab
    arrays: dict[str, ArrayState]
    servers: dict[str, Writer]
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = write_config(self.lab, self.directory, interval_s=60)

    @property
    def world(self) -> World:
        return self.lab.world

    def pod(self, site: str) -> Pod:
        return self.arrays[site].pods["web"]

    @property
    def link(self) -> Link:
        link = self.pod("paris").link
        assert link is not None
        return link

    def status(self, site: str) -> str:
        with self.world.turn() as now:
            return self.pod(site).status(now)

    def link_status(self) -> str:
        with self.world.turn() as now:
            return self.link.status(now)

    def undo_pods(self, site: str) -> list[str]:
        return sorted(name for name in self.arrays[site].pods if "undo-demote" in name)

    def switch(self, site: str, *, on: bool) -> None:
        """The server of the site, with the volumes that its array shows it."""
        with self.world.turn():
            (self.world.power_on if on else self.world.power_off)(self.servers[site])

    def dark(self, site: str, dark: bool) -> None:
        with self.world.turn():
            self.world.set_dark(site, dark)

    def generation(self, site: str) -> int:
        """The newest that the volumes of the side hold."""
        with self.world.turn() as now:
            return min(disk.core.image(now).generation for disk in self.pod(site).disks)

    def until(self, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Let the lab's time pass until it is so."""
        deadline = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)
            with self.world.turn():
                pass

    def generations(self, count: int) -> None:
        """Wait until the server that runs has written so many more."""
        (site,) = [site for site, server in self.servers.items() if server.running]
        until = self.generation(site) + count
        self.until(lambda: self.generation(site) >= until)

    def patches(self) -> dict[str, int]:
        """How often a pod was to be changed so far, by site."""
        return {site: self.world.devices[a.name].counters.requests["PATCH /pods"] for site, a in self.arrays.items()}

    def done(self) -> int:
        """How many changes of pods were carried out, whatever became of the answer."""
        return sum(self.world.devices[a.name].counters.done["PATCH /pods"] for a in self.arrays.values())


@contextmanager
def pod_estate(directory: Path) -> Iterator[PodEstate]:
    """The estate with its doors open."""
    world = World(1, None, INSTANT)
    with world.turn():
        world.add_site("paris", SiteRole.PROD)
        world.add_site("lyon", SiteRole.DR)
        prd, dr = add_array(world, "fa-prd", "paris", TOKEN), add_array(world, "fa-dr", "lyon", TOKEN)
        for name in ("fa-prd2", "fa-prd3"):
            add_array(world, name, "paris", TOKEN)
        link_arrays(prd, dr)
        pod, other = pods.add_pod(prd, "web"), pods.add_pod(dr, "web", promoted=False)
        for number in (1, 2):
            prd.add_volume(f"web::disk-{number}", 10 * GIB, pod=pod)
        pods.link((prd, pod), (dr, other), lag_s=LAG_S)
        servers = {"paris": Writer("paris/web1", WriterKind.SERVER, "paris", period_s=0.1, wwpns=WWPNS["web1"])}
        servers["lyon"] = Writer("lyon/web2", WriterKind.SERVER, "lyon", period_s=0.1, wwpns=WWPNS["web2"])
        for array, host in ((prd, "web1"), (dr, "web2")):
            array.add_host(host, WWPNS[host])
            for number in (1, 2):
                array.attach(array.disk(f"web::disk-{number}"), host=host, lun=number)
        for server in servers.values():
            world.add_writer(server)
        world.power_on(servers["paris"])
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        yield PodEstate(lab, {"paris": prd, "lyon": dr}, servers, directory)
    finally:
        lab.stop()


@dataclass
class Desk:
    """What an operator does at a console on the estate."""

    estate: PodEstate
    operations: Operations

    def plan(self, verb: PodVerb, pod: str = "web", **options: object) -> Plan:
        return plan_pod(self.operations, Asked(verb, pod, **options), new_run_id())  # type: ignore[arg-type]

    def agreed(self, verb: PodVerb, words: Sequence[str] | None = None, **options: object) -> Run:
        run_id = new_run_id()
        plan = plan_pod(self.operations, Asked(verb, "web", **options), run_id)  # type: ignore[arg-type]
        assert not plan.refused, plan.refused
        return self.operations.agree(run_id, plan, plan.confirm if words is None else words)

    def act(self, run: Run) -> Run:
        """Act until the run has ended or waits for somebody."""
        runner = Runner(self.operations.ledger, self.operations.devices, new_run_id(), PACE)
        return runner.run(run.id, wait_for_operator=False)

    def do(self, verb: PodVerb, **options: object) -> Run:
        return self.act(self.agreed(verb, **options))


@contextmanager
def desk(estate: PodEstate, directory: Path) -> Iterator[Desk]:
    """A console with a store of its own."""
    path = directory / "store.sqlite"
    settings = load(estate.config)
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Desk(estate, Operations(settings, store, ledger, Connector(settings)))
