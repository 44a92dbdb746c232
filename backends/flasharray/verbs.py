"""What a FlashArray can be told, one function for each verb; each is sent exactly once.

All take the client of the array, check names before anything leaves (:class:`ParseError`), and raise
:class:`DeviceError` whose ``sent`` says whether the verb reached the array. A return means that the array answered 200.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from backends.flasharray import names, transport
from backends.flasharray.client import FlashArrayClient
from backends.flasharray.fields import Fields, shown
from backends.flasharray.records import PERSONALITY
from backends.outcome import DeviceError, Failure, ParseError, Sent

MOST_TAGS = 30


class Replicate(StrEnum):
    """Whether a new snapshot goes to the targets: at once, behind earlier transfers, or not at all."""

    NOW = "replicate_now"
    QUEUED = "replicate"
    NO = "no"


class Made(Struct, frozen=True):
    """An object that a verb created or changed, as the array answered."""

    name: str
    id: str | None = None


class TestResult(Struct, frozen=True):
    """The array's answer to a dry run. ``why`` is its reason where it would not be allowed."""

    allowed: bool
    why: str | None


class Tag(Struct, frozen=True):
    """A tag of a volume: key up to 64 characters, value up to 256. ``copyable``: copies of the volume carry it too."""

    key: str
    value: str
    namespace: str = "default"
    copyable: bool = True


# --------------------------------------------------------------------------------------------------- group snapshots


def snapshot_group(
    client: FlashArrayClient,
    group: str,
    suffix: str,
    replicate: Replicate = Replicate.NOW,
    apply_retention: bool = True,
) -> Made:
    """POST /protection-group-snapshots. The explicit suffix finds it again if the answer is lost.

    ``for_replication`` is never sent: such a snapshot is eradicated after an hour.
    """
    call, arguments = _group_snapshot(group, suffix, replicate, apply_retention)
    return _made(client, f"POST /protection-group-snapshots {call}", "post_protection_group_snapshots", **arguments)


def test_snapshot_group(
    client: FlashArrayClient,
    group: str,
    suffix: str,
    replicate: Replicate = Replicate.NOW,
    apply_retention: bool = True,
) -> TestResult:
    """POST /protection-group-snapshots/test: whether the same snapshot would be allowed now. Changes nothing."""
    call, arguments = _group_snapshot(group, suffix, replicate, apply_retention)
    call = f"POST /protection-group-snapshots/test {call}"
    row = _one(client, call, client.send(call, "post_protection_group_snapshots_test", **arguments))
    try:
        return TestResult(row.flag("success"), row.optional("result_details"))
    except ParseError as error:
        raise _misread(client, call, error) from None


def _group_snapshot(
    group: str, suffix: str, replicate: Replicate, apply_retention: bool
) -> tuple[str, dict[str, object]]:
    name, tail = names.group(group), names.suffix(suffix)
    arguments: dict[str, object] = {"source_names": [name], "apply_retention": apply_retention}
    if replicate is not Replicate.NO:
        arguments[replicate.value] = True
    arguments["protection_group_snapshot"] = _model("ProtectionGroupSnapshotPost", suffix=tail)
    return f"{name}.{tail}", arguments


def send_group_snapshot(client: FlashArrayClient, snapshot: str, target: str) -> Made:
    """POST /protection-group-snapshots/replica: one that was taken before goes to one target of its group. ``target``
    is the other array's own name. Since REST 2.25."""
    name = names.group_snapshot(snapshot)
    call = f"POST /protection-group-snapshots/replica {name} on {target}"
    return _made(client, call, "post_protection_group_snapshots_replica", names=[name], on=[target])


def destroy_group_snapshot(client: FlashArrayClient, snapshot: str) -> Made:
    """PATCH /protection-group-snapshots ``destroyed``: into pending eradication, which can be undone."""
    return _destroyed(client, snapshot, True)


def recover_group_snapshot(client: FlashArrayClient, snapshot: str) -> Made:
    """PATCH /protection-group-snapshots: bring one back from pending eradication."""
    return _destroyed(client, snapshot, False)


