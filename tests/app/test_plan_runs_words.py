"""A run of a recovery plan as the command line tells it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from app.recovery.plan.standing import last_run, last_run_lines
from app.runs_words import ahead_lines, application_lines, run_as_json, run_lines
from store.database import open_store
from store.ledger import Ledger
from store.runs import RunState
from tests.screens.estate import Clock
from tests.screens.kept_plan_run import RUN, fill
from tests.store import recoveries
from tests.store.estates import at

DONE = {
    "p1": 20,
    "r1.1": 30,
    "r1.2": 45,
    "p2": 46,
    "l1": 80,
    "l2": 84,
    "l3": 90,
    "l4": 140,
    "l5": 260,
    "p3": 300,
    "p4": 301,
}


def test_each_application_is_told_with_both_clocks_and_against_its_targets() -> None:
    lines = application_lines(recoveries.run(DONE))
    found = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert found["APPLICATION"].startswith("READY UP RTO FORESEEN LOST AT MOST RPO")
    assert found["wms"] == "45 s 46 s 10 min kept 16 s 15 min 1 h kept"
    assert found["hr"] == "1 min 30 s 5 min 1 s 5 min NOT KEPT 3 min 25 s 7 min 10 min kept"
    assert found["licences"] == "20 s not yet - 52 s - -"
    assert application_lines(replace(recoveries.run({}), plan=replace(recoveries.plan(), recovery=None))) == []


def test_the_target_of_the_configuration_stands_at_no_recovery_plan() -> None:
    assert "RTO 1 min" not in "\n".join(run_lines(recoveries.run(DONE), 60.0))


def test_the_critical_path_is_told_of_a_run_that_goes_on() -> None:
    (line,) = ahead_lines(recoveries.run({"p1": 20}), at(20))
    assert line.startswith("Critical path, 3 min 25 s left: Stop hr_db1 on P10-PAR-01, then Take pg-hr")
    assert ahead_lines(recoveries.run({"p1": 20}, state=RunState.ABORTED), at(20)) == []


def test_json_has_seconds_and_null_where_nothing_was_reached() -> None:
    wms, hr, licences = run_as_json(recoveries.run(DONE))["applications"]
    assert (wms["application_up_s"], wms["rto_kept"], wms["lost_s"], wms["rpo_kept"]) == (46.0, True, 900.0, True)
    assert (hr["ready_to_activate_s"], hr["rto_kept"], hr["foreseen_p95_s"]) == (90.0, False, 400.0)
    assert (licences["application_up_s"], licences["lost_words"]) == (None, "it is not up yet")


def test_the_last_run_of_a_plan_is_found_among_those_of_others(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "runs.sqlite"
    with closing(open_store(path)), closing(Ledger(path, clock)) as ledger:
        fill(ledger, clock)
        found = last_run(ledger.runs(), "night")
        assert found is not None and found.id == RUN
        told = "\n".join(last_run_lines(found, clock.now + timedelta(hours=1)))
        assert f"Last run {RUN}, disaster night, 1 h 15 min ago: waiting for the operator" in told
        assert last_run(ledger.runs(), "other") is None and last_run_lines(None, clock.now) == []
