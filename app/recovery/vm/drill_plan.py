"""Drills of replicated VMs (procedures 5.2): a copy comes up on an isolated port group, while the source runs on and
replication goes on; and their clean-up, which is a run of its own. Pure.

Where a vCenter can clone, it is on a clone of the newest complete copy; a standalone host runs that copy itself, and
goes back to what it was afterwards. Later passes make generations of their own, so neither holds them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from app.recovery.draft import CannotPlanError, merged
from app.recovery.vm import rehearsal
from app.recovery.vm.capacity import landing
from app.recovery.vm.copy_steps import CloneVm
from app.recovery.vm.failover_plan import BOOT_S, STOP_S, WAVE, chosen
from app.recovery.vm.power_steps import StartVm, WaitVm
from app.recovery.vm.readiness import isolation
from app.recovery.vm.situation import Generation, VmDraft, VmNow, networked, spot
from app.recovery.vm.steps import Cards, Destroy, Freeze, Mark, RevertTo, StopVm, Thaw, by_copy
from backends.vsphere.looks import DRILL as MARK
from backends.vsphere.looks import Card
from store.drills import DRILLS, order, subject
from store.readiness import Verdict
from store.recorded import from_text
from store.replications import CLEANUP, DRILL, target
from store.runs import ENDED, Plan, Run

BEFORE = "pre-drill-"


def plan(members: Sequence[VmNow], run_id: str) -> Plan:
    """The drill. Refused without an isolated port group."""
    made = merged(DRILL, drafted(members, run_id, WAVE), noun="VMs")
    if made.refused:
        return made
    rehearsed = rehearsal.note(members)
    notes = (*made.notes, rehearsed, f"The clean-up is owed until it is done: drdeck vm cleanup {run_id}")
    return replace(made, confirm=(made.name,), notes=notes)


def drafted(members: Sequence[VmNow], run_id: str, wave: int, prefix: str = "g") -> list[VmDraft]:
    """The drafts of that plan, one for each VM. The ids of several begin with ``prefix``."""
    drafts: list[VmDraft] = []
    started: list[str] = []
    for number, at in enumerate(members):
        before = (started[number - wave],) if len(started) > number - wave >= 0 else ()
        draft = VmDraft(at, f"{prefix}{number + 1}." if len(members) > 1 or prefix != "g" else "s", run_id)
        on = _drill(draft, at, before)
        started += [on] if on is not None else []
        draft.loss, draft.loss_s = "nothing: the source runs on, and replication goes on", 0.0
        drafts.append(draft)
    return drafts


def _drill(draft: VmDraft, at: VmNow, before: tuple[str, ...]) -> str | None:
    one = at.replication
    named = one.drill_network is not None
    draft.guard(
        "drill.isolated", f"[[replications]] names an isolated port group for {at.name}", named,
        f"drill_network = {one.drill_network}" if named else "drill_network is not set",
    )  # fmt: skip
    draft.guard(
        "vm.target", f"{at.target.device} shows the copies of {at.name}", at.target.read and not at.strange,
        at.target.failure or "; ".join(at.strange) or f"{len(at.generations)} copies", at.target,
    )  # fmt: skip
    owed = [*(f"vm cleanup {drill}" for drill in at.standing.owed), *at.standing.of_plans]
    seen = f"it is not cleaned up: drdeck {owed[-1]}" if owed else "none is"
    draft.guard("drill.owed", f"no earlier drill of {at.name}, with its MACs, is still up", not owed, seen)
    production = one.drill_network in {one.network(c.network) for c in _cards(at) if c.network}
    words = f"{one.drill_network} is none of the port groups that {at.name} serves on"
    draft.guard("drill.network", words, not production, str(one.drill_network))
    if draft.refused:
        return None
    lone = isolation(at, landing(at))
    if lone.verdict is Verdict.FAILS:
        draft.guard("drill.uplink", f"{at.name}: {lone.words}", False, lone.evidence, at.target)
    elif lone.verdict is Verdict.UNKNOWN:
        draft.notes.append(f"Not known of {at.name}: {lone.words}: {lone.evidence}.")
    newest = chosen(draft, at)
    if newest is None:
        return None
    assert at.target.places is not None and one.drill_network is not None
    cards = newest.cards or newest.machine.cards
    only = {card.network: one.drill_network for card in cards if card.network}
    wanted = networked(at.target.places, newest.machine.host, cards, only)
    if isinstance(wanted, str):
        draft.guard("drill.network", f"{one.destination} has {one.drill_network}", False, wanted, at.target)
        return None
    return _steps(draft, at, newest, wanted, before)


def _cards(at: VmNow) -> tuple[Card, ...]:
    newest = at.complete[0] if at.complete else None
    known = newest.cards if newest is not None else None
    return known or (at.vm.cards if at.vm is not None else ())


def _steps(
    draft: VmDraft, at: VmNow, newest: Generation, wanted: tuple[tuple[str, str, str, bool], ...],
    before: tuple[str, ...],
) -> str | None:  # fmt: skip
    one, run, machine = at.replication, draft.run_tag, newest.machine
    server = one.destination
    assert at.target.places is not None
    if at.target.places.clones:
        where = spot(at.target.places, (), {}, datastore=one.datastore, host=one.host, pool=one.pool, folder=one.folder)
        words = f"{server} has the place that is named for {at.name}"
        seen = "; ".join(where.wrong) or one.datastore
        if not draft.guard("vm.place", words, not where.wrong, seen, at.target):
            return None
        token = f"drill-{run}-{at.name}"
        name = f"{at.name[:50]}_drill_{run}"
        copy = CloneVm(server, machine.moid, machine.uuid, None, name, where.place, token, ((MARK, run),))
        ready = draft.add(copy, f"Clone {machine.name} as {name}", needs=(), limit_s=600.0)
        vm, uuid = by_copy(token), ""
    else:
        vm, uuid = machine.moid, machine.uuid
        kept = draft.add(
            Freeze(server, vm, uuid, f"{BEFORE}{run}", quiesce=False), f"Keep {machine.name} in a snapshot"
        )
        ready = draft.add(Mark(server, vm, uuid, ((MARK, run),), "a drill is on it"), "Mark it", needs=(kept,))
    if wanted:
        ready = draft.add(Cards(server, vm, uuid, wanted), "Put it on the isolated port group", needs=(ready,))
    start = StartVm(server, vm, uuid, None, True, (), (), True, (MARK, run))
    on = draft.add(start, f"Power the drill of {at.name} on", needs=(ready,), after=before, limit_s=BOOT_S)
    draft.add(WaitVm(server, vm, uuid), f"Wait for the Tools of the drill of {at.name}", needs=(on,), limit_s=BOOT_S)
    return on


# ------------------------------------------------------------------------------------------------------------ clean-up


def cleanup(members: Sequence[VmNow], drill: Run, run_id: str) -> Plan:
    """Everything back as it was before the drill. Raises :class:`CannotPlanError` for a run that is none, or that goes
    on."""
    if drill.plan.verb != DRILL:
        how = f", cleaned up by drdeck {order(drill)}" if drill.plan.verb in DRILLS else ""
        raise CannotPlanError(f"{drill.id} is no drill of VMs: it is {drill.plan.name}{how}")
    if drill.state not in ENDED:
        raise CannotPlanError(f"the drill {drill.id} is {drill.state}: let it end, or abort it first")
    drafts = cleaned(members, drill, run_id)
    if not drafts:
        raise CannotPlanError(f"The configuration has no replication that the drill {drill.id} was about")
    made = merged(CLEANUP, drafts, noun="VMs")
    made = replace(made, name=f"{CLEANUP} {subject(drill.id)}")
    return made if made.refused else replace(made, confirm=(f"discard DR writes of {drill.id}",))


def cleaned(members: Sequence[VmNow], drill: Run, run_id: str, prefix: str = "g") -> list[VmDraft]:
    """The drafts of that plan, one for each VM that the drill was about."""
    drafts: list[VmDraft] = []
    for number, at in enumerate(at for at in members if target(at.name) in drill.plan.targets):
        draft = VmDraft(at, f"{prefix}{number + 1}.", run_id)
        words = f"{at.target.device} can be read"
        draft.guard("vm.target", words, at.target.read, at.target.failure or "it answers", at.target)
        _back(draft, at, drill)
        draft.loss = "what was written in the drill"
        drafts.append(draft)
    return drafts


def _back(draft: VmDraft, at: VmNow, drill: Run) -> None:
    server = at.replication.destination
    token = f"drill-{drill.id}-{at.name}"
    for planned in drill.plan.steps:
        if planned.kind == "vm.clone" and (made := from_text(CloneVm, planned.params)).copy == token:
            vm = by_copy(token)
            stop = StopVm(server, vm, "", True, 0.0, absent=True)
            off = draft.add(stop, f"Stop {made.name}", needs=(), destructive=True, limit_s=STOP_S)
            gone = Destroy(server, vm, "", (MARK, drill.id))
            draft.add(gone, f"Destroy {made.name}", needs=(off,), destructive=True)
        if planned.kind == "vm.mark":
            mark = from_text(Mark, planned.params)
            mine = any(g.machine.moid == mark.vm for g in at.generations)
            if mine and (MARK, drill.id) in mark.marks:
                snapshot = f"{BEFORE}{drill.id}"
                stop = StopVm(server, mark.vm, mark.uuid, True, 0.0)
                off = draft.add(stop, "Stop the copy of the drill", needs=(), destructive=True, limit_s=STOP_S)
                back = RevertTo(server, mark.vm, mark.uuid, snapshot, MARK)
                was = draft.add(back, f"Take it back to {snapshot}", needs=(off,), destructive=True)
                draft.add(Thaw(server, mark.vm, mark.uuid, snapshot), f"Remove {snapshot}", needs=(was,))
