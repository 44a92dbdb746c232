"""The demo's Power systems and the FlashArrays behind them: LPARs, their volumes, their protection groups, a pod."""

from __future__ import annotations

from msgspec import Struct

from backends.lab.flasharray import pods
from backends.lab.flasharray.objects import Disk, Tag
from backends.lab.flasharray.protection import add_group, backfill
from backends.lab.flasharray.state import ArrayState, add_array, link_arrays
from backends.lab.hmc.model import Hmc, LabLpar, PowerSystem
from backends.lab.hmc.state import add_lpar, add_managed_system, add_vios, bridge
from backends.lab.volumes import Image, L2Segment, Segment
from backends.lab.world import Device, World
from store.estate import DeviceKind

GIB = 1024**3
PROD_VLAN, DRILL_VLAN = 110, 999


class Service(Struct, frozen=True):
    """One LPAR of production: its system, protection group, sizes (MB, GiB), how often it writes, and whether it has
    an LPAR at the DR site."""

    name: str
    system: int
    group: str
    mem_mb: int
    data_gib: int
    dr: bool = True
    period_s: float = 1.0
    env: str = "aixlinux"
    os_version: str = "AIX 7.3 7300-02-01-2346"


SERVICES = (
    Service("erp_db1", 0, "pg-erp", 65536, 800),
    Service("erp_app1", 0, "pg-erp", 32768, 120),
    Service("erp_app2", 1, "pg-erp", 32768, 120),
    Service("crm_db1", 0, "pg-crm", 49152, 400),
    Service("crm_app1", 1, "pg-crm", 16384, 80),
    Service("bill_db1", 1, "pg-bill", 65536, 600),
    Service("bill_app1", 0, "pg-bill", 24576, 100),
    Service("hr_db1", 1, "pg-hr", 16384, 150, env="os400", os_version="IBM i 7.5"),
    Service("dwh_db1", 1, "pg-dwh", 98304, 4000, period_s=0.03),
    Service("mq1", 0, "pg-mq", 8192, 40, os_version="Linux/ppc64le RHEL 9.4"),
    Service("nim1", 0, "pg-infra", 8192, 300, dr=False),
    Service("tsm1", 1, "pg-infra", 16384, 900, dr=False),
)
EVERY_S = {"pg-erp": 300, "pg-crm": 300, "pg-bill": 900, "pg-hr": 900, "pg-dwh": 300, "pg-mq": 60, "pg-infra": None}
LYON_GROUPS = ("pg-lyo-files", "pg-lyo-mail", "pg-lyo-test")


class Side(Struct, frozen=True):
    """One site's Power systems with their VIOS pairs, and its array."""

    systems: tuple[PowerSystem, ...]
    vios: tuple[tuple[LabLpar, LabLpar], ...]
    array: ArrayState


def build(world: World, prod: L2Segment, drill: L2Segment) -> None:
    """HMCs, systems, arrays, LPARs and protection groups of both sites."""
    paris = _side(world, "paris", "PAR", "78A1B1", prod, drill)
    lyon = _side(world, "lyon", "LYO", "78C4D2", prod, drill)
    link_arrays(paris.array, lyon.array)
    members: dict[str, list[Disk]] = {}
    for number, service in enumerate(SERVICES):
        disks, macs = _production(paris, service, number)
        members.setdefault(service.group, []).extend(disks)
        if service.dr:
            _recovery(lyon, service, disks, macs)
    for name, disks in members.items():
        every = EVERY_S[name]
        group = add_group(paris.array, name, disks, [lyon.array], replicate_every_s=every)
        backfill(paris.array, group, 8, every or 4 * 3600, took_s=20.0)
        _pair(paris.array, lyon.array, name, disks)
    for name in LYON_GROUPS:
        disk = lyon.array.add_volume(f"{name.removeprefix('pg-')}_vol1", 500 * GIB, _image(name, "vol1"))
        group = add_group(lyon.array, name, [disk], [paris.array], replicate_every_s=900)
        backfill(lyon.array, group, 6, 7200 if name == "pg-lyo-mail" else 900)
    lyon.array.groups["pg-lyo-mail"].targets["fa-paris"].allowed = False
    _pod(paris.array, lyon.array, "pod-web")
    _break_host(paris.array)
    paris.array.add_alert(
        "warning", "hardware", 39, ("CT1.FC2", "port"), "Fibre Channel port CT1.FC2 has lost its link"
    )


