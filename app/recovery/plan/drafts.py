"""What each technology does with its members in a run of a recovery plan, by the kind of run: its own drafts, without
waves where the plan has its own. Pure.
"""

from __future__ import annotations

from app.plans.records import Kind, MemberKind, RecoveryPlan
from app.recovery.plan.looked import Looked
from app.recovery.plan.parts import Drafted
from app.recovery.pod import plans as pod_plans
from app.recovery.pod.failover_plan import draw_failover, draw_reprotect
from app.recovery.pod.request import Asked as PodAsked
from app.recovery.pod.request import PodVerb
from app.recovery.pod.situation import PodDraft
from app.recovery.pra import drill_plan as lpar_drill
from app.recovery.pra import failover_plan, reprotect_plan
from app.recovery.pra.failover_draft import Asked as LparsAsked
from app.recovery.pra.failover_draft import Drawing
from app.recovery.pra.members import Member
from app.recovery.rcg import drill_plan as rcg_drill
from app.recovery.rcg import planning
from app.recovery.rcg.options import Options
from app.recovery.rcg.role_plans import draw, draw_protected
from app.recovery.rcg.situation import RcgDraft
from app.recovery.vm import back_plan, reverse_plan
from app.recovery.vm import drill_plan as vm_drill
from app.recovery.vm import failover_plan as vm_failover
from app.recovery.vm.failover_plan import Asked as VmsAsked
from app.recovery.vm.situation import VmDraft
from store.plan_runs import VMS
from store.rcg_verbs import RcgVerb, Standing

RCGS, PODS, LPARS = "r", "d", "l"
"""What the ids of the steps of each technology begin with, besides those of VMs."""


def drafted(plan: RecoveryPlan, kind: Kind, seen: Looked, run_id: str) -> Drafted:
    """The drafts of every member. A clean-up is none of members: it is drawn up out of the drill."""
    match kind:
        case Kind.DRILL:
            return _drill(plan, seen, run_id)
        case Kind.REPROTECT:
            return _reprotect(plan, seen, run_id)
        case Kind.FAILBACK:
            return _failback(plan, seen, run_id)
        case _:
            return _failover(plan, seen, run_id, disaster=kind is Kind.DISASTER)


def _failover(plan: RecoveryPlan, seen: Looked, run_id: str, *, disaster: bool) -> Drafted:
    most = len(plan.members) + 1
    options = Options(disaster=disaster, hosts=plan.rcg_hosts)
    groups = planning.drafted(RcgVerb.FAILOVER, list(seen.rcgs.values()), options, run_id, prefix=RCGS)
    pods = _pods(seen, run_id)
    for name, draft in pods.items():
        draw_failover(draft, disaster=disaster, stopped=_hosts(plan, seen, name))
    machines = vm_failover.drafted(list(seen.vms.values()), VmsAsked(disaster, wave=most), run_id, prefix=VMS)
    lpars = None
    if seen.pra is not None and seen.lpars:
        asked = LparsAsked(disaster, wave=most)
        lpars = failover_plan.drawn(
            "failover", seen.pra, _lpars(seen), asked, seen.witnesses, run_id, prefix=LPARS
        )  # fmt: skip
    return _all(seen, groups, machines, lpars, pods)


def _drill(plan: RecoveryPlan, seen: Looked, run_id: str) -> Drafted:
    most = len(plan.members) + 1
    serving = {plan.rcg_hosts.get(vlun, vlun) for vlun in _serving(seen)}
    groups = []
    for number, at in enumerate(seen.rcgs.values(), start=1):
        groups.append(RcgDraft(at, f"{RCGS}{number}.", run_id))
        rcg_drill.draw(groups[-1], plan.drill_hosts, serving)
    pods = _pods(seen, run_id)
    for name, draft in pods.items():
        pod_plans.draw(draft, PodAsked(PodVerb.PROMOTE, name, drill=True))
    machines = vm_drill.drafted(list(seen.vms.values()), run_id, most, prefix=VMS)
    lpars = None
    if seen.pra is not None and seen.lpars:
        lpars = lpar_drill.drawn(seen.pra, _lpars(seen), most, run_id, prefix=LPARS)
    return _all(seen, groups, machines, lpars, pods)


def _serving(seen: Looked) -> set[str]:
    """The hosts that see the volumes of the groups where these are served."""
    groups = (at.natural.any_group for at in seen.rcgs.values())
    return {vlun.host for group in groups if group is not None for volume in group.volumes for vlun in volume.vluns}


