"""Which steps may begin: pure, for the runner on the real clock and the prediction on a virtual one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from store.runs import SETTLED, Plan, PlannedStep, StepState


def ready(plan: Plan, states: Mapping[str, StepState]) -> tuple[PlannedStep, ...]:
    """The pending steps whose needs are settled, and whose turn it is, in the order of the plan. A step that is stuck
    holds up those that need it, and no other. Steps that take another one back are none of them, nor is one whose
    closing was begun."""
    undoes, stuck = plan.undoes, _stuck(plan, states)
    waiting = _waiting(plan, states, stuck)
    closed = {other for step in plan.closings if states[step.id] is not StepState.PENDING for other in step.after}
    return tuple(
        step
        for step in plan.steps
        if step.id not in undoes
        and step.id not in closed
        and step.id not in waiting
        and states[step.id] is StepState.PENDING
        and all(states[need] in SETTLED for need in step.needs)
        and all(states[other] in SETTLED or other in stuck for other in step.after)
    )


def _waiting(plan: Plan, states: Mapping[str, StepState], stuck: Collection[str]) -> set[str]:
    """The steps of the parts whose turn it is not yet. One of which nothing is known to have begun is among those that
    may begin until it has: the first of them are always the same ones."""
    if plan.turns is None:
        return set()
    under_way, rest = 0, []
    for part in plan.turns.parts:
        if all(states[step] is StepState.PENDING for step in part):
            rest.append(part)
        else:
            under_way += not all(states[step] in SETTLED or step in stuck for step in part)
    return {step for part in rest[max(0, plan.turns.most - under_way) :] for step in part}


def reopened(plan: Plan, states: Mapping[str, StepState]) -> tuple[str, ...]:
    """What is to be done anew because a step is to be tried again between what was begun for it and ended since: the
    end, and the beginning, unless a person said to go on without that."""
    closings = [step for step in plan.closings if states[step.id] in SETTLED]
    if not closings:
        return ()
    stuck, found = _stuck(plan, states), []
    for step in closings:
        if any(states[other] is StepState.PENDING and other not in stuck for other in step.after):
            found.append(step.id)
            ended = states[step.id] is not StepState.SKIPPED
            if step.closes is not None and ended and states[step.closes] in (StepState.DONE, StepState.MARKED):
                found.append(step.closes)
    return tuple(found)


def _stuck(plan: Plan, states: Mapping[str, StepState]) -> set[str]:
    """The steps that failed or are unknown, and all that cannot begin because of them."""
    found = {step_id for step_id, state in states.items() if state in (StepState.FAILED, StepState.UNKNOWN)}
    if found:
        for step in order(plan):
            if states[step.id] is StepState.PENDING and not found.isdisjoint(step.needs):
                found.add(step.id)
    return found


def order(plan: Plan) -> tuple[PlannedStep, ...]:
    """The steps that are to be done, each behind all that it waits for."""
    undoes = plan.undoes
    left = [step for step in plan.steps if step.id not in undoes]
    found: list[PlannedStep] = []
    placed: set[str] = set()
    while left:
        able = [step for step in left if placed.issuperset((*step.needs, *step.after))]
        if not able:
            raise ValueError(f"steps that wait for one another: {', '.join(step.id for step in left)}")
        found += able
        placed.update(step.id for step in able)
        left = [step for step in left if step.id not in placed]
    return tuple(found)


def ahead(plan: Plan) -> dict[str, float]:
    """By step, how long the longest way from its beginning to the end of the run usually takes, in seconds."""
    found: dict[str, float] = {}
    for step in reversed(order(plan)):
        found[step.id] = found.get(step.id, 0.0) + (step.p50_s or 0.0)
        for other in (*step.needs, *step.after):
            found[other] = max(found.get(other, 0.0), found[step.id])
    return found


def before(plan: Plan, step: PlannedStep) -> frozenset[str]:
    """The ids of all steps that must be settled before ``step``, near and far."""
    by_id = {each.id: each for each in plan.steps}
    found: set[str] = set()
    left = list(step.needs)
    while left:
        other = left.pop()
        if other not in found:
            found.add(other)
            left += by_id[other].needs
    return frozenset(found)


def finished(plan: Plan, states: Mapping[str, StepState]) -> bool:
    """Whether every step is settled that had to be done."""
    undoes = plan.undoes
    return all(states[step.id] in SETTLED for step in plan.steps if step.id not in undoes)
