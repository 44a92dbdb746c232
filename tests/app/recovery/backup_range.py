"""Runs of snapshots in backup mode on the lab, for the tests of what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec.structs import replace

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations, new_run_id
from app.recovery.pg.operate import plan_clone
from app.recovery.pg.request import Request
from app.recovery.runner import Runner
from app.settings import load
from store.database import open_store
from store.ledger import Ledger
from store.runs import Run, RunState, StepState
from tests.faults.pg_estate import PgEstate

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=1.2, busy_s=0.1, retries=5)
BEGIN, SNAPSHOT, END = "s1", "s2", "s3"
TAKE = "POST /protection-group-snapshots"


@contextmanager
def operating(estate: PgEstate, folder: Path) -> Iterator[Operations]:
    """What can be done, on a database that is in no backup mode, before and after."""
    path = folder / "store.sqlite"
    settings = load(estate.config)
    estate.database.log.clear()
    estate.database.heard.clear()
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Operations(settings, store, ledger, Connector(settings))
        estate.world.faults.clear()
        estate.database.refusing.clear()
        estate.database.says = None
        estate.database.active = False
        violations, estate.world.referee.violations[:] = list(estate.world.referee.violations), []
        assert violations == []


SUFFIXES = iter(f"t{number}" for number in range(1000))


def asked(suffix: str = "", **changes: object) -> Request:
    request = Request("fa-prd", "pg-erp", suffix or next(SUFFIXES), database="erp")
    return replace(request, **changes)  # type: ignore[arg-type]


def agreed(operations: Operations, request: Request, limit_s: float | None = None) -> Run:
    run_id = new_run_id()
    plan = plan_clone(operations, request, run_id)
    assert not plan.refused, plan.refused
    if limit_s is not None:
        plan = replace(plan, steps=tuple(replace(step, limit_s=limit_s) for step in plan.steps))
    return operations.agree(run_id, plan, plan.confirm)


def runner(operations: Operations, holder: str = "one", tell: Callable[[], None] = lambda: None) -> Runner:
    return Runner(operations.ledger, operations.devices, holder, PACE, tell)


def done(operations: Operations, run: Run) -> Run:
    return runner(operations).run(run.id, wait_for_operator=False)


def states(run: Run) -> list[StepState]:
    return [step.state for step in run.steps]


def eventually(holds: Callable[[], bool], limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def once(holds: Callable[[], bool], do: Callable[[], object]) -> Callable[[], None]:
    """Does something, once, as soon as a run says that something changed and it is so."""
    left = [do]

    def told() -> None:
        if left and holds():
            left.pop()()

    return told


def left_behind(operations: Operations, run: Run, step: str, state: StepState) -> None:
    """A console acts for the run and is gone as soon as the step is in this state."""
    acting = Runner(operations.ledger, operations.devices, "gone", PACE, lambda: told())
    told = once(lambda: operations.ledger.step(run.id, step).state is state, acting.leave)
    acting.run(run.id)
    assert operations.ledger.run(run.id).state is RunState.INTERRUPTED


def acts(estate: PgEstate) -> list[str]:
    """What was done to the database, in order."""
    return [what for what, _ in estate.database.log]


def taken_at(estate: PgEstate, snapshot: str) -> float:
    with estate.world.turn():
        return estate.prd.snapshot(f"{snapshot}.erp-0").created
