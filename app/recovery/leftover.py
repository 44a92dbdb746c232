"""What a run that is rolled back cannot take back. Pure."""

from __future__ import annotations

from store.runs import SETTLED, Run, StepState


def left_standing(run: Run) -> list[str]:
    """In words, what no step of the plan takes back, and what nobody knows whether it is there to be taken back."""
    left = []
    for planned, record in zip(run.plan.steps, run.steps, strict=True):
        if planned.undo is not None and record.state not in SETTLED and record.unanswered:
            left.append(f"nobody knows whether this was done: {planned.title}")
        if planned.undo is None and planned.destructive and record.state is StepState.DONE:
            left.append(f"{planned.title}: it is done for good")
        undo = run.plan.step(planned.undo) if planned.undo is not None and record.did else None
        if undo is None or undo.unless is None:
            continue
        other = run.step(undo.unless)
        if other.may_be_done and other.state not in SETTLED:
            left.append(f"{undo.title}: nobody knows whether this was done: {run.plan.step(undo.unless).title}")
    return left
