"""What the systems of the estate have and what of it is used, out of the store's view: no device is asked.

What a device does not say is not there: nothing is made up for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from app.recovery.vm.capacity import PER_CORE
from store.capacity_records import Measured, Resource, Series
from store.estate import (
    Datastore,
    EsxiHost,
    FlashArray,
    ManagedSystem,
    PowerState,
    StorageSystem,
    VirtualMachine,
)
from store.records import Entry
from store.turns import paced
from store.view import EstateView

MIB = 1 << 20
KINDS = ("system", "esxi", "flasharray", "storage", "datastore")
VIOS, CPG, POOL = "vios", "cpg", "hosts"
"""The kinds of series that are of no object of the store: N_Port IDs of a VIOS, CPGs, all ESXi hosts of a server."""

ASKED = (VIOS, CPG)
"""Those that no sweep reads: they are asked for once an hour, and known by their samples alone."""


Given = Mapping[tuple[str, str], tuple[int, int]]
"""The virtual processors and MB given to machines that run, by vCenter and name of their host."""


def measured(view: EstateView, known: Given | None = None) -> tuple[Measured, ...]:
    """All that is measured of what was last seen, each with the moment at which its device was read. ``known`` is what
    :func:`given` found, where it was looked for just before: it looks at every VM."""
    given_now = given(view) if known is None else known
    every = [found for kind in KINDS for entry in _there(view, kind) for found in _of(entry, given_now)]
    return (*every, *_together(every))


def _together(every: Iterable[Measured]) -> Iterator[Measured]:
    """The ESXi hosts of each server as one, where there are several: a VM that is on none yet may run on any."""
    found: dict[tuple[str, Resource], list[Measured]] = defaultdict(list)
    for each in every:
        if each.series.kind == "esxi":
            found[each.device, each.series.resource].append(each)
    for (device, resource), hosts in found.items():
        if len(hosts) > 1:
            series = Series(POOL, device, resource)
            used, total = (sum(values) for values in ([h.used for h in hosts], [h.total or 0.0 for h in hosts]))
            yield Measured(series, f"hosts of {device}", device, min(h.at for h in hosts), used, total)


def _there(view: EstateView, kind: str) -> Iterable[Entry]:
    return (entry for entry in view.entries(kind) if not entry.gone)


def _of(entry: Entry, given: Given) -> Iterator[Measured]:
    obj = entry.peek()
    name = obj.name

    def one(resource: Resource, used: float | None, total: float | None) -> Iterator[Measured]:
        if used is not None and total is not None:
            series = Series(entry.kind, entry.key, resource)
            yield Measured(series, name, entry.device, entry.seen_at, used, total)

    match obj:
        case ManagedSystem():
            free_mb, units = obj.available_mem_mb, obj.available_proc_units
            total_mb, total_units = obj.installed_mem_mb, obj.installed_proc_units
            yield from one(Resource.CPU, _less(total_units, units), total_units)
            yield from one(Resource.MEMORY, _times(_less(total_mb, free_mb), MIB), _times(total_mb, MIB))
        case EsxiHost() if obj.connection_state == "connected" and not obj.in_maintenance:
            cpus, mb = given.get((obj.vcenter, obj.name), (0, 0))
            yield from one(Resource.CPU, cpus, _times(obj.cpu_cores, PER_CORE))
            yield from one(Resource.MEMORY, mb * MIB, _times(obj.memory_mb, MIB))
        case FlashArray():
            yield from one(Resource.SPACE, obj.used, obj.capacity)
            if obj.data_reduction is not None:
                series = Series(entry.kind, entry.key, Resource.REDUCTION)
                yield Measured(series, name, entry.device, entry.seen_at, obj.data_reduction)
        case StorageSystem():
            total, free = obj.total_capacity_mib, obj.free_capacity_mib
            yield from one(Resource.SPACE, _times(_less(total, free), MIB), _times(total, MIB))
        case Datastore() if obj.accessible:
            yield from one(Resource.SPACE, obj.capacity - obj.free, obj.capacity)


def _less(total: float | None, free: float | None) -> float | None:
    return None if total is None or free is None else total - free


def _times(count: float | None, unit: int) -> float | None:
    return None if count is None else count * unit


def given(view: EstateView) -> Given:
    """What machines that run were given."""
    found: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    if not view.entries("esxi"):
        return found
    for entry in paced(view.entries("vm")):
        vm = None if entry.gone else entry.peek()
        if isinstance(vm, VirtualMachine) and vm.power_state is PowerState.ON and vm.host is not None:
            cpus, mb = found[vm.vcenter, vm.host]
            found[vm.vcenter, vm.host] = cpus + (vm.cpus or 0), mb + (vm.memory_mb or 0)
    return found
