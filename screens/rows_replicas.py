"""The rows of the VM replica pane: one row for each replica."""

from __future__ import annotations

from datetime import timedelta

from screens import readiness, vm_readiness
from screens import sources as src
from screens.ages import age, until
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.conditions import CopyHealth, Freshness
from screens.copies import replica_health
from screens.pairing import newest_complete, replica_of, vm_pair
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS, status
from screens.valued import bytes_of, seen, span_of
from store.estate import PowerState, VirtualMachine, VmReplica
from store.records import Entry

COLUMNS = (
    Column("VM", cut=14, source=f"{src.VM_EXTRA_CONFIG}: source-name"),
    Column("Replica", rank=2, cut=14, source=src.VM_NAME),
    Column("Sites", rank=4, cut=13, field="site", source=src.SETTINGS),
    Column("Power both", field="power", source=src.VM_POWER),
    Column("Copy of", measure=Measure.MOMENT, field="rpo", source=f"{src.VM_EXTRA_CONFIG}: point-in-time"),
    Column("Complete", rank=3, source=f"{src.VM_EXTRA_CONFIG}: complete"),
    Column("Every", rank=5, measure=Measure.SPAN, source=f"{src.VM_EXTRA_CONFIG}: interval"),
    Column("Next", rank=6, measure=Measure.SPAN, source=src.derived("copy of and every")),
    Column("Took", rank=7, measure=Measure.SPAN, source=f"{src.VM_EXTRA_CONFIG}: took"),
    Column("Size", rank=8, measure=Measure.SIZE, source=src.vm("summary.storage.committed")),
    Column("DR", rank=1, source=vm_readiness.SOURCE, words=readiness.WORDS),
    Column("State", source=src.derived("copy of, complete and every, among all replicas of the source")),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)


def health_of(entry: Entry, scene: Scene) -> CopyHealth:
    """How the replica stands among all replicas of its source."""
    replica = replica_of(entry)
    if replica is None:
        return CopyHealth.NOT_REPLICATED
    newest = newest_complete(vm_pair(scene, entry).replicas)
    return replica_health(replica, replica_of(newest) if newest is not None else None, scene.now)


def row(entry: Entry, scene: Scene) -> Row:
    vm, replica = entry.obj, replica_of(entry)
    if not isinstance(vm, VirtualMachine) or replica is None:
        raise TypeError(f"not a replica: {entry.key}")
    source = vm_pair(scene, entry).source
    entries = (entry,) if source is None or source.gone else (entry, source)
    cells = (
        Cell(replica.source_name),
        Cell(vm.name),
        sites_cell(source, entry, scene),
        power_cell(source, vm, scene),
        Cell(age(scene.now, replica.point_in_time), value=replica.point_in_time.timestamp()),
        Cell("yes") if replica.complete else Cell("no"),
        span_of(replica.interval_s or None),
        next_cell(replica, scene),
        span_of(replica.took_s),
        bytes_of(vm.committed_bytes),
        vm_readiness.ready_cell(scene, entry),
        scene.state_cell(entry, status(health_of(entry, scene))),
        seen(scene, *entries),
    )
    return scene.faded(cells, *entries)


def next_cell(replica: VmReplica, scene: Scene) -> Cell:
    """How long until another copy is due, counted from this one. Its value is seconds."""
    if not replica.complete or not replica.interval_s:
        return EMPTY
    due = replica.point_in_time + timedelta(seconds=replica.interval_s)
    left = (due - scene.now).total_seconds()
    return Cell(until(scene.now, due) if left > 0 else "due", value=max(0.0, left))


def order(entry: Entry) -> tuple[str, float, str]:
    """By the source's name, the newest replica first."""
    replica = replica_of(entry)
    return ("", 0.0, entry.key) if replica is None else (replica.source_name, -replica.generation, entry.key)


def sites_cell(source: Entry | None, entry: Entry, scene: Scene) -> Cell:
    there = scene.site(entry) or "?"
    here = scene.site(source) or "?" if source is not None else "?"
    roles = [scene.site_role(one) for one in (source, entry) if one is not None]
    return Cell(f"{here} → {there}", aka=" ".join(role.value for role in roles if role is not None))


POWER_WORDS = {PowerState.ON: "on", PowerState.OFF: "off", PowerState.SUSPENDED: "suspended"}


def power_cell(source: Entry | None, vm: VirtualMachine, scene: Scene) -> Cell:
    """The power of both in one cell, the source first. Both on at once is marked: two machines with one address. A
    source that is not read now *was* on or off."""
    replica_word = POWER_WORDS[vm.power_state]
    if source is None or source.gone or not isinstance(source.obj, VirtualMachine):
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} not seen / {replica_word}", Tone.UNKNOWN)
    state = source.obj.power_state
    if scene.freshness(source) is Freshness.STALE:
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} was {POWER_WORDS[state]} / {replica_word}", Tone.UNKNOWN)
    both_on = state is PowerState.ON and vm.power_state is PowerState.ON
    tone = Tone.BAD if both_on else status(state).tone
    return Cell(f"{GLYPHS[tone]} {POWER_WORDS[state]} / {replica_word}", tone)
