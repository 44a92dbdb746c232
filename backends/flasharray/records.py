"""FlashArray objects as their list answers describe them, one strict parser for each kind of row.

Field names and words are those of the vendor's specification of REST 2.26; times are milliseconds since 1970.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from backends.flasharray.fields import Fields
from backends.outcome import ParseError
from backends.parse import wwpn
from store.estate import (
    ArrayAlert,
    ArrayConnection,
    FlashArray,
    Host,
    PgroupRetention,
    PgroupSchedule,
    PgroupSnapshot,
    PgroupTarget,
    Pod,
    PodReplicaLink,
    ProtectionGroup,
    Volume,
)

CONNECTION_STATUS = ("connected", "connecting", "partially_connected", "unbalanced")
CONNECTION_TYPE = ("async-replication", "sync-replication", "fleet-management")
SEVERITY = ("info", "warning", "critical", "hidden")
ALERT_STATE = ("open", "closing", "closed")
PROMOTION = ("promoted", "demoted", "promoting")
LINK_STATUS = ("replicating", "baselining", "paused", "quiescing", "quiesced", "idle", "unhealthy")
LINK_DIRECTION = ("inbound", "outbound")
POD_ARRAY_STATUS = ("online", "offline", "resyncing", "suspended", "unknown")
RETENTION_LOCK = ("unlocked", "ratcheted")
TARGET_STATUS = ("replicating", "suspended", "disallowed")
CONNECTIVITY = ("healthy", "unhealthy", "critical", "unknown")
PERSONALITY = ("aix", "esxi", "hitachi-vsp", "hpux", "oracle-vm-server", "solaris", "vms")


class Owner(Struct, frozen=True):
    """The array that a row came from: its name and id."""

    name: str
    id: str


class Member(Struct, frozen=True):
    """A member of a protection group: a volume, host or host group (``name``)."""

    group: str
    name: str
    destroyed: bool = False


class Attachment(Struct, frozen=True):
    """One connection: a volume to a host, or to a host group (then ``host`` is the member seen through it)."""

    volume: str
    host: str | None
    host_group: str | None
    lun: int | None


class Transfer(Struct, frozen=True):
    """The transfer of one protection group snapshot."""

    name: str
    started: datetime | None
    completed: datetime | None
    progress: float | None
    data_transferred: int | None
    physical_bytes_written: int | None

    @property
    def done(self) -> bool:
        return self.completed is not None and self.progress is not None and self.progress >= 1


class GroupSnapshot(Struct, frozen=True):
    """A row of a snapshot list: its name, its group's name, and when it was created on the source."""

    name: str
    group: str
    created: datetime
    destroyed: bool


class LinkOfPod(Struct, frozen=True):
    """A replica link with the local pod it belongs to."""

    pod: str
    link: PodReplicaLink


def array(row: Fields) -> FlashArray:
    """A row of GET /arrays. ``used`` is the physical space in use."""
    space = row.child("space")
    return FlashArray(
        array_id=row.text("id"),
        name=row.text("name"),
        os=row.text("os"),
        version=row.text("version"),
        capacity=row.whole("capacity"),
        used=space.whole("total_physical") if space is not None else None,
        data_reduction=space.number("data_reduction") if space is not None else None,
    )


def array_connection(row: Fields) -> ArrayConnection:
    """A row of GET /array-connections."""
    return ArrayConnection(
        remote=row.text("name"),
        status=row.word("status", CONNECTION_STATUS),
        type=row.word("type", CONNECTION_TYPE),
        transport=row.optional("replication_transport"),
    )


def alert(row: Fields) -> ArrayAlert:
    """A row of GET /alerts. Its summary may run over several lines."""
    summary = row.row.get("summary")
    if not isinstance(summary, str):
        raise row.wrong("summary", "text")
    return ArrayAlert(
        id=row.text("id"),
        severity=row.word("severity", SEVERITY),
        state=row.word("state", ALERT_STATE),
        category=row.text("category"),
        summary=" ".join(summary.split()),
        created=row.time("created"),
    )


