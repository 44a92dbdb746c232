"""The rows of the VM replica pane: one row for each replica."""

from __future__ import annotations

from datetime import timedelta

from screens import readiness, vm_readiness
from screens import sources as src
from screens.ages import age, exact, until
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.conditions import CopyHealth, Freshness, SideState
from screens.copies import replica_health
from screens.pairing import newest_complete, replica_of, vm_pair
from screens.replications import Known, health, running
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS, status
from screens.valued import NEVER, bytes_of, seen, span_of
from store.estate import PowerState, VirtualMachine, VmReplica
from store.records import Entry

COLUMNS = (
    Column("VM", cut=14, source=f"{src.VM_EXTRA_CONFIG}: source-name"),
    Column("Replica", rank=8, cut=14, source=src.VM_NAME),
    Column("Direction", rank=1, cut=13, field="site", source=src.SETTINGS),
    Column("Power both", field="power", source=src.VM_POWER),
    Column("Copy / RPO", measure=Measure.MOMENT, field="rpo", source=f"{src.VM_EXTRA_CONFIG}: point-in-time"),
    Column("Complete", rank=10, source=f"{src.VM_EXTRA_CONFIG}: complete"),
    Column("Every", rank=9, measure=Measure.SPAN, source=f"{src.VM_EXTRA_CONFIG}: interval"),
    Column("Last", rank=4, measure=Measure.MOMENT, source=src.JOURNAL),
    Column("Next", rank=3, measure=Measure.SPAN, source=src.derived("copy of and every")),
    Column("Took", rank=5, measure=Measure.SPAN, source=f"{src.VM_EXTRA_CONFIG}: took"),
    Column("DR", rank=2, source=vm_readiness.SOURCE, words=readiness.WORDS),
    Column("Size", rank=6, measure=Measure.SIZE, source=src.vm("summary.storage.committed")),
    Column("State", source=src.derived("copy of, complete and every, among all replicas of the source")),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)


def health_of(entry: Entry, scene: Scene, known: Known | None = None) -> CopyHealth:
    """How the replica stands among all replicas of its source; of the newest one how the replication does."""
    replica = replica_of(entry)
    if replica is None:
        return CopyHealth.NOT_REPLICATED
    newest = newest_complete(vm_pair(scene, entry).replicas)
    timely = replica_health(replica, replica_of(newest) if newest is not None else None, scene.now)
    if known is None or entry.gone or timely is CopyHealth.OLDER:
        return timely
    return health(known, replica, timely, scene.now, running(scene, entry))


def row(entry: Entry, scene: Scene, known: Known | None = None) -> Row:
    vm, replica = entry.obj, replica_of(entry)
    if not isinstance(vm, VirtualMachine) or replica is None:
        raise TypeError(f"not a replica: {entry.key}")
    source = vm_pair(scene, entry).source
    entries = (entry,) if source is None or source.gone else (entry, source)
    state = health_of(entry, scene, known)
    took = known.standing.took if known is not None else ()
    cells = (
        Cell(replica.source_name),
        Cell(vm.name),
        sites_cell(source, entry, scene) if state is not CopyHealth.FAILED_OVER else turned_cell(entry, scene),
        power_cell(source, vm, scene),
        rpo_cell(replica, state, known, scene),
        Cell("yes") if replica.complete else Cell("no"),
        span_of(replica.interval_s or None),
        last_cell(known, scene),
        EMPTY if state in _HELD else next_cell(replica, scene),
        span_of(took[0] if took else replica.took_s),
        vm_readiness.ready_cell(scene, entry),
        bytes_of(vm.committed_bytes),
        scene.state_cell(entry, status(state)),
        seen(scene, *entries),
    )
    return scene.faded(cells, *entries)


def row_alone(known: Known, source: Entry | None, scene: Scene) -> Row:
    """A VM that is replicated and of which no copy is there yet. ``source``: as its server shows it."""
    one, vm = known.replicated, source.obj if source is not None else None
    state = health(known, None, CopyHealth.NO_COPY_YET, scene.now)
    here, there = scene.device(one.source), scene.device(one.destination)
    read = there is not None and there.last_ok is not None  # a server that was never read may have one
    sites = f"{here.site if here is not None else '?'} → {there.site if there is not None else '?'}"
    cells = (
        Cell(one.name),
        Cell("none yet", Tone.DIM),
        Cell(sites),
        power_cell(source, None, scene),
        Cell("none", Tone.BAD, value=NEVER) if read else Cell("not known", Tone.UNKNOWN, value=NEVER),
        Cell("no"),
        span_of(one.interval_s),
        last_cell(known, scene),
        EMPTY if known.standing.held is not None else Cell("due", value=0.0),
        span_of(known.standing.took[0] if known.standing.took else None),
        vm_readiness.cell_of(scene, one),
        bytes_of(vm.committed_bytes) if isinstance(vm, VirtualMachine) else EMPTY,
        status(state if read else SideState.UNREAD).cell(),
        seen(scene, source) if source is not None else EMPTY,
    )
    return cells if source is None else scene.faded(cells, source)


def rpo_cell(replica: VmReplica, state: CopyHealth, known: Known | None, scene: Scene) -> Cell:
    """How old the copy is, against the oldest that it may get where that is known."""
    text, value = age(scene.now, replica.point_in_time), replica.point_in_time.timestamp()
    if known is None or state is CopyHealth.OLDER:
        return Cell(text, value=value)
    return Cell(f"{text} / {exact(known.rpo_s)}", short=text, value=value)


def last_cell(known: Known | None, scene: Scene) -> Cell:
    """How long ago the last pass began that ended, and whether it was done."""
    if known is None or not known.standing.passes:
        return EMPTY
    last = known.standing.passes[0]
    text, value = f"{age(scene.now, last.began_at)} ago", last.began_at.timestamp()
    if last.done:
        return Cell(text, value=value)
    bad = GLYPHS[Tone.BAD]
    return Cell(f"{bad} failed {text}", Tone.BAD, f"{bad} {text}", value)


def turned_cell(entry: Entry, scene: Scene) -> Cell:
    """Where it runs once it was failed over: it is copied nowhere."""
    return Cell(f"{scene.site(entry) or '?'}, not replicated", Tone.WARN, short=f"{scene.site(entry) or '?'} only")


_HELD = (CopyHealth.FAILED_OVER, CopyHealth.PAUSED, CopyHealth.SPLIT_BRAIN)
"""In these no pass begins."""


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


def power_cell(source: Entry | None, vm: VirtualMachine | None, scene: Scene) -> Cell:
    """The power of both in one cell, the source first; ``vm`` is the copy. Both on at once is marked: two machines with
    one address. A source that is not read now *was* on or off."""
    replica_word = POWER_WORDS[vm.power_state] if vm is not None else EMPTY.text
    if source is None or source.gone or not isinstance(source.obj, VirtualMachine):
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} not seen / {replica_word}", Tone.UNKNOWN)
    state = source.obj.power_state
    if scene.freshness(source) is Freshness.STALE:
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} was {POWER_WORDS[state]} / {replica_word}", Tone.UNKNOWN)
    both_on = state is PowerState.ON and vm is not None and vm.power_state is PowerState.ON
    tone = Tone.BAD if both_on else status(state).tone
    return Cell(f"{GLYPHS[tone]} {POWER_WORDS[state]} / {replica_word}", tone)
