"""Two sites for the proofs of aligning, in real time: HMCs with managed systems and VIOS pairs, an array each, linked.

The LPARs of ``paris`` run on volumes in protection groups that replicate to ``lyon``, where a complete snapshot of each
is. What ``lyon`` already has of an LPAR is chosen one by one: nothing, its definition, or everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.recovery.pg.pairing import TAG
from backends.lab.configuration import write_config
from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import Disk, Tag
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.hmc.model import Hmc, LabLpar, PowerSystem
from backends.lab.hmc.state import add_lpar, add_managed_system, add_vios, bridge
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT
from backends.lab.volumes import Image, Segment
from backends.lab.world import Device, World
from store.estate import DeviceKind, SiteRole

VLAN = 110
PASSWORD, TOKEN = "hmc-secret-1f6b", "pure-secret-9c2e"
FIRST_LUN = 5
HMC_WRITES = ("mksyscfg", "chsyscfg", "rmsyscfg", "chhwres", "chsysstate", "viosvrcmd vfcmap")


LOGINS = ("/login", "/logout", "/auth/apitoken")


class Staged(StrEnum):
    """What the recovery site has of an LPAR before anything is aligned."""

    NOT = "nothing"
    DEFINED = "its definition with the VIOS adapters behind it"
    WHOLE = "the definition, its host, and its volumes with tags and connections"


@dataclass(frozen=True, slots=True)
class Guest:
    """One LPAR of production. ``same``: its definition at the other site has production's WWPNs. ``system`` and
    ``group`` are numbers of managed systems and protection groups; ``adapters`` is how many virtual FC ones."""

    name: str
    staged: Staged = Staged.WHOLE
    same: bool = False
    system: int = 0
    group: int = 0
    volumes: int = 2
    adapters: int = 2
    nics: int = 1
    running: bool = True


@dataclass
class Side:
    """One site. ``vios`` are the pairs of each managed system."""

    site: str
    hmcs: tuple[Hmc, ...]
    systems: tuple[PowerSystem, ...]
    vios: tuple[tuple[LabLpar, LabLpar], ...]
    array: ArrayState

    def lpar(self, name: str) -> LabLpar:
        """The LPAR of that name, whichever system it is on."""
        (found,) = [lpar for system in self.systems for lpar in system.lpars if lpar.name == name]
        return found

    def has(self, name: str) -> bool:
        return any(lpar.name == name for system in self.systems for lpar in system.lpars)

    def wwpns(self, name: str) -> list[str]:
        """What the host object of an LPAR has to hold, as the array writes it."""
        lpar = self.lpar(name)
        every = [*lpar.running.fc.values(), *lpar.profile(lpar.default_profile).fc]
        return sorted({wwpn.upper() for adapter in every for wwpn in adapter.wwpns})

    def luns(self, host: str) -> dict[str, int]:
        """The volumes that a host sees, with their LUNs."""
        return {made.disk.name: made.lun for made in self.array.connections_of(self.array.host(host))}


@dataclass
class PraEstate:
    """A running lab; ``directory`` holds ``config.toml``."""

    lab: Lab
    home: Side
    away: Side
    guests: tuple[Guest, ...]
    directory: Path
    config: Path = field(init=False)

    def __post_init__(self) -> None:
        self.config = self.configure()

    @property
    def world(self) -> World:
        return self.lab.world

    def configure(self, pra: Iterable[str] = (), systems: Iterable[str] = ()) -> Path:
        """Write the configuration anew, with these lines more in ``[pra]`` and in each ``[[pra.systems]]``."""
        path = write_config(self.lab, self.directory, interval_s=60)
        same = [guest.name for guest in self.guests if guest.same]
        lines = ["[pra]", f"same_wwpn = {same}".replace("'", '"'), *pra]
        for here, there, mine, theirs in zip(
            self.home.systems, self.away.systems, self.home.vios, self.away.vios, strict=True
        ):
            pairs = ", ".join(f'"{one.name}" = "{other.name}"' for one, other in zip(mine, theirs, strict=True))
            lines += ["[[pra.systems]]", f'nominal = "{here.name}"', f'recovery = "{there.name}"']
            lines += [f"vios = {{ {pairs} }}", *systems]
        path.write_text(path.read_text() + "\n".join([*lines, ""]))
        return path

    def argv(self, *words: str) -> list[str]:
        """The words of a command line on this estate."""
        return [*words, "--config", str(self.config)]

    def device(self, name: str) -> Device:
        return self.world.devices[name]

    def writes(self) -> dict[str, int]:
        """What changed something so far, by device and verb. Logins are none."""
        found: dict[str, int] = {}
        for name, device in self.world.devices.items():
            for verb, count in device.counters.requests.items():
                if device.kind is DeviceKind.HMC:
                    wrote = verb.startswith(HMC_WRITES)
                else:
                    wrote = not verb.startswith("GET") and not verb.endswith(LOGINS)
                if wrote:
                    found[f"{name} {verb}"] = count
        return found

    def lose(self, side: Side, host: str) -> str:
        """A host loses one of its WWPNs, which is returned."""
        with self.world.turn():
            first, *rest = side.array.host(host).wwns
            side.array.set_wwns(side.array.host(host), rest)
        return first

    def until(self, holds: Callable[[], bool], limit_s: float = 30.0) -> None:
        """Let the lab's time pass until it is so."""
        deadline = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.02)
            with self.world.turn():
                pass

    def is_right(self, name: str) -> bool:
        """Whether both arrays' hosts of an LPAR hold exactly its WWPNs, and the recovery site shows it copies of all
        its volumes under the LUNs that they have at home."""
        with self.world.turn():
            if not self.away.has(name):
                return False
            hosts = all(
                name in side.array.hosts and sorted(side.array.host(name).wwns) == side.wwpns(name)
                for side in (self.home, self.away)
            )
            return hosts and self.home.luns(name) == self.away.luns(name)