def _destroyed(client: FlashArrayClient, snapshot: str, destroyed: bool) -> Made:
    name = names.group_snapshot(snapshot)
    body = _model("ProtectionGroupSnapshotPatch", destroyed=destroyed)
    call = f"PATCH /protection-group-snapshots {name} destroyed={destroyed}"
    return _made(client, call, "patch_protection_group_snapshots", names=[name], protection_group_snapshot=body)


def restore_group(client: FlashArrayClient, group: str, snapshot: str) -> Made:
    """POST /protection-groups?overwrite=true: every volume of ``group`` takes its content in the group's own snapshot,
    and a volume that exists no more is made again. A group as the source would mean its newest snapshot, complete or
    not, so only a snapshot is taken."""
    name, source = names.group(group), names.group_snapshot(snapshot)
    call = f"POST /protection-groups {name} overwrite from {source}"
    return _made(client, call, "post_protection_groups", names=[name], source_names=[source], overwrite=True)


def create_group(client: FlashArrayClient, group: str) -> Made:
    """POST /protection-groups: a group without members."""
    name = names.group(group)
    return _made(client, f"POST /protection-groups {name}", "post_protection_groups", names=[name])


def add_members(client: FlashArrayClient, group: str, volumes: Sequence[str]) -> None:
    """POST /protection-groups/volumes: these volumes to the group, all or none."""
    name, members = names.group(group), [names.name(volume) for volume in volumes]
    call = f"POST /protection-groups/volumes {name} {','.join(members)}"
    client.send(call, "post_protection_groups_volumes", group_names=[name], member_names=members)


def add_target(client: FlashArrayClient, group: str, array: str) -> None:
    """POST /protection-groups/targets: the group replicates to this connected array."""
    name, target = names.group(group), names.name(array)
    call = f"POST /protection-groups/targets {name} {target}"
    client.send(call, "post_protection_groups_targets", group_names=[name], member_names=[target])


def allow_target(client: FlashArrayClient, group: str, array: str) -> None:
    """PATCH /protection-groups/targets ``allowed``, on the target: ``group`` is the replica, ``source-array:group``."""
    name, target = names.group(group), names.name(array)
    body = _model("TargetProtectionGroupPostPatch", allowed=True)
    call = f"PATCH /protection-groups/targets {name} {target} allowed=True"
    client.send(call, "patch_protection_groups_targets", group_names=[name], member_names=[target], target=body)


def set_replication_schedule(client: FlashArrayClient, group: str, enabled: bool, every_s: int | None = None) -> Made:
    """PATCH /protection-groups ``replication_schedule``: on or off and, where given, its frequency in seconds; the rest
    of the schedule stays as it is."""
    name = names.group(group)
    values: dict[str, object] = {} if every_s is None else {"frequency": every_s * 1000}
    body = _model("ProtectionGroup", replication_schedule=_model("ReplicationSchedule", enabled=enabled, **values))
    call = f"PATCH /protection-groups {name} replication_schedule enabled={enabled}"
    return _made(client, call, "patch_protection_groups", names=[name], protection_group=body)


# ------------------------------------------------------------------------------------------------------------ volumes


def overwrite_volume(client: FlashArrayClient, volume: str, snapshot: str) -> Made:
    """POST /volumes?overwrite=true: ``volume`` takes content and size of the volume snapshot. Its content is lost."""
    name, source = names.name(volume), names.snapshot(snapshot)
    call = f"POST /volumes {name} overwrite from {source}"
    return _made(client, call, "post_volumes", names=[name], overwrite=True, volume=_from(source))


def copy_volume(client: FlashArrayClient, volume: str, snapshot: str) -> Made:
    """POST /volumes: a new volume from a volume snapshot, outside of the default protection groups."""
    name, source = names.name(volume), names.snapshot(snapshot)
    call = f"POST /volumes {name} from {source}"
    return _made(client, call, "post_volumes", names=[name], with_default_protection=False, volume=_from(source))


