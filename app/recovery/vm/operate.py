"""From the configuration to the plans for replicated VMs: look at both servers, then plan; and a whole pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from app.recovery import prediction
from app.recovery.attempt import Pace
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations, holder, new_run_id, who
from app.recovery.runner import Runner
from app.recovery.vm import back_plan, drill_plan, failover_plan, gather, host_down, pass_plan, readiness
from app.recovery.vm.failover_plan import Asked
from app.recovery.vm.situation import VmNow
from store import plan_runs
from store.estate import VCenter
from store.ledger import Ledger
from store.readiness import Readiness
from store.replications import (
    CLEANUP,
    DRILL,
    FAILBACK,
    FAILOVER,
    PAUSE,
    REPLICATE,
    RESUME,
    UNDO,
    Standing,
    said,
    standings,
)
from store.runs import ENDED, Choice, Plan, Run, RunState, StepState

MOST = 500
"""So many of the newest passes say how long one takes; every other run, however old, may have paused something."""


def standing(ledger: Ledger) -> Mapping[str, Standing]:
    """How every replication stands, out of the ledger."""
    passes = ledger.runs_of(REPLICATE, MOST)
    verbs = (FAILOVER, UNDO, FAILBACK, DRILL, CLEANUP, PAUSE, RESUME, *plan_runs.EVERY)
    rest = [run for verb in verbs for run in ledger.runs_of(verb)]
    return standings((*passes, *rest))


def look(operations: Operations, names: Sequence[str], without: Mapping[str, str] | None = None) -> tuple[VmNow, ...]:
    """How the replications stand, by name or pattern. Raises :class:`CannotPlanError` where there is none; what cannot
    be read is there without what it holds."""
    settings = operations.settings
    chosen = gather.chosen(settings.replications, names)
    return gather.look(operations.devices, settings.devices, chosen, standing(operations.ledger), without)


def ready(
    operations: Operations, names: Sequence[str], without: Mapping[str, str] | None = None
) -> tuple[tuple[VmNow, ...], tuple[Readiness, ...]]:
    """How each replication stands for a failover, by name or pattern, with room at the other side for all that the
    configuration replicates. Raises :class:`CannotPlanError` where there is none."""
    every = look(operations, ["*"], without)
    wanted = {one.name for one in gather.chosen(operations.settings.replications, names)}
    return every, tuple(each for each in readiness.check(every) if each.name in wanted)


def _one(found: Sequence[VmNow], verb: str) -> VmNow:
    if len(found) != 1:
        raise CannotPlanError(f"{verb}: expected one VM, got {len(found)}: {', '.join(at.name for at in found)}")
    return found[0]


def _predicted(operations: Operations, plan: Plan) -> Plan:
    return prediction.predicted(plan, operations.ledger.durations)


def plan_pass(operations: Operations, names: Sequence[str], run_id: str) -> Plan:
    """A replication pass of one VM, now. Raises :class:`CannotPlanError`."""
    at = _one(look(operations, names), "replicate")
    return _predicted(operations, pass_plan.plan(at, run_id))


def plan_failover(operations: Operations, names: Sequence[str], asked: Asked, run_id: str) -> Plan:
    """A failover of VMs, by name or pattern. Raises :class:`CannotPlanError`."""
    found = gather.with_autostart(operations.devices, look(operations, names))
    if asked.disaster:
        found = tuple(
            at if at.vm is not None and at.vm.connection == "connected" else _witnessed(operations, at) for at in found
        )
    return _predicted(operations, failover_plan.plan(found, asked, run_id))


def _witnessed(operations: Operations, at: VmNow) -> VmNow:
    """With what others say of the source's site, and of its host."""
    at = gather.witnessed(operations.devices, operations.settings.devices, at)
    servers = [entry for entry in operations.store.view.entries("vcenter") if entry.device == at.source.device]
    lone = any(isinstance(entry.obj, VCenter) and entry.obj.api_type == "HostAgent" for entry in servers)
    return replace(at, of_host=host_down.asked(at, lone=lone))