def _side(world: World, site: str, short: str, serial: str, prod: L2Segment, drill: L2Segment) -> Side:
    hmc = Hmc(world, f"hmc-{site}", quotes_single_lists=site == "lyon")
    device = Device(hmc.name, DeviceKind.HMC, site, hmc, users={"hscroot": f"hmc-{site}-pw"}, rename=hmc.rename)
    world.add_device(device)
    array = add_array(world, f"fa-{site}", site, token=f"{site}-0000-api-token", capacity=60 * 1024 * GIB)
    systems, pairs = [], []
    for number in (1, 2):
        name = f"P10-{short}-0{number}"
        system = add_managed_system(
            world, site, name, "9080-HEX", f"{serial}{number}", mem_mb=524_288, procs=32.0, hmcs=(hmc,)
        )
        bridge(system, PROD_VLAN, prod)
        bridge(system, DRILL_VLAN, drill)
        lower = name.lower()
        one = add_vios(system, f"{lower}-vios1", trunk_vlan=PROD_VLAN, trunk_priority=1)
        two = add_vios(system, f"{lower}-vios2", trunk_vlan=PROD_VLAN, trunk_priority=2)
        systems.append(system)
        pairs.append((one, two))
    return Side(tuple(systems), tuple(pairs), array)


def _image(origin: str, member: str) -> Image:
    return Image(origin, member, (Segment("installed", 1000),))


def _production(side: Side, service: Service, number: int) -> tuple[list[Disk], tuple[str, ...]]:
    """The production LPAR of a service, running: its volumes and its MACs."""
    system = side.systems[service.system]
    disks = [
        side.array.add_volume(f"{service.name}_rootvg", 80 * GIB, _image(service.name, "rootvg")),
        side.array.add_volume(f"{service.name}_datavg", service.data_gib * GIB, _image(service.name, "datavg")),
    ]
    pairs = (system.new_pair(), system.new_pair())
    side.array.add_host(service.name, [w for pair in pairs for w in pair], "aix" if service.env != "os400" else None)
    for disk in disks:
        side.array.attach(disk, service.name)
    macs = (f"FA10B2{number:02X}1E02",)
    _lpar(side, service, pairs, macs, on=True)
    return disks, macs


def _recovery(side: Side, service: Service, disks: list[Disk], macs: tuple[str, ...]) -> None:
    """The DR LPAR of a service, defined and not activated, with WWPN pairs of its own and the same MAC."""
    system = side.systems[service.system]
    pairs = (system.new_pair(), system.new_pair())
    side.array.add_host(service.name, [w for pair in pairs for w in pair], "aix" if service.env != "os400" else None)
    for disk in disks:
        copy = side.array.add_volume(disk.name, disk.core.size, disk.core.stored)
        side.array.attach(copy, service.name)
    kept = ("FA10B2EE1E02",) if service.name == "bill_app1" else macs
    _lpar(side, service, pairs, kept, on=False)


def _pair(home: ArrayState, there: ArrayState, group: str, disks: list[Disk]) -> None:
    """The copies of the volumes of a group say of which one each is."""
    replica = there.groups[f"{home.name}:{group}"]
    for disk in disks:
        if disk.name in there.disks:
            identity = replica.replicas[f"{home.name}:{disk.name}"]
            there.disk(disk.name).tags.append(Tag("snapshot_mapping", identity, copyable=False))


def _lpar(
    side: Side, service: Service, pairs: tuple[tuple[str, str], ...], macs: tuple[str, ...], *, on: bool
) -> LabLpar:
    return add_lpar(
        side.systems[service.system],
        service.name,
        env=service.env,
        os_version=service.os_version,
        mem_mb=service.mem_mb,
        procs=4,
        proc_units=2.0,
        vlans=(PROD_VLAN,),
        macs=macs,
        vios=side.vios[service.system],
        wwpns=pairs,
        period_s=service.period_s,
        on=on,
    )


def _pod(source: ArrayState, target: ArrayState, name: str) -> None:
    """A pod of two volumes that no host sees, replicated by ActiveDR."""
    pod, other = pods.add_pod(source, name), pods.add_pod(target, name, promoted=False)
    for number in (1, 2):
        image = _image(name, f"web-{number}")
        source.add_volume(f"{name}::web-{number}", 200 * GIB, image, pod)
    pods.link((source, pod), (target, other))


def _break_host(array: ArrayState) -> None:
    """The host of crm_db1 lost a WWPN of the LPAR, and holds one that nobody has any more."""
    host = array.host("crm_db1")
    array.set_wwns(host, [*host.wwns[:-1], "C0507609FFFF0001"])
