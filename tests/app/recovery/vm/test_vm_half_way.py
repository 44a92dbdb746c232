"""A failover that stops half way: what an abort takes back, and what it never does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.recovery.operations import Operations, new_run_id
from app.recovery.runner import Runner
from app.recovery.vm import operate
from app.recovery.vm.failover_plan import Asked
from app.replication_records import Probe
from app.runs_words import next_keys
from backends.lab.faults import FaultKind
from backends.lab.vsphere import outages
from backends.lab.vsphere.records import EsxHost
from backends.vsphere import acts, stream, tasks, transfer
from screens.decision_words import of_reason
from store.estate import PowerState
from store.replications import FAILOVER, standings, target
from store.runs import NO_ANSWER, REFUSED, Choice, Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.app.recovery.vm.test_vm_runs import PACE, operating
from tests.faults.vm_estate import VmEstate, vm_estate

ON, OFF = PowerState.ON, PowerState.OFF


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.05)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    """One layer-2 network: two live machines of one MAC would be seen."""
    with vm_estate(tmp_path_factory.mktemp("half"), stretched=True) as ready:
        yield ready
        assert ready.world.referee.violations == []


def stopped_by(estate: VmEstate, operations: Operations, names: list[str], verb: str) -> Run:
    """A planned failover in which the other side refuses a verb."""
    run_id = new_run_id()
    plan = operate.plan_failover(operations, names, Asked(), run_id)
    assert not plan.refused
    operations.agree(run_id, plan, plan.confirm)
    fault = estate.world.faults.add("vc-lyon", FaultKind.HTTP_403, verb)
    run = Runner(operations.ledger, operations.devices, "here", PACE).run(run_id, wait_for_operator=False)
    estate.world.faults.remove(fault.id)
    assert run.state is not RunState.SUCCEEDED
    return run


def aborted(operations: Operations, run: Run) -> Run:
    operations.ledger.decide(run.id, Choice.ABORT, None, "not tonight", "somebody")
    return Runner(operations.ledger, operations.devices, "here", PACE).run(run.id, wait_for_operator=False)


@pytest.mark.parametrize("verb", ["ImportVApp", "PowerOnVM_Task"])
def test_a_planned_failover_given_up_before_the_other_side_runs_powers_the_source_on_again(
    estate: VmEstate, tmp_path: Path, verb: str
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        run = stopped_by(estate, operations, [name], verb)
        assert estate.power(estate.paris, name) is OFF
        again = f"Power {name} on again on vc-paris"
        assert any(again in line for line in next_keys(run))
        assert again in " ".join(of_reason(run, Choice.ABORT, None))
        assert operate.standing(operations.ledger)[name].failed_over == run.id
        found = aborted(operations, run)
        assert found.state is RunState.ABORTED
        assert found.note is not None
        assert "not taken back" not in found.note
        assert estate.power(estate.paris, name) is ON
        assert all(replica.power is OFF for replica in estate.replicas(name))
        assert not any("drdeck.active" in replica.home.extra for replica in estate.replicas(name))
        assert not estate.paris.vm(name).roots, "its snapshot is gone again"
        assert operate.standing(operations.ledger)[name].failed_over is None
        assert operate.run_pass(operations, name, PACE).done, "it is replicated as before"


def test_a_failback_given_up_before_home_runs_has_the_other_side_serve_again(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        run_id = new_run_id()
        there = operate.plan_failover(operations, [name], Asked(), run_id)
        operations.agree(run_id, there, there.confirm)
        assert Runner(operations.ledger, operations.devices, "here", PACE).run(run_id).state is RunState.SUCCEEDED
        machines = {vm.name for vm in estate.paris.vms()}
        run_id = new_run_id()
        back = operate.plan_failback(operations, [name], run_id)
        operations.agree(run_id, back, back.confirm)
        fault = estate.world.faults.add("vc-paris", FaultKind.HTTP_403, "PowerOnVM_Task")
        run = Runner(operations.ledger, operations.devices, "here", PACE).run(run_id, wait_for_operator=False)
        estate.world.faults.remove(fault.id)
        assert not any(replica.power is ON for replica in estate.replicas(name))
        found = aborted(operations, run)
        assert found.note is not None and "not taken back" not in found.note
        assert [replica.power for replica in estate.replicas(name)].count(ON) == 1
        assert {vm.name for vm in estate.paris.vms()} == machines, "nothing is left of the copy, nor renamed"
        assert operate.standing(operations.ledger)[name].failed_over == operations.ledger.runs_of(FAILOVER)[0].id


STOP = PlannedStep("s1", "vm.stop", "{}", "Stop it", "here", "ShutdownGuest", destructive=True, undo="su1")
START = PlannedStep("s2", "vm.start", "{}", "Start the copy", "there", "PowerOnVM_Task", needs=("s1",))
BACK = PlannedStep("su1", "vm.start", "{}", "Start it again", "here", "PowerOnVM_Task", unless="s2")


@pytest.mark.parametrize(
    ("start", "back"),
    [
        (StepRecord("s2"), True),
        (StepRecord("s2", StepState.FAILED, 1, answer=f"{REFUSED}no room"), True),
        (StepRecord("s2", StepState.UNKNOWN, 1, answer=f"{NO_ANSWER}timed out"), False),
        (StepRecord("s2", StepState.RUNNING, 1), False),
        (StepRecord("s2", StepState.ALREADY), False),
        (StepRecord("s2", StepState.DONE, 1, answer="powered on"), False),
        (StepRecord("s2", StepState.MARKED), False),
    ],
)
def test_the_source_is_only_started_again_where_the_start_of_the_copy_was_never_heard(
    start: StepRecord, back: bool
) -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    plan = Plan(FAILOVER, "vm failover vm1", (target("vm1"),), now, (STOP, START, BACK))
    stopped = StepRecord("s1", StepState.DONE, 1, answer="the guest shut down")
    run = Run("r1", plan, RunState.WAITING, "me", now, (stopped, start, StepRecord("su1")), now)
    assert run.to_take_back == ((BACK,) if back else ())
    ended = replace(run, state=RunState.ABORTED, ended_at=now)
    assert standings([ended])["vm1"].failed_over == "r1", "its source is still off"
    again = replace(ended, steps=(stopped, start, StepRecord("su1", StepState.DONE, 1)))
    assert (standings([again])["vm1"].failed_over is None) is back


def test_of_two_only_the_one_that_does_not_run_there_is_taken_back(estate: VmEstate, tmp_path: Path) -> None:
    one, other = estate.fresh(), estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        run_id = new_run_id()
        plan = operate.plan_failover(operations, [one, other], Asked(), run_id)
        operations.agree(run_id, plan, plan.confirm)
        fault = estate.world.faults.add("vc-lyon", FaultKind.HTTP_403, "PowerOnVM_Task", count=1)
        run = Runner(operations.ledger, operations.devices, "here", PACE).run(run_id, wait_for_operator=False)
        estate.world.faults.remove(fault.id)
        aborted(operations, run)
        served = [name for name in (one, other) if any(r.power is ON for r in estate.replicas(name))]
        assert len(served) == 1
        for name in (one, other):
            assert estate.power(estate.paris, name) is (OFF if name in served else ON)
            assert (operate.standing(operations.ledger)[name].failed_over is not None) is (name in served)


# ------------------------------------------------------------------------------------------------------------ one host


@pytest.fixture
def lost_host(estate: VmEstate) -> Iterator[EsxHost]:
    host = estate.paris.state.hosts[0]
    yield host
    with estate.world.turn():
        outages.host_returns(estate.paris.state, host)
        for vm in estate.paris.vms():
            if vm.power is ON:
                estate.paris.state.stopped(vm)


def disaster(operations: Operations, name: str) -> Plan:
    operations.devices.reading("vc-paris", 0.0)
    return operate.plan_failover(operations, [name], Asked(disaster=True), new_run_id())


def test_of_one_dead_host_in_a_site_that_lives_its_machine_is_failed_over_on_two_people_s_word(
    estate: VmEstate, lost_host: EsxHost, tmp_path: Path
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        assert operate.run_pass(operations, name, PACE).done
        with estate.world.turn():
            outages.lose_host(estate.paris.state, lost_host, dead=True)
        plan = disaster(operations, name)
        assert not plan.refused
        assert plan.confirm[1:3] == (f"host {lost_host.name} is down", "second person: NAME")
        assert "lose 1 min" in plan.confirm
        (guard,) = [guard for guard in plan.guards if guard.id.startswith("host.down")]
        assert "hostDown" in guard.evidence
        run_id = new_run_id()
        plan = operate.plan_failover(operations, [name], Asked(disaster=True), run_id)
        operations.agree(run_id, plan, plan.confirm)
        run = Runner(operations.ledger, operations.devices, "here", PACE).run(run_id, wait_for_operator=False)
        assert run.state is RunState.SUCCEEDED, [(step.id, step.reason, step.answer) for step in run.steps]
        assert estate.replicas(name)[-1].power is ON


@pytest.mark.parametrize("case", ["cut off", "no HA", "it answers"])
def test_a_host_of_which_less_is_known_is_not_taken_for_dead(
    estate: VmEstate, lost_host: EsxHost, tmp_path: Path, case: str
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations, socket.create_server(("127.0.0.1", 0)) as server:
        assert operate.run_pass(operations, name, PACE).done
        with estate.world.turn():
            outages.lose_host(estate.paris.state, lost_host, dead=case == "it answers", ha=case != "no HA")
        if case == "it answers":
            (one,) = (each for each in operations.settings.replications if each.name == name)
            one = replace(one, probe=Probe("127.0.0.1", server.getsockname()[1]))
            operations.settings = replace(operations.settings, replications=(one,))
        plan = disaster(operations, name)
        assert [guard.id for guard in plan.refused] == [f"site.dark {name}"]
        seen = {"cut off": "networkIsolated", "no HA": "has no probe", "it answers": "answers"}[case]
        assert seen in plan.refused[0].evidence.partition("its host alone is down")[2]
