"""Plans for the verbs on one remote copy group (procedures 4.2 to 4.7). Pure: a situation in, guards and steps out.

A verb is planned only in the states where it is right; in any other a guard refuses it and the way back is shown.
"""

from __future__ import annotations

from collections.abc import Callable

from app.recovery import witnesses
from app.recovery.rcg import bounds
from app.recovery.rcg import role_guards as guards
from app.recovery.rcg.bounds import RESTORE_S, START_S, STOP_S, SYNC_S
from app.recovery.rcg.exports import export_as, exports_of, fence, save
from app.recovery.rcg.object_steps import Unexported
from app.recovery.rcg.options import Options
from app.recovery.rcg.role_steps import Failover, Recover, Restore, Reverse, Start, Stop, Switchover, Sync, WaitSynced
from app.recovery.rcg.seeing import COMPLETE
from app.recovery.rcg.situation import RcgDraft, SideNow, Situation
from store.estate import RcgMode, RcgStatus, RemoteCopyGroup, SyncStatus
from store.rcg_roles import RoleCode
from store.rcg_verbs import DISASTER, RIGHT, RcgVerb, Right, Standing
from store.runs import SECOND_PERSON


def draw(draft: RcgDraft, verb: RcgVerb, options: Options) -> None:
    """Fill in the plan for ``verb``."""
    if draft.guard("rcg.pair", "the group is known on both arrays", *guards.known(draft.at)):
        guards.clear(draft)
        _VERBS[verb](draft, options)


# -------------------------------------------------------------------------------------------------- start, stop, sync


def _active(at: Situation) -> tuple[SideNow, SideNow]:
    """The side that is primary now, and the other."""
    return (at.natural, at.peer) if at.standing is Standing.NORMAL else (at.peer, at.natural)


def _start(draft: RcgDraft, options: Options) -> None:
    if guards.stands(draft, RIGHT[RcgVerb.START]):
        active, other = _active(draft.at)
        guards.started(draft, (active, other), started=False)
        guards.linked(draft, active)
        draft.add(Start(*guards.sided(draft.at, active)), f"Start replication from {active.device}", limit_s=START_S)
        draft.notes.append(f"What only {other.device} holds since the group was stopped is overwritten.")


def _stop(draft: RcgDraft, options: Options) -> None:
    if guards.stands(draft, RIGHT[RcgVerb.STOP]):
        active, other = _active(draft.at)
        guards.started(draft, (active, other))
        draft.add(Stop(*guards.sided(draft.at, active)), f"Stop replication on {active.device}", limit_s=STOP_S)
        draft.confirm.append(f"stop {draft.at.name}")
        draft.notes.append("From then on nothing is protected until the group is started again.")


def _sync(draft: RcgDraft, options: Options) -> None:
    if guards.stands(draft, RIGHT[RcgVerb.SYNC]):
        active, other = _active(draft.at)
        guards.started(draft, (active, other))
        guards.linked(draft, active)
        _add_sync(draft, active)
        draft.add(WaitSynced(*guards.sided(draft.at, active)), "Wait until every volume is Synced", limit_s=SYNC_S)


def _add_sync(draft: RcgDraft, side: SideNow) -> None:
    group = side.group
    if group is not None and group.mode is not RcgMode.SYNC:
        step = Sync(*guards.sided(draft.at, side), streaming=group.mode is RcgMode.ASYNC)
        draft.add(step, f"Bring the other side of {side.device} up to date", limit_s=SYNC_S)


# ----------------------------------------------------------------------------------------------------------- failover


def _failover(draft: RcgDraft, options: Options) -> None:
    draft.confirm.append(f"failover {draft.at.name}")
    if options.disaster:
        _disaster(draft, options)
    else:
        _planned(draft, options)