def plan_drill(operations: Operations, names: Sequence[str], run_id: str) -> Plan:
    """A drill of VMs, by name or pattern. Raises :class:`CannotPlanError`."""
    return _predicted(operations, drill_plan.plan(look(operations, names), run_id))


def plan_cleanup(operations: Operations, drill: str, run_id: str) -> Plan:
    """The clean-up after the drill whose run is ``drill``. Raises :class:`CannotPlanError` and
    :class:`store.ledger.RunError`."""
    run = operations.ledger.run(drill)
    return _predicted(operations, drill_plan.cleanup(look(operations, ["*"]), run, run_id))


def plan_undo(operations: Operations, names: Sequence[str], run_id: str) -> Plan:
    """Back to the source without what was written since. Raises :class:`CannotPlanError`."""
    return _predicted(operations, failover_plan.undo(_one(look(operations, names), "undo"), run_id))


def plan_failback(operations: Operations, names: Sequence[str], run_id: str) -> Plan:
    """Home again, with all data. Raises :class:`CannotPlanError`."""
    return _predicted(operations, back_plan.plan(_one(look(operations, names), "failback"), run_id))


def plan_said(operations: Operations, verb: str, names: Sequence[str]) -> Plan:
    """``vm pause`` and ``vm resume``: nothing is sent, it is only written down. Raises :class:`CannotPlanError`."""
    chosen = gather.chosen(operations.settings.replications, names)
    name = chosen[0].name if len(chosen) == 1 else f"{len(chosen)} VMs"
    notes = {
        PAUSE: "No pass begins until drdeck vm resume.",
        RESUME: "Passes begin again.",
    }
    targets = tuple(said(one.name) for one in chosen)
    return Plan(verb, f"{verb} {name}", targets, datetime.now(UTC), notes=(notes[verb],))


class Passed(Struct, frozen=True):
    """What became of a pass: ``run`` None: it was not begun, ``why`` says why."""

    run: Run | None
    why: str

    @property
    def done(self) -> bool:
        return self.run is not None and self.run.state is RunState.SUCCEEDED


def run_pass(
    operations: Operations,
    name: str,
    pace: Pace | None = None,
    begun: Callable[[str], None] = lambda run_id: None,
    hold: Callable[[Runner], AbstractContextManager[None]] = lambda runner: nullcontext(),
) -> Passed:
    """Plan one pass and run it to its end, with nobody there: a run that would wait for somebody is aborted, which
    unmakes what it made, so that it stands in the way of nothing. ``begun`` is told the run's id before it acts, and
    each runner acts under ``hold``; one that was made to leave leaves its run to be resumed. Raises
    :class:`CannotPlanError`, :class:`store.ledger.LeaseError` where another run acts on the VM, and StoreError."""
    if operations.settings.read_only:
        return Passed(None, "the configuration says read_only")
    run_id = new_run_id()
    plan = plan_pass(operations, [name], run_id)
    if plan.refused:
        first = plan.refused[0]
        return Passed(None, f"{first.words}: {first.evidence}")
    operations.agree_unattended(run_id, plan)
    begun(run_id)
    ledger = operations.ledger

    def acted() -> Run:
        runner = Runner(ledger, operations.devices, holder(), pace)
        with hold(runner):
            return runner.run(run_id, wait_for_operator=False)

    try:
        run = acted()
    except BaseException:
        if ledger.run(run_id).state is RunState.APPROVED:
            ledger.drop(run_id, who(), "not begun: another run acts on the same VM")
        raise
    stuck = any(step.state in (StepState.FAILED, StepState.UNKNOWN) for step in run.steps)
    if stuck and run.state not in ENDED:
        ledger.decide(run_id, Choice.ABORT, None, "nobody is there to decide: the next pass begins anew", who())
        run = acted()
    return Passed(run, run.note or str(run.state))
