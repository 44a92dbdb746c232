"""What the lab's world must hold of all members of a plan during a run and after it. No device's door is asked; of the
run only the journal's word of when its steps were done is taken, for their order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from app.plans.records import USUAL_KINDS, Kind
from app.recovery.plan.parts import LIVE
from store.estate import PowerState
from store.rcg_verbs import RcgVerb
from store.runs import Run
from tests.faults.judge import beyond, differences, goal, truth
from tests.faults.lpar_judge import LparJudge
from tests.faults.plan_drawn import DrawnPlan
from tests.faults.plan_estate import PlanEstate

if TYPE_CHECKING:
    from tests.faults.plan_trials import Case


VERBS = {
    Kind.PLANNED: "failover",
    Kind.DISASTER: "disaster",
    Kind.REPROTECT: "reprotect",
    Kind.FAILBACK: "failback",
}
"""What a kind of run does with an LPAR."""
RCG_VERBS = {
    Kind.PLANNED: RcgVerb.FAILOVER,
    Kind.DISASTER: RcgVerb.FAILOVER,
    Kind.REPROTECT: RcgVerb.RECOVER,
    Kind.FAILBACK: RcgVerb.RESTORE,
}


class PlanJudge:
    """Judges one run, from before it begins. ``bounds``: what each application may lose, in seconds."""

    def __init__(
        self, estate: PlanEstate, case: Case, plan: DrawnPlan, run: Run, bounds: Mapping[str, float | None]
    ) -> None:
        self._estate = estate
        self._case = case
        self._plan = plan
        self._run = run
        self._bounds = bounds
        every = [(name, f"pg-{app.lpars[0]}") for app in plan.apps for name in app.lpars]
        self._lpars = [LparJudge(estate.lpars, VERBS[case.kind], run, name, group) for name, group in every]
        self._to = "paris" if case.kind is Kind.FAILBACK else "lyon"
        self._rcgs = {name: truth(estate.rcgs, name) for app in plan.apps for name in app.rcgs}
        self._losses = len(estate.world.referee.losses)
        if not case.dark and case.kind is not Kind.REPROTECT:
            for name in self._rcgs:  # by its owner, who stops what writes to it before it is taken away
                estate.rcgs.switch_off("lyon" if case.kind is Kind.FAILBACK else "paris", name)

    def always(self, found: Run) -> str | None:
        wrong = [text for judge in self._lpars if (text := judge.always(found))]
        wrong += [*self._beyond(), *self._early(found), *self._hooks_twice()]
        return "; ".join(wrong) or None

    def _beyond(self) -> Iterator[str]:
        """No application lost more than was agreed to."""
        with self._estate.world.turn():
            losses = list(self._estate.world.referee.losses[self._losses :])
        for app in self._plan.apps:
            bound = self._bounds[app.name]
            mine = {*app.lpars, *app.vms, *(f"{site}/{name}-srv" for name in app.rcgs for site in ("paris", "lyon"))}
            for loss in losses:
                if loss.origin in mine and not loss.drill and bound is not None and beyond(loss, bound):
                    yield f"{app.name} lost {loss.seconds:g} s of {loss.origin}, {bound:g} s were agreed to"

    def _early(self, found: Run) -> Iterator[str]:
        """Nothing of an application goes live before what it comes after is up."""
        if self._case.kind is Kind.REPROTECT:
            return
        up = {step.title: found.step(step.id) for step in found.plan.steps if step.kind == "plan.reached"}
        for app in self._plan.apps:
            before = [up[f"{other} is up at {self._to}"] for other in self._plan.before(app)]
            for step in found.plan.steps:
                began = found.step(step.id).began_at
                if began is None or step.kind not in LIVE or not _is_of(app.members, step.title):
                    continue
                if any(other.ended_at is None or other.ended_at > began for other in before):
                    yield f"{step.title} of {app.name} began before what it comes after was up"

    def _hooks_twice(self) -> Iterator[str]:
        for when, path in self._plan.hooks:
            if path.exists() and path.read_text().count("done") > 1:
                yield f"the command {when} was run more than once"

    def succeeded(self) -> str | None:
        wrong = [text for judge in self._lpars if (text := judge.succeeded())]
        for name, before in self._rcgs.items():
            wanted = goal(RCG_VERBS[self._case.kind], before, self._case.dark)
            wrong += [f"{name}: {text}" for text in differences(truth(self._estate.rcgs, name), wanted)]
        for app in self._plan.apps:
            for name in app.vms:
                wrong += self._vm_at_home(name) if self._to == "paris" else self._vm(name)
        for when, path in self._plan.hooks if self._case.kind in USUAL_KINDS else ():
            if path.exists() != (self._case.planned or when != "before-stop"):
                wrong.append(f"the command {when} was {'' if path.exists() else 'not '}run")
        return "; ".join(wrong) or None

    def _vm(self, name: str) -> Iterator[str]:
        """It is off at home, and one complete copy of its own data runs at the other side."""
        copies = self._estate.vms.replicas(name)
        on = [vm for vm in copies if vm.power is PowerState.ON]
        if self._estate.vms.power(self._estate.vms.paris, name) is not PowerState.OFF:
            yield f"{name} runs at home"
        if len(on) != 1 or on[0].home.extra.get("drdeck.replica.complete") != "true":
            yield f"{len(on)} of {len(copies)} copies of {name} run"
        elif on[0].home.disks[0].volume.stored.origin != name:
            yield f"{name} does not hold its own data"
        with self._estate.world.turn():
            kept = f"drdeck-{self._run.id}"
            if any(one.name == kept for vm in (self._estate.vms.paris.vm(name), *copies) for one in vm.roots):
                yield f"the snapshot {kept} of {name} is still there"

    def _vm_at_home(self, name: str) -> Iterator[str]:
        """It runs at home on its own data, and no copy does."""
        on = [vm.name for vm in self._estate.vms.replicas(name) if vm.power is PowerState.ON]
        if self._estate.vms.power(self._estate.vms.paris, name) is not PowerState.ON or on:
            yield f"{name} does not run at home alone: {on}"
        with self._estate.world.turn():
            home, kept = self._estate.vms.paris.vm(name), f"drdeck-{self._run.id}"
            if home.home.disks[0].volume.stored.origin != name:
                yield f"{name} does not hold its own data"
            if any(one.name == kept for one in home.roots):
                yield f"the snapshot {kept} of {name} is still there"

    def lost(self) -> str | None:
        """What the owners of the remote copy groups lose who believe the run and start their servers."""
        for name in self._rcgs if self._case.kind is not Kind.REPROTECT else ():
            self._estate.rcgs.switch_on(self._to, name)
        return "; ".join(self._beyond()) or None

    def taken_back(self) -> str | None:
        return "a plan is not taken back"


def _is_of(members: tuple[str, ...], title: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}(?!\d)", title) for name in members)