def _planned(draft: RcgDraft, options: Options) -> None:
    at = draft.at
    if not guards.stands(draft, RIGHT[RcgVerb.FAILOVER]):
        return
    p, s = at.natural, at.peer
    guards.started(draft, (p, s))
    guards.synced(draft, (p, s), p.group.mode if p.group is not None else None)
    guards.linked(draft, p)
    fence(draft, p, options)
    _add_sync(draft, p)
    draft.add(Stop(*guards.sided(at, p)), f"Stop replication on {p.device}", limit_s=STOP_S, destructive=True)
    save(draft, p)
    _take_over(draft, options)
    draft.loss = "nothing: the hosts are taken off first, then the last of their writes is carried over"
    draft.loss_s = 0.0


def _disaster(draft: RcgDraft, options: Options) -> None:
    at = draft.at
    if not guards.stands(draft, DISASTER):
        return
    p, s = at.natural, at.peer
    if p.read:
        _split(draft, options)
    else:
        _dark(draft)
    _whole_image(draft, s)
    bound = bounds.of_disaster(at)
    draft.guard("rcg.bound", "the loss can be bounded", bound.seconds is not None, bound.words, s)
    if bound.minutes is not None:
        draft.confirm.append(f"lose {bound.minutes} min")
    draft.loss, draft.loss_s = bound.words, bound.seconds
    _take_over(draft, options, at.now.timestamp() + bounds.FENCED_S if p.read else None)
    draft.lasting.append(f"What {p.device} took since that moment is not on {s.device}.")


def _split(draft: RcgDraft, options: Options) -> None:
    """The primary's array answers although this is a disaster: its hosts are fenced by it, and it is stopped."""
    p, s = draft.at.natural, draft.at.peer
    stopped = [side.device for side in (p, s) if side.group and side.group.status is RcgStatus.STOPPED]
    links = p.system is not None and any(link.status == "Up" for link in p.system.links if link.target != "receive")
    holds = not (stopped and links)
    evidence = f"Stopped on {', '.join(stopped) or 'neither'}, links {'Up' if links else 'Down'}"
    draft.guard("rcg.split", "nobody stopped the group while the arrays reach each other", holds, evidence, p)
    fence(draft, p, options)
    if p.group is not None and p.group.status is RcgStatus.STARTED:
        draft.add(Stop(*guards.sided(draft.at, p)), f"Stop replication on {p.device}", limit_s=STOP_S, destructive=True)
    save(draft, p)
    draft.notes.append(f"{p.device} answers: a planned failover loses nothing. Take it if its hosts can be stopped.")


def _dark(draft: RcgDraft) -> None:
    """The primary's site is not there: others must say so too, and a person."""
    at = draft.at
    draft.guard("rcg.dark", f"{at.natural.device} gives no sign of life", at.natural.silent, at.natural.failure)
    dark, evidence = witnesses.believed(at.witnesses)
    words = f"two others say that {at.natural.site} is dark, and nobody that it is not"
    draft.guard("rcg.witness", words, dark, evidence)
    group = at.peer.group
    holds = group is not None and group.status is RcgStatus.STOPPED
    status = "not read" if group is None else str(group.status)
    draft.guard("rcg.stopped", f"the group is Stopped on {at.peer.device}", holds, status, at.peer)
    draft.confirm += [f"site {at.natural.site} is dark", f"{SECOND_PERSON}NAME"]


def _whole_image(draft: RcgDraft, side: SideNow) -> None:
    group = side.group
    bad = [] if group is None else [v for v in group.volumes if v.sync_status not in (*COMPLETE, SyncStatus.SYNCED)]
    found = group is not None and bool(group.volumes)
    evidence = ", ".join(f"{v.local} is {v.sync_status}" for v in bad) or ("yes" if found else "it has no volumes")
    words = f"every volume of {side.device} holds a whole image"
    draft.guard("rcg.image", words, found and not bad, evidence, side)


