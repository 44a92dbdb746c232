"""What can be done to a protection group as it is now, and why the rest is not right. Pure.

It is said from what the store last saw; the plan looks at the arrays anew and refuses by itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from screens.actions_acts import PGROUP_WORDS
from screens.offers import Offer
from screens.run_messages import ActsAsked
from screens.scene import Scene
from store.estate import ProtectionGroup
from store.records import Entry


def asked(scene: Scene, keys: Sequence[str], snapshots: Sequence[str] = ()) -> ActsAsked:
    """The menu for the groups with these keys. ``snapshots`` are the suffixes of those that it is about, where they are
    listed; none: the newest one will do."""
    try:
        found = [(entry, _group(entry)) for entry in (scene.entry("pgroup", key) for key in keys)]
    except LookupError:
        return ActsAsked(", ".join(keys), _nothing("the store does not know it any more"))
    names = [f"{group.name} on {group.array}" for _, group in found]
    if len(found) != 1:
        return ActsAsked(f"{len(found)} groups: {', '.join(names)}", _nothing("one group at a time"))
    ((entry, group),) = found
    if not group.is_local:
        home, own = group.source or "its home array", group.name.partition(":")[2]
        return ActsAsked(names[0], _nothing(f"a replica: act on {own} on {home}"))
    what = f"{names[0]}, snapshot {', '.join(snapshots)}" if snapshots else names[0]
    return ActsAsked(what, offers(entry, group, scene.now, snapshots))


def _group(entry: Entry) -> ProtectionGroup:
    if not isinstance(entry.obj, ProtectionGroup):
        raise LookupError(f"{entry.key} is no protection group")
    return entry.obj


def _nothing(why_not: str) -> tuple[Offer, ...]:
    """Nothing could be asked for, whatever the act."""
    return tuple(Offer(word, name, words, None, why_not) for word, name, words in PGROUP_WORDS)


def offers(entry: Entry, group: ProtectionGroup, now: datetime, snapshots: Sequence[str] = ()) -> tuple[Offer, ...]:
    """Every act on a group at home, with why it is not right."""
    on, gone, fresh = f"--on {shlex.quote(entry.device)}", _gone(entry, group), new_name(now)
    empty = None if group.volumes or group.hosts or group.host_groups else "it has no members"
    suffix, wrong = _which(group, snapshots)
    snapshot = f"pgroup snapshot {group.name} {fresh} {on}"
    clone = f"pgroup clone {group.name} {suffix or fresh} {on} --onto "
    several = len(group.targets) > 1
    made = {
        "snapshot": (snapshot, gone or empty, False),
        "replicate": (f"{snapshot} --replicate{' --to ' if several else ''}", gone or empty or _away(group), several),
        "send": _send(group, on, suffix if snapshots else None, gone or wrong or _away(group), several),
        "clone": (None if wrong else clone, gone or wrong, True),
        "restore": _restore(group, on, suffix, gone or wrong, chosen=bool(snapshots)),
    }
    return tuple(Offer(word, name, words, *made[word]) for word, name, words in PGROUP_WORDS)


def _send(
    group: ProtectionGroup, on: str, suffix: str | None, wrong: str | None, several: bool
) -> tuple[str | None, str | None, bool]:
    """Order, why not, whether it is typed on: to which target, where there are several."""
    if suffix is None:
        return None, wrong or "choose one on the list of its snapshots", False
    sent = {snapshot.target for snapshot in group.snapshots if snapshot.suffix == suffix and not snapshot.destroyed}
    left = [target.name for target in group.targets if target.allowed and target.name not in sent]
    why = wrong or (None if left else f"{suffix} is on {', '.join(sorted(name for name in sent if name))} already")
    return f"pgroup snapshot {group.name} {suffix} {on} --replicate{' --to ' if several else ''}", why, several


def _restore(
    group: ProtectionGroup, on: str, suffix: str | None, wrong: str | None, *, chosen: bool
) -> tuple[str | None, str | None, bool]:
    """Order, why not, whether it is typed on: from which snapshot is left open where none was chosen."""
    if suffix is None:
        return None, wrong or f"no snapshot of it is known on {group.array}", False
    if chosen:
        return f"pgroup restore {group.name} {suffix} {on}", wrong, False
    return f"pgroup restore {group.name} {on} {suffix}", wrong, True  # the name last: it is what may be typed anew


def new_name(now: datetime) -> str:
    """A suffix for a snapshot that is taken at ``now`` (UTC)."""
    return f"drdeck-{now:%m%d-%H%M}"


def held(group: ProtectionGroup) -> tuple[str, ...]:
    """The suffixes of the snapshots that the group's own array holds, of those that were read; the newest first."""
    own = [snapshot for snapshot in group.snapshots if snapshot.target is None and not snapshot.destroyed]
    return tuple(snapshot.suffix for snapshot in sorted(own, key=lambda one: one.created, reverse=True))


def _which(group: ProtectionGroup, snapshots: Sequence[str]) -> tuple[str | None, str | None]:
    """The suffix of the snapshot to clone or to restore from, None: there is none; and why it cannot be that one."""
    known = held(group)
    if not snapshots:
        return next(iter(known), None), None
    if len(snapshots) > 1:
        return None, "one snapshot at a time"
    if snapshots[0] not in known:
        return None, f"{group.array} does not show {group.name}.{snapshots[0]} among its own"
    return snapshots[0], None


def _gone(entry: Entry, group: ProtectionGroup) -> str | None:
    if entry.gone:
        return f"{entry.device} does not report it any more"
    return "it is pending eradication" if group.destroyed else None


def _away(group: ProtectionGroup) -> str | None:
    if any(target.allowed for target in group.targets):
        return None
    names = ", ".join(target.name for target in group.targets)
    return f"no target allows it: {names}" if names else "it has no target"
