"""What the detail of a protection group says: the group at home against what each target shows of it."""

from __future__ import annotations

from collections.abc import Iterator

from screens import sources as src
from screens.ages import age, exact, moment, size
from screens.cells import Cell, Tone
from screens.copies import TargetCopy, pgroup_health, target_copies, worst_rpo_s
from screens.origins import origin
from screens.pairing import PgroupPair, pgroup_pair
from screens.rows_pgroups import NO_COPY, percent, progress_text, schedule_text, targets_cell
from screens.rpo_history import pgroup_curve
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, both, text_cell
from screens.status import EMPTY, status
from store.estate import PgroupRetention, PgroupSnapshot, ProtectionGroup
from store.records import Entry


def parts(scene: Scene, entry: Entry) -> list[Part]:
    """The parts of the detail, top to bottom. Raises TypeError for an entry that is no protection group."""
    pair = pgroup_pair(scene, entry)
    result: list[Part] = list(_notes(scene, pair, entry))
    if pair.source is None:
        return [*result, *_sides(scene, entry, None), *_curves(scene, pair, [_group(entry).array])]
    for number, replica in enumerate(pair.replicas):
        if number:
            result.append(Heading(f"Target {_group(replica).array}"))
        result += _sides(scene, pair.source, replica)
    if not pair.replicas:
        result += _sides(scene, pair.source, None)
    source = _group(pair.source)
    result.append(origin(scene, pair.source))
    result += _curves(scene, pair, [target.name for target in source.targets])
    return [*result, *_copies(scene, source), *_members(source)]


def _curves(scene: Scene, pair: PgroupPair, targets: list[str]) -> Iterator[Part]:
    """How old the copy on each target was over time."""
    curves = [curve for target in targets if (curve := pgroup_curve(scene, pair, target)) is not None]
    if curves:
        yield Heading("Age of the newest complete copy")
        yield from curves


def _group(entry: Entry) -> ProtectionGroup:
    if not isinstance(entry.obj, ProtectionGroup):
        raise TypeError(f"not a protection group: {entry.key}")
    return entry.obj


def _notes(scene: Scene, pair: PgroupPair, entry: Entry) -> Iterator[Part]:
    if pair.source is None:
        home = _group(entry).source or "its home array"
        yield Note(f"The group at home is not known: {home} was not read. Only the replica is shown.", Tone.UNKNOWN)
        return
    shown = {_group(replica).array for replica in pair.replicas}
    for target in _group(pair.source).targets:
        if target.name not in shown:
            yield Note(f"What {target.name} holds of it is not known: no reading of that array shows it.", Tone.UNKNOWN)


def _sides(scene: Scene, left: Entry, right: Entry | None) -> Iterator[Part]:
    mine, other = _group(left), _group(right) if right is not None else None
    source = mine if mine.is_local else None
    yield origin(scene, left, right)
    yield both("Name", lambda group: Cell(group.name), mine, other, source=src.GET_PGROUPS)
    yield both("Array", lambda group: Cell(group.array), mine, other, source=src.GET_ARRAYS)
    yield both("Site", scene.site_cell, left, right, source=src.SETTINGS)
    yield both(
        "State",
        lambda group: status(pgroup_health(group, scene.now, source)).cell(),
        mine,
        other,
        source=src.derived("newest complete and transfers against the schedule"),
    )
    yield both("Seen", scene.seen_cell, left, right, source=src.SEEN)
    yield both("Replicates", targets_cell, mine, other, source=src.GET_PGROUP_TARGETS)
    yield both(
        "Newest complete",
        lambda group: _newest(group, scene),
        mine,
        other,
        compare=True,
        source=f"{src.GET_SNAPSHOTS}: created",
    )
    yield both("Snapshots", lambda group: Cell(str(group.snapshot_count)), mine, other, source=src.GET_SNAPSHOTS)
    yield both(
        "Replication",
        lambda group: _local(group, schedule_text(group.replication)),
        mine,
        other,
        source=f"{src.GET_PGROUPS}: replication_schedule",
    )
    yield both(
        "Local snapshots",
        lambda group: _local(group, schedule_text(group.snapshot)),
        mine,
        other,
        source=f"{src.GET_PGROUPS}: snapshot_schedule",
    )
    yield both(
        "Kept at source",
        lambda group: _retention(group.source_retention),
        mine,
        other,
        source=f"{src.GET_PGROUPS}: source_retention",
    )
    yield both(
        "Kept at target",
        lambda group: _retention(group.target_retention),
        mine,
        other,
        source=f"{src.GET_PGROUPS}: target_retention",
    )
    yield both(
        "Retention lock",
        _lock,
        mine,
        other,
        source=f"{src.GET_PGROUPS}: retention_lock",
    )
    if mine.destroyed or (other is not None and other.destroyed):
        yield both("Eradicated in", _eradication, mine, other, source=f"{src.GET_PGROUPS}: time_remaining")


