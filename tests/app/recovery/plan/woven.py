"""Recovery plans with drafted steps that look like those of each technology, for tests of how they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from app.plans.records import (
    Application,
    Command,
    Group,
    Kind,
    Member,
    MemberKind,
    PlanStep,
    PlanWhen,
    RecoveryPlan,
    Waves,
    When,
)
from app.recovery.draft import Draft
from app.recovery.plan.compose import Woven, weave
from app.recovery.plan.drafting import PlanAt
from app.recovery.plan.parts import Part
from store.runs import PlannedStep

WOVEN = (Kind.PLANNED, Kind.DISASTER, Kind.DRILL, Kind.FAILBACK)
"""The kinds of run that have an order."""

PLANNED = (Kind.PLANNED, Kind.FAILBACK)
"""Those that stop everything in order first."""

KINDS = (MemberKind.LPAR, MemberKind.RCG, MemberKind.VM, MemberKind.POD)


@dataclass
class Drafts:
    """Drafted steps and the parts that they make up; ``shared`` is the last snapshot that all LPARs share."""

    kind: Kind
    steps: list[PlannedStep] = field(default_factory=list)
    parts: dict[str, list[Part]] = field(default_factory=dict)

    def add(self, step_id: str, kind: str, needs: tuple[str, ...] = (), *, destructive: bool = False) -> str:
        self.steps.append(PlannedStep(step_id, kind, "{}", step_id, "device", "call", needs, (), destructive))
        return step_id

    def member(self, application: str, member: Member, number: int, shared: str) -> None:
        before = len(self.steps)
        makers = {
            MemberKind.RCG: self._rcg,
            MemberKind.POD: self._pod,
            MemberKind.VM: self._vm,
            MemberKind.LPAR: self._lpar,
        }
        stops, start, up = makers[member.kind](f"{member.kind[:2]}{number}.", shared)
        ids = tuple(step.id for step in self.steps[before:])
        self.parts.setdefault(application, []).append(Part(application, member, ids, stops, start, up))

    def _rcg(self, at: str, shared: str) -> tuple[tuple[str, ...], None, tuple[str, ...]]:
        if self.kind is Kind.DRILL:
            taken = self.add(f"{at}1", "sv.set")
            return (), None, (self.add(f"{at}2", "vlun.create", (taken,)),)
        away = self.add(f"{at}1", "vlun.remove", destructive=True)
        stop = self.add(f"{at}2", "rcg.stop", (away,), destructive=True)
        over = self.add(f"{at}3", "rcg.failover", (stop,), destructive=True)
        shown = self.add(f"{at}4", "vlun.create", (over,))
        return (), None, (self.add(f"{at}5", "vlun.none", (shown,)),)

    def _pod(self, at: str, shared: str) -> tuple[tuple[str, ...], None, tuple[str, ...]]:
        over = (self.add(f"{at}1", "pod.demote", destructive=True),) if self.kind in PLANNED else ()
        promoted = self.add(f"{at}2", "pod.promote", over, destructive=True)
        self.add(f"{at}3", "pod.replicating", (promoted,))
        return (), None, (promoted,)

    def _vm(self, at: str, shared: str) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
        if self.kind is Kind.DRILL:
            on = self.add(f"{at}2", "vm.start", (self.add(f"{at}1", "vm.clone"),))
            return (), on, (self.add(f"{at}3", "vm.up", (on,)),)
        stop = self.add(f"{at}1", "vm.stop", destructive=True)
        copied = self.add(f"{at}2", "vm.carry", (stop,))
        marked = self.add(f"{at}3", "vm.mark", (copied,))
        on = self.add(f"{at}4", "vm.start", (marked,))
        return (stop,), on, (self.add(f"{at}5", "vm.up", (on,)),)

    def _lpar(self, at: str, shared: str) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
        if self.kind is Kind.DRILL:
            away = self.add(f"{at}2", "host.disconnect", (self.add(f"{at}1", "volume.make"),))
            on = self.add(f"{at}3", "lpar.activate", (away,))
            return (), on, (self.add(f"{at}4", "lpar.up", (on,)),)
        stop = self.add(f"{at}1", "lpar.stop", destructive=True)
        at_once = self.kind is Kind.DISASTER
        copied = self.add(f"{at}2", "volume.overwrite", (stop,) if at_once else (stop, shared), destructive=True)
        on = self.add(f"{at}3", "lpar.activate", (copied,), destructive=True)
        return (stop,), on, (self.add(f"{at}4", "lpar.up", (on,)),)


def drafts(plan: RecoveryPlan, kind: Kind) -> Drafts:
    found = Drafts(kind)
    shared = "shared"
    numbers = {member.key: number for number, (_, member) in enumerate(plan.members)}
    for application in plan.applications:
        found.parts[application.name] = []
        for member in application.members:
            found.member(application.name, member, numbers[member.key], shared)
    stops = tuple(
        s for parts in found.parts.values() for p in parts if p.member.kind is MemberKind.LPAR for s in p.stops
    )
    found.add(shared, "pg.snapshot", stops)
    return found


def woven(plan: RecoveryPlan, kind: Kind) -> tuple[Woven, Drafts]:
    found = drafts(plan, kind)
    own: Draft[PlanAt] = Draft(PlanAt(plan.name, datetime(2026, 1, 1, tzinfo=UTC)), "p", "run")
    return weave(plan, kind, found.parts, found.steps, (), own), found


def step(when: When | PlanWhen) -> PlanStep:
    return PlanStep(when, f"{when}", Command(("true",), None, 1.0), 1)


def plan_of(
    applications: tuple[Application, ...],
    groups: tuple[Group, ...] = (),
    waves: Waves | None = None,
    steps: tuple[PlanStep, ...] = (),
) -> RecoveryPlan:
    path = Path("/plans/p.toml")
    return RecoveryPlan("p", path, "0" * 64, "paris", "lyon", groups, applications, waves or Waves(), steps=steps)


def application(
    name: str,
    *members: tuple[MemberKind, str],
    group: str = "",
    after: tuple[str, ...] = (),
    inside: Mapping[str, tuple[str, ...]] | None = None,
    steps: tuple[PlanStep, ...] = (),
) -> Application:
    found = tuple(Member(kind, member, 1) for kind, member in members)
    return Application(name, group, 1, found, after, inside or {}, None, None, steps)


@st.composite
def plans(draw: st.DrawFn) -> RecoveryPlan:
    """Any plan without a circle: later applications and groups may come after any earlier ones."""
    groups: list[Group] = []
    for number in range(draw(st.integers(0, 3))):
        after = draw(st.sets(st.sampled_from([g.name for g in groups]))) if groups else set()
        groups.append(Group(f"g{number}", tuple(sorted(after)), 1))
    places = sorted(draw(st.lists(st.integers(0, max(0, len(groups) - 1)), min_size=1, max_size=6)))
    made: list[Application] = []
    number = 0
    for place in places:
        members = []
        for kind in draw(
            st.lists(
                st.sampled_from([MemberKind.LPAR, MemberKind.RCG, MemberKind.VM, MemberKind.POD]),
                min_size=1,
                max_size=4,
            )
        ):
            members.append((kind, f"m{number}"))
            number += 1
        computes = [name for kind, name in members if kind in (MemberKind.LPAR, MemberKind.VM)]
        inside = {}
        for index, name in enumerate(computes[1:], start=1):
            if draw(st.booleans()):
                inside[name] = (draw(st.sampled_from(computes[:index])),)
        after = draw(st.sets(st.sampled_from([a.name for a in made]))) if made else set()
        steps = tuple(step(when) for when in When if draw(st.booleans()))
        group = groups[place].name if groups else ""
        made.append(
            application(f"a{len(made)}", *members, group=group, after=tuple(sorted(after)), inside=inside, steps=steps)
        )
    used = {a.group for a in made}
    kept = tuple(Group(g.name, tuple(a for a in g.after if a in used), 1) for g in groups if g.name in used)
    waves = Waves(*(draw(st.integers(1, 3)) for _ in range(3)))
    whole = tuple(step(when) for when in PlanWhen if draw(st.booleans()))
    order = draw(st.permutations(made))
    return plan_of(tuple(order), kept, waves, whole)
