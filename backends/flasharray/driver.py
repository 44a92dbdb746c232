"""One FlashArray: a sweep of everything the panes show, in a fixed number of lists whatever the number of objects."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from backends.endpoint import Limits, TlsAccess
from backends.flasharray import records
from backends.flasharray.acts import Act
from backends.flasharray.client import FlashArrayClient
from backends.flasharray.fields import Fields, each, shown
from backends.flasharray.records import GroupSnapshot, Owner, Transfer
from backends.outcome import DeviceError, Failure, Sent
from store.estate import (
    EstateObject,
    FlashArray,
    Host,
    PgroupSnapshot,
    PgroupTarget,
    Pod,
    PodReplicaLink,
    Problem,
    ProtectionGroup,
    Reading,
    Unread,
    Volume,
)

T = TypeVar("T")

KEPT = 8
"""How many of a group's newest snapshots a reading holds, over all places where it has some."""


class Pieces(Struct):
    """What the lists of a sweep said, before it is put together; ``problems`` are the rows that could not be read."""

    owner: Owner
    problems: list[Problem] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


class FlashArrayDriver:
    """A driver of one array. ``access.secret`` is an API token, or the password of ``access.user``."""

    def __init__(self, name: str, access: TlsAccess, limits: Limits) -> None:
        self.name = name
        self.client = FlashArrayClient(name, access, limits)

    def close(self) -> None:
        """Log out, waiting a few seconds at most; never raises."""
        self.client.close()

    def perform(self, act: Act) -> str:
        """Send one verb, once, and return what the array named in its answer. Raises :class:`DeviceError`: ``sent``
        says whether the same verb may be sent again; :class:`ParseError`: nothing left."""
        return act.send(self.client)

    def read(self) -> Reading:
        """Sweep the array. A bad row is a Problem; raises :class:`DeviceError` when a list as a whole cannot be had."""
        began = datetime.now(UTC)
        pieces, array = self._array()
        groups = self._groups(pieces)
        objects: list[EstateObject] = [array, *groups, *self._volumes(pieces), *self._hosts(pieces)]
        objects += self._pods(pieces)
        return Reading(
            device=self.name,
            taken_at=began,
            objects=tuple(objects),
            problems=tuple(pieces.problems),
            unread=tuple(pieces.unread),
            clock_skew_s=self.client.clock.skew_s,
        )

    def initiators(self) -> tuple[frozenset[str], tuple[Problem, ...]]:
        """The WWPNs logged in to this array now (GET /ports/initiators), and the rows that could not be read."""
        pieces = Pieces(Owner(self.name, ""))
        found = self._list(pieces, "ports/initiators", records.initiator)
        return frozenset(wwn for wwn in found if wwn is not None), tuple(pieces.problems)

    def _list(self, pieces: Pieces, path: str, parse: Callable[[Fields], T], **query: str) -> list[T]:
        return each(f"GET /{path}", self.client.rows(path, **query), parse, pieces.problems)

    # ------------------------------------------------------------------------------------------------------- array

    def _array(self) -> tuple[Pieces, FlashArray]:
        """The array itself comes first: every other object carries its name and id."""
        rows = self.client.rows("arrays")
        problems: list[Problem] = []
        found = each("GET /arrays", rows, records.array, problems)
        if len(found) != 1:
            text = f"one array was expected, got {shown(rows)}"
            if problems:
                text = f"{problems[0].expected}; got {problems[0].line}"
            raise DeviceError(self.name, "GET /arrays", Failure.BAD_ANSWER, Sent.REFUSED, text)
        pieces = Pieces(Owner(found[0].name, found[0].array_id), problems)
        connections = self._list(pieces, "array-connections", records.array_connection)
        alerts = self._list(pieces, "alerts", records.alert, filter="state='open'")
        whole = replace(
            found[0],
            connections=tuple(sorted(connections, key=lambda c: (c.remote, c.type))),
            alerts=tuple(sorted((a for a in alerts if a.state == "open"), key=lambda a: a.id)),
        )
        return pieces, whole

    # ---------------------------------------------------------------------------------------------- protection groups

    def _groups(self, pieces: Pieces) -> list[ProtectionGroup]:
        rows = self.client.rows("protection-groups")
        groups = self._kept(pieces, "pgroup", "protection-groups", rows, lambda r: records.group(r, pieces.owner))
        members = {what: self._members(pieces, what) for what in ("volumes", "hosts", "host-groups")}
        targets: dict[str, list[PgroupTarget]] = defaultdict(list)
        for name, target in self._list(pieces, "protection-groups/targets", records.target):
            targets[name].append(target)
        away = {group.name: {target.name for target in targets[group.name]} for group in groups if group.is_local}
        snapshots = self._snapshots(pieces, away)
        whole = []
        for group in groups:
            found = snapshots.get(group.name, Snapshots())
            whole.append(
                replace(
                    group,
                    volumes=_sorted(members["volumes"][group.name]),
                    hosts=_sorted(members["hosts"][group.name]),
                    host_groups=_sorted(members["host-groups"][group.name]),
                    targets=tuple(sorted(targets[group.name], key=lambda t: t.name)),
                    snapshot_count=found.live,
                    snapshots=found.newest(),
                )
            )
        return whole

    def _members(self, pieces: Pieces, what: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for member in self._list(pieces, f"protection-groups/{what}", records.member):
            if not member.destroyed:
                found[member.group].append(member.name)
        return found

    def _snapshots(self, pieces: Pieces, targets: Mapping[str, set[str]]) -> dict[str, Snapshots]:
        """By group name: the snapshots on this array, and those of its own groups on each of their ``targets``.

        Of a target that cannot be asked, what this array itself remembers of its transfers: it knows of a complete one
        as much as the target does, and where a group has several targets the least complete row counts.
        """
        found: dict[str, Snapshots] = defaultdict(Snapshots)
        local = self._list(pieces, "protection-group-snapshots", records.group_snapshot)
        moved = self._transfers(pieces, "protection-group-snapshots/transfer")
        for snapshot in local:
            known = found[snapshot.group]
            known.live += not snapshot.destroyed
            known.add(snapshot, moved.get(snapshot.name), None)
        everywhere = sorted({name for names in targets.values() for name in names})
        silent = [target for target in everywhere if not self._remote_snapshots(pieces, target, found)]
        for target in silent:
            for snapshot in local:
                transfer = moved.get(snapshot.name)
                if transfer is not None and target in targets.get(snapshot.group, ()):
                    found[snapshot.group].add(snapshot, transfer, target)
        return found

    def _remote_snapshots(self, pieces: Pieces, target: str, found: dict[str, Snapshots]) -> bool:
        """Asked target by target, because the rows of a transfer do not say to which one it went. False: no answer."""
        path = "remote-protection-group-snapshots"
        try:
            remote = self._list(pieces, path, records.group_snapshot, on=target)
            moved = self._transfers(pieces, f"{path}/transfer", on=target)
        except DeviceError as error:
            if error.failure is not Failure.REFUSED:
                raise
            pieces.problems.append(Problem(f"GET /{path}?on={target}", error.text, "the snapshots on that target"))
            return False
        for snapshot in remote:
            source, group = records.origin(snapshot.group)
            if source in (None, pieces.owner.name):  # the target shows the groups of its other sources too
                found[group].add(snapshot, moved.get(snapshot.name), target)
        return True

    def _transfers(self, pieces: Pieces, path: str, **query: str) -> dict[str, Transfer]:
        """By snapshot name. Where one name has several rows (several targets), the least complete one counts."""
        found: dict[str, Transfer] = {}
        for moved in self._list(pieces, path, records.transfer, **query):
            known = found.get(moved.name)
            if known is None or (known.done and not moved.done):
                found[moved.name] = moved
        return found

    # ------------------------------------------------------------------------------------------- volumes, hosts, pods

    def _volumes(self, pieces: Pieces) -> list[Volume]:
        rows = self.client.rows("volumes")
        volumes = self._kept(pieces, "volume", "volumes", rows, lambda r: records.volume(r, pieces.owner), "id")
        users: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
        for attachment in self._list(pieces, "connections", records.attachment):
            users[attachment.volume].add((attachment.host_group or attachment.host or "", attachment.lun))
        return [
            replace(v, hosts=tuple(sorted(users[v.name], key=lambda user: (user[0], user[1] or 0)))) for v in volumes
        ]

    def _hosts(self, pieces: Pieces) -> list[Host]:
        rows = self.client.rows("hosts")
        return self._kept(pieces, "host", "hosts", rows, lambda r: records.host(r, pieces.owner))

    def _pods(self, pieces: Pieces) -> list[Pod]:
        rows = self.client.rows("pods")
        pods = self._kept(pieces, "pod", "pods", rows, lambda r: records.pod(r, pieces.owner), "id")
        if not pods:
            return pods
        links: dict[str, list[PodReplicaLink]] = defaultdict(list)
        for found in self._list(pieces, "pod-replica-links", records.pod_link):
            links[found.pod].append(found.link)
        return [
            replace(p, links=tuple(sorted(links[p.name], key=lambda k: (k.remote or "", k.remote_pod or ""))))
            for p in pods
        ]

    def _kept(
        self,
        pieces: Pieces,
        kind: str,
        path: str,
        rows: list[object],
        parse: Callable[[Fields], T],
        identity: str = "name",
    ) -> list[T]:
        """Parse the rows of objects that have a key. One that cannot be read did not disappear: it keeps its last
        known state. If not even its identity can be read, that holds for all of this array's."""
        found: list[T] = []
        for row in rows:
            before = len(pieces.problems)
            found += each(f"GET /{path}", [row], parse, pieces.problems)
            if len(pieces.problems) > before:
                name = row.get(identity) if isinstance(row, dict) else None
                known = name if isinstance(name, str) else ""
                expected = pieces.problems[-1].expected
                pieces.unread.append(Unread(kind, f"{pieces.owner.id}:{known}", f"a row of {path}: {expected}"))
        return found


def _sorted(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


class Snapshots(Struct):
    """The snapshots of one group, by place (``None`` is this array). ``live`` counts those here, not destroyed."""

    live: int = 0
    places: dict[str | None, list[tuple[GroupSnapshot, Transfer | None]]] = field(default_factory=dict)

    def add(self, snapshot: GroupSnapshot, moved: Transfer | None, place: str | None) -> None:
        self.places.setdefault(place, []).append((snapshot, moved))

    def newest(self) -> tuple[PgroupSnapshot, ...]:
        """The newest of each place that are not destroyed, always with its newest complete one; newest first."""
        share = max(2, KEPT // max(1, len(self.places)))
        found: list[PgroupSnapshot] = []
        for place, rows in self.places.items():
            living = [row for row in rows if not row[0].destroyed]
            newest = heapq.nlargest(share, living, key=lambda row: row[0].created)
            done = [row for row in living if row[1] is not None and row[1].done]
            best = max(done, key=lambda row: row[0].created, default=None)
            if best is not None and best not in newest:
                newest[-1] = best
            found += [records.with_transfer(snapshot, moved, place) for snapshot, moved in newest]
        return tuple(sorted(found, key=lambda s: (s.created, s.name, s.target or ""), reverse=True))
