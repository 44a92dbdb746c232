"""Verbs on machines that end with their task: what is sent, waited for, and refused in the server's own words.

``vm`` is an id, or ``copy:`` and a mark (:mod:`backends.vsphere.looks`); snapshots are named by the run that made them.
A task that has not ended within ``limit_s`` is *unknown*, and the connection is closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import looks, records, tasks, verbs
from backends.vsphere.session import Session
from backends.vsphere.verbs import ClonePlace, NicSetting
from store.estate import PowerState

Marks = tuple[tuple[str, str], ...]
T = TypeVar("T")
LOCKED = ("TaskInProgress", "InvalidState", "ResourceInUse")
LOCKED_S, LOCKED_REST_S = 330.0, 2.0
"""A lease whose holder was killed keeps its machine locked until its time is over, which is five minutes on servers of
today. What is refused for that is asked again: a refusal did nothing."""
TASK_S = 120.0
GRACE_S = 300.0
_POLL_S = 0.5


def unlocked(start: Callable[[], T], wanted: Callable[[], bool] = lambda: True) -> T:
    """Do it once nobody else locks the machine. Raises :class:`DeviceError`."""
    until = time.monotonic() + LOCKED_S
    while True:
        try:
            return start()
        except DeviceError as error:
            if error.code not in LOCKED or time.monotonic() > until or not wanted():
                raise
        time.sleep(LOCKED_REST_S)


def _ended(session: Session, start: Callable[[], str], limit_s: float) -> tasks.TaskState:
    return unlocked(lambda: tasks.wait(session, start(), limit_s))


class TakeSnapshot(Struct, frozen=True):
    vm: str
    name: str
    description: str
    quiesce: bool
    limit_s: float = 600.0
    memory: bool = False

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        quiesce = self.quiesce and machine.tools
        _ended(
            session,
            lambda: verbs.create_snapshot(
                session, machine.moid, self.name, self.description, quiesce=quiesce, memory=self.memory
            ),
            self.limit_s,
        )
        return f"{self.name}{' (quiesced)' if quiesce else ''}"


class DropSnapshot(Struct, frozen=True):
    """Remove one snapshot, by its id, and consolidate its disks; its children stay. ``moid``: that one, and only where
    it still has this name; None: the newest of the name."""

    vm: str
    name: str
    limit_s: float = 3600.0
    moid: str | None = None

    def send(self, session: Session) -> str:
        found = _snapshot(session, self.vm, self.name, self.moid)
        _ended(session, lambda: verbs.remove_snapshot(session, found), self.limit_s)
        return f"{self.name} is removed"


class Revert(Struct, frozen=True):
    """Back to a snapshot; what was written since is gone, and the machine stays off."""

    vm: str
    name: str
    limit_s: float = 600.0

    def send(self, session: Session) -> str:
        found = _snapshot(session, self.vm, self.name)
        _ended(session, lambda: verbs.revert_to_snapshot(session, found), self.limit_s)
        return f"back to {self.name}"


class PowerOn(Struct, frozen=True):
    """Power on; the question where its files come from is answered *moved*, so that MACs and identity stay."""

    vm: str
    limit_s: float = TASK_S

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        task = None if machine.question is not None else verbs.power_on(session, machine.moid)
        until, answered = time.monotonic() + self.limit_s, False
        while time.monotonic() < until:
            machine = looks.resolved(session, machine.moid)
            if machine.question is not None and not answered:
                _answer(session, machine, machine.question)
                answered = True
            elif machine.power is PowerState.ON:
                return "powered on" + (", answered: moved" if answered else "")
            elif task is not None and tasks.look(session, task).state == "error":
                tasks.wait(session, task, 0.0)  # raises its fault
            time.sleep(_POLL_S)
        session.close()
        text = f"it is not on after {self.limit_s:g} s"
        raise DeviceError(session.device, "PowerOnVM_Task", Failure.TIMEOUT, Sent.UNKNOWN, text)


def _answer(session: Session, machine: looks.MachineNow, question: looks.QuestionNow) -> None:
    moved = [key for key, label in question.choices if label.lower().endswith("movedthevm")]
    if not moved:
        text = f"it asks something that a person must answer: {question.text[:200]}"
        raise DeviceError(session.device, "AnswerVM", Failure.REFUSED, Sent.REFUSED, text)
    verbs.answer(session, machine.moid, question.id, moved[0])


class Stop(Struct, frozen=True):
    """Ask the guest to shut down, where its Tools run, and after ``grace_s`` power off; ``hard``: power off at once."""

    vm: str
    hard: bool
    grace_s: float = GRACE_S
    limit_s: float = TASK_S

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        if machine.tools and not self.hard:
            verbs.shutdown_guest(session, machine.moid)
            until = time.monotonic() + self.grace_s
            while time.monotonic() < until:
                if looks.resolved(session, machine.moid).power is PowerState.OFF:
                    return "the guest shut down"
                time.sleep(_POLL_S)
        _ended(session, lambda: verbs.power_off(session, machine.moid), self.limit_s)
        return "powered off"


class SetCards(Struct, frozen=True):
    """``settings`` of its network cards, in the order of the cards (their ``key`` is looked up)."""

    vm: str
    settings: tuple[NicSetting, ...]
    limit_s: float = TASK_S

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        tasks.wait(session, verbs.set_nics(session, machine.moid, self.settings), self.limit_s)
        return f"{len(self.settings)} network cards"


class SetMarks(Struct, frozen=True):
    """Marks of ours in its extra config; an empty value removes one."""

    vm: str
    marks: Marks
    limit_s: float = TASK_S

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        tasks.wait(session, verbs.set_extra_config(session, machine.moid, dict(self.marks)), self.limit_s)
        return "marked"


class Finish(Struct, frozen=True):
    """Set a mark that says that a copy is whole and, on a replica, how long that took since its source was frozen."""

    vm: str
    mark: tuple[str, str]
    limit_s: float = TASK_S

    def send(self, session: Session) -> str:
        replica = looks.resolved(session, self.vm).replica
        marks: Marks = (self.mark,)
        if replica is not None:
            took = max(0.0, (datetime.now(UTC) - replica.point_in_time).total_seconds())
            marks = (self.mark, (records.REPLICA_PREFIX + "took", f"{took:.0f}"))
        return SetMarks(self.vm, marks, self.limit_s).send(session)


class Clone(Struct, frozen=True):
    """A copy made by the vCenter itself, powered off, that carries ``marks`` and no others of ours from the beginning.
    ``frozen``: the mark that is given the time of the snapshot it is made of."""

    vm: str
    snapshot: str | None
    name: str
    place: ClonePlace
    marks: Marks
    frozen: str | None = None
    limit_s: float = 24 * 3600.0

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        marks, found = dict.fromkeys(machine.marks, ""), None
        marks.update(self.marks)
        if self.snapshot is not None:
            found = machine.snapshot(self.snapshot)
            if found is None:
                raise _no_snapshot(session, self.vm, self.snapshot)
            if self.frozen is not None:
                marks[self.frozen] = frozen_at(session, found.created)
        moid, snapshot = machine.moid, found.moid if found is not None else None
        _ended(
            session,
            lambda: verbs.clone(session, moid, self.name, self.place, snapshot=snapshot, marks=marks),
            self.limit_s,
        )
        return f"{self.name} is made"


class Destroy(Struct, frozen=True):
    vm: str
    limit_s: float = 600.0

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        _ended(session, lambda: verbs.destroy(session, machine.moid), self.limit_s)
        return f"{machine.name} is destroyed"


class Rename(Struct, frozen=True):
    vm: str
    name: str
    limit_s: float = TASK_S

    def send(self, session: Session) -> str:
        machine = looks.resolved(session, self.vm)
        tasks.wait(session, verbs.rename(session, machine.moid, self.name), self.limit_s)
        return f"it is called {self.name}"


def frozen_at(session: Session, created: datetime) -> str:
    """When a snapshot was taken, as a mark keeps it: by the clock here, for whoever counts from it will not be able to
    ask the server that took it."""
    skew = session.current_time() - datetime.now(UTC)
    return (created - skew).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _snapshot(session: Session, vm: str, name: str, moid: str | None = None) -> str:
    found = looks.resolved(session, vm).snapshot(name, moid)
    if found is None:
        raise _no_snapshot(session, vm, name)
    return found.moid


def _no_snapshot(session: Session, vm: str, name: str) -> DeviceError:
    return DeviceError(session.device, "Fetch", Failure.REFUSED, Sent.NO, f"{vm} has no snapshot {name}")
