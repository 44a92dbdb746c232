"""The lists of protection groups, their snapshots and transfers, what is seen of them elsewhere, and of pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from backends.lab.flasharray import views
from backends.lab.flasharray.items import of_members, of_rows, of_thing
from backends.lab.flasharray.lists import Item, Query
from backends.lab.flasharray.objects import Group, GroupSnapshot, RefusedError, Target
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row

# ---------------------------------------------------------------------------------------------------- protection groups


def groups(array: ArrayState, _query: Query) -> Iterator[Item]:
    for found in array.groups.values():
        yield of_thing(found, partial(views.group, array, found))


def _asked(array: ArrayState, query: Query) -> Iterable[Group]:
    names = query.names("group_names")
    if names is None:
        return array.groups.values()
    return [array.group(name, destroyed_too=True) for name in names]


def group_volumes(array: ArrayState, query: Query) -> Iterator[Item]:
    yield from of_rows(of_members(query, (row for group in _asked(array, query) for row in _member_volumes(group))))


def volume_groups(array: ArrayState, query: Query) -> Iterator[Item]:
    rows = (row for group in array.groups.values() for row in _member_volumes(group))
    yield from of_rows(of_members(query, rows))


def _member_volumes(group: Group) -> Iterator[Row]:
    if group.origin is None:
        for disk in group.disks:
            yield {
                "group": views.reference(group),
                "member": {"id": disk.id, "name": disk.name, "destroyed": disk.destroyed},
            }
        return
    prefix = group.name.partition(":")[0]
    for disk in group.origin.disks:
        name = f"{prefix}:{disk.name.rpartition('::')[2]}"
        yield {
            "group": views.reference(group),
            "member": {"id": group.replicas.get(name), "name": name, "destroyed": False},
        }


def group_hosts(array: ArrayState, query: Query) -> Iterator[Item]:
    rows = (
        {"group": views.reference(group), "member": {"name": name}}
        for group in _asked(array, query)
        for name in group.hosts
    )
    yield from of_rows(of_members(query, rows))


def group_host_groups(array: ArrayState, query: Query) -> Iterator[Item]:
    rows = (
        {"group": views.reference(group), "member": {"name": name}}
        for group in _asked(array, query)
        for name in group.host_groups
    )
    yield from of_rows(of_members(query, rows))


def targets(array: ArrayState, query: Query) -> Iterator[Item]:
    rows = (target_row(g, name, target) for g in _asked(array, query) for name, target in g.targets.items())
    yield from of_rows(of_members(query, rows))


def target_row(group: Group, name: str, target: Target) -> Row:
    return {"group": views.reference(group), "member": {"name": name}, "allowed": target.allowed}


def _group_snapshots(array: ArrayState, query: Query) -> Iterator[GroupSnapshot]:
    names, ids = query.one_of("source_names", "source_ids")
    chosen: Iterable[Group] = array.groups.values()
    if names is not None:
        chosen = [array.group(name, destroyed_too=True) for name in names]
    for group in chosen:
        if ids is None or group.id in ids:
            yield from group.snapshots.values()


def group_snapshots(array: ArrayState, query: Query) -> Iterator[Item]:
    for found in _group_snapshots(array, query):
        yield of_thing(found, partial(views.group_snapshot, array, found))


def group_transfers(array: ArrayState, query: Query) -> Iterator[Item]:
    for found in _group_snapshots(array, query):
        moved = views.whole_transfer(found)
        if moved is not None:
            yield of_thing(found, partial(views.transfer, array, found, moved))


# --------------------------------------------------------------------------------------------- seen on the other arrays


def peers_asked(array: ArrayState, query: Query) -> list[ArrayState]:
    """The connected arrays, or those named by ``on``; one that cannot be reached is refused if it was named."""
    wanted = query.names("on")
    for name in wanted or ():
        if name not in array.peers:
            raise RefusedError(name, "Array is not connected.")
        if not array.world.linked(array.site, array.peers[name].site):
            raise RefusedError(name, "Remote array could not be reached.")
    return [
        peer
        for name, peer in array.peers.items()
        if (wanted is None or name in wanted) and array.world.linked(array.site, peer.site)
    ]


def remote_groups(array: ArrayState, query: Query) -> Iterator[Item]:
    for peer in peers_asked(array, query):
        for group in peer.groups.values():
            if group.origin is not None and group.name.startswith(f"{array.name}:"):
                yield of_thing(group, partial(_remote_group, peer, group))


def _remote_group(there: ArrayState, group: Group) -> Row:
    row = views.group(there, group)
    kept = ("id", "name", "destroyed", "is_local", "source", "target_retention", "time_remaining")
    return {key: row[key] for key in kept} | {"remote": {"id": there.id, "name": there.name}}


def _remote_snapshots(array: ArrayState, query: Query) -> Iterator[tuple[ArrayState, GroupSnapshot]]:
    names, ids = query.one_of("source_names", "source_ids")
    for peer in peers_asked(array, query):
        for group in peer.groups.values():
            if group.origin is None or not group.name.startswith(f"{array.name}:"):
                continue
            if names is not None and group.name not in names and group.origin.name not in names:
                continue
            if ids is not None and group.id not in ids:
                continue
            for found in group.snapshots.values():
                yield peer, found


def remote_group_snapshots(array: ArrayState, query: Query) -> Iterator[Item]:
    for peer, found in _remote_snapshots(array, query):
        yield of_thing(found, partial(_remote_snapshot, peer, found))


def _remote_snapshot(there: ArrayState, found: GroupSnapshot) -> Row:
    row = views.group_snapshot(there, found)
    kept = ("id", "name", "created", "destroyed", "source", "suffix", "time_remaining")
    return {key: row[key] for key in kept} | {"is_local": False, "remote": {"id": there.id, "name": there.name}}


def remote_group_transfers(array: ArrayState, query: Query) -> Iterator[Item]:
    for peer, found in _remote_snapshots(array, query):
        yield of_thing(found, partial(_remote_transfer, peer, found))


def _remote_transfer(there: ArrayState, found: GroupSnapshot) -> Row:
    return views.transfer(there, found, found.received) | {"source": views.reference(found.group)}


# ----------------------------------------------------------------------------------------------------------------- pods


def pods(array: ArrayState, _query: Query) -> Iterator[Item]:
    for found in array.pods.values():
        yield of_thing(found, partial(views.pod, array, found))


def pod_arrays(array: ArrayState, query: Query) -> Iterator[Item]:
    me = {"id": array.id, "name": array.name}
    rows = ({"group": views.reference(found), "member": me} for found in array.pods.values())
    yield from of_rows(of_members(query, rows))


def replica_links(array: ArrayState, query: Query) -> Iterator[Item]:
    yield from of_rows(_links(array, query))


def _links(array: ArrayState, query: Query) -> Iterator[Row]:
    for found in array.pods.values():
        if found.link is None:
            continue
        row = views.link(array, found.link, found)
        places = (("local_pod", row["local_pod"]), ("remote_pod", row["remote_pod"]), ("remote", row["remotes"][0]))
        wanted = ((query.one_of(f"{name}_names", f"{name}_ids"), there) for name, there in places)
        if all(
            (names is None or there["name"] in names) and (ids is None or there["id"] in ids)
            for (names, ids), there in wanted
        ):
            yield row


def replica_link_lag(array: ArrayState, query: Query) -> Iterator[Item]:
    kept = ("id", "direction", "local_pod", "recovery_point", "remotes", "remote_pod", "status")
    rows = (
        {key: row[key] for key in kept} | {"lag": {"avg": row["lag"], "max": row["lag"]}, "time": views.ms(array.now)}
        for row in _links(array, query)
    )
    yield from of_rows(rows)
