"""A replication pass (procedures 5.1): a new generation beside the old ones, which stay until it is complete. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from app.recovery.draft import merged
from app.recovery.vm.copy_steps import CarryVm, CloneVm
from app.recovery.vm.situation import CARDS, ROOM, Generation, Spot, VmDraft, VmNow, kept_cards, spot
from app.recovery.vm.steps import Complete, Destroy, Freeze, Thaw, by_copy
from app.replication_records import Replication, advised_s
from backends.vsphere.looks import COPY, REPLICATION, MachineNow
from backends.vsphere.records import REPLICA_PREFIX
from store.estate import PowerState
from store.replications import REPLICATE
from store.runs import Plan

SNAPSHOT = "drdeck-"
"""The names of the snapshots that passes make begin so, and end with their run."""
COPY_S, FREEZE_S, THAW_S, UNDO_S = 600.0, 900.0, 3600.0, 30.0
FROZEN, COMPLETE, GENERATION = (REPLICA_PREFIX + name for name in ("point-in-time", "complete", "generation"))
_LONGEST_NAME = 80


def due(now: datetime, replication: Replication, last: datetime | None) -> bool:
    """Whether a pass is due (procedures 5.3). ``last`` is the point in time of the newest complete copy; None: there is
    none. Whether one may run is for its plan to say: pauses, and runs under way, are not looked at here."""
    return last is None or (now - last).total_seconds() >= replication.interval_s


def advice(replication: Replication, size: int | None, took: tuple[float, ...] = ()) -> str | None:
    """A warning about an interval that is shorter than is advised; ``size`` in bytes of all disks, if known."""
    if size is None and not took:
        return None
    advised = advised_s(size or 0, took)
    if replication.interval_s >= advised:
        return None
    why = "nearly every pass took" if took else f"{(size or 0) / (1 << 30):.0f} GiB"
    rests = f"{why} {advised / 1.5 / 60:.1f} min" if took else f"for {why}"
    return (
        f"{replication.name}: every {replication.interval_s / 60:g} min is accepted, {advised / 60:.0f} min is advised "
        f"({rests})"
    )


def plan(at: VmNow, run_id: str) -> Plan:
    """One pass. Where a step fails what it made is unmade; the copies that were there are as they were."""
    draft = VmDraft(at, "s", run_id)
    if _may(at, draft):
        assert at.vm is not None
        copied = copy(draft, at, stopped=False)
        if copied is not None:
            retire(draft, at, at.replication.keep - 1)
    draft.loss, draft.loss_s = "nothing: the source runs on, and no copy is overwritten", 0.0
    words = advice(at.replication, at.vm.size if at.vm is not None else None, at.standing.took)
    draft.notes += [words] if words else []
    return merged(REPLICATE, [draft], rolls_back=True, noun="VMs")


def _may(at: VmNow, draft: VmDraft) -> bool:
    """The guards that only passes have."""
    held = at.standing.held
    draft.guard("vm.paused", f"{at.name} is replicated", held is None, held or "neither paused nor failed over")
    active = at.active
    words = f"no replica of {at.name} is the active side"
    shown = "none runs" if active is None else f"{active.machine.name} is {active.machine.power}"
    draft.guard("vm.direction", words, active is None, shown, at.target)
    return not draft.refused


def copy(draft: VmDraft, at: VmNow, *, stopped: bool, needs: tuple[str, ...] = ()) -> str | None:
    """Guards and steps that make the next generation. Returns its mark; None: it is refused. ``stopped``: the source is
    off by then."""
    one, vm = at.replication, at.vm
    words = f"{at.source.device} shows {one.vm}"
    if not draft.guard("vm.source", words, vm is not None and vm.connection == "connected", _shown(at), at.source):
        return None
    assert vm is not None
    if not _fit(draft, at, vm):
        return None
    assert at.target.places is not None
    where = spot(
        at.target.places, vm.cards, one.networks, datastore=one.datastore, host=one.host, pool=one.pool,
        folder=one.folder,
    )  # fmt: skip
    if not _room(draft, at, vm, where):
        return None
    return _steps(draft, at, vm, where, stopped=stopped, needs=needs)


def _shown(at: VmNow) -> str:
    return at.missing if at.vm is None else f"{at.vm.power}, {at.vm.connection}"


def _fit(draft: VmDraft, at: VmNow, vm: MachineNow) -> bool:
    free = [f"disk {disk.key}" for disk in vm.disks if disk.independent]
    evidence = f"independent: {', '.join(free)}" if free else f"{len(vm.disks)} disks"
    good = draft.guard(
        "vm.disks", f"a snapshot of {vm.name} holds all its disks", not free and bool(vm.disks), evidence, at.source
    )
    words = f"the copies of {at.name} at {at.target.device} can be told apart"
    good &= draft.guard(
        "vm.target", words, at.target.read and not at.strange, at.target.failure or "; ".join(at.strange) or
        f"{len(at.generations)} copies", at.target
    )  # fmt: skip
    text = "its disks need to be consolidated" if vm.consolidation else "no"
    words = f"{vm.name} needs no consolidation"
    return draft.guard("vm.consolidate", words, not vm.consolidation, text, at.source) and good


def _room(draft: VmDraft, at: VmNow, vm: MachineNow, where: Spot) -> bool:
    words, wrong = f"{at.target.device} has the place that is named for {at.name}", "; ".join(where.wrong)
    good = draft.guard("vm.place", words, not wrong, wrong or at.replication.datastore, at.target)
    wanted = int(vm.size * ROOM)
    evidence = f"{where.free >> 30} GiB are free on {at.replication.datastore}, {wanted >> 30} GiB are wanted"
    words = f"the disks of {vm.name} and a tenth more are free on {at.replication.datastore}"
    return draft.guard("vm.space", words, where.free >= wanted, evidence, at.target) and good


def next_copy(draft: VmDraft, at: VmNow) -> str:
    """The mark of the copy that :func:`copy` makes."""
    return f"{draft.run_tag}-{at.replication.name}-{at.next_generation}"


def _steps(draft: VmDraft, at: VmNow, vm: MachineNow, where: Spot, *, stopped: bool, needs: tuple[str, ...]) -> str:
    one, run = at.replication, draft.run_tag
    number, snapshot = at.next_generation, f"{SNAPSHOT}{run}"
    token = next_copy(draft, at)
    name = f"{one.name[: _LONGEST_NAME - 20]}_replica_g{number}"
    marks = (
        (REPLICATION, one.name),
        (REPLICA_PREFIX + "source", vm.uuid),
        (REPLICA_PREFIX + "source-name", vm.name),
        (GENERATION, str(number)),
        (COMPLETE, "false"),
        (REPLICA_PREFIX + "interval", str(int(one.interval_s))),
        (CARDS, kept_cards(vm.cards)),
    )
    for old in orphans(at, vm):
        draft.add(Thaw(one.source, vm.moid, vm.uuid, old), f"Remove the snapshot {old}", needs=needs, limit_s=THAW_S)
    undo = draft.undo(Thaw(one.source, vm.moid, vm.uuid, snapshot), f"Remove the snapshot {snapshot}")
    draft.undoes[-1] = replace(draft.undoes[-1], limit_s=UNDO_S)
    frozen = draft.add(
        Freeze(one.source, vm.moid, vm.uuid, snapshot, quiesce=vm.tools and not stopped),
        f"Freeze {vm.name} in a snapshot", needs=draft.join or needs, limit_s=FREEZE_S, undo=undo,
    )  # fmt: skip
    lost = draft.undo(
        Destroy(one.destination, by_copy(token), "", (COPY, token), (COMPLETE, "true")),
        f"Destroy what was made of {name}",
    )
    title = f"Copy {vm.name} to {one.destination} as {name}"
    step: CloneVm | CarryVm
    if one.source == one.destination and at.target.places is not None and at.target.places.clones:
        step = CloneVm(one.source, vm.moid, vm.uuid, snapshot, name, where.place, token, marks, FROZEN)
    else:
        networks = tuple((here, moid) for here, (moid, _) in where.networks.items())
        step = CarryVm(
            one.destination, one.source, vm.moid, vm.uuid, snapshot, name, where.place, networks, token, marks, FROZEN
        )
    made = draft.add(step, title, needs=(frozen,), limit_s=COPY_S, undo=lost)
    complete = Complete(
        one.destination, by_copy(token), "", tuple(disk.capacity for disk in vm.disks), vm.cpus, vm.memory_mb,
        len(vm.cards), (COMPLETE, "true"),
    )  # fmt: skip
    draft.add(complete, f"Check {name}, and mark it complete", needs=(made,))
    draft.add(Thaw(one.source, vm.moid, vm.uuid, snapshot), f"Remove the snapshot {snapshot}", limit_s=THAW_S)
    return token


def orphans(at: VmNow, vm: MachineNow) -> list[str]:
    """Snapshots that passes left behind whose runs have ended: only one pass acts at a time."""
    ended = {one.run for one in at.standing.passes}
    return [s.name for s in vm.snapshots if s.name.startswith(SNAPSHOT) and s.name.removeprefix(SNAPSHOT) in ended]


def retire(draft: VmDraft, at: VmNow, keep: int) -> None:
    """Destroy the generations beyond ``keep`` of those that are there, the oldest first, behind all that was planned;
    one that is in use is left."""
    incomplete = [g for g in at.generations if not g.replica.complete]
    for old in (*incomplete, *reversed(at.complete[keep:])):
        if unused(old):
            machine = old.machine
            mark = (GENERATION, str(old.replica.generation))
            step = Destroy(at.replication.destination, machine.moid, machine.uuid, mark)
            draft.add(step, f"Destroy the old copy {machine.name}", destructive=True)


def unused(one: Generation) -> bool:
    """Whether it was made here, and nobody has a use for it."""
    ours = COPY in one.machine.marks
    off = one.machine.power is PowerState.OFF
    return ours and off and not one.active and one.in_drill is None and not one.machine.snapshots
