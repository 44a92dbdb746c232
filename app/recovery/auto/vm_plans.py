"""The failover of a group of machines, as people have it: planned by the replications of the configuration."""

from __future__ import annotations

import re
import time

from msgspec.structs import replace

from app.auto_records import AutoGroup
from app.recovery.auto.port import Drill, NoPlanError
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.recovery.vm import rehearsal
from app.recovery.vm.failover_plan import Asked
from app.recovery.vm.operate import plan_failover, ready
from app.recovery.vm.situation import Generation
from app.replication_records import Replication
from backends.outcome import ParseError
from backends.vsphere.looks import REPLICATION, MachineNow, MachineOf
from store import plan_runs
from store.estate import Reading, VirtualMachine
from store.readiness import Check, Severity, Verdict
from store.replications import DRILL, target
from store.runs import Plan

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _is(one: Replication, vm: str) -> bool:
    """Whether it is the replication of the machine of that name. The replication's own name says so only where the
    machine is given by its UUID: it may be called as another machine is."""
    return one.vm == vm or (one.name == vm and _UUID.fullmatch(one.vm) is not None)


class VmPlans:
    """The plans of the groups of a configuration. The source is not asked for any of this but by the plan itself, which
    does not need it."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def draw(self, group: AutoGroup, run_id: str) -> Plan:
        """The disaster of all members. Raises :class:`NoPlanError`."""
        names = [one.name for one in self._members(group)]
        try:
            return plan_failover(self._operations, names, Asked(disaster=True), run_id)
        except (CannotPlanError, UnseenError) as error:
            raise NoPlanError(str(error)) from None

    def digest(self, group: AutoGroup) -> str | None:
        """What would be done now, as the other site shows it; None: it cannot be read, or not every machine of the
        group has a complete copy there."""
        try:
            members, since = self._members(group), time.monotonic()
            reading = self._operations.devices.reading(group.replica, since)
            copies = [self._newest(one, reading, since) for one in members]
        except (NoPlanError, UnseenError, ParseError):
            return None
        if None in copies:
            return None
        return rehearsal.whole(rehearsal.digest(one, copy) for one, copy in zip(members, copies, strict=True))

    def _newest(self, one: Replication, reading: Reading, since: float) -> Generation | None:
        """The newest complete copy. Raises :class:`UnseenError` and :class:`ParseError`."""
        found = []
        for vm in reading.objects:
            if isinstance(vm, VirtualMachine) and vm.replica is not None and vm.replica.complete:
                names = (vm.replica.source_name, vm.replica.source_instance_uuid)
                if one.vm in names:
                    found.append((vm.replica.point_in_time, vm.replica.generation, vm.moid))
        for _, _, moid in sorted(found, reverse=True):
            machine: MachineNow | None = self._operations.devices.look((one.destination, MachineOf(moid)), since)[0]
            replica = machine.replica if machine is not None else None
            if machine is not None and replica is not None and machine.marks.get(REPLICATION, one.name) == one.name:
                return Generation(machine, replica)
        return None

    def drill(self, group: AutoGroup) -> Drill | None:
        """The time since when every member has passed a drill, and what they rehearsed; None: one never did."""
        try:
            members = self._members(group)
        except NoPlanError:
            return None
        ledger = self._operations.ledger
        passed = rehearsal.passed((*ledger.runs_of(DRILL), *ledger.runs_of(plan_runs.DRILL)))
        found = [passed[one.name] for one in members if one.name in passed]
        if len(found) < len(members):
            return None
        return Drill(min(at for at, _ in found), rehearsal.whole(one for _, one in found))

    def checks(self, group: AutoGroup) -> tuple[Check, ...]:
        """The readiness checks of every member, each with its name, on a look at both sites."""
        try:
            _, found = ready(self._operations, [one.name for one in self._members(group)])
        except (NoPlanError, CannotPlanError, UnseenError) as error:
            return (Check("vm.ready", Severity.HARD, Verdict.UNKNOWN, str(error)),)
        return tuple(replace(one, evidence=f"{each.name}: {one.evidence}") for each in found for one in each.checks)

    def targets(self, group: AutoGroup) -> tuple[str, ...]:
        """The lease keys of its replications."""
        try:
            return tuple(target(one.name) for one in self._members(group))
        except NoPlanError:
            return ()

    def _members(self, group: AutoGroup) -> tuple[Replication, ...]:
        found = []
        for vm in group.vms:
            fitting = [
                one
                for one in self._operations.settings.replications
                if _is(one, vm) and (one.source, one.destination) == (group.source, group.replica)
            ]
            if len(fitting) != 1:
                count = "no" if not fitting else "more than one"
                raise NoPlanError(f"{count} [[replications]] replicates {vm} from {group.source} to {group.replica}")
            found += fitting
        return tuple(found)
