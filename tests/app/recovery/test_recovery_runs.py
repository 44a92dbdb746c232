"""Runs on the lab's arrays: what the operator decides, what the devices do, and what the referee says of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.looks import Devices
from app.recovery.operations import Operations, new_run_id
from app.recovery.rcg.options import Options
from app.recovery.rcg.role_steps import Stop
from app.recovery.runner import MANY, RECENT_S, Runner, _recent, _Under
from app.recovery.step import Seen, Sight
from app.settings import load
from backends.lab.faults import FaultKind
from backends.lab.threepar.rcg import Side
from store.database import open_store
from store.estate import RcgMode, RcgRole, RcgStatus, RemoteCopyGroup
from store.ledger import LeaseError, Ledger
from store.rcg_verbs import RcgVerb
from store.runs import Choice, Lease, Plan, PlannedStep, Run, RunState, StepState
from tests.app.recovery.situations import NOW
from tests.faults.rcg_estate import RcgEstate, rcg_estate

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=1.2, busy_s=0.1, retries=5)
BROKEN = ("DROP_AFTER", "HTTP_504_AFTER", "DROP_BEFORE", "HTTP_503", "HTTP_429", "TRUNCATED", "HTML")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def operations(estate: RcgEstate, tmp_path: Path) -> Iterator[Operations]:
    path = tmp_path / "store.sqlite"
    settings = load(estate.config)
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Operations(settings, store, ledger, Connector(settings))
        estate.world.faults.clear()
        assert estate.world.referee.violations == []


def agreed(operations: Operations, verb: RcgVerb, *names: str, options: Options | None = None) -> Run:
    run_id = new_run_id()
    plan = operations.plan_rcg(verb, names, options or Options(), run_id)
    assert not plan.refused, plan.refused
    return operations.agree(run_id, plan, plan.confirm)


def runner(operations: Operations, holder: str = "one", pace: Pace = PACE) -> Runner:
    return Runner(operations.ledger, operations.devices, holder, pace)


def done(operations: Operations, run: Run) -> Run:
    return runner(operations).run(run.id, wait_for_operator=False)


def side(estate: RcgEstate, name: str, array: str) -> Side:
    found = estate.side(name, array)
    assert isinstance(found, Side)
    return found


def eventually(holds: object, limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_has_ended_with_its_last_step_before_anybody_is_logged_out(
    estate: RcgEstate, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = agreed(operations, RcgVerb.STOP, estate.group(RcgMode.SYNC))
    states: list[RunState] = []
    rest = operations.devices.rest
    monkeypatch.setattr(
        operations.devices, "rest", lambda: (states.append(operations.ledger.run(run.id).state), rest())
    )
    assert done(operations, run).state is RunState.SUCCEEDED
    assert set(states) <= {RunState.SUCCEEDED}


@pytest.mark.parametrize("mode", [RcgMode.SYNC, RcgMode.PERIODIC])
def test_over_and_home_again_loses_nothing(estate: RcgEstate, operations: Operations, mode: RcgMode) -> None:
    name = estate.group(mode)
    losses = len(estate.world.referee.losses)
    for verb, here, there in (
        (RcgVerb.FAILOVER, "paris", "lyon"),
        (RcgVerb.RECOVER, "", ""),
        (RcgVerb.RESTORE, "lyon", "paris"),
    ):
        if here:
            estate.switch_off(here, name)
        run = done(operations, agreed(operations, verb, name))
        assert run.state is RunState.SUCCEEDED, [step.reason for step in run.steps]
        if there:
            estate.switch_on(there, name)
            time.sleep(1.5)  # it writes a generation or two
    assert side(estate, name, "paris").role is RcgRole.PRIMARY
    assert side(estate, name, "paris").status is RcgStatus.STARTED
    estate.switch_off("paris", name)
    mine = [loss for loss in estate.world.referee.losses[losses:] if name in loss.origin]
    assert all(loss.generations == 0 for loss in mine), mine


def test_after_a_disaster_no_more_is_lost_than_was_accepted(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.PERIODIC)
    assert done(operations, agreed(operations, RcgVerb.SYNC, name)).state is RunState.SUCCEEDED
    time.sleep(2.5)
    with estate.world.turn():
        estate.world.set_dark("paris", True)
    try:
        run = agreed(operations, RcgVerb.FAILOVER, name, options=Options(disaster=True))
        assert done(operations, run).state is RunState.SUCCEEDED
        estate.switch_on("lyon", name)
        writer = f"lyon/{name}-srv#1"
        (loss,) = [loss for loss in estate.world.referee.losses if loss.writer == writer]
        assert 0 < loss.seconds <= (run.plan.loss_s or 0)
    finally:
        with estate.world.turn():
            estate.world.set_dark("paris", False)


def test_a_disaster_of_many_groups_keeps_its_sessions_and_waits_for_no_array_that_is_dark(
    estate: RcgEstate, operations: Operations
) -> None:
    names = [estate.group(RcgMode.PERIODIC) for _ in range(MANY + 2)]
    agreed(operations, RcgVerb.SYNC, *names)  # the store has seen the groups
    with estate.world.turn():
        estate.world.set_dark("paris", True)
    try:
        run = agreed(operations, RcgVerb.FAILOVER, *names, options=Options(disaster=True))
        found = done(operations, run)
        assert found.state is RunState.SUCCEEDED, [(step.id, step.reason) for step in found.steps]
        for name in names:
            assert side(estate, name, "lyon").primary
            estate.switch_on("lyon", name)
    finally:
        with estate.world.turn():
            estate.world.set_dark("paris", False)


def test_none_of_many_groups_is_failed_over_once_the_dark_site_shows_its_volumes_again(
    estate: RcgEstate, operations: Operations
) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(MANY + 1)]
    for name in names:
        estate.paris.groups[name][0].policies.discard("auto_recover")
    agreed(operations, RcgVerb.STOP, *names)  # the store has seen the groups
    with estate.world.turn():
        estate.world.set_dark("paris", True)
    run = agreed(operations, RcgVerb.FAILOVER, *names, options=Options(disaster=True))
    with estate.world.turn():
        estate.world.set_dark("paris", False)
    found = done(operations, run)
    assert not any(side(estate, name, "lyon").primary for name in names)
    assert sum("fence its hosts first" in (step.reason or "") for step in found.steps) == len(names)


def test_what_was_agreed_to_be_lost_counts_for_a_while_where_hosts_may_still_write(
    estate: RcgEstate, operations: Operations
) -> None:
    name = estate.group(RcgMode.PERIODIC)
    estate.paris.groups[name][0].policies.discard("auto_recover")
    connection = next(iter(estate.paris.targets.values())).connection
    with estate.world.turn() as now:
        connection.set_wires(False, now)
    try:
        run_id = new_run_id()
        plan = operations.plan_rcg(RcgVerb.FAILOVER, [name], Options(disaster=True), run_id)
        assert not plan.refused, plan.refused
        early = re.compile(r'"until":[0-9.]+')
        steps = tuple(replace(step, params=early.sub('"until":1.0', step.params)) for step in plan.steps)
        run = operations.agree(run_id, replace(plan, steps=steps), plan.confirm)
        found = done(operations, run)
        (step,) = [step for step in found.steps if step.state is StepState.FAILED]
        assert step.reason == "the loss that was agreed to counts until 00:00:01 UTC: plan it anew"
        assert not side(estate, name, "lyon").primary
    finally:
        with estate.world.turn() as now:
            connection.set_wires(True, now)


def test_a_volume_that_is_not_there_under_its_name_is_not_taken_for_fenced(
    estate: RcgEstate, operations: Operations
) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.FAILOVER, name)
    fault = estate.world.faults.add("3par-p", FaultKind.RENAMED, subject=f"{name}_v1")
    found = done(operations, run)
    estate.world.faults.remove(fault.id)
    (step,) = [step for step in found.steps if step.state is StepState.FAILED]
    assert step.reason == f"3par-p has no volume {name}_v1"
    assert not side(estate, name, "lyon").primary
    assert done(operations, run).state is RunState.SUCCEEDED
    assert not [vlun for vlun in estate.paris.vluns if vlun.volume.name.startswith(f"{name}_")]


def test_a_disaster_run_does_not_fail_over_once_the_dark_site_shows_its_volumes_again(
    estate: RcgEstate, operations: Operations
) -> None:
    name = estate.group(RcgMode.SYNC)
    estate.paris.groups[name][0].policies.discard("auto_recover")  # or it starts the group by itself
    agreed(operations, RcgVerb.STOP, name)  # the store has seen the group
    with estate.world.turn():
        estate.world.set_dark("paris", True)
    run = agreed(operations, RcgVerb.FAILOVER, name, options=Options(disaster=True))
    with estate.world.turn():
        estate.world.set_dark("paris", False)
    estate.switch_on("paris", name)  # its owner knows of no failover
    found = done(operations, run)
    assert not side(estate, name, "lyon").primary
    (step,) = [step for step in found.steps if step.state is StepState.FAILED]
    assert step.reason == f"3par-p answers, and still shows {name}_v1 to {name}-srv: fence its hosts first"


def test_a_command_without_an_end_holds_a_run_no_longer_than_its_step_may_take(
    estate: RcgEstate, operations: Operations
) -> None:
    run_id = new_run_id()
    plan = operations.plan_rcg(RcgVerb.REVERSE, [estate.group(RcgMode.SYNC)], Options(), run_id)
    plan = replace(plan, steps=tuple(replace(step, limit_s=1.0) for step in plan.steps))
    run = operations.agree(run_id, plan, plan.confirm)
    fault = estate.world.faults.add("3par-l", FaultKind.HANG, "setrcopygroup reverse")
    ends = threading.Thread(target=done, args=(operations, run))
    ends.start()
    ends.join(60)
    held = ends.is_alive()
    estate.world.faults.remove(fault.id)
    ends.join()
    (step,) = [step for step in operations.ledger.run(run.id).steps if step.state is StepState.UNKNOWN]
    assert not held
    assert step.reason == "no answer in time: no end of the answer within 1 s"
    assert done(operations, run).state is RunState.SUCCEEDED


@pytest.mark.parametrize("kind", BROKEN)
def test_a_verb_whose_answer_is_lost_or_spoilt_takes_effect_once(
    estate: RcgEstate, operations: Operations, kind: str
) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.STOP, name)
    estate.world.faults.add("3par-p", FaultKind[kind], "PUT /remotecopygroups", count=1)
    found = done(operations, run)
    assert found.state is RunState.SUCCEEDED, found.steps[0].reason
    assert side(estate, name, "paris").status is RcgStatus.STOPPED
    results = [entry for entry in operations.ledger.journal(run.id) if entry.kind == "result"]
    assert len(results) == 1


@pytest.mark.parametrize("kind", ["HTTP_403", "HTTP_409", "HTTP_500", "REFUSES_LOGIN", "UNREACHABLE", "DROP_BEFORE"])
def test_what_stays_broken_stops_the_run_and_says_why_and_never_looks_like_success(
    estate: RcgEstate, operations: Operations, kind: str
) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.STOP, name)
    short = tuple(replace(step, limit_s=1.0) for step in run.plan.steps)
    run_id = new_run_id()
    run = operations.agree(run_id, replace(run.plan, steps=short), ())
    estate.world.faults.add("3par-p", FaultKind[kind], "*")
    found = done(operations, run)
    assert found.state is RunState.INTERRUPTED  # it waits, and nobody holds it
    assert found.steps[0].state in (StepState.FAILED, StepState.UNKNOWN)
    assert found.steps[0].reason
    assert side(estate, name, "paris").status is RcgStatus.STARTED
    estate.world.faults.clear()
    assert done(operations, run).state is RunState.SUCCEEDED


def test_rcg_04_an_export_that_fails_is_a_failed_step(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.FAILOVER, name)
    estate.world.faults.add("3par-l", FaultKind.HTTP_403, "POST /vluns")
    found = done(operations, run)
    failed = [step for step in found.steps if step.state is StepState.FAILED]
    assert [found.plan.step(step.id).kind for step in failed] == ["vlun.create", "vlun.create"]
    assert found.state is not RunState.SUCCEEDED


def test_a_step_that_is_done_already_sends_nothing(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.STOP, name)
    with estate.world.turn() as now:
        group, mine = estate.paris.group(name)
        group.stop(mine, now)
    sent = estate.paris.device.counters.requests["PUT /remotecopygroups"]
    assert done(operations, run).steps[0].state is StepState.ALREADY
    assert estate.paris.device.counters.requests["PUT /remotecopygroups"] == sent


def test_rcg_11_a_role_that_changed_since_the_plan_refuses_the_verb(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.SYNC, "recovered")
    run = agreed(operations, RcgVerb.RESTORE, name)
    with estate.world.turn() as now:
        group, mine = estate.lyon.group(f"{name}.r1001")
        group.stop(mine, now)
    found = done(operations, run)
    assert found.state is RunState.INTERRUPTED
    assert {step.state for step in found.steps} <= {StepState.DONE, StepState.FAILED, StepState.PENDING}
    assert side(estate, name, "lyon").role is RcgRole.PRIMARY_REV


def test_the_operator_skips_marks_done_retries_and_continues(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.FAILOVER, name)
    estate.world.faults.add("3par-p", FaultKind.HTTP_403, "POST /volumes")
    acting = runner(operations)
    thread = threading.Thread(target=acting.run, args=(run.id,))
    thread.start()
    ledger = operations.ledger
    eventually(lambda: ledger.run(run.id).state is RunState.WAITING)
    stuck = [step.id for step in ledger.run(run.id).steps if step.state is StepState.FAILED]
    assert len(stuck) == 2
    ledger.decide(run.id, Choice.PAUSE, None, "", "ops")
    ledger.decide(run.id, Choice.SKIP, stuck[0], "no room for it", "ops")
    estate.world.faults.clear()
    ledger.decide(run.id, Choice.RETRY, stuck[1], "", "ops")
    eventually(lambda: ledger.run(run.id).state is RunState.PAUSED)
    assert ledger.run(run.id).step(stuck[1]).state is StepState.PENDING
    ledger.decide(run.id, Choice.CONTINUE, None, "", "ops")
    thread.join(30)
    found = ledger.run(run.id)
    assert found.state is RunState.SUCCEEDED
    assert (found.step(stuck[0]).state, found.step(stuck[0]).reason) == (StepState.SKIPPED, "ops: no room for it")


def test_an_aborted_run_begins_nothing_more(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.FAILOVER, name)
    estate.world.faults.add("3par-p", FaultKind.HTTP_403, "PUT /remotecopygroups")
    assert done(operations, run).state is RunState.INTERRUPTED
    operations.ledger.decide(run.id, Choice.ABORT, None, "hosts still write", "ops")
    estate.world.faults.clear()
    sent = estate.paris.device.counters.requests["PUT /remotecopygroups"]
    found = done(operations, run)
    assert (found.state, found.note) == (RunState.ABORTED, "hosts still write")
    assert estate.paris.device.counters.requests["PUT /remotecopygroups"] == sent


def test_a_second_console_may_not_act_while_the_first_one_does(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.PERIODIC)
    run = agreed(operations, RcgVerb.SYNC, name)
    other = agreed(operations, RcgVerb.STOP, name)
    thread = threading.Thread(target=runner(operations).run, args=(run.id,))
    thread.start()
    eventually(lambda: operations.ledger.run(run.id).state is RunState.RUNNING)
    with pytest.raises(LeaseError, match=run.id):
        runner(operations, "two").run(other.id)
    thread.join(30)
    assert operations.ledger.run(run.id).state is RunState.SUCCEEDED


def test_a_group_that_fails_holds_up_no_other_and_the_next_wave_begins(
    estate: RcgEstate, operations: Operations
) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(3)]
    run = agreed(operations, RcgVerb.STOP, *names, options=Options(wave=1))
    estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups", count=1)
    found = done(operations, run)
    assert [step.state for step in found.steps] == [StepState.FAILED, StepState.DONE, StepState.DONE]
    statuses = [side(estate, name, "paris").status for name in names]
    assert statuses == [RcgStatus.STARTED, RcgStatus.STOPPED, RcgStatus.STOPPED]
    assert done(operations, run).state is RunState.SUCCEEDED


def test_a_verb_that_waited_for_its_device_is_not_sent_on_what_was_seen_before(
    estate: RcgEstate, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.recovery.attempt.STALE_S", 0.2)
    name = estate.group(RcgMode.SYNC)
    busy = Devices(operations.devices._connect, {"3par-p": 1, "3par-l": 1})
    run = agreed(operations, RcgVerb.STOP, name)
    counters = estate.paris.device.counters.requests
    estate.world.faults.add("3par-p", FaultKind.SLOW, "GET /remotecopygroups*", seconds=0.5, count=1)
    looked, sent = counters["GET /remotecopygroups"], counters["PUT /remotecopygroups"]
    acting = threading.Thread(
        target=Runner(operations.ledger, busy, "one", PACE).run, args=(run.id,), kwargs={"wait_for_operator": False}
    )
    acting.start()
    eventually(lambda: counters["GET /remotecopygroups"] > looked)
    with busy.reserved("3par-p", 1e12):  # as soon as the look is over, and before the verb
        with estate.world.turn() as now:
            estate.paris.groups[name][0].stop(side(estate, name, "paris"), now)
        eventually(lambda: busy._slots["3par-p"]._waiting)
        time.sleep(0.4)
    acting.join(20)
    (step,) = operations.ledger.run(run.id).steps
    assert (step.state, step.attempts) == (StepState.ALREADY, 0), "somebody else had stopped it meanwhile"
    assert counters["PUT /remotecopygroups"] == sent


def test_what_was_said_of_an_earlier_failure_is_not_done_after_a_later_one(
    estate: RcgEstate, operations: Operations
) -> None:
    name = estate.group(RcgMode.SYNC)
    run = agreed(operations, RcgVerb.STOP, name)
    estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups", count=2)
    assert done(operations, run).steps[0].state is StepState.FAILED
    operations.ledger.decide(run.id, Choice.SKIP, "s1", "said too late", "ops")
    lease = operations.ledger.take(run.id, "another")
    operations.ledger.settle(lease, "s1", StepState.FAILED, (), "it failed once more")
    operations.ledger.release(lease)
    assert done(operations, run).steps[0].state is StepState.FAILED
    assert done(operations, run).steps[0].state is StepState.DONE


def test_a_defect_in_one_step_lets_no_other_go_on_acting(
    estate: RcgEstate, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(2)]
    run = agreed(operations, RcgVerb.STOP, *names)
    look = Stop.observe

    def broken(self: Stop, sight: Sight) -> Seen:
        if self.group == names[0]:
            raise RuntimeError("a defect")
        time.sleep(0.5)
        return look(self, sight)

    monkeypatch.setattr(Stop, "observe", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        done(operations, run)
    assert side(estate, names[1], "paris").status is RcgStatus.STARTED
    monkeypatch.undo()
    assert done(operations, run).state is RunState.SUCCEEDED


def test_a_console_that_leaves_gives_the_run_back_to_be_resumed(estate: RcgEstate, operations: Operations) -> None:
    name = estate.group(RcgMode.PERIODIC)
    run = agreed(operations, RcgVerb.FAILOVER, name)
    first = runner(operations)
    thread = threading.Thread(target=first.run, args=(run.id,))
    thread.start()
    eventually(lambda: any(step.state is StepState.DONE for step in operations.ledger.run(run.id).steps))
    first.leave()
    thread.join(30)
    assert operations.ledger.run(run.id).state is RunState.INTERRUPTED
    assert runner(operations, "two").run(run.id, wait_for_operator=False).state is RunState.SUCCEEDED


def test_a_run_over_many_groups_keeps_its_sessions_whatever_breaks_and_closes_them(
    estate: RcgEstate, operations: Operations
) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(6)]
    for name in names:
        estate.switch_off("paris", name)
    run = agreed(operations, RcgVerb.FAILOVER, *names, options=Options(wave=3))
    for verb in ("DELETE /vluns", "PUT /remotecopygroups", "POST /volumes", "POST /remotecopygroups", "POST /vluns"):
        estate.world.faults.add("*", FaultKind.DROP_AFTER, verb, count=1)
    thread = threading.Thread(target=done, args=(operations, run), daemon=True)
    calls = estate.paris.device.counters.requests
    before = calls.copy()
    thread.start()
    eventually(lambda: calls["PUT /remotecopygroups"] >= before["PUT /remotecopygroups"] + 2)
    for array in (estate.paris, estate.lyon):
        assert array.sessions is not None
        array.sessions.expire_all()  # as after a restart of the service
    thread.join(60)
    found = operations.ledger.run(run.id)
    assert found.state is RunState.SUCCEEDED, [step.reason for step in found.steps if step.state is StepState.FAILED]
    assert all(side(estate, name, "lyon").role is RcgRole.PRIMARY_REV for name in names)
    for verb, count in (("PUT /remotecopygroups", 6), ("POST /volumes", 12)):
        assert count <= calls[verb] - before[verb] <= count + 3, verb  # refused with the session, or sent once
    # Twelve sessions, each once more after the restart, and what the faults broke: for 30 verbs, and as many looks.
    assert calls["POST /credentials"] - before["POST /credentials"] < 32
    assert estate.paris.device.counters.sessions == estate.lyon.device.counters.sessions == 0
    shown = {e.obj.name: e.obj for e in operations.store.view.entries("rcg") if isinstance(e.obj, RemoteCopyGroup)}
    assert all(shown[f"{name}.r1001"].role is RcgRole.PRIMARY_REV for name in names)


def test_what_the_next_verb_rests_on_is_looked_at_while_the_one_before_has_its_effect(
    estate: RcgEstate, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("app.recovery.runner.look_ahead", lambda devices, planned, old_s: seen.append(planned.kind))
    few = agreed(operations, RcgVerb.FAILOVER, estate.group(RcgMode.SYNC))
    assert done(operations, few).state is RunState.SUCCEEDED and seen == []  # its sessions are not kept
    many = agreed(operations, RcgVerb.STOP, *(estate.group(RcgMode.SYNC) for _ in range(5)))
    assert done(operations, many).state is RunState.SUCCEEDED and seen == []  # nothing is behind a stop
    names = [estate.group(RcgMode.SYNC) for _ in range(5)]
    assert done(operations, agreed(operations, RcgVerb.FAILOVER, *names)).state is RunState.SUCCEEDED
    assert {"sv.create", "rcg.failover"} <= set(seen)


def test_a_run_that_waits_for_the_operator_holds_no_session(estate: RcgEstate, operations: Operations) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(5)]
    run = agreed(operations, RcgVerb.STOP, *names)
    estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups", count=1)
    thread = threading.Thread(target=runner(operations).run, args=(run.id,), daemon=True)
    thread.start()
    eventually(lambda: operations.ledger.run(run.id).state is RunState.WAITING)
    eventually(lambda: estate.paris.device.counters.sessions == estate.lyon.device.counters.sessions == 0)
    failed = next(step for step in operations.ledger.run(run.id).steps if step.state is StepState.FAILED)
    operations.ledger.decide(run.id, Choice.RETRY, failed.id, "once more", "ops")
    thread.join(30)
    assert operations.ledger.run(run.id).state is RunState.SUCCEEDED


def test_a_paused_run_holds_no_session_though_steps_could_begin(estate: RcgEstate, operations: Operations) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(5)]
    run = agreed(operations, RcgVerb.STOP, *names, options=Options(wave=1))
    estate.world.faults.add("3par-p", FaultKind.SLOW, "PUT /remotecopygroups", seconds=0.5, count=1)
    sent = estate.paris.device.counters.requests
    before = sent["PUT /remotecopygroups"]
    thread = threading.Thread(target=runner(operations).run, args=(run.id,), daemon=True)
    thread.start()
    eventually(lambda: sent["PUT /remotecopygroups"] > before)
    operations.ledger.decide(run.id, Choice.PAUSE, None, "", "ops")
    eventually(lambda: operations.ledger.run(run.id).state is RunState.PAUSED)
    assert StepState.PENDING in {step.state for step in operations.ledger.run(run.id).steps}
    eventually(lambda: estate.paris.device.counters.sessions == estate.lyon.device.counters.sessions == 0)
    operations.ledger.decide(run.id, Choice.CONTINUE, None, "", "ops")
    thread.join(30)
    assert operations.ledger.run(run.id).state is RunState.SUCCEEDED


def test_a_verb_rests_on_no_look_that_began_before_what_was_done_ahead_of_it() -> None:
    def step(step_id: str, *needs: str, undo: str | None = None) -> PlannedStep:
        return PlannedStep(step_id, "rcg.stop", "{}", "", "3par-p", "stop", needs=needs, undo=undo)

    plan = Plan("stop", "stop", ("g",), NOW, (step("a", undo="u"), step("b", "a"), step("c", "b"), step("u")))
    under = _Under(Lease("r1", ("g",), (1,), "one"), {})
    now = time.monotonic()
    under.from_s, group, vluns = now - 100, ("3par-p", "reading"), ("3par-p", "vluns")
    under.seen = {"a": {group: now - 3}, "b": {vluns: now - 1}}
    since = _recent(plan, plan.step("c"), under)
    assert (since(group), since(vluns)) == (now - 3, now - 1)  # each as the step saw it that changed it
    assert since(("3par-p", "groups")) == now - 3 and since(("3par-p", "objects")) == now - 1
    assert now - RECENT_S <= since(("3par-l", "reading")) < now - 3
    under.seen["a"] = {group: now - 60}
    assert since(group) >= now - RECENT_S  # not too old
    assert _recent(plan, plan.step("u"), under)(group) >= now  # what takes another one back looks anew
    under.from_s = now - 2
    assert _recent(plan, plan.step("c"), under)(group) == now - 2  # nothing from before this console acted
    del under.seen["a"]
    assert _recent(plan, plan.step("c"), under)(vluns) >= now  # done at another time, or by somebody's word
