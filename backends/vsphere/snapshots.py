"""Snapshots of machines: two looks and two verbs, as the recovery engine asks for them. Sources: vSphere API,
SearchIndex.FindByUuid, VirtualMachine.snapshot, CreateSnapshot_Task, RemoveSnapshot_Task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import tasks, verbs
from backends.vsphere.session import Session

_BUSY = ("queued", "running")


class Connected(Protocol):
    """A driver of a server."""

    @property
    def session(self) -> Session: ...


@dataclass(frozen=True, slots=True)
class MachineSnapshot:
    """A snapshot, by its managed object id. ``depth`` counts the snapshots that it rests on, itself included. UTC."""

    id: str
    name: str
    created: datetime
    depth: int


@dataclass(frozen=True, slots=True)
class SnapshotsNow:
    """The snapshots of a machine, parents first; ``busy``: the server makes or removes one just now."""

    vm: str
    snapshots: tuple[MachineSnapshot, ...]
    busy: bool

    def by_id(self, snapshot: str) -> MachineSnapshot | None:
        return next((each for each in self.snapshots if each.id == snapshot), None)

    def by_name(self, name: str) -> MachineSnapshot | None:
        return next((each for each in self.snapshots if each.name == name), None)


@dataclass(frozen=True, slots=True)
class MachineAsked:
    """The id of the machine with this instance UUID; None: there is none here. SearchIndex.FindByUuid."""

    instance_uuid: str

    def take(self, driver: Connected) -> str | None:
        session = driver.session
        index = session.content.searchIndex
        found = session.ask("FindByUuid", lambda: index.FindByUuid(None, self.instance_uuid, True, True))
        return None if found is None else str(found._moId)


@dataclass(frozen=True, slots=True)
class SnapshotsAsked:
    """The snapshots of the machine with this instance UUID; None: there is no such machine here."""

    instance_uuid: str

    def take(self, driver: Connected) -> SnapshotsNow | None:
        session = driver.session
        moid = MachineAsked(self.instance_uuid).take(driver)
        if moid is None:
            return None
        machine = session.managed("VirtualMachine", moid)
        # The tasks first: one that ends in between has its effect in what is read after it.
        busy = any(_concerns(session, task) for task in session.ask("Fetch recentTask", lambda: machine.recentTask))
        info = session.ask("Fetch snapshot", lambda: machine.snapshot)
        try:
            found = tuple(_walk(info.rootSnapshotList if info is not None else (), 1))
        except (AttributeError, TypeError, ValueError) as error:
            text = f"the snapshots of {moid} cannot be read: {error}"
            raise DeviceError(session.device, "Fetch snapshot", Failure.BAD_ANSWER, Sent.REFUSED, text) from None
        return SnapshotsNow(moid, found, busy)


def _walk(trees: Iterable[Any], depth: int) -> Iterator[MachineSnapshot]:
    for tree in trees:
        created = tree.createTime
        if not isinstance(created, datetime) or created.tzinfo is None:
            raise ValueError(f"expected a time, got {created!r}")
        yield MachineSnapshot(str(tree.snapshot._moId), str(tree.name), created.astimezone(UTC), depth)
        yield from _walk(tree.childSnapshotList or (), depth + 1)


def _concerns(session: Session, task: Any) -> bool:
    """Whether a task is not over. Which verb it is of does not matter: snapshots of one machine wait for each other."""
    try:
        return tasks.look(session, str(task._moId)).state in _BUSY
    except DeviceError as error:
        if error.code == "ManagedObjectNotFound":  # it is over, and forgotten
            return False
        raise


@dataclass(frozen=True, slots=True)
class CreateSnapshot:
    """A snapshot of a machine, by its managed object id. ``limit_s`` bounds the wait for the task."""

    vm: str
    name: str
    description: str
    memory: bool
    quiesce: bool
    limit_s: float

    def command(self) -> str:
        how = f"memory={str(self.memory).lower()}, quiesce={str(self.quiesce).lower()}"
        return f"CreateSnapshot_Task({self.vm}, name={self.name!r}, {how})"

    def send(self, session: Session) -> str:
        task = verbs.create_snapshot(
            session, self.vm, self.name, self.description, quiesce=self.quiesce, memory=self.memory
        )
        return tasks.wait(session, task, self.limit_s).result or ""


@dataclass(frozen=True, slots=True)
class RemoveSnapshot:
    """One snapshot goes, by its id; those above it stay (removeChildren=false)."""

    snapshot: str
    limit_s: float

    def command(self) -> str:
        return f"RemoveSnapshot_Task({self.snapshot}, removeChildren=false)"

    def send(self, session: Session) -> str:
        tasks.wait(session, verbs.remove_snapshot(session, self.snapshot), self.limit_s)
        return ""
