"""After a failover nothing is protected until what runs there is replicated home (procedures 3.5, A14). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.recovery.draft import Draft, merged
from app.recovery.pg.steps import SetSchedule, TakeSnapshot, WaitArrived
from app.recovery.pra.align_hosts import host_of
from app.recovery.pra.array_steps import Connect
from app.recovery.pra.failover_checks import OFF, Guards
from app.recovery.pra.failover_draft import Party
from app.recovery.pra.golden import next_profile
from app.recovery.pra.hmc_steps import RedefineLpar
from app.recovery.pra.members import Disk, Member
from app.recovery.pra.reprotect_steps import AddMembers, AddTarget, AllowTarget, MakeGroup, PairSource, SetEvery
from app.recovery.pra.situation import ArrayNow, PraNow
from backends.flasharray.records import origin
from backends.flasharray.verbs import Replicate
from store.runs import Plan

EVERY_S = 900
"""How often what runs at the recovery site is replicated where the schedule at home is not known."""

LEAST_S = 300
"""An array takes no shorter interval."""

BASELINE_S = 24 * 3600.0
"""How long the first transfer may take: it carries everything."""


def plan(now: PraNow, members: Sequence[Member], run_id: str) -> Plan:
    """For each group that the LPARs came by: one of the same name at the recovery site, with home as its target, its
    first snapshot there, and the volumes at home paired with it."""
    return merged("reprotect", [drafted(now, members, run_id)])


def drafted(now: PraNow, members: Sequence[Member], run_id: str, prefix: str = "s") -> Draft[Party]:
    """The draft of that plan. The ids of its steps begin with ``prefix``."""
    name = members[0].name if len(members) == 1 else f"{len(members)} LPARs"
    draft = Draft(Party(name, now.now, tuple(member.name for member in members), ()), prefix, run_id)
    guards = Guards(draft.guards)
    _running(now, members, guards)
    groups: dict[tuple[str, str], list[tuple[Member, Disk]]] = defaultdict(list)
    for member in members:
        for disk in member.disks:
            if disk.group is not None:
                groups[disk.array.device, disk.group.name].append((member, disk))
    lost = [f"{d.volume.name} came by no group" for m in members for d in m.disks if d.group is None]
    guards.add("fa.member", "", "every volume came by a protection group", lost, f"{len(groups)} groups", now.now)
    for (_, replica), disks in groups.items():
        _group(now, replica, disks, draft, guards)
    if not draft.refused:
        _stay_off(now, members, draft)
    draft.notes.append("The first transfer carries everything. Nothing is protected until it is complete.")
    return draft


def _running(now: PraNow, members: Sequence[Member], guards: Guards) -> None:
    wrong = [f"{member.name} does not run at {now.recovery.site}" for member in members if member.lpar.state is OFF]
    wrong += [
        f"{member.name} runs at {now.nominal.site} too"
        for member in members
        if member.home is not None and member.home.state is not OFF
    ]
    guards.add("pwr.running", "", f"they run at {now.recovery.site}, and nowhere else", wrong, "they do", now.now)


def _group(
    now: PraNow, replica: str, disks: Sequence[tuple[Member, Disk]], draft: Draft[Party], guards: Guards
) -> None:
    source, group = origin(replica)
    here, home = disks[0][1].array, now.nominal.array(source or "")
    missing = [] if home is not None else [f"{source} at {now.nominal.site} cannot be read"]
    words = f"the array that {group} came from answers"
    guards.add("fa.target", group, words, missing, source or "", home.taken_at if home is not None else None)
    if home is None or home.itself is None or here.itself is None:
        return
    wanted = [disk.plain for _, disk in disks]
    lacking = [f"{home.device} has no volume {plain or '?'}" for plain in wanted if plain not in home.volumes]
    words = f"the volumes of {group} at {now.nominal.site} are there, to be overwritten by a failback"
    guards.add("fa.paired", group, words, lacking, f"{len(wanted)} volumes", home.taken_at)
    if lacking:
        return
    _no_more(home, group, wanted, draft)
    suffix = f"drdeck-{draft.run_tag}"
    arrived = _replicated(home, here, group, [disk for _, disk in disks], suffix, draft)
    for member, disk in disks:
        part = f"{here.itself.name}:{group}.{suffix}.{disk.volume.name.rpartition('::')[2]}"
        pair = PairSource(home.device, disk.plain, part)
        draft.add(pair, f"Tag {disk.plain} as the pair of {disk.volume.name}", needs=(arrived,), limit_s=60.0)
        _shown(now, home, member, disk, draft)


def _no_more(home: ArrayNow, group: str, plain: Sequence[str], draft: Draft[Party]) -> None:
    """A failover in a disaster could not switch the schedule off by which home goes on sending what is old by now."""
    known = home.groups.get(group)
    members = {name for name, groups in home.groups_of.items() if any(each.name == group for each in groups)}
    if known is None or known.replication is None or not known.replication.enabled:
        return
    if members <= set(plain):
        off = SetSchedule(home.device, group, False)
        draft.add(off, f"Replication schedule of {group} on {home.device} off", needs=(), limit_s=60.0)
    else:
        draft.notes.append(f"{group} goes on replicating from {home.device}: it protects other volumes too.")


def _replicated(
    home: ArrayNow, here: ArrayNow, group: str, disks: Sequence[Disk], suffix: str, draft: Draft[Party]
) -> str:
    """The group here with its target and its first snapshot there. Returns the step after which that is complete."""
    assert home.itself is not None and here.itself is not None
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
    every = sorted({*volumes, *(known.volumes if known is not None else ())})
    parts = tuple(f"{group}.{suffix}.{volume.rpartition('::')[2]}" for volume in every)
    take = TakeSnapshot(here.device, group, suffix, Replicate.NOW, parts)
    then(take, f"Take {group}.{suffix} and replicate it")
    arrived = WaitArrived(home.device, f"{here.itself.name}:{group}.{suffix}")
    then(arrived, f"Wait until {home.device} holds all of it", BASELINE_S)
    return steps[0]


def _shown(now: PraNow, home: ArrayNow, member: Member, disk: Disk, draft: Draft[Party]) -> None:
    """Where the volume at home was taken away from its host as a fence, it is shown again: the LPAR there is off."""
    host = host_of(member.home, home, now.pra, now.owners[now.nominal.site]) if member.home is not None else None
    if host is None or disk.lun is None or home.volumes[disk.plain].hosts:
        return
    step = Connect(home.device, host.name, disk.plain, disk.lun)
    draft.add(step, f"Show {disk.plain} to {host.name} as LUN {disk.lun} again", needs=(), limit_s=60.0)


def _stay_off(now: PraNow, members: Sequence[Member], draft: Draft[Party]) -> None:
    """Home must not come back by itself: a failover in a disaster could not see to that."""
    for member in members:
        given = next_profile(member.home) if member.home is not None else None
        if member.home is not None and given is not None and given.auto_start:
            hmc, off = now.nominal.hmc_of[member.home.system_key], (("auto_start", "0"),)
            step = RedefineLpar(hmc, member.home.system, member.home.name, given.name, off)
            title = f"{member.home.name} at {now.nominal.site} does not start by itself"
            draft.add(step, title, needs=(), limit_s=60.0)


def _every(home: ArrayNow, group: str) -> int:
    known = home.groups.get(group)
    schedule = known.replication if known is not None else None
    return max(LEAST_S, (schedule.frequency_s if schedule is not None else None) or EVERY_S)
