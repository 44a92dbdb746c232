"""A plan as the operator reads it before agreeing, and why one is refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from screens.ages import age, exact
from screens.cells import Cell, Line, Tone
from screens.side_by_side import Fact, Heading, Note, Part, lay_out, text_cell
from screens.step_kinds import MANY, heaps, sentence
from store import plan_runs
from store.runs import Guard, Plan, PlannedStep


def plan_parts(plan: Plan, now: datetime) -> tuple[Part, ...]:
    """What it risks, what is done where and in which order, what was looked at, what follows from it. Of many targets
    first how many, and of many steps first how many of which kind: the names and the steps one by one then come last,
    below all that is read in a minute."""
    about = _about(plan)
    above, below = (tuple(about.named), ()) if len(about.names) <= NAMES_ABOVE else ((), tuple(about.named))
    steps, looked = tuple(_steps(plan)), (*_guards(plan, now, about.noun), *_notes(plan))
    rest = (*looked, *below, *steps) if _done(plan) > MANY else (*below, *steps, *looked)
    return (*about.counted, *above, *_refusals(plan, now), *_risks(plan), *_in_short(plan), *rest)


def _done(plan: Plan) -> int:
    """How many steps are done where none fails."""
    return len(plan.steps) - len(plan.undoes)


class PlanText:
    """A plan laid out for a width: anew only where an age says something else, as one of hundreds of steps takes its
    time and is asked for with each key that is typed below it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._of: tuple[int, tuple[Part, ...]] | None = None
        self._lines: list[Line] = []

    def lines(self, width: int, now: datetime) -> list[Line]:
        of = (width, plan_parts(self._plan, now))
        if of != self._of:
            self._of, self._lines = of, lay_out(of[1], width)
        return self._lines


NAMES_ABOVE = 12
"""So many names stand above everything else."""


class _About(Struct, frozen=True):
    """What a plan is about: ``names`` of so many of a ``noun``, and the protection groups that come with LPARs.
    ``kinds``: of what is of several kinds, the names of each."""

    noun: str
    names: tuple[str, ...]
    groups: tuple[str, ...] = ()
    numbered: bool = False
    kinds: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def counted(self) -> Iterator[Part]:
        """How many there are, where there are too many to begin with their names."""
        if len(self.names) > NAMES_ABOVE:
            by = f", in {len(self.groups)} protection groups" if self.groups else ""
            yield Note(f"{len(self.names)} {self.noun}s{by}", Tone.HEADING)

    @property
    def named(self) -> Iterator[Part]:
        """All names: above everything else in the tone of a heading, of many in a section of their own."""
        names = [f"g{number} {name}" for number, name in enumerate(self.names, 1)] if self.numbered else self.names
        many = len(self.names) > NAMES_ABOVE
        tone = Tone.PLAIN if many else Tone.HEADING
        title = f"{self.noun[0].upper()}{self.noun[1:]}s"
        if many:
            yield Heading(f"The {self.noun}s")
        if self.kinds:
            for kind, those in self.kinds:
                yield Note(f"{kind}: {', '.join(those)}", tone)
        elif many:
            yield Note(", ".join(names), tone)
        elif len(names) > 1:
            yield Note(f"{f'{len(names)} {self.noun}s' if self.numbered else title}: {', '.join(names)}", tone)
        if self.groups:
            yield Note(f"Protection group{'s' * (len(self.groups) > 1)}: {', '.join(self.groups)}", tone)


_KINDS = (
    ("lpar:", "LPARs"),
    ("pg:", "Protection groups"),
    ("pod:", "Pods"),
    ("rcg:", "Remote copy groups"),
    ("replication:", "VMs"),
)


def _named(plan: Plan, prefix: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.rpartition(":")[2] for t in plan.targets if t.startswith(prefix)))


