"""Recovery plans over all four technologies, run on the lab's demo estate, and what the referee says of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.config_table import SettingsError
from app.connect import Connector
from app.plans.records import Kind
from app.recovery.attempt import Pace
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations, new_run_id
from app.recovery.plan import operate
from app.recovery.plan.readiness import check
from app.recovery.plan.standing import check_lines, standings
from app.recovery.runner import Runner
from app.recovery.vm import operate as vms
from app.settings import load
from backends.vsphere import acts, stream, tasks, transfer
from store import plan_checks
from store.database import open_store
from store.ledger import Ledger
from store.outcomes import outcomes
from store.plan_records import PlanState
from store.plan_runs import VMS
from store.readiness import Verdict
from store.replications import names
from store.run_clocks import clocks
from store.runs import Plan, Run, RunState
from tests.app.lab_estate import LabEstate, lab_estate

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=1.2, busy_s=0.1, retries=5)

NIGHT = """\
from = "paris"
to = "lyon"

[[applications]]
name = "wms"
rcgs = ["rcg_wms"]
rpo = "1h"

[[applications]]
name = "hr"
after = ["wms"]
lpars = ["hr_db1"]
pgroups = ["pg-hr"]
[[applications.steps]]
when = "before-stop"
command = ["false"]

[[applications]]
name = "licences"
after = ["hr"]
vms = ["lic01"]
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("demo")) as estate:
        (estate.directory / "plans" / "night.toml").write_text(NIGHT)
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


def done(operations: Operations, run_id: str, plan: Plan) -> Run:
    assert not plan.refused, plan.refused
    operations.agree(run_id, plan, [word.replace("NAME", "ana") for word in plan.confirm])
    run = Runner(operations.ledger, operations.devices, "one", PACE).run(run_id, wait_for_operator=False)
    assert run.state is RunState.SUCCEEDED, [s for s in run.steps if s.reason and s.state != "done"]
    return run


def ended(run: Run, title: str) -> float:
    step = next(each for each in run.plan.steps if each.title == title)
    at = run.step(step.id).ended_at
    assert at is not None
    return at.timestamp()


def test_a_planned_run_of_the_demo_plan_loses_nothing_and_comes_back_in_order(
    demo: LabEstate, operations: Operations
) -> None:
    referee = demo.lab.world.referee
    before, run_id = len(referee.losses), new_run_id()
    plan = operate.plan_run(operations, "demo", Kind.PLANNED, (), run_id)
    assert plan.confirm == ("planned demo", "overwrite 8 volumes")
    assert plan.loss_s == 0.0
    assert {"plan:demo", "replication:mon01", "lpar:mq1"} <= set(plan.targets)
    run = done(operations, run_id, plan)
    lost = {loss.origin: loss.generations for loss in referee.losses[before:]}
    assert lost == dict.fromkeys(("mq1", "mon01", "erp_db1", "erp_app1", "erp_app2", "proxy1"), 0)
    ups = [ended(run, f"{name} is up at lyon") for name in ("messaging", "erp", "orders", "proxy")]
    assert ups == sorted(ups)
    assert ended(run, "Stop proxy1 on vc-paris") < ended(run, "Stop erp_db1 on P10-PAR-01")
    assert ended(run, "Stop erp_app1 on P10-PAR-01") < ended(run, "Stop erp_db1 on P10-PAR-01")
    assert ended(run, "Demote pod-web on fa-paris once everything is across") < ended(run, "web is up at lyon")
    assert clocks(run) is not None
    told = {each.application.name: each for each in outcomes(run)}
    for name, each in told.items():
        up = ended(run, f"{name} is up at lyon") - run.created_at.timestamp()
        assert each.up.seconds == pytest.approx(up) and each.ready.seconds is not None
        assert each.ready.seconds <= each.up.seconds and (each.lost_s, each.rpo_kept) in ((0.0, True), (0.0, None))
        assert each.application.p50_s is not None and each.application.p95_s is not None
    assert run.plan.recovery is not None
    owned = [step for each in run.plan.recovery.applications for step in each.steps]
    assert len(owned) == len(set(owned)), "no step belongs to two"
    left = {step.id for step in plan.steps} - {*owned, *plan.undoes}
    assert {plan.step(step).kind for step in left} == {"volume.keep", "plan.reached"}
    groups = {m.name: m.steps for a in run.plan.recovery.applications for m in a.members if m.kind == "pgroups"}
    assert {plan.step(step).kind for step in groups["pg-erp"]} >= {"pg.snapshot", "pg.arrived"}
    assert set(groups["pg-erp"]).isdisjoint(groups["pg-mq"])
    assert vms.standing(operations.ledger)["mon01"].failed_over == run_id
    for number, name in enumerate(names(run), start=1):
        assert any(step.id.startswith(f"{VMS}{number}.") and f"Stop {name} on" in step.title for step in plan.steps)
    assert any(guard.id.startswith("vm.direction") for guard in operate.plan_run(
        operations, "demo", Kind.PLANNED, (), new_run_id()
    ).refused)  # fmt: skip


