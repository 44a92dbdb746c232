"""Plans for protection groups (procedures 3.9). Pure: what there is in, guards and steps out.

All or nothing: one volume without a target, or one target that must not be overwritten, refuses the whole plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from app.recovery.draft import USUAL_S
from app.recovery.pg.database_steps import BeginBackup, EndBackup
from app.recovery.pg.pairing import Pair, Pairing, Source, pairing
from app.recovery.pg.request import Request, Restore
from app.recovery.pg.situation import CloneDraft, CloneNow, GroupNow, RestoreDraft, TargetsNow
from app.recovery.pg.steps import (
    DropTag,
    KeepVolumes,
    Overwrite,
    RestoreAll,
    SendTaken,
    TakeSnapshot,
    WaitArrived,
    WriteTag,
)
from backends.flasharray import names
from backends.flasharray.verbs import Replicate

_AT_ONCE = 50
"""Volumes in one request for safety snapshots: their names are part of its address."""

_END_S = 600.0
"""For so long it is tried to take a database out of backup mode: nothing else is worth as much patience."""


def draw_clone(draft: CloneDraft, asked: Request) -> None:
    """The snapshot and, where a target group is given, its clone. Raises :class:`backends.outcome.ParseError` for a
    name that a new snapshot cannot have."""
    if not _there(draft, draft.at.home, "the protection group is there"):
        return
    if not _usable(draft, asked):
        return
    sources = _wanted(draft, asked)
    ready = _taken(draft, asked)
    if draft.at.onto is not None:
        _clone(draft, asked, draft.at.onto, sources, ready)


def _there(draft: CloneDraft | RestoreDraft, side: GroupNow, words: str) -> bool:
    group = side.group
    if group is None:
        evidence = f"{side.device} has no protection group {side.name}"
    elif group.destroyed:
        evidence = f"{side.name} is pending eradication"
    else:
        evidence = f"{side.name} on {side.device}, {len(side.volumes)} volumes"
    holds = group is not None and not group.destroyed
    return draft.guard("fa.pgroup", words, holds, evidence, side)


def _usable(draft: CloneDraft, asked: Request) -> bool:
    at = draft.at
    if at.snapshot is None:
        words = "the protection group has volumes"
        return draft.guard("fa.member", words, bool(at.sources), f"{len(at.sources)} volumes", at.home)
    words = "the snapshot can be used"
    if at.snapshot.destroyed:
        return draft.guard("fa.complete", words, False, f"{asked.snapshot} is pending eradication", at.home)
    if at.gone:
        evidence = f"pending eradication: {', '.join(at.gone)}"
        return draft.guard("fa.complete", words, False, evidence, at.home)
    if not at.arrived:
        evidence = f"{asked.snapshot} has not arrived on {asked.array} as a whole"
        return draft.guard("fa.complete", words, False, evidence, at.home)
    count = f"{asked.snapshot} is there since {at.snapshot.created:%Y-%m-%d %H:%M} UTC, {len(at.sources)} volumes"
    draft.notes.append(f"{asked.snapshot} exists already: it is used as it is, and none is taken.")
    if asked.database is not None:
        draft.notes.append(f"{asked.database} is not put into backup mode: only a snapshot that is taken needs it.")
    return draft.guard("fa.complete", words, bool(at.sources), count, at.home)


def wanted(at: CloneNow, asked: Request) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """The volumes of the snapshot without those that are excluded, and what was to be excluded and is not in it."""
    out, unknown = set(), []
    for each in asked.excluded:
        found = [s for s in at.sources if each in (s.name, s.id, *s.known_as, s.name.rpartition("::")[2])]
        if not found:
            unknown.append(each)
        out.update(found)
    return tuple(source for source in at.sources if source not in out), tuple(unknown)


def _wanted(draft: CloneDraft, asked: Request) -> tuple[Source, ...]:
    left, unknown = wanted(draft.at, asked)
    if asked.excluded:
        count = len(draft.at.sources) - len(left)
        evidence = f"not in it: {', '.join(unknown)}" if unknown else f"{count} are left out"
        draft.guard("fa.excluded", "every excluded volume is in the snapshot", not unknown, evidence, draft.at.home)
    return left


def _taken(draft: CloneDraft, asked: Request) -> tuple[str, ...]:
    """Take the snapshot if there is none, have it arrive where it is cloned. Returns what must be settled for that."""
    at = draft.at
    needs: tuple[str, ...] = ()
    if at.snapshot is None:
        needs = (_take(draft, asked),)
    if asked.replicate is not Replicate.NO:
        _targeted(draft, asked)
    if at.snapshot is None and at.away is not None and at.away.snapshot is not None:
        words = "the name is free on the target"
        evidence = f"{at.whole} is on {asked.to} already, {asked.snapshot} not on {asked.array}: take another name"
        draft.guard("fa.sent", words, False, evidence, at.home)
    if at.away is None or at.away.complete:
        if at.away is not None:
            words = "the snapshot has all its volumes on the target"
            evidence = f"not there: {', '.join(at.away.lacking)}" if at.away.lacking else f"{len(at.sources)} volumes"
            draft.guard("fa.complete", words, not at.away.lacking, evidence)
        return needs
    if at.snapshot is not None and at.away.snapshot is None:
        step = SendTaken(asked.array, asked.snapshot, at.away.array, at.home.owner.name)
        needs = (draft.add(step, f"Send {asked.snapshot} to {at.away.array}", limit_s=60.0),)
    title = f"Wait until {asked.to} holds all of it"
    return (draft.add(WaitArrived(asked.to or asked.array, at.whole), title, needs=needs, limit_s=asked.wait_s),)


def _take(draft: CloneDraft, asked: Request) -> str:
    """Take the snapshot, between the begin and the end of backup mode where a database is named. What rests on the
    snapshot does not wait for that end. Returns the step that takes it."""
    names.suffix(asked.suffix)
    db = draft.at.database
    parts = tuple(f"{asked.snapshot}.{source.snapshot.rpartition('.')[2]}" for source in draft.at.sources)
    how = "" if asked.replicate is Replicate.NO else " and replicate it"
    title, group, kind = f"Take {asked.snapshot}{how}", (asked.array, asked.group, asked.suffix), asked.replicate
    if db is None:
        return draft.add(TakeSnapshot(*group, kind, parts), title, limit_s=60.0)
    words = f"the host of the database {db.name} is known"
    draft.guard("db.host", words, db.believed, f"{db.host}: {db.identity}")
    begun = draft.add(BeginBackup(db.name, db.begin, db.status), f"Put {db.name} into backup mode")
    step = TakeSnapshot(*group, kind, parts, db.name, db.status)
    taken = draft.add(step, title, needs=(begun,), limit_s=60.0)
    end = EndBackup(db.name, db.end, db.status)
    title = f"Take {db.name} out of backup mode"
    draft.add(end, title, needs=(), after=(begun, taken), limit_s=_END_S, closes=begun)
    draft.notes.append(f"{db.name} is asked nothing before the run: it must not be in backup mode when that begins.")
    return taken


def _targeted(draft: CloneDraft, asked: Request) -> None:
    group = draft.at.home.group
    targets = group.targets if group is not None else ()
    allowed = [target.name for target in targets if target.allowed]
    evidence = ", ".join(f"{t.name} {'allowed' if t.allowed else 'not allowed'}" for t in targets) or "it has no target"
    words = "the group replicates to its target"
    holds = bool(allowed)
    if draft.at.away is not None:
        name = draft.at.away.array
        words, holds = f"the group replicates to {name}", name in allowed
    draft.guard("fa.target", words, holds, evidence, draft.at.home)


# -------------------------------------------------------------------------------------------------------------- clone


def _clone(
    draft: CloneDraft, asked: Request, onto: TargetsNow, sources: Sequence[Source], ready: tuple[str, ...]
) -> None:
    if not _there(draft, onto.side, "the target group is there"):
        return
    same = onto.side.key == draft.at.home.key
    evidence = f"{onto.side.name} on {onto.side.device}"
    draft.guard("fa.same", "source and target are two groups", not same, evidence, onto.side)
    found = pairing(sources, onto.targets, ignore_tags=asked.ignore_tags, freed=asked.freed)
    _paired(draft, onto, found, len(sources))
    _overlap(draft, onto, found.pairs)
    _unused(draft, onto.side, onto.users, [pair.target.name for pair in found.pairs], asked.running)
    if draft.refused:
        return
    kept = f"drdeck-{draft.run_tag}"
    saved = _keep(draft, onto.side.device, [pair.target.name for pair in found.pairs], kept, ready)
    for pair in found.pairs:
        _overwrite(draft, asked, onto, pair, kept, saved)
    for target in found.cleared:
        drop = DropTag(onto.side.device, target.name, target.tag or "")
        draft.add(drop, f"Take the tag off {target.name}", needs=saved, limit_s=60.0)
    draft.confirm += [f"clone {draft.at.name}", f"overwrite {len(found.pairs)} volumes"]
    draft.loss = f"what the volumes of {onto.side.name} hold is overwritten; their safety snapshots .{kept} keep it"
    draft.notes.append("Mount nothing of the target group until the run has ended: it becomes whole volume by volume.")


def _paired(draft: CloneDraft, onto: TargetsNow, found: Pairing, count: int) -> None:
    evidence = "; ".join(found.wrong) or f"{len(found.pairs)} of {count} pairs"
    holds = not found.wrong and bool(found.pairs)
    draft.guard("fa.paired", "every volume has exactly one target of its size or larger", holds, evidence, onto.side)
    for pair in found.pairs:
        larger = f", {pair.target.size - pair.source.size} bytes larger: it takes the source's size"
        more = larger if pair.target.size > pair.source.size else ""
        draft.notes.append(f"{pair.source.snapshot} goes to {pair.target.name}, by {pair.how}{more}.")
    for target in found.cleared:
        draft.notes.append(f"{target.name} loses its tag ({target.tag}): nothing goes to it.")
    for target in found.stale:
        draft.notes.append(
            f"{target.name} carries the tag of a volume that is not in the snapshot ({target.tag}) and stays as it is; "
            f"--free-tag {target.name} frees it."
        )


def _overlap(draft: CloneDraft, onto: TargetsNow, pairs: Iterable[Pair]) -> None:
    if onto.side.owner != draft.at.home.owner:
        return
    # What has left the group since the snapshot is a source as well.
    sources = {*draft.at.home.volumes, *(source.name for source in draft.at.sources)}
    both = sorted({pair.target.name for pair in pairs} & sources)
    words = "no target is one of the source volumes"
    draft.guard("fa.overlap", words, not both, ", ".join(both) or "none is", onto.side)


def _unused(
    draft: CloneDraft | RestoreDraft,
    side: GroupNow,
    users: Mapping[str, Mapping[str, str]],
    names: Iterable[str],
    running: frozenset[str],
) -> None:
    """No volume that is overwritten is connected to a host that may be running, but for those that were named."""
    bad, allowed = [], set()
    for name in names:
        for host, why in users.get(name, {}).items():
            if host in running:
                allowed.add(host)
            else:
                bad.append(f"{name} is connected to {host}, and {why}")
    more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
    evidence = "; ".join(bad[:3]) + more if bad else "no initiator of a host that sees them is logged in"
    draft.guard("fa.in-use", "no volume that is overwritten is in use", not bad, evidence, side)
    draft.confirm += [f"overwrite volumes of running host {host}" for host in sorted(allowed)]
    draft.lasting += [f"{host} may be writing to volumes that are overwritten under it." for host in sorted(allowed)]


def _keep(
    draft: CloneDraft | RestoreDraft, device: str, volumes: Sequence[str], suffix: str, needs: tuple[str, ...]
) -> tuple[str, ...]:
    """Safety snapshots of all volumes. Returns the steps that take them."""
    found = []
    for first in range(0, len(volumes), _AT_ONCE):
        some = tuple(volumes[first : first + _AT_ONCE])
        shown = f"{some[0]}.{suffix}" + (f" and {len(some) - 1} more" if len(some) > 1 else "")
        title = f"Keep what is overwritten as {shown}"
        found.append(draft.add(KeepVolumes(device, some, suffix), title, needs=needs, limit_s=60.0))
    return tuple(found)


def _overwrite(
    draft: CloneDraft, asked: Request, onto: TargetsNow, pair: Pair, kept: str, saved: tuple[str, ...]
) -> None:
    device, name = onto.side.device, pair.target.name
    allowed = tuple(sorted(asked.running))
    step = Overwrite(device, name, pair.source.snapshot, pair.source.size, kept, allowed)
    title = f"Overwrite {name} with {pair.source.snapshot}"
    done = draft.add(step, title, needs=saved, destructive=True, limit_s=USUAL_S)
    if pair.to_tag:
        tag = WriteTag(device, name, pair.source.id)
        draft.add(tag, f"Tag {name} as the pair of {pair.source.name}", needs=(done,), limit_s=60.0)


# ------------------------------------------------------------------------------------------------------------ restore


def draw_restore(draft: RestoreDraft, asked: Restore) -> None:
    """All volumes of a group back to what they held in one of its snapshots."""
    at = draft.at
    if not _there(draft, at.home, "the protection group is there"):
        return
    words = "the snapshot can be used"
    if at.snapshot is None or at.snapshot.destroyed:
        how = "there is none of that name" if at.snapshot is None else "it is pending eradication"
        draft.guard("fa.complete", words, False, f"{asked.snapshot}: {how}", at.home)
        return
    evidence = f"{asked.snapshot} is there since {at.snapshot.created:%Y-%m-%d %H:%M} UTC, {len(at.parts)} volumes"
    draft.guard("fa.complete", words, bool(at.parts), evidence, at.home)
    _same_members(draft, at.home, at.parts)
    _unused(draft, at.home, at.users, at.home.volumes, asked.running)
    if draft.refused:
        return
    kept, names = f"drdeck-{draft.run_tag}", sorted(at.home.volumes)
    saved = _keep(draft, asked.array, names, kept, ())
    parts = tuple((name, f"{asked.snapshot}.{name.rpartition('::')[2]}") for name in names)
    sized = tuple((name, part, at.parts[part]) for name, part in parts)
    step = RestoreAll(asked.array, asked.group, asked.snapshot, sized, kept, tuple(sorted(asked.running)))
    draft.add(step, f"Restore all of {asked.group} from {asked.snapshot}", needs=saved, destructive=True)
    draft.confirm += [f"restore {at.name}", f"overwrite {len(names)} volumes"]
    age_s = (at.now - at.snapshot.created).total_seconds()
    draft.loss_s = max(0.0, age_s) + abs(at.home.skew_s or 0.0)  # the array's clock said when it was created
    draft.loss = f"what was written after {at.snapshot.created:%Y-%m-%d %H:%M:%S} UTC; safety snapshots .{kept} keep it"


def _same_members(draft: RestoreDraft, home: GroupNow, parts: Iterable[str]) -> None:
    now = {name.rpartition("::")[2] for name in home.volumes}
    then = {part.rpartition(".")[2] for part in parts}
    found = [f"{name} is not in the snapshot" for name in sorted(now - then)]
    found += [f"{name} is not in the group any more" for name in sorted(then - now)]
    words = "the snapshot has the volumes that the group has now"
    draft.guard("fa.member", words, not found, "; ".join(found[:3]) or f"{len(now)} volumes", home)
