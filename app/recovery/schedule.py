"""Which steps may begin: pure, for the runner on the real clock and the prediction on a virtual one."""

from __future__ import annotations

from collections.abc import Mapping

from store.runs import SETTLED, Plan, PlannedStep, StepState


def ready(plan: Plan, states: Mapping[str, StepState]) -> tuple[PlannedStep, ...]:
    """The pending steps whose needs are settled, in the order of the plan. Steps that take another one back are none
    of them."""
    undoes = plan.undoes
    return tuple(
        step
        for step in plan.steps
        if step.id not in undoes
        and states[step.id] is StepState.PENDING
        and all(states[need] in SETTLED for need in step.needs)
    )


def order(plan: Plan) -> tuple[PlannedStep, ...]:
    """The steps that are to be done, each behind all that it needs."""
    undoes = plan.undoes
    left = [step for step in plan.steps if step.id not in undoes]
    found: list[PlannedStep] = []
    placed: set[str] = set()
    while left:
        able = [step for step in left if placed.issuperset(step.needs)]
        if not able:
            raise ValueError(f"steps that wait for one another: {', '.join(step.id for step in left)}")
        found += able
        placed.update(step.id for step in able)
        left = [step for step in left if step.id not in placed]
    return tuple(found)


def finished(plan: Plan, states: Mapping[str, StepState]) -> bool:
    """Whether every step is settled that had to be done."""
    undoes = plan.undoes
    return all(states[step.id] in SETTLED for step in plan.steps if step.id not in undoes)


def to_undo(plan: Plan, states: Mapping[str, StepState]) -> tuple[PlannedStep, ...]:
    """What takes back what the run did, the last first; each once. What was *already done* is not the run's to undo.

    A step that failed, or of which nothing is known, may have had its effect: it is taken back too, as its undo looks
    before it acts."""
    touched = (StepState.DONE, StepState.FAILED, StepState.UNKNOWN, StepState.RUNNING)
    found = [
        plan.step(step.undo)
        for step in reversed(plan.steps)
        if step.undo is not None and states[step.id] in touched and states[step.undo] not in SETTLED
    ]
    return tuple(dict.fromkeys(found))
