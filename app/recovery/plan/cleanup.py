"""The clean-up after the drill of a recovery plan: a run of its own, out of the steps of the drill, so that it takes
away exactly what that made, whatever became of the plan's file meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from app.recovery import prediction
from app.recovery.draft import CannotPlanError, Draft, once
from app.recovery.operations import Operations
from app.recovery.plan.drafting import PlanAt
from app.recovery.plan.drafts import LPARS, PODS, RCGS
from app.recovery.pod import steps as pod_steps
from app.recovery.pod.request import WAIT_S
from app.recovery.pod.seeing import PROMOTED
from app.recovery.pra import drill_plan as lpar_drill
from app.recovery.rcg import drill_plan as rcg_drill
from app.recovery.vm import drill_plan as vm_drill
from app.recovery.vm import operate as vms
from app.recovery.vm.situation import VmDraft
from store import replications
from store.drills import owing, subject
from store.plan_runs import CLEANUP, DRILL, VMS, of_plan, plan_of
from store.recorded import from_text
from store.runs import ENDED, Plan, Run


def owed(operations: Operations, name: str) -> Run | None:
    """The drill of the plan ``name`` that is not cleaned up, the newest of several; None: there is none."""
    runs = [run for verb in (DRILL, CLEANUP) for run in operations.ledger.runs_of(verb)]
    return next((run for run in owing(runs).values() if plan_of(run) == name), None)


def plan_cleanup(operations: Operations, name: str, run_id: str) -> Plan:
    """The clean-up of the last drill of the plan ``name``. Raises :class:`CannotPlanError` where none is owed, or the
    drill goes on."""
    drill = owed(operations, name)
    if drill is None:
        alive = [run for run in of_plan(operations.ledger.alive(), name) if run.plan.verb == DRILL]
        going = next((run for run in alive if run.state not in ENDED), None)
        if going is not None:
            raise CannotPlanError(f"the drill {going.id} is {going.state}: let it end, or abort it first")
        raise CannotPlanError(f"No drill of {name} owes its clean-up")
    machines = _machines(operations, drill, run_id)
    now = datetime.now(UTC)
    own: Draft[PlanAt] = Draft(PlanAt(name, now), "p", run_id)
    own.guard("drill.owed", f"a drill of {name} owes its clean-up", True, f"{drill.id}, {drill.state}")
    lpars = lpar_drill.cleaned(now, drill, run_id, LPARS)
    rcgs = rcg_drill.cleaned(drill, now, run_id, RCGS)
    pods = _pods(drill, now, run_id)
    every: tuple[Draft[Any], ...] = (rcgs, pods, lpars, *machines)
    plan = Plan(
        verb=CLEANUP,
        name=f"{CLEANUP} {subject(drill.id)}",
        targets=drill.plan.targets,
        made_at=min([now, *(draft.at.now for draft in machines)]),
        guards=tuple(guard for draft in (own, *every) for guard in draft.guards),
        confirm=(f"discard DR writes of {drill.id}",),
        loss="what was written in the drill",
        notes=once(note for draft in every for note in draft.notes),
    )
    if plan.refused:
        return plan
    steps = tuple(step for draft in every for step in draft.steps)
    return prediction.predicted(replace(plan, steps=steps), operations.ledger.durations)


def _machines(operations: Operations, drill: Run, run_id: str) -> list[VmDraft]:
    names = replications.names(drill)
    return vm_drill.cleaned(vms.look(operations, names), drill, run_id, VMS) if names else []


def _pods(drill: Run, now: datetime, run_id: str) -> Draft[rcg_drill.Left]:
    """Demote again what was promoted beside its source: what the drill wrote there is given up."""
    promoted = list(_promoted(drill))
    keys = tuple(target for target in drill.plan.targets if target.startswith("pod:"))
    draft: Draft[rcg_drill.Left] = Draft(rcg_drill.Left("pods", keys, now), PODS, run_id)
    for made in promoted:
        step = pod_steps.Discard(made.array, made.pod, made.peer, made.peer_pod, PROMOTED)
        title = f"Demote {made.pod} on {made.array} at once"
        draft.add(step, title, needs=(), destructive=True, limit_s=WAIT_S)
        draft.notes.append(
            f"What was written to {made.pod} is kept in {made.pod}.undo-demote until that is eradicated."
        )
    return draft


def _promoted(drill: Run) -> Iterator[pod_steps.Promote]:
    for planned in drill.plan.steps:
        if planned.kind == "pod.promote":
            made = from_text(pod_steps.Promote, planned.params)
            if made.how == pod_steps.DRILL:
                yield made
