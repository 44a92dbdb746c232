"""What a plan is composed of: the steps that each member was drafted by its own technology. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct, field

from app.plans.records import Application, Member, MemberKind, RecoveryPlan
from app.recovery.draft import Draft
from app.recovery.pod.situation import PodDraft
from app.recovery.pra.failover_draft import Drawing
from app.recovery.rcg.situation import RcgDraft
from app.recovery.vm.situation import VmDraft
from store.runs import PlannedStep

STOPS = frozenset({"lpar.stop", "vm.stop", "host.disconnect"})
"""Kinds of step by which an LPAR or a VM cannot write any more."""
FENCES = STOPS | {"vlun.remove", "pod.demote"}
"""Kinds of step by which the old side cannot write any more."""
LIVE = frozenset({"lpar.activate", "vm.start", "vlun.create", "pod.promote"})
"""Kinds of step by which something can write at the other side."""


class Part(Struct, frozen=True):
    """A member with the ids of its own steps. ``stops`` are those by which it is stopped, ``start`` the one by which it
    comes up, and ``up`` those after which it serves. What several members share is no one's own."""

    application: str
    member: Member
    steps: tuple[str, ...]
    stops: tuple[str, ...] = ()
    start: str | None = None
    up: tuple[str, ...] = ()


class Drafted(Struct, frozen=True):
    """The drafts of all members of a plan: of each remote copy group, pod and VM by name, and of all LPARs in one.
    ``others`` are about no single member, and have no order among them."""

    rcgs: dict[str, RcgDraft]
    vms: dict[str, VmDraft]
    lpars: Drawing | None
    pods: dict[str, PodDraft] = field(default_factory=dict)
    others: tuple[Draft[Any], ...] = ()

    @property
    def drafts(self) -> Sequence[Draft[Any]]:
        lpars = [self.lpars.draft] if self.lpars is not None else []
        return [*self.rcgs.values(), *self.pods.values(), *lpars, *self.others, *self.vms.values()]


def parts(plan: RecoveryPlan, drafted: Drafted) -> dict[str, tuple[Part, ...]]:
    """The members that were drafted, by application."""
    return {application.name: tuple(_parts(application, drafted)) for application in plan.applications}


def _parts(application: Application, drafted: Drafted) -> Iterable[Part]:
    for member in application.members:
        found = None
        if member.kind is MemberKind.RCG and member.name in drafted.rcgs:
            draft = drafted.rcgs[member.name]
            ids = tuple(step.id for step in draft.steps)
            found = Part(application.name, member, ids, up=draft.join)
        elif member.kind is MemberKind.POD and member.name in drafted.pods:
            pod = drafted.pods[member.name]
            ids = tuple(step.id for step in pod.steps)  # that it is protected again need not be waited for
            found = Part(application.name, member, ids, up=_of(pod.steps, {"pod.promote"}))
        elif member.kind is MemberKind.VM and member.name in drafted.vms:
            found = _vm(application.name, member, drafted.vms[member.name])
        elif member.kind is MemberKind.LPAR and drafted.lpars is not None:
            found = _lpar(application.name, member, drafted.lpars)
        if found is not None:
            yield found


def _vm(application: str, member: Member, draft: VmDraft) -> Part:
    ids = tuple(step.id for step in draft.steps)
    start = next((step.id for step in draft.steps if step.kind == "vm.start"), None)
    up = _of(draft.steps, {"vm.up"}) or draft.join
    return Part(application, member, ids, _of(draft.steps, STOPS), start, up)


def _lpar(application: str, member: Member, drawing: Drawing) -> Part | None:
    if member.name not in drawing.up:
        return None
    number = next(n for n, each in enumerate(drawing.members) if each.name == member.name)
    stops, copied = drawing.fenced.get(member.name, ()), drawing.copied.get(member.name, ())
    start, up = drawing.running[number], drawing.up[member.name]
    return Part(application, member, tuple(dict.fromkeys((*stops, *copied, start, up))), stops, start, (up,))


def _of(steps: Iterable[PlannedStep], kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(step.id for step in steps if step.kind in kinds)
