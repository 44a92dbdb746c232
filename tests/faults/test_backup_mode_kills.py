"""A console that is killed for real around a backup mode, and another one that resumes or aborts its run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations, new_run_id
from app.recovery.pg.operate import plan_clone
from app.recovery.pg.request import Request
from app.recovery.runner import Runner
from app.settings import load
from store import journal
from store.database import open_store
from store.ledger import LeaseError, Ledger
from store.runs import Choice, Run, RunState
from tests.faults.kills import Zygote
from tests.faults.pg_estate import PgEstate, pg_estate

PACE = Pace(poll_s=0.02, lost_s=0.6, margin_s=1.2, busy_s=0.1, retries=5)
POINTS = [
    ("s1", "after intent"),
    ("s1", "device did it"),
    ("s1", "after result"),
    ("s2", "after intent"),
    ("s2", "device did it"),
    ("s2", "after result"),
    ("s3", "after intent"),
    ("s3", "device did it"),
]


@dataclass
class Range:
    """A lab with a database, and a process that forks those that are killed."""

    estate: PgEstate
    zygote: Zygote
    operations: Operations

    def killed(self, step: str, point: str) -> Run:
        """A run of a snapshot in backup mode whose console died there."""
        run_id = new_run_id()
        plan = plan_clone(self.operations, Request("fa-prd", "pg-erp", run_id, database="erp"), run_id)
        run = self.operations.agree(run_id, plan, plan.confirm)
        config, store = str(self.estate.config), str(self.operations.ledger.path)
        order = {"config": config, "store": store, "run": run.id, "step": step, "point": point, "many": 4}
        self.zygote.begin(order)
        assert self.zygote.ended()["killed"]
        return run

    def taken_over(self, run: Run) -> Run:
        """Another console acts for it, once the lease of the one that was killed has run out."""
        deadline = time.monotonic() + 20
        while True:
            try:
                runner = Runner(self.operations.ledger, self.operations.devices, "another", PACE)
                return runner.run(run.id, wait_for_operator=False)
            except LeaseError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PgEstate, Zygote]]:
    zygote = Zygote()
    try:
        with pg_estate(tmp_path_factory.mktemp("lab")) as estate:
            yield estate, zygote
    finally:
        zygote.close()


@pytest.fixture
def at(running: tuple[PgEstate, Zygote], tmp_path: Path) -> Iterator[Range]:
    estate, zygote = running
    estate.database.log.clear()
    path, settings = tmp_path / "store.sqlite", load(estate.config)
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Range(estate, zygote, Operations(settings, store, ledger, Connector(settings)))
        assert journal.verify(path).broken is None
    assert estate.world.referee.violations == []
    assert not estate.database.active


@pytest.mark.parametrize(("step", "point"), POINTS)
def test_a_killed_run_is_resumed_and_begins_and_ends_the_backup_mode_once(at: Range, step: str, point: str) -> None:
    run = at.killed(step, point)
    found = at.taken_over(run)
    assert found.state is RunState.SUCCEEDED, [record.reason for record in found.steps]
    (begin, began), (end, ended) = at.estate.database.log
    assert (begin, end) == ("begin", "end")
    with at.estate.world.turn():
        assert began <= at.estate.prd.snapshot(f"pg-erp.{run.id}.erp-0").created <= ended


@pytest.mark.parametrize(("step", "point"), POINTS)
def test_a_killed_run_that_is_aborted_leaves_no_backup_mode_behind(at: Range, step: str, point: str) -> None:
    run = at.killed(step, point)
    at.operations.ledger.decide(run.id, Choice.ABORT, None, "gone", "ops")
    assert at.taken_over(run).state is RunState.ABORTED
    began = (step, point) != ("s1", "after intent")
    assert [what for what, _ in at.estate.database.log] == (["begin", "end"] if began else [])
