"""Looks at a part of a FlashArray, one record for each: what a step or a plan asks, in as few requests as it takes.

Each is taken with a driver and raises :class:`DeviceError`; a row that cannot be read fails the whole look, because
what a copy rests on must be known in full. Lists are asked for as they stand or by a filter, never by names: an array
refuses a name that it does not know, and *not there* is an answer here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from backends.flasharray import names, records
from backends.flasharray.client import FlashArrayClient
from backends.flasharray.fields import Fields
from backends.flasharray.records import Attachment, GroupSnapshot, Owner, Transfer
from backends.outcome import DeviceError, Failure, ParseError, Sent
from store.estate import Host, Pod, PodReplicaLink, ProtectionGroup, Volume

T = TypeVar("T")
NO_OWNER = Owner("", "")
_BLOCK = 1024 * 1024


class Connected(Protocol):
    """A driver of an array."""

    @property
    def client(self) -> FlashArrayClient: ...


class VolumeSnapshot(Struct, frozen=True):
    """One volume snapshot. ``source`` is the volume it is of on the array where it was taken, by name and id where the
    array says them; ``size`` in bytes; ``created`` on the source, UTC."""

    name: str
    source: str | None
    source_id: str | None
    size: int
    created: datetime
    destroyed: bool


class ArrayItself(Struct, frozen=True):
    """The array's own name and id, which its targets know it by. GET /arrays."""

    def take(self, driver: Connected) -> Owner:
        found = _rows(driver, "arrays", records.array)
        if len(found) != 1:
            text = f"one array was expected, got {len(found)}"
            raise DeviceError(driver.client.name, "GET /arrays", Failure.BAD_ANSWER, Sent.REFUSED, text)
        return Owner(found[0].name, found[0].array_id)


class ClockSkew(Struct, frozen=True):
    """How far the array's clock is ahead of this machine's, in seconds; None: its answers do not tell. GET /arrays."""

    def take(self, driver: Connected) -> float | None:
        driver.client.rows("arrays")
        return driver.client.clock.skew_s


class GroupAsked(Struct, frozen=True):
    """A protection group by its name, destroyed or not, with its targets; None: there is none.
    GET /protection-groups and …/targets."""

    group: str

    def take(self, driver: Connected) -> ProtectionGroup | None:
        found = _rows(
            driver, "protection-groups", lambda r: records.group(r, NO_OWNER), filter=_is(names.group(self.group))
        )
        if not found:
            return None
        targets = _rows(driver, "protection-groups/targets", records.target)
        return replace(found[0], targets=tuple(t for name, t in targets if name == self.group))


class LocalGroups(Struct, frozen=True):
    """The names of all protection groups that were made on this array and are not destroyed. GET /protection-groups."""

    def take(self, driver: Connected) -> tuple[str, ...]:
        found = _rows(driver, "protection-groups", lambda row: records.group(row, NO_OWNER))
        return tuple(group.name for group in found if group.is_local and not group.destroyed)


class GroupSnapshotNames(Struct, frozen=True):
    """The names of all protection group snapshots on this array, of groups of other arrays too, that are not destroyed.
    GET /protection-group-snapshots."""

    def take(self, driver: Connected) -> tuple[str, ...]:
        found = _rows(driver, "protection-group-snapshots", records.group_snapshot)
        return tuple(snapshot.name for snapshot in found if not snapshot.destroyed)


class GroupMembers(Struct, frozen=True):
    """The names of a group's volumes: its own, and those connected to its hosts and host groups.
    GET /protection-groups/volumes, …/hosts, …/host-groups; /connections where it has any of these."""

    group: str

    def take(self, driver: Connected) -> frozenset[str]:
        volumes = self._members(driver, "volumes")
        hosts, host_groups = self._members(driver, "hosts"), self._members(driver, "host-groups")
        if hosts or host_groups:
            for each in _rows(driver, "connections", records.attachment):
                if each.host in hosts or each.host_group in host_groups:
                    volumes |= {each.volume}
        return volumes

    def _members(self, driver: Connected, what: str) -> frozenset[str]:
        members = _rows(driver, f"protection-groups/{what}", records.member)
        return frozenset(m.name for m in members if m.group == self.group and not m.destroyed)


