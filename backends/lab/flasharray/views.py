"""Objects of a simulated array as rows of REST 2.26 answers, with the fields of the vendor's specification."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backends.lab.flasharray.objects import (
    DAY_S,
    Alert,
    Attachment,
    Disk,
    DiskSnapshot,
    Group,
    GroupSnapshot,
    HostObject,
    Link,
    Pod,
    Retention,
    Schedule,
    Tag,
    Thing,
    Transfer,
)
from backends.lab.flasharray.state import ArrayState

Row = dict[str, Any]
NO_REFERENCE: Row = {"id": None, "name": None}


def ms(moment: float | None) -> int | None:
    """Virtual seconds → milliseconds since 1970."""
    return None if moment is None else round(moment * 1000)


def reference(thing: Thing | None) -> Row:
    return dict(NO_REFERENCE) if thing is None else {"id": thing.id, "name": thing.name}


def space(provisioned: int, physical: int, snapshots: int = 0) -> Row:
    """``virtual`` is what hosts wrote; the physical share of it is a third."""
    virtual = physical * 3
    return {
        "data_reduction": 3.0,
        "shared": 0,
        "snapshots": snapshots,
        "system": 0,
        "thin_provisioning": round(1 - virtual / provisioned, 4) if provisioned else 0.0,
        "total_physical": physical + snapshots,
        "total_provisioned": provisioned,
        "total_reduction": 9.0,
        "unique": physical,
        "virtual": virtual,
    }


def used_by(disk: Disk) -> int:
    return int(disk.core.size * 0.1)


def volume(array: ArrayState, disk: Disk) -> Row:
    promoted = disk.pod is None or disk.pod.promoted
    return {
        "id": disk.id,
        "name": disk.name,
        "connection_count": len(array.attachments_of(disk)),
        "created": ms(disk.created),
        "destroyed": disk.destroyed,
        "host_encryption_key_status": "none",
        "provisioned": disk.core.size,
        "qos": {"bandwidth_limit": None, "iops_limit": None},
        "priority": 0,
        "priority_adjustment": {"priority_adjustment_operator": "+", "priority_adjustment_value": 0},
        "serial": disk.serial,
        "space": space(disk.core.size, used_by(disk)),
        "time_remaining": disk.time_remaining_ms(array.now),
        "pod": reference(disk.pod),
        "source": {"id": disk.source[0], "name": disk.source[1]} if disk.source else dict(NO_REFERENCE),
        "subtype": "regular",
        "volume_group": dict(NO_REFERENCE),
        "requested_promotion_state": "promoted" if promoted else "demoted",
        "promotion_status": "promoted" if promoted else "demoted",
    }


def volume_snapshot(array: ArrayState, snapshot: DiskSnapshot) -> Row:
    owner = snapshot.group
    gone = snapshot if snapshot.destroyed or owner is None else owner
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "created": ms(snapshot.created),
        "destroyed": gone.destroyed,
        "pod": dict(NO_REFERENCE),
        "provisioned": snapshot.size,
        "source": {"id": snapshot.source[0], "name": snapshot.source[1]},
        "suffix": snapshot.suffix if owner is None else f"{owner.suffix}.{snapshot.name.rpartition('.')[2]}",
        "time_remaining": gone.time_remaining_ms(array.now),
        "serial": snapshot.serial,
        "space": space(snapshot.size, 0, int(snapshot.size * 0.002)),
        "volume_group": dict(NO_REFERENCE),
    }


def transfer(array: ArrayState, thing: Thing, moved: Transfer | None) -> Row:
    now = array.now
    begun = moved is not None and moved.started is not None
    return {
        "id": thing.id,
        "name": thing.name,
        "destroyed": thing.destroyed,
        "started": ms(moved.started) if moved is not None else None,
        "progress": round(moved.progress(now), 4) if begun and moved is not None else None,
        "completed": ms(moved.completed) if moved is not None else None,
        "data_transferred": moved.transferred(now) if begun and moved is not None else None,
        "physical_bytes_written": moved.transferred(now) // 2 if begun and moved is not None else None,
    }


def whole_transfer(snapshot: GroupSnapshot) -> Transfer | None:
    """The transfer that the source shows for a snapshot: the one furthest from done, as there may be many targets."""
    if snapshot.received is not None:
        return snapshot.received
    order = sorted(snapshot.sent.values(), key=lambda t: (t.completed is not None, t.started is not None, t.moved))
    return order[0] if order else None


def host(array: ArrayState, found: HostObject) -> Row:
    attached = array.connections_of(found)
    provisioned = sum(made.disk.core.size for made in attached)
    return {
        "name": found.name,
        "chap": {"host_password": None, "host_user": None, "target_password": None, "target_user": None},
        "connection_count": len(attached),
        "host_group": {"name": found.group},
        "iqns": [],
        "nqns": [],
        "personality": found.personality,
        "port_connectivity": _connectivity(array, found),
        "space": space(provisioned, sum(used_by(made.disk) for made in attached)),
        "preferred_arrays": [],
        "wwns": list(found.wwns),
        "is_local": True,
        "vlan": "any",
    }


def _connectivity(array: ArrayState, found: HostObject) -> Row:
    if array.world.running_with([wwn.lower() for wwn in found.wwns]):
        return {"status": "healthy", "details": "Redundant"}
    return {"status": "critical", "details": "None"} if found.wwns else {"status": "unknown", "details": None}


def host_group(array: ArrayState, name: str) -> Row:
    members = [h for h in array.hosts.values() if h.group == name]
    attached = array.connections_of_group(name)
    provisioned = sum(made.disk.core.size for made in attached)
    return {
        "name": name,
        "connection_count": len(attached),
        "host_count": len(members),
        "is_local": True,
        "space": space(provisioned, sum(used_by(made.disk) for made in attached)),
    }


def connections(array: ArrayState, made: Attachment) -> Iterable[Row]:
    """One row for a host; for a host group one for each of its hosts (or one without, while it has none)."""
    hosts: list[str | None] = [h.name for h in array.hosts_of(made)]
    for name in hosts or [None]:
        yield {
            "host": {"name": name},
            "host_group": {"name": made.group},
            "lun": made.lun,
            "protocol_endpoint": dict(NO_REFERENCE),
            "volume": reference(made.disk),
        }


def tag(disk: Disk | DiskSnapshot, found: Tag) -> Row:
    return {
        "copyable": found.copyable,
        "key": found.key,
        "namespace": found.namespace,
        "resource": reference(disk),
        "value": found.value,
    }


# ---------------------------------------------------------------------------------------------------- protection groups


def _pod_of(array: ArrayState, name: str) -> Row:
    """The pod in a name ``pod::name``; a replica's name has none of this array's."""
    owner, inside, _ = name.partition("::")
    return reference(array.pods.get(owner) if inside else None)


def group(array: ArrayState, found: Group) -> Row:
    shown = found.origin or found  # a replica shows the settings of its source
    count = len(found.origin.disks) if found.origin is not None else len(found.disks)
    size = sum(disk.core.size for disk in shown.disks)
    return {
        "name": found.name,
        "id": found.id,
        "destroyed": found.destroyed,
        "host_count": len(shown.hosts),
        "host_group_count": len(shown.host_groups),
        "is_local": found.is_local,
        "pod": _pod_of(array, found.name),
        "replication_schedule": _schedule(shown.replication) | {"blackout": _blackout(shown.replication)},
        "snapshot_schedule": _schedule(shown.snapshot),
        "source": {"id": found.source[0], "name": found.source[1]},
        "source_retention": _retention(shown.source_retention),
        "space": space(size, 0, int(size * 0.01)),
        "target_count": len(found.targets),
        "target_retention": _retention(shown.target_retention),
        "time_remaining": found.time_remaining_ms(array.now),
        "volume_count": count,
        "eradication_config": {"manual_eradication": "disabled" if shown.locked else "enabled"},
        "retention_lock": "ratcheted" if shown.locked else "unlocked",
    }


def _schedule(found: Schedule) -> Row:
    at = found.at_s if found.frequency_s % DAY_S == 0 else None
    return {"at": at, "enabled": found.enabled, "frequency": ms(found.frequency_s)}


def _blackout(found: Schedule) -> Row:
    start, end = found.blackout if found.blackout is not None else (None, None)
    return {"start": ms(start), "end": ms(end)}


def _retention(found: Retention) -> Row:
    return {"all_for_sec": found.all_for_s, "days": found.days, "per_day": found.per_day}


def group_snapshot(array: ArrayState, found: GroupSnapshot) -> Row:
    size = sum(part.size for part in found.members)
    return {
        "name": found.name,
        "id": found.id,
        "created": ms(found.created),
        "destroyed": found.destroyed,
        "pod": _pod_of(array, found.name),
        "space": space(size, 0, int(size * 0.002)),
        "source": reference(found.group),
        "suffix": found.suffix,
        "time_remaining": found.time_remaining_ms(array.now),
        "eradication_config": {"manual_eradication": "enabled"},
    }


# ----------------------------------------------------------------------------------------------------------------- pods


def pod(array: ArrayState, found: Pod) -> Row:
    size = sum(disk.core.size for disk in found.disks)
    made = found.link
    source = made is not None and made.source[1] is found
    return {
        "id": found.id,
        "name": found.name,
        "arrays": [_pod_array(array)],
        "array_count": 1,
        "destroyed": found.destroyed,
        "failover_preferences": [],
        "footprint": int(size * 0.1),
        "mediator": "purestorage",
        "mediator_version": None,
        "source": dict(NO_REFERENCE),
        "time_remaining": found.time_remaining_ms(array.now),
        "requested_promotion_state": "promoted" if found.promoted else "demoted",
        "promotion_status": found.status(array.now),
        "link_source_count": 1 if made is not None and source else 0,
        "link_target_count": 1 if made is not None and not source else 0,
        "eradication_config": {"manual_eradication": "enabled"},
        "quota_limit": None,
        "space": space(size, int(size * 0.1)) | {"replication": 0},
    }


def _pod_array(array: ArrayState) -> Row:
    return {
        "id": array.id,
        "name": array.name,
        "status": "online",
        "mediator_status": "online",
        "pre_elected": False,
        "frozen_at": None,
        "progress": None,
    }


def link(array: ArrayState, made: Link, local: Pod) -> Row:
    outbound = made.source[1] is local
    there, other = made.target if outbound else made.source
    point = made.recovery_point(array.now)
    return {
        "id": made.id,
        "direction": "outbound" if outbound else "inbound",
        "lag": None if point is None else ms(max(0.0, array.now - point)),
        "local_pod": reference(local),
        "paused": made.paused,
        "recovery_point": ms(point),
        "remotes": [{"id": there.id, "name": there.name}],
        "remote_pod": reference(other),
        "status": made.status(array.now),
    }


# ---------------------------------------------------------------------------------------------------------------- array


def array_row(array: ArrayState) -> Row:
    return {
        "id": array.id,
        "name": array.name,
        "_as_of": ms(array.now),
        "banner": "",
        "capacity": array.capacity,
        "console_lock_enabled": False,
        "encryption": {
            "data_at_rest": {"algorithm": "AES-256-CTR", "enabled": True},
            "module_version": "FA-1.4",
        },
        "eradication_config": {"eradication_delay": DAY_S * 1000, "manual_eradication": "all-enabled"},
        "idle_timeout": 1_800_000,
        "ntp_servers": [],
        "os": "Purity//FA",
        "parity": 1.0,
        "scsi_timeout": 60_000,
        "space": array_space(array),
        "time_zone": "UTC",
        "version": "6.6.10",
    }


def array_space(array: ArrayState) -> Row:
    size = sum(disk.core.size for disk in array.disks.values())
    snapshots = int(sum(s.size for s in array.snapshots.values()) * 0.002)
    physical = min(int(size * 0.1), array.capacity)
    return space(size, physical, min(snapshots, array.capacity - physical)) | {"replication": 0}


def alert(found: Alert) -> Row:
    kind, component = found.component
    summary = f"({kind}:{component}): {found.summary}" if kind else found.summary
    return {
        "id": found.id,
        "name": found.name,
        "actual": "",
        "category": found.category,
        "closed": ms(found.closed),
        "code": found.code,
        "component_name": component,
        "component_type": kind,
        "created": ms(found.created),
        "description": summary,
        "expected": "",
        "flagged": found.closed is None,
        "issue": found.summary,
        "knowledge_base_url": f"https://support.purestorage.com/?cid=Alert_{found.code:04}",
        "notified": ms(found.created),
        "severity": found.severity,
        "state": "open" if found.closed is None else "closed",
        "summary": summary,
        "updated": ms(found.closed if found.closed is not None else found.created),
    }
