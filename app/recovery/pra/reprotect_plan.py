"""After a failover nothing is protected until what runs there is replicated home (procedures 3.5, A14). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.recovery.draft import Draft, merged
from app.recovery.pg.steps import TakeSnapshot, WaitArrived
from app.recovery.pra.failover_checks import OFF, Guards
from app.recovery.pra.failover_draft import Party
from app.recovery.pra.members import Disk, Member
from app.recovery.pra.reprotect_steps import AddMembers, AddTarget, AllowTarget, MakeGroup, SetEvery
from app.recovery.pra.situation import ArrayNow, PraNow
from backends.flasharray.records import origin
from backends.flasharray.verbs import Replicate
from store.runs import Plan

EVERY_S = 900
"""How often what runs at the recovery site is replicated where the schedule at home is not known."""

BASELINE_S = 24 * 3600.0
"""How long the first transfer may take: it carries everything."""


def plan(now: PraNow, members: Sequence[Member], run_id: str) -> Plan:
    """For each group that the LPARs came by: one of the same name at the recovery site, with home as its target, and
    its first snapshot there."""
    name = members[0].name if len(members) == 1 else f"{len(members)} LPARs"
    draft = Draft(Party(name, now.now, tuple(member.name for member in members), ()), "s", run_id)
    guards = Guards(draft.guards)
    _running(now, members, guards)
    groups: dict[tuple[str, str], list[Disk]] = defaultdict(list)
    for disk in (disk for member in members for disk in member.disks):
        if disk.group is not None:
            groups[disk.array.device, disk.group.name].append(disk)
    lost = [f"{d.volume.name} came by no group" for m in members for d in m.disks if d.group is None]
    guards.add("fa.member", "", "every volume came by a protection group", lost, f"{len(groups)} groups", now.now)
    for (_, replica), disks in groups.items():
        _group(now, replica, disks, draft, guards)
    draft.notes.append("The first transfer carries everything. Nothing is protected until it is complete.")
    draft.notes.append("Then drdeck pra --reverse --apply pairs the volumes at home: drdeck lpar failback goes there.")
    return merged("reprotect", [draft])


def _running(now: PraNow, members: Sequence[Member], guards: Guards) -> None:
    wrong = [f"{member.name} does not run at {now.recovery.site}" for member in members if member.lpar.state is OFF]
    wrong += [
        f"{member.name} runs at {now.nominal.site} too"
        for member in members
        if member.home is not None and member.home.state is not OFF
    ]
    guards.add("pwr.running", "", f"they run at {now.recovery.site}, and nowhere else", wrong, "they do", now.now)


def _group(now: PraNow, replica: str, disks: Sequence[Disk], draft: Draft[Party], guards: Guards) -> None:
    source, group = origin(replica)
    here, home = disks[0].array, now.nominal.array(source or "")
    missing = [] if home is not None else [f"{source} at {now.nominal.site} cannot be read"]
    words = f"the array that {group} came from answers"
    guards.add("fa.target", group, words, missing, source or "", home.taken_at if home is not None else None)
    if home is None or home.itself is None or here.itself is None:
        return
    volumes = tuple(sorted(disk.volume.name for disk in disks))
    known = here.groups.get(group)
    steps: list[str] = []

    def then(step: object, title: str, limit_s: float = 60.0) -> None:
        steps[:] = [draft.add(step, title, needs=tuple(steps), limit_s=limit_s)]  # type: ignore[arg-type]

    then(MakeGroup(here.device, group), f"Make the protection group {group} on {here.device}")
    lacking = tuple(volume for volume in volumes if known is None or volume not in known.volumes)
    if lacking:
        then(AddMembers(here.device, group, lacking), f"Add {len(lacking)} volumes to it")
    then(AddTarget(here.device, group, home.itself.name), f"Replicate it to {home.itself.name}")
    allow = AllowTarget(home.device, f"{here.itself.name}:{group}", home.itself.name)
    then(allow, f"Allow that on {home.device}")
    then(SetEvery(here.device, group, _every(home, group)), f"Replicate it every {_every(home, group)} s")
    suffix = f"drdeck-{draft.run_tag}"
    every = sorted({*volumes, *(known.volumes if known is not None else ())})
    parts = tuple(f"{group}.{suffix}.{volume.rpartition('::')[2]}" for volume in every)
    take = TakeSnapshot(here.device, group, suffix, Replicate.NOW, parts)
    then(take, f"Take {group}.{suffix} and replicate it")
    arrived = WaitArrived(home.device, f"{here.itself.name}:{group}.{suffix}")
    then(arrived, f"Wait until {home.device} holds all of it", BASELINE_S)


def _every(home: ArrayNow, group: str) -> int:
    known = home.groups.get(group)
    schedule = known.replication if known is not None else None
    return (schedule.frequency_s if schedule is not None else None) or EVERY_S
