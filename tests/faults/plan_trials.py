"""What the campaigns do to recovery plans: the cases, an estate to try them on, and a run of each."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from app.config_table import SettingsError
from app.plans.records import Kind
from app.recovery.plan import operate
from app.recovery.plan.drafting import Drawn
from app.recovery.runner import Runner
from app.recovery.vm import operate as vms
from app.settings import load
from backends.lab.faults import FaultKind
from store.runs import Choice, Plan, PlannedStep, Run, RunState, StepState
from tests.faults import lpar_trials, ranges, trials, vm_trials
from tests.faults.plan_drawn import DrawnPlan, drawn
from tests.faults.plan_estate import PlanEstate, plan_estate
from tests.faults.plan_judge import PlanJudge
from tests.faults.ranges import next_run_id
from tests.faults.vm_trials import NOTHING, PACE

SETTLES_S = 30.0
"""So long after a site went dark its peers have noticed."""


class NotReadyError(Exception):
    """Nothing was tried: on a machine that is too busy a call takes longer than a trial leaves it."""


class Case(Struct, frozen=True):
    """A kind of run of the plan that the ``seed`` draws. ``dark``: the old site is away meanwhile."""

    kind: Kind
    dark: bool = False
    seed: int = 1

    @property
    def planned(self) -> bool:
        return self.kind is Kind.PLANNED

    @property
    def name(self) -> str:
        return f"plan, {self.kind}{' of a dark site' if self.dark else ''}"


CASES = (
    Case(Kind.PLANNED),
    Case(Kind.DISASTER),
    Case(Kind.DISASTER, dark=True),
    Case(Kind.REPROTECT),
    Case(Kind.FAILBACK),
)
BEFORE: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.REPROTECT: (Kind.PLANNED,),
    Kind.FAILBACK: (Kind.PLANNED, Kind.REPROTECT),
}
"""The runs of the plan that came before one of a kind."""


@dataclass
class Range(ranges.Range[PlanEstate]):
    """Two sites with all four technologies; the members of each plan are new ones."""

    drawn: dict[str, DrawnPlan] = field(default_factory=dict)
    bounds: dict[str, Mapping[str, float | None]] = field(default_factory=dict)

    cases = CASES
    kinds: ClassVar[tuple[FaultKind, ...]] = tuple(FaultKind)
    sent: ClassVar[Mapping[str, str]] = {
        **vm_trials.Range.sent,
        **lpar_trials.Range.sent,
        **trials.SENT,
        "plan.command": NOTHING,
    }
    repeats: ClassVar[frozenset[str]] = vm_trials.Range.repeats

    def plan(self, case: Case, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        """Raises :class:`NotReadyError` where what comes before the run did not come about."""
        try:
            return self._plan(case, limit_s)
        except (AssertionError, SettingsError) as error:
            self.rest()
            raise NotReadyError(f"{case.name}: {error}") from error

    def _plan(self, case: Case, limit_s: float | None) -> tuple[Run, Plan, str]:
        run_id = next_run_id()
        name = f"p{run_id.replace('-', '')}"
        self.drawn[name] = plan = drawn(self.estate, name, random.Random(case.seed))
        self.operations.settings = load(self.estate.config)
        if case.kind is Kind.DISASTER:
            self._copied(plan)
        for kind in BEFORE.get(case.kind, ()):
            self._went_before(name, kind)
        if case.dark:
            for device in ("3par-p", "3par-l"):
                self.operations.devices.reading(device, time.monotonic())  # what it knows of the dark side
            with self.estate.world.turn():
                self.estate.world.set_dark("paris", True)
        made = self._drawn_up(name, case, run_id)
        self.bounds[name] = {each.application: each.loss_s for each in made.outlooks}
        return self.agreed(run_id, made.plan, limit_s), made.plan, name

    def _went_before(self, name: str, kind: Kind) -> None:
        """A run that nothing happens to; the servers on its remote copy groups follow."""
        rcgs = [rcg for app in self.drawn[name].apps for rcg in app.rcgs]
        for rcg in rcgs if kind is Kind.PLANNED else ():
            self.estate.rcgs.switch_off("paris", rcg)
        run_id = next_run_id()
        self.agreed(run_id, self._drawn_up(name, Case(kind), run_id).plan, None)
        while True:
            run = Runner(self.ledger, self.operations.devices, "before", PACE).run(run_id, wait_for_operator=False)
            if not self.answers(run, name):
                break
        assert run.state is RunState.SUCCEEDED, [(step.id, step.reason) for step in run.steps if step.state != "done"]
        for rcg in rcgs if kind is Kind.PLANNED else ():
            self.estate.rcgs.switch_on("lyon", rcg)

    def _copied(self, plan: DrawnPlan) -> None:
        """What a disaster comes back from is there: a copy of each VM, and of what the remote copy groups wrote."""
        for name in (name for app in plan.apps for name in app.vms):
            if not self._passed(name) and not self._passed(name):  # a busy machine may be too slow for a lease
                raise AssertionError(f"no copy of {name} could be made")
        self.estate.rcgs.carried(*(name for app in plan.apps for name in app.rcgs))

    def _passed(self, name: str) -> bool:
        run_id = next_run_id()
        made = vms.plan_pass(self.operations, [name], run_id)
        if made.refused:
            return False
        self.operations.agree(run_id, made, made.confirm)
        run = Runner(self.ledger, self.operations.devices, "before", PACE).run(run_id, wait_for_operator=False)
        return run.state is RunState.SUCCEEDED

    def _drawn_up(self, name: str, case: Case, run_id: str) -> Drawn:
        """Drawn up anew for as long as a device has not noticed yet, or did not answer in the little time that a trial
        leaves it."""
        deadline = time.monotonic() + SETTLES_S
        while True:
            plan = operate.loaded(self.operations, name)
            try:
                made = operate.drawn(self.operations, plan, case.kind, run_id)[1]
            except SettingsError:
                if time.monotonic() > deadline:
                    raise
            else:
                if not made.plan.refused or time.monotonic() > deadline:
                    return made

    def agreed(self, run_id: str, plan: Plan, limit_s: float | None) -> Run:
        assert not plan.refused, (plan.name, plan.refused)
        if limit_s is not None:
            plan = replace(plan, steps=tuple(replace(step, limit_s=limit_s) for step in plan.steps))
        words = [word.replace("NAME", "ana") for word in plan.confirm]
        return self.operations.agree(run_id, plan, words)

    def judge(self, case: Case, run: Run, name: str, orderly: bool) -> PlanJudge:
        return PlanJudge(self.estate, case, self.drawn[name], run, self.bounds[name])

    def watched(self, case: Case, run: Run, name: str) -> Callable[[], str | None]:
        judge = self.judge(case, run, name, orderly=True)
        return lambda: judge.succeeded() or judge.lost() or judge.always(self.ledger.run(run.id))

    def answers(self, run: Run, name: str) -> bool:
        """A person does what the plan asks for, and says of a command that nobody knows of what its file shows."""
        asked = [(step, run.plan.step(step.id)) for step in run.steps if step.state is StepState.UNKNOWN]
        asked = [(step, planned) for step, planned in asked if planned.kind in ("plan.ask", "plan.command")]
        for step, planned in asked:
            files = [path for _, path in self.drawn[name].hooks if str(path) in planned.call]
            again = planned.kind == "plan.command" and not any(path.exists() for path in files)
            choice = Choice.RETRY if again else Choice.MARK_DONE
            self.ledger.decide(run.id, choice, step.id, "seen on its host", "an operator")
        return bool(asked)

    def peer(self, case: Case, step: PlannedStep) -> str | None:
        """The device of the same kind at the other site."""
        sides = {"3par-p": "3par-l", "hmc-paris": "hmc-lyon", "fa-paris": "fa-lyon", "vc-paris": "vc-lyon"}
        sides |= {there: here for here, there in sides.items()}
        other = sides.get(step.device)
        dark = other is not None and case.dark and self.estate.world.devices[other].site == "paris"
        return None if dark else other

    def subject(self, kind: FaultKind, step: PlannedStep, device: str, name: str, first: bool) -> str | None:
        plan = self.drawn[name]
        for app in plan.apps:
            for member in app.members:
                if f'"{member}' in step.params:
                    return self._named(kind, step, device, member)
        return None

    def _named(self, kind: FaultKind, step: PlannedStep, device: str, member: str) -> str | None:
        if member.startswith("g") or device.startswith("3par"):
            group = member if device == "3par-p" else f"{member}.r{self.estate.rcgs.paris.who.system_id}"
            return group if step.kind.startswith("rcg.") else f"{member}_v1"
        if device.startswith(("hmc", "vc")):
            return member if kind is FaultKind.RENAMED and device in ("hmc-paris", "vc-paris") else None
        return f"{member}_rootvg" if step.kind in ("volume.overwrite", "volume.keep") else None

    def rest(self) -> None:
        super().rest()
        for path in self.estate.plans.iterdir():
            path.unlink()
        self.drawn.clear()
        self.bounds.clear()
        time.sleep(0.05)


@contextmanager
def ready(directory: Path, call_s: float | None = None) -> Iterator[Range]:
    """An estate with a console on it. ``call_s``: how long one call to a device may take."""
    with plan_estate(directory) as estate, ranges.console(Range, estate, directory, call_s) as at:
        yield at
