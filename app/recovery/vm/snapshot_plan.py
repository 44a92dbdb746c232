"""From a schedule of snapshots to the plan of one of them: a new snapshot, and only then those that are too many go."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from app.recovery import prediction
from app.recovery.draft import CannotPlanError, Draft, merged
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.recovery.vm.operate import standing
from app.recovery.vm.steps import Freeze, Thaw
from backends.vsphere.finding import Called, Found
from backends.vsphere.looks import MachineNow, MachineOf, SnapshotNow
from store.estate import DeviceKind, VirtualMachine
from store.runs import Plan
from store.schedules import JobOptions, ScheduledSnapshot

MOST_DEPTH, MOST_AGE = 3, timedelta(hours=72)
"""A chain of more snapshots, or an older one, is warned of (procedures 5.3)."""

TAKE_S, REMOVE_S = 3600.0, 4 * 3600.0
"""How long a server may take: the memory of a large machine is written out, and disks are consolidated."""


class SnapshotsOf(Struct, frozen=True):
    """A machine and its snapshots, as just looked at on the device ``server``."""

    server: str
    vm: MachineNow
    now: datetime

    @property
    def name(self) -> str:
        return self.vm.name

    @property
    def keys(self) -> tuple[str, ...]:
        return (f"vm:{self.vm.uuid}",)


def look(operations: Operations, asked: str) -> SnapshotsOf:
    """The machine of that name, or instance UUID. Raises :class:`CannotPlanError` where none, or more than one, could
    be meant, and :class:`UnseenError` where its server cannot be read."""
    server, found = _machine(operations, asked)
    vm: MachineNow | None = operations.devices.look((server, MachineOf(found.moid)), time.monotonic())[0]
    if vm is None or vm.uuid != found.uuid:
        raise CannotPlanError(f"{server} has no machine {found.name} any more")
    return SnapshotsOf(server, vm, datetime.now(UTC))


def _machine(operations: Operations, asked: str) -> tuple[str, Found]:
    """Where the store knows the machine its server alone is asked; else all are."""
    known = {entry.device for entry in operations.store.view.entries("vm") if _is(entry.obj, asked)}
    every = [d.name for d in operations.settings.devices if d.kind is DeviceKind.VSPHERE]
    names = [name for name in every if name in known] or every
    found: list[tuple[str, Found]] = []
    failed: list[str] = []
    for name in names:
        try:
            machines, _ = operations.devices.look((name, Called(asked)), time.monotonic())
        except UnseenError as error:
            failed.append(f"{name}: {error}")
            continue
        found += [(name, one) for one in machines]
    if len(found) == 1 and not failed:
        return found[0]
    if failed:
        raise UnseenError("; ".join(failed))
    if found:
        uuids = ", ".join(f"{vm.uuid} on {name}" for name, vm in found)
        raise CannotPlanError(f"More than one machine is called {asked}: name its instance UUID, of {uuids}")
    raise CannotPlanError(f"No server of the configuration has a machine {asked}")


def _is(obj: object, asked: str) -> bool:
    return isinstance(obj, VirtualMachine) and asked in (obj.name, obj.instance_uuid)


def away(operations: Operations, at: SnapshotsOf) -> str | None:
    """Why the machine is not the one that serves: it was failed over. None: it is."""
    stand = standing(operations.ledger)
    for one in operations.settings.replications:
        mine = one.source == at.server and one.vm in (at.vm.name, at.vm.uuid)
        run = stand[one.name].failed_over if mine and one.name in stand else None
        if run is not None:
            return f"{at.name} was failed over to {one.destination} by run {run}: no snapshot is taken of what is left"
    return None


def surplus(
    made: Sequence[ScheduledSnapshot], there: Sequence[SnapshotNow], keep: int
) -> tuple[ScheduledSnapshot, ...]:
    """Of the completed snapshots that a schedule ``made`` and that are still ``there``, those that are too many once
    another one is: the oldest first, so that the newest ``keep`` stay. What goes by the same id under another name is
    not the schedule's."""
    names = {each.moid: each.name for each in there}
    own = sorted((each for each in made if names.get(each.snapshot) == each.name), key=lambda each: each.taken_at)
    return tuple(own[: max(0, len(own) + 1 - keep)])


def lost(made: Sequence[ScheduledSnapshot], there: Sequence[SnapshotNow]) -> tuple[ScheduledSnapshot, ...]:
    """Those that a schedule made and that somebody else deleted."""
    names = {each.moid: each.name for each in there}
    return tuple(each for each in made if names.get(each.snapshot) != each.name)


def plan_snapshot(
    operations: Operations,
    at: SnapshotsOf,
    name: str,
    options: JobOptions,
    made: Sequence[ScheduledSnapshot],
    run_id: str,
) -> Plan:
    """The plan of a snapshot ``name`` of the machine. ``made`` are those that the schedule made of it before."""
    plan = draw(at, name, options, made, run_id)
    return prediction.predicted(plan, operations.ledger.durations)


def draw(at: SnapshotsOf, name: str, options: JobOptions, made: Sequence[ScheduledSnapshot], run_id: str) -> Plan:
    """The same without durations. Pure."""
    draft: Draft[SnapshotsOf] = Draft(at, "s", run_id)
    vm = at.vm
    taken = vm.snapshot(name) is not None
    draft.guard("vm.snapshot", "the name is not taken", not taken, f"{name} is {'there' if taken else 'free'}")
    make = Freeze(at.server, vm.moid, vm.uuid, name, options.quiesce, options.memory, f"drdeck, run {run_id}")
    how = "with its memory" if options.memory else "quiesced" if options.quiesce else "as after a power loss"
    first = draft.add(make, f"Snapshot {name} of {vm.name}, {how}", limit_s=TAKE_S)
    before: tuple[str, ...] = ()
    for each in surplus(made, vm.snapshots, options.keep):
        drop = Thaw(at.server, vm.moid, vm.uuid, each.name, each.snapshot)
        title = f"Delete {each.name} ({each.snapshot}), which this schedule made"
        before = (draft.add(drop, title, needs=(first,), after=before, limit_s=REMOVE_S),)
    draft.notes += _warnings(at)
    return merged("snapshot", [draft])


def _warnings(at: SnapshotsOf) -> list[str]:
    found = []
    depth = max((each.depth for each in at.vm.snapshots), default=0)
    if depth + 1 > MOST_DEPTH:
        found.append(f"{at.name} will have a chain of {depth + 1} snapshots: more than {MOST_DEPTH} slow it down")
    if at.vm.consolidation:
        found.append(f"The disks of {at.name} need consolidation, as its server says")
    old = [each for each in at.vm.snapshots if at.now - each.created > MOST_AGE]
    if old:
        hours = (at.now - min(each.created for each in old)) // timedelta(hours=1)
        found.append(f"{len(old)} snapshots of {at.name} are older than 72 h, the oldest {hours} h")
    return found