def snapshot_volumes(client: FlashArrayClient, volumes: Sequence[str], suffix: str) -> tuple[Made, ...]:
    """POST /volume-snapshots: one snapshot ``<volume>.<suffix>`` of each, all or none: the safety copy."""
    sources, tail = [names.name(v) for v in volumes], names.suffix(suffix)
    if not sources:
        raise ParseError("at least one volume", "")
    call = f"POST /volume-snapshots {','.join(sources)} suffix {tail}"
    body = _model("VolumeSnapshotPost", suffix=tail)
    made = _all_made(client, call, "post_volume_snapshots", source_names=sources, volume_snapshot=body)
    if len(made) != len(sources):
        raise _misread(client, call, ParseError(f"{len(sources)} snapshots", shown([m.name for m in made])))
    return made


def destroy_volume(client: FlashArrayClient, volume: str) -> Made:
    """PATCH /volumes ``destroyed``: pending eradication. Connected volumes are refused by the array."""
    name = names.name(volume)
    body = _model("VolumePatch", destroyed=True)
    return _made(client, f"PATCH /volumes {name} destroyed=True", "patch_volumes", names=[name], volume=body)


def tag_volumes(client: FlashArrayClient, volumes: Sequence[str], tags: Sequence[Tag]) -> None:
    """PUT /volumes/tags/batch: set these tags on all of ``volumes``; tags of the same key get the new value."""
    resources = [names.name(v) for v in volumes]
    if not 1 <= len(tags) <= MOST_TAGS:
        raise ParseError(f"1 to {MOST_TAGS} tags", str(len(tags)))
    batch = [_tag(tag) for tag in tags]
    call = f"PUT /volumes/tags/batch {','.join(resources)}"
    client.send(call, "put_volumes_tags_batch", resource_names=resources, tag=batch)


def untag_volume(client: FlashArrayClient, volume: str, key: str, namespace: str = "default") -> None:
    """DELETE /volumes/tags: the tag of that key goes; one that is not there is no error."""
    name = names.name(volume)
    call = f"DELETE /volumes/tags {name} {key}"
    client.send(call, "delete_volumes_tags", resource_names=[name], keys=[key], namespaces=[namespace])


def _tag(tag: Tag) -> Any:
    if not tag.key or len(tag.key) > 64:
        raise ParseError("a tag key of 1 to 64 characters", tag.key)
    if len(tag.value) > 256:
        raise ParseError("a tag value of at most 256 characters", tag.value)
    if tag.namespace.startswith("pure"):
        raise ParseError("a namespace that the array does not reserve (pure…)", tag.namespace)
    return _model("Tag", key=tag.key, value=tag.value, namespace=tag.namespace, copyable=tag.copyable)


def volume_tags(client: FlashArrayClient, namespace: str = "default") -> Mapping[str, Mapping[str, str]]:
    """GET /volumes/tags: by volume name, the tags of a namespace. A row that cannot be read is a ParseError."""
    found: dict[str, dict[str, str]] = {}
    for item in client.rows("volumes/tags", namespaces=[namespace]):
        row = Fields.of(item)
        found.setdefault(row.needed_reference("resource"), {})[row.text("key")] = row.optional("value") or ""
    return found


# ------------------------------------------------------------------------------------------------ hosts, connections


def create_host(client: FlashArrayClient, host: str, wwns: Sequence[str] = (), personality: str | None = None) -> Made:
    """POST /hosts with its WWNs in one call, so that a refused WWN leaves no empty host behind."""
    name = names.name(host)
    body: dict[str, object] = {"wwns": names.wwns(list(wwns))} if wwns else {}
    if personality is not None:
        if personality not in PERSONALITY:
            raise ParseError(f"one of {', '.join(PERSONALITY)}", personality)
        body["personality"] = personality
    return _made(client, f"POST /hosts {name}", "post_hosts", names=[name], host=_model("HostPost", **body))


