"""What a simulated array can be told about volumes, snapshots, tags, hosts and connections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct

from backends.lab.flasharray import transfers, views
from backends.lab.flasharray.bodies import Body, tags_of
from backends.lab.flasharray.lists import Query
from backends.lab.flasharray.objects import Disk, DiskSnapshot, RefusedError, Tag
from backends.lab.flasharray.protection import add_member
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row

Do = Callable[[ArrayState, Query, bytes], list[Row]]


class Write(Struct, frozen=True):
    """A call that changes something: its query parameters and what it does."""

    parameters: frozenset[str]
    do: Do


def needed(query: Query, names: str, ids: str | None = None) -> tuple[list[str], bool]:
    """The names (or ids: then True) that a call is about."""
    found = query.names(names)
    found_ids = query.names(ids) if ids is not None else None
    if found and found_ids:
        raise RefusedError(None, f"The `{names}` and `{ids}` parameters cannot be provided together.")
    if found:
        return found, False
    if found_ids:
        return found_ids, True
    raise RefusedError(None, f"The `{names}`{f' or `{ids}`' if ids else ''} parameter is required.")


def disks_of(array: ArrayState, query: Query, names: str = "names", ids: str = "ids", gone: bool = False) -> list[Disk]:
    wanted, by_id = needed(query, names, ids)
    if not by_id:
        return [array.disk(name, destroyed_too=gone) for name in wanted]
    known = {disk.id: disk for disk in array.disks.values()}
    for identity in wanted:
        if identity not in known:
            raise RefusedError(identity, "Volume does not exist.")
    return [known[identity] for identity in wanted]


# -------------------------------------------------------------------------------------------------------------- volumes

_VOLUME_BODY = ("destroyed", "provisioned", "qos", "priority_adjustment", "source", "subtype", "tags")


def post_volumes(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    """A new volume, empty or from a source; with ``overwrite`` an existing one takes the source's content."""
    body = Body.of(text, _VOLUME_BODY)
    names, _ = needed(query, "names")
    overwrite = query.flag("overwrite") is True
    joins = query.names("add_to_protection_group_names") or []
    if overwrite and (joins or query.flag("with_default_protection")):
        raise RefusedError(None, "The `overwrite` parameter cannot be combined with protection groups.")
    source = body.reference("source")
    if source is None:
        if overwrite:
            raise RefusedError(None, "A source is required to overwrite a volume.")
        size = body.number("provisioned")
        if size is None:
            raise RefusedError(names[0], "Volume size or source is required.")
        made = [array.add_volume(name, size) for name in names]
    else:
        origin = _source(array, source)
        made = [_copy(array, name, origin, overwrite) for name in names]
    for group in joins:
        for disk in made:
            add_member(array.group(group), disk)
    return [views.volume(array, disk) for disk in made]


def _source(array: ArrayState, name: str) -> Disk | DiskSnapshot:
    if name in array.disks:
        return array.disk(name)
    if name in array.snapshots:
        return array.snapshot(name)
    for thing in [*array.disks.values(), *array.snapshots.values()]:
        if thing.id == name:
            return array.disk(thing.name) if isinstance(thing, Disk) else array.snapshot(thing.name)
    raise RefusedError(name, "No such volume or snapshot.")


def _copy(array: ArrayState, name: str, source: Disk | DiskSnapshot, overwrite: bool) -> Disk:
    if overwrite:
        disk = array.disk(name)
        if disk is source:
            raise RefusedError(name, "Volume cannot be overwritten with itself.")
    else:
        size = source.core.size if isinstance(source, Disk) else source.size
        disk = array.add_volume(name, size)
        disk.tags = [tag for tag in source.tags if tag.copyable]
    transfers.judge_source(array, source, disk)
    array.overwrite(disk, source, f"overwrite of {name} from {source.name}")
    return disk


