"""A restore: a backup verified and imported as a new machine, powered off, under a name that is free. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from app.recovery.draft import Draft, merged
from app.recovery.vm.copy_steps import HALF_MADE_S
from app.recovery.vm.pass_plan import COPY_S
from app.recovery.vm.situation import ROOM, SideNow, networked, spot
from app.recovery.vm.steps import Cards, Complete, Destroy, by_copy
from app.recovery.vmbackup.facts import Facts
from app.recovery.vmbackup.folders import stamp
from app.recovery.vmbackup.restore_steps import RestoreVm
from backends.vsphere.looks import COPY, MARKS, PlacesNow
from store.runs import Plan

RESTORE = "vm restore"
RESTORED = f"{MARKS}restored"
"""The mark of a machine that came out of a backup: which one, once it is complete."""


class Asked(Struct, frozen=True):
    """``networks``: what each port group of the backup is called there; ``datastore`` None: the only one there is."""

    server: str
    name: str
    datastore: str | None = None
    networks: Mapping[str, str] = field(default_factory=dict)
    keep_mac: bool = False


class RestoreNow(Struct, frozen=True):
    """A backup and the server that it goes to. ``wrong``: why the backup is of no use, empty: nothing is seen.
    ``others``: every other server, whose machines matter where addresses are kept."""

    asked: Asked
    now: datetime
    path: Path
    facts: Facts
    wrong: str
    target: SideNow
    others: tuple[SideNow, ...] = ()

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def keys(self) -> tuple[str, ...]:
        return (f"vm-name:{self.asked.server}:{self.asked.name}",)


RestoreDraft = Draft[RestoreNow]


def plan(at: RestoreNow, run_id: str) -> Plan:
    """The restore. Where a step fails what came of the machine is destroyed."""
    draft = RestoreDraft(at, "s", run_id)
    draft.guard(
        "backup.facts", "the backup is complete, and as its manifest says", not at.wrong, at.wrong or _about(at)
    )
    target, facts = at.target, at.facts
    words = f"{target.device} can be read"
    draft.guard("vm.target", words, target.read, target.failure or "it answers", target)
    if not draft.refused:
        assert target.places is not None and target.machines is not None
        taken = [vm for vm in target.machines if vm.name == at.name]
        evidence = f"{taken[0].power}, instance UUID {taken[0].uuid}" if taken else "no machine is called so"
        draft.guard("vm.name", f"the name {at.name} is free on {target.device}", not taken, evidence, target)
        _draw(draft, at, target.places)
    loss = f"nothing: a new machine is made of what {facts.vm} held at {facts.frozen_at:%Y-%m-%d %H:%M:%S} UTC"
    draft.loss, draft.loss_s = loss, 0.0
    made = merged(RESTORE, [draft], rolls_back=True, noun="VMs")
    return made if made.refused else replace(made, confirm=(made.name, *made.confirm))


def _about(at: RestoreNow) -> str:
    seen = at.facts.verified_at
    return f"verified {seen:%Y-%m-%d %H:%M} UTC, and again before anything is sent" if seen is not None else "verified"


def _draw(draft: RestoreDraft, at: RestoreNow, places: PlacesNow) -> None:
    facts, asked = at.facts, at.asked
    datastore, which = _datastore(places, asked.datastore)
    where = spot(places, facts.cards, asked.networks, datastore=datastore)
    wrong = which or "; ".join(where.wrong)
    good = draft.guard(
        "vm.place", f"{asked.server} has a place for {asked.name}", not wrong, wrong or datastore, at.target
    )
    unknown = sorted(set(asked.networks) - {card.network for card in facts.cards})
    on = ", ".join(dict.fromkeys(card.network or "none" for card in facts.cards)) or "none"
    words = f"the port groups given are those of {facts.vm}"
    seen = f"it is not on {', '.join(unknown)}, but on {on}" if unknown else on
    good &= draft.guard("vm.portgroup-map", words, not unknown, seen)
    wanted = int(sum(facts.capacities) * ROOM)
    evidence = f"{where.free >> 30} GiB are free on {datastore or '?'}, {wanted >> 30} GiB are wanted"
    words = f"the disks of {facts.vm} and a tenth more are free there"
    good &= draft.guard("vm.space", words, where.free >= wanted, evidence, at.target)
    cards: tuple[tuple[str, str, str, bool], ...] = ()
    if asked.keep_mac:
        found = networked(places, where.place.host, facts.cards, asked.networks)
        if isinstance(found, str):
            good &= draft.guard("vm.cards", f"every network card of {facts.vm} has its port group", False, found)
        else:
            cards = found
        good &= _macs(draft, at)
    if good:
        networks = tuple((here, moid) for here, (moid, _) in where.networks.items())
        token = f"restore-{draft.run_tag}-{asked.server}"
        backup = f"{facts.server}/{facts.moref}/{stamp(facts.frozen_at)}"
        step = RestoreVm(
            asked.server, str(at.path), facts.descriptor, facts.disks, asked.name, where.place, networks, token
        )  # fmt: skip
        _steps(draft, at, step, backup, cards)


def _datastore(places: PlacesNow, named: str | None) -> tuple[str, str]:
    """The datastore that is meant, and why none is."""
    if named is not None:
        return named, ""
    usable = [store.name for store in places.stores if store.accessible]
    if len(usable) == 1:
        return usable[0], ""
    return "", f"name one of its datastores with --datastore: {', '.join(sorted(usable)) or 'none is accessible'}"


def _macs(draft: RestoreDraft, at: RestoreNow) -> bool:
    """An address must not be live twice; of a server that cannot be read somebody has to say so."""
    wanted = {card.mac for card in at.facts.cards}
    live = [
        f"{mac} of {vm.name} on {side.device}"
        for side in (at.target, *at.others)
        for vm in side.machines or ()
        for mac in vm.live_macs
        if mac in wanted
    ]
    for side in at.others:
        if not side.read:
            draft.confirm.append(f"MACs unseen on {side.device}")
            draft.lasting.append(f"{side.device} cannot be read ({side.failure}): its machines may use the same MACs")
    words = "no machine that is powered on has one of its MACs"
    return draft.guard("vm.macs", words, not live, ", ".join(live) or f"{len(wanted)} MACs looked for", at.target)


def _steps(
    draft: RestoreDraft,
    at: RestoreNow,
    step: RestoreVm,
    backup: str,
    cards: tuple[tuple[str, str, str, bool], ...],
) -> None:
    asked, facts = at.asked, at.facts
    new, mark = by_copy(step.copy), (RESTORED, backup)
    lost = draft.undo(Destroy(asked.server, new, "", (COPY, step.copy), mark), f"Destroy what was made of {asked.name}")
    draft.add(step, f"Verify the backup, and import it as {asked.name}", limit_s=COPY_S + HALF_MADE_S, undo=lost)
    if cards:
        draft.add(Cards(asked.server, new, "", cards), "Set its networks, and the MACs of the original")
    shape = Complete(asked.server, new, "", facts.capacities, facts.cpus, facts.memory_mb, len(facts.cards), mark)
    draft.add(shape, f"Check {asked.name}, and mark it complete")
    kept = "keeps the MACs of the original: do not power both on" if cards else "has new MACs"
    draft.notes.append(f"{asked.name} stays powered off, and {kept}.")
