"""All kinds of run of a recovery plan over four technologies on the lab: there and home again, and a drill that leaves
nothing behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.plans.past import as_json, lines
from app.plans.records import Kind
from app.recovery.attempt import Pace
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations, new_run_id
from app.recovery.plan import operate
from app.recovery.runner import Runner
from app.recovery.vm import operate as vms
from app.recovery.vm import rehearsal
from app.settings import load
from backends.lab.faults import FaultKind
from backends.vsphere import acts, stream, tasks, transfer
from store.database import open_store
from store.drills import owing
from store.ledger import Ledger
from store.plan_history import history
from store.runs import SETTLED, Plan, Run, RunState
from tests.app.lab_estate import LabEstate, lab_estate

PACE = Pace(poll_s=0.05, lost_s=0.5, margin_s=1.2, busy_s=0.1, retries=5)

ROUND = """\
from = "paris"
to = "lyon"

[drill_hosts]
sales-srv1 = "drill-srv1"

[[applications]]
name = "queue"
rto = "15m"
lpars = ["mq1"]
pgroups = ["pg-mq"]

[[applications]]
name = "sales"
after = ["queue"]
rcgs = ["rcg_sales"]

[[applications]]
name = "web"
pods = ["pod-web"]

[[applications]]
name = "monitoring"
after = ["sales"]
vms = ["mon01"]
[[applications.steps]]
when = "after-start"
command = ["true"]
kinds = ["planned"]
[[applications.steps]]
when = "after-start"
name = "Look at it"
command = ["true"]
kinds = ["drill", "failback"]
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("ways")) as estate:
        (estate.directory / "plans" / "demo.toml").unlink()
        (estate.directory / "plans" / "round.toml").write_text(
            ROUND.replace('command = ["true"]', 'command = ["true"]')
        )
        yield estate
        assert estate.lab.world.referee.violations == []


@pytest.fixture
def operations(demo: LabEstate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operations]:
    for module, name, value in (
        (tasks, "_POLL_S", 0.02),
        (acts, "_POLL_S", 0.02),
        (transfer, "POLL_S", 0.02),
        (stream, "REST_S", 0.05),
    ):
        monkeypatch.setattr(module, name, value)
    settings = load(demo.config)
    with closing(open_store(settings.store)) as store, closing(Ledger(settings.store)) as ledger:
        yield Operations(settings, store, ledger, Connector(settings))


def drawn(operations: Operations, kind: Kind) -> tuple[str, Plan]:
    run_id = new_run_id()
    return run_id, operate.plan_run(operations, "round", kind, (), run_id)


def done(operations: Operations, run_id: str, plan: Plan) -> Run:
    assert not plan.refused, plan.refused
    operations.agree(run_id, plan, [word.replace("NAME", "ana") for word in plan.confirm])
    return finished(operations, run_id)


def finished(operations: Operations, run_id: str) -> Run:
    run = Runner(operations.ledger, operations.devices, "one", PACE).run(run_id, wait_for_operator=False)
    wrong = [
        (run.plan.step(step.id).title, step.reason, step.answer) for step in run.steps if step.state not in SETTLED
    ]
    assert run.state is RunState.SUCCEEDED, wrong
    return run


def ended(run: Run, title: str) -> float:
    step = next(each for each in run.plan.steps if each.title.startswith(title))
    at = run.step(step.id).ended_at
    assert at is not None
    return at.timestamp()


def run_of(operations: Operations, kind: Kind) -> Run:
    return done(operations, *drawn(operations, kind))


def living(demo: LabEstate) -> dict[str, object]:
    """What there is at the site that a drill comes up at, and how the groups and pods stand."""
    world = demo.lab.world
    array, threepar, center = (demo.device(name).state for name in ("fa-lyon", "3par-lyon", "vc-lyon"))
    with world.turn():
        group = threepar.groups["rcg_sales.r121649"][1]  # type: ignore[attr-defined]
        disks = {name: disk for name, disk in array.disks.items() if not (disk.destroyed or "undo" in name)}  # type: ignore[attr-defined]
        return {
            "volumes": {name: sorted(map(str, array.attachments_of(disk))) for name, disk in disks.items()},  # type: ignore[attr-defined]
            "pods": {pod.name: pod.promoted for pod in array.pods.values() if "undo" not in pod.name},  # type: ignore[attr-defined]
            "snapshots": sorted(threepar.volumes),  # type: ignore[attr-defined]
            "exports": sorted(
                (v.volume.name, v.host.name, v.lun)
                for v in threepar.vluns  # type: ignore[attr-defined]
                if not v.volume.name.startswith("web_")  # the demo shows them to their host by itself
            ),
            "group": (group.role, group.status),
            "machines": sorted((vm.name, vm.writer.running) for vm in center.vms.values()),  # type: ignore[attr-defined]
        }


