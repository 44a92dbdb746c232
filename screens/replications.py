"""Which VMs the configuration replicates, and how each replication stands: what the pane of replicas adds to the copies
that servers show. Pure.

How one stands follows from its runs; whether a copy is late from its own interval and from how long passes took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from screens.conditions import CopyHealth
from screens.pairing import vm_pair
from screens.scene import Scene
from store.drills import DRILLS
from store.estate import PowerState, VirtualMachine, VmReplica
from store.records import Entry
from store.replications import REPLICATE, Replicated, Standing

_ALONE = "replication:"

PASSES = 20
"""So many of the newest passes say how long one may take."""


class Known(Struct, frozen=True):
    """A replication of the configuration and how it stands."""

    replicated: Replicated
    standing: Standing = field(default_factory=Standing)

    @property
    def rpo_s(self) -> float:
        """The oldest that a copy gets where every pass is in time, in seconds."""
        return self.replicated.interval_s + max(self.standing.took[:PASSES], default=0.0)


def alone(name: str) -> str:
    """The key of the row of a replication of which no copy is there."""
    return f"{_ALONE}{name}"


def named_alone(key: str) -> str | None:
    """The replication that such a key names; None for the key of a machine."""
    return key.removeprefix(_ALONE) if key.startswith(_ALONE) else None


class Replications:
    """Those of one configuration, with their standings."""

    def __init__(self, replicated: Sequence[Replicated], standings: Mapping[str, Standing]) -> None:
        self._known = [Known(one, standings.get(one.name, Standing())) for one in replicated]

    @property
    def all(self) -> tuple[Known, ...]:
        return tuple(self._known)

    def get(self, name: str) -> Known | None:
        return next((one for one in self._known if one.replicated.name == name), None)

    def of(self, uuid: str, name: str, device: str) -> Known | None:
        """The one of a machine, by its instance UUID or its name, whose copies go to a device; None where none does, or
        more than one."""
        return _one([k for k in self._of(uuid, name) if k.replicated.destination == device])

    def of_source(self, uuid: str, name: str, device: str) -> Known | None:
        """The one of a machine that runs on a device, by its instance UUID or its name."""
        return _one([k for k in self._of(uuid, name) if k.replicated.source == device])

    def _of(self, uuid: str, name: str) -> list[Known]:
        return [known for known in self._known if known.replicated.vm in (uuid, name)]

    def of_entry(self, entry: Entry) -> Known | None:
        """Of a machine or of a copy, as a server shows it."""
        vm = entry.obj
        if not self._known or not isinstance(vm, VirtualMachine):
            return None
        if vm.replica is None:
            return self.of_source(vm.instance_uuid, vm.name, entry.device)
        return self.of(vm.replica.source_instance_uuid, vm.replica.source_name, entry.device)


def _one(found: Sequence[Known]) -> Known | None:
    return found[0] if len(found) == 1 else None


def sources(scene: Scene, wanted: Sequence[Known]) -> dict[str, Entry]:
    """The machines that are replicated, by the name of the replication, as far as their servers show them: by instance
    UUID, or by name where only one has it."""
    found: dict[str, list[Entry]] = {}
    by_vm: dict[str, list[Replicated]] = {}
    for known in wanted:
        by_vm.setdefault(known.replicated.vm, []).append(known.replicated)
    if wanted:
        scene.index.group("vm", "uuid", "")  # so that every machine has been looked at
    for key, seen in scene.index.glances("vm").items() if wanted else ():
        uuid = next((value for relation, value in seen.groups if relation == "uuid"), "")
        copy = any(relation == "copy of" for relation, _ in seen.groups)
        for one in () if copy else (*by_vm.get(seen.name, ()), *by_vm.get(uuid, ())):
            entry = scene.view.get("vm", key)
            if entry is not None and entry.device == one.source and not entry.gone:
                found.setdefault(one.name, []).append(entry)
    return {name: entries[0] for name, entries in found.items() if len(entries) == 1}


def without_copy(scene: Scene, replications: Replications) -> list[Known]:
    """Those of which no copy is there, complete or not."""
    held = set()
    for uuid in scene.index.groups("vm", "copy of") if replications.all else ():
        for entry in scene.index.group("vm", "copy of", uuid):
            known = replications.of_entry(entry)
            if known is not None and not entry.gone:
                held.add(known.replicated.name)
    return [known for known in replications.all if known.replicated.name not in held]


class Runs(StrEnum):
    """Which side of a replication runs: the source or neither, the copy in place of it, or both at once."""

    SOURCE = "source"
    COPY = "copy"
    BOTH = "both"


def running(scene: Scene, entry: Entry) -> Runs:
    """Of a copy and its source, as their servers last showed them."""
    vm, source = entry.obj, vm_pair(scene, entry).source
    if not isinstance(vm, VirtualMachine) or vm.power_state is not PowerState.ON:
        return Runs.SOURCE
    home = source is not None and isinstance(source.obj, VirtualMachine) and source.obj.power_state is PowerState.ON
    return Runs.BOTH if home else Runs.COPY


def health(
    known: Known, copy: VmReplica | None, timely: CopyHealth, now: datetime, runs: Runs = Runs.SOURCE
) -> CopyHealth:
    """How a replication stands with its newest copy. ``timely`` is how that copy stands by itself, ``runs`` which side
    does. The worst that there is to say wins, as in ``drdeck vm list``; a copy that a drill runs is no split brain."""
    standing = known.standing
    drilling = standing.under_way is not None and standing.under_way.plan.verb in DRILLS
    drilled = bool(standing.owed or standing.of_plans) or drilling
    if runs is Runs.BOTH and not drilled:
        return CopyHealth.SPLIT_BRAIN
    if (runs is Runs.COPY and not drilled) or standing.failed_over is not None:
        return CopyHealth.FAILED_OVER
    under_way = standing.under_way is not None and standing.under_way.plan.verb == REPLICATE
    if copy is None:
        return CopyHealth.TRANSFERRING if under_way else CopyHealth.NO_COPY_YET
    if standing.paused is not None:
        return CopyHealth.PAUSED
    if copy.complete and timely in (CopyHealth.ON_TIME, CopyHealth.NEARLY_LATE, CopyHealth.LATE):
        late = standing.took and (now - copy.point_in_time).total_seconds() > known.rpo_s
        timely = CopyHealth.LATE if late else timely
    return CopyHealth.TRANSFERRING if under_way and timely is not CopyHealth.LATE else timely
