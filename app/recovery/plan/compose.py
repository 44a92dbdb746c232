"""One run out of the steps of all members (procedures 7): fence, storage, compute, checks, then what comes after. Pure.

What a technology drafted stays as it is; only what waits for what is added to it:

- An application is stopped once those that rest on it are, in a planned run; in a disaster everything is stopped at
  once, because the loss that is agreed to counts for minutes.
- Its volumes are taken away from hosts once its LPARs and VMs are stopped, and these are started once its storage
  serves at the other side.
- In a planned run nothing of it is changed for good, but that it is stopped, before what it comes after is up: until
  then it can be started again where it was. In a disaster only what makes it live waits.
- A failback is a planned run with the sides swapped. In a drill nothing is stopped: what it starts is live by itself.

Fences wait for fences alone, and all else follows one order of the applications: so nothing can wait for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from app.connect import HERE
from app.plans import order
from app.plans.records import (
    Application,
    Command,
    HttpProbe,
    Kind,
    MemberKind,
    PlanStep,
    PlanWhen,
    Prompt,
    RecoveryPlan,
    TcpProbe,
    When,
)
from app.recovery import schedule
from app.recovery.draft import Draft
from app.recovery.plan.parts import FENCES, LIVE, Part
from app.recovery.plan.steps import Ask, ProbeHttp, ProbeTcp, Reached, RunCommand
from store.runs import Plan, PlannedStep

Ids = tuple[str, ...]
FEW = 3
"""More steps than this that many others wait for are joined in one."""


class Woven(Struct, frozen=True):
    """``steps`` in the order of the plan; ``up``: by application the step that is settled once it serves; ``own``: by
    application the steps that the file gives it, under an empty name those of the whole plan."""

    steps: tuple[PlannedStep, ...]
    up: Mapping[str, str]
    own: Mapping[str, Ids]


def weave(
    plan: RecoveryPlan,
    kind: Kind,
    parts: Mapping[str, Sequence[Part]],
    drafted: Iterable[PlannedStep],
    undoes: Iterable[PlannedStep],
    own: Draft[Any],
) -> Woven:
    """Put the ``drafted`` steps of the ``parts`` together with those of the plan itself, which are added to ``own``.
    ``undoes`` are the steps that only take others back."""
    work = _Weaving(plan, kind, parts, {step.id: step for step in drafted}, own)
    first = work.chain("", plan.at(PlanWhen.FIRST), ())
    applications = order.applications(plan)
    for application in reversed(applications):
        work.fence(application)
    for application in applications:
        work.serve(application)
    work.waves(applications)
    work.chain("", plan.at(PlanWhen.LAST), tuple(work.up.values()))
    plan_of = Plan("", "", (), datetime.now(UTC), tuple(work.finished(first)))
    return Woven((*schedule.order(plan_of), *undoes), work.up, {name: tuple(ids) for name, ids in work.mine.items()})


class _Weaving(Struct):
    """``needs`` and ``after`` are what is added to the steps that were drafted. ``away``: after which steps an
    application cannot write at the old side any more; ``gone`` the same of a group; ``through``: after which a group is
    up; ``mine``: the steps that the file gives an application."""

    plan: RecoveryPlan
    kind: Kind
    parts: Mapping[str, Sequence[Part]]
    steps: dict[str, PlannedStep]
    own: Draft[Any]
    needs: dict[str, dict[str, None]] = field(default_factory=dict)
    after: dict[str, dict[str, None]] = field(default_factory=dict)
    away: dict[str, Ids] = field(default_factory=dict)
    gone: dict[str, Ids] = field(default_factory=dict)
    up: dict[str, str] = field(default_factory=dict)
    through: dict[str, Ids] = field(default_factory=dict)
    mine: dict[str, list[str]] = field(default_factory=dict)

    @property
    def planned(self) -> bool:
        return self.kind in (Kind.PLANNED, Kind.FAILBACK)

    # ------------------------------------------------------------------------------------------------------ fencing

    def fence(self, application: Application) -> None:
        """What stops it. In a planned run it comes behind what stops those that rest on it."""
        name = application.name
        if self.kind is Kind.DRILL:
            self.away[name] = ()
            return
        before = self._dependents_away(application) if self.planned else ()
        ready = self.chain(name, application.at(When.BEFORE_STOP), before) if self.planned else ()
        parts = self.parts[name]
        stops = tuple(step for part in parts for step in part.stops)
        for step in stops:
            self._wait(step, ready)
        if self.planned:
            self._inside_stops(application)
        quiet = self._joined(stops, f"The LPARs and VMs of {name} are stopped") or ready
        for step in self._roots(part for part in parts if not part.member.computes):
            self._wait(step, quiet)
        fences = tuple(s for part in parts for s in part.steps if s in part.stops or self.steps[s].kind in FENCES)
        self.away[name] = self._joined(fences, f"{name} cannot write at {self.plan.source} any more") or ready

    def _dependents_away(self, application: Application) -> Ids:
        """After which steps nothing that rests on it writes any more."""
        rest = [a.name for a in self.plan.applications if application.name in a.after]
        groups = [group.name for group in self.plan.groups if application.group in group.after]
        for group in groups:
            if group not in self.gone:
                every = [s for a in self.plan.applications if a.group == group for s in self.away[a.name]]
                self.gone[group] = self._joined(_once(every), f"The group {group} is stopped at {self.plan.source}")
        return _once([*(s for a in rest for s in self.away[a]), *(s for group in groups for s in self.gone[group])])

    def _inside_stops(self, application: Application) -> None:
        by_name = {part.member.name: part for part in self.parts[application.name] if part.member.computes}
        for name, others in application.inside.items():
            for other in others:
                if name in by_name and other in by_name:
                    for step in by_name[other].stops:
                        self._wait(step, by_name[name].stops)

    # ------------------------------------------------------------------------------------------------------ serving

    def serve(self, application: Application) -> None:
        """What brings it up at the other side, behind what it comes after."""
        name, parts = application.name, self.parts[application.name]
        held = self._before(application)
        for step in (step for part in parts for step in part.steps if self._is_held(self.steps[step])):
            self._wait(step, held)
        storage = _once(step for part in parts if not part.member.computes for step in part.up)
        starts = tuple(part.start for part in parts if part.start is not None)
        if starts:
            serving = self._joined(storage, f"The storage of {name} serves at {self.plan.target}")
            for step in starts:
                self._wait(step, serving)
        live = starts or tuple(s for part in parts for s in part.steps if self.steps[s].kind in LIVE)
        prepared = self._before_start(application, live, held if live else (*held, *storage))
        self._inside_starts(application)
        ups = _once([*(step for part in parts for step in part.up), *prepared]) or held
        last = self.chain(name, application.at(When.AFTER_START), ups)
        self.up[name] = self._reached(f"{name} is up at {self.plan.target}", last)

    def _before(self, application: Application) -> Ids:
        """After which steps everything is up that it comes after."""
        mine = next((group for group in self.plan.groups if group.name == application.group), None)
        groups = mine.after if mine is not None else ()
        for group in groups:
            if group not in self.through:
                every = [self.up[a.name] for a in self.plan.applications if a.group == group]
                self.through[group] = self._joined(every, f"The group {group} is up at {self.plan.target}")
        return _once([*(self.up[a] for a in application.after), *(s for group in groups for s in self.through[group])])

    def _is_held(self, step: PlannedStep) -> bool:
        """Whether a step waits for what its application comes after."""
        if step.kind in LIVE:
            return True
        changes = step.destructive or step.kind in ("vm.mark", "vm.rename")
        return self.planned and changes and step.kind not in FENCES

    def _before_start(self, application: Application, live: Ids, other: Ids) -> Ids:
        """The steps right before something of it is ``live``, behind what that waits for. Returns the last of them."""
        steps = application.at(When.BEFORE_START)
        if not steps:
            return ()
        before = _once([*(need for step in live for need in self._needs(step)), *other])
        last = self.chain(application.name, steps, before)
        for step in live:
            self._wait(step, last)
        return last

    def _inside_starts(self, application: Application) -> None:
        by_name = {part.member.name: part for part in self.parts[application.name] if part.member.computes}
        for name, others in application.inside.items():
            part = by_name.get(name)
            if part is not None and part.start is not None:
                self._wait(part.start, tuple(s for other in others if other in by_name for s in by_name[other].up))

    def waves(self, applications: Sequence[Application]) -> None:
        """So many at a time, in the order in which they come; one that is through, well or not, makes room."""
        waves = self.plan.waves
        by_key = {part.member.key: part for parts in self.parts.values() for part in parts}
        computes = [by_key.get(member.key) for a in applications for member in order.computes(a)]
        for kind, most in ((MemberKind.LPAR, waves.lpars), (MemberKind.VM, waves.vms)):
            starts = [part.start for part in computes if part and part.member.kind is kind and part.start]
            for one, before in zip(starts[most:], starts, strict=False):
                self.after.setdefault(one, {})[before] = None
        groups = [by_key.get(member.key) for a in applications for member in a.of(MemberKind.RCG)]
        known = [part for part in groups if part is not None]
        for part, earlier in zip(known[waves.rcgs :], known, strict=False):
            for step in self._beginnings(part):
                self.after.setdefault(step, {}).update(dict.fromkeys(self._taken_over(earlier)))

    def _taken_over(self, part: Part) -> Ids:
        """After which steps a group can be shown to hosts: what shows it may wait for other groups."""
        live = [step for step in part.steps if self.steps[step].kind in LIVE]
        return _once(need for step in live for need in self.steps[step].needs if need not in live) or part.up

    def _beginnings(self, part: Part) -> Ids:
        """The steps with which a group is taken over, behind its fences."""
        rest = [step for step in part.steps if self.steps[step].kind not in FENCES]
        return tuple(step for step in rest if not set(self.steps[step].needs) & set(rest))

    # ------------------------------------------------------------------------------------------------- the plan's own

    def chain(self, name: str, steps: Sequence[PlanStep], before: Ids) -> Ids:
        """Steps of an application one after the other, behind those ``before``; without a ``name`` those of the plan.
        Returns what must be settled for all that went before."""
        for step in steps:
            before = (self._own(step, before),)
            self.mine.setdefault(name, []).extend(before)
        return before

    def _own(self, step: PlanStep, needs: Ids) -> str:
        add = self.own.add
        match step.does:
            case Command(argv, on, timeout_s):
                return add(RunCommand(on or HERE, argv, timeout_s), step.name, needs=needs, limit_s=timeout_s)
            case TcpProbe(host, port, timeout_s):
                return add(ProbeTcp(host, port), step.name, needs=needs, limit_s=timeout_s)
            case HttpProbe(url, timeout_s):
                return add(ProbeHttp(url), step.name, needs=needs, limit_s=timeout_s)
            case Prompt(instruction):
                return add(Ask(instruction), step.name, needs=needs)

    def _reached(self, words: str, needs: Ids) -> str:
        return self.own.add(Reached(words), words, needs=needs)

    def _joined(self, steps: Iterable[str], words: str) -> Ids:
        """The same steps, or one that stands for them where they are many."""
        found = _once(steps)
        return found if len(found) <= FEW else (self._reached(words, found),)

    # -------------------------------------------------------------------------------------------------------- edges

    def _needs(self, step: str) -> Ids:
        return _once((*self.steps[step].needs, *self.needs.get(step, ())))

    def _wait(self, step: str, others: Iterable[str]) -> None:
        self.needs.setdefault(step, {}).update(dict.fromkeys(others))

    def _roots(self, parts: Iterable[Part]) -> Ids:
        return tuple(step for part in parts for step in part.steps if not self.steps[step].needs)

    def finished(self, first: Ids) -> Iterable[PlannedStep]:
        """All steps with what was added. Nothing is begun before the ``first`` steps of the plan are settled."""
        mine = {step.id for step in self.own.steps[: len(self.plan.at(PlanWhen.FIRST))]}
        for step in (*self.own.steps[: len(mine)], *self.steps.values(), *self.own.steps[len(mine) :]):
            needs = _once((*step.needs, *self.needs.get(step.id, ())))
            if not needs and step.id not in mine:
                needs = first
            yield replace(step, needs=needs, after=_once((*step.after, *self.after.get(step.id, ()))))


def _once(steps: Iterable[str]) -> Ids:
    return tuple(dict.fromkeys(steps))