BuildPra = Callable[..., PraEstate]
"""Makes an estate out of its guests and, by name, how many systems and HMCs each site has."""


def named(count: int, staged: Staged = Staged.WHOLE, **more: Any) -> list[Guest]:
    """So many alike, ``lpar00`` and so on."""
    return [Guest(f"lpar{n:02}", staged, **more) for n in range(count)]


def lower(name: str) -> str:
    return name.lower().replace("_", "-")


def _image(origin: str, member: str) -> Image:
    return Image(origin, member, (Segment("installed", 1000),))


def _side(world: World, site: str, short: str, systems: int, hmcs: int) -> Side:
    lan = world.segments.get("lan") or world.add_segment("lan")
    made = []
    for number in range(1, hmcs + 1):
        hmc = Hmc(world, f"hmc-{short}{number}", quotes_single_lists=bool(number % 2))
        world.add_device(Device(hmc.name, DeviceKind.HMC, site, hmc, users={"hscroot": PASSWORD}, rename=hmc.rename))
        made.append(hmc)
    array = add_array(world, f"fa-{short}", site, TOKEN, capacity=100_000 * 1024 * GIB)
    found, pairs = [], []
    for number in range(1, systems + 1):
        name, serial = f"P10-{short.upper()}-{number}", f"78{short.upper()}{number:03}"
        own = (made[(number - 1) % hmcs],)
        system = add_managed_system(world, site, name, "9080-HEX", serial, mem_mb=1 << 26, procs=4096.0, hmcs=own)
        bridge(system, VLAN, lan)
        pair = [add_vios(system, f"{short}{number}-vios{n}", trunk_vlan=VLAN, trunk_priority=n) for n in (1, 2)]
        if world.sites[site].role is SiteRole.DR:  # what is at home there shows which ports its VIOSes have
            add_lpar(system, f"{short}{number}-own", vlans=(VLAN,), vios=(pair[0], pair[1]), on=False)
        found.append(system)
        pairs.append((pair[0], pair[1]))
    return Side(site, tuple(made), tuple(found), tuple(pairs), array)


