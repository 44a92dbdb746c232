"""Steps on snapshots of virtual machines. Source: procedures 5.3; vSphere API."""

from __future__ import annotations

from dataclasses import dataclass

from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from backends.vsphere.snapshots import CreateSnapshot, RemoveSnapshot, SnapshotsAsked, SnapshotsNow

MADE = "snapshot id"
"""The fact under which the id of a new snapshot is kept."""

TAKE_S, REMOVE_S = 3600.0, 4 * 3600.0
"""How long a server may take: the memory of a large machine is written out, and disks are consolidated."""

TASK_S = 30.0
"""A verb waits so long for its task, which says why it failed. Then it is looked whether the server still works."""


class OnServer:
    """For records with a ``server``."""

    __slots__ = ()
    server: str

    @property
    def device(self) -> str:
        return self.server


def _absent(name: str) -> Seen:
    return Seen(Verdict.REFUSED, facts({name: "not there"}), f"the server has no machine {name} any more")


@dataclass(frozen=True, slots=True)
class TakeVmSnapshot(OnServer):
    """CreateSnapshot_Task: done when the machine has a snapshot of this name, which no other has. ``vm`` is the
    machine's instance UUID, ``moid`` its id on the server."""

    server: str
    vm: str
    moid: str
    name: str
    description: str
    memory: bool
    quiesce: bool

    def _verb(self) -> CreateSnapshot:
        return CreateSnapshot(self.moid, self.name, self.description, self.memory, self.quiesce, TASK_S)

    def call(self) -> str:
        return self._verb().command()

    def act(self, hands: Hands) -> str:
        return hands.perform(self.server, self._verb(), "")

    def observe(self, sight: Sight) -> Seen:
        now: SnapshotsNow | None = sight.look(self.server, SnapshotsAsked(self.vm))
        if now is None:
            return _absent(self.vm)
        found = now.by_name(self.name)
        if found is not None:
            told = facts({MADE: found.id, self.name: f"created {found.created:%Y-%m-%d %H:%M:%S} UTC"})
            return Seen(Verdict.DONE, told, f"{self.name} is there")
        told = facts({self.name: "not there", "snapshots": len(now.snapshots)})
        if now.vm != self.moid:
            why = f"the machine is {now.vm} on the server now, not {self.moid}: plan it anew"
            return Seen(Verdict.REFUSED, told, why)
        if now.busy:
            return Seen(Verdict.CHANGING, told, "the server works on this machine just now")
        return Seen(Verdict.READY, told, f"there is no snapshot {self.name}")


@dataclass(frozen=True, slots=True)
class DropVmSnapshot(OnServer):
    """RemoveSnapshot_Task without children, by ``snapshot``, the id: done when the machine has it no more. A snapshot
    of that id with another name is somebody else's, and stays."""

    server: str
    vm: str
    snapshot: str
    name: str

    def _verb(self) -> RemoveSnapshot:
        return RemoveSnapshot(self.snapshot, TASK_S)

    def call(self) -> str:
        return self._verb().command()

    def act(self, hands: Hands) -> str:
        return hands.perform(self.server, self._verb(), "")

    def observe(self, sight: Sight) -> Seen:
        now: SnapshotsNow | None = sight.look(self.server, SnapshotsAsked(self.vm))
        if now is None:
            return _absent(self.vm)
        found = now.by_id(self.snapshot)
        told = facts({self.snapshot: found.name if found is not None else "not there"})
        if now.busy:
            return Seen(Verdict.CHANGING, told, "the server works on this machine just now")
        if found is None:
            return Seen(Verdict.DONE, told, f"{self.snapshot} is not there")
        if found.name != self.name:
            return Seen(Verdict.REFUSED, told, f"{self.snapshot} is called {found.name}, not {self.name}: it stays")
        return Seen(Verdict.READY, told, f"{self.name} is there")
