"""Drill of a remote copy group on snapshots (procedures 4.7): a set of one moment at the secondary, shown to a host of
the drill alone, while replication goes on; and its clean-up. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct

from app.recovery.draft import Draft
from app.recovery.rcg import role_guards as guards
from app.recovery.rcg.drill_steps import DropSnapshot, TakeSet
from app.recovery.rcg.exports import exports_of
from app.recovery.rcg.object_steps import Export, Unexport
from app.recovery.rcg.situation import RcgDraft
from store.estate import RcgMode
from store.rcg_verbs import Right, Standing
from store.recorded import from_text
from store.runs import Run

SYNC_S = 900.0
"""How long a copy that is under way may take until it ends."""

CLI = "cli"
"""The only door that takes snapshots of several volumes at one moment."""


def draw(draft: RcgDraft, hosts: Mapping[str, str], serving: Collection[str]) -> None:
    """Fill in the drill. ``hosts`` says what host of the drill stands for each host of the serving side; ``serving``
    are the hosts at the other side that a failover would show the volumes to."""
    at = draft.at
    if not draft.guard("rcg.pair", "the group is known on both arrays", *guards.known(at)):
        return
    guards.clear(draft)
    if not guards.stands(draft, Right((Standing.NORMAL,))):
        return
    natural, peer = at.natural, at.peer
    mode = natural.group.mode if natural.group is not None else None
    guards.started(draft, (natural, peer))
    guards.synced(draft, (natural, peer), mode)
    words = "the group is synchronous or periodic, so that it is known of which moment its secondary is"
    draft.guard("rcg.policy", words, mode in (RcgMode.SYNC, RcgMode.PERIODIC), str(mode), natural)
    _isolated(draft, hosts, serving)
    if draft.refused or peer.group is None:
        return
    numbered = enumerate((volume.local for volume in peer.group.volumes), start=1)
    pairs = tuple((volume, f"drill-{draft.run_tag}.{draft.prefix}{number}") for number, volume in numbered)
    title = f"Take snapshots of {peer.group.name} on {peer.device}, all of one moment"
    taken = draft.add(TakeSet(peer.device, peer.group.name, pairs, CLI), title, needs=(), limit_s=SYNC_S)
    of = {volume.remote: volume.local for volume in peer.group.volumes}
    for volume, vluns in exports_of(natural).items():
        for vlun in vluns:
            snapshot = dict(pairs).get(of.get(volume, volume))
            if snapshot is None or vlun.lun is None:
                continue
            step = Export(peer.device, snapshot, vlun.lun, hosts[vlun.host], peer.door)
            draft.add(step, f"Show {snapshot} to {hosts[vlun.host]} as LUN {vlun.lun}", needs=(taken,), limit_s=120.0)
    draft.loss, draft.loss_s = "nothing: the serving side runs on, and replication goes on", 0.0


def _isolated(draft: RcgDraft, hosts: Mapping[str, str], serving: Collection[str]) -> None:
    """Each host has one that stands for it in the drill: there, no other's, and seeing nothing else."""
    at, side = draft.at, draft.at.peer
    if side.objects is None:
        why = side.objects_failure or "not read"
        draft.guard("drill.isolated", f"{side.device} shows its hosts and what they see", False, why, side)
        return
    wrong: list[str] = []
    taken: dict[tuple[str, int], str] = {}
    shown = [(volume, vlun) for volume, vluns in exports_of(at.natural).items() for vlun in vluns]
    for volume, vlun in shown:
        host = hosts.get(vlun.host)
        if host is None:
            wrong.append(f"[drill_hosts] names none for {vlun.host}, which sees {volume}")
        elif host in serving:
            wrong.append(f"{host} is a host that a failover would show the volumes to")
        elif host not in side.objects.hosts:
            wrong.append(f"{side.device} has no host {host}")
        elif vlun.lun is None:
            wrong.append(f"the LUN of {volume} for {vlun.host} is not known")
        else:
            other = taken.setdefault((host, vlun.lun), volume)
            wrong += [] if other == volume else [f"{host} would see {other} and {volume} as LUN {vlun.lun}"]
    for volume, vluns in side.objects.vluns.items():
        seen = {vlun.host for vlun in vluns}
        wrong += [f"{host} sees {volume}" for host in sorted({*hosts.values()} & seen)]
    if not shown:
        wrong.append(f"no host of {at.natural.device} sees it, so that none would see it in the drill")
    words = f"the hosts of {at.name} have others in the drill, which see nothing else"
    evidence = "; ".join(dict.fromkeys(wrong)) if wrong else ", ".join(sorted({h for h, _ in taken}))
    draft.guard("drill.isolated", words, not wrong, evidence, side)


# ------------------------------------------------------------------------------------------------------------ clean-up


class Left(Struct, frozen=True):
    """What drills of groups left, as a member of a clean-up. ``keys`` are those of the groups."""

    name: str
    keys: tuple[str, ...]
    now: datetime


def cleaned(drill: Run, now: datetime, run_id: str, prefix: str) -> Draft[Left]:
    """What takes away all that a drill made of remote copy groups, out of its own steps alone: the volumes of the
    groups are not touched."""
    keys = tuple(target for target in drill.plan.targets if target.startswith("rcg:"))
    draft: Draft[Left] = Draft(Left("remote copy groups", keys, now), prefix, run_id)
    hidden: dict[str, list[str]] = {}
    for planned in drill.plan.steps:
        if planned.kind == "vlun.create":
            shown = from_text(Export, planned.params)
            step = Unexport(shown.array, shown.volume, shown.lun, shown.host, shown.door, absent=True)
            title = f"Take {shown.volume} away from {shown.host}"
            done = draft.add(step, title, needs=(), destructive=True, limit_s=120.0)
            hidden.setdefault(shown.volume, []).append(done)
    for planned in drill.plan.steps:
        if planned.kind == "sv.set":
            made = from_text(TakeSet, planned.params)
            for volume, snapshot in made.pairs:
                gone = DropSnapshot(made.array, volume, snapshot, made.door)
                needs = hidden.get(snapshot, ())
                draft.add(gone, f"Remove the snapshot {snapshot}", needs=needs, destructive=True, limit_s=120.0)
    draft.loss = "what was written in the drill"
    return draft
