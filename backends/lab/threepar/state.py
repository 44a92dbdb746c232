"""Building blocks for an estate: arrays, the connection between two, replicated volumes and the servers on them.

Call these inside a turn of the world.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from backends.lab.threepar.array import Identity, ThreePar
from backends.lab.threepar.objects import Connection, Host, LinkKind, Target, VirtualVolume, Vlun, Wire
from backends.lab.threepar.provision import NewGroup, admit, create_group, set_period, set_policy
from backends.lab.threepar.rcg import Group, Side
from backends.lab.volumes import Writer, WriterKind
from backends.lab.world import Device, World
from store.estate import DeviceKind, RcgMode

__all__ = [
    "ALLETRA_10_5",
    "PRIMERA_4_5",
    "THREEPAR_3_3_1",
    "Connection",
    "Generation",
    "Group",
    "Host",
    "Side",
    "ThreePar",
    "VirtualVolume",
    "Vlun",
    "add_replicated_group",
    "add_server",
    "add_threepar",
    "connect",
]


class Generation(Struct, frozen=True):
    """A line of arrays: what it says of itself, and the WSAPI port it listens on."""

    model: str
    os_version: str
    build: int
    api_minor: int
    port: int


THREEPAR_3_3_1 = Generation("HP_3PAR 8440", "3.3.1.648", 30301215, 6, 8080)
PRIMERA_4_5 = Generation("HPE_3PAR A630", "4.5.19.9", 40500017, 13, 443)
ALLETRA_10_5 = Generation("HPE Alletra Storage MP", "10.5.0.43", 100500043, 15, 443)


def add_threepar(
    world: World,
    name: str,
    site: str,
    *,
    serial: str,
    system_id: int,
    generation: Generation = PRIMERA_4_5,
    time_zone: str = "UTC",
    users: dict[str, str] | None = None,
    max_sessions: int = 64,
) -> ThreePar:
    """An array at ``site`` with one CPG ``SSD_r6``. ``time_zone`` is an IANA name; ``system_id`` decimal."""
    device = Device(name, DeviceKind.THREEPAR, site, None, users or {"3paradm": "3pardata"})
    device.max_sessions = max_sessions
    who = Identity(
        serial,
        system_id,
        generation.model,
        generation.os_version,
        time_zone,
        generation.build,
        generation.api_minor,
        94_371_840,
    )
    array = ThreePar(world, device, who)
    device.state = array
    device.rename = array.rename
    world.add_device(device)
    world.add_fabric(site, array)
    array.add_cpg("SSD_r6")
    return array


def connect(
    one: ThreePar,
    other: ThreePar,
    *,
    names: tuple[str, str] | None = None,
    links: int = 2,
    kind: LinkKind = LinkKind.IP,
    mirror_config: bool = True,
) -> Connection:
    """Make the two arrays remote copy targets of each other. ``names``: what each calls the other, ``one`` first."""
    count = len(one.targets) + len(other.targets)
    wires = [
        Wire((f"{n}:3:1", f"{n}:3:1"), (f"192.0.2.{10 + n + 8 * count}", f"198.51.100.{10 + n + 8 * count}"))
        for n in range(links)
    ]
    connection = Connection(one.world, (one, other), wires)
    called = names or (other.name, one.name)
    for end, array in enumerate((one, other)):
        target = Target(array.next_id("target"), called[end], connection, end, kind, mirror_config)
        array.targets[target.name] = target
    one.world.watch_sites(lambda _site, now: connection.settle(now))
    return connection


def add_replicated_group(
    array: ThreePar,
    name: str,
    target: str,
    mode: RcgMode,
    volumes: dict[str, int],
    *,
    period_s: int | None = None,
    policies: Collection[str] = ("auto_recover",),
    start: bool = True,
    in_sync: bool = True,
) -> Group:
    """A group on ``array`` with new volumes (name → MiB) on both arrays in CPG ``SSD_r6``.

    ``in_sync``: the initial copy is already behind us; otherwise it begins with the start.
    """
    group = create_group(array, NewGroup(name, target, mode, "SSD_r6", "SSD_r6"))
    side = group.sides[0]
    group.policies.clear()
    for policy in policies:
        set_policy(group, policy, True)
    for volume, size_mib in volumes.items():
        array.add_volume(volume, size_mib, "SSD_r6")
        admit(group, side, volume, volume, create=True, skip_initial_sync=in_sync)
    if period_s is not None:
        set_period(group, side, period_s, array.world.now)
    if start:
        group.start(side, array.world.now)
    return group


def add_server(
    array: ThreePar,
    name: str,
    wwns: Collection[str],
    volumes: Collection[str] = (),
    *,
    period_s: float = 1.0,
    running: bool = True,
    persona: int = 2,
) -> Writer:
    """A server at the array's site with a host object of the same name, the volumes exported to it, running or not."""
    host = array.add_host(name, wwns, persona=persona)
    for volume in volumes:
        array.export(volume, name)
    world = array.world
    key = f"{array.site}/{name}"
    writer = world.add_writer(Writer(key, WriterKind.SERVER, array.site, period_s, wwpns=host.fabric_names))
    if running:
        world.power_on(writer)
    return writer
