"""The plan of a run out of a recovery plan and a look at its members: each drafted by its own technology, then put
together. Pure.

All LPARs are drafted together: those that share a protection group share its last snapshot, which is taken once all of
them are stopped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.plans.records import Application, Kind, MemberKind, RecoveryPlan, When
from app.recovery import prediction
from app.recovery.draft import Draft, agreed, once
from app.recovery.plan import checks
from app.recovery.plan.compose import weave
from app.recovery.plan.looked import Looked
from app.recovery.plan.parts import Drafted, parts
from app.recovery.pod.failover_plan import draw_failover
from app.recovery.pod.situation import PodDraft
from app.recovery.pra import failover_checks, failover_plan
from app.recovery.pra.failover_draft import Asked as LparsAsked
from app.recovery.pra.failover_fence import FENCED_S
from app.recovery.prediction import Durations, Span
from app.recovery.rcg import planning
from app.recovery.rcg.options import Options
from app.recovery.rcg.situation import way_back
from app.recovery.vm import failover_plan as vm_plan
from app.recovery.vm.failover_plan import Asked as VmsAsked
from store.plan_runs import VMS, verb
from store.rcg_verbs import RcgVerb
from store.runs import Plan

_FIRST = (
    f"Where the old site answers, the loss that is agreed to counts for {FENCED_S / 60:g} min: where the first steps "
    "take longer, nothing more is stopped or failed over, and the run has to be planned anew."
)


@dataclass(frozen=True, slots=True)
class PlanAt:
    """A recovery plan as a member of its own run."""

    name: str
    now: datetime

    @property
    def keys(self) -> tuple[str, ...]:
        return (f"plan:{self.name}",)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run means for one application: the loss at most in seconds (None: nothing bounds it), and when it should
    be up."""

    application: str
    loss_s: float | None
    up: Span | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The plan of a run, and what it means for each application."""

    plan: Plan
    outlooks: tuple[Outlook, ...]


def draw(
    plan: RecoveryPlan, kind: Kind, seen: Looked, run_id: str, durations: Durations, sessions: Mapping[str, int]
) -> Drawn:
    """The plan of a run of this ``kind``; ``durations`` are those of steps that were seen, ``sessions`` how many are
    sent to a device at a time. Nothing is sent."""
    drafted = _drafted(plan, kind, seen, run_id)
    own: Draft[PlanAt] = Draft(PlanAt(plan.name, seen.at), "p", run_id)
    checks.guard(plan, kind, seen, drafted, own)
    refused = own.refused or any(draft.refused for draft in drafted.drafts)
    name = f"{kind} {plan.name}"
    losses = {each.name: _loss(each, kind, seen, drafted) for each in plan.applications}
    made = _merged(plan, kind, name, own, drafted)
    if refused:
        return Drawn(made, tuple(Outlook(a.name, losses[a.name], None) for a in plan.applications))
    steps = [step for draft in drafted.drafts for step in draft.steps]
    undoes = [step for draft in drafted.drafts for step in draft.undoes]
    woven = weave(plan, kind, parts(plan, drafted), steps, undoes, own)
    made, spans = prediction.foreseen(replace(made, steps=woven.steps), durations, tuple(woven.up.values()), sessions)
    outlooks = tuple(Outlook(a.name, losses[a.name], spans.get(woven.up[a.name])) for a in plan.applications)
    known = [loss for loss in losses.values() if loss is not None]
    words = "; ".join(f"{each.application} {_span(each.loss_s)}" for each in outlooks)
    made = replace(
        made,
        loss=words
        if kind is Kind.DISASTER
        else "nothing: everything is stopped first, then the last of it carried over",
        loss_s=max(known) if len(known) == len(losses) else None,
        notes=(*(_targets(a, o) for a, o in zip(plan.applications, outlooks, strict=True)), *made.notes),
    )
    return Drawn(made, outlooks)


def _drafted(plan: RecoveryPlan, kind: Kind, seen: Looked, run_id: str) -> Drafted:
    """Each technology's own drafts, without waves: these are the plan's."""
    disaster = kind is Kind.DISASTER
    most = len(plan.members) + 1
    options = Options(disaster=disaster, hosts=plan.rcg_hosts, wave=most)
    groups = planning.drafted(RcgVerb.FAILOVER, list(seen.rcgs.values()), options, run_id, prefix="r")
    pods = {}
    for number, (name, at) in enumerate(seen.pods.items(), start=1):
        pods[name] = PodDraft(at, f"d{number}.", run_id)
        draw_failover(pods[name], disaster=disaster, stopped=_hosts(plan, seen, name))
    vms = list(seen.vms.values())
    machines = vm_plan.drafted(vms, VmsAsked(disaster, wave=most), run_id, prefix=VMS)
    lpars = None
    if seen.pra is not None and seen.lpars:
        asked = LparsAsked(disaster, wave=most)
        found = [seen.lpars[name] for name in sorted(seen.lpars)]
        lpars = failover_plan.drawn("failover", seen.pra, found, asked, seen.witnesses, run_id, prefix="l")
    of_vms = dict(zip(seen.vms, machines, strict=True))
    return Drafted(dict(zip(seen.rcgs, groups, strict=True)), of_vms, lpars, pods)


def _hosts(plan: RecoveryPlan, seen: Looked, pod: str) -> frozenset[str]:
    """The hosts of the LPARs that are stopped before a pod is demoted: those of its own application."""
    if seen.pra is None:
        return frozenset()
    mine = [a for a in plan.applications if any((m.kind, m.name) == (MemberKind.POD, pod) for m in a.members)]
    return frozenset(seen.pra.pra.host_of(m.name) for a in mine for m in a.of(MemberKind.LPAR))


def _merged(plan: RecoveryPlan, kind: Kind, name: str, own: Draft[PlanAt], drafted: Drafted) -> Plan:
    """Everything but the steps and what is lost."""
    every = [own, *drafted.drafts]
    words = agreed(name, every)
    left_out = [a.name for a in plan.applications if a.at(When.BEFORE_STOP)] if kind is Kind.DISASTER else []
    notes = (
        [f"The steps before the stop of {', '.join(left_out)} are left out: this is a disaster."] if left_out else []
    )
    if kind is Kind.PLANNED:
        notes.append(
            "Given up half-way: an application of which nothing was overwritten, failed over or marked can be started "
            f"again at {plan.source} as it was; the steps of the run say of which that is true."
        )
    refused = [draft.at for draft in drafted.rcgs.values() if draft.refused]
    return Plan(
        verb=verb(kind),
        name=name,
        targets=once(key for draft in every for key in draft.at.keys),
        made_at=min(draft.at.now for draft in every),
        guards=tuple(guard for draft in every for guard in draft.guards),
        confirm=once((name, *words)),
        lasting=once(text for draft in every for text in draft.lasting),
        way_back=once(text for at in refused for text in way_back(at)),
        notes=once([*notes, *(text for draft in every for text in draft.notes)]),
    )


def _loss(application: Application, kind: Kind, seen: Looked, drafted: Drafted) -> float | None:
    """How much it loses at most, in seconds: the largest of its members. None: nothing bounds it."""
    if kind is Kind.PLANNED:
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
