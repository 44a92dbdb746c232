"""Below a VM the replicas of its source; below an ESXi host its VMs."""

from __future__ import annotations

from screens import sources as src
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.levels.model import Level, LevelRow, Ref, why_none
from screens.pairing import vm_pair
from screens.rows_replicas import COLUMNS as REPLICA_COLUMNS
from screens.rows_replicas import row as replica_row
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import status
from screens.valued import bytes_of, named, number, seen
from store.estate import EsxiHost, VirtualMachine
from store.records import Entry

MIB = 1024 * 1024

VM_COLUMNS = (
    Column("VM", cut=16, source=src.VM_NAME),
    Column("Power", source=src.VM_POWER),
    Column("Connection", rank=3, source=src.VM_CONNECTION),
    Column("Host", rank=4, cut=12, source=src.VM_HOST),
    Column("CPUs", rank=5, right=True, measure=Measure.NUMBER, source=src.vm("summary.config.numCpu")),
    Column("Memory", rank=6, right=True, measure=Measure.SIZE, source=src.vm("summary.config.memorySizeMB")),
    Column("Replicas", rank=1, right=True, measure=Measure.NUMBER, source=src.VM_EXTRA_CONFIG),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)


def vm_replicas(scene: Scene, ref: Ref) -> Level:
    """The replicas of the source of a VM (itself, or the one that it is a copy of), newest first."""
    entry = scene.entry("vm", ref.key)
    vm = entry.obj
    if not isinstance(vm, VirtualMachine):
        raise LookupError(f"{ref.key} is no VM")
    pair = vm_pair(scene, entry)
    rows = tuple(
        LevelRow(replica.key, replica_row(replica, scene), detail=("vm", replica.key)) for replica in pair.replicas
    )
    name = vm.replica.source_name if vm.replica is not None else vm.name
    notes: tuple[Note, ...] = ()
    if pair.source is None:
        notes = (Note(f"The source {name} is not known: no vCenter shows it, or more than one.", Tone.UNKNOWN),)
    sources = tuple(dict.fromkeys((*((pair.source,) if pair.source is not None else (entry,)), *pair.replicas)))
    empty = why_none(scene, "replicas", entry, f"No vCenter that was read shows a replica of {name}.")
    return Level(f"VM {name}", "replicas", REPLICA_COLUMNS, rows, empty, notes, sources, ("vm", ref.key))


def esxi_vms(scene: Scene, ref: Ref) -> Level:
    """The VMs that run, or would run, on an ESXi host."""
    entry = scene.entry("esxi", ref.key)
    host = entry.obj
    if not isinstance(host, EsxiHost):
        raise LookupError(f"{ref.key} is no ESXi host")
    here = [
        found
        for found in scene.index.of_device("vm", entry.device)
        if isinstance(found.obj, VirtualMachine) and found.obj.host == host.name and found.obj.vcenter == host.vcenter
    ]
    rows = tuple(vm_level_row(scene, found) for found in sorted(here, key=lambda one: (one.obj.name, one.key)))
    notes = (Note("The host is in maintenance mode.", Tone.WARN),) if host.in_maintenance else ()
    empty = why_none(scene, "VMs", entry, f"No VM is on {host.name}.")
    return Level(f"ESXi {host.name}", "VMs", VM_COLUMNS, rows, empty, notes, (entry,))


def vm_level_row(scene: Scene, entry: Entry) -> LevelRow:
    """A VM under :data:`VM_COLUMNS`; it opens its replicas."""
    vm = entry.obj
    if not isinstance(vm, VirtualMachine):
        raise TypeError(f"not a VM: {entry.key}")
    replicas = len([one for one in vm_pair(scene, entry).replicas if not one.gone])
    cells = (
        Cell(vm.name),
        scene.state_cell(entry, status(vm.power_state)),
        Cell(vm.connection_state),
        named(vm.host),
        number(vm.cpus),
        bytes_of(vm.memory_mb, MIB),
        Cell("is one", Tone.DIM) if vm.replica is not None else number(replicas),
        seen(scene, entry),
    )
    return LevelRow(entry.key, scene.faded(cells, entry), Ref("vm.replicas", entry.key), ("vm", entry.key))
