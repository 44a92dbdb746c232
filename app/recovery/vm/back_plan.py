"""Failback of a replicated VM (procedures 5.2): its data goes back first, into a new machine at the source. Pure.

The machine that served there before stays as it is, off and under another name, until somebody does without it.
"""

from __future__ import annotations

from msgspec.structs import replace

from app.recovery.draft import merged
from app.recovery.vm.autostart_plan import kept
from app.recovery.vm.autostart_steps import WithHost
from app.recovery.vm.copy_steps import CarryVm, CloneVm
from app.recovery.vm.failover_plan import BEFORE, BOOT_S, STOP_S
from app.recovery.vm.pass_plan import COPY_S, FREEZE_S, SNAPSHOT, THAW_S
from app.recovery.vm.power_steps import StartVm, WaitVm
from app.recovery.vm.situation import ROOM, Spot, VmDraft, VmNow, networked, spot
from app.recovery.vm.steps import Cards, Complete, Destroy, Freeze, Mark, Rename, StopVm, Thaw, by_copy
from backends.vsphere.acts import GRACE_S
from backends.vsphere.looks import ACTIVE, COPY, MachineNow
from store.estate import PowerState
from store.replications import FAILBACK
from store.runs import Plan

BACK, FROZEN = "drdeck.back", "drdeck.frozen"


def plan(at: VmNow, run_id: str) -> Plan:
    """The failback. Refused unless the replica is the active side and the machine at the source is off."""
    draft = VmDraft(at, "s", run_id)
    draw(draft)
    made = merged(FAILBACK, [draft], noun="VMs")
    return made if made.refused else replace(made, confirm=(made.name,))


def draw(draft: VmDraft) -> None:
    """Fill in the steps of the failback of one VM."""
    at = draft.at
    active, vm, one = at.active, at.vm, at.replication
    run = active.machine.marks.get(ACTIVE) if active is not None else None
    seen = at.target.failure or ("no copy carries the mark of a failover" if run is None else f"run {run}")
    draft.guard("vm.active", f"{at.name} is failed over", active is not None and run is not None, seen, at.target)
    words = f"{at.source.device} shows {one.vm}, and it is off"
    off = vm is not None and vm.connection == "connected" and vm.power is PowerState.OFF
    draft.guard("vm.fenced", words, off, at.missing if vm is None else f"{vm.power}, {vm.connection}", at.source)
    if not draft.refused:
        assert active is not None and vm is not None and run is not None
        _draw(draft, at, active.machine, vm, run)
    draft.loss, draft.loss_s = f"nothing of {at.name}: its data is copied back once it is stopped", 0.0


def _draw(draft: VmDraft, at: VmNow, machine: MachineNow, vm: MachineNow, run: str) -> None:
    one = at.replication
    where = home_spot(at, machine, vm)
    wanted = int(machine.size * ROOM)
    good = draft.guard(
        "vm.place", f"{one.source} has the place where {vm.name} is", not where.wrong,
        "; ".join(where.wrong) or "its datastore, host, folder and pool", at.source,
    )  # fmt: skip
    words = f"the disks of {machine.name} and a tenth more are free there"
    evidence = f"{where.free >> 30} GiB are free, {wanted >> 30} GiB are wanted"
    good &= draft.guard("vm.space", words, where.free >= wanted, evidence, at.source)
    assert at.source.places is not None
    cards = networked(at.source.places, vm.host, vm.cards, {})
    same = len(vm.cards) == len(machine.cards)
    seen = cards if isinstance(cards, str) else f"{len(vm.cards)} there, {len(machine.cards)} here"
    words = f"the network cards of {machine.name} are those of {vm.name}"
    good &= draft.guard("vm.portgroup-map", words, same and not isinstance(cards, str), seen, at.source)
    if good and not isinstance(cards, str):
        _steps(draft, at, machine, vm, where, cards, run)


def home_spot(at: VmNow, machine: MachineNow, vm: MachineNow) -> Spot:
    """Where the machine at the source is."""
    places = at.source.places
    assert places is not None
    held = vm.disks[0].datastore if vm.disks else None
    store = next((one.name for one in places.stores if one.moid == held), held or "?")
    host = next((one.name for one in places.hosts if one.moid == vm.host), None)
    back = {there: here for here, there in at.replication.networks.items()}
    found = spot(places, machine.cards, back, datastore=store, host=host)
    place = replace(found.place, folder=vm.folder or found.place.folder, pool=vm.pool or found.place.pool)
    return replace(found, place=place)