def group(row: Fields, owner: Owner) -> ProtectionGroup:
    """A row of GET /protection-groups, without members, targets and snapshots."""
    remaining = row.whole("time_remaining")
    is_local = row.flag("is_local")
    return ProtectionGroup(
        array=owner.name,
        array_id=owner.id,
        id=row.optional("id"),
        name=row.text("name"),
        destroyed=row.flag("destroyed", default=False),
        is_local=is_local,
        source=row.reference("source"),
        pod=row.reference("pod"),
        replication=schedule(row, "replication_schedule"),
        snapshot=schedule(row, "snapshot_schedule"),
        source_retention=retention(row, "source_retention"),
        target_retention=retention(row, "target_retention"),
        retention_lock=row.optional_word("retention_lock", RETENTION_LOCK),
        time_remaining_s=None if remaining is None else remaining // 1000,
    )


def schedule(row: Fields, field: str) -> PgroupSchedule | None:
    """``frequency`` and ``blackout`` come in milliseconds, ``at`` in seconds after midnight."""
    child = row.child(field)
    if child is None:
        return None
    try:
        blackout = child.child("blackout")
        start = _seconds(blackout, "start") if blackout is not None else None
        end = _seconds(blackout, "end") if blackout is not None else None
        return PgroupSchedule(
            enabled=child.flag("enabled"),
            frequency_s=_seconds(child, "frequency"),
            at_s=child.whole("at"),
            blackout=None if start is None or end is None else (start, end),
        )
    except ParseError as error:
        raise row.wrong(field, error.expected) from None


def _seconds(row: Fields, field: str) -> int | None:
    """Milliseconds that are whole seconds."""
    value = row.whole(field)
    if value is not None and value % 1000:
        raise row.wrong(field, "whole seconds, in milliseconds")
    return None if value is None else value // 1000


def retention(row: Fields, field: str) -> PgroupRetention | None:
    child = row.child(field)
    if child is None:
        return None
    try:
        return PgroupRetention(child.whole("all_for_sec"), child.whole("per_day"), child.whole("days"))
    except ParseError as error:
        raise row.wrong(field, error.expected) from None


def member(row: Fields) -> Member:
    """A row of GET /protection-groups/volumes, …/hosts or …/host-groups."""
    child = row.child("member")
    return Member(
        group=row.needed_reference("group"),
        name=row.needed_reference("member"),
        destroyed=child is not None and child.flag("destroyed", default=False),
    )


def target(row: Fields) -> tuple[str, PgroupTarget]:
    """A row of GET /protection-groups/targets: the group's name and the target."""
    status = row.optional_word("status", TARGET_STATUS)
    return row.needed_reference("group"), PgroupTarget(row.needed_reference("member"), row.flag("allowed"), status)


def group_snapshot(row: Fields) -> GroupSnapshot:
    """A row of GET /protection-group-snapshots or /remote-protection-group-snapshots.

    The group's name is the snapshot's without its last part: a suffix holds no dot, a group's name neither.
    """
    name = row.text("name")
    owner, dot, suffix = name.rpartition(".")
    if not dot or not owner or not suffix:
        raise row.wrong("name", "a snapshot name <group>.<suffix>")
    return GroupSnapshot(name, owner, row.needed_time("created"), row.flag("destroyed", default=False))


def origin(group: str) -> tuple[str | None, str]:
    """``source-array:group`` → both parts; a name without a source array has None. ``pod::group`` has none either."""
    source, colon, rest = group.partition(":")
    if not colon or rest.startswith(":"):
        return None, group
    return source, rest


def transfer(row: Fields) -> Transfer:
    """A row of …/transfer: progress 0..1; done when ``completed`` is set."""
    return Transfer(
        name=row.text("name"),
        started=row.time("started"),
        completed=row.time("completed"),
        progress=row.fraction("progress"),
        data_transferred=row.whole("data_transferred"),
        physical_bytes_written=row.whole("physical_bytes_written"),
    )


