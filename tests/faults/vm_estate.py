"""VMs of two sites that are replicated, in real time and without latencies, for the proofs of that."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.replication_records import Replication
from backends.lab.configuration import write_config
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT
from backends.lab.volumes import Image, Segment
from backends.lab.vsphere.records import Datastore, Network, Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import Device, World
from store.estate import DeviceKind, PowerState, SiteRole

_NUMBERS = itertools.count(1)
USER, PASSWORD = "administrator@vsphere.local", "s3cret-Passw0rd"


@dataclass
class Server:
    """A vCenter or a lone host with a datastore, a production and a drill port group."""

    device: Device
    state: VSphereState
    datastore: Datastore
    network: Network
    drill: Network

    def vms(self, begin: str = "") -> list[Vm]:
        return [vm for vm in self.state.vms.values() if vm.name.startswith(begin)]

    def vm(self, name: str) -> Vm:
        return next(vm for vm in self.state.vms.values() if vm.name == name)


@dataclass
class VmEstate:
    """A running lab: ``vc-paris`` and ``vc-lyon``, and a second server at paris that only bears witness. ``directory``
    holds ``config.toml``, to which :meth:`fresh` adds replications."""

    lab: Lab
    directory: Path
    paris: Server
    lyon: Server
    made: list[Replication] = field(default_factory=list)
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = write_config(self.lab, self.directory, interval_s=60)

    @property
    def world(self) -> World:
        return self.lab.world

    def server(self, name: str) -> Server:
        return next(one for one in (self.paris, self.lyon) if one.device.name == name)

    def fresh(self, *, running: bool = True, size_gib: int = 4, within: bool = False) -> str:
        """A new VM that runs at paris, and a replication of it to lyon, or ``within`` paris."""
        name = f"vm{next(_NUMBERS)}"
        with self.world.turn() as now:
            image = Image(name, "disk0", (Segment("installed", 1000),), now)
            self.paris.state.add_vm(
                name, self.paris.datastore, host=self.paris.state.hosts[0], disks=(size_gib * GIB,), images=(image,),
                networks=(self.paris.network,), running=running,
            )  # fmt: skip
        target = self.paris if within else self.lyon
        self.made.append(
            Replication(
                name, name, self.paris.device.name, target.device.name, target.datastore.name,
                networks={"PROD": "PROD" if within else "PROD-L"}, drill_network="DRILL",
            )
        )  # fmt: skip
        with self.config.open("a") as file:
            file.write(
                f'\n[[replications]]\nvm = "{name}"\nsource = "{self.paris.device.name}"\n'
                f'destination = "{target.device.name}"\ndatastore = "{target.datastore.name}"\n'
                f'networks = {{ PROD = "{"PROD" if within else "PROD-L"}" }}\ndrill_network = "DRILL"\n'
            )
        return name

    def set_dark(self, dark: bool) -> None:
        with self.world.turn():
            self.world.set_dark("paris", dark)

    def expire_sessions(self) -> None:
        """End the sessions that nobody could log out of: a server does so after a while."""
        with self.world.turn():
            for device in self.world.devices.values():
                if device.kind is not DeviceKind.VSPHERE:
                    continue
                door: Any = self.lab.door(device.name, "https")
                door.protocol.handle.__self__.service.sessions.expire_all()

    def power(self, server: Server, name: str) -> PowerState:
        with self.world.turn():
            return server.vm(name).power

    def replicas(self, name: str) -> list[Vm]:
        """The generations of a VM, the oldest first."""
        with self.world.turn():
            found = [vm for one in {id(s): s for s in (self.paris, self.lyon)}.values() for vm in one.vms()]
            mine = [vm for vm in found if vm.home.extra.get("drdeck.replication") == name]
            return sorted(mine, key=lambda vm: int(vm.home.extra["drdeck.replica.generation"]))

    def until(self, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Let the lab's time pass until it is so."""
        deadline = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)
            with self.world.turn():
                pass

    def writes(self) -> dict[str, int]:
        """What changed something so far, by verb, on all servers."""
        looks = ("GET", "Fetch", "Retrieve", "Continue", "CurrentTime", "Log", "CreateContainerView", "DestroyView")
        looks += ("CreatePropertyCollector", "CreateFilter", "WaitFor", "HttpNfcLeaseProgress", "HttpNfcLeaseGet")
        looks += ("HttpNfcLeaseSet",)
        looks += ("CreateDescriptor", "CreateImportSpec", "POST /sdk", "QueryConfigOption")
        found: dict[str, int] = {}
        for device in self.world.devices.values():
            for verb, count in device.counters.requests.items():
                if not verb.startswith(looks):
                    found[verb] = found.get(verb, 0) + count
        return found


def add_server(world: World, name: str, site: str, kind: str, network: str) -> Server:
    """A server with a datastore. The world has the segments ``prod-`` and the site, and ``drill``."""
    state = VSphereState(world, name, site, api_type=kind)
    device = Device(name, DeviceKind.VSPHERE, site, state, users={USER: PASSWORD}, rename=state.rename)
    world.add_device(device)
    if kind == "VirtualCenter":
        state.add_datacenter("DC")
        cluster = state.add_cluster("cluster")
        for number in (1, 2):
            state.add_host(f"esx{number}.{site}.example", cluster)
    else:
        state.add_host(f"{name}.example")
    datastore = state.add_datastore(f"ds-{site}", 4096 * GIB)
    prod = state.add_network(network, world.segments[f"prod-{site}"])
    drill = state.add_network("DRILL", world.segments["drill"])
    return Server(device, state, datastore, prod, drill)


@contextmanager
def vm_estate(directory: Path, *, hosts: bool = False, stretched: bool = False) -> Iterator[VmEstate]:
    """The estate with its doors open. ``hosts``: lone ESXi hosts in place of vCenters; ``stretched``: both sites are on
    one layer-2 network, so that a MAC must not be live twice in all."""
    world = World(1, None, INSTANT)
    world.add_site("paris", SiteRole.PROD)
    world.add_site("lyon", SiteRole.DR)
    one = world.add_segment("prod-paris")
    world.add_segment("prod-lyon")
    if stretched:
        world.segments["prod-lyon"] = one
    world.add_segment("drill", isolated=True)
    kind = "HostAgent" if hosts else "VirtualCenter"
    paris = add_server(world, "vc-paris", "paris", kind, "PROD")
    lyon = add_server(world, "vc-lyon", "lyon", kind, "PROD-L")
    witness = VSphereState(world, "esx-witness", "paris", api_type="HostAgent")
    witness.add_host("esx-witness.example")
    world.add_device(Device("esx-witness", DeviceKind.VSPHERE, "paris", witness, users={USER: PASSWORD}))
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        yield VmEstate(lab, directory, paris, lyon)
    finally:
        lab.stop()
