"""What is done to replicated VMs, from the look to the last step, against the lab's servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations, new_run_id
from app.recovery.runner import Runner
from app.recovery.vm import operate
from app.recovery.vm.failover_plan import Asked
from app.recovery.vm.listing import listed
from app.settings import load
from backends.lab.faults import FaultKind
from backends.lab.vsphere import machines
from backends.lab.vsphere.records import AutoStartEntry, Vm
from backends.lab.vsphere.state import GIB
from backends.vsphere import acts, stream, tasks, transfer
from store.database import open_store
from store.estate import PowerState
from store.ledger import LeaseError, Ledger
from store.replications import PAUSE, RESUME
from store.runs import Plan, Run, RunState
from tests.faults.vm_estate import VmEstate, vm_estate

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=0.2, busy_s=0.1, retries=5)
ON, OFF = PowerState.ON, PowerState.OFF


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.05)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    with vm_estate(tmp_path_factory.mktemp("vms")) as ready:
        yield ready
        assert ready.world.referee.violations == []


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    """Two lone ESXi hosts that know nothing of each other, on one layer-2 network."""
    with vm_estate(tmp_path_factory.mktemp("hosts"), hosts=True, stretched=True) as ready:
        yield ready
        assert ready.world.referee.violations == []


@contextmanager
def operating(estate: VmEstate, store: Path) -> Iterator[Operations]:
    with closing(open_store(store)) as opened, closing(Ledger(store)) as ledger:
        settings = load(estate.config)
        yield Operations(settings, opened, ledger, Connector(settings))


Draw = Callable[[Operations, str], Plan]


def done(operations: Operations, draw: Draw, state: RunState = RunState.SUCCEEDED) -> Run:
    run_id = new_run_id()
    plan = draw(operations, run_id)
    assert not plan.refused, [f"{guard.words}: {guard.evidence}" for guard in plan.refused]
    operations.agree(run_id, plan, plan.confirm)
    run = Runner(operations.ledger, operations.devices, "here", PACE).run(run_id, wait_for_operator=False)
    assert run.state is state, [(step.id, step.state, step.reason, step.answer) for step in run.steps]
    return run


def passed(name: str) -> Draw:
    return lambda operations, run_id: operate.plan_pass(operations, [name], run_id)


def failed_over(name: str, asked: Asked | None = None) -> Draw:
    return lambda operations, run_id: operate.plan_failover(operations, [name], asked or Asked(), run_id)


@pytest.mark.parametrize("within", [False, True])
def test_a_pass_makes_a_complete_generation_that_holds_what_the_source_held_when_it_was_frozen(
    estate: VmEstate, tmp_path: Path, within: bool
) -> None:
    name = estate.fresh(within=within)
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        (replica,) = estate.replicas(name)
        source = estate.paris.vm(name)
        assert replica.home.extra["drdeck.replica.complete"] == "true"
        assert replica.power is OFF
        assert not source.roots
        with estate.world.turn() as now:
            held, live = replica.home.disks[0].volume.stored, source.home.disks[0].volume.image(now)
        assert held.origin == name
        assert live.last_common(held) >= 1000
        (at,) = operate.look(operations, [name])
        assert at.complete[0].machine.name == f"{name}_replica_g1"
        assert at.complete[0].cards is not None
        assert at.complete[0].cards[0].mac == source.home.nics[0].mac


# ------------------------------------------------------------------------------------------------------------- passes


def test_esx_09_the_old_generation_stays_until_the_new_one_is_complete_and_two_are_kept(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        for number in (1, 2, 3):
            done(operations, passed(name))
            found = [vm.home.extra["drdeck.replica.generation"] for vm in estate.replicas(name)]
            assert found == [str(n) for n in range(max(1, number - 1), number + 1)]
        run = operations.ledger.runs()[0]
        kinds = [step.kind for step in run.plan.steps if step.id not in run.plan.undoes]
        assert kinds.index("vm.complete") < kinds.index("vm.destroy")


def test_a_disk_crosses_whole_though_the_connection_is_cut_again_and_again(lone: VmEstate, tmp_path: Path) -> None:
    name = lone.fresh()
    fault = lone.world.faults.add("vc-paris", FaultKind.TRUNCATED, "GET /nfc")
    fault.remaining = 3
    with operating(lone, tmp_path / "s.sqlite") as operations:
        run = done(operations, passed(name))
    assert lone.world.devices["vc-paris"].counters.requests["GET /nfc"] >= 4
    carried = next(step for step in run.steps if "SHA-256" in (step.answer or ""))
    assert carried.answer is not None
    assert carried.attempts == 1
    (replica,) = lone.replicas(name)
    assert replica.home.disks[0].volume.stored.origin == name


@pytest.mark.parametrize("verb", ["GET /nfc", "POST /nfc", "ImportVApp"])
def test_esx_10_a_pass_that_fails_leaves_the_copy_that_was_there_and_is_one_failure(
    lone: VmEstate, tmp_path: Path, verb: str
) -> None:
    name = lone.fresh()
    with operating(lone, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        (before,) = lone.replicas(name)
        fault = lone.world.faults.add("vc-*", FaultKind.HTTP_403, verb)
        passed_now = operate.run_pass(operations, name, PACE)
        lone.world.faults.remove(fault.id)
        assert not passed_now.done
        assert passed_now.run is not None
        assert passed_now.run.state in (RunState.FAILED, RunState.ABORTED)
        assert lone.replicas(name) == [before]
        assert before.home.extra["drdeck.replica.complete"] == "true"
        assert not lone.paris.vm(name).roots
        assert operate.run_pass(operations, name, PACE).done


def test_a_datastore_that_fills_up_on_the_way_leaves_the_copy_that_was_there_and_says_so(
    lone: VmEstate, tmp_path: Path
) -> None:
    name = lone.fresh()
    store, disk = lone.lyon.datastore, lone.paris.vm(name).home.disks[0]
    with operating(lone, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        (before,) = lone.replicas(name)
        with lone.world.turn():
            store.used = lone.lyon.state.free(store) - 5 * GIB  # enough for all disks and a tenth more
            disk.bytes_used = 6 * GIB
        found = operate.run_pass(operations, name, PACE)
        store.used, disk.bytes_used = 0, disk.capacity
        assert found.run is not None
        assert any("no more space" in (step.reason or "") for step in found.run.steps)
        assert lone.replicas(name) == [before]
        assert operate.run_pass(operations, name, PACE).done


def test_a_full_datastore_is_told_before_anything_is_sent(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    sent = estate.writes()
    estate.lyon.datastore.used = estate.lyon.datastore.capacity
    with operating(estate, tmp_path / "s.sqlite") as operations:
        found = operate.run_pass(operations, name, PACE)
    estate.lyon.datastore.used = 0
    assert found.run is None
    assert "0 GiB are free" in found.why
    assert estate.writes() == sent


def test_esx_11_a_pass_under_way_keeps_another_from_beginning_and_a_pause_is_honoured(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        run_id = new_run_id()
        operations.agree(run_id, operate.plan_pass(operations, [name], run_id), ())
        operations.ledger.take(run_id, "another console")
        with pytest.raises(LeaseError):
            operate.run_pass(operations, name, PACE)
        Runner(operations.ledger, operations.devices, "another console", PACE).run(run_id)
        done(operations, lambda ops, _: operate.plan_said(ops, PAUSE, [name]))
        found = operate.run_pass(operations, name, PACE)
        assert found.run is None
        assert "paused by run" in found.why
        done(operations, lambda ops, _: operate.plan_said(ops, RESUME, [name]))
        assert operate.run_pass(operations, name, PACE).done


# ---------------------------------------------------------------------------------------------------------- failovers


def test_a_planned_failover_loses_nothing_and_keeps_the_mac(lone: VmEstate, tmp_path: Path) -> None:
    name = lone.fresh()
    with operating(lone, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        mac = lone.paris.vm(name).home.nics[0].mac
        run = done(operations, failed_over(name))
        assert run.plan.loss_s == 0.0
        assert run.plan.confirm == (f"vm failover {name}",)
        assert lone.power(lone.paris, name) is OFF
        active = lone.replicas(name)[-1]
        assert (active.power, active.tools_running) == (ON, True)
        card = active.home.nics[0]
        assert (card.mac, card.address_type, card.network) == (mac, "manual", lone.lyon.network)
        assert not any(loss.generations for loss in lone.world.referee.losses if loss.origin == name)
        again = operate.run_pass(operations, name, PACE)
        assert again.run is None
        assert "failed over" in again.why


def test_esx_03_a_disaster_failover_needs_nothing_of_the_dark_source(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        mac = estate.paris.vm(name).home.nics[0].mac
        estate.set_dark(True)
        try:
            run = done(operations, failed_over(name, Asked(disaster=True)))
        finally:
            estate.set_dark(False)
        assert run.plan.confirm[:2] == (f"vm failover {name}", "site paris is dark")
        assert "lose 1 min" in run.plan.confirm
        active = estate.replicas(name)[-1]
        assert (active.power, active.home.nics[0].mac) == (ON, mac)
        lost = [loss.seconds for loss in estate.world.referee.losses if loss.origin == name]
        assert run.plan.loss_s is not None
        assert all(seconds <= run.plan.loss_s + 1.0 for seconds in lost)  # the writes are a second apart


def test_a_disaster_failover_is_refused_while_a_witness_says_that_the_site_lives(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        fault = estate.world.faults.add("vc-paris", FaultKind.UNREACHABLE)
        plan = operate.plan_failover(operations, [name], Asked(disaster=True), "r1")
        estate.world.faults.remove(fault.id)
        assert [guard.id for guard in plan.refused] == [f"site.dark {name}"]
        assert "esx-witness: answers" in plan.refused[0].evidence


def test_a_disaster_failover_stops_a_source_that_still_runs(lone: VmEstate, tmp_path: Path) -> None:
    name = lone.fresh()
    with operating(lone, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        done(operations, failed_over(name, Asked(disaster=True)))
        assert lone.power(lone.paris, name) is OFF
        assert lone.replicas(name)[-1].power is ON


def incomplete(estate: VmEstate, vm: Vm) -> None:
    with estate.world.turn():
        vm.home.extra["drdeck.replica.complete"] = "false"
        estate.lyon.state.changed(vm)


def test_a_copy_that_is_not_complete_is_never_chosen(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        done(operations, passed(name))
        older, newer = estate.replicas(name)
        incomplete(estate, newer)
        plan = operate.plan_failover(operations, [name], Asked(disaster=True), "r1")
        started = next(step for step in plan.steps if step.kind == "vm.start")
        assert older.moid in started.params
        incomplete(estate, older)
        plan = operate.plan_failover(operations, [name], Asked(disaster=True), "r1")
        assert [guard.id for guard in plan.refused] == [f"vm.complete {name}"]


def test_esx_08_a_source_that_comes_back_beside_a_live_replica_is_an_alarm_and_stops_neither(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        done(operations, failed_over(name))
        known = len(estate.world.referee.violations)
        with estate.world.turn():
            machines.start(estate.paris.state, estate.paris.vm(name))
        sent = estate.writes()
        (at,) = operate.look(operations, [name])
        assert at.split_brain
        assert operate.run_pass(operations, name, PACE).run is None
        assert operate.plan_failback(operations, [name], "r1").refused
        assert estate.writes() == sent
        assert estate.replicas(name)[-1].power is ON
        with estate.world.turn():
            estate.paris.state.stopped(estate.paris.vm(name))
        del estate.world.referee.violations[known:]  # somebody's hand did that, not the console


def test_esx_17_a_task_that_hangs_makes_the_step_unknown_and_is_not_sent_again(
    estate: VmEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        vm = estate.replicas(name)[0]
        run_id = new_run_id()
        plan = operate.plan_failover(operations, [name], Asked(disaster=True), run_id)
        plan = replace(plan, steps=tuple(replace(step, limit_s=1.5) for step in plan.steps))
        operations.agree(run_id, plan, plan.confirm)
        monkeypatch.setattr(acts, "TASK_S", 0.3)
        monkeypatch.setattr(acts, "PowerOn", partial(acts.PowerOn, limit_s=0.3))
        vm.home.moved = True
        monkeypatch.setattr(acts, "_answer", lambda *_: None)  # nobody answers: the task goes on for ever
        before = estate.world.devices["vc-lyon"].counters.requests["PowerOnVM_Task"]
        run = Runner(operations.ledger, operations.devices, "here", PACE).run(run_id, wait_for_operator=False)
        assert run.state is RunState.INTERRUPTED  # it waits for a person, and this console does not
        stuck = [
            s
            for p, s in zip(run.plan.steps, run.steps, strict=True)
            if p.kind == "vm.start" and p.id not in run.plan.undoes
        ]
        assert [step.state for step in stuck] == ["unknown"]
        assert estate.world.devices["vc-lyon"].counters.requests["PowerOnVM_Task"] == before + 1
        assert estate.world.devices["vc-lyon"].counters.sessions == 0
        with estate.world.turn():
            assert vm.question is not None
            machines.answer(estate.lyon.state, vm, vm.question.id, machines.CANCEL)


# ------------------------------------------------------------------------------------------------------------- drills


@pytest.mark.parametrize("kind", ["vcenter", "lone hosts"])
def test_esx_07_a_drill_runs_isolated_leaves_the_source_alone_and_is_cleaned_up(
    estate: VmEstate, lone: VmEstate, tmp_path: Path, kind: str
) -> None:
    at = estate if kind == "vcenter" else lone
    name = at.fresh()
    with operating(at, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        (replica,) = at.replicas(name)
        held = replica.home.disks[0].volume.stored
        paris = dict(at.paris.device.counters.requests)
        drill = done(operations, lambda ops, run_id: operate.plan_drill(ops, [name], run_id))
        drilled = [vm for vm in at.lyon.vms(name) if vm.power is ON]
        assert len(drilled) == 1
        assert all(card.network is at.lyon.drill for card in drilled[0].home.nics)
        assert at.power(at.paris, name) is ON
        assert operate.standing(operations.ledger)[name].owed == (drill.id,)
        assert operate.standing(operations.ledger)[name].failed_over is None
        if kind == "vcenter":
            assert operate.run_pass(operations, name, PACE).done
        done(operations, lambda ops, run_id: operate.plan_cleanup(ops, drill.id, run_id))
        assert [vm for vm in at.lyon.vms(name) if vm.power is ON] == []
        assert not any("_drill_" in vm.name for vm in at.lyon.vms(name))
        assert replica.home.disks[0].volume.stored == held
        assert (not replica.roots, "drdeck.drill" in replica.home.extra) == (True, False)
        assert operate.standing(operations.ledger)[name].owed == ()
        changed = {v for v, n in at.paris.device.counters.requests.items() if n != paris.get(v, 0)}
        assert not changed & {"PowerOffVM_Task", "ShutdownGuest", "ReconfigVM_Task", "PowerOnVM_Task"}


def test_a_drill_without_an_isolated_port_group_is_refused(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        for network, guard in ((None, "drill.isolated"), ("PROD-L", "drill.network")):
            mine = tuple(
                replace(one, drill_network=network) if one.name == name else one
                for one in operations.settings.replications
            )
            operations.settings = replace(operations.settings, replications=mine)
            plan = operate.plan_drill(operations, [name], "r1")
            assert f"{guard} {name}" in [each.id for each in plan.refused]


# ----------------------------------------------------------------------------------------------------------- ways back


def starting(estate: VmEstate, name: str) -> AutoStartEntry | None:
    """How a VM starts with its host."""
    with estate.world.turn():
        vm = estate.paris.vm(name)
        assert vm.host is not None
        return vm.host.autostart.get(vm.moid)


WITH_HOST = AutoStartEntry(1, 0, "no", "powerOn", -1, "guestShutdown")


def start_with_host(estate: VmEstate, name: str) -> None:
    with estate.world.turn():
        vm = estate.paris.vm(name)
        assert vm.host is not None
        vm.host.autostart_defaults["enabled"] = True
        vm.host.autostart[vm.moid] = WITH_HOST


def test_undo_takes_the_replica_back_to_what_it_was_and_starts_the_source(lone: VmEstate, tmp_path: Path) -> None:
    name = lone.fresh()
    start_with_host(lone, name)
    with operating(lone, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        over = done(operations, failed_over(name)).plan
        found = next(guard for guard in over.guards if guard.id == f"vm.auto-start {name}")
        assert (found.holds, found.evidence) == (True, "it starts with its host, as number 1")
        assert starting(lone, name) == AutoStartEntry(-1, 0, "no", "none", -1, "guestShutdown")
        assert not operate.look(operations, [name])[0].owes_autostart
        run = done(operations, lambda ops, run_id: operate.plan_undo(ops, [name], run_id))
        assert starting(lone, name) == WITH_HOST
        assert "drdeck.autostart" not in lone.paris.vm(name).home.extra
        assert run.plan.confirm == (f"vm undo {name}", f"discard DR writes of {name}")
        assert lone.power(lone.paris, name) is ON
        replica = lone.replicas(name)[-1]
        assert (replica.power, replica.roots, "drdeck.active" in replica.home.extra) == (OFF, [], False)
        assert operate.run_pass(operations, name, PACE).done


@pytest.mark.parametrize("kind", ["lone hosts", "one vCenter"])
def test_esx_18_failback_copies_the_data_home_before_anything_is_started_there(
    estate: VmEstate, lone: VmEstate, tmp_path: Path, kind: str
) -> None:
    at = lone if kind == "lone hosts" else estate
    name = at.fresh(within=kind == "one vCenter")
    start_with_host(at, name)
    with operating(at, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        mac = at.paris.vm(name).home.nics[0].mac
        done(operations, failed_over(name))
        served = at.replicas(name)[-1]
        at.until(lambda: served.home.disks[0].volume.image(at.world.now).generation > 0)
        run = done(operations, lambda ops, run_id: operate.plan_failback(ops, [name], run_id))
        back = at.paris.vm(name)
        assert (back.power, back.home.nics[0].mac) == (ON, mac)
        assert at.paris.vm(f"{name}_old_{run.id}").power is OFF
        before = starting(at, f"{name}_old_{run.id}")
        assert (starting(at, name), before and before.start_action) == (WITH_HOST, "none")
        with at.world.turn() as now:
            assert back.home.disks[0].volume.image(now).last_common(served.home.disks[0].volume.stored) == (
                served.home.disks[0].volume.stored.generation
            )
        assert (served.power, served.roots, "drdeck.active" in served.home.extra) == (OFF, [], False)
        assert operate.run_pass(operations, name, PACE).done


def test_a_side_that_took_over_and_is_off_is_only_started_again(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        done(operations, failed_over(name))
        active = estate.replicas(name)[-1]
        with estate.world.turn():
            estate.lyon.state.stopped(active)
        run = done(operations, failed_over(name))
        assert [step.kind for step in run.plan.steps] == ["vm.start", "vm.up"]
        assert active.power is ON


def test_a_copy_that_somebody_else_made_is_never_destroyed(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        (first,) = estate.replicas(name)
        with estate.world.turn():
            del first.home.extra["drdeck.copy"]
            estate.lyon.state.changed(first)
        for _ in range(3):
            done(operations, passed(name))
        found = [vm.home.extra["drdeck.replica.generation"] for vm in estate.replicas(name)]
        assert found == ["1", "3", "4"]


def test_how_long_a_pass_took_stands_on_its_copy(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        (at,) = operate.look(operations, [name])
        took = at.complete[0].replica.took_s
        assert took is not None
        assert 0 <= took < 60


def test_a_source_that_nothing_starts_is_left_alone(lone: VmEstate, tmp_path: Path) -> None:
    name = lone.fresh()
    with operating(lone, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        plan = operate.plan_failover(operations, [name], Asked(), "r1")
        assert not any(step.kind == "vm.autostart" for step in plan.steps)


def test_a_disaster_leaves_it_owed_says_so_once_the_host_is_back_and_a_failover_again_settles_it(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    start_with_host(estate, name)
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        estate.set_dark(True)
        try:
            run = done(operations, failed_over(name, Asked(disaster=True)))
        finally:
            known = len(estate.world.referee.violations)
            estate.set_dark(False)
        assert any("once vc-paris answers" in note for note in run.plan.notes)
        estate.until(lambda: estate.paris.vm(name).power is ON)  # its host started it
        (at,) = operate.look(operations, [name])
        assert at.split_brain
        assert listed(at).owed == (f"auto-start off: drdeck vm failover {name}",)
        with estate.world.turn():
            estate.paris.state.stopped(estate.paris.vm(name))
        del estate.world.referee.violations[known:]  # the host did that, not the console
        settled = done(operations, failed_over(name))
        assert [step.kind for step in settled.plan.steps] == ["vm.mark", "vm.autostart"]
        (at,) = operate.look(operations, [name])
        assert (listed(at).owed, at.split_brain) == ((), False)
        estate.set_dark(True)
        estate.set_dark(False)
        assert estate.paris.vm(name).power is OFF
