"""Reprotecting a replicated VM that was failed over (procedures 5.2): what runs at the other side is copied to where it
came from, as a machine of its own that stays off. Pure.

The copy is one moment of it: reprotected once more there is a newer one, and the one before goes. A failback makes its
own last copy and takes these away.
"""

from __future__ import annotations

from msgspec.structs import replace

from app.recovery.vm import autostart_plan
from app.recovery.vm.back_plan import FROZEN, home_spot
from app.recovery.vm.copy_steps import CarryVm, CloneVm
from app.recovery.vm.pass_plan import COPY_S, FREEZE_S, SNAPSHOT, THAW_S, UNDO_S
from app.recovery.vm.situation import ROOM, VmDraft, VmNow
from app.recovery.vm.steps import Complete, Destroy, Freeze, Thaw, by_copy
from backends.vsphere.looks import ACTIVE, COPY, MARKS, MachineNow
from store.estate import PowerState

REVERSE, WHOLE = MARKS + "reverse", MARKS + "reverse.complete"
"""Marks of a copy at the source: of which replication it is, and that it is complete."""


def copies(at: VmNow) -> tuple[MachineNow, ...]:
    """The copies of the active side at the source, the newest first; also those that are not complete."""
    found = [m for m in at.source.machines or () if m.marks.get(REVERSE) == at.name]
    return tuple(sorted(found, key=lambda m: m.marks.get(FROZEN, ""), reverse=True))


def protected(at: VmNow) -> MachineNow | None:
    """The newest complete copy; None: there is none."""
    return next((m for m in copies(at) if m.marks.get(WHOLE) == "true"), None)


def draw(draft: VmDraft) -> None:
    """Fill in the steps. Refused unless the replica is the active side, and the machine at the source is off."""
    at = draft.at
    active, vm, one = at.active, at.vm, at.replication
    serving = active is not None and ACTIVE in active.machine.marks and active.machine.power is PowerState.ON
    seen = "no copy took over" if active is None else f"{active.machine.name} is {active.machine.power}"
    words = f"{at.name} runs at {one.destination} since a failover"
    draft.guard("vm.active", words, serving, at.target.failure or seen, at.target)
    off = vm is not None and vm.connection == "connected" and vm.power is PowerState.OFF
    words = f"{at.source.device} shows {one.vm}, and it is off"
    draft.guard("vm.fenced", words, off, at.missing if vm is None else f"{vm.power}, {vm.connection}", at.source)
    if not draft.refused and active is not None and vm is not None:
        _draw(draft, at, active.machine, vm)
    draft.loss, draft.loss_s = f"nothing of {at.name}: it runs on, and nothing is overwritten", 0.0


def _draw(draft: VmDraft, at: VmNow, machine: MachineNow, vm: MachineNow) -> None:
    one = at.replication
    where, wanted = home_spot(at, machine, vm), int(machine.size * ROOM)
    words, good = f"{one.source} has the place where {vm.name} is", "its datastore, host, folder and pool"
    fits = draft.guard("vm.place", words, not where.wrong, "; ".join(where.wrong) or good, at.source)
    words = f"the disks of {machine.name} and a tenth more are free there"
    evidence = f"{where.free >> 30} GiB are free, {wanted >> 30} GiB are wanted"
    if not (draft.guard("vm.space", words, where.free >= wanted, evidence, at.source) and fits):
        return
    run, here, there = draft.run_tag, one.source, one.destination
    snapshot, token = f"{SNAPSHOT}{run}", f"reverse-{run}-{at.name}"
    undo = draft.undo(Thaw(there, machine.moid, machine.uuid, snapshot), f"Remove the snapshot {snapshot}")
    draft.undoes[-1] = replace(draft.undoes[-1], limit_s=UNDO_S)
    freeze = Freeze(there, machine.moid, machine.uuid, snapshot, quiesce=machine.tools)
    draft.add(freeze, f"Freeze {machine.name} in a snapshot", needs=(), limit_s=FREEZE_S, undo=undo)
    name, marks = f"{one.name[:40]}_reverse_{run}", ((REVERSE, one.name),)
    lost = draft.undo(Destroy(here, by_copy(token), "", (COPY, token), (WHOLE, "true")), f"Destroy what is of {name}")
    step: CloneVm | CarryVm
    if here == there and at.source.places is not None and at.source.places.clones:
        step = CloneVm(here, machine.moid, machine.uuid, snapshot, name, where.place, token, marks, FROZEN)
    else:
        nets = tuple((known, moid) for known, (moid, _) in where.networks.items())
        step = CarryVm(here, there, machine.moid, machine.uuid, snapshot, name, where.place, nets, token, marks, FROZEN)
    draft.add(step, f"Copy {machine.name} to {here} as {name}", limit_s=COPY_S, undo=lost)
    sizes = tuple(disk.capacity for disk in machine.disks)
    shape = Complete(
        here, by_copy(token), "", sizes, machine.cpus, machine.memory_mb, len(machine.cards), (WHOLE, "true")
    )
    whole = draft.add(shape, f"Check {name}, and mark it complete")
    draft.add(Thaw(there, machine.moid, machine.uuid, snapshot), f"Remove the snapshot {snapshot}", limit_s=THAW_S)
    drop(draft, at, (whole,))
    if at.owes_autostart:  # a disaster could not ask its server
        autostart_plan.stay_off(draft, at, ())
    draft.notes.append(
        f"{name} stays off and holds {at.name} as it is when it is frozen: reprotect once more for a newer one."
    )


def drop(draft: VmDraft, at: VmNow, needs: tuple[str, ...]) -> None:
    """Destroy the copies of the active side that are there now, behind the steps ``needs``."""
    for old in copies(at):
        step = Destroy(at.replication.source, old.moid, old.uuid, (REVERSE, at.name))
        draft.add(step, f"Destroy the copy {old.name}", needs=needs, destructive=True)
