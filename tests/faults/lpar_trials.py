"""What the campaigns do to LPARs: the cases, an estate to try them on, and a run of each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.recovery.pra.failover_draft import Asked
from app.recovery.pra.operate import plan_cleanup, plan_drill, plan_failover, plan_reprotect
from app.recovery.runner import Runner
from backends.lab.faults import FaultKind
from store.runs import Plan, PlannedStep, Run, RunState
from tests.faults import ranges
from tests.faults.lpar_estate import LparEstate, lpar_estate
from tests.faults.lpar_judge import LparJudge
from tests.faults.ranges import next_run_id


@dataclass(frozen=True)
class Case:
    """What is done to an LPAR. ``dark``: its site is away meanwhile."""

    verb: str
    dark: bool = False

    @property
    def disaster(self) -> bool:
        return self.dark or self.verb == "disaster"

    @property
    def name(self) -> str:
        return f"{self.verb}{' of a dark site' if self.dark else ''}"


CASES = (
    Case("failover"),
    Case("disaster"),
    Case("disaster", dark=True),
    Case("drill"),
    Case("cleanup"),
    Case("reprotect"),
    Case("failback"),
)


@dataclass
class Range(ranges.Range[LparEstate]):
    """LPARs at paris, each in a protection group of its own, that stand ready at lyon."""

    cases = CASES
    kinds: ClassVar[tuple[FaultKind, ...]] = tuple(FaultKind)
    sent: ClassVar[Mapping[str, str]] = {
        "lpar.stop": "chsysstate -r lpar -o osshutdown",
        "lpar.stop at once": "chsysstate -r lpar -o shutdown",
        "lpar.activate": "chsysstate -r lpar -o on",
        "lpar.redefine": "chsyscfg -r prof",
        "drill.profile": "mksyscfg -r prof",
        "pg.snapshot": "POST /protection-group-snapshots",
        "pg.schedule": "PATCH /protection-groups",
        "pg.every": "PATCH /protection-groups",
        "pg.make": "POST /protection-groups",
        "pg.members": "POST /protection-groups/volumes",
        "pg.target": "POST /protection-groups/targets",
        "pg.allow": "PATCH /protection-groups/targets",
        "volume.keep": "POST /volume-snapshots",
        "volume.overwrite": "POST /volumes",
        "volume.make": "POST /volumes",
        "drill.mark": "PUT /volumes/tags/batch",
        "volume.tag": "PUT /volumes/tags/batch",
        "volume.pair": "PUT /volumes/tags/batch",
        "drill.destroy": "PATCH /volumes",
        "host.connect": "POST /connections",
        "host.disconnect": "DELETE /connections",
    }

    def plan(self, case: Case, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        name = self.estate.fresh()
        drill = self._before(case, name)
        if case.dark:
            self.estate.set_dark(True)
        run_id = next_run_id()
        match case.verb:
            case "failover":
                plan = plan_failover(self.operations, [name], Asked(), run_id)
            case "disaster":
                plan = plan_failover(self.operations, [name], Asked(disaster=True), run_id)
            case "drill":
                plan = plan_drill(self.operations, [name], 16, run_id)
            case "cleanup":
                plan = plan_cleanup(self.operations, drill, run_id)
            case "reprotect":
                plan = plan_reprotect(self.operations, [name], run_id)
            case _:
                plan = plan_failover(self.operations, [name], Asked(), run_id, back=True)
        return self.agreed(run_id, plan, limit_s), plan, name

    def sent_by(self, step: PlannedStep) -> str:
        """What the lab calls the request of a step: a stop is one of two."""
        hard = step.kind == "lpar.stop" and json.loads(step.params)["how"] == "shutdown"
        return self.sent["lpar.stop at once" if hard else step.kind]

    def _before(self, case: Case, name: str) -> str:
        """What happened to the LPAR before. Returns the id of its drill, where there was one."""
        ids = {verb: next_run_id() for verb in ("failover", "reprotect", "drill")}
        if case.verb == "cleanup":
            self._done(lambda: plan_drill(self.operations, [name], 16, ids["drill"]), ids["drill"])
        if case.verb in ("reprotect", "failback"):
            self._done(lambda: plan_failover(self.operations, [name], Asked(), ids["failover"]), ids["failover"])
        if case.verb == "failback":
            self._done(lambda: plan_reprotect(self.operations, [name], ids["reprotect"]), ids["reprotect"])
        return ids["drill"]

    def _done(self, draw: Callable[[], Plan], run_id: str) -> None:
        """Plan it and run it; once more where a device did not answer in the little time that a trial leaves it."""
        plan = draw()
        plan = draw() if plan.refused else plan
        assert not plan.refused, (plan.name, plan.refused)
        self.operations.agree(run_id, plan, plan.confirm)
        run = Runner(self.ledger, self.operations.devices, "before").run(run_id, wait_for_operator=False)
        assert run.state is RunState.SUCCEEDED, [step.reason for step in run.steps]

    def judge(self, case: Case, run: Run, name: str, orderly: bool) -> LparJudge:
        return LparJudge(self.estate, case.verb, run, name)

    def watched(self, case: Case, run: Run, name: str) -> Callable[[], str | None]:
        judge = LparJudge(self.estate, case.verb, run, name)
        return lambda: judge.succeeded() or judge.always(self.ledger.run(run.id))

    def peer(self, case: Case, step: PlannedStep) -> str | None:
        if case.dark:
            return None
        there = {"hmc-paris": "fa-lyon", "fa-paris": "fa-lyon", "fa-lyon": "fa-paris", "hmc-lyon": "hmc-paris"}
        return there[step.device]

    def subject(self, kind: FaultKind, step: PlannedStep, device: str, name: str, first: bool) -> str | None:
        if device.startswith("hmc"):
            return name if kind is FaultKind.RENAMED else None
        # A snapshot that is taken while a volume has another name keeps that: whoever renames it back changes nothing.
        return f"{name}_rootvg" if step.kind in ("volume.overwrite", "host.connect", "volume.keep") else None

    def rest(self) -> None:
        """Whoever ran at paris when it went away is off since then: nobody starts by himself."""
        super().rest()
        time.sleep(0.05)


@contextmanager
def ready(directory: Path, call_s: float | None = None) -> Iterator[Range]:
    """An estate with a console on it. ``call_s``: how long one call to a device may take."""
    with lpar_estate(directory, 0) as estate, ranges.console(Range, estate, directory, call_s) as at:
        yield at
