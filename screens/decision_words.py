"""What is asked before something is decided about a run: the facts first, then what it means. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from store.runs import Choice, Fact, Run, StepState


def of_going_on(run: Run, step: str | None) -> tuple[str, Sequence[str], str]:
    """Title, sentences and the word of agreement: before a step is tried again, or a run goes on."""
    if step is not None:
        planned, record = run.plan.step(step), run.step(step)
        told = [
            f"{planned.title}, on {planned.device}.",
            f"It is {record.state}: {record.reason or 'no reason is known'}",
            *_seen(record.facts),
            "",
            f"It is looked at once more, and only where it is not done this is sent: {planned.call or 'nothing'}",
        ]
        return f"Try step {step} of {run.plan.name} again?", told, "Try again"
    open_steps = [record for record in run.steps if record.state in (StepState.RUNNING, *_STUCK)]
    told = [
        "What is under way, failed or is unknown is looked at first; nothing is sent that is seen to be done.",
        "",
        *(f"{record.id} {run.plan.step(record.id).title}: {record.state}" for record in open_steps),
    ]
    return f"Go on with {run.plan.name}, which is {run.state}?", told, "Go on"


_STUCK = (StepState.FAILED, StepState.UNKNOWN)


def of_reason(run: Run, choice: Choice, step: str | None) -> tuple[str, ...]:
    """Title, sentences, and last the word of agreement: before a decision that needs a reason."""
    if step is None:
        back = "; ".join(dict.fromkeys(undo.title for undo in run.to_take_back))
        taken_back = f"Then what it did is taken back: {back}. " if back else "What it did stays as it is. "
        closings = "".join(f" First: {closing.title}." for closing in run.open)
        begun = f"Nothing more is begun; what is under way ends.{closings}"
        return (f"Abort {run.plan.name}?", begun, f"{taken_back}It cannot be gone on with afterwards.", "Abort")
    planned, record = run.plan.step(step), run.step(step)
    facts = (
        f"{planned.title}, on {planned.device}.",
        f"It is {record.state}: {record.reason or 'no reason is known'}",
        *_seen(record.facts),
    )
    if choice is Choice.SKIP:
        warning = "The steps behind it go on as if it were done."
        danger = " It takes hosts off or changes roles: what follows relies on it." if planned.destructive else ""
        return (f"Go on without step {step}?", *facts, "", f"{warning}{danger}", "Skip")
    return (
        f"Mark step {step} done?",
        *facts,
        "",
        "You saw with your own eyes that it is done: say where.",
        "Mark done",
    )


def _seen(facts: Sequence[Fact]) -> list[str]:
    return [f"  {fact.name}: {fact.value}" for fact in facts]
