"""What a run that failed takes back, where taking back fails too or is interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from app.recovery.runner import Runner
from backends.lab.faults import FaultKind
from store.runs import Run, RunState, StepState
from tests.faults import judge
from tests.faults.step_faults import CALL_S, LIMIT_S, PACE
from tests.faults.trials import CASES, Range, ready

CREATE, DELETE = (next(case for case in CASES if case.name == name) for name in ("create Sync", "delete Sync"))


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    with ready(tmp_path_factory.mktemp("back"), CALL_S) as running:
        yield running


def runner(at: Range) -> Runner:
    return Runner(at.ledger, at.operations.devices, "one", PACE)


def begun(at: Range, run: Run, kind: str) -> bool:
    found = at.ledger.run(run.id)
    return any(p.kind == kind and r.attempts for p, r in zip(found.plan.steps, found.steps, strict=True))


def test_a_group_is_started_again_though_the_volume_in_it_cannot_be_taken_out_again(at: Range) -> None:
    run, _, name = at.plan(CREATE, LIMIT_S)
    faults = at.estate.world.faults
    faults.add("3par-p", FaultKind.HTTP_409, "DELETE /remotecopygroups/volumes")

    def refuse_the_start() -> None:
        if begun(at, run, "rcg.admit") and not refused:
            refused.append(faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups", count=1))

    refused: list[object] = []
    found = Runner(at.ledger, at.operations.devices, "one", PACE, refuse_the_start).run(run.id, False)
    faults.clear()
    assert found.state is RunState.FAILED
    assert f"not taken back: Take {name}_new out of {name} again: refused" in (found.note or "")
    assert judge.truth(at.estate, name).status == judge.STARTED


def test_a_console_that_leaves_while_it_takes_back_leaves_the_rest_to_whoever_resumes(at: Range) -> None:
    run, _, name = at.plan(DELETE, LIMIT_S)
    before = judge.truth(at.estate, name)
    faults = at.estate.world.faults
    faults.add("3par-p", FaultKind.HTTP_409, "DELETE /remotecopygroups/volumes", count=1)
    leaving = runner(at)
    acting = threading.Thread(target=leaving.run, args=(run.id, False))

    def taking_back() -> bool:
        undo = at.ledger.run(run.id).step(next(iter(run.plan.undoes)))
        return undo.state is StepState.RUNNING

    slow = None
    acting.start()
    while acting.is_alive() and not taking_back():
        if slow is None and begun(at, run, "rcg.dismiss"):
            slow = faults.add("3par-p", FaultKind.SLOW, "PUT /remotecopygroups", seconds=0.8)
        time.sleep(0.005)
    leaving.leave()
    acting.join()
    faults.clear()
    assert at.ledger.run(run.id).state is RunState.INTERRUPTED
    assert runner(at).run(run.id, wait_for_operator=False).state is RunState.FAILED  # what it takes back is in the way
    assert not judge.differences(judge.truth(at.estate, name), before)


def test_what_was_deleted_before_a_run_failed_is_said_to_stay_so(at: Range) -> None:
    run, _, name = at.plan(DELETE, LIMIT_S)
    at.estate.world.faults.add("3par-p", FaultKind.HTTP_409, "DELETE /volumes")
    found = runner(at).run(run.id, wait_for_operator=False)
    at.estate.world.faults.clear()
    assert found.state is RunState.FAILED
    assert f"not taken back: Take {name}_v1 out of {name}: it is done for good" in (found.note or "")
    assert judge.truth(at.estate, name).status == judge.STARTED
