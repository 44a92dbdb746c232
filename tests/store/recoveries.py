"""Runs of a recovery plan without any device: for tests of what is told of them."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from store.plan_runs import DISASTER
from store.recovery import Recovery, RunApplication, RunGroup, RunMember, RunWaves
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.store.estates import at

STEPS = (
    # id, kind, title, device, call, needs, after, usual seconds
    ("p1", "plan.ask", "Tell the bank", "this machine", "", (), (), 0.0),
    ("r1.1", "rcg.stop", "Stop rcg_wms on 3par-paris", "3par-paris", "stoprcopygroup", ("p1",), (), 6.0),
    ("r1.2", "rcg.failover", "Fail rcg_wms over", "3par-lyon", "setrcopygroup failover", ("r1.1",), (), 10.0),
    ("p2", "plan.reached", "wms is up at lyon", "this machine", "", ("r1.2",), (), 0.0),
    ("l1", "lpar.stop", "Stop hr_db1 on P10-PAR-01", "hmc-paris", "chsysstate -o shutdown", ("p1",), (), 60.0),
    ("l2", "pg.snapshot", "Take pg-hr.drdeck-r and replicate it", "fa-paris", "POST", ("l1",), (), 2.0),
    ("l3", "volume.overwrite", "Overwrite hr_db1_data", "fa-lyon", "POST", ("l2",), (), 3.0),
    ("l4", "lpar.activate", "Activate hr_db1 on P10-LYO-01", "hmc-lyon", "chsysstate -o on", ("l3", "p2"), (), 40.0),
    ("l5", "lpar.up", "Wait until hr_db1 answers", "hmc-lyon", "", ("l4",), (), 100.0),
    ("p3", "plan.ask", "Check the ledger", "this machine", "", ("l5",), (), 0.0),
    ("p4", "plan.reached", "hr is up at lyon", "this machine", "", ("p3",), (), 0.0),
    ("v1.1", "vm.start", "Power lic01 on", "vc-lyon", "PowerOnVM_Task", ("p1",), (), 6.0),
    ("v1.2", "vm.up", "Wait until lic01 is up", "vc-lyon", "", ("v1.1",), (), 40.0),
    ("v2.1", "vm.start", "Power lic02 on", "vc-lyon", "PowerOnVM_Task", ("p1",), ("v1.1",), 6.0),
    ("v2.2", "vm.up", "Wait until lic02 is up", "vc-lyon", "", ("v2.1",), (), 40.0),
    ("p5", "plan.reached", "licences is up at lyon", "this machine", "", ("v1.2", "v2.2"), (), 0.0),
)


def recovery() -> Recovery:
    return Recovery(
        plan="night",
        path="/plans/night.toml",
        digest="ab" * 32,
        source="paris",
        target="lyon",
        groups=(RunGroup("storage", ()), RunGroup("databases", ("storage",))),
        applications=(
            RunApplication(
                "wms", "storage", (), (RunMember("rcgs", "rcg_wms", ("r1.1", "r1.2"), None, ("r1.2",), 16.0),),
                (), "p2", 600.0, 3600.0, 900.0, 16.0, 40.0,
            ),
            RunApplication(
                "hr",
                "databases",
                ("wms",),
                (
                    RunMember("lpars", "hr_db1", ("l1", "l3", "l4", "l5"), "l4", ("l5",), 205.0),
                    RunMember("pgroups", "pg-hr", ("l2",)),
                ),
                ("p3",), "p4", 300.0, 600.0, 420.0, 205.0, 400.0,
            ),
            RunApplication(
                "licences",
                "",
                (),
                (
                    RunMember("vms", "lic01", ("v1.1", "v1.2"), "v1.1", ("v1.2",), 46.0),
                    RunMember("vms", "lic02", ("v2.1", "v2.2"), "v2.1", ("v2.2",), 52.0),
                ),
                (), "p5", None, None, None, 52.0, 90.0,
            ),
        ),
        own=("p1",),
        waves=RunWaves(8, 4, 1),
    )  # fmt: skip


def plan() -> Plan:
    steps = tuple(
        PlannedStep(step_id, kind, "{}", title, device, call, needs, after, p50_s=usual)
        for step_id, kind, title, device, call, needs, after, usual in STEPS
    )
    targets = ("plan:night", "rcg:100:rcg_wms", "lpar:hr_db1", "pg:1:pg-hr", "replication:lic01", "replication:lic02")
    loss = "wms 15 min; hr 7 min; licences nobody knows how much"
    made = Plan(DISASTER, "disaster night", targets, at(0), steps, loss=loss, p50_s=210.0, p95_s=420.0)
    return replace(made, confirm=("disaster night",), recovery=recovery())


def run(ended: dict[str, float], *others: StepRecord, state: RunState = RunState.RUNNING) -> Run:
    """A run that was declared at 0 and began at 10 s: by step when it was done; ``others`` stand as they are given."""
    given = {record.id: record for record in others}
    records = []
    for step in plan().steps:
        done = StepRecord(step.id)
        if step.id in ended:
            end = at(ended[step.id])
            done = StepRecord(step.id, StepState.DONE, 1, end - timedelta(seconds=1), end)
        records.append(given.get(step.id, done))
    over = at(900) if state in (RunState.SUCCEEDED, RunState.FAILED, RunState.ABORTED) else None
    return Run("0301-0100-abcd", plan(), state, "ana@jump", at(0), tuple(records), at(10), over, holder="ana@jump")