def _reprotect(plan: RecoveryPlan, seen: Looked, run_id: str) -> Drafted:
    groups: list[RcgDraft] = []
    options, wave = Options(), plan.waves.rcgs
    for number, at in enumerate(seen.rcgs.values(), start=1):
        before = groups[-wave].join if len(groups) >= wave else ()
        groups.append(RcgDraft(at, f"{RCGS}{number}.", run_id, before))
        if at.standing is Standing.FAILED_OVER:
            draw(groups[-1], RcgVerb.RECOVER, options)
        else:
            draw_protected(groups[-1])
    pods = _pods(seen, run_id)
    for draft in pods.values():
        draw_reprotect(draft)
    machines = _machines(seen, run_id)
    for machine in machines:
        reverse_plan.draw(machine)
    made = _all(seen, groups, machines, None, pods)
    if seen.pra is None or not seen.lpars:
        return made
    lpars = reprotect_plan.drafted(seen.pra, _lpars(seen), run_id, prefix=LPARS)
    return Drafted(made.rcgs, made.vms, None, made.pods, (lpars,))


def _failback(plan: RecoveryPlan, seen: Looked, run_id: str) -> Drafted:
    most = len(plan.members) + 1
    options = Options(hosts={there: here for here, there in plan.rcg_hosts.items()})
    groups = []
    for number, at in enumerate(seen.rcgs.values(), start=1):
        groups.append(RcgDraft(at, f"{RCGS}{number}.", run_id))
        verb = RcgVerb.REVERSE if at.standing is Standing.SWAPPED else RcgVerb.RESTORE
        draw(groups[-1], verb, options)
    pods = _pods(seen, run_id)
    for name, draft in pods.items():
        draw_failover(draft, disaster=False, stopped=_hosts(plan, seen, name))
    machines = _machines(seen, run_id)
    for machine in machines:
        _home(machine)
    lpars = None
    if seen.pra is not None and seen.lpars:
        lpars = failover_plan.drawn("failback", seen.pra, _lpars(seen), LparsAsked(wave=most), (), run_id, LPARS)
    return _all(seen, groups, machines, lpars, pods)


def _home(draft: VmDraft) -> None:
    """A VM goes home once it was protected there: else a source that is lost meanwhile would leave nothing."""
    at = draft.at
    copy = reverse_plan.protected(at)
    words = f"{at.name} was reprotected: {at.source.device} has a complete copy of what runs at {at.target.device}"
    frozen = "none: reprotect it first" if copy is None else f"{copy.name} of {copy.marks.get(back_plan.FROZEN, '?')}"
    seen = at.source.failure or frozen
    if draft.guard("vm.reprotected", words, copy is not None, seen, at.source):
        back_plan.draw(draft)
    if not draft.refused:
        up = tuple(step.id for step in draft.steps if step.kind == "vm.up")
        reverse_plan.drop(draft, at, up)


def _pods(seen: Looked, run_id: str) -> dict[str, PodDraft]:
    named = enumerate(seen.pods.items(), start=1)
    return {name: PodDraft(at, f"{PODS}{number}.", run_id) for number, (name, at) in named}


def _machines(seen: Looked, run_id: str) -> list[VmDraft]:
    return [VmDraft(at, f"{VMS}{number}.", run_id) for number, at in enumerate(seen.vms.values(), start=1)]


def _lpars(seen: Looked) -> list[Member]:
    return [seen.lpars[name] for name in sorted(seen.lpars)]


def _all(
    seen: Looked, groups: list[RcgDraft], machines: list[VmDraft], lpars: Drawing | None, pods: dict[str, PodDraft]
) -> Drafted:
    return Drafted(dict(zip(seen.rcgs, groups, strict=True)), dict(zip(seen.vms, machines, strict=True)), lpars, pods)


def _hosts(plan: RecoveryPlan, seen: Looked, pod: str) -> frozenset[str]:
    """The hosts of the LPARs that are stopped before a pod is demoted: those of its own application."""
    if seen.pra is None:
        return frozenset()
    mine = [a for a in plan.applications if any((m.kind, m.name) == (MemberKind.POD, pod) for m in a.members)]
    return frozenset(seen.pra.pra.host_of(m.name) for a in mine for m in a.of(MemberKind.LPAR))
