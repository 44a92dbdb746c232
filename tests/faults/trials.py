"""What the campaigns on the recovery engine share: the cases, an estate to try them on, and a run of each."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.connect import Connector
from app.recovery.operations import Operations, Sides
from app.recovery.rcg.options import Options
from app.recovery.rcg.provision_plans import NewGroup, NewVolume, add_volume, remove_volume
from app.recovery.rcg.situation import RcgDraft
from app.settings import load
from backends.lab.world import Device
from store.database import Store, open_store
from store.estate import RcgMode
from store.ledger import Ledger
from store.rcg_verbs import RcgVerb
from store.runs import Plan, Run
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


_NUMBERS = itertools.count(1)


def next_run_id() -> str:
    """The id of a run: thousands of them in an hour would draw one twice from those that people get."""
    return f"trial-{next(_NUMBERS):06}"


@dataclass
class Range:
    """Everything that trials need."""

    estate: RcgEstate
    store: Store
    ledger: Ledger
    operations: Operations

    @property
    def path(self) -> Path:
        return self.ledger.path

    def plan(self, case: Case, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        """A run of the case on a new group, agreed to. Returns it with its plan and the group's name. ``limit_s``: how
        long a step waits for its effect, in place of the minutes that an operator gives it."""
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
        plan = self.operations.plan_rcg(case.verb, [name], Options(disaster=case.disaster), run_id)
        return self._agreed(run_id, plan, limit_s), plan, name

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
        plan = self.operations.plan_volume(verb, name, draw, run_id, sides)
        return self._agreed(run_id, plan, limit_s), plan, name

    def _agreed(self, run_id: str, plan: Plan, limit_s: float | None) -> Run:
        assert not plan.refused, (plan.name, plan.refused)
        if limit_s is not None:
            plan = replace(plan, steps=tuple(replace(step, limit_s=limit_s) for step in plan.steps))
        return self.operations.agree(run_id, plan, plan.confirm)

    def requests(self) -> Counter[str]:
        """The requests that change something, so far, by what the lab calls them."""
        return self._counted(lambda device: device.counters.requests)

    def done(self) -> Counter[str]:
        """Likewise, but only those that a device carried out."""
        return self._counted(lambda device: device.counters.done)

    def _counted(self, of: Callable[[Device], Counter[str]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for device in self.estate.world.devices.values():
            found += Counter({verb: n for verb, n in of(device).items() if verb in SENT.values()})
        return found


@contextmanager
def ready(directory: Path, call_s: float | None = None) -> Iterator[Range]:
    """An estate with a console on it. ``call_s``: how long one call to a device may take."""
    with rcg_estate(directory) as estate:
        settings = load(estate.config)
        if call_s is not None:
            settings = replace(settings, devices=tuple(replace(d, call_timeout_s=call_s) for d in settings.devices))
        path = directory / "runs.sqlite"
        store, ledger = open_store(path), Ledger(path)
        try:
            yield Range(estate, store, ledger, Operations(settings, store, ledger, Connector(settings)))
        finally:
            ledger.close()
            store.close()
