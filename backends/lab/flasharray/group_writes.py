"""What a simulated array can be told about protection groups and their snapshots."""

from __future__ import annotations

from typing import Any

from backends.lab.flasharray import group_reads, protection, transfers, views
from backends.lab.flasharray.bodies import Body
from backends.lab.flasharray.lists import Query
from backends.lab.flasharray.objects import Group, GroupSnapshot, RefusedError, Retention, Schedule
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row
from backends.lab.flasharray.writes import Write, needed

# ---------------------------------------------------------------------------------------------------- protection groups


def _groups(array: ArrayState, query: Query, gone: bool = False, names: str = "names", ids: str = "ids") -> list[Group]:
    wanted, by_id = needed(query, names, ids)
    known = {group.id: group.name for group in array.groups.values()} if by_id else {}
    return [array.group(known.get(name, name), destroyed_too=gone) for name in wanted]


def post_groups(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    """A new group, or with a snapshot as ``source_names`` a restore of its members' content."""
    names, _ = needed(query, "names")
    sources = query.names("source_names")
    if sources is None:
        return [views.group(array, protection.add_group(array, name)) for name in names]
    if len(names) != 1 or len(sources) != 1:
        raise RefusedError(None, "One group and one source are required.")
    snapshot = _latest_or_named(array, sources[0])
    if names[0] in array.groups and query.flag("overwrite") is not True:
        raise RefusedError(names[0], "Protection group already exists.")
    group = array.groups.get(names[0])
    if group is None:
        group = _new_from(array, names[0], snapshot)
    else:
        protection.restore(array, array.group(names[0]), snapshot)
    return [views.group(array, group)]


def _latest_or_named(array: ArrayState, name: str) -> GroupSnapshot:
    """A group as a source means its latest snapshot, complete or not."""
    if name not in array.groups:
        return protection.group_snapshot(array, name)
    living = [s for s in array.group(name).snapshots.values() if not s.destroyed]
    if not living:
        raise RefusedError(name, "Protection group snapshot does not exist.")
    return max(living, key=lambda s: s.created)


def _new_from(array: ArrayState, name: str, snapshot: GroupSnapshot) -> Group:
    for part in snapshot.members:
        plain = part.name.rpartition(".")[2]
        if plain in array.disks:
            raise RefusedError(plain, "Volume already exists.")
    group = protection.add_group(array, name)
    for part in snapshot.members:
        disk = array.add_volume(part.name.rpartition(".")[2], part.size)
        transfers.judge_source(array, part, disk)
        array.overwrite(disk, part, f"copy of {snapshot.name}")
        protection.add_member(group, disk)
    return group


_SCHEDULE = ("at", "enabled", "frequency", "blackout")
_GROUP_BODY = (
    "name", "destroyed", "replication_schedule", "snapshot_schedule", "source_retention", "target_retention",
    "retention_lock",
)  # fmt: skip


def patch_groups(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    body = Body.of(text, _GROUP_BODY)
    destroyed, name, lock = body.flag("destroyed"), body.text("name"), body.text("retention_lock")
    groups = _groups(array, query, gone=destroyed is False)
    if lock not in (None, "ratcheted", "unlocked"):
        raise RefusedError("retention_lock", "Invalid value.")
    for group in groups:
        if lock == "unlocked" and group.locked:
            raise RefusedError(group.name, f"{protection.LOCKED} Contact Pure Technical Services.")
        _check_settings(group, body)
    for group in groups:
        if destroyed is True:
            protection.destroy_group(array, group)
        elif destroyed is False:
            array.recover(group)
        _settings(array, group, body)
        if lock == "ratcheted":
            group.locked = True
        if name is not None:
            protection.rename_group(array, group, name)
    return [views.group(array, group) for group in groups]


def _schedule(found: Schedule, told: Body) -> Schedule:
    """``found`` with what a request says; checked, not yet in force."""
    frequency, enabled, at = told.number("frequency"), told.flag("enabled"), told.number("at")
    if frequency is not None and not 300_000 <= frequency <= 34_560_000_000:
        raise RefusedError("frequency", "Frequency must be between 300000 and 34560000000 milliseconds.")
    if at is not None and not 0 <= at < 86_400:
        raise RefusedError("at", "Time must be between 0 and 86399 seconds after midnight.")
    blackout = found.blackout
    if told.has("blackout"):
        window = told.child("blackout", ("start", "end")) if told.values["blackout"] != "" else None
        start, end = (window.number("start"), window.number("end")) if window is not None else (None, None)
        blackout = None if start is None or end is None else (start // 1000, end // 1000)
    return Schedule(
        enabled=found.enabled if enabled is None else enabled,
        frequency_s=found.frequency_s if frequency is None else frequency / 1000,
        at_s=found.at_s if at is None else at,
        blackout=blackout,
        timer=found.timer,
    )


def _retention(found: Retention, told: Body) -> Retention:
    all_for, per_day, days = told.number("all_for_sec"), told.number("per_day"), told.number("days")
    if all_for is not None and not 60 <= all_for <= 34_560_000:
        raise RefusedError("all_for_sec", "Retention must be between 60 and 34560000 seconds.")
    return Retention(
        found.all_for_s if all_for is None else all_for,
        found.per_day if per_day is None else per_day,
        found.days if days is None else days,
    )


def _check_settings(group: Group, body: Body) -> None:
    """What a retention lock forbids: anything that would keep less."""
    settings = _told(group, body)
    if not group.locked:
        return
    if body.flag("destroyed") is True:
        raise RefusedError(group.name, protection.LOCKED)
    for name, old in (("replication_schedule", group.replication), ("snapshot_schedule", group.snapshot)):
        new = settings.get(name, old)
        if old.enabled and (not new.enabled or new.frequency_s > old.frequency_s):
            raise RefusedError(group.name, protection.LOCKED)
    for name, rule in (("source_retention", group.source_retention), ("target_retention", group.target_retention)):
        new = settings.get(name, rule)
        if new.all_for_s < rule.all_for_s or new.per_day * new.days < rule.per_day * rule.days:
            raise RefusedError(group.name, protection.LOCKED)


def _told(group: Group, body: Body) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, schedule in (("replication_schedule", group.replication), ("snapshot_schedule", group.snapshot)):
        told = body.child(name, _SCHEDULE)
        if told is not None:
            found[name] = _schedule(schedule, told)
    for name, rule in (("source_retention", group.source_retention), ("target_retention", group.target_retention)):
        told = body.child(name, ("all_for_sec", "per_day", "days"))
        if told is not None:
            found[name] = _retention(rule, told)
    return found


def _settings(array: ArrayState, group: Group, body: Body) -> None:
    settings = _told(group, body)
    group.source_retention = settings.get("source_retention", group.source_retention)
    group.target_retention = settings.get("target_retention", group.target_retention)
    group.replication = settings.get("replication_schedule", group.replication)
    group.snapshot = settings.get("snapshot_schedule", group.snapshot)
    if "replication_schedule" in settings or "snapshot_schedule" in settings:
        protection.arm(array, group)


def delete_groups(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    for group in _groups(array, query, gone=True):
        protection.eradicate_group(array, group)
    return []


# ----------------------------------------------------------------------------------------------------------- membership


def _member_groups(array: ArrayState, query: Query) -> list[Group]:
    return _groups(array, query, names="group_names", ids="group_ids")


def post_group_volumes(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    groups, names = _member_groups(array, query), needed(query, "member_names")[0]
    rows = []
    for group in groups:
        for name in names:
            disk = array.disk(name)
            protection.add_member(group, disk)
            rows.append({"group": views.reference(group), "member": {"id": disk.id, "name": name, "destroyed": False}})
    return rows


def delete_group_volumes(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    groups, names = _member_groups(array, query), needed(query, "member_names")[0]
    for group in groups:
        for name in names:
            disk = array.disk(name, destroyed_too=True)
            if disk not in group.disks:
                raise RefusedError(name, "Volume could not be found in the protection group.")
            if group.locked:
                raise RefusedError(group.name, protection.LOCKED)
    for group in groups:
        group.disks = [disk for disk in group.disks if disk.name not in names]
    return []


def post_targets(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    rows = []
    for group in _member_groups(array, query):
        for name in needed(query, "member_names")[0]:
            target = protection.add_target(array, group, name)
            rows.append(group_reads.target_row(group, name, target))
    return rows


def patch_targets(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    """``allowed`` belongs to the target: it is set there, on the replica group."""
    allowed = Body.of(text, ("allowed", "protection_group", "target")).flag("allowed")
    rows = []
    for group in _member_groups(array, query):
        for name in query.names("member_names") or list(group.targets):
            if name not in group.targets:
                raise RefusedError(name, "Target does not exist.")
            if group.is_local:
                raise RefusedError(group.name, "Replication can be allowed or disallowed on the target array only.")
            if allowed is not None:
                group.targets[name].allowed = allowed
            rows.append(group_reads.target_row(group, name, group.targets[name]))
    return rows


def delete_targets(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    for group in _member_groups(array, query):
        for name in needed(query, "member_names")[0]:
            if name not in group.targets:
                raise RefusedError(name, "Target does not exist.")
            if group.locked:
                raise RefusedError(group.name, protection.LOCKED)
            del group.targets[name]
    return []


# ------------------------------------------------------------------------------------------------------------ snapshots


def _asked_replication(query: Query) -> str | None:
    now, queued = query.flag("replicate_now") is True, query.flag("replicate") is True
    short_lived = query.flag("for_replication") is True
    if now + queued + short_lived > 1:
        raise RefusedError(None, "Only one of `replicate`, `replicate_now` and `for_replication` can be provided.")
    return "now" if now else "queued" if queued else None


def _wanted_snapshots(array: ArrayState, query: Query, text: bytes) -> tuple[list[Group], str | None, str | None]:
    suffix = Body.of(text, ("suffix", "tags")).text("suffix")
    groups = _groups(array, query, names="source_names", ids="source_ids")
    return groups, suffix, _asked_replication(query)


def _check(array: ArrayState, group: Group, suffix: str | None, replicate: str | None) -> None:
    if not group.is_local:
        raise RefusedError(group.name, "Protection group is not local to this array.")
    protection.check_snapshot(array, group, suffix, replicate is not None)


def post_group_snapshots(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    groups, suffix, replicate = _wanted_snapshots(array, query, text)
    for group in groups:
        _check(array, group, suffix, replicate)
    retained = query.flag("apply_retention") is True
    rows = []
    for group in groups:
        made = protection.take(array, group, suffix, replicate, retained)
        if query.flag("for_replication"):
            protection.short_lived(array, made)
        rows.append(views.group_snapshot(array, made))
    return rows


def test_group_snapshots(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    """The verdict on each group, changing nothing."""
    groups, suffix, replicate = _wanted_snapshots(array, query, text)
    rows = []
    for group in groups:
        try:
            _check(array, group, suffix, replicate)
            rows.append(_verdict(group, None))
        except RefusedError as error:
            rows.append(_verdict(group, error.message))
    return rows


def _verdict(group: Group, why: str | None) -> Row:
    return {
        "component_address": None,
        "component_name": group.name,
        "description": "Protection group snapshot",
        "destination": None,
        "enabled": True,
        "result_details": why,
        "success": why is None,
        "test_type": "pgroup-snapshot",
        "resource": views.reference(group),
    }


def _snapshots(array: ArrayState, query: Query, gone: bool) -> list[GroupSnapshot]:
    names, by_id = needed(query, "names", "ids")
    known = {}
    if by_id:
        known = {s.id: s.name for group in array.groups.values() for s in group.snapshots.values()}
    return [protection.group_snapshot(array, known.get(name, name), destroyed_too=gone) for name in names]


def patch_group_snapshots(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    destroyed = Body.of(text, ("destroyed", "name")).flag("destroyed")
    found = _snapshots(array, query, gone=destroyed is False)
    for snapshot in found:
        if destroyed is True:
            protection.destroy_snapshot(array, snapshot)
        elif destroyed is False:
            array.recover(snapshot)
    return [views.group_snapshot(array, snapshot) for snapshot in found]


def delete_group_snapshots(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    found = _snapshots(array, query, gone=True)
    for snapshot in found:
        if not snapshot.destroyed:
            raise RefusedError(snapshot.name, "Protection group snapshot must be destroyed before it is eradicated.")
    for snapshot in found:
        protection.eradicate_snapshot(array, snapshot)
    return []


def send_group_snapshots(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    """Snapshots that were taken before go to the targets named by ``on``, or to all of their group that allow it."""
    found = _snapshots(array, query, gone=False)
    wanted = [(snapshot, name) for snapshot in found for name in _destinations(snapshot, query.names("on"))]
    for snapshot, name in wanted:
        _check_sending(array, snapshot, name)
    for snapshot, name in wanted:
        assert snapshot.group is not None
        transfers.send(array, snapshot, snapshot.group.targets[name], queued=False)
    return [views.group_snapshot(array, snapshot) for snapshot in found]


def _destinations(snapshot: GroupSnapshot, wanted: list[str] | None) -> list[str]:
    targets = snapshot.group.targets if snapshot.group is not None else {}
    if not targets:
        raise RefusedError(snapshot.name, "Protection group has no targets.")
    return wanted if wanted is not None else [name for name, target in targets.items() if target.allowed]


def _check_sending(array: ArrayState, snapshot: GroupSnapshot, name: str) -> None:
    group = snapshot.group
    if group is None or not group.is_local:
        raise RefusedError(snapshot.name, "Protection group is not local to this array.")
    if name not in group.targets:
        raise RefusedError(name, "Target does not exist.")
    target = group.targets[name]
    if not target.allowed:
        raise RefusedError(name, "Replication is not allowed by the target.")
    if snapshot.suffix in transfers.replica_of(array, group, target).snapshots:
        raise RefusedError(snapshot.name, "Protection group snapshot already exists on the target.")


_BOTH = frozenset({"names", "ids"})
_MEMBERS = frozenset({"group_names", "group_ids", "member_names", "member_ids"})
_TARGETS = frozenset({"group_names", "group_ids", "member_names"})
_SNAPSHOT = frozenset(
    {"source_names", "source_ids", "apply_retention", "replicate", "replicate_now", "for_replication", "allow_throttle"}
)

GROUP_WRITES: dict[tuple[str, str], Write] = {
    ("POST", "protection-groups"): Write(frozenset({"names", "source_names", "source_ids", "overwrite"}), post_groups),
    ("PATCH", "protection-groups"): Write(_BOTH, patch_groups),
    ("DELETE", "protection-groups"): Write(_BOTH, delete_groups),
    ("POST", "protection-groups/volumes"): Write(_MEMBERS, post_group_volumes),
    ("DELETE", "protection-groups/volumes"): Write(_MEMBERS, delete_group_volumes),
    ("POST", "protection-groups/targets"): Write(_TARGETS, post_targets),
    ("PATCH", "protection-groups/targets"): Write(_TARGETS, patch_targets),
    ("DELETE", "protection-groups/targets"): Write(_TARGETS, delete_targets),
    ("POST", "protection-group-snapshots"): Write(_SNAPSHOT, post_group_snapshots),
    ("POST", "protection-group-snapshots/test"): Write(_SNAPSHOT, test_group_snapshots),
    ("POST", "protection-group-snapshots/replica"): Write(
        frozenset({"names", "ids", "on", "convert_source_to_baseline"}), send_group_snapshots
    ),
    ("PATCH", "protection-group-snapshots"): Write(_BOTH, patch_group_snapshots),
    ("DELETE", "protection-group-snapshots"): Write(_BOTH, delete_group_snapshots),
}