def _about(plan: Plan) -> _About:
    """Of several groups each has the number that its steps begin with. Two that one thing is done to, as where one is
    cloned to the other, have no numbers; nor have LPARs, whose steps are numbered all through."""
    if plan.verb in plan_runs.EVERY:
        kinds = [(kind, _named(plan, prefix)) for prefix, kind in _KINDS]
        every = tuple(name for _, those in kinds for name in those)
        return _About("member", every, kinds=tuple((kind, those) for kind, those in kinds if those))
    names = [target.rpartition(":")[2] for target in plan.targets if target.startswith(("rcg:", "pg:"))]
    lpars = tuple(target.removeprefix("lpar:") for target in plan.targets if target.startswith("lpar:"))
    if lpars:
        return _About("LPAR", lpars, tuple(names))
    vms = tuple(target.removeprefix("replication:") for target in plan.targets if target.startswith("replication:"))
    if vms:
        return _About("VM", vms, numbered=len(vms) > 1)
    return _About("group", tuple(names) if len(names) > 1 else (), numbered=_several(plan))


def _several(plan: Plan) -> bool:
    """Whether the same is done to several, each with guards of its own."""
    return len(plan.targets) > 1 and len({guard.about for guard in plan.guards}) > 1


REFUSALS_SHOWN = 12


def _refusals(plan: Plan, now: datetime) -> Iterator[Part]:
    several = _several(plan)
    for guard in plan.refused[:REFUSALS_SHOWN]:
        about = f"{guard.about}: " if several and guard.about and _own_name(guard).search(guard.words) is None else ""
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


def _in_short(plan: Plan) -> Iterator[Part]:
    """Of many steps how many of which kind on which device."""
    if plan.refused or _done(plan) <= MANY:
        return
    undoes = plan.undoes
    yield Heading(f"{_done(plan)} steps, in short")
    for heap in heaps([step for step in plan.steps if step.id not in undoes]):
        yield Fact(
            f"{'! ' if heap.destructive else '  '}{heap.device}", Cell(f"{heap.count:>4} x {sentence(heap.kind)}")
        )


def _steps(plan: Plan) -> Iterator[Part]:
    undoes = plan.undoes
    done = [step for step in plan.steps if step.id not in undoes]
    if plan.refused or not done:
        return
    devices = ", ".join(dict.fromkeys(step.device for step in done))
    every = "Every one of the " if len(done) > MANY else ""
    yield Heading(f"{every}{len(done)} step{'' if len(done) == 1 else 's'} on {devices}")
    for step in done:
        yield from _step(step)
    if undoes:
        when = "If a step fails" if plan.rolls_back else "If it is aborted before what it is for is begun"
        yield Heading(f"{when}, what was made is taken back")
        for step in plan.steps:
            if step.id in undoes:
                yield from _step(step)


def _step(step: PlannedStep) -> Iterator[Part]:
    mark = "! " if step.destructive else "  "
    yield Fact(f"{mark}{step.id} {step.device}", text_cell(step.title))
    if step.call:
        yield Fact("", text_cell(step.call).dimmed())


def _guards(plan: Plan, now: datetime, noun: str) -> Iterator[Part]:
    """What holds: of several of a ``noun`` each guard once, with the age of its oldest look."""
    holding = [guard for guard in plan.guards if guard.holds]
    if holding and not plan.refused:
        yield Heading("Looked at first")
    alike: dict[str, list[Guard]] = {}
    for guard in holding:
        alike.setdefault(_of_each(guard, noun), []).append(guard)
    for words, guards in alike.items():
        seen = min((guard.seen_at for guard in guards if guard.seen_at is not None), default=None)
        told = f"{guards[0].words}: {guards[0].evidence}" if len(guards) == 1 else f"{words}: of {len(guards)} {noun}s"
        yield Note(f"{told}{_seen(seen, now)}", Tone.OK)


def _of_each(guard: Guard, noun: str) -> str:
    """The words of a guard about one LPAR as they are said of each."""
    return _own_name(guard).sub(f"each {noun}", guard.words) if noun == "LPAR" and guard.about else guard.words


def _own_name(guard: Guard) -> re.Pattern[str]:
    """The name of what a guard is about, where it stands as a word of its own."""
    return re.compile(rf"(?<![\w.-]){re.escape(guard.about)}(?![\w.-])")


def _seen(seen_at: datetime | None, now: datetime) -> str:
    return "" if seen_at is None else f" ({age(now, seen_at)} ago)"


def _notes(plan: Plan) -> Iterator[Part]:
    if plan.notes and not plan.refused:
        yield Heading("To know")
        for text in plan.notes:
            yield Note(text)
