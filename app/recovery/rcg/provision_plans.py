"""Plans for making and unmaking replicated volumes (procedures 4.8). Pure: a situation in, guards and steps out.

A failure takes back what the run made, the last first, and only that; a group that the run stopped is started again.
"""

from __future__ import annotations

from msgspec import Struct

from app.recovery.rcg.bounds import START_S, STOP_S, SYNC_S
from app.recovery.rcg.provision_steps import Admit, DeleteVv, Dismiss, MakeGroup, MakeVolume, Period, RemoveRcg
from app.recovery.rcg.role_guards import sided
from app.recovery.rcg.role_steps import Start, Stop, WaitSynced
from app.recovery.rcg.situation import RcgDraft, SideNow
from backends.threepar.objects import ArrayObjects
from backends.threepar.provision import Provisioning
from store.estate import RcgMode, RcgStatus, RemoteCopyGroup
from store.rcg_verbs import Standing

MOST_VOLUMES = 60
LONGEST_NAME, LONGEST_MIRRORED = 25, 22
DEFAULT_PERIOD_S = 900


class NewVolume(Struct, frozen=True):
    """A volume to be made and replicated. ``size_mib`` None: it exists already. CPGs are pairs: here, there."""

    volume: str
    secondary: str
    size_mib: int | None = None
    cpg: tuple[str, str] | None = None
    snap_cpg: tuple[str, str] | None = None
    provisioning: Provisioning = Provisioning.THIN
    compression: bool = False


class NewGroup(Struct, frozen=True):
    """The group to be made where it does not exist: its mode, and for a periodic one its period in seconds."""

    mode: RcgMode = RcgMode.SYNC
    period_s: int | None = None


def add_volume(draft: RcgDraft, new: NewVolume, make: NewGroup) -> None:
    """Replicate a volume, made for it or existing, in a group that is made where it does not exist."""
    p, s = draft.at.natural, draft.at.peer
    if p.objects is None or s.objects is None:
        why = "; ".join(side.objects_failure or side.failure for side in (p, s) if side.objects is None)
        draft.guard("rcg.read", "both arrays are read", False, why)
        return
    exists = p.group is not None
    _names(draft, new, p.objects, s.objects)
    if new.size_mib is not None and new.cpg is not None:
        undo = draft.undo(DeleteVv(p.device, new.volume, p.door), f"Delete {new.volume} again")
        reduce = p.system is not None and not p.system.os_version.startswith(("2.", "3."))
        snaps = new.snap_cpg[0] if new.snap_cpg is not None else None
        how = (new.provisioning, new.compression, snaps, reduce)
        step = MakeVolume(p.device, new.volume, new.cpg[0], new.size_mib, *how, p.door)
        draft.add(step, f"Make {new.volume}", undo=undo, limit_s=120.0)
    restart = _into_existing(draft, p) if exists else _new_group(draft, p, new, make)
    group, target = draft.at.name, _target(draft, p, s)
    out = draft.undo(Dismiss(p.device, group, new.volume, True, p.door), f"Take {new.volume} out of {group} again")
    admit = Admit(p.device, group, new.volume, target, new.secondary, new.secondary not in s.objects.volumes, "wsapi")
    draft.add(admit, f"Replicate {new.volume} to {s.device} as {new.secondary}", undo=out, limit_s=120.0)
    if restart:
        side = (p.device, group, s.device, f"{group}.r{_system_id(p)}", p.door)
        draft.add(Start(*side), f"Start replication from {p.device}", limit_s=START_S)
        limit = SYNC_S + (new.size_mib or 0) / 10_240 * 60
        draft.add(WaitSynced(*side), "Wait until every volume is Synced", limit_s=limit)


def _into_existing(draft: RcgDraft, p: SideNow) -> bool:
    """The group exists: it is stopped for the admit, and started again whatever happens. True: start it afterwards."""
    at, group = draft.at, p.group
    good = draft.guard("rcg.role", "the pair is normal", at.standing is Standing.NORMAL, at.meaning, p)
    if group is None or not good:
        return False
    count = len(group.volumes)
    draft.guard("rcg.size", f"fewer than {MOST_VOLUMES} volumes in the group", count < MOST_VOLUMES, f"{count}", p)
    if group.status is not RcgStatus.STARTED:
        return False
    again = draft.undo(Start(*sided(at, p)), f"Start {at.name} again")
    draft.add(Stop(*sided(at, p)), f"Stop {at.name} for the admit", limit_s=STOP_S, undo=again)
    return True


def _new_group(draft: RcgDraft, p: SideNow, new: NewVolume, make: NewGroup) -> bool:
    name, s = draft.at.name, draft.at.peer
    target = _target(draft, p, s)
    system = p.system
    mirrored = system is not None and any(t.policy == "mirror_config" for t in system.targets if t.name == target)
    most = LONGEST_MIRRORED if mirrored else LONGEST_NAME
    draft.guard("rcg.name", f"the name has at most {most} characters", len(name) <= most, f"{len(name)}", p)
    undo = draft.undo(RemoveRcg(p.device, name, p.door), f"Remove {name} again")
    here, there = new.cpg or (None, None)
    snaps_here, snaps_there = new.snap_cpg or (None, None)
    step = MakeGroup(p.device, name, target, make.mode, here, there, snaps_here, snaps_there, p.door)
    draft.add(step, f"Make the group {name} to {s.device}", undo=undo, limit_s=120.0)
    if make.mode is RcgMode.PERIODIC:
        period = make.period_s or DEFAULT_PERIOD_S
        draft.add(Period(p.device, name, target, period, p.door), f"Synchronize every {period} s", limit_s=60.0)
    return True


