"""The plan of a run out of a recovery plan and a look at its members: each drafted by its own technology, then put
together. Pure.

All LPARs are drafted together: those that share a protection group share its last snapshot, which is taken once all of
them are stopped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from app.plans.records import STEP_KINDS, Application, Kind, MemberKind, RecoveryPlan, When
from app.recovery import prediction
from app.recovery.draft import Draft, agreed, once
from app.recovery.plan import checks, drafts
from app.recovery.plan.compose import weave
from app.recovery.plan.looked import Looked
from app.recovery.plan.parts import Drafted, parts
from app.recovery.plan.recorded import Steps, marks, recovery
from app.recovery.pra import failover_checks
from app.recovery.pra.failover_fence import FENCED_S
from app.recovery.prediction import Durations, Span
from app.recovery.rcg.situation import way_back
from app.recovery.vm import rehearsal
from store import plan_runs
from store.plan_runs import verb
from store.runs import Plan

_LOSS = {
    Kind.PLANNED: "nothing: everything is stopped first, then the last of it carried over",
    Kind.FAILBACK: "nothing: everything is stopped first, then the last of it carried home",
    Kind.DRILL: "nothing: production runs on, and the drill has copies of its own",
    Kind.REPROTECT: "nothing of what runs now. What the old side alone held is overwritten; snapshots there keep it",
}


class PlanAt(Struct, frozen=True):
    """A recovery plan as a member of its own run."""

    name: str
    now: datetime

    @property
    def keys(self) -> tuple[str, ...]:
        return (plan_runs.target(self.name),)


class Outlook(Struct, frozen=True):
    """What a run means for one application: the loss at most in seconds (None: nothing bounds it), and when it should
    be up."""

    application: str
    loss_s: float | None
    up: Span | None


class Drawn(Struct, frozen=True):
    """The plan of a run, and what it means for each application."""

    plan: Plan
    outlooks: tuple[Outlook, ...]


def draw(
    plan: RecoveryPlan, kind: Kind, seen: Looked, run_id: str, durations: Durations, sessions: Mapping[str, int]
) -> Drawn:
    """The plan of a run of this ``kind``, which is no clean-up; ``durations`` are those of steps that were seen,
    ``sessions`` how many are sent to a device at a time. Nothing is sent."""
    whole, plan = plan, plan.of_kind(kind)
    drafted = drafts.drafted(plan, kind, seen, run_id)
    own: Draft[PlanAt] = Draft(PlanAt(plan.name, seen.at), "p", run_id)
    checks.guard(plan, kind, seen, drafted, own)
    losses = {each.name: _loss(each, kind, seen, drafted) for each in plan.applications}
    made = _merged(whole, kind, own, drafted)
    if made.refused:
        return Drawn(made, tuple(Outlook(a.name, losses[a.name], None) for a in plan.applications))
    steps = [step for draft in drafted.drafts for step in draft.steps]
    undoes = [step for draft in drafted.drafts for step in draft.undoes]
    found = parts(plan, drafted)
    if kind is Kind.REPROTECT:
        made = prediction.foreseen(replace(made, steps=(*steps, *undoes)), durations, {}, sessions)[0]
        made = replace(made, recovery=recovery(plan, found, Steps(made.steps), {}, {}))
        return Drawn(made, tuple(Outlook(a.name, None, None) for a in plan.applications))
    way = plan if kind is not Kind.FAILBACK else replace(plan, source=plan.target, target=plan.source)
    woven = weave(way, kind, found, steps, undoes, own)
    wanted = marks(woven, found)
    made, spans = prediction.foreseen(replace(made, steps=woven.steps), durations, wanted, sessions)
    outlooks = tuple(Outlook(a.name, losses[a.name], spans.get(woven.up[a.name])) for a in plan.applications)
    known = [loss for loss in losses.values() if loss is not None]
    words = "; ".join(f"{each.application} {_span(each.loss_s)}" for each in outlooks)
    made = replace(
        made,
        loss=_LOSS.get(kind, words),
        loss_s=max(known) if len(known) == len(losses) else None,
        notes=(*(_targets(a, o) for a, o in zip(plan.applications, outlooks, strict=True)), *made.notes),
        recovery=recovery(way, found, Steps(woven.steps, woven.up, woven.own), spans, losses),
    )
    return Drawn(made, outlooks)


def _merged(plan: RecoveryPlan, kind: Kind, own: Draft[PlanAt], drafted: Drafted) -> Plan:
    """Everything but the steps and what is lost. ``plan`` has all of its own steps."""
    every, name = [own, *drafted.drafts], f"{kind} {plan.name}"
    words = agreed(name, every)
    refused = [draft.at for draft in drafted.rcgs.values() if draft.refused]
    machines = [draft.at for draft in drafted.vms.values()]
    rehearsed = [rehearsal.note(machines)] if kind is Kind.DRILL and machines else []
    return Plan(
        verb=verb(kind),
        name=name,
        targets=once(key for draft in every for key in draft.at.keys),
        made_at=min(draft.at.now for draft in every),
        guards=tuple(guard for draft in every for guard in draft.guards),
        confirm=once((name, *words)),
        loss="; ".join(once([_LOSS.get(kind, ""), *_given_up(kind, drafted)])),
        lasting=once(text for draft in every for text in draft.lasting),
        way_back=once(text for at in refused for text in way_back(at)),
        notes=once([*_notes(plan, kind), *rehearsed, *(text for draft in every for text in draft.notes)]),
    )


def _given_up(kind: Kind, drafted: Drafted) -> Iterable[str]:
    """What a member alone loses where the others lose nothing: an old side that came back gives up what it holds."""
    if kind is Kind.REPROTECT:
        yield from (draft.loss for draft in drafted.pods.values() if not draft.loss.startswith("nothing"))


def _notes(plan: RecoveryPlan, kind: Kind) -> Iterable[str]:
    """What a person has to know of a run of this kind."""
    if kind is Kind.DISASTER:
        stops = [
            a.name for a in plan.applications if any(Kind.DISASTER in step.kinds for step in a.at(When.BEFORE_STOP))
        ]
        if stops:
            yield f"The steps before the stop of {', '.join(stops)} are left out: this is a disaster."
    elif kind in (Kind.PLANNED, Kind.FAILBACK):
        home = plan.source if kind is Kind.PLANNED else plan.target
        yield (
            "Given up half-way: an application of which nothing was overwritten, failed over or marked can be started "
            f"again at {home} as it was; the steps of the run say of which that is true."
        )
    left = [step.name for step in plan.every_step if kind not in step.kinds]
    if left and kind in STEP_KINDS:
        yield f"Steps of the plan that belong to other kinds of run: {', '.join(left)}."
    if kind is Kind.DRILL:
        yield f"The clean-up is owed until it is done: drdeck plan run {plan.name} --kind cleanup"
    if kind is Kind.REPROTECT:
        yield f"Then home again: drdeck plan run {plan.name} --kind failback"


def _loss(application: Application, kind: Kind, seen: Looked, drafted: Drafted) -> float | None:
    """How much it loses at most, in seconds: the largest of its members. None: nothing bounds it."""
    if kind is not Kind.DISASTER:
        return 0.0
    found: list[float | None] = []
    for member in application.members:
        if member.kind is MemberKind.RCG and member.name in drafted.rcgs:
            found.append(drafted.rcgs[member.name].loss_s)
        elif member.kind is MemberKind.POD and member.name in drafted.pods:
            found.append(drafted.pods[member.name].loss_s)
        elif member.kind is MemberKind.VM and member.name in drafted.vms:
            found.append(drafted.vms[member.name].loss_s)
    lpars = [seen.lpars[m.name] for m in application.of(MemberKind.LPAR) if m.name in seen.lpars]
    if lpars and seen.pra is not None and drafted.lpars is not None:
        running = any(drafted.lpars.fenced.get(lpar.name) for lpar in lpars)
        found.append(failover_checks.bound(seen.pra, lpars, FENCED_S if running else 0.0).seconds)
    known = [loss for loss in found if loss is not None]
    return max(known) if known and len(known) == len(found) else None


def _targets(application: Application, outlook: Outlook) -> str:
    """What an application should come to, against its targets."""
    loss, up = outlook.loss_s, outlook.up
    rpo = "" if application.rpo_s is None else f" (RPO {_span(application.rpo_s)})"
    rto = "" if application.rto_s is None else f" (RTO {_span(application.rto_s)})"
    when = "" if up is None else f", up after {_span(up.p50_s)}, 19 times out of 20 within {_span(up.p95_s)}{rto}"
    late = up is not None and application.rto_s is not None and up.p95_s > application.rto_s
    much = loss is not None and application.rpo_s is not None and loss > application.rpo_s
    beyond = [word for word, holds in (("RPO", much), ("RTO", late)) if holds]
    more = f": beyond its {' and '.join(beyond)}" if beyond else ""
    return f"{application.name}: loses at most {_span(loss)}{rpo}{when}{more}"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "nobody knows how much"
    if seconds == 0:
        return "nothing"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{math.ceil(seconds / 60)} min"
