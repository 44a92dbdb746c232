"""A plan as the operator reads it before agreeing, and why one is refused. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from screens.ages import age, exact
from screens.cells import Tone
from screens.side_by_side import Fact, Heading, Note, Part, text_cell
from store.runs import Guard, Plan, PlannedStep


def plan_parts(plan: Plan, now: datetime) -> tuple[Part, ...]:
    """What it risks, what was looked at, what is done where and in which order, what follows from it."""
    return (*_targets(plan), *_refusals(plan, now), *_risks(plan), *_steps(plan), *_guards(plan, now), *_notes(plan))


def _targets(plan: Plan) -> Iterator[Part]:
    """Of several groups each by its name, with the number that its steps begin with. Two that one thing is done to, as
    where one is cloned to the other, have no numbers."""
    names = [target.rpartition(":")[2] for target in plan.targets if target.startswith(("rcg:", "pg:"))]
    if len(names) > 1 and _several(plan):
        numbered = [f"g{number} {name}" for number, name in enumerate(names, start=1)]
        yield Note(f"{len(names)} groups: {', '.join(numbered)}", Tone.HEADING)
    elif len(names) > 1:
        yield Note(f"Groups: {', '.join(names)}", Tone.HEADING)


def _several(plan: Plan) -> bool:
    """Whether the same is done to several groups, each with guards of its own."""
    return len(plan.targets) > 1 and len({guard.about for guard in plan.guards}) > 1


REFUSALS_SHOWN = 12


def _refusals(plan: Plan, now: datetime) -> Iterator[Part]:
    several = _several(plan)
    for guard in plan.refused[:REFUSALS_SHOWN]:
        about = f"{guard.about}: " if several and guard.about else ""
        yield Note(f"Refused: {about}{guard.words}: {guard.evidence}{_seen(guard.seen_at, now)}", Tone.BAD)
    if len(plan.refused) > REFUSALS_SHOWN:
        yield Note(f"Refused: {len(plan.refused) - REFUSALS_SHOWN} more", Tone.BAD)
    if plan.way_back:
        yield Heading("The documented way back, to be done by a person")
        for text in plan.way_back:
            yield Note(text)
    if plan.refused:
        yield Heading("What was looked at")


def _risks(plan: Plan) -> Iterator[Part]:
    if plan.refused:
        return
    for text in plan.lasting:
        yield Note(f"Cannot be undone: {text}", Tone.BAD)
    if plan.loss:
        bound = f"{exact(plan.loss_s)}: " if plan.loss_s else ""
        yield Note(f"Data lost at most: {bound}{plan.loss}", _loss_tone(plan))
    if plan.p50_s is not None and plan.p95_s is not None:
        yield Note(f"Expected to take {exact(plan.p50_s)}; 19 times out of 20 within {exact(plan.p95_s)}")


def _loss_tone(plan: Plan) -> Tone:
    if plan.loss_s is None:
        return Tone.WARN
    return Tone.BAD if plan.loss_s > 0 else Tone.OK


def _steps(plan: Plan) -> Iterator[Part]:
    undoes = plan.undoes
    done = [step for step in plan.steps if step.id not in undoes]
    if plan.refused or not done:
        return
    devices = ", ".join(dict.fromkeys(step.device for step in done))
    yield Heading(f"{len(done)} step{'' if len(done) == 1 else 's'} on {devices}")
    for step in done:
        yield from _step(step)
    if undoes:
        yield Heading("If a step fails, what was made is taken back")
        for step in plan.steps:
            if step.id in undoes:
                yield from _step(step)


def _step(step: PlannedStep) -> Iterator[Part]:
    mark = "! " if step.destructive else "  "
    yield Fact(f"{mark}{step.id} {step.device}", text_cell(step.title))
    if step.call:
        yield Fact("", text_cell(step.call).dimmed())


def _guards(plan: Plan, now: datetime) -> Iterator[Part]:
    """What holds: of several groups each guard once, with the age of its oldest look."""
    holding = [guard for guard in plan.guards if guard.holds]
    if holding and not plan.refused:
        yield Heading("Looked at first")
    alike: dict[str, list[Guard]] = {}
    for guard in holding:
        alike.setdefault(guard.words, []).append(guard)
    for words, guards in alike.items():
        seen = min((guard.seen_at for guard in guards if guard.seen_at is not None), default=None)
        evidence = guards[0].evidence if len(guards) == 1 else f"of {len(guards)} groups"
        yield Note(f"{words}: {evidence}{_seen(seen, now)}", Tone.OK)


def _seen(seen_at: datetime | None, now: datetime) -> str:
    return "" if seen_at is None else f" ({age(now, seen_at)} ago)"


def _notes(plan: Plan) -> Iterator[Part]:
    if plan.notes and not plan.refused:
        yield Heading("To know")
        for text in plan.notes:
            yield Note(text)
