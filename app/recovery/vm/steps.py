"""Steps on virtual machines. Sources: procedures 1.2, 5.1, 5.2; the vSphere Web Services API.

``vm`` is a managed object id, held to the instance UUID ``uuid``, or ``copy:`` and the mark of a copy that a run makes.
A machine that a task works on is *changing*: nothing is sent to it. Unreachable is *unknown*, never *off*.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from backends.vsphere import acts
from backends.vsphere.looks import ACTIVE, BY_COPY, Card, MachineNow, MachineOf
from backends.vsphere.verbs import NicSetting
from store.estate import PowerState
from store.record import Record

ON, OFF = PowerState.ON, PowerState.OFF


def machine(sight: Sight, server: str, vm: str, old_s: float = 0.0) -> MachineNow | None:
    found: MachineNow | None = sight.look(server, MachineOf(vm), old_s)
    return found


class OnVm:
    """For records with ``server``, ``vm`` and ``uuid`` that send one verb."""

    __slots__ = ()
    server: str
    vm: str
    uuid: str

    @property
    def device(self) -> str:
        return self.server

    def verb(self) -> Any:
        raise NotImplementedError

    def act(self, hands: Hands) -> str:
        return hands.perform(self.server, self.verb(), "")

    def seen(self, found: MachineNow) -> Seen:
        """What is to be said of the machine, which is there and itself, and which no task works on."""
        raise NotImplementedError

    def observe(self, sight: Sight) -> Seen:
        found = machine(sight, self.server, self.vm)
        unfit = self.unfit(found)
        return unfit if unfit is not None else self.seen(found) if found is not None else self.gone()

    def gone(self) -> Seen:
        return Seen(Verdict.REFUSED, facts({self.vm: "not there"}), f"{self.server} has no machine {self.vm}")

    def unfit(self, found: MachineNow | None) -> Seen | None:
        """Why nothing can be said of it; None: something can."""
        if found is None:
            return None
        told = facts({f"{found.name} on {self.server}": found.power})
        if self.uuid and found.uuid != self.uuid:
            text = f"{self.vm} is another machine now: its instance UUID is {found.uuid}, not {self.uuid}"
            return Seen(Verdict.REFUSED, told, text)
        if found.connection != "connected":
            return Seen(Verdict.UNKNOWN, told, f"it is {found.connection}: {self.server} does not see it")
        if found.busy and found.question is None:
            return Seen(Verdict.CHANGING, told, f"a task works on it: {', '.join(found.busy)}")
        return None


# ----------------------------------------------------------------------------------------------------------- snapshots


MADE = "snapshot id"
"""The fact under which the id of a new snapshot is kept."""


class Freeze(OnVm, Record, frozen=True):
    """``CreateSnapshot_Task``: done when the machine has a snapshot of this name, which no other has. Its time is the
    point in time of what is copied from it."""

    server: str
    vm: str
    uuid: str
    snapshot: str
    quiesce: bool
    memory: bool = False
    text: str = "made by drdeck; it removes it"

    def call(self) -> str:
        how = f"memory={str(self.memory).lower()}, quiesce={str(self.quiesce).lower()}"
        return f"CreateSnapshot_Task(name={self.snapshot}, {how})"

    def verb(self) -> acts.TakeSnapshot:
        return acts.TakeSnapshot(self.vm, self.snapshot, self.text, self.quiesce, memory=self.memory)

    def seen(self, found: MachineNow) -> Seen:
        there = found.snapshot(self.snapshot)
        told = facts({self.snapshot: there.created if there is not None else "not there"})
        if there is not None:
            return Seen(Verdict.DONE, (*told, *facts({MADE: there.moid})), "the snapshot is there")
        return Seen(Verdict.READY, told, "there is no such snapshot yet")


class Thaw(OnVm, Record, frozen=True):
    """``RemoveSnapshot_Task`` of one snapshot, by its id: done when it is gone and nothing is left to consolidate.
    ``moid`` is that id where it is known; what goes by it under another name is somebody else's, and stays."""

    server: str
    vm: str
    uuid: str
    snapshot: str
    moid: str | None = None

    def call(self) -> str:
        return f"RemoveSnapshot_Task({self.snapshot}, removeChildren=false)"

    def verb(self) -> acts.DropSnapshot:
        return acts.DropSnapshot(self.vm, self.snapshot, moid=self.moid)

    def gone(self) -> Seen:
        return Seen(Verdict.DONE, facts({self.vm: "not there"}), "the machine is not there, nor is its snapshot")

    def seen(self, found: MachineNow) -> Seen:
        there = found.snapshot(self.snapshot, self.moid)
        told = facts({self.snapshot: "there" if there else "gone", "consolidation needed": found.consolidation})
        if there is not None:
            return Seen(Verdict.READY, told, "the snapshot is there")
        other = next((one.name for one in found.snapshots if one.moid == self.moid), None)
        if other is not None:
            return Seen(Verdict.REFUSED, told, f"{self.moid} is called {other}, not {self.snapshot}: it stays")
        if found.consolidation:
            return Seen(Verdict.REFUSED, told, "the snapshot is gone, but its disks need to be consolidated")
        return Seen(Verdict.DONE, told, "the snapshot is gone")


