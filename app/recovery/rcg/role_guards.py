"""The guards that plans on a remote copy group have in common: each says what was seen, and whether it holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from app.recovery.rcg.situation import RcgDraft, SideNow, Situation
from store.estate import RcgMode, RcgStatus, SyncStatus
from store.rcg_verbs import Right

Sided = tuple[str, str, str, str, str]


def sided(at: Situation, side: SideNow) -> Sided:
    """Array, group, peer, peer's group and door for a step on ``side``."""
    other = at.peer if side is at.natural else at.natural
    mine, theirs = side.any_group, other.any_group
    return side.device, mine.name if mine else "", other.device, theirs.name if theirs else "", side.door


def known(at: Situation) -> tuple[bool, str]:
    sides = (at.natural, at.peer)
    lacking = [side.device or "an array that is not configured" for side in sides if side.any_group is None]
    return not lacking, f"not found on {', '.join(lacking)}" if lacking else f"{at.natural.device} and {at.peer.device}"


def clear(draft: RcgDraft) -> None:
    for side in (draft.at.natural, draft.at.peer):
        if side.unclear:
            draft.guard("rcg.doors", f"the answers of {side.device} agree", False, "; ".join(side.unclear), side)


def stands(draft: RcgDraft, right: Right) -> bool:
    at = draft.at
    words = f"the pair is {', or '.join(right.standings)}"
    return draft.guard("rcg.role", words, at.standing in right.standings, at.meaning, at.natural)


def started(draft: RcgDraft, sides: Iterable[SideNow], *, started: bool = True) -> bool:
    wanted = (RcgStatus.STARTED,) if started else (RcgStatus.STOPPED, RcgStatus.NEW)
    found = {side.device: side.group.status for side in sides if side.group is not None}
    words = f"the group is {'Started' if started else 'Stopped'}"
    evidence = ", ".join(f"{status} on {device}" for device, status in found.items())
    return draft.guard("rcg.started", words, all(status in wanted for status in found.values()), evidence)


def synced(draft: RcgDraft, sides: Iterable[SideNow], mode: RcgMode | None = RcgMode.SYNC) -> bool:
    """A group that is not synchronous may be in the middle of a copy, but not of its first one."""
    bad, empty = [], False
    for side in sides:
        volumes = side.group.volumes if side.group is not None else ()
        empty = empty or (side.group is not None and not volumes)
        for volume in volumes:
            again = mode is not RcgMode.SYNC and volume.last_sync is not None
            if volume.sync_status is not SyncStatus.SYNCED and not (again and volume.sync_status is SyncStatus.SYNCING):
                bad.append(f"{volume.local} on {side.device} is {volume.sync_status}")
    words = "every volume is Synced" if mode is RcgMode.SYNC else "every volume is Synced, or was and is Syncing again"
    evidence = "the group has no volumes" if empty else "; ".join(bad) or "yes"
    return draft.guard("rcg.synced", words, not bad and not empty, evidence)


def linked(draft: RcgDraft, side: SideNow) -> bool:
    group, system = side.group, side.system
    if group is None or system is None:
        return draft.guard("rcg.links", "the arrays reach each other", False, f"{side.device} is not read")
    target = next((t for t in system.targets if t.name == group.target), None)
    links = [link for link in system.links if link.target == group.target]
    up = [link for link in links if link.status == "Up"]
    status = "not listed" if target is None else target.status
    holds = bool(up) and (target is None or status == "ready")
    evidence = f"target {group.target} is {status}, {len(up)} of {len(links)} links Up"
    return draft.guard("rcg.links", "the arrays reach each other", holds, evidence, side)