def add_wwns(client: FlashArrayClient, host: str, wwns: Sequence[str]) -> Made:
    """PATCH /hosts ``add_wwns``: the host keeps those it has."""
    name, added = names.name(host), names.wwns(list(wwns))
    if not added:
        raise ParseError("at least one WWN", "")
    call = f"PATCH /hosts {name} add_wwns {','.join(added)}"
    return _made(client, call, "patch_hosts", names=[name], host=_model("HostPatch", add_wwns=added))


def connect(client: FlashArrayClient, host: str, volume: str, lun: int | None = None) -> None:
    """POST /connections: the volume to the host, at this LUN (the array chooses one if None)."""
    name, disk = names.name(host), names.name(volume)
    arguments: dict[str, object] = {"host_names": [name], "volume_names": [disk]}
    if lun is not None:
        if not 1 <= lun <= 4095:
            raise ParseError("a LUN from 1 to 4095", str(lun))
        arguments["connection"] = _model("ConnectionPost", lun=lun)
    client.send(f"POST /connections {name} {disk}", "post_connections", **arguments)


def disconnect(client: FlashArrayClient, host: str, volume: str) -> None:
    """DELETE /connections: the host no longer sees the volume."""
    name, disk = names.name(host), names.name(volume)
    call = f"DELETE /connections {name} {disk}"
    client.send(call, "delete_connections", host_names=[name], volume_names=[disk])


# --------------------------------------------------------------------------------------------------------------- pods


def promote_pod(client: FlashArrayClient, pod: str, abort_quiesce: bool = False, undo: str | None = None) -> Made:
    """PATCH /pods to *promoted*. ``undo`` names the undo-demote pod whose writes come back (it is used up by that)."""
    name = names.name(pod)
    arguments: dict[str, object] = {"abort_quiesce": True} if abort_quiesce else {}
    if undo is not None:
        arguments["promote_from"] = names.undo_pod(undo)
    return _promotion(client, name, "promoted", arguments)


def demote_pod(client: FlashArrayClient, pod: str, quiesce: bool) -> Made:
    """PATCH /pods to *demoted*: with ``quiesce`` once everything went across, else at once, dropping the rest."""
    return _promotion(client, names.name(pod), "demoted", {"quiesce" if quiesce else "skip_quiesce": True})


def _promotion(client: FlashArrayClient, name: str, state: str, arguments: dict[str, object]) -> Made:
    body = _model("PodPatch", requested_promotion_state=state)
    words = " ".join(arguments)
    return _made(
        client, f"PATCH /pods {name} {state} {words}".strip(), "patch_pods", names=[name], pod=body, **arguments
    )


# ------------------------------------------------------------------------------------------------------------- shared


def _model(kind: str, **values: object) -> Any:
    return getattr(transport.library().models, kind)(**values)


def _from(snapshot: str) -> Any:
    return _model("VolumePost", source=_model("Reference", name=snapshot))


def _made(client: FlashArrayClient, call: str, method: str, **arguments: object) -> Made:
    rows = client.send(call, method, **arguments)
    try:
        row = _one(client, call, rows)
        return Made(row.text("name"), row.optional("id"))
    except ParseError as error:
        raise _misread(client, call, error) from None


def _all_made(client: FlashArrayClient, call: str, method: str, **arguments: object) -> tuple[Made, ...]:
    rows = client.send(call, method, **arguments)
    try:
        return tuple(Made(row.text("name"), row.optional("id")) for row in map(Fields.of, rows))
    except ParseError as error:
        raise _misread(client, call, error) from None


def _one(client: FlashArrayClient, call: str, rows: list[object]) -> Fields:
    if len(rows) != 1:
        raise _misread(client, call, ParseError("one item in the answer", shown(rows)))
    try:
        return Fields.of(rows[0])
    except ParseError as error:
        raise _misread(client, call, error) from None


def _misread(client: FlashArrayClient, call: str, error: ParseError) -> DeviceError:
    """The array answered 200 to a verb with something else than documented: observe before anything is sent again."""
    return DeviceError(client.name, call, Failure.BAD_ANSWER, Sent.UNKNOWN, str(error))