class SnapshotAsked(Struct, frozen=True):
    """A protection group snapshot by its name, destroyed or not; None: there is none. GET
    /protection-group-snapshots."""

    snapshot: str

    def take(self, driver: Connected) -> GroupSnapshot | None:
        query = _is(names.group_snapshot(self.snapshot))
        return next(iter(_rows(driver, "protection-group-snapshots", records.group_snapshot, filter=query)), None)


class NewestSnapshot(Struct, frozen=True):
    """The newest snapshot of a group that is on this array and not destroyed, complete or not; None: there is none.
    GET /protection-group-snapshots, one row of them."""

    group: str

    def take(self, driver: Connected) -> GroupSnapshot | None:
        path, query = "protection-group-snapshots", f"name='{names.group(self.group)}.*'"
        rows = driver.client.first(path, filter=query, sort="created-", destroyed="false")
        return next(iter(_parsed(driver.client.name, f"GET /{path}", rows, records.group_snapshot)), None)


class SnapshotMembers(Struct, frozen=True):
    """The volume snapshots that make up a group snapshot, by their exact names. GET /volume-snapshots.

    The filter takes more than it should (``prd.s1.*`` has a part that is any text), so the name of the group snapshot
    is compared in full.
    """

    snapshot: str

    def take(self, driver: Connected) -> tuple[VolumeSnapshot, ...]:
        query = f"name='{names.group_snapshot(self.snapshot)}.*'"
        found = _rows(driver, "volume-snapshots", volume_snapshot, filter=query)
        return tuple(
            sorted((s for s in found if s.name.rpartition(".")[0] == self.snapshot), key=lambda each: each.name)
        )


class TransferOf(Struct, frozen=True):
    """The transfer of a snapshot as this array reports it; None: there is none yet, or none any more.
    GET /protection-group-snapshots/transfer."""

    snapshot: str

    def take(self, driver: Connected) -> Transfer | None:
        query = _is(names.group_snapshot(self.snapshot))
        found = _rows(driver, "protection-group-snapshots/transfer", records.transfer, filter=query)
        least = [each for each in found if not each.done] or found  # several targets: the one that is not there yet
        return least[0] if least else None


class SentTo(Struct, frozen=True):
    """A protection group snapshot as the array ``target`` shows it to this one, by that array's own name; None: it has
    none. ``owner`` is this array's own name. GET /remote-protection-group-snapshots."""

    snapshot: str
    target: str
    owner: str

    def take(self, driver: Connected) -> GroupSnapshot | None:
        name = f"{self.owner}:{names.group_snapshot(self.snapshot)}"
        path = "remote-protection-group-snapshots"
        found = _rows(driver, path, records.group_snapshot, on=self.target, filter=_is(name))
        return next((each for each in found if each.name == name), None)


class TransfersOf(Struct, frozen=True):
    """The transfers of all snapshots of a group, by snapshot name. GET /protection-group-snapshots/transfer."""

    group: str

    def take(self, driver: Connected) -> Mapping[str, Transfer]:
        query = f"name='{names.group(self.group)}.*'"
        found: dict[str, Transfer] = {}
        for moved in _rows(driver, "protection-group-snapshots/transfer", records.transfer, filter=query):
            known = found.get(moved.name)
            if moved.name.rpartition(".")[0] == self.group and (known is None or known.done):
                found[moved.name] = moved
        return found


class SafetySnapshots(Struct, frozen=True):
    """The volume snapshots ``<volume>.<suffix>`` on this array, by volume. GET /volume-snapshots."""

    suffix: str

    def take(self, driver: Connected) -> Mapping[str, VolumeSnapshot]:
        query = f"suffix='{names.suffix(self.suffix)}'"
        found = _rows(driver, "volume-snapshots", volume_snapshot, filter=query)
        parts = [(each.name.rpartition("."), each) for each in found]
        return {head: each for (head, _, tail), each in parts if tail == self.suffix and "." not in head}


class Volumes(Struct, frozen=True):
    """All volumes by name, destroyed ones too. GET /volumes."""

    def take(self, driver: Connected) -> Mapping[str, Volume]:
        found = _rows(driver, "volumes", lambda row: records.volume(row, NO_OWNER))
        return {volume.name: volume for volume in found}