class RevertTo(OnVm, Record, frozen=True):
    """``RevertToSnapshot_Task``, of a machine that is off: what was written since is gone. ``mark``, which came after
    the snapshot, goes with the settings of since: so it is seen that it was done."""

    server: str
    vm: str
    uuid: str
    snapshot: str
    mark: str

    def call(self) -> str:
        return f"RevertToSnapshot_Task({self.snapshot})"

    def verb(self) -> acts.Revert:
        return acts.Revert(self.vm, self.snapshot)

    def seen(self, found: MachineNow) -> Seen:
        told = facts({self.mark: found.marks.get(self.mark, "none"), found.name: found.power})
        if self.mark not in found.marks:
            return Seen(Verdict.DONE, told, "it was reverted: its mark is gone")
        if found.power is not OFF:
            return Seen(Verdict.REFUSED, told, f"it is {found.power}: stop it first")
        if found.snapshot(self.snapshot) is None:
            return Seen(Verdict.REFUSED, told, f"it has no snapshot {self.snapshot}")
        return Seen(Verdict.READY, told, "it is off, and the snapshot is there")


# --------------------------------------------------------------------------------------------------------------- marks


class Mark(OnVm, Record, frozen=True):
    """``ReconfigVM_Task`` of marks in the extra config; an empty one is taken off."""

    server: str
    vm: str
    uuid: str
    marks: acts.Marks
    words: str

    def call(self) -> str:
        return f"ReconfigVM_Task(extraConfig: {', '.join(f'{key}={value}' for key, value in self.marks)})"

    def verb(self) -> acts.SetMarks:
        return acts.SetMarks(self.vm, self.marks)

    def seen(self, found: MachineNow) -> Seen:
        lacking = [key for key, value in self.marks if found.marks.get(key, "") != value]
        told = facts({key: found.marks.get(key, "none") for key, _ in self.marks})
        if not lacking:
            return Seen(Verdict.DONE, told, f"it is marked: {self.words}")
        return Seen(Verdict.READY, told, f"it is not marked yet: {self.words}")


class Complete(OnVm, Record, frozen=True):
    """Mark a copy complete, once it is seen to be off and of the shape of its source: ``disks`` in bytes, in order."""

    server: str
    vm: str
    uuid: str
    disks: tuple[int, ...]
    cpus: int
    memory_mb: int
    cards: int
    mark: tuple[str, str]

    def call(self) -> str:
        return f"ReconfigVM_Task(extraConfig: {self.mark[0]}={self.mark[1]})"

    def verb(self) -> acts.Finish:
        return acts.Finish(self.vm, self.mark)

    def seen(self, found: MachineNow) -> Seen:
        sizes = tuple(disk.capacity for disk in found.disks)
        told = facts({"power": found.power, "disks": sizes, "CPUs": found.cpus, "memory MB": found.memory_mb})
        if found.marks.get(self.mark[0]) == self.mark[1]:
            return Seen(Verdict.DONE, told, "it is marked complete")
        if found.power is not OFF:
            return Seen(Verdict.REFUSED, told, f"it is {found.power}: a copy stays off")
        if sizes != self.disks:
            return Seen(Verdict.REFUSED, told, f"its disks are of {sizes} bytes, those of the source of {self.disks}")
        if (found.cpus, found.memory_mb, len(found.cards)) != (self.cpus, self.memory_mb, self.cards):
            return Seen(Verdict.REFUSED, told, "its CPUs, memory or network cards are not those of the source")
        return Seen(Verdict.READY, told, "it is off, and of the shape of its source")


# --------------------------------------------------------------------------------------------------------------- power


class StopVm(OnVm, Record, frozen=True):
    """``ShutdownGuest`` and, where it does not heed it in time, ``PowerOffVM_Task``; ``hard``: that at once. ``until``
    is how long the loss that was agreed to holds, in seconds since 1970 UTC; None: nothing is lost by it. ``absent``:
    one that is not there is done with."""

    server: str
    vm: str
    uuid: str
    hard: bool
    grace_s: float
    until: float | None = None
    absent: bool = False

    def call(self) -> str:
        return "PowerOffVM_Task" if self.hard else f"ShutdownGuest, after {self.grace_s:g} s PowerOffVM_Task"

    def verb(self) -> acts.Stop:
        return acts.Stop(self.vm, self.hard, self.grace_s)

    def gone(self) -> Seen:
        verdict = Verdict.DONE if self.absent else Verdict.UNKNOWN
        return Seen(verdict, facts({self.vm: "not there"}), f"{self.server} does not show it")

    def seen(self, found: MachineNow) -> Seen:
        told = facts({f"{found.name} on {self.server}": found.power})
        if found.power is OFF:
            return Seen(Verdict.DONE, told, "it is poweredOff")
        if self.until is not None and datetime.now(UTC).timestamp() > self.until:
            then = f"{datetime.fromtimestamp(self.until, UTC):%H:%M:%S} UTC"
            return Seen(Verdict.REFUSED, told, f"the loss that was agreed to counts until {then}: plan it anew")
        return Seen(Verdict.READY, told, f"it is {found.power}")


