"""The failover of LPARs to the recovery site (procedures 3.5): fence, choose, save, overwrite, activate, close. Pure.

The steps of one LPAR wait for one another and for what they share with others: a snapshot of their group, a request for
safety snapshots. One that fails stops its own chain and no other.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.recovery.draft import Draft, merged
from app.recovery.pg.steps import SetSchedule, TakeSnapshot, WaitArrived
from app.recovery.pra import failover_checks
from app.recovery.pra.addresses import macs
from app.recovery.pra.failover_checks import Guards
from app.recovery.pra.failover_draft import Asked, Drawing, Party
from app.recovery.pra.failover_fence import FENCED_S, fence
from app.recovery.pra.failover_storage import ARRIVE_S, copy
from app.recovery.pra.golden import next_profile
from app.recovery.pra.hmc_steps import RedefineLpar
from app.recovery.pra.members import Member
from app.recovery.pra.power_steps import ActivateLpar, WaitUp
from app.recovery.pra.situation import ArrayNow, PraNow, wwpns
from app.recovery.witnesses import Witness
from backends.flasharray.records import origin
from backends.flasharray.verbs import Replicate
from store.estate import ProtectionGroup
from store.runs import Plan

BOOT_S = 900.0


def plan(verb: str, now: PraNow, found: Sequence[Member], asked: Asked, seen: Sequence[Witness], run_id: str) -> Plan:
    """The plan. ``verb`` is *failover*, or *failback* on the way home; ``seen`` are the witnesses of the nominal site
    where that is said to be dark."""
    return merged(verb, [drawn(verb, now, found, asked, seen, run_id).draft])


def drawn(
    verb: str,
    now: PraNow,
    found: Sequence[Member],
    asked: Asked,
    seen: Sequence[Witness],
    run_id: str,
    prefix: str = "s",
) -> Drawing:
    """What that plan is made of. The ids of its steps begin with ``prefix``."""
    groups = {(d.array.device, d.group.name): d for m in found for d in m.disks if d.group is not None}
    keys = tuple(sorted(f"pg:{_array_id(d.array)}:{name}" for (_, name), d in groups.items()))
    name = found[0].name if len(found) == 1 else f"{len(found)} LPARs"
    party = Party(name, now.now, tuple(m.name for m in found), keys)
    draft = Draft(party, prefix, run_id)
    drawing = Drawing(now, asked, found, draft)
    guards = Guards(draft.guards)
    draft.confirm.append(f"{verb} {name}")
    fence(drawing, guards, seen)
    for member in found:
        failover_checks.ready(now, member, guards)
    stopped = frozenset(m.home.key for m in found if m.home is not None and drawing.fenced.get(m.name))
    failover_checks.whole(now, found, stopped, guards)
    _loss(drawing, guards)
    if not draft.refused:
        copy(drawing)
        _activate(drawing)
        _close(drawing)
    return drawing


def _array_id(array: ArrayNow) -> str:
    return array.itself.array_id if array.itself is not None else array.device


def _loss(drawing: Drawing, guards: Guards) -> None:
    draft, now = drawing.draft, drawing.now
    disks = [disk for member in drawing.members for disk in member.disks]
    draft.confirm.append(f"overwrite {len(disks)} volumes")
    if not drawing.asked.disaster:
        draft.loss = "nothing: production is stopped first, then a last snapshot is carried over"
        draft.loss_s = 0.0
        return
    running = any(drawing.fenced.get(member.name) for member in drawing.members)
    if running:
        draft.notes.append(f"{now.nominal.site} answers: a planned failover loses nothing.")
    found = failover_checks.bound(now, drawing.members, FENCED_S if running else 0.0)
    guards.add("fa.bound", "", "the loss can be bounded", [] if found.minutes else [found.words], found.words, now.now)
    if found.minutes is not None:
        draft.confirm.insert(1, f"lose {found.minutes} min")
    draft.loss, draft.loss_s = found.words, found.seconds
    draft.lasting.append(f"What {now.nominal.site} took since that moment is not at {now.recovery.site}.")
    times = {disk.newest.name: disk.newest.created for disk in disks if disk.newest is not None}
    if len(set(times.values())) > 1:
        spread = (max(times.values()) - min(times.values())).total_seconds()
        draft.notes.append(f"The snapshots are not of one moment: {spread:.0f} s lie between them.")


def _activate(drawing: Drawing) -> None:
    now, draft = drawing.now, drawing.draft
    near = tuple(sorted((hmc, s.name) for s in now.recovery.systems.values() if (hmc := now.recovery.hmc_of[s.key])))
    far = tuple(sorted((hmc, s.name) for s in now.nominal.systems.values() if (hmc := now.nominal.hmc_of[s.key])))
    with_ports = {
        (side.hmc_of[lpar.system_key], lpar.system)
        for side in (now.nominal, now.recovery)
        for lpar in side.lpars
        if lpar.ports or "ports" in lpar.unread
    }
    for number, member in enumerate(drawing.members):
        lpar, home = member.lpar, member.home
        hmc = now.recovery.hmc_of[lpar.system_key]
        profile = next_profile(lpar)
        assert profile is not None
        step = ActivateLpar(
            hmc,
            lpar.system,
            lpar.name,
            profile.name,
            (now.nominal.hmc_of[home.system_key], home.system, home.name) if home is not None else None,
            drawing.asked.disaster,
            macs(lpar),
            wwpns(lpar),
            (*near, *far),
            near,
            tuple(place for place in (*near, *far) if place in with_ports),
        )
        wave = drawing.asked.wave
        before = (drawing.running[number - wave],) if number >= wave else ()
        needs = (*drawing.fenced.get(member.name, ()), *drawing.copied.get(member.name, ()))
        title = f"Activate {lpar.name} on {lpar.system}"
        on = draft.add(step, title, needs=needs, after=before, destructive=True, limit_s=BOOT_S)
        drawing.running.append(on)
        if lpar.env == "aixlinux":
            up = WaitUp(hmc, lpar.system, lpar.name)
            on = draft.add(up, f"Wait until {lpar.name} answers", needs=(on,), limit_s=BOOT_S)
        drawing.up[member.name] = on
    draft.notes.append(
        f"{now.recovery.site} serves from then on; {now.nominal.site} must not be started again by itself."
    )


def _close(drawing: Drawing) -> None:
    """Production must not come back by itself, and its group must not send what is old by then."""
    now, draft = drawing.now, drawing.draft
    for member in drawing.members:
        home = member.home
        given = next_profile(home) if home is not None else None
        if home is not None and given is not None and given.auto_start:
            off = (("auto_start", "0"),)
            step = RedefineLpar(now.nominal.hmc_of[home.system_key], home.system, home.name, given.name, off)
            title = f"{home.name} at {now.nominal.site} does not start by itself"
            draft.add(step, title, needs=(drawing.up[member.name],), limit_s=60.0)
    if drawing.asked.disaster:
        draft.notes.append(
            f"As soon as {now.nominal.site} answers: auto_start of its LPARs off, replication schedules off, "
            "hosts fenced, before its power returns."
        )
        return
    _forward(drawing)
    for at in drawing.arrived:
        source, group = origin(at[1])
        home_array = now.nominal.array(source or "")
        known = home_array.groups.get(group) if home_array is not None else None
        if home_array is None or known is None or known.replication is None or not known.replication.enabled:
            continue
        if _others(drawing, home_array, group):
            draft.notes.append(f"{group} goes on replicating: it protects LPARs that stay at {now.nominal.site}.")
        else:
            step_off = SetSchedule(home_array.device, group, False)
            draft.add(step_off, f"Replication schedule of {group} off", needs=tuple(drawing.up.values()), limit_s=60.0)


def _forward(drawing: Drawing) -> None:
    """On the way home: what was replicated from there before is replicated again."""
    done: set[tuple[str, str]] = set()
    for disk in (disk for member in drawing.members for disk in member.disks) if drawing.now.pra.reverse else ():
        for group in disk.array.groups_of.get(disk.volume.name, ()):
            at = (disk.array.device, group.name)
            if at not in done and group.targets and group.replication is not None and not group.replication.enabled:
                done.add(at)
                step = SetSchedule(*at, True)
                title = f"Replication schedule of {group.name} on again"
                on = drawing.draft.add(step, title, needs=tuple(drawing.up.values()), limit_s=60.0)
                _protected(drawing, disk.array, group, on)


def _protected(drawing: Drawing, home: ArrayNow, group: ProtectionGroup, on: str) -> None:
    """See the first snapshot that goes the way it went before the failover (procedures 3.6, F5)."""
    suffix = f"drdeck-{drawing.draft.run_tag}"
    away = [array for target in group.targets if (array := drawing.now.nominal.array(target.name)) is not None]
    volumes = [name for name, groups in home.groups_of.items() if group in groups]
    if len(away) != 1 or home.itself is None:
        drawing.draft.notes.append(f"Nothing tells when {group.name} is protected again: see its next transfer.")
        return
    parts = tuple(f"{group.name}.{suffix}.{volume.rpartition('::')[2]}" for volume in volumes)
    take = TakeSnapshot(home.device, group.name, suffix, Replicate.NOW, parts)
    title = f"Take {group.name}.{suffix} and replicate it"
    taken = drawing.draft.add(take, title, needs=(on,), limit_s=60.0)
    wait = WaitArrived(away[0].device, f"{home.itself.name}:{group.name}.{suffix}")
    title = f"Wait until {away[0].device} holds all of {group.name} again"
    drawing.draft.add(wait, title, needs=(taken,), limit_s=ARRIVE_S)


def _others(drawing: Drawing, home: ArrayNow, group: str) -> bool:
    """Whether a group has volumes besides those of the LPARs that are failed over."""
    ours = {disk.plain for member in drawing.members for disk in member.disks}
    names = [name for name, groups in home.groups_of.items() if any(each.name == group for each in groups)]
    return any(name.rpartition("::")[2] not in ours for name in names)
