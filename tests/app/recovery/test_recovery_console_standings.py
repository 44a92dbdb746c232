"""How replications stand at a console: out of all runs that there ever were, though only the newest are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.recovery import console_runs
from app.recovery.console_runs import ConsoleRuns
from app.recovery.operations import Operations
from app.replication_records import Replication
from app.settings import nothing
from store.database import open_store
from store.ledger import Ledger
from store.run_view import RunView
from store.runs import Plan, PlannedStep, RunState
from tests.screens.estate import NOW


@pytest.fixture
def operations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operations]:
    monkeypatch.setattr(console_runs, "MOST", 3)
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        settings = replace(nothing(tmp_path / "config.toml"), replications=(Replication("erp", "erp", "a", "b", "ds"),))
        yield Operations(settings, store, ledger)


def ran(operations: Operations, run_id: str, verb: str, target: str) -> None:
    ledger = operations.ledger
    step = PlannedStep("s1", "vm.freeze", "{}", "Freeze", "vc", "x")
    ledger.propose(run_id, Plan(verb, f"{verb} erp", (target,), NOW, (step,)), "ana")
    ledger.approve(run_id, "ana", ())
    ledger.turn(ledger.take(run_id, "here"), RunState.SUCCEEDED)


def test_a_pause_and_an_owed_clean_up_of_long_ago_are_known_behind_many_newer_runs(operations: Operations) -> None:
    ran(operations, "r0", "vm drill", "replication:erp")
    ran(operations, "r1", "vm pause", "replication said:erp")
    for number in range(2, 8):
        ran(operations, f"r{number}", "vm replicate", "replication:erp")
    view = RunView()
    runs = ConsoleRuns(operations, view, lambda: None, lambda text: None)
    assert runs._look(leases=True)
    standing = view.standings["erp"]
    assert (standing.paused, standing.owed, len(standing.passes)) == ("r1", ("r0",), 6)
    assert set(view.owing) == {"r0"}
    assert "r1" not in {run.id for run in view.runs}, "the newest alone are in memory, and the drills"
    ran(operations, "r8", "vm resume", "replication said:erp")
    assert runs._look(leases=False)
    assert view.standings["erp"].paused is None