class Cards(OnVm, Record, frozen=True):
    """``ReconfigVM_Task`` of network cards, in their order: port group (id and name), MAC as a manual address, and
    whether it is connected. What is done is read back."""

    server: str
    vm: str
    uuid: str
    cards: tuple[tuple[str, str, str, bool], ...]

    def call(self) -> str:
        shown = ", ".join(f"{name} {mac}{'' if on else ' (disconnected)'}" for _, name, mac, on in self.cards)
        return f"ReconfigVM_Task(network cards: {shown}, addressType=manual)"

    def act(self, hands: Hands) -> str:
        return hands.perform(self.server, PlaceCards(self.vm, self.cards), "")

    def seen(self, found: MachineNow) -> Seen:
        told = facts({f"card {card.key}": f"{card.network} {card.mac} {card.address_type}" for card in found.cards})
        if len(found.cards) != len(self.cards):
            text = f"it has {len(found.cards)} network cards, not {len(self.cards)}"
            return Seen(Verdict.REFUSED, told, text)
        if all(_is(card, wanted) for card, wanted in zip(found.cards, self.cards, strict=True)):
            return Seen(Verdict.DONE, told, "its network cards are as planned")
        if found.power is not OFF:
            return Seen(Verdict.REFUSED, told, f"it is {found.power}: a MAC is only set while it is off")
        return Seen(Verdict.READY, told, "its network cards are not as planned yet")


def _is(card: Card, wanted: tuple[str, str, str, bool]) -> bool:
    _, name, mac, on = wanted
    return (card.network, card.mac, card.address_type.lower(), card.connected) == (name, mac, "manual", on)


class PlaceCards(Struct, frozen=True):
    """The cards of a machine, in their order, as :class:`Cards` says."""

    vm: str
    cards: tuple[tuple[str, str, str, bool], ...]

    def send(self, session: Any) -> str:
        from backends.vsphere.looks import resolved

        found = resolved(session, self.vm)
        settings = tuple(
            NicSetting(card.key, mac, network, on)
            for card, (network, _, mac, on) in zip(found.cards, self.cards, strict=True)
        )
        return acts.SetCards(self.vm, settings).send(session)


class Destroy(OnVm, Record, frozen=True):
    """``Destroy_Task`` of a copy: only one that carries ``mark``, is off, is not the active side and has no snapshot.
    One that carries ``but`` stays, and that is no failure."""

    server: str
    vm: str
    uuid: str
    mark: tuple[str, str]
    but: tuple[str, str] | None = None

    def call(self) -> str:
        return "Destroy_Task"

    def verb(self) -> acts.Destroy:
        return acts.Destroy(self.vm)

    def gone(self) -> Seen:
        return Seen(Verdict.DONE, facts({self.vm: "not there"}), "it is not there")

    def seen(self, found: MachineNow) -> Seen:
        key, value = self.mark
        told = facts({key: found.marks.get(key, "none"), "power": found.power, "snapshots": len(found.snapshots)})
        if self.but is not None and found.marks.get(self.but[0]) == self.but[1]:
            return Seen(Verdict.DONE, told, f"it stays: {self.but[0]} is {self.but[1]}")
        if found.marks.get(key) != value:
            return Seen(Verdict.REFUSED, told, f"it does not carry the mark {key} = {value}")
        if found.power is not OFF or ACTIVE in found.marks:
            return Seen(Verdict.REFUSED, told, "it is in use: a machine that runs, or took over, is not destroyed")
        if found.snapshots:
            return Seen(Verdict.REFUSED, told, "it has a snapshot that somebody keeps")
        return Seen(Verdict.READY, told, "it is off, unused and ours")


class Rename(OnVm, Record, frozen=True):
    """``Rename_Task``."""

    server: str
    vm: str
    uuid: str
    name: str

    def call(self) -> str:
        return f"Rename_Task({self.name})"

    def verb(self) -> acts.Rename:
        return acts.Rename(self.vm, self.name)

    def seen(self, found: MachineNow) -> Seen:
        done = found.name == self.name
        told = facts({"name": found.name})
        return Seen(Verdict.DONE if done else Verdict.READY, told, f"it is called {found.name}")


def by_copy(copy: str) -> str:
    """A machine by the mark of the copy that it is."""
    return BY_COPY + copy