def test_what_stands_in_the_way_of_a_plan_is_told_before_anything_is_done(operations: Operations) -> None:
    folder = operations.settings.plan_folder
    text = (
        'from = "paris"\nto = "lyon"\n[[applications]]\nname = "a"\nlpars = ["nim1"]\nrcgs = ["nope"]\nvms = ["no"]\n'
    )
    (folder / "missing.toml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        operate.plan_run(operations, "missing", Kind.PLANNED, (), new_run_id())
    lines = str(refused.value).replace(f"{folder}/", "").splitlines()
    assert [line.split(" expected")[0] for line in lines] == ["missing.toml:5:", "missing.toml:6:", "missing.toml:7:"]
    assert "No remote copy group is called nope" in lines[1]
    (folder / "missing.toml").write_text(text.replace('"nim1"', '"tsm1"').replace('to = "lyon"', 'to = "rome"'))
    with pytest.raises(SettingsError, match="expected a site of the configuration: lyon, paris, found rome"):
        operate.plan_run(operations, "missing", Kind.PLANNED, (), new_run_id())
    (folder / "missing.toml").unlink()
    (folder / "torn.toml").write_text(
        'from = "paris"\nto = "lyon"\n[[applications]]\nname = "a"\npgroups = ["pg-bill"]\n'
    )
    torn = operate.plan_run(operations, "torn", Kind.PLANNED, (), new_run_id())
    assert "no LPAR of it has a volume in pg-bill" in torn.refused[0].evidence and torn.steps == ()
    (folder / "torn.toml").unlink()
    with pytest.raises(CannotPlanError, match="no application and no member nobody"):
        operate.plan_run(operations, "night", Kind.PLANNED, ("nobody",), new_run_id())
    left = operate.plan_run(operations, "night", Kind.PLANNED, ("hr",), new_run_id())
    assert "lpar.stop" not in [step.kind for step in left.steps] and "Left out" in left.notes[0]
    start = next(step for step in left.steps if step.kind == "vm.start")
    up = next(step.id for step in left.steps if step.title == "wms is up at lyon")
    assert up in start.needs, "what comes after what is left out comes after what that came after"


def test_a_plan_is_verified_until_its_file_or_what_it_rests_on_changes(demo: LabEstate, operations: Operations) -> None:
    settings = operations.settings
    plan = operate.loaded(operations, "night")
    found = check(operations, plan, new_run_id())
    assert "vc-lyon has a complete copy of lic01: none" in "\n".join(check_lines(found))
    done(operations, run_id := new_run_id(), vms.plan_pass(operations, ["lic01"], run_id))
    found = check(operations, plan, new_run_id())
    assert found.stops == (), check_lines(found)
    memory = next(each for each in found.checks if each.id == "vm.memory")
    assert memory.verdict is Verdict.HOLDS and "MB free, the VMs of the plan want" in memory.evidence
    assert {each.application: each.rpo_s is not None and each.p95_s is not None for each in found.applications} == {
        "wms": True, "hr": True, "licences": True,
    }  # fmt: skip
    plan_checks.keep(settings.store, found)
    operations.store.flush()

    def stands() -> tuple[PlanState, tuple[str, ...]]:
        now = standings(settings, settings.store, [operate.loaded(operations, "night")])["night"]
        return now.state, now.changed

    assert stands() == (PlanState.VERIFIED, ())
    plan.path.write_text(f"{NIGHT}# another thought\n")
    assert stands() == (PlanState.CHANGED, ("its file",))
    plan.path.write_text(NIGHT)
    with demo.lab.world.turn():
        array = demo.device("fa-lyon").state
        host = array.host("hr_db1")  # type: ignore[attr-defined]
        kept = list(host.wwns)
        array.set_wwns(host, kept[:-1])  # type: ignore[attr-defined]
    operations.devices.reading("fa-lyon", time.monotonic())
    operations.store.flush()
    assert stands() == (PlanState.CHANGED, ("lpars hr_db1",))
    with demo.lab.world.turn():
        array.set_wwns(host, kept)  # type: ignore[attr-defined]
    operations.devices.reading("fa-lyon", time.monotonic())
    operations.store.flush()


def test_with_the_site_dark_a_plan_comes_back_inside_its_bound(demo: LabEstate, operations: Operations) -> None:
    if not vms.look(operations, ["lic01"])[0].complete:
        done(operations, run_id := new_run_id(), vms.plan_pass(operations, ["lic01"], run_id))
    for device in ("3par-paris", "3par-lyon"):
        operations.devices.reading(device, time.monotonic())
    with demo.lab.world.turn():
        demo.lab.world.set_dark("paris", True)
    referee = demo.lab.world.referee
    before, deadline = len(referee.losses), time.monotonic() + 30
    while True:
        run_id = new_run_id()
        plan = operate.plan_run(operations, "night", Kind.DISASTER, (), run_id)
        if not plan.refused or time.monotonic() > deadline:
            break
    assert [words for words in plan.confirm if words.startswith("site")] == ["site paris is dark"]
    assert plan.loss_s is not None and "plan.command" not in [step.kind for step in plan.steps]
    run = done(operations, run_id, plan)
    lost = {loss.origin: loss.seconds for loss in referee.losses[before:]}
    assert {"hr_db1", "lic01"} <= set(lost)
    assert max(lost.values()) <= plan.loss_s
    bounds = {each.application.name: each.lost_s for each in outcomes(run)}
    for name, member in (("hr", "hr_db1"), ("licences", "lic01")):
        bound = bounds[name]
        loss = next(loss for loss in referee.losses[before:] if loss.origin == member)
        period_s = loss.seconds / max(1, loss.generations)  # whole generations are counted, one for each period
        assert bound is not None and loss.seconds - period_s <= bound, "no less is claimed than was lost"
    ups = [ended(run, f"{name} is up at lyon") for name in ("wms", "hr", "licences")]
    assert ups == sorted(ups)
