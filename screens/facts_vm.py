"""What the detail of a VM says: the source against its replicas."""

from __future__ import annotations

from collections.abc import Iterator

from screens.ages import exact, size
from screens.cells import Cell, Tone
from screens.copies import replica_health
from screens.pairing import VmPair, newest_complete, replica_of, vm_pair
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, both, text_cell
from screens.status import EMPTY, status
from store.estate import PowerState, VirtualMachine
from store.records import Entry

MIB = 1024 * 1024


def parts(scene: Scene, entry: Entry) -> list[Part]:
    """The parts of the detail, top to bottom. ``entry`` is the source or a replica; TypeError for what is no VM."""
    pair = vm_pair(scene, entry)
    shown = entry if replica_of(entry) is not None else newest_complete(pair.replicas)
    left = pair.source or entry
    right = shown if shown is not None and shown.key != left.key else None
    return [*_notes(pair, entry), *_machines(scene, left, right), *_copies(scene, pair, right)]


def _vm(entry: Entry) -> VirtualMachine:
    if not isinstance(entry.obj, VirtualMachine):
        raise TypeError(f"not a VM: {entry.key}")
    return entry.obj


def _notes(pair: VmPair, entry: Entry) -> Iterator[Part]:
    if pair.source is None:
        replica = replica_of(entry)
        name = replica.source_name if replica is not None else "the source"
        yield Note(
            f"The source {name} is not known: no vCenter that was read shows it, or more than one.", Tone.UNKNOWN
        )
    if not pair.replicas:
        yield Note("This VM has no replica.", Tone.WARN)
    running = [replica for replica in pair.replicas if _vm(replica).power_state is PowerState.ON and not replica.gone]
    if pair.source is not None and _vm(pair.source).power_state is PowerState.ON and running:
        names = ", ".join(_vm(replica).name for replica in running)
        yield Note(f"Source and replica are powered on at the same time: {names}.", Tone.BAD)


def _machines(scene: Scene, left: Entry, right: Entry | None) -> Iterator[Part]:
    mine, other = _vm(left), _vm(right) if right is not None else None
    yield both("Name", lambda vm: Cell(vm.name), mine, other)
    yield both("Site", scene.site_cell, left, right)
    yield both("Power", lambda vm: status(vm.power_state).cell(), mine, other)
    yield both("Seen", scene.seen_cell, left, right)
    yield both("Connection", lambda vm: Cell(vm.connection_state), mine, other)
    yield both("Host", lambda vm: text_cell(vm.host), mine, other)
    yield both("Guest", lambda vm: text_cell(vm.guest), mine, other, compare=True)
    yield both("Tools", lambda vm: text_cell(vm.tools), mine, other)
    yield both("IP address", lambda vm: text_cell(vm.ip_address), mine, other)
    yield both("CPUs", lambda vm: text_cell(vm.cpus), mine, other, compare=True)
    yield both(
        "Memory", lambda vm: EMPTY if vm.memory_mb is None else Cell(size(vm.memory_mb, MIB)), mine, other, compare=True
    )
    yield both(
        "Committed", lambda vm: EMPTY if vm.committed_bytes is None else Cell(size(vm.committed_bytes)), mine, other
    )
    yield both("Consolidation", _consolidation, mine, other)
    yield both("Instance UUID", lambda vm: Cell(vm.instance_uuid), mine, other)
    yield both("Object id", lambda vm: Cell(vm.moid), mine, other)


def _consolidation(vm: VirtualMachine) -> Cell:
    if vm.consolidation_needed is None:
        return EMPTY
    return Cell("needed", Tone.WARN) if vm.consolidation_needed else Cell("not needed")


def _copies(scene: Scene, pair: VmPair, shown: Entry | None) -> Iterator[Part]:
    if not pair.replicas:
        return
    yield Heading("Replicas, the newest first")
    newest = newest_complete(pair.replicas)
    for entry in pair.replicas:
        replica = replica_of(entry)
        if replica is None:
            continue
        health = status(replica_health(replica, replica_of(newest) if newest is not None else None, scene.now))
        mark = "→ " if shown is not None and entry.key == shown.key else "  "
        yield Fact(f"{mark}generation {replica.generation}", Cell(f"{_vm(entry).name} at {scene.site(entry) or '?'}"))
        interval = "no interval told" if not replica.interval_s else f"every {exact(replica.interval_s)}"
        yield Fact("    copy of", Cell(f"{scene.ago(replica.point_in_time)}; {interval}"))
        yield Fact("    state", health.cell("(a complete copy)" if replica.complete else ""))
        if entry.gone:
            yield Fact("", scene.seen_cell(entry))
