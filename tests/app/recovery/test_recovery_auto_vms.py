"""The failover that was decided goes the way of every run: kept, agreed to, leased, and told as it ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from app.auto_records import AutoGroup, Endpoint
from app.recovery.auto.port import Drawn, NoPlanError, Result
from app.recovery.auto.vms import VmRecovery
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.settings import nothing
from store.auto_records import Arming
from store.database import open_store
from store.estate import PowerState, Reading, VirtualMachine
from store.ledger import Ledger
from store.readiness import Verdict
from store.runs import Guard, Plan, RunState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = AutoGroup("g", "vc-p", "vc-l", "paris", "lyon", ("web",), "array-l", Endpoint("192.0.2.9", 22), "127.0.0.2")
PLAN = Plan(
    "failover", "failover of g", ("vm:web",), NOW, confirm=("lose 9 min", "failover of g", "second person: NAME")
)

RUN = "0301-0259-a1b2c3"
ARMED = Arming(1, "g", 600.0, "anna", datetime(2026, 2, 1, tzinfo=UTC), "bert", datetime(2026, 2, 1, tzinfo=UTC))


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Operations]:
    path = tmp_path / "store.sqlite"
    store, ledger = open_store(path), Ledger(path)
    yield Operations(replace(nothing(tmp_path / "config.toml"), store=path), store, ledger)
    ledger.close()
    store.close()


def recovery(operations: Operations, plan: Plan = PLAN) -> VmRecovery:
    return VmRecovery(operations, lambda group, run_id: plan, lambda group: None, lambda group: None, lambda group: ())


def test_the_run_is_known_before_anything_is_done_and_agreed_to_with_the_words_accepted_in_advance(
    operations: Operations,
) -> None:
    told: list[str] = []
    outcome = recovery(operations).run(GROUP, Drawn(RUN, PLAN), ARMED, told.append)
    assert told == [RUN]
    run = operations.ledger.run(RUN)
    (approved,) = [entry for entry in operations.ledger.journal(run.id) if entry.kind == "approved"]
    assert (outcome.result, run.state) == (Result.DONE, RunState.SUCCEEDED)
    assert '"words":["lose 9 min","failover of g","second person: bert"]' in approved.body
    assert run.by == "automatic failover of g, armed by anna and bert"


def test_where_another_run_holds_the_machine_nothing_is_done_and_the_outcome_is_not_known(
    operations: Operations,
) -> None:
    run = operations.agree("other", PLAN, PLAN.confirm)
    operations.ledger.take(run.id, "somebody else")
    outcome = recovery(operations).run(GROUP, Drawn(RUN, PLAN), ARMED, lambda run_id: None)
    assert outcome.result is Result.UNKNOWN
    assert "is being acted on by run other" in outcome.words


def test_a_plan_that_its_guards_refuse_is_none(operations: Operations) -> None:
    refused = replace(PLAN, guards=(Guard("room", "the datastore has room", False, "3 GB are free"),))
    with pytest.raises(NoPlanError, match="the datastore has room: 3 GB are free"):
        recovery(operations, refused).plan_disaster(GROUP)


def test_a_prepared_plan_waits_for_a_person(operations: Operations) -> None:
    run_id = recovery(operations).propose(Drawn(RUN, PLAN))
    assert operations.ledger.run(run_id).state is RunState.PROPOSED


@pytest.mark.parametrize(
    ("power", "verdict"),
    [(None, Verdict.UNKNOWN), (PowerState.ON, Verdict.FAILS), (PowerState.OFF, Verdict.HOLDS)],
)
def test_a_source_that_answers_and_runs_is_no_lost_one(power: PowerState | None, verdict: Verdict) -> None:
    def reading(device: str, since: float) -> Reading:
        if power is None:
            raise UnseenError("no answer", silent=True)
        return Reading(device, NOW, (VirtualMachine("vc", "vm-1", "web", "u", power, "connected"),))

    devices = SimpleNamespace(devices=SimpleNamespace(reading=reading))
    assert recovery(devices).fence(GROUP).verdict is verdict  # type: ignore[arg-type]