def with_transfer(snapshot: GroupSnapshot, moved: Transfer | None, to: str | None = None) -> PgroupSnapshot:
    """A snapshot with what is known of its transfer; no transfer yet means *not arrived*, not complete."""
    if moved is None:
        return PgroupSnapshot(snapshot.name, snapshot.created, snapshot.destroyed, to)
    return PgroupSnapshot(
        name=snapshot.name,
        created=snapshot.created,
        destroyed=snapshot.destroyed,
        target=to,
        started=moved.started,
        completed=moved.completed,
        progress=moved.progress,
        data_transferred=moved.data_transferred,
        physical_bytes_written=moved.physical_bytes_written,
    )


def volume(row: Fields, owner: Owner) -> Volume:
    """A row of GET /volumes, without its hosts."""
    return Volume(
        array=owner.name,
        array_id=owner.id,
        id=row.text("id"),
        name=row.text("name"),
        provisioned=row.needed_whole("provisioned"),
        serial=row.optional("serial"),
        source=row.reference("source"),
        pod=row.reference("pod"),
        destroyed=row.flag("destroyed", default=False),
    )


def attachment(row: Fields) -> Attachment:
    """A row of GET /connections."""
    host, host_group = row.reference("host"), row.reference("host_group")
    if host is None and host_group is None:
        raise row.wrong("host", "a host or a host group")
    return Attachment(row.needed_reference("volume"), host, host_group, row.whole("lun"))


def host(row: Fields, owner: Owner) -> Host:
    """A row of GET /hosts. WWNs come with colons or without: both are read, nothing else is."""
    connectivity = row.child("port_connectivity")
    try:
        wwns = sorted(wwpn(text) for text in row.texts("wwns"))
    except ParseError as error:
        raise row.wrong("wwns", f"a list of WWNs; {error.expected}") from None
    return Host(
        array=owner.name,
        array_id=owner.id,
        name=row.text("name"),
        wwns=tuple(wwns),
        personality=row.optional_word("personality", PERSONALITY),
        host_group=row.reference("host_group"),
        connectivity=None if connectivity is None else connectivity.optional_word("status", CONNECTIVITY),
    )


def pod(row: Fields, owner: Owner) -> Pod:
    """A row of GET /pods, without its replica links."""
    arrays = []
    for item in row.many("arrays"):
        try:
            there = Fields.of(item)
            arrays.append((there.text("name"), there.optional_word("status", POD_ARRAY_STATUS)))
        except ParseError as error:
            raise row.wrong("arrays", f"arrays with {error.expected}") from None
    return Pod(
        array=owner.name,
        array_id=owner.id,
        id=row.text("id"),
        name=row.text("name"),
        destroyed=row.flag("destroyed", default=False),
        promotion_status=row.optional_word("promotion_status", PROMOTION),
        arrays=tuple(arrays),
    )


def pod_link(row: Fields) -> LinkOfPod:
    """A row of GET /pod-replica-links. ``lag`` comes in milliseconds; no recovery point while baselining."""
    remotes = []
    for item in row.many("remotes"):
        try:
            remotes.append(Fields.of(item).optional("name"))
        except ParseError as error:
            raise row.wrong("remotes", f"references with {error.expected}") from None
    lag = row.whole("lag")
    link = PodReplicaLink(
        direction=row.word("direction", LINK_DIRECTION),
        remote=remotes[0] if remotes else None,
        remote_pod=row.reference("remote_pod"),
        status=row.word("status", LINK_STATUS),
        paused=row.flag("paused", default=False),
        lag_s=None if lag is None else lag / 1000,
        recovery_point=row.time("recovery_point"),
    )
    return LinkOfPod(row.needed_reference("local_pod"), link)


def initiator(row: Fields) -> str | None:
    """A row of GET /ports/initiators: the WWPN logged in, or None for an iSCSI or NVMe initiator."""
    child = row.child("initiator")
    wwn = child.optional("wwn") if child is not None else None
    return None if wwn is None else wwpn(wwn)
