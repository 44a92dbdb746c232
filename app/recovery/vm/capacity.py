"""Whether the host that each replica is on could run all of them together, summed over a plan. Pure.

A start that asks for more memory than the host has at all, or for more processors than it has threads, is refused by
the host itself, and so is one whose swap file finds no room; all else may run, but slowly, and is a warning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from app.recovery.vm.situation import VmNow, spot
from backends.vsphere.looks import MachineNow
from store.estate import PowerState

PER_CORE = 4
"""So many virtual processors for each core are warned of."""

KEPT = 0.1
"""A snapshot that is kept while the replica runs may grow to this share of its disks before anybody removes it."""


class Landing(Struct, frozen=True):
    """Where a replica would run and what it asks for: host and datastore by their ids, memory in MB, disks in bytes."""

    host: str | None
    store: str | None
    cpus: int
    memory_mb: int
    disks: int
    version: str


def landing(at: VmNow) -> Landing | None:
    """Of the newest complete copy, else of the next one; None: nothing says where it would be."""
    if at.target.places is None:
        return None
    if at.complete:
        machine = at.complete[0].machine
        store = next((disk.datastore for disk in machine.disks if disk.datastore), None)
        return _landing(machine, machine.host, store)
    if at.vm is None:
        return None
    one = at.replication
    place = spot(
        at.target.places, (), {}, datastore=one.datastore, host=one.host, pool=one.pool, folder=one.folder
    ).place
    return _landing(at.vm, place.host, place.datastore)


def _landing(machine: MachineNow, host: str | None, store: str | None) -> Landing:
    return Landing(host, store, machine.cpus, machine.memory_mb, machine.size, machine.version)


class Room(Struct, frozen=True):
    """What is lacking for one member of a plan, together with all others. ``refused``: its host would not start it;
    ``warned``: it would run, but not well; ``unknown``: what could not be read. ``good`` says what there is."""

    refused: tuple[str, ...]
    warned: tuple[str, ...]
    unknown: tuple[str, ...]
    good: str


def rooms(members: Sequence[VmNow]) -> Mapping[str, Room]:
    """For each member by name, with all of them running at once. Members that nothing is known of are left out."""
    by_host: dict[tuple[str, str], list[tuple[VmNow, Landing]]] = defaultdict(list)
    by_store: dict[tuple[str, str], list[tuple[VmNow, Landing]]] = defaultdict(list)
    placed: list[tuple[VmNow, Landing]] = []
    for at in members:
        found = landing(at)
        if found is not None and at.active is None:
            placed.append((at, found))
            by_host[at.target.device, found.host or ""].append((at, found))
            by_store[at.target.device, found.store or ""].append((at, found))
    hosts = {key: _on_host(key[1], group) for key, group in by_host.items()}
    stores = {key: _on_store(key[1], group) for key, group in by_store.items()}
    return {
        at.name: _both(
            hosts[at.target.device, where.host or ""], stores[at.target.device, where.store or ""], where, at
        )
        for at, where in placed
    }


def _both(one: Room, other: Room, where: Landing, at: VmNow) -> Room:
    ground = at.target.ground.host(where.host) if at.target.ground is not None else None
    threads = ground.threads if ground is not None else None
    own = (f"it has {where.cpus} processors, its host {threads} threads",) if threads and where.cpus > threads else ()
    return Room(
        (*own, *one.refused, *other.refused),
        (*one.warned, *other.warned),
        (*one.unknown, *other.unknown),
        f"{one.good}; {other.good}",
    )


def _on_host(moid: str, group: Sequence[tuple[VmNow, Landing]]) -> Room:
    target = group[0][0].target
    ground = target.ground.host(moid) if target.ground is not None else None
    name = next((h.name for h in target.places.hosts if h.moid == moid), moid) if target.places is not None else moid
    wanted = sum(where.memory_mb for _, where in group)
    own = {g.machine.moid for at, _ in group for g in at.generations}
    others = [m for m in target.machines or () if m.host == moid and m.power is PowerState.ON and m.moid not in own]
    running = sum(m.memory_mb for m in others)
    if ground is None or ground.memory_mb is None:
        return Room((), (), (f"{target.device} does not say how much memory {name or 'the host'} has",), "")
    words = (
        f"{len(group)} VMs want {_gib(wanted)} on {name}, {_gib(running)} of {_gib(ground.memory_mb)} are given away"
    )
    refused, warned = [], []
    if wanted > ground.memory_mb:
        refused.append(f"{words}; {_first(group, ground.memory_mb)} and those after it do not fit")
    elif wanted + running > ground.memory_mb:
        warned.append(f"{words}; {_first(group, ground.memory_mb - running)} and those after it share what there is")
    cpus = sum(where.cpus for _, where in group) + sum(m.cpus for m in others)
    if ground.cores and cpus > PER_CORE * ground.cores:
        warned.append(f"{cpus} virtual processors would run on the {ground.cores} cores of {name}")
    return Room(tuple(refused), tuple(warned), (), words)


def _first(group: Iterable[tuple[VmNow, Landing]], left: int) -> str:
    """The first that does not fit any more, in the order in which they are started."""
    for at, where in group:
        left -= where.memory_mb
        if left < 0:
            return at.name
    return "none"


def _on_store(moid: str, group: Sequence[tuple[VmNow, Landing]]) -> Room:
    target = group[0][0].target
    store = next((s for s in target.places.stores if s.moid == moid), None) if target.places is not None else None
    if store is None:
        return Room((), (), (f"it is not known on which datastore of {target.device} it would run",), "")
    swap = sum(where.memory_mb for _, where in group) << 20
    kept = int(sum(where.disks for _, where in group) * KEPT)
    words = f"{store.free >> 30} GiB are free on {store.name}"
    asked = f"{len(group)} VMs want {swap >> 30} GiB for swap files and up to {kept >> 30} GiB for snapshots"
    if swap > store.free:
        return Room((f"{words}, {asked}",), (), (), "")
    if swap + kept > store.free:
        return Room((), (f"{words}, {asked}",), (), "")
    return Room((), (), (), f"{words}, {asked}")


def _gib(mb: int) -> str:
    return f"{mb / 1024:.0f} GiB"