def patch_volumes(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    body = Body.of(text, ("destroyed", "name", "provisioned", "qos", "priority_adjustment", "pod", "volume_group"))
    destroyed, name, size = body.flag("destroyed"), body.text("name"), body.number("provisioned")
    disks = disks_of(array, query, gone=destroyed is False)
    if name is not None and len(disks) != 1:
        raise RefusedError(name, "Only one volume can be renamed at a time.")
    for disk in disks:
        if size is not None and size < disk.core.size and query.flag("truncate") is not True:
            raise RefusedError(disk.name, "Volume size cannot be reduced without truncate.")
    for disk in disks:
        if destroyed is True:
            array.destroy_volume(disk)
        elif destroyed is False:
            array.recover(disk)
        if name is not None:
            array.rename_volume(disk, name)
        if size is not None:
            disk.core.size = size
    return [views.volume(array, disk) for disk in disks]


def delete_volumes(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    for disk in disks_of(array, query, gone=True):
        array.eradicate_volume(disk)
    return []


def post_volume_snapshots(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    """All or none: the names are checked before the first snapshot is taken."""
    body = Body.of(text, ("destroyed", "suffix", "tags"))
    disks = disks_of(array, query, "source_names", "source_ids")
    suffix = body.text("suffix")
    if suffix is not None:
        array.check_name(suffix, "Snapshot suffix")
    wanted = [(disk, suffix or _free_number(array, disk)) for disk in disks]
    for disk, tail in wanted:
        if f"{disk.name}.{tail}" in array.snapshots:
            raise RefusedError(f"{disk.name}.{tail}", "Volume snapshot already exists.")
    return [views.volume_snapshot(array, array.snapshot_volume(disk, tail)) for disk, tail in wanted]


def _free_number(array: ArrayState, disk: Disk) -> str:
    number = 1
    while f"{disk.name}.{number}" in array.snapshots:
        number += 1
    return str(number)


def _own_snapshots(array: ArrayState, query: Query, gone: bool) -> list[DiskSnapshot]:
    names, by_id = needed(query, "names", "ids")
    known = {s.id: s.name for s in array.snapshots.values()} if by_id else {}
    found = []
    for name in names:
        snapshot = array.snapshots.get(known.get(name, name))
        if snapshot is None:
            raise RefusedError(name, "No such volume or snapshot.")
        if snapshot.group is not None:
            raise RefusedError(name, "Cannot modify a snapshot of a protection group.")
        if snapshot.destroyed and not gone:
            raise RefusedError(name, "Volume snapshot has been destroyed.")
        found.append(snapshot)
    return found


def patch_volume_snapshots(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    destroyed = Body.of(text, ("destroyed", "name")).flag("destroyed")
    found = _own_snapshots(array, query, gone=destroyed is False)
    for snapshot in found:
        if destroyed is True:
            array.destroy(snapshot, partial(array.forget_snapshot, snapshot.name))
        elif destroyed is False:
            array.recover(snapshot)
    return [views.volume_snapshot(array, snapshot) for snapshot in found]


def delete_volume_snapshots(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    for snapshot in _own_snapshots(array, query, gone=True):
        if not snapshot.destroyed:
            raise RefusedError(snapshot.name, "Volume snapshot must be destroyed before it is eradicated.")
        array.forget_snapshot(snapshot.name)
    return []


# ----------------------------------------------------------------------------------------------------------------- tags


def _tagged(array: ArrayState, query: Query, kind: str) -> list[Disk | DiskSnapshot]:
    names, by_id = needed(query, "resource_names", "resource_ids")
    things: Iterable[Disk | DiskSnapshot] = (array.disks if kind == "volumes" else array.snapshots).values()
    known = {(thing.id if by_id else thing.name): thing for thing in things}
    for name in names:
        if name not in known:
            raise RefusedError(name, "Volume does not exist." if kind == "volumes" else "No such volume or snapshot.")
    return [known[name] for name in names]


def put_tags(kind: str) -> Do:
    def do(array: ArrayState, query: Query, text: bytes) -> list[Row]:
        batch = tags_of(text)
        things = _tagged(array, query, kind)
        rows = []
        for thing in things:
            for told in batch:
                space = str(told.get("namespace") or "default")
                new = Tag(told["key"], told["value"], space, told.get("copyable") is not False)
                thing.tags = [t for t in thing.tags if (t.key, t.namespace) != (new.key, new.namespace)]
                thing.tags.append(new)
                rows.append(views.tag(thing, new))
        return rows

    return do


def delete_tags(kind: str) -> Do:
    def do(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
        keys, spaces = query.names("keys") or [], query.names("namespaces") or ["default"]
        for thing in _tagged(array, query, kind):
            thing.tags = [t for t in thing.tags if not (t.key in keys and t.namespace in spaces)]
        return []

    return do


# ---------------------------------------------------------------------------------------------------------------- hosts

_HOST_BODY = ("chap", "iqns", "nqns", "personality", "preferred_arrays", "wwns", "vlan")
_PERSONALITIES = ("aix", "esxi", "hitachi-vsp", "hpux", "oracle-vm-server", "solaris", "vms")


def _personality(body: Body) -> str | None:
    value = body.text("personality")
    if value and value not in _PERSONALITIES:
        raise RefusedError(value, "Invalid personality.")
    return value or None


def post_hosts(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    body = Body.of(text, _HOST_BODY)
    names, _ = needed(query, "names")
    wwns = body.texts("wwns") or []
    if wwns and len(names) != 1:
        raise RefusedError(None, "WWNs can be given to one host only.")
    for name in names:
        for wwn in wwns:
            array.free_wwn(wwn, name)
    personality = _personality(body)
    return [views.host(array, array.add_host(name, wwns, personality)) for name in names]


def patch_hosts(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    body = Body.of(text, (*_HOST_BODY, "name", "add_wwns", "remove_wwns", "host_group", "add_iqns", "remove_iqns"))
    hosts = [array.host(name) for name in needed(query, "names")[0]]
    name, personality = body.text("name"), _personality(body)
    for host in hosts:
        wwns = _new_wwns(array, host.name, list(host.wwns), body)
        if body.has("host_group"):
            array.set_host_group(host, body.reference("host_group"))
        if wwns != host.wwns:
            array.set_wwns(host, wwns)
        if body.has("personality"):
            host.personality = personality
        if name is not None:
            array.rename_host(host, name)
    return [views.host(array, host) for host in hosts]


def _new_wwns(array: ArrayState, host: str, wwns: list[str], body: Body) -> list[str]:
    replaced, added, removed = body.texts("wwns"), body.texts("add_wwns"), body.texts("remove_wwns")
    if replaced is not None:
        return [array.free_wwn(wwn, host) for wwn in replaced]
    for wwn in [array.free_wwn(wwn, host) for wwn in added or ()]:
        if wwn not in wwns:
            wwns.append(wwn)
    for wwn in [array.free_wwn(wwn, host) for wwn in removed or ()]:
        if wwn not in wwns:
            raise RefusedError(host, f"WWN {wwn} does not exist.")
        wwns.remove(wwn)
    return wwns


def delete_hosts(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    for host in [array.host(name) for name in needed(query, "names")[0]]:
        array.delete_host(host)
    return []


def post_host_groups(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    return [views.host_group(array, array.add_host_group(name)) for name in needed(query, "names")[0]]


def post_host_group_hosts(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    rows = []
    for group in needed(query, "group_names")[0]:
        for host in [array.host(name) for name in needed(query, "member_names")[0]]:
            array.set_host_group(host, group)
            rows.append({"group": {"name": group}, "member": {"name": host.name}})
    return rows


def delete_host_group_hosts(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    groups = needed(query, "group_names")[0]
    for host in [array.host(name) for name in needed(query, "member_names")[0]]:
        if host.group not in groups:
            raise RefusedError(host.name, "Host does not belong to the host group.")
        array.set_host_group(host, None)
    return []


# ---------------------------------------------------------------------------------------------------------- connections


def post_connections(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    lun = Body.of(text, ("lun", "protocol_endpoint")).number("lun")
    disks = disks_of(array, query, "volume_names", "volume_ids")
    hosts, groups = query.names("host_names") or [], query.names("host_group_names") or []
    if not hosts and not groups:
        raise RefusedError(None, "The `host_names` or `host_group_names` parameter is required.")
    rows: list[Row] = []
    for disk in disks:
        for host in hosts:
            rows += views.connections(array, array.attach(disk, host=host, lun=lun))
        for group in groups:
            rows += views.connections(array, array.attach(disk, group=group, lun=lun))
    return rows


def delete_connections(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    disks = disks_of(array, query, "volume_names", "volume_ids", gone=True)
    hosts, groups = query.names("host_names") or [], query.names("host_group_names") or []
    if not hosts and not groups:
        raise RefusedError(None, "The `host_names` or `host_group_names` parameter is required.")
    found = []
    for disk in disks:
        for host, group in [(host, None) for host in hosts] + [(None, group) for group in groups]:
            made = [a for a in array.attachments_of(disk) if a.host == host and a.group == group]
            if not made:
                raise RefusedError(disk.name, "Connection does not exist.")
            found += made
    for attachment in found:
        array.detach(attachment)
    return []


def _names(*more: str) -> frozenset[str]:
    return frozenset({"names", *more})


_CONNECTED = frozenset({"host_names", "host_group_names", "volume_names", "volume_ids"})
_SOURCED = frozenset({"source_names", "source_ids", "allow_throttle", "on"})
_RESOURCES = frozenset({"resource_names", "resource_ids"})
_MEMBERSHIP = frozenset({"group_names", "member_names"})

WRITES: dict[tuple[str, str], Write] = {
    ("POST", "volumes"): Write(
        _names(
            "overwrite",
            "with_default_protection",
            "add_to_protection_group_names",
            "add_to_protection_group_ids",
            "allow_throttle",
        ),
        post_volumes,
    ),
    ("PATCH", "volumes"): Write(_names("ids", "truncate"), patch_volumes),
    ("DELETE", "volumes"): Write(_names("ids"), delete_volumes),
    ("POST", "volume-snapshots"): Write(_SOURCED, post_volume_snapshots),
    ("PATCH", "volume-snapshots"): Write(_names("ids", "replication_snapshot"), patch_volume_snapshots),
    ("DELETE", "volume-snapshots"): Write(_names("ids", "replication_snapshot"), delete_volume_snapshots),
    ("PUT", "volumes/tags/batch"): Write(_RESOURCES, put_tags("volumes")),
    ("DELETE", "volumes/tags"): Write(_RESOURCES | {"keys", "namespaces"}, delete_tags("volumes")),
    ("PUT", "volume-snapshots/tags/batch"): Write(_RESOURCES, put_tags("volume-snapshots")),
    ("DELETE", "volume-snapshots/tags"): Write(_RESOURCES | {"keys", "namespaces"}, delete_tags("volume-snapshots")),
    ("POST", "hosts"): Write(_names(), post_hosts),
    ("PATCH", "hosts"): Write(_names(), patch_hosts),
    ("DELETE", "hosts"): Write(_names(), delete_hosts),
    ("POST", "host-groups"): Write(_names(), post_host_groups),
    ("POST", "host-groups/hosts"): Write(_MEMBERSHIP, post_host_group_hosts),
    ("DELETE", "host-groups/hosts"): Write(_MEMBERSHIP, delete_host_group_hosts),
    ("POST", "connections"): Write(_CONNECTED, post_connections),
    ("DELETE", "connections"): Write(_CONNECTED, delete_connections),
}
