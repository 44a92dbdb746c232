"""The demo's two vCenters: 28 machines in Paris, 12 replicas of them in Lyon that a replication tool keeps fresh. Three
more are for the console to replicate: ``:do vm replicate mon01``."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from backends.lab.volumes import Image, L2Segment, Segment
from backends.lab.vsphere.records import Datastore, Network, Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import CopiedVm, Device, WatchedVms, World
from store.estate import DeviceKind

NAMES = (
    *("web01", "web02", "web03", "web04", "shop-api1", "shop-api2", "erp-gw", "erp-print", "crm-web1", "crm-web2"),
    *("file01", "file02", "dns01", "dns02", "ad01", "ad02", "proxy1", "mon01", "log01", "ci-runner1"),
    *("ci-runner2", "jump1", "wiki", "vault", "ntp1", "lic01", "test-app1", "test-db1"),
)
OFF = ("ci-runner2", "test-db1")
INTERVALS_S = {
    "web01": 300,
    "web02": 300,
    "shop-api1": 300,
    "shop-api2": 300,
    "erp-gw": 900,
    "crm-web1": 900,
    "file01": 1800,
    "file02": 1800,
    "dns01": 900,
    "ad01": 900,
    "vault": 900,
    "wiki": 3600,
}
COPIED = ("mon01", "proxy1", "lic01")
"""Those that the console is to replicate itself: no tool does."""
STALE, INCOMPLETE = "file02", "erp-gw"


class Center(Struct, frozen=True):
    """One vCenter with its datastore and production network."""

    state: VSphereState
    datastore: Datastore
    network: Network


def build(world: World, prod: L2Segment, drill: L2Segment) -> None:
    """Both vCenters, their machines, and the passes that keep the replicas fresh."""
    paris = _center(world, "vc-paris", "paris", 3, prod, drill)
    lyon = _center(world, "vc-lyon", "lyon", 2, prod, drill)
    for number, name in enumerate(NAMES):
        size = 40 + 20 * (number % 4)
        image = Image(name, "disk0", (Segment("installed", 1000),))
        vm = paris.state.add_vm(
            name,
            paris.datastore,
            host=paris.state.hosts[number % 3],
            cpus=2 + 2 * (number % 3),
            memory_mb=4096 * (1 + number % 4),
            disks=(size * GIB,),
            images=(image,),
            networks=(paris.network,),
            ip=f"198.51.100.{20 + number}",
            running=name not in OFF,
        )
        if name in INTERVALS_S:
            _replica(lyon, vm, size, number)
    world.copied += [CopiedVm(name, "vc-paris", "vc-lyon", "ds-lyon-01", "DRILL-999") for name in COPIED]
    world.watched = WatchedVms("tools", "vc-paris", "vc-lyon", COPIED, "3par-lyon", "hmc-paris", "hmc-lyon")


def _center(world: World, name: str, site: str, hosts: int, prod: L2Segment, drill: L2Segment) -> Center:
    state = VSphereState(world, name, site)
    users = {"administrator@vsphere.local": f"{name}-pw"}
    world.add_device(Device(name, DeviceKind.VSPHERE, site, state, users=users, rename=state.rename))
    state.add_datacenter(f"DC-{site.capitalize()}")
    cluster = state.add_cluster(f"{site}-cluster")
    for number in range(1, hosts + 1):
        state.add_host(f"esx{number}.{site}.example", cluster)
    datastore = state.add_datastore(f"ds-{site}-01", 24 * 1024 * GIB)
    network = state.add_network("PROD-110", prod)
    state.add_network("DRILL-999", drill)
    return Center(state, datastore, network)


def _replica(lyon: Center, source: Vm, size: int, number: int) -> None:
    world = lyon.state.world
    interval = INTERVALS_S[source.name]
    age = 5 * 3600.0 if source.name == STALE else interval * 0.3 + number
    replica = lyon.state.add_vm(
        f"{source.name}_replica",
        lyon.datastore,
        host=lyon.state.hosts[number % 2],
        cpus=source.home.cpus,
        memory_mb=source.home.memory_mb,
        disks=(size * GIB,),
        networks=(lyon.network,),
    )
    _mark(replica, source, interval, 40 + number, world.now - age, complete=source.name != INCOMPLETE)
    replica.home.disks[0].volume.stored = source.home.disks[0].volume.image(world.now - age)
    if source.name not in (STALE, INCOMPLETE):
        world.after(max(1.0, interval - age), lambda now: _pass(lyon, source, replica, interval, now))


def _pass(lyon: Center, source: Vm, replica: Vm, interval: int, now: float) -> None:
    """One replication pass: the source's disk of this moment goes to the replica, if both sites are there."""
    world = lyon.state.world
    sites = (source.writer.site, replica.writer.site)
    if world.linked(*sites) and not replica.writer.running and replica.moid in lyon.state.vms:
        world.replace_image(replica.home.disks[0].volume, source.home.disks[0].volume.image(now), "replication pass")
        generation = int(replica.home.extra["drdeck.replica.generation"]) + 1
        _mark(replica, source, interval, generation, now, complete=True)
        lyon.state.changed(replica)
    world.after(interval, lambda later: _pass(lyon, source, replica, interval, later))


def _mark(replica: Vm, source: Vm, interval: int, generation: int, frozen: float, *, complete: bool) -> None:
    moment = datetime.fromtimestamp(int(frozen), UTC).isoformat().replace("+00:00", "Z")
    replica.home.extra.update(
        {
            "drdeck.replica.source": source.home.instance_uuid,
            "drdeck.replica.source-name": source.name,
            "drdeck.replica.generation": str(generation),
            "drdeck.replica.point-in-time": moment,
            "drdeck.replica.complete": "true" if complete else "false",
            "drdeck.replica.interval": str(interval),
        }
    )
