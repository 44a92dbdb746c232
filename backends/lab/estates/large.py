"""The large estate: 5,000 LPARs, 2,000 protection groups, 500 RCGs and 10,000 VMs, to measure sweeps with."""

from __future__ import annotations

from backends.lab.flasharray.protection import add_group, backfill
from backends.lab.flasharray.state import ArrayState, add_array, link_arrays
from backends.lab.hmc.model import Hmc
from backends.lab.hmc.state import add_lpar, add_managed_system, add_vios, bridge
from backends.lab.threepar.state import add_replicated_group, add_threepar, connect
from backends.lab.volumes import Image, L2Segment, Segment
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import Device, World
from store.estate import DeviceKind, RcgMode, SiteRole

SITES = ("paris", "lyon")
HMCS_A_SITE, SYSTEMS_A_HMC, CLIENTS_A_SYSTEM = 2, 5, 248  # with two VIOS: 250 LPARs a system
ARRAYS_A_SITE, GROUPS_AN_ARRAY = 2, 500
PAIRS, GROUPS_A_PAIR = 2, 250
CENTERS_A_SITE, VMS_A_CENTER = 2, 2500


def build(world: World) -> None:
    """Build it into an empty ``world``, inside a turn."""
    world.add_site("paris", SiteRole.PROD)
    world.add_site("lyon", SiteRole.DR)
    segment = world.add_segment("vlan110")
    for site in SITES:
        for number in range(1, HMCS_A_SITE + 1):
            _hmc(world, site, number, segment)
        for number in range(1, CENTERS_A_SITE + 1):
            _vcenter(world, site, number, segment)
    _arrays(world)
    for number in range(1, PAIRS + 1):
        _pair(world, number)


def _hmc(world: World, site: str, number: int, segment: L2Segment) -> None:
    hmc = Hmc(world, f"hmc-{site}-{number}")
    world.add_device(Device(hmc.name, DeviceKind.HMC, site, hmc, users={"hscroot": "lab-hmc-pw"}, rename=hmc.rename))
    for index in range(SYSTEMS_A_HMC):
        serial = f"78{site[0].upper()}{number}{index:03}"
        system = add_managed_system(
            world, site, f"P10-{site}-{number}-{index}", "9080-HEX", serial, mem_mb=8_388_608, procs=240.0, hmcs=(hmc,)
        )
        bridge(system, 110, segment)
        pair = tuple(add_vios(system, f"vios{n}", trunk_vlan=110, trunk_priority=n) for n in (1, 2))
        for client in range(CLIENTS_A_SYSTEM):
            name = f"{site[:3]}{number}{index}_lp{client:03}"
            add_lpar(system, name, mem_mb=16384, vlans=(110,), vios=pair, on=site == "paris")


def _arrays(world: World) -> None:
    arrays: dict[str, list[ArrayState]] = {site: [] for site in SITES}
    for site in SITES:
        for number in range(1, ARRAYS_A_SITE + 1):
            name = f"fa-{site}-{number}"
            arrays[site].append(add_array(world, name, site, token=f"{name}-token", capacity=2000 * 1024 * GIB))
    for one, other in zip(arrays["paris"], arrays["lyon"], strict=True):
        link_arrays(one, other)
        _groups(one, other)
        _groups(other, one)


def _groups(array: ArrayState, target: ArrayState) -> None:
    for number in range(GROUPS_AN_ARRAY):
        name = f"{array.name}-g{number:03}"
        image = Image(name, "vol", (Segment("installed", 1000),))
        disk = array.add_volume(f"{name}-vol", 100 * GIB, image)
        group = add_group(array, name, [disk], [target], replicate_every_s=900 + number)
        backfill(array, group, 2, 900)


def _pair(world: World, number: int) -> None:
    one = add_threepar(world, f"3par-paris-{number}", "paris", serial=f"CZ{number}1", system_id=50_000 + number * 10)
    two = add_threepar(world, f"3par-lyon-{number}", "lyon", serial=f"CZ{number}2", system_id=50_001 + number * 10)
    connect(one, two)
    for group in range(GROUPS_A_PAIR):
        name = f"rcg{number}_{group:03}"
        add_replicated_group(one, name, two.name, RcgMode.PERIODIC, {f"{name}_v1": 102_400}, period_s=900)


def _vcenter(world: World, site: str, number: int, segment: L2Segment) -> None:
    name = f"vc-{site}-{number}"
    state = VSphereState(world, name, site)
    world.add_device(Device(name, DeviceKind.VSPHERE, site, state, users={"administrator@vsphere.local": "lab-vc-pw"}))
    state.add_datacenter(f"DC-{site}")
    cluster = state.add_cluster("cluster")
    hosts = [state.add_host(f"esx{n:02}.{name}.example", cluster) for n in range(20)]
    datastore = state.add_datastore("ds01", 400 * 1024 * GIB)
    network = state.add_network("PROD-110", segment)
    for vm in range(VMS_A_CENTER):
        host = hosts[vm % len(hosts)]
        state.add_vm(f"{name}-vm{vm:04}", datastore, host=host, networks=(network,), running=vm % 4 != 0)
