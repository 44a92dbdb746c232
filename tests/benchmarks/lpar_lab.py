"""The estate of the LPAR bench, in a process of its own: ``python -m tests.benchmarks.lpar_lab DIRECTORY COUNT``.

COUNT LPARs run at paris and stand ready at lyon: definitions with the same MACs, hosts, tagged copies under the same
LUNs, complete snapshots. It sets the latencies to realistic and prints the names as one JSON list: ``config.toml`` is
then in DIRECTORY. ``dark`` on its standard input takes paris away and is answered by a line; at the end of its input it
prints what the referee holds against the console, and how many LPARs run at lyon, as JSON, and ends.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from backends.lab.configuration import write_config
from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import Disk, Tag
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.hmc.model import Hmc, LabLpar, PowerSystem
from backends.lab.hmc.state import add_lpar, add_managed_system, add_vios, bridge
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT, REALISTIC
from backends.lab.volumes import Image, L2Segment, Segment
from backends.lab.world import Device, World
from store.estate import DeviceKind, LparState, SiteRole

SYSTEMS, A_GROUP = 4, 10

PRA_SYSTEMS = "".join(
    f"""
[[pra.systems]]
nominal = "P10-paris-{n}"
recovery = "P10-lyon-{n}"
vios = {{ "P10-paris-{n}-vios1" = "P10-lyon-{n}-vios1", "P10-paris-{n}-vios2" = "P10-lyon-{n}-vios2" }}
"""
    for n in range(SYSTEMS)
)


@dataclass
class Side:
    """One site: its systems with a VIOS pair each, and its array."""

    systems: list[PowerSystem]
    pairs: list[tuple[LabLpar, ...]]
    array: ArrayState


class Builder:
    """Two sites in an empty world, to which LPARs are added. Used inside a turn."""

    def __init__(self, world: World) -> None:
        world.add_site("paris", SiteRole.PROD, l2_stretched=True)
        world.add_site("lyon", SiteRole.DR, l2_stretched=True)
        segment = world.add_segment("vlan110")
        self.paris, self.lyon = (_side(world, site, segment) for site in ("paris", "lyon"))
        link_arrays(self.paris.array, self.lyon.array)
        self._count = 0

    def group(self, name: str, lpars: Sequence[str], *, staged: bool = True) -> None:
        """LPARs that run at paris, with a protection group of their own; ready at lyon where they are ``staged``."""
        disks = [disk for lpar in lpars for disk in self._lpar(lpar, staged=staged)]
        paris, lyon = self.paris.array, self.lyon.array
        group = protection.add_group(paris, name, disks, [lyon], replicate_every_s=900)
        protection.backfill(paris, group, 3, 900, took_s=20.0)
        replica = lyon.groups[f"{paris.name}:{name}"]
        for disk in disks if staged else ():
            identity = replica.replicas[f"{paris.name}:{disk.name}"]
            lyon.disk(disk.name).tags.append(Tag("snapshot_mapping", identity, copyable=False))

    def _lpar(self, name: str, *, staged: bool) -> list[Disk]:
        number, self._count = self._count, self._count + 1
        disks = [
            self.paris.array.add_volume(f"{name}_{part}", size * GIB, Image(name, part, (Segment("installed", 100),)))
            for part, size in (("rootvg", 40), ("datavg", 100))
        ]
        lpar = _lpar(self.paris, number, name, disks, (), on=True)
        if staged:
            macs = tuple(adapter.mac for adapter in lpar.running.eth.values())
            old = [replace(disk.core.stored, history=(Segment("installed", 90),)) for disk in disks]
            copies = [self.lyon.array.add_volume(d.name, d.core.size, i) for d, i in zip(disks, old, strict=True)]
            _lpar(self.lyon, number, name, copies, macs, on=False)
        return disks


def build(world: World, count: int, *, staged: bool = True) -> list[str]:
    """So many LPARs, ten to a group, built inside a turn. ``staged`` False: lyon has no definition, host or volume of
    any of them."""
    builder = Builder(world)
    names = [f"lp{number:03}" for number in range(count)]
    for first in range(0, count, A_GROUP):
        builder.group(f"pg{first // A_GROUP:02}", names[first : first + A_GROUP], staged=staged)
    return names


def _side(world: World, site: str, segment: L2Segment) -> Side:
    hmc = Hmc(world, f"hmc-{site}")
    world.add_device(Device(hmc.name, DeviceKind.HMC, site, hmc, users={"hscroot": "lab-hmc-pw"}, max_sessions=64))
    array = add_array(world, f"fa-{site}", site, token=f"{site}-token", capacity=2000 * 1024 * GIB)
    systems, pairs = [], []
    for number in range(SYSTEMS):
        serial = f"78{site[0].upper()}{number:04}"
        name = f"P10-{site}-{number}"
        system = add_managed_system(world, site, name, "9080-HEX", serial, mem_mb=2_097_152, procs=120.0, hmcs=(hmc,))
        bridge(system, 110, segment)
        systems.append(system)
        pairs.append(tuple(add_vios(system, f"{name}-vios{n}", trunk_vlan=110, trunk_priority=n) for n in (1, 2)))
    return Side(systems, pairs, array)


def _lpar(side: Side, number: int, name: str, disks: list[Disk], macs: tuple[str, ...], *, on: bool) -> LabLpar:
    """The LPAR with its host, seeing ``disks``."""
    place = number % SYSTEMS
    system = side.systems[place]
    pairs = (system.new_pair(), system.new_pair())
    side.array.add_host(name, [wwpn for pair in pairs for wwpn in pair], "aix")
    for lun, disk in enumerate(disks, start=1):
        side.array.attach(disk, name, lun=lun)
    return add_lpar(system, name, mem_mb=16384, vlans=(110,), macs=macs, vios=side.pairs[place], wwpns=pairs, on=on)


def main() -> None:
    directory, staged = Path(sys.argv[1]), "bare" not in sys.argv[3:]
    world = World(1, None, INSTANT)
    with world.turn():
        names = build(world, int(sys.argv[2]), staged=staged)
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        path = write_config(lab, directory, interval_s=3600)
        path.write_text(path.read_text() + PRA_SYSTEMS)
        world.timing = REALISTIC
        print(json.dumps(names), flush=True)
        for line in sys.stdin:
            with world.turn():
                world.set_dark("paris", line.strip() == "dark")
            print("done", flush=True)
        with world.turn():
            hmc = world.devices["hmc-lyon"].state
            assert isinstance(hmc, Hmc)
            lpars = [lpar for system in hmc.systems for lpar in system.lpars if not lpar.is_vios]
            running = sum(lpar.state is LparState.RUNNING for lpar in lpars)
            said = [str(violation) for violation in world.referee.violations]
        print(json.dumps({"violations": said, "running": running}), flush=True)
    finally:
        lab.stop()


if __name__ == "__main__":
    main()