def _take_over(draft: RcgDraft, options: Options, until: float | None = None) -> None:
    at = draft.at
    p, s = at.natural, at.peer
    draft.add(Failover(*guards.sided(at, s), until), f"Fail over to {s.device}", destructive=True)
    export_as(draft, p, s, options)
    volumes = tuple(exports_of(p))
    draft.add(Unexported(p.device, volumes, lenient=not p.read), f"See that {p.device} shows no volume any more")
    draft.notes.append(f"{s.device} takes the writes from then on; {p.device} must not be shown to hosts again.")


# ------------------------------------------------------------------------------------------------------- the way home


def _recover(draft: RcgDraft, options: Options) -> None:
    at = draft.at
    if not guards.stands(draft, RIGHT[RcgVerb.RECOVER]):
        return
    p, s = at.natural, at.peer
    guards.linked(draft, s)
    fence(draft, p, options)
    save(draft, p)
    draft.add(Recover(*guards.sided(at, s)), f"Copy back from {s.device} to {p.device}", destructive=True)
    draft.add(WaitSynced(*guards.sided(at, s)), "Wait until every volume is Synced", limit_s=_copy_limit(s.group))
    count = len(p.group.volumes) if p.group is not None else 0
    draft.confirm += [f"recover {at.name}", f"overwrite {count} volumes"]
    draft.loss = f"what {p.device} took after the failover point is overwritten; its snapshots keep it"
    draft.lasting.append(f"The volumes of {p.device} are overwritten with those of {s.device}.")


def draw_protected(draft: RcgDraft) -> None:
    """Fill in the wait for a group that is replicated from where it was failed over to, back to where it was. After a
    failover with both arrays alive these may have begun that by themselves (procedures 4.3)."""
    at = draft.at
    if not draft.guard("rcg.pair", "the group is known on both arrays", *guards.known(at)):
        return
    guards.clear(draft)
    if guards.stands(draft, Right((Standing.RECOVERED, Standing.SWAPPED, Standing.FAILED_OVER))):
        guards.started(draft, (at.natural, at.peer))
        wait = WaitSynced(*guards.sided(at, at.peer))
        draft.add(wait, "Wait until every volume is Synced", limit_s=_copy_limit(at.peer.group))
        draft.loss, draft.loss_s = "nothing: it is replicated from where it runs", 0.0


def _copy_limit(group: RemoteCopyGroup | None) -> float:
    """Seconds: fifteen minutes, and one more for each 10 GiB."""
    size = sum(volume.size_mib or 0 for volume in group.volumes) if group is not None else 0
    return SYNC_S + size / 10_240 * 60


def _restore(draft: RcgDraft, options: Options) -> None:
    at = draft.at
    if not guards.stands(draft, RIGHT[RcgVerb.RESTORE]):
        return
    p, s = at.natural, at.peer
    guards.started(draft, (p, s))
    guards.synced(draft, (p, s), p.group.mode if p.group is not None else None)
    guards.linked(draft, s)
    fence(draft, s, options)
    _add_sync(draft, s)
    draft.add(WaitSynced(*guards.sided(at, s)), "Wait until every volume is Synced", limit_s=SYNC_S)
    draft.add(Restore(*guards.sided(at, s)), "Back to the natural roles", destructive=True, limit_s=RESTORE_S)
    export_as(draft, s, p, options)
    draft.confirm.append(f"restore {at.name}")
    draft.loss = "nothing: the hosts are taken off first, then the last of their writes is carried back"
    draft.loss_s = 0.0
    draft.notes.append(f"{p.device} takes the writes from then on.")