def _mac(number: int, nic: int) -> str:
    return f"FA{number:06X}{nic:04X}"


def _lpar(side: Side, guest: Guest, number: int, pairs: Sequence[tuple[str, str]], *, on: bool) -> LabLpar:
    one, other = side.vios[guest.system]
    return add_lpar(
        side.systems[guest.system],
        guest.name,
        mem_mb=4096,
        vlans=(VLAN,) * guest.nics,
        macs=tuple(_mac(number, nic) for nic in range(guest.nics)),
        vios=tuple((one, other)[n % 2] for n in range(guest.adapters)),
        wwpns=tuple(pairs),
        period_s=5.0,
        on=on,
    )


def _production(side: Side, guest: Guest, number: int) -> tuple[list[Disk], list[tuple[str, str]]]:
    """The LPAR with its host and its volumes, of which the first is the one that it boots from."""
    system, array = side.systems[guest.system], side.array
    pairs = [system.new_pair() for _ in range(guest.adapters)]
    disks = [
        array.add_volume(f"{lower(guest.name)}-v{n}", (10 + n) * GIB, _image(guest.name, f"v{n}"))
        for n in range(guest.volumes)
    ]
    array.add_host(guest.name, [wwpn for pair in pairs for wwpn in pair], "aix")
    for n, disk in enumerate(disks):
        array.attach(disk, host=guest.name, lun=FIRST_LUN + n)
    _lpar(side, guest, number, pairs, on=guest.running)
    return disks, pairs


def _recovery(
    home: Side, away: Side, guest: Guest, number: int, disks: list[Disk], pairs: list[tuple[str, str]]
) -> None:
    system, array = away.systems[guest.system], away.array
    if guest.staged is Staged.NOT:
        return
    own = pairs if guest.same else [system.new_pair() for _ in range(guest.adapters)]
    _lpar(away, guest, number, own, on=False)
    if guest.staged is Staged.DEFINED:
        return
    array.add_host(guest.name, [wwpn for pair in own for wwpn in pair], "aix")
    replica = array.groups[f"{home.array.name}:pg-{guest.group}"]
    for n, disk in enumerate(disks):
        copy = array.add_volume(disk.name, disk.core.size, disk.core.stored)
        identity = replica.replicas[f"{home.array.name}:{disk.name}"]
        copy.tags.append(Tag(TAG, identity, copyable=False))
        array.attach(copy, host=guest.name, lun=FIRST_LUN + n)


def build(world: World, guests: Sequence[Guest], systems: int, hmcs: int) -> tuple[Side, Side]:
    """Both sites, inside a turn."""
    world.add_site("paris", SiteRole.PROD)
    world.add_site("lyon", SiteRole.DR)
    home, away = _side(world, "paris", "par", systems, hmcs), _side(world, "lyon", "lyo", systems, hmcs)
    link_arrays(home.array, away.array)
    made = [_production(home, guest, number) for number, guest in enumerate(guests)]
    for group in sorted({guest.group for guest in guests}):
        members = [
            disk for guest, (disks, _) in zip(guests, made, strict=True) if guest.group == group for disk in disks
        ]
        protection.backfill(home.array, protection.add_group(home.array, f"pg-{group}", members, [away.array]), 1, 900)
    for number, (guest, (disks, pairs)) in enumerate(zip(guests, made, strict=True)):
        _recovery(home, away, guest, number, disks, pairs)
    return home, away


@contextmanager
def pra_estate(
    directory: Path, guests: Sequence[Guest], *, systems: int = 1, hmcs: int = 1, identities: Path | None = None
) -> Iterator[PraEstate]:
    """The estate with its doors open: ``systems`` managed systems and ``hmcs`` HMCs at each site. ``identities``: where
    the keys of the doors are kept, to be used by several estates."""
    world = World(1, None, INSTANT)
    with world.turn():
        home, away = build(world, guests, systems, hmcs)
    lab = Lab(world, identities or directory / "identities")
    lab.start()
    try:
        yield PraEstate(lab, home, away, tuple(guests), directory)
    finally:
        lab.stop()
