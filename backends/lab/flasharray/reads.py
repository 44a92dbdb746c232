"""The lists that a simulated array can show: one entry for each GET, with its own parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from backends.lab.flasharray import diffs, group_reads, hardware, views
from backends.lab.flasharray.items import Items, of_members, of_rows, of_thing
from backends.lab.flasharray.lists import Item, Listing, Query, answer
from backends.lab.flasharray.objects import (
    Disk,
    DiskSnapshot,
    RefusedError,
)
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row


class Read(Struct, frozen=True):
    """A list by its path: its parameters and where its items come from."""

    listing: Listing
    items: Items

    def answer(self, array: ArrayState, query: Query) -> Row:
        return answer(self.listing, query, list(self.items(array, query)))


# -------------------------------------------------------------------------------------------------------------- volumes


def volumes(array: ArrayState, _query: Query) -> Iterator[Item]:
    for disk in array.disks.values():
        yield of_thing(disk, partial(views.volume, array, disk))


def _sourced(query: Query, found: Iterable[DiskSnapshot]) -> Iterator[DiskSnapshot]:
    names, ids = query.one_of("source_names", "source_ids")
    for snapshot in found:
        if names is not None and snapshot.source[1] not in names:
            continue
        if ids is not None and snapshot.source[0] not in ids:
            continue
        yield snapshot


def _gone(snapshot: DiskSnapshot) -> bool:
    return snapshot.destroyed or (snapshot.group is not None and snapshot.group.destroyed)


def volume_snapshots(array: ArrayState, query: Query) -> Iterator[Item]:
    for part in _sourced(query, array.snapshots.values()):
        yield Item(part.name, partial(views.volume_snapshot, array, part), part.id, _gone(part))


def volume_snapshot_transfers(array: ArrayState, query: Query) -> Iterator[Item]:
    for part in _sourced(query, array.snapshots.values()):
        moved = views.whole_transfer(part.group) if part.group is not None else None
        if moved is not None:
            yield Item(part.name, partial(views.transfer, array, part, moved), part.id, _gone(part))


def remote_volume_snapshots(array: ArrayState, query: Query) -> Iterator[Item]:
    for peer in group_reads.peers_asked(array, query):
        prefix = f"{array.name}:"
        for part in _sourced(query, peer.snapshots.values()):
            if part.name.startswith(prefix):
                yield Item(
                    part.name,
                    partial(_remote_volume, peer, part),
                    part.id,
                    _gone(part),
                )


def _remote_volume(there: ArrayState, part: DiskSnapshot) -> Row:
    row = views.volume_snapshot(there, part)
    kept = ("id", "name", "created", "destroyed", "pod", "provisioned", "source", "suffix", "time_remaining")
    return {key: row[key] for key in kept} | {"remote": {"id": there.id, "name": there.name}}


def volume_tags(array: ArrayState, query: Query) -> Iterator[Item]:
    yield from of_rows(_tags(array.disks.values(), query, "Volume does not exist."))


def snapshot_tags(array: ArrayState, query: Query) -> Iterator[Item]:
    yield from of_rows(_tags(array.snapshots.values(), query, "No such volume or snapshot."))


def _tags(things: Iterable[Disk | DiskSnapshot], query: Query, missing: str) -> Iterator[Row]:
    names, ids = query.one_of("resource_names", "resource_ids")
    namespaces = query.names("namespaces") or ["default"]
    gone = query.flag("resource_destroyed")
    by_name = {thing.name: thing for thing in things}
    for name in names or ():
        if name not in by_name and "*" not in name:
            raise RefusedError(name, missing)
    for thing in by_name.values():
        if (names is not None and thing.name not in names) or (ids is not None and thing.id not in ids):
            continue
        if gone is not None and thing.destroyed is not gone:
            continue
        for found in thing.tags:
            if found.namespace in namespaces or "*" in namespaces:
                yield views.tag(thing, found)


# --------------------------------------------------------------------------------------------------- hosts, connections


def hosts(array: ArrayState, _query: Query) -> Iterator[Item]:
    for found in array.hosts.values():
        yield Item(found.name, partial(views.host, array, found))


def host_groups(array: ArrayState, _query: Query) -> Iterator[Item]:
    for name in array.host_groups:
        yield Item(name, partial(views.host_group, array, name))


def host_group_hosts(array: ArrayState, query: Query) -> Iterator[Item]:
    rows = [
        {"group": {"name": found.group}, "member": {"name": found.name}}
        for found in array.hosts.values()
        if found.group is not None
    ]
    yield from of_rows(of_members(query, rows))


def connections(array: ArrayState, query: Query) -> Iterator[Item]:
    hosts_wanted, groups = query.names("host_names"), query.names("host_group_names")
    names, ids = query.one_of("volume_names", "volume_ids")
    for name in names or ():
        array.disk(name)
    for name in hosts_wanted or ():
        array.host(name)
    for made in array.attachments:
        if groups is not None and made.group not in groups:
            continue
        if (names is not None and made.disk.name not in names) or (ids is not None and made.disk.id not in ids):
            continue
        rows = views.connections(array, made)
        yield from of_rows(row for row in rows if hosts_wanted is None or row["host"]["name"] in hosts_wanted)


# ---------------------------------------------------------------------------------------------------------------- table

_VOLUME, _SNAPSHOT, _HOST = "Volume does not exist.", "No such volume or snapshot.", "Host does not exist."
_GROUP, _GROUP_SNAPSHOT = "Protection group does not exist.", "Protection group snapshot does not exist."
_SOURCES = frozenset({"source_names", "source_ids"})
_MEMBERS = frozenset({"group_names", "member_names"})
_ON = frozenset({"on"})
_TIMES = frozenset({"start_time", "end_time", "resolution"})
_LINK = frozenset(f"{place}_{kind}" for place in ("local_pod", "remote_pod", "remote") for kind in ("names", "ids"))
_DIFF = frozenset(
    {"base_name", "base_id", "block_size", "segment_length", "segment_offset", "next_allocated_block_hint"}
    | {"names", "ids"}  # of the volume that is looked into: its blocks have none that could be chosen by
)
_TAGGED = frozenset({"namespaces", "resource_names", "resource_ids", "resource_destroyed"})


def _members(*extra: str, token: bool = True) -> Listing:
    return Listing(token=token, names=False, ids=False, extra=_MEMBERS | set(extra))


def _fixed(rows: Callable[[ArrayState], Iterable[Row]]) -> Items:
    return lambda array, _query: of_rows(rows(array))


def _whole(*, named: bool = True, token: bool = False, **more: Any) -> Listing:
    return Listing(token=token, names=named, ids=False, **more)


READS: dict[str, Read] = {
    "volumes": Read(Listing(_VOLUME, total=True, destroyed=True), volumes),
    "volumes/space": Read(
        Listing(token=False, total=True, destroyed=True, extra=_TIMES), _fixed(hardware.volume_space)
    ),
    "volumes/diff": Read(Listing(token=False, names=False, ids=False, extra=_DIFF), diffs.volume_diff),
    "volumes/tags": Read(Listing(names=False, ids=False, extra=_TAGGED), volume_tags),
    "volumes/protection-groups": Read(
        _members("group_ids", "member_ids", "member_destroyed"), group_reads.volume_groups
    ),
    "volume-snapshots": Read(Listing(_SNAPSHOT, total=True, destroyed=True, extra=_SOURCES), volume_snapshots),
    "volume-snapshots/tags": Read(Listing(names=False, ids=False, extra=_TAGGED), snapshot_tags),
    "volume-snapshots/transfer": Read(
        Listing(token=False, total=True, destroyed=True, extra=_SOURCES), volume_snapshot_transfers
    ),
    "remote-volume-snapshots": Read(
        Listing(_SNAPSHOT, token=False, destroyed=True, extra=_SOURCES | _ON), remote_volume_snapshots
    ),
    "hosts": Read(Listing(_HOST, ids=False, destroyed=True), hosts),
    "host-groups": Read(Listing("Host group does not exist.", ids=False, destroyed=True), host_groups),
    "host-groups/hosts": Read(_members(), host_group_hosts),
    "connections": Read(
        Listing(
            names=False,
            ids=False,
            extra=frozenset(
                {
                    "host_names",
                    "host_group_names",
                    "volume_names",
                    "volume_ids",
                    "protocol_endpoint_names",
                    "protocol_endpoint_ids",
                }
            ),
        ),
        connections,
    ),
    "protection-groups": Read(Listing(_GROUP, total=True, destroyed=True), group_reads.groups),
    "protection-groups/volumes": Read(
        _members("group_ids", "member_ids", "member_destroyed"), group_reads.group_volumes
    ),
    "protection-groups/hosts": Read(_members("group_ids"), group_reads.group_hosts),
    "protection-groups/host-groups": Read(_members("group_ids"), group_reads.group_host_groups),
    "protection-groups/targets": Read(_members("group_ids"), group_reads.targets),
    "protection-group-snapshots": Read(
        Listing(_GROUP_SNAPSHOT, total=True, destroyed=True, extra=_SOURCES), group_reads.group_snapshots
    ),
    "protection-group-snapshots/transfer": Read(
        Listing(token=False, total=True, destroyed=True, extra=_SOURCES), group_reads.group_transfers
    ),
    "remote-protection-groups": Read(
        Listing(_GROUP, token=False, destroyed=True, extra=_ON), group_reads.remote_groups
    ),
    "remote-protection-group-snapshots": Read(
        Listing(_GROUP_SNAPSHOT, token=False, destroyed=True, extra=_SOURCES | _ON), group_reads.remote_group_snapshots
    ),
    "remote-protection-group-snapshots/transfer": Read(
        Listing(token=False, total=True, destroyed=True, extra=_SOURCES | _ON), group_reads.remote_group_transfers
    ),
    "pods": Read(Listing("Pod does not exist.", total=True, destroyed=True), group_reads.pods),
    "remote-pods": Read(Listing(token=False, extra=_ON), _fixed(hardware.remote_pods)),
    "pods/arrays": Read(_members("group_ids", "member_ids", token=False), group_reads.pod_arrays),
    "pod-replica-links": Read(Listing(token=False, names=False, extra=_LINK), group_reads.replica_links),
    "pod-replica-links/lag": Read(
        Listing(token=False, names=False, extra=_LINK | _TIMES), group_reads.replica_link_lag
    ),
    "arrays": Read(_whole(named=False), _fixed(lambda array: [views.array_row(array)])),
    "arrays/space": Read(_whole(named=False, extra=_TIMES), _fixed(hardware.space_history)),
    "alerts": Read(Listing(extra=frozenset({"flagged"})), _fixed(hardware.alerts)),
    "array-connections": Read(_whole(token=True), _fixed(hardware.array_connections)),
    "controllers": Read(_whole(token=True), _fixed(hardware.controllers)),
    "hardware": Read(_whole(), _fixed(hardware.components)),
    "ports": Read(_whole(), _fixed(hardware.ports)),
    "ports/initiators": Read(_whole(), _fixed(hardware.initiators)),
    "network-interfaces": Read(_whole(token=True), _fixed(hardware.network_interfaces)),
    "offloads": Read(_whole(total=True, extra=frozenset({"protocol"})), _fixed(lambda _array: [])),
}