def _names(draft: RcgDraft, new: NewVolume, here: ArrayObjects, there: ArrayObjects) -> None:
    p, s = draft.at.natural, draft.at.peer
    if new.size_mib is not None:
        free = new.volume not in here.volumes
        draft.guard("vv.new", f"{p.device} has no volume {new.volume}", free, "yes" if free else "it has one", p)
        twin = new.secondary not in there.volumes
        draft.guard("vv.new", f"{s.device} has no volume {new.secondary}", twin, "yes" if twin else "it has one", s)
    else:
        found = here.volumes.get(new.volume)
        evidence = "no such volume" if found is None else f"{found.size_mib} MiB"
        draft.guard("vv.there", f"{p.device} has the volume {new.volume}", found is not None, evidence, p)
        twin_volume = there.volumes.get(new.secondary)
        if found is not None and twin_volume is not None:
            same = found.size_mib == twin_volume.size_mib
            words = f"{new.secondary} on {s.device} has the same size"
            draft.guard("rcg.size", words, same, f"{found.size_mib} and {twin_volume.size_mib} MiB", s)
            free = not there.vluns.get(new.secondary)
            draft.guard("rcg.vlun", f"{new.secondary} is shown to no host", free, "yes" if free else "it is", s)
            draft.confirm += [f"add {draft.at.name}", "overwrite 1 volumes"]
            draft.lasting.append(f"What {new.secondary} on {s.device} holds is overwritten.")
    for side, objects, index in ((p, here, 0), (s, there, 1)):
        for pair in (new.cpg, new.snap_cpg):
            if pair is not None:
                known = pair[index] in objects.cpgs
                evidence = "yes" if known else f"there are: {', '.join(sorted(objects.cpgs))}"
                draft.guard("cpg", f"{side.device} has the CPG {pair[index]}", known, evidence, side)


def _target(draft: RcgDraft, p: SideNow, s: SideNow) -> str:
    """What the primary's array calls the other one. A target's name need not be the array's."""
    if p.group is not None:
        return p.group.target
    names = [target.name for target in (p.system.targets if p.system is not None else ())]
    fitting = [name for name in names if s.system is not None and name == s.system.name] or names
    if len(fitting) != 1:
        evidence = f"targets: {', '.join(names) or 'none'}"
        draft.guard("rcg.target", f"{p.device} has one target that is {s.device}", False, evidence, p)
        return fitting[0] if fitting else "none"
    return fitting[0]


def _system_id(p: SideNow) -> int:
    return p.system.system_id if p.system is not None else 0


# -------------------------------------------------------------------------------------------------------- unmaking


def remove_volume(draft: RcgDraft, volume: str, *, delete: bool) -> None:
    """Replicate a volume no longer; with ``delete`` it goes from both arrays, and the group with its last volume."""
    at, p = draft.at, draft.at.natural
    group = p.group
    good = draft.guard("rcg.role", "the pair is normal", at.standing is Standing.NORMAL, at.meaning, p)
    if group is None or not good or not _member(draft, group, volume):
        return
    if delete:
        vluns = p.objects.vluns.get(volume, ()) if p.objects is not None else ()
        shown = ", ".join(vlun.host for vlun in vluns)
        words = f"{volume} is shown to no host"
        draft.guard("rcg.vlun", words, p.objects is not None and not vluns, shown or "yes", p)
    started = group.status is RcgStatus.STARTED
    last = len(group.volumes) == 1
    if started:
        again = draft.undo(Start(*sided(at, p)), f"Start {at.name} again")
        draft.add(Stop(*sided(at, p)), f"Stop {at.name}", limit_s=STOP_S, undo=again)
    step = Dismiss(p.device, group.name, volume, delete, p.door)
    draft.add(step, f"Take {volume} out of {group.name}", destructive=True, limit_s=120.0)
    if delete:
        draft.add(DeleteVv(p.device, volume, p.door), f"Delete {volume}", destructive=True, limit_s=120.0)
        draft.lasting.append(f"{volume} and its copy are deleted on both arrays, with all they hold.")
    if last and delete:
        draft.add(RemoveRcg(p.device, group.name, p.door), f"Remove {group.name}", destructive=True, limit_s=120.0)
    elif started and not last:
        draft.add(Start(*sided(at, p)), f"Start {group.name} again", limit_s=START_S)
    draft.confirm.append(f"{'delete' if delete else 'remove'} {volume}")
    draft.notes.append(f"{volume} is not protected any more.")


def _member(draft: RcgDraft, group: RemoteCopyGroup, volume: str) -> bool:
    names = [each.local for each in group.volumes]
    evidence = f"volumes: {', '.join(names) or 'none'}"
    return draft.guard("rcg.member", f"{volume} is in {group.name}", volume in names, evidence, draft.at.natural)