def lost(demo: LabEstate, since: int) -> dict[str, tuple[int, float, bool]]:
    losses = demo.lab.world.referee.losses[since:]
    return {loss.origin: (loss.generations, loss.seconds, loss.drill) for loss in losses}


def test_a_drill_comes_up_beside_production_and_its_clean_up_leaves_nothing(
    demo: LabEstate, operations: Operations
) -> None:
    done(operations, run_id := new_run_id(), vms.plan_pass(operations, ["mon01"], run_id))
    before, since = living(demo), len(demo.lab.world.referee.losses)
    run_id, plan = drawn(operations, Kind.DRILL)
    assert plan.confirm == ("drill round", "hosts of pod-web on fa-lyon are isolated")
    with demo.fault("vc-lyon", FaultKind.HTTP_403, "CloneVM_Task"):
        operations.agree(run_id, plan, plan.confirm)
        half = Runner(operations.ledger, operations.devices, "gone", PACE).run(run_id, wait_for_operator=False)
    assert half.state is RunState.INTERRUPTED and "monitoring is up at lyon" not in [
        half.plan.step(step.id).title for step in half.steps if step.state in SETTLED
    ]
    with pytest.raises(CannotPlanError, match=f"the drill {run_id} is interrupted: let it end, or abort it first"):
        drawn(operations, Kind.CLEANUP)
    drill = finished(operations, run_id)
    assert {origin: drilled for origin, (_, _, drilled) in lost(demo, since).items()} == {"mq1": True, "mon01": True}
    assert ended(drill, "queue is up at lyon") < ended(drill, "sales is up at lyon")
    assert [step.title for step in drill.plan.steps if step.kind == "plan.command"] == ["Look at it"]
    assert "mon01" in rehearsal.passed([drill]), "it counts for whoever arms automatic failover of the VM"
    shown = {(volume, host) for volume, host, _ in living(demo)["exports"]}  # type: ignore[attr-defined]
    assert {(f"drill-{drill.id}.r1.{number}", "drill-srv1") for number in (1, 2, 3)} <= shown
    second = drawn(operations, Kind.DRILL)[1]
    assert second.steps == () and f"{drill.id} does: drdeck plan run round" in second.refused[0].evidence
    assert vms.standing(operations.ledger)["mon01"].of_plans == ("plan run round --kind cleanup",)
    cleaned = run_of(operations, Kind.CLEANUP)
    assert cleaned.plan.confirm == (f"discard DR writes of {drill.id}",)
    assert living(demo) == before
    assert owing(operations.ledger.runs()) == {} and vms.standing(operations.ledger)["mon01"].of_plans == ()
    with pytest.raises(CannotPlanError, match="No drill of round owes its clean-up"):
        drawn(operations, Kind.CLEANUP)


def test_a_drill_without_an_isolated_place_for_every_member_does_not_start(
    demo: LabEstate, operations: Operations
) -> None:
    path = demo.directory / "plans" / "round.toml"
    text = path.read_text()
    path.write_text(text.replace('sales-srv1 = "drill-srv1"', ""))
    kept = operations.settings
    pra = replace(kept.pra, drill_vlan=None) if kept.pra is not None else None
    bare = tuple(replace(one, drill_network=None) for one in kept.replications)
    operations.settings = replace(kept, pra=pra, replications=bare)
    refused = drawn(operations, Kind.DRILL)[1].refused
    assert {guard.id.split()[0] for guard in refused} == {"drill.isolated"}
    words = " ".join(guard.evidence for guard in refused)
    for lacking in ("[drill_hosts] names none for sales-srv1", "names no drill_vswitch", "drill_network is not set"):
        assert lacking in words
    operations.settings = kept
    path.write_text(text)


