"""Steps that copy a machine: by its own vCenter, or carried from one server to another. Source: procedures 5.1."""

from __future__ import annotations

from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from app.recovery.vm.steps import by_copy, machine
from backends.vsphere import acts
from backends.vsphere.looks import COPY, UPLOADED
from backends.vsphere.transfer import Carry
from backends.vsphere.verbs import ClonePlace
from store.estate import PowerState
from store.record import Record

HALF_MADE_S = 330.0
"""An import that nobody goes on with is taken away by its server once its lease has ended, which is after five minutes
on servers of today. What is left after that is destroyed here before the copy is made again."""


class CloneVm(Record, frozen=True):
    """``CloneVM_Task`` of a snapshot (None: of the disks as they are), powered off. ``copy`` is its mark."""

    server: str
    vm: str
    uuid: str
    snapshot: str | None
    name: str
    place: ClonePlace
    copy: str
    marks: acts.Marks
    frozen: str | None = None

    @property
    def device(self) -> str:
        return self.server

    def call(self) -> str:
        return f"CloneVM_Task({self.name}, snapshot={self.snapshot or 'none'})"

    def act(self, hands: Hands) -> str:
        marks = ((COPY, self.copy), *self.marks)
        verb = acts.Clone(self.vm, self.snapshot, self.name, self.place, marks, self.frozen)
        return hands.perform(self.server, verb, "")

    def observe(self, sight: Sight) -> Seen:
        source = machine(sight, self.server, self.vm)
        made = machine(sight, self.server, by_copy(self.copy))
        told = facts({self.name: "not there" if made is None else made.power})
        if source is not None and source.busy:
            return Seen(Verdict.CHANGING, told, f"a task works on the source: {', '.join(source.busy)}")
        if made is not None:
            return Seen(Verdict.DONE, told, "the copy is there")
        if source is None or source.uuid != self.uuid:
            return Seen(Verdict.REFUSED, told, f"{self.server} has no machine {self.vm} of instance UUID {self.uuid}")
        return Seen(Verdict.READY, told, "there is no such copy yet")


class CarryVm(Record, frozen=True):
    """``ExportSnapshot`` here, ``ImportVApp`` at ``server``, and all disks between over HTTPS. Done when the copy says
    that all of it came."""

    server: str
    source: str
    vm: str
    uuid: str
    snapshot: str
    name: str
    place: ClonePlace
    networks: tuple[tuple[str, str], ...]
    copy: str
    marks: acts.Marks
    frozen: str

    @property
    def device(self) -> str:
        return self.server

    def call(self) -> str:
        return f"ExportSnapshot on {self.source}, ImportVApp of {self.name}"

    def act(self, hands: Hands) -> str:
        marks = ((COPY, self.copy), *self.marks)
        done = ((UPLOADED, "true"),)
        carry = Carry(self.vm, self.snapshot, self.name, self.place, self.networks, marks, self.frozen, done)
        return hands.between(self.source, self.server, carry)

    def observe(self, sight: Sight) -> Seen:
        return arrived(sight, self.server, self.copy, self.name)


def arrived(sight: Sight, server: str, copy: str, name: str) -> Seen:
    """How far an import is whose machine carries the mark ``copy``: done when it says that all of it came."""
    made = machine(sight, server, by_copy(copy))
    if made is None:
        return Seen(Verdict.READY, facts({name: "not there"}), "there is no such copy yet")
    told = facts({name: made.power, UPLOADED: made.marks.get(UPLOADED, "none")})
    if made.marks.get(UPLOADED) == "true":
        return Seen(Verdict.DONE, told, "all of it came")
    if made.power is not PowerState.OFF:
        return Seen(Verdict.REFUSED, told, f"it is half made, and {made.power}")
    if sight.waited_s < HALF_MADE_S:
        return Seen(Verdict.CHANGING, told, "it is half made: its server takes it away once its lease has ended")
    return Seen(Verdict.READY, told, "it is half made, and nobody goes on with it")