class Same(Struct, frozen=True):
    """Whether a volume holds exactly what a volume snapshot does; None: the array does not compare them. ``size`` of
    the snapshot in bytes. GET /volumes/diff."""

    volume: str
    snapshot: str
    size: int

    def take(self, driver: Connected) -> bool | None:
        query = {"names": names.name(self.volume), "base_name": names.snapshot(self.snapshot)}
        try:
            found = driver.client.first(
                "volumes/diff", **query, block_size=_BLOCK, segment_length=max(self.size, _BLOCK)
            )
        except DeviceError as error:
            if error.failure is Failure.REFUSED:
                return None
            raise
        return not found


class Tags(Struct, frozen=True):
    """The tags of all volumes under one key, by volume. GET /volumes/tags."""

    key: str
    namespace: str = "default"

    def take(self, driver: Connected) -> Mapping[str, str]:
        found = {}
        for name, key, value in _rows(driver, "volumes/tags", tag, namespaces=[self.namespace]):
            if key == self.key:
                found[name] = value
        return found


class Connections(Struct, frozen=True):
    """Which volumes are connected to what, by volume. GET /connections."""

    def take(self, driver: Connected) -> Mapping[str, tuple[Attachment, ...]]:
        found: dict[str, list[Attachment]] = defaultdict(list)
        for each in _rows(driver, "connections", records.attachment):
            found[each.volume].append(each)
        return {volume: tuple(each) for volume, each in found.items()}


class Hosts(Struct, frozen=True):
    """All hosts by name. GET /hosts."""

    def take(self, driver: Connected) -> Mapping[str, Host]:
        found = _rows(driver, "hosts", lambda row: records.host(row, NO_OWNER))
        return {host.name: host for host in found}


class Initiators(Struct, frozen=True):
    """The WWPNs that are logged in to the array now. GET /ports/initiators."""

    def take(self, driver: Connected) -> frozenset[str]:
        return frozenset(wwn for wwn in _rows(driver, "ports/initiators", records.initiator) if wwn is not None)


class Paths(Struct, frozen=True):
    """How many ports of the array each WWPN is logged in to now. GET /ports/initiators."""

    def take(self, driver: Connected) -> Mapping[str, int]:
        return Counter(wwn for wwn in _rows(driver, "ports/initiators", records.initiator) if wwn is not None)


class Pods(Struct, frozen=True):
    """All pods by name, with their replica links, destroyed ones too. GET /pods, /pod-replica-links."""

    def take(self, driver: Connected) -> Mapping[str, Pod]:
        links: dict[str, list[PodReplicaLink]] = defaultdict(list)
        for found in _rows(driver, "pod-replica-links", records.pod_link):
            links[found.pod].append(found.link)
        pods = _rows(driver, "pods", lambda row: records.pod(row, NO_OWNER))
        return {pod.name: replace(pod, links=tuple(links[pod.name])) for pod in pods}


def volume_snapshot(row: Fields) -> VolumeSnapshot:
    """A row of GET /volume-snapshots."""
    child = row.child("source")
    return VolumeSnapshot(
        name=row.text("name"),
        source=row.reference("source"),
        source_id=child.optional("id") if child is not None else None,
        size=row.needed_whole("provisioned"),
        created=row.needed_time("created"),
        destroyed=row.flag("destroyed", default=False),
    )


def tag(row: Fields) -> tuple[str, str, str]:
    """A row of GET /volumes/tags: the volume, the key and the value."""
    return row.needed_reference("resource"), row.text("key"), row.optional("value") or ""


def _is(name: str) -> str:
    """The filter that only this name passes. Checked names hold no quote and no star."""
    return f"name='{name}'"


def _rows(driver: Connected, path: str, parse: Callable[[Fields], T], **query: str | list[str]) -> list[T]:
    return _parsed(driver.client.name, f"GET /{path}", driver.client.rows(path, **query), parse)


def _parsed(device: str, call: str, rows: Iterable[object], parse: Callable[[Fields], T]) -> list[T]:
    try:
        return [parse(Fields.of(row)) for row in rows]
    except ParseError as error:
        text = f"{error.expected}; got {error.line}"
        raise DeviceError(device, call, Failure.BAD_ANSWER, Sent.REFUSED, text) from None