def _local(group: ProtectionGroup, text: str) -> Cell:
    return Cell(text) if group.is_local else EMPTY


def _newest(group: ProtectionGroup, scene: Scene) -> Cell:
    if group.is_local and not group.targets:
        return EMPTY
    held = [copy.newest for copy in target_copies(group)]
    if not held or None in held:
        return Cell("no complete copy", Tone.BAD)
    oldest = min((snapshot for snapshot in held if snapshot is not None), key=lambda snapshot: snapshot.created)
    return Cell(scene.ago(oldest.created))


def _retention(kept: PgroupRetention | None) -> Cell:
    if kept is None:
        return EMPTY
    words = [f"all for {exact(kept.all_for_s)}"] if kept.all_for_s else []
    if kept.per_day and kept.days:
        words.append(f"{kept.per_day} a day for {kept.days} days")
    return text_cell(", then ".join(words))


def _lock(group: ProtectionGroup) -> Cell:
    """Under SafeMode, as the array's own pages call it, nothing of the group can be eradicated early."""
    return text_cell("ratcheted: SafeMode" if group.retention_lock == "ratcheted" else group.retention_lock)


def _eradication(group: ProtectionGroup) -> Cell:
    if not group.destroyed:
        return Cell("not destroyed")
    return Cell("time not told" if group.time_remaining_s is None else exact(group.time_remaining_s), Tone.BAD)


def _copies(scene: Scene, group: ProtectionGroup) -> Iterator[Part]:
    if not group.targets:
        return
    yield Heading("Copies, as the source array reports them")
    worst = worst_rpo_s(group)
    cell = Cell("not known: no transfer was seen complete") if worst is None else Cell(exact(worst))
    yield Fact("Worst RPO", cell, source=src.derived("interval + longest transfer seen + blackout"))
    suspended = {target.name for target in group.targets if target.status == "suspended"}
    for copy in target_copies(group):
        yield Fact(f"On {copy.target}", _copy(copy, scene), source=f"{src.GET_SNAPSHOTS}; {src.GET_TRANSFERS}")
        if copy.moving is not None:
            yield Fact(
                "", Cell(f"transferring {copy.moving.name}: {progress_text(copy)}", Tone.BUSY), source=src.GET_TRANSFERS
            )
        if not copy.allowed:
            yield Fact("", Cell("the target does not allow this group", Tone.BAD), source=src.GET_PGROUP_TARGETS)
        elif copy.target in suspended:
            yield Fact("", Cell("replication to it is suspended", Tone.WARN), source=src.GET_PGROUP_TARGETS)
    for snapshot in group.snapshots:
        yield Fact(
            f"  {age(scene.now, snapshot.created)} ago", _snapshot(snapshot), source=f"{src.GET_SNAPSHOTS}; /transfer"
        )


def _copy(copy: TargetCopy, scene: Scene) -> Cell:
    if copy.newest is None:
        return Cell("no complete copy", NO_COPY.tone)
    longest = "" if copy.longest_s is None else f"; longest transfer {exact(copy.longest_s)}"
    return Cell(f"{copy.newest.name}, {age(scene.now, copy.newest.created)} old{longest}")


def _snapshot(snapshot: PgroupSnapshot) -> Cell:
    words = [snapshot.name, f"created {moment(snapshot.created)}"]
    if snapshot.target is None:
        words.append("local")
    elif snapshot.complete and snapshot.completed is not None:
        lag_s = max(0.0, (snapshot.completed - snapshot.created).total_seconds())
        words.append(f"complete on {snapshot.target} {exact(lag_s)} later")
    elif snapshot.started is not None and snapshot.progress is not None:
        words.append(f"{percent(snapshot.progress)} on {snapshot.target}")
    else:
        words.append(f"not complete on {snapshot.target}")
    if snapshot.data_transferred is not None:
        words.append(size(snapshot.data_transferred))
    if snapshot.destroyed:
        words.append("destroyed")
    return Cell(", ".join(words), Tone.DIM if snapshot.destroyed else Tone.PLAIN)


def _members(group: ProtectionGroup) -> Iterator[Part]:
    yield Heading("Members")
    for label, names in (("Volumes", group.volumes), ("Hosts", group.hosts), ("Host groups", group.host_groups)):
        if names:
            yield Fact(f"{len(names)} {label.lower()}", Cell(", ".join(names)), source=src.GET_PGROUP_MEMBERS)
    if not (group.volumes or group.hosts or group.host_groups):
        yield Note("None.", Tone.WARN)
