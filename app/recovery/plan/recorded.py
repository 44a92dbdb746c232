"""What a run of a recovery plan keeps of the file: applications and members, which steps are whose, and what each
application should come to. So board, wall and evidence need neither the file nor the prediction again. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from app.plans import order
from app.plans.records import Application, Group, Member, MemberKind, RecoveryPlan
from app.recovery.plan.compose import Woven
from app.recovery.plan.parts import Part
from app.recovery.prediction import Span
from backends.flasharray.records import origin
from store.recovery import Recovery, RunApplication, RunGroup, RunMember, RunWaves
from store.runs import PlannedStep

Parts = Mapping[str, Sequence[Part]]


class Steps(Struct, frozen=True):
    """The steps of a run: all of them; by application the one after which it is ``up``, and the ``own`` ones that the
    file gives it, under an empty name those of the whole plan."""

    every: Sequence[PlannedStep]
    up: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)


def marks(woven: Woven, parts: Parts) -> dict[str, tuple[str, ...]]:
    """What is to be foreseen: by the step that settles an application itself, by the key of a member what it serves
    after."""
    members = {part.member.key: part.up for found in parts.values() for part in found if part.up}
    return {**members, **{step: (step,) for step in woven.up.values()}}


def recovery(
    plan: RecoveryPlan, parts: Parts, steps: Steps, spans: Mapping[str, Span], losses: Mapping[str, float | None]
) -> Recovery:
    """``spans`` are those of :func:`marks`; ``losses`` by application what it loses at most, in seconds. A run that
    brings nothing up has neither."""
    owned = {step for found in parts.values() for part in found for step in part.steps}
    shared = [step for step in steps.every if step.id not in owned]
    return Recovery(
        plan=plan.name,
        path=str(plan.path),
        digest=plan.digest,
        source=plan.source,
        target=plan.target,
        groups=tuple(RunGroup(group.name, group.after) for group in _groups(plan)),
        applications=tuple(
            _application(each, parts.get(each.name, ()), shared, steps, spans, losses.get(each.name))
            for each in order.applications(plan)
        ),
        own=tuple(steps.own.get("", ())),
        waves=RunWaves(plan.waves.lpars, plan.waves.rcgs, plan.waves.vms),
    )


def _groups(plan: RecoveryPlan) -> Iterable[Group]:
    by_name = {group.name: group for group in plan.groups}
    return (by_name[name] for name in order.ordered(tuple(by_name), {g.name: g.after for g in plan.groups}))


def _application(
    application: Application,
    parts: Sequence[Part],
    shared: Sequence[PlannedStep],
    steps: Steps,
    spans: Mapping[str, Span],
    loss_s: float | None,
) -> RunApplication:
    by_key = {part.member.key: part for part in parts}
    up = steps.up.get(application.name)
    when = None if up is None else spans.get(up)
    return RunApplication(
        name=application.name,
        group=application.group,
        after=application.after,
        members=tuple(
            _member(each, by_key.get(each.key), shared, spans, brought_up=up is not None)
            for each in application.members
        ),
        own=tuple(steps.own.get(application.name, ())),
        up=up,
        rto_s=application.rto_s,
        rpo_s=application.rpo_s,
        loss_s=loss_s,
        p50_s=None if when is None else when.p50_s,
        p95_s=None if when is None else when.p95_s,
    )


def _member(
    member: Member, part: Part | None, shared: Sequence[PlannedStep], spans: Mapping[str, Span], *, brought_up: bool
) -> RunMember:
    if part is None:  # a protection group: its LPARs share what is done to it
        steps = tuple(step.id for step in shared if member.kind is MemberKind.PGROUP and _about(step, member.name))
        return RunMember(str(member.kind), member.name, steps)
    if not brought_up:
        return RunMember(str(member.kind), member.name, part.steps)
    when = spans.get(member.key)
    p50_s = None if when is None else when.p50_s
    return RunMember(str(member.kind), member.name, part.steps, part.start, part.up, p50_s)


def _about(step: PlannedStep, group: str) -> bool:
    """Whether a step is about a protection group, or about a snapshot of one or of its replica."""
    if not step.kind.startswith("pg."):
        return False
    told = [value for value in json.loads(step.params).values() if isinstance(value, str)]
    names = {origin(value)[1] for value in told}
    return any(name == group or name.startswith(f"{group}.") for name in names)
