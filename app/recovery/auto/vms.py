"""Automatic failover of virtual machines: facts from the DR site's hypervisor, and the disaster plan run on the ledger.

What draws up the plan, and what knows of drills, is given: it is the same that people use.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from app.auto_records import AutoGroup
from app.recovery.auto import replicas
from app.recovery.auto.port import Drawn, Drill, NoPlanError, Outcome, Powers, Result
from app.recovery.auto.rules import Finding, Replicas
from app.recovery.operations import Operations, holder, new_run_id, who
from app.recovery.runner import Runner
from app.recovery.step import UnseenError
from store.auto_records import Arming
from store.estate import PowerState, Reading, VirtualMachine
from store.ledger import LeaseError, RunError
from store.readiness import Check, Verdict
from store.runs import SECOND_PERSON, Plan, Run, RunState


class VmRecovery:
    """The recovery of groups of machines. ``draw`` draws up the disaster plan of a group for a run and raises
    :class:`NoPlanError`; ``digest`` says what it would do, ``drill`` finds the newest drill that passed, ``checks`` are
    the readiness checks of its machines, ``targets`` their lease keys."""

    def __init__(
        self,
        operations: Operations,
        draw: Callable[[AutoGroup, str], Plan],
        digest: Callable[[AutoGroup], str | None],
        drill: Callable[[AutoGroup], Drill | None],
        checks: Callable[[AutoGroup], tuple[Check, ...]],
        targets: Callable[[AutoGroup], tuple[str, ...]] = lambda group: group.targets,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._operations = operations
        self._draw = draw
        self._digest = digest
        self._drill = drill
        self._checks = checks
        self._targets = targets
        self._clock = clock

    def _read(self, device: str) -> Reading | None:
        try:
            return self._operations.devices.reading(device, time.monotonic())
        except UnseenError:
            return None

    def replicas(self, group: AutoGroup) -> Replicas | None:
        at = self._clock()
        reading = self._read(group.replica)
        return None if reading is None else replicas.of_reading(reading, group, at)

    def targets(self, group: AutoGroup) -> tuple[str, ...]:
        return self._targets(group)

    def powers(self, group: AutoGroup) -> Powers:
        source, replica = self._read(group.source), self._read(group.replica)
        runs = None if source is None else any(vm.power_state is PowerState.ON for vm in _machines(source, group))
        return Powers(runs, None if replica is None else replicas.running(replica, group))

    def checks(self, group: AutoGroup) -> tuple[Check, ...]:
        return self._checks(group)

    def drill(self, group: AutoGroup) -> Drill | None:
        return self._drill(group)

    def digest(self, group: AutoGroup) -> str | None:
        return self._digest(group)

    def fence(self, group: AutoGroup) -> Finding:
        """A source that is silent cannot be fenced; one that answers, and whose machines run, is not lost."""
        at = self._clock()
        reading = self._read(group.source)
        if reading is None:
            return Finding(Verdict.UNKNOWN, f"{group.source} is silent: it rests on the site being cut off", at)
        on = [vm.name for vm in _machines(reading, group) if vm.power_state is PowerState.ON]
        if on:
            return Finding(Verdict.FAILS, f"{group.source} answers again, and {', '.join(on)} run", at)
        return Finding(Verdict.HOLDS, f"{group.source} answers: every machine is powered off", at)

    def plan_disaster(self, group: AutoGroup) -> Drawn:
        run_id = new_run_id()
        plan = self._draw(group, run_id)
        if plan.refused:
            raise NoPlanError(f"{plan.refused[0].words}: {plan.refused[0].evidence}")
        return Drawn(run_id, plan)

    def propose(self, drawn: Drawn) -> str:
        self._operations.ledger.propose(drawn.run_id, drawn.plan, who())
        return drawn.run_id

    def run(self, group: AutoGroup, drawn: Drawn, armed: Arming | None, began: Callable[[str], None]) -> Outcome:
        run_id, plan, ledger = drawn.run_id, drawn.plan, self._operations.ledger
        first, second = (armed.asked_by, armed.approved_by) if armed is not None else ("nobody", None)
        by = f"automatic failover of {group.name}, armed by {first} and {second or 'nobody'}"
        ledger.propose(run_id, plan, by)
        ledger.approve(run_id, by, [_signed(word, second) for word in plan.confirm])
        began(run_id)
        try:
            runner = Runner(self._operations.ledger, self._operations.devices, holder())
            return _outcome(runner.run(run_id, wait_for_operator=False))
        except (LeaseError, RunError) as error:
            return Outcome(Result.UNKNOWN, f"{error}: drdeck runs show {run_id}")


def _signed(word: str, second: str | None) -> str:
    """What is to be typed, with the second person's name where a plan leaves it open."""
    return f"{SECOND_PERSON}{second}" if word.startswith(SECOND_PERSON) and second else word


def _outcome(run: Run) -> Outcome:
    words = f"run {run.id} {run.state}{f': {run.note}' if run.note else ''}"
    if run.state is RunState.SUCCEEDED:
        return Outcome(Result.DONE, words)
    if run.state in (RunState.FAILED, RunState.ABORTED):
        return Outcome(Result.FAILED, words)
    return Outcome(Result.UNKNOWN, f"{words}: drdeck runs show {run.id}")


def _machines(reading: Reading, group: AutoGroup) -> list[VirtualMachine]:
    machines = (each for each in reading.objects if isinstance(each, VirtualMachine))
    return [vm for vm in machines if vm.replica is None and vm.name in group.vms]
