"""Failover of replicated VMs, planned and in a disaster (procedures 5.2), and its undoing. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from app.recovery import witnesses
from app.recovery.draft import merged
from app.recovery.vm import autostart_plan, host_down
from app.recovery.vm.autostart_steps import WithHost
from app.recovery.vm.capacity import Room, rooms
from app.recovery.vm.pass_plan import copy, next_copy
from app.recovery.vm.power_steps import StartVm, WaitVm
from app.recovery.vm.readiness import landing_checks
from app.recovery.vm.situation import Generation, VmDraft, VmNow, networked
from app.recovery.vm.steps import Cards, Freeze, Mark, RevertTo, StopVm, Thaw, by_copy
from backends.vsphere.acts import GRACE_S
from backends.vsphere.autostart import KEPT
from backends.vsphere.looks import ACTIVE, Card, MachineNow
from store.estate import PowerState
from store.readiness import Severity, Verdict
from store.replications import FAILOVER, UNDO
from store.runs import SECOND_PERSON, Plan

WAVE = 10
BEFORE = "pre-failover-"
"""The name of the snapshot that a failover takes of a replica begins so, and ends with its run."""
STOP_S, BOOT_S = GRACE_S + 300.0, 900.0
FENCED_S = 300.0
"""Where the source may still write until it is stopped, the loss is bounded for so long after it was looked at."""


class Asked(Struct, frozen=True):
    """``disaster``: the source is not needed, and what came after the newest complete copy is lost. ``immediately``:
    the guest is not asked to shut down. ``wave`` is how many are being started at a time."""

    disaster: bool = False
    immediately: bool = False
    wave: int = WAVE


def plan(members: Sequence[VmNow], asked: Asked, run_id: str) -> Plan:
    """The failover of VMs, each in steps of its own."""
    made = merged(FAILOVER, drafted(members, asked, run_id), noun="VMs")
    if made.refused:
        return made
    words = (made.name, *(word for word in made.confirm if word != made.name))
    return replace(made, confirm=words)


def drafted(members: Sequence[VmNow], asked: Asked, run_id: str, prefix: str = "g") -> list[VmDraft]:
    """The drafts of that plan, one for each VM. The ids of several begin with ``prefix``."""
    drafts: list[VmDraft] = []
    started: list[str] = []
    found = rooms(members)
    for number, at in enumerate(members):
        before = (started[number - asked.wave],) if number >= asked.wave and len(started) > number - asked.wave else ()
        draft = VmDraft(at, f"{prefix}{number + 1}." if len(members) > 1 or prefix != "g" else "s", run_id)
        on = _drawn(draft, at, asked, before) if _lands(draft, at, found.get(at.name)) else None
        started += [on] if on is not None else []
        drafts.append(draft)
    return drafts


def _drawn(draft: VmDraft, at: VmNow, asked: Asked, before: tuple[str, ...]) -> str | None:
    active = at.active
    if active is not None and ACTIVE in active.machine.marks:
        if active.machine.power is PowerState.OFF:
            return _again(draft, at, active, before)
        if at.owes_autostart:
            _settled(draft, at, active)
            return None
    return _disaster(draft, at, asked, before) if asked.disaster else _planned(draft, at, asked, before)


def _lands(draft: VmDraft, at: VmNow, room: Room | None) -> bool:
    """Guards out of the readiness checks of what it is started on, with all others of the plan. What only warns, or
    could not be read, is said and refuses nothing: there may be nobody left to read it from."""
    if not at.target.read or at.active is not None:
        return True  # another guard says so
    for one in landing_checks(at, room):
        if one.verdict is Verdict.UNKNOWN:
            draft.notes.append(f"Not known of {at.name}: {one.words}: {one.evidence}.")
        elif one.severity is not Severity.WARN:
            draft.guard(one.id, f"{at.name}: {one.words}", one.verdict is Verdict.HOLDS, one.evidence, at.target)
        elif one.verdict is Verdict.FAILS:
            draft.notes.append(f"{at.name}: {one.evidence}.")
    return not draft.refused


def _again(draft: VmDraft, at: VmNow, active: Generation, before: tuple[str, ...]) -> str | None:
    """It took over already and is off now: a failback that was given up, or a start that failed. It is only started."""
    vm, machine = at.vm, active.machine
    seen = at.missing if vm is None else f"it is {vm.power}"
    words = f"{at.replication.vm} does not run on {at.source.device}"
    if not draft.guard("vm.fenced", words, vm is None or vm.power is PowerState.OFF, seen, at.source):
        return None
    draft.loss, draft.loss_s = f"nothing of {at.name}: its active side is started again", 0.0
    draft.notes.append(f"{machine.name} took over in run {machine.marks[ACTIVE]}: it is only started again.")
    home = (at.source.device, vm.moid, vm.uuid) if vm is not None else None
    macs = tuple(card.mac for card in machine.cards if card.connected)
    return _start(draft, at, (machine.moid, machine.uuid, machine.marks[ACTIVE]), home, macs, vm is None, before)


def _settled(draft: VmDraft, at: VmNow, active: Generation) -> None:
    """It took over and serves; its source answers again, and would start by itself: only that is switched off."""
    autostart_plan.guard(draft, at)
    draft.loss, draft.loss_s = f"nothing of {at.name}: it serves already", 0.0
    run = active.machine.marks[ACTIVE]
    draft.notes.append(
        f"{active.machine.name} took over in run {run}: only the auto-start of its source is switched off."
    )
    autostart_plan.stay_off(draft, at, ())


def _start(
    draft: VmDraft,
    at: VmNow,
    replica: tuple[str, str, str],
    home: tuple[str, str, str] | None,
    macs: tuple[str, ...],
    dark: bool,
    before: tuple[str, ...],
) -> str:
    """Start it and wait until it is up: ``replica`` are its id, its UUID and the run that marked it. Returns the step
    that starts it."""
    one, (vm, uuid, run) = at.replication, replica
    watched = tuple(dict.fromkeys((one.destination, one.source)))
    start = StartVm(one.destination, vm, uuid, home, dark, macs, watched, False, (ACTIVE, run))
    title = f"Power {at.name} on at {one.destination}"
    on = draft.add(start, title, needs=draft.join, after=before, limit_s=BOOT_S)
    probe = (one.probe.host, one.probe.port) if one.probe is not None else None
    title = f"Wait until {one.probe.host}:{one.probe.port} answers" if one.probe else f"Wait for the Tools of {at.name}"
    draft.add(WaitVm(one.destination, vm, uuid, probe), title, needs=(on,), limit_s=BOOT_S)
    # Once it may run there nothing is taken back: going back is an undo or a failback, which people ask for.
    draft.undoes[:] = [replace(undo, unless=on) for undo in draft.undoes]
    return on


def _target(draft: VmDraft, at: VmNow) -> bool:
    """The guards of every failover."""
    seen = at.target.failure or "; ".join(at.strange) or f"{len(at.generations)} copies"
    good = draft.guard(
        "vm.target", f"{at.target.device} shows the copies of {at.name}", at.target.read and not at.strange, seen,
        at.target,
    )  # fmt: skip
    active = at.active
    shown = "none runs" if active is None else f"{active.machine.name} is {active.machine.power}"
    return draft.guard("vm.direction", f"{at.name} is not failed over yet", active is None, shown, at.target) and good


def _planned(draft: VmDraft, at: VmNow, asked: Asked, before: tuple[str, ...]) -> str | None:
    """The source is stopped, a last copy made, and that one started: nothing is lost."""
    if not _target(draft, at):
        return None
    vm, one = at.vm, at.replication
    words = f"{at.source.device} shows {one.vm}, so that it can be stopped"
    seen = at.missing if vm is None else f"{vm.power}, {vm.connection}"
    if not draft.guard("vm.fenced", words, vm is not None and vm.connection == "connected", seen, at.source):
        return None
    assert vm is not None
    autostart_plan.guard(draft, at)
    stop = StopVm(one.source, vm.moid, vm.uuid, asked.immediately or not vm.tools, GRACE_S)
    title = f"Stop {vm.name} on {one.source}"
    again = _again_at_home(draft, at, vm, by_copy(next_copy(draft, at)), "")
    stopped = draft.add(stop, title, destructive=True, limit_s=STOP_S, undo=again)
    token = copy(draft, at, stopped=True, needs=(stopped,))
    if token is None:
        return None
    draft.loss, draft.loss_s = f"nothing of {at.name}: the last copy is made once it is stopped", 0.0
    home = (one.source, vm.moid, vm.uuid)
    return _up(draft, at, by_copy(token), "", vm.cards, home, one.host and _host(at), dark=False, before=before)


def _again_at_home(draft: VmDraft, at: VmNow, vm: MachineNow, copy: str, uuid: str) -> str:
    """What takes the stop of the source back, as long as this run never sent a start of the ``copy``: the other server
    need not answer for it, and where it does the copy must be off. Returns its id."""
    one = at.replication
    macs = tuple(card.mac for card in vm.cards if card.connected)
    watched = tuple(dict.fromkeys((one.source, one.destination)))
    there = (one.destination, copy, uuid)
    start = StartVm(one.source, vm.moid, vm.uuid, there, True, macs, watched, False, ("", ""))
    undo = draft.undo(start, f"Power {vm.name} on again on {one.source}")
    draft.undoes[-1] = replace(draft.undoes[-1], limit_s=BOOT_S)
    draft.notes.append(
        f"A step that fails before {at.name} is started at {one.destination} waits for you: tried again it goes on, "
        f"aborted it powers {vm.name} on again on {one.source}."
    )
    return undo


def _disaster(draft: VmDraft, at: VmNow, asked: Asked, before: tuple[str, ...]) -> str | None:
    """The newest complete copy is started; the source is stopped where it can be seen, and never needed."""
    if not _target(draft, at):
        return None
    newest = chosen(draft, at)
    if newest is None:
        return None
    machine, vm, one = newest.machine, at.vm, at.replication
    stopped: tuple[str, ...] = ()
    writes = vm is not None and vm.connection == "connected" and vm.power is not PowerState.OFF
    if vm is not None and vm.connection == "connected":
        if writes:
            until = at.now.timestamp() + FENCED_S
            stop = StopVm(one.source, vm.moid, vm.uuid, True, GRACE_S, until)
            title, again = f"Stop {vm.name} on {one.source} at once", _again_at_home(draft, at, vm, machine.moid, "")
            stopped = (draft.add(stop, title, destructive=True, limit_s=STOP_S, undo=again),)
    elif not _dark(draft, at):
        return None
    _bound(draft, at, newest, writes=writes)
    home = (one.source, vm.moid, vm.uuid) if vm is not None else None
    cards = newest.cards
    if cards is None:
        cards = vm.cards if vm is not None else machine.cards
        if vm is None:
            draft.notes.append(f"{machine.name} does not say the MACs of its source: it keeps its own")
    return _up(
        draft, at, machine.moid, machine.uuid, cards, home, machine.host, dark=True, before=before, needs=stopped
    )


def _host(at: VmNow) -> str | None:
    """The host that is named for the copies, by its id."""
    assert at.target.places is not None
    return next((h.moid for h in at.target.places.hosts if h.name == at.replication.host), None)


def chosen(draft: VmDraft, at: VmNow) -> Generation | None:
    """The newest complete copy, guarded: no half of one, and none that a drill is on."""
    newest = at.complete[0] if at.complete else None
    words = f"{at.target.device} has a complete copy of {at.name}"
    frozen = "" if newest is None else f"{newest.replica.point_in_time:%Y-%m-%d %H:%M:%S} UTC"
    hint = f"none: drdeck vm replicate {at.name} makes one" if at.vm is not None else "none"
    seen = hint if newest is None else f"{newest.machine.name} of {frozen}"
    if not draft.guard("vm.complete", words, newest is not None, seen, at.target):
        return None
    assert newest is not None
    free = newest.in_drill is None
    words = f"no drill goes on with {newest.machine.name}"
    shown = "none" if free else f"run {newest.in_drill}: drdeck vm cleanup {newest.in_drill}"
    return newest if draft.guard("vm.drill", words, free, shown, at.target) else None


def _dark(draft: VmDraft, at: VmNow) -> bool:
    dark, evidence = witnesses.believed(at.witnesses)
    down, of_host = witnesses.believed(at.of_host)
    if down and not dark:
        return _host_down(draft, at, of_host)
    words = f"{witnesses.NEEDED} witnesses say that {at.source.site} is dark, and nobody that it is not"
    if at.vm is not None:
        evidence = f"{at.vm.name} is {at.vm.connection}, which proves nothing; {evidence}"
    if at.of_host and not dark:
        evidence = f"{evidence}. Nor is it proven that its host alone is down: {of_host}"
    draft.confirm += [f"site {at.source.site} is dark", f"{SECOND_PERSON}NAME"]
    return draft.guard("site.dark", words, dark, evidence)


def _host_down(draft: VmDraft, at: VmNow, evidence: str) -> bool:
    """One dead host of a site that lives: a second person says so too."""
    host = host_down.name_of(at)
    draft.confirm += [f"host {host} is down", f"{SECOND_PERSON}NAME"]
    draft.notes.append(f"When {host} returns, {at.replication.vm} must not run there: see to it before it is repaired.")
    words = f"{witnesses.NEEDED} independent witnesses say that {host} is down, and nobody that it is not"
    return draft.guard("host.down", words, True, evidence, at.source)


def bound_s(at: VmNow, newest: Generation, *, writes: bool) -> float:
    """How much is lost at most, in seconds."""
    return max(0.0, (at.now - newest.replica.point_in_time).total_seconds()) + (FENCED_S if writes else 0.0)


def _bound(draft: VmDraft, at: VmNow, newest: Generation, *, writes: bool) -> None:
    seconds = bound_s(at, newest, writes=writes)
    draft.loss_s = seconds
    frozen = f"{newest.replica.point_in_time:%Y-%m-%d %H:%M:%S} UTC"
    more = f", and {FENCED_S:g} s until it is stopped" if writes else ""
    draft.loss = f"what {at.name} wrote after {frozen}, when its newest complete copy was frozen{more}"
    draft.confirm.append(f"lose {max(1, math.ceil(seconds / 60))} min")


def _up(
    draft: VmDraft,
    at: VmNow,
    vm: str,
    uuid: str,
    cards: tuple[Card, ...],
    home: tuple[str, str, str] | None,
    host: str | None,
    *,
    dark: bool,
    before: tuple[str, ...],
    needs: tuple[str, ...] = (),
) -> str | None:
    """Guard and steps that bring a copy up in the place of its source. Returns the step that starts it."""
    one, run = at.replication, draft.run_tag
    assert at.target.places is not None
    wanted = networked(at.target.places, host, cards, one.networks)
    if isinstance(wanted, str):
        draft.guard("vm.portgroup-map", f"{one.destination} has the port groups of {at.name}", False, wanted, at.target)
        return None
    server, snapshot = one.destination, f"{BEFORE}{run}"
    thaw = draft.undo(Thaw(server, vm, uuid, snapshot), f"Remove the snapshot {snapshot}")
    kept = draft.add(
        Freeze(server, vm, uuid, snapshot, quiesce=False), "Keep the replica as it is in a snapshot",
        needs=draft.join or needs, undo=thaw,
    )  # fmt: skip
    # Behind the snapshot, so that going back to it takes the mark off too.
    mark = Mark(server, vm, uuid, ((ACTIVE, run),), "it is the active side")
    passive = Mark(server, vm, uuid, ((ACTIVE, ""),), "it is not the active side")
    off = draft.undo(passive, f"Take the mark of the active side off the replica of {at.name}")
    marked = draft.add(mark, "Mark the replica as the active side: no pass touches it", needs=(kept,), undo=off)
    if wanted:
        draft.add(Cards(server, vm, uuid, wanted), "Set its networks and its MACs", needs=(marked,))
    macs = tuple(mac for _, _, mac, on in wanted if on)
    on = _start(draft, at, (vm, uuid, run), home, macs, dark, before)
    draft.notes.append(f"Replication of {at.name} is off until drdeck vm failback {at.name}, or undo.")
    autostart_plan.stay_off(draft, at, (on,))
    return on


# ---------------------------------------------------------------------------------------------------------------- undo


def undo(at: VmNow, run_id: str) -> Plan:
    """Back to the source WITHOUT what was written at the destination (procedures 5.2)."""
    draft = VmDraft(at, "s", run_id)
    one, active, vm = at.replication, at.active, at.vm
    run = active.machine.marks.get(ACTIVE) if active is not None else None
    seen = at.target.failure or ("no copy carries the mark of a failover" if run is None else f"run {run}")
    draft.guard("vm.active", f"{at.name} is failed over", active is not None and run is not None, seen, at.target)
    words = f"{at.source.device} shows {one.vm}"
    shown = at.missing if vm is None else f"{vm.power}, {vm.connection}"
    draft.guard("vm.source", words, vm is not None and vm.connection == "connected", shown, at.source)
    if not draft.refused:
        assert active is not None and run is not None and vm is not None
        machine, snapshot = active.machine, f"{BEFORE}{run}"
        there = machine.snapshot(snapshot) is not None
        words = f"{machine.name} can go back to what it was before"
        if draft.guard("vm.undo", words, there, snapshot if there else f"it has no snapshot {snapshot}", at.target):
            stop = StopVm(one.destination, machine.moid, machine.uuid, not machine.tools, GRACE_S)
            draft.add(stop, f"Stop {machine.name} on {one.destination}", destructive=True, limit_s=STOP_S)
            back = RevertTo(one.destination, machine.moid, machine.uuid, snapshot, ACTIVE)
            draft.add(back, f"Take {machine.name} back to {snapshot}", destructive=True)
            draft.add(Thaw(one.destination, machine.moid, machine.uuid, snapshot), f"Remove {snapshot}")
            macs = tuple(card.mac for card in vm.cards if card.connected)
            watched = tuple(dict.fromkeys((one.source, one.destination)))
            home = (one.destination, machine.moid, machine.uuid)
            start = StartVm(one.source, vm.moid, vm.uuid, home, False, macs, watched, False, ("", ""))
            on = draft.add(start, f"Power {vm.name} on at {one.source}", limit_s=BOOT_S)
            wait = WaitVm(one.source, vm.moid, vm.uuid)
            up = draft.add(wait, f"Wait for the Tools of {vm.name}", needs=(on,), limit_s=BOOT_S)
            if (before := autostart_plan.kept(draft, at)) is not None:
                given = WithHost(one.source, vm.moid, vm.uuid, before)
                last = draft.add(given, f"Give {vm.name} its auto-start back", needs=(up,))
                unmark = Mark(one.source, vm.moid, vm.uuid, ((KEPT, ""),), "nothing is to be given back")
                draft.add(unmark, f"Take the mark of that off {vm.name}", needs=(last,))
    draft.loss = f"everything that {at.name} wrote at {one.destination}"
    made = merged(UNDO, [draft], noun="VMs")
    return made if made.refused else replace(made, confirm=(made.name, f"discard DR writes of {at.name}"))