def _reverse(draft: RcgDraft, options: Options) -> None:
    """Swap the roles for good with both arrays alive: the way there, and the way back from there."""
    at = draft.at
    if not guards.stands(draft, RIGHT[RcgVerb.REVERSE]):
        return
    active, other = _active(at)
    guards.started(draft, (active, other))
    guards.synced(draft, (active, other), active.group.mode if active.group is not None else None)
    guards.linked(draft, active)
    fence(draft, active, options)
    _add_sync(draft, active)
    draft.add(Stop(*guards.sided(at, active)), f"Stop replication on {active.device}", limit_s=STOP_S, destructive=True)
    save(draft, active)
    array, group, peer, peer_group, _ = guards.sided(at, other)
    primary, secondary = RoleCode.PRIMARY, RoleCode.SECONDARY
    step = Reverse(array, group, peer, peer_group, "cli", primary, secondary, secondary, primary)
    draft.add(step, f"Swap the roles: {other.device} becomes Primary", destructive=True)
    draft.add(Start(*guards.sided(at, other)), f"Start replication from {other.device}", limit_s=START_S)
    export_as(draft, active, other, options)
    draft.add(WaitSynced(*guards.sided(at, other)), "Wait until every volume is Synced", limit_s=SYNC_S)
    draft.confirm.append(f"reverse {at.name}")
    draft.loss, draft.loss_s = "nothing: the hosts are taken off first", 0.0
    draft.notes.append(f"{other.device} is the natural primary from then on.")


def _undo(draft: RcgDraft, options: Options) -> None:
    """Undo a failover without copying anything back: the writes made since are discarded."""
    at = draft.at
    if not guards.stands(draft, RIGHT[RcgVerb.UNDO]):
        return
    p, s = at.natural, at.peer
    guards.started(draft, (p, s), started=False)
    guards.linked(draft, p)
    fence(draft, s, options)
    save(draft, s)
    array, group, peer, peer_group, _ = guards.sided(at, s)
    codes = (RoleCode.SECONDARY, RoleCode.PRIMARY, RoleCode.PRIMARY_REV, RoleCode.PRIMARY)
    step = Reverse(array, group, peer, peer_group, "cli", *codes, options=("stop_groups", "local", "current"))
    draft.add(step, f"Turn {s.device} back to Secondary", destructive=True)
    draft.add(Start(*guards.sided(at, p)), f"Start replication from {p.device}", limit_s=START_S, destructive=True)
    draft.add(WaitSynced(*guards.sided(at, p)), "Wait until every volume is Synced", limit_s=_copy_limit(p.group))
    export_as(draft, s, p, options)
    draft.confirm += [f"undo {at.name}", f"discard DR writes of {at.name}"]
    draft.loss = f"everything written on {s.device} since the failover; snapshots there keep it"
    draft.lasting.append(f"The volumes of {s.device} are overwritten with those of {p.device}.")


def _switchover(draft: RcgDraft, options: Options) -> None:
    at = draft.at
    if not guards.stands(draft, RIGHT[RcgVerb.SWITCHOVER]):
        return
    p, s = at.natural, at.peer
    group = p.group
    persistent = group is not None and group.mode is RcgMode.SYNC and "path_management" in group.policies
    evidence = "no group" if group is None else f"{group.mode}, policies {', '.join(group.policies) or 'none'}"
    draft.guard("rcg.policy", "the group is a Peer Persistence group", persistent, evidence, p)
    guards.started(draft, (p, s))
    guards.synced(draft, (p, s))
    guards.linked(draft, p)
    draft.add(Switchover(*guards.sided(at, p)), f"Switch over to {s.device}", destructive=True)
    draft.confirm.append(f"switchover {at.name}")
    draft.loss, draft.loss_s = "nothing: both sides are synchronous", 0.0


_VERBS: dict[RcgVerb, Callable[[RcgDraft, Options], None]] = {
    RcgVerb.START: _start,
    RcgVerb.STOP: _stop,
    RcgVerb.SYNC: _sync,
    RcgVerb.FAILOVER: _failover,
    RcgVerb.RECOVER: _recover,
    RcgVerb.RESTORE: _restore,
    RcgVerb.REVERSE: _reverse,
    RcgVerb.UNDO: _undo,
    RcgVerb.SWITCHOVER: _switchover,
}