def _steps(
    draft: VmDraft,
    at: VmNow,
    machine: MachineNow,
    vm: MachineNow,
    where: Spot,
    cards: tuple[tuple[str, str, str, bool], ...],
    run: str,
) -> None:
    one, tag = at.replication, draft.run_tag
    here, there, snapshot, token = one.source, one.destination, f"{SNAPSHOT}{tag}", f"back-{tag}-{at.name}"
    new = by_copy(token)
    watched = tuple(dict.fromkeys((here, there)))
    stop = StopVm(there, machine.moid, machine.uuid, not machine.tools, GRACE_S)
    served = _serves_again(draft, there, machine, (here, new, ""), watched)
    draft.add(stop, f"Stop {machine.name} on {there}", destructive=True, limit_s=STOP_S, undo=served)
    freeze = Freeze(there, machine.moid, machine.uuid, snapshot, quiesce=False)
    thaw = draft.undo(Thaw(there, machine.moid, machine.uuid, snapshot), f"Remove the snapshot {snapshot}")
    draft.add(freeze, f"Freeze {machine.name} in a snapshot", limit_s=FREEZE_S, undo=thaw)
    name, marks = f"{one.name[:40]}_back_{tag}", ((BACK, tag),)
    step: CloneVm | CarryVm
    if here == there and at.source.places is not None and at.source.places.clones:
        step = CloneVm(here, machine.moid, machine.uuid, snapshot, name, where.place, token, marks, FROZEN)
    else:
        nets = tuple((name, moid) for name, (moid, _) in where.networks.items())
        step = CarryVm(here, there, machine.moid, machine.uuid, snapshot, name, where.place, nets, token, marks, FROZEN)
    lost = draft.undo(Destroy(here, new, "", (COPY, token)), f"Destroy what was made of {name}")
    draft.add(step, f"Copy {machine.name} back to {here} as {name}", limit_s=COPY_S, undo=lost)
    sizes = tuple(disk.capacity for disk in machine.disks)
    shape = Complete(here, new, "", sizes, machine.cpus, machine.memory_mb, len(machine.cards), (BACK, "complete"))
    draft.add(shape, f"Check {name}, and mark it complete")
    draft.add(Thaw(there, machine.moid, machine.uuid, snapshot), f"Remove the snapshot {snapshot}", limit_s=THAW_S)
    old = f"{vm.name[:50]}_old_{tag}"
    before = draft.undo(Rename(here, vm.moid, vm.uuid, vm.name), f"Call {old} {vm.name} again")
    draft.add(Rename(here, vm.moid, vm.uuid, old), f"Call the machine that served before {old}", undo=before)
    before = draft.undo(Rename(here, new, "", name), f"Call the copy {name} again")
    draft.add(Rename(here, new, "", vm.name), f"Call {name} {vm.name}", undo=before)
    if cards:
        draft.add(Cards(here, new, "", cards), "Set its networks and its MACs")
    macs = tuple(card.mac for card in vm.cards if card.connected)
    home = (there, machine.moid, machine.uuid)
    start = StartVm(here, new, "", home, False, macs, watched, False, (BACK, "complete"))
    on = draft.add(start, f"Power {vm.name} on at {here}", limit_s=BOOT_S)
    # Once it may run here nothing is taken back.
    draft.undoes[:] = [replace(undo, unless=on) for undo in draft.undoes]
    draft.add(WaitVm(here, new, ""), f"Wait for the Tools of {vm.name}", limit_s=BOOT_S)
    passive = Mark(there, machine.moid, machine.uuid, ((ACTIVE, ""),), "it is no longer the active side")
    draft.add(passive, f"{machine.name} is a replica again")
    before = f"{BEFORE}{run}"
    draft.add(Thaw(there, machine.moid, machine.uuid, before), f"Remove the snapshot {before}", limit_s=THAW_S)
    if (starts := kept(draft, at)) is not None:
        # A failover in a disaster could not ask how the machine started that served before.
        draft.add(WithHost(here, vm.moid, vm.uuid, starts.off), f"See that {old} does not start with its host")
        draft.add(WithHost(here, new, "", starts), f"Give {vm.name} its auto-start back")
    draft.notes.append(f"{old} stays, off, with what it held before the failover: destroy it once all is well.")
    if one.vm == vm.uuid:
        draft.notes.append(f"{vm.name} has another instance UUID then: change vm of {at.name} in the configuration.")


def _serves_again(
    draft: VmDraft, there: str, machine: MachineNow, home: tuple[str, str, str], watched: tuple[str, ...]
) -> str:
    """What takes the stop of the active side back, as long as this run never sent a start at ``home``. Its id."""
    macs = tuple(card.mac for card in machine.cards if card.connected)
    start = StartVm(there, machine.moid, machine.uuid, home, True, macs, watched, False, ("", ""))
    undo = draft.undo(start, f"Power {machine.name} on again on {there}")
    draft.undoes[-1] = replace(draft.undoes[-1], limit_s=BOOT_S)
    draft.notes.append(
        f"A step that fails before {draft.at.name} is started at home waits for you: tried again it goes on, aborted "
        f"it powers {machine.name} on again on {there}."
    )
    return undo
