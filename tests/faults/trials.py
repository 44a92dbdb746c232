"""What the campaigns do to remote copy groups: the cases, an estate to try them on, and a run of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.recovery.operations import Sides
from app.recovery.rcg.options import Options
from app.recovery.rcg.provision_plans import NewGroup, NewVolume, add_volume, remove_volume
from app.recovery.rcg.situation import RcgDraft
from backends.lab.faults import FaultKind
from store.estate import RcgMode
from store.rcg_verbs import RcgVerb
from store.runs import Plan, PlannedStep, Run
from tests.faults import ranges
from tests.faults.judge import RcgJudge
from tests.faults.ranges import next_run_id
from tests.faults.rcg_estate import RcgEstate, rcg_estate

SENT = {
    "rcg.start": "PUT /remotecopygroups",
    "rcg.stop": "PUT /remotecopygroups",
    "rcg.sync": "PUT /remotecopygroups",
    "rcg.failover": "POST /remotecopygroups",
    "rcg.recover": "POST /remotecopygroups",
    "rcg.restore": "POST /remotecopygroups",
    "rcg.switchover": "POST /remotecopygroups",
    "rcg.reverse": "setrcopygroup reverse",
    "vlun.remove": "DELETE /vluns",
    "vlun.create": "POST /vluns",
    "sv.create": "POST /volumes",
    "vv.create": "POST /volumes",
    "vv.delete": "DELETE /volumes",
    "rcg.create": "POST /remotecopygroups",
    "rcg.remove": "DELETE /remotecopygroups",
    "rcg.period": "PUT /remotecopygroups",
    "rcg.admit": "POST /remotecopygroups/volumes",
    "rcg.dismiss": "DELETE /remotecopygroups/volumes",
}
"""What the lab calls the request of each kind of step that sends one."""


@dataclass(frozen=True)
class Case:
    """A verb, the mode of its group and the state it begins in. A text as verb: what is done to a volume of it."""

    verb: RcgVerb | str
    mode: RcgMode
    state: str = "normal"
    disaster: bool = False
    policies: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.verb} {self.mode}{' disaster' if self.disaster else ''}"


CASES = (
    Case(RcgVerb.START, RcgMode.SYNC, "stopped"),
    Case(RcgVerb.STOP, RcgMode.SYNC),
    Case(RcgVerb.SYNC, RcgMode.PERIODIC),
    Case(RcgVerb.FAILOVER, RcgMode.SYNC),
    Case(RcgVerb.FAILOVER, RcgMode.PERIODIC),
    Case(RcgVerb.FAILOVER, RcgMode.SYNC, disaster=True),
    Case(RcgVerb.FAILOVER, RcgMode.PERIODIC, disaster=True),
    Case(RcgVerb.FAILOVER, RcgMode.ASYNC),
    Case(RcgVerb.FAILOVER, RcgMode.ASYNC, disaster=True),
    Case(RcgVerb.RECOVER, RcgMode.SYNC, "failed over"),
    Case(RcgVerb.RECOVER, RcgMode.PERIODIC, "failed over"),
    Case(RcgVerb.RESTORE, RcgMode.SYNC, "recovered"),
    Case(RcgVerb.RESTORE, RcgMode.PERIODIC, "recovered"),
    Case(RcgVerb.RESTORE, RcgMode.ASYNC, "recovered"),
    Case(RcgVerb.REVERSE, RcgMode.SYNC),
    Case(RcgVerb.UNDO, RcgMode.SYNC, "failed over"),
    Case(RcgVerb.SWITCHOVER, RcgMode.SYNC, policies=("path_management",)),
    Case("create", RcgMode.PERIODIC, "none"),
    Case("create", RcgMode.SYNC),
    Case("add", RcgMode.SYNC),
    Case("remove", RcgMode.SYNC),
    Case("delete", RcgMode.SYNC),
)


@dataclass
class Range(ranges.Range[RcgEstate]):
    """Two arrays with remote copy groups."""

    cases = CASES
    sent: ClassVar[dict[str, str]] = SENT
    kinds: ClassVar[tuple[FaultKind, ...]] = tuple(kind for kind in FaultKind if kind is not FaultKind.PENDING)
    """*Pending eradication* is a FlashArray's; a 3PAR deletes at once."""

    def plan(self, case: Case, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        if not isinstance(case.verb, RcgVerb):
            return self._plan_volume(case, case.verb, limit_s)
        name = self.estate.group(case.mode, case.state, case.policies)
        if case.disaster:
            self.estate.carried(name)
            time.sleep(1.1)  # a generation that a periodic group loses
            self.operations.plan_rcg(RcgVerb.FAILOVER, [name], Options(), next_run_id())  # the store has seen it
            with self.estate.world.turn():
                self.estate.world.set_dark("paris", True)
        run_id = next_run_id()
        options = Options(disaster=case.disaster)
        plan = _drawn(lambda: self.operations.plan_rcg(case.verb, [name], options, run_id))
        return self.agreed(run_id, plan, limit_s), plan, name

    def _plan_volume(self, case: Case, verb: str, limit_s: float | None) -> tuple[Run, Plan, str]:
        new = case.state == "none"
        name = f"n{time.monotonic_ns()}"[:20] if new else self.estate.group(case.mode)
        volume = f"{name}_v1" if verb in ("remove", "delete") else f"{name}_new"
        with self.estate.world.turn():
            if verb == "add":
                self.estate.paris.add_volume(volume, 1024, "SSD_r6")
            if verb == "delete":
                for vlun in [v for v in self.estate.paris.vluns if v.volume.name == volume]:
                    self.estate.paris.unexport(volume, vlun.lun, vlun.host.name)
        run_id, cpgs = next_run_id(), ("SSD_r6", "SSD_r6")
        made = NewVolume(volume, volume, 1024 if verb == "create" else None, cpgs if verb == "create" else None)

        def draw(draft: RcgDraft) -> None:
            if verb in ("remove", "delete"):
                remove_volume(draft, volume, delete=verb == "delete")
            else:
                add_volume(draft, made, NewGroup(case.mode))

        sides = Sides("3par-p", "3par-l") if new else Sides()
        plan = _drawn(lambda: self.operations.plan_volume(verb, name, draw, run_id, sides))
        return self.agreed(run_id, plan, limit_s), plan, name

    def judge(self, case: Case, run: Run, name: str, orderly: bool) -> RcgJudge:
        return RcgJudge(self.estate, case, run.plan, name, orderly)

    def watched(self, case: Case, run: Run, name: str) -> Callable[[], str | None]:
        def owned() -> str | None:
            if case.verb is RcgVerb.FAILOVER:
                self.estate.switch_on("lyon", name)
            return None

        return owned

    def peer(self, case: Case, step: PlannedStep) -> str | None:
        if case.disaster and step.device == "3par-l":
            return None
        return "3par-l" if step.device == "3par-p" else "3par-p"

    def subject(self, kind: FaultKind, step: PlannedStep, device: str, name: str, first: bool) -> str | None:
        group = name if device == "3par-p" else f"{name}.r{self.estate.paris.who.system_id}"
        return group if step.kind.startswith("rcg.") else f"{name}_v1"


def _drawn(draw: Callable[[], Plan]) -> Plan:
    """The plan; drawn up once more where a device did not answer in the little time that a trial leaves it."""
    plan = draw()
    return draw() if plan.refused else plan


@contextmanager
def ready(directory: Path, call_s: float | None = None) -> Iterator[Range]:
    """An estate with a console on it. ``call_s``: how long one call to a device may take."""
    with rcg_estate(directory) as estate, ranges.console(Range, estate, directory, call_s) as at:
        yield at