def test_planned_there_reprotected_and_home_again_nothing_is_lost(demo: LabEstate, operations: Operations) -> None:
    since = len(demo.lab.world.referee.losses)
    run_of(operations, Kind.PLANNED)
    early = drawn(operations, Kind.FAILBACK)[1]
    about = {guard.id.split()[0] for guard in early.refused}
    assert {"rcg.role", "fa.complete", "vm.reprotected"} <= about and early.steps == ()
    again = run_of(operations, Kind.REPROTECT)
    assert again.plan.confirm == ("reprotect round", "overwrite 3 volumes")
    back = run_of(operations, Kind.FAILBACK)
    ups = [ended(back, f"{name} is up at paris") for name in ("queue", "sales", "monitoring")]
    assert ups == sorted(ups)
    assert ended(back, "Stop mon01_replica") < ended(back, "Stop mq1 on P10-LYO-01")
    assert {origin: seconds for origin, (_, seconds, _) in lost(demo, since).items()} == {"mq1": 0.0, "mon01": 0.0}
    at_home(demo, operations)
    once_more = drawn(operations, Kind.PLANNED)[1]
    assert not once_more.refused, once_more.refused
    known = history(operations.ledger.runs(), "round")
    assert [each.word for each in known.measured["queue"]][-2:] == ["planned", "failback"]
    told = "\n".join(lines(operate.loaded(operations, "round"), known))
    assert "queue was up after (RTO 15 min): " in told and "Serves at" not in told
    assert as_json(known)["measured"]["web"][-1]["run"] == back.id


def at_home(demo: LabEstate, operations: Operations) -> None:
    """Everything serves where it did before."""
    with demo.lab.world.turn():
        assert demo.device("3par-paris").state.groups["rcg_sales"][1].role.value == "Primary"  # type: ignore[attr-defined]
        assert demo.device("fa-paris").state.pods["pod-web"].promoted  # type: ignore[attr-defined]
        machines = {vm.name: vm.writer.running for vm in demo.device("vc-paris").state.vms.values()}  # type: ignore[attr-defined]
    assert machines["mon01"] and not [name for name in machines if "_reverse_" in name]
    assert vms.standing(operations.ledger)["mon01"].failed_over is None


def test_after_a_disaster_the_site_that_came_back_is_reprotected_and_everything_comes_home(
    demo: LabEstate, operations: Operations
) -> None:
    if not vms.look(operations, ["mon01"])[0].complete:
        done(operations, run_id := new_run_id(), vms.plan_pass(operations, ["mon01"], run_id))
    for device in ("3par-paris", "3par-lyon"):
        operations.devices.reading(device, time.monotonic())
    with demo.lab.world.turn():
        demo.lab.world.set_dark("paris", True)
    since, deadline = len(demo.lab.world.referee.losses), time.monotonic() + 60
    while (found := drawn(operations, Kind.DISASTER))[1].refused and time.monotonic() < deadline:
        pass
    run = done(operations, *found)
    bound = run.plan.loss_s
    assert bound is not None and max(seconds for _, seconds, _ in lost(demo, since).values()) <= bound
    dark = drawn(operations, Kind.REPROTECT)[1]
    assert dark.steps == ()
    assert {"fa.target", "vm.fenced", "rcg.role", "pod.peer"} <= {guard.id.split()[0] for guard in dark.refused}
    with demo.lab.world.turn():
        demo.lab.world.set_dark("paris", False)
    deadline = time.monotonic() + 60
    while (found := drawn(operations, Kind.REPROTECT))[1].refused and time.monotonic() < deadline:
        pass
    assert "discard writes of pod-web on fa-paris" in found[1].confirm
    assert "Replication schedule of pg-mq on fa-paris off" in [step.title for step in found[1].steps]
    done(operations, *found)
    since = len(demo.lab.world.referee.losses)
    run_of(operations, Kind.FAILBACK)
    assert {origin: seconds for origin, (_, seconds, _) in lost(demo, since).items()} == {"mq1": 0.0, "mon01": 0.0}
    at_home(demo, operations)
