"""What the detail of a VM says: the source against its replicas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from screens import sources as src
from screens import vm_readiness
from screens.ages import exact, size
from screens.cells import Cell, Tone
from screens.copies import replica_health
from screens.origins import origin
from screens.pairing import VmPair, newest_complete, replica_of, vm_pair
from screens.replication_facts import replication_parts
from screens.replications import Known
from screens.rpo_history import Sample, sampled_curve
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, both, text_cell
from screens.state_history import state_track, strip, tones_of
from screens.status import EMPTY, status
from store.estate import PowerState, VirtualMachine
from store.records import Entry

MIB = 1024 * 1024


def parts(scene: Scene, entry: Entry, samples: Sequence[Sample] = (), known: Known | None = None) -> list[Part]:
    """The parts of the detail, top to bottom. ``entry`` is the source or a replica; TypeError for what is no VM.
    ``samples`` are what this console saw of the age of the newest complete replica, ``known`` the replication of the
    configuration that it belongs to."""
    pair = vm_pair(scene, entry)
    shown = entry if replica_of(entry) is not None else newest_complete(pair.replicas)
    left = pair.source or entry
    right = shown if shown is not None and shown.key != left.key else None
    return [
        *_notes(pair, entry, known),
        origin(scene, left, right),
        *_machines(scene, left, right),
        *replication_parts(scene, left, right, known),
        *vm_readiness.parts(scene, entry),
        *_copies(scene, pair, right),
        *_history(scene, left, right, samples),
    ]


def _history(scene: Scene, left: Entry, right: Entry | None, samples: Sequence[Sample]) -> Iterator[Part]:
    """The age of the newest replica as far as this console saw it, and the power of both machines over a day."""
    replica = replica_of(right) if right is not None else replica_of(left)
    curve = sampled_curve("Age of replica", samples, scene.now, replica.interval_s if replica is not None else None)
    if curve is not None:
        yield Heading("Age of the newest complete replica")
        yield curve
    machines = [entry for entry in (left, right) if entry is not None]
    tones = tones_of(PowerState)
    yield Heading("Power over the last 24 hours")
    yield strip(
        scene,
        [state_track(scene, one, "power", _vm(one).power_state.value, tones, _vm(one).name) for one in machines],
    )


def _vm(entry: Entry) -> VirtualMachine:
    if not isinstance(entry.obj, VirtualMachine):
        raise TypeError(f"not a VM: {entry.key}")
    return entry.obj


def _notes(pair: VmPair, entry: Entry, known: Known | None) -> Iterator[Part]:
    if pair.source is None:
        replica = replica_of(entry)
        name = replica.source_name if replica is not None else "the source"
        yield Note(
            f"The source {name} is not known: no vCenter that was read shows it, or more than one.", Tone.UNKNOWN
        )
    if not pair.replicas and known is None:
        yield Note("This VM has no replica.", Tone.WARN)
    elif not pair.replicas and known is not None:
        there = known.replicated.destination
        yield Note(f"No copy of it is on {there} yet: the next pass makes the first one.", Tone.BAD)
    running = [replica for replica in pair.replicas if _vm(replica).power_state is PowerState.ON and not replica.gone]
    if pair.source is not None and _vm(pair.source).power_state is PowerState.ON and running:
        names = ", ".join(_vm(replica).name for replica in running)
        yield Note(f"Source and replica are powered on at the same time: {names}.", Tone.BAD)


def _machines(scene: Scene, left: Entry, right: Entry | None) -> Iterator[Part]:
    mine, other = _vm(left), _vm(right) if right is not None else None
    yield both("Name", lambda vm: Cell(vm.name), mine, other, source=src.VM_NAME)
    yield both("Site", scene.site_cell, left, right, source=src.SETTINGS)
    yield both("Power", lambda vm: status(vm.power_state).cell(), mine, other, source=src.VM_POWER)
    yield both("Seen", scene.seen_cell, left, right, source=src.SEEN)
    yield both("Connection", lambda vm: Cell(vm.connection_state), mine, other, source=src.VM_CONNECTION)
    yield both("Host", lambda vm: text_cell(vm.host), mine, other, source=src.VM_HOST)
    yield both(
        "Guest",
        lambda vm: text_cell(vm.guest),
        mine,
        other,
        compare=True,
        source=src.vm("summary.config.guestFullName"),
    )
    yield both("Tools", lambda vm: text_cell(vm.tools), mine, other, source=src.vm("guest.toolsRunningStatus"))
    yield both("IP address", lambda vm: text_cell(vm.ip_address), mine, other, source=src.vm("guest.ipAddress"))
    yield both("CPUs", lambda vm: text_cell(vm.cpus), mine, other, compare=True, source=src.vm("summary.config.numCpu"))
    yield both(
        "Memory",
        lambda vm: EMPTY if vm.memory_mb is None else Cell(size(vm.memory_mb, MIB)),
        mine,
        other,
        compare=True,
        source=src.vm("summary.config.memorySizeMB"),
    )
    yield both(
        "Committed",
        lambda vm: EMPTY if vm.committed_bytes is None else Cell(size(vm.committed_bytes)),
        mine,
        other,
        source=src.vm("summary.storage.committed"),
    )
    yield both("Consolidation", _consolidation, mine, other, source=src.vm("runtime.consolidationNeeded"))
    yield both(
        "Instance UUID", lambda vm: Cell(vm.instance_uuid), mine, other, source=src.vm("summary.config.instanceUuid")
    )
    yield both("Object id", lambda vm: Cell(vm.moid), mine, other, source="managed object id")


def _consolidation(vm: VirtualMachine) -> Cell:
    if vm.consolidation_needed is None:
        return EMPTY
    return Cell("needed", Tone.WARN) if vm.consolidation_needed else Cell("not needed")


def _copies(scene: Scene, pair: VmPair, shown: Entry | None) -> Iterator[Part]:
    if not pair.replicas:
        return
    yield Heading("Replicas, the newest first")
    extra = src.VM_EXTRA_CONFIG
    newest = newest_complete(pair.replicas)
    for entry in pair.replicas:
        replica = replica_of(entry)
        if replica is None:
            continue
        health = status(replica_health(replica, replica_of(newest) if newest is not None else None, scene.now))
        mark = "→ " if shown is not None and entry.key == shown.key else "  "
        yield Fact(
            f"{mark}generation {replica.generation}",
            Cell(f"{_vm(entry).name} at {scene.site(entry) or '?'}"),
            source=extra,
        )
        interval = "no interval told" if not replica.interval_s else f"every {exact(replica.interval_s)}"
        point = Cell(f"{scene.ago(replica.point_in_time)}; {interval}")
        yield Fact("    copy of", point, source=f"{extra}: point-in-time, interval")
        state = health.cell("(a complete copy)" if replica.complete else "")
        yield Fact("    state", state, source=src.derived("copy of, complete and interval"))
        if entry.gone:
            yield Fact("", scene.seen_cell(entry), source=src.SEEN)
