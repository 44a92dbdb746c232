"""What the facts say is wrong: devices, copies, runs, schedules, LPARs; and of what nothing can be said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.alerts import facts_estate, facts_figures, facts_runs
from app.alerts.facts_estate import Found
from app.alerts.fold import Look, fold
from app.alerts.sources import EstateSource, KnownRuns
from store.alert_groups import grouped
from store.alert_records import Alert, AlertKind
from store.capacity_view import Capacity, PlanOutlook
from store.cost_view import Cost, CostItem, CostLine, CostOf
from store.ledger import Ledger
from store.notices import Severity
from store.readiness import Check, Covered, Readiness, Verdict
from store.readiness import Severity as How
from store.readiness_view import ReadinessView
from store.records import DeviceHealth
from store.replications import Replicated, target
from store.runs import Plan, PlannedStep, RunState
from store.schedules import JobOptions, Result, Schedule, ScheduleRun, Trigger
from store.timetable import Frequency, Timetable
from store.view import EstateView
from tests.screens.estate import NOW, Clock, ago, troubled


def keys(found: Found, kind: AlertKind) -> set[str]:
    return {each.key for each in found.raised if each.kind is kind}


def silent(view: EstateView, site: str, since_s: float) -> None:
    """No device of the site answers since then."""
    for status in view.devices():
        if status.site == site:
            failing = replace(status, health=DeviceHealth.FAILING, since=ago(since_s), failure="unreachable")
            view.record(status.name, status=failing)


def test_devices_copies_and_machines_that_run_twice_are_told_each_with_its_site() -> None:
    found = facts_estate.look(troubled().view(), NOW)
    assert keys(found, AlertKind.DEVICE_FAILING) == {"device:hmc-oslo"}
    assert keys(found, AlertKind.SPLIT_BRAIN) == {"split:vm:uuid-mail01"}
    late = keys(found, AlertKind.RPO_LATE)
    assert {"rpo:vm:uuid-shop01", "rpo:pgroup:id-fa-oslo:pg-late", "rpo:rcg:100:paydb"} <= late
    assert "rpo:vm:uuid-crm01" not in late
    assert keys(found, AlertKind.SITE_SILENT) == set()
    ages = {sample.about: sample.value for sample in found.samples if sample.id.startswith("rpo:pgroup")}
    assert ages["pg-late"] == 7300.0


def test_of_a_site_whose_devices_are_all_silent_only_that_is_told_and_the_rest_stays_as_it_was() -> None:
    view = troubled().view()
    known: dict[str, Alert] = {}
    before = facts_estate.look(view, NOW)
    known |= fold(known, Look("estate", tuple(before.raised), frozenset(before.unknown)), NOW)
    was = {key for key, alert in known.items() if alert.open}
    silent(view, "oslo", 30)
    assert keys(facts_estate.look(view, NOW), AlertKind.SITE_SILENT) == set()  # it may be one cut of a moment
    silent(view, "oslo", 100)
    after = facts_estate.look(view, NOW)
    known |= fold(known, Look("estate", tuple(after.raised), frozenset(after.unknown)), NOW)
    assert was <= {key for key, alert in known.items() if alert.open}
    groups = grouped(known.values(), {}, (), NOW)
    assert groups[0].key == "oslo/site-silent"
    assert [group.kind for group in groups[1:]] == [AlertKind.SPLIT_BRAIN]
    assert "rpo:rcg:100:paydb" in {alert.key for alert in groups[0].children}


def plan(name: str, *about: str, words: tuple[str, ...] = ()) -> Plan:
    step = PlannedStep("s1", "vm.start", "{}", "Start", "vc-bergen", "")
    return Plan(name, f"{name} of erp", about, NOW, (step,), confirm=words)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "store.sqlite", Clock())) as found:
        yield found


def ran(ledger: Ledger, run_id: str, what: Plan, state: RunState) -> None:
    ledger.propose(run_id, what, "anna@jump")
    ledger.approve(run_id, "anna@jump", ())
    ledger.turn(ledger.take(run_id, "a console"), state)


def test_a_run_that_waits_or_failed_is_told_until_somebody_went_on_there(ledger: Ledger) -> None:
    ran(ledger, "r1", plan("failover", "rcg:erp", words=("failover erp",)), RunState.FAILED)
    ran(ledger, "r2", plan("vm replicate", "replication:web"), RunState.FAILED)
    ran(ledger, "r3", plan("start", "rcg:crm", words=("start crm",)), RunState.WAITING)
    ran(ledger, "r4", plan("vm replicate", "replication:web"), RunState.SUCCEEDED)
    runs = KnownRuns(ledger)
    found, samples = facts_runs.of_runs(runs.now(), lambda run: ("oslo",), NOW)
    assert {(each.key, each.severity) for each in found} == {
        ("run:r1:failed", Severity.CRITICAL), ("run:r3:waits", Severity.CRITICAL),
    }  # fmt: skip
    assert [(sample.id, sample.about) for sample in samples] == [("r3", "start of erp")]
    ran(ledger, "r5", plan("failover", "rcg:erp"), RunState.SUCCEEDED)
    found, _ = facts_runs.of_runs(runs.now(), lambda run: ("oslo", "bergen"), NOW)
    assert [(each.key, each.site) for each in found] == [("run:r3:waits", "")]
    old, _ = facts_runs.of_runs(runs.now(), lambda run: (), NOW + timedelta(days=8))
    assert [each.key for each in old] == ["run:r3:waits"]


def test_a_copy_that_a_drill_runs_is_no_split_brain_and_its_clean_up_is_owed(ledger: Ledger) -> None:
    replicated = [Replicated("mail", "mail01", "vc-oslo", "vc-bergen", 900.0, True)]
    source = EstateSource(troubled().view(), KnownRuns(ledger), replicated)
    assert "split:vm:uuid-mail01" in {each.key for each in source.look((), NOW).found}
    ran(ledger, "r1", plan("vm drill", target("mail")), RunState.SUCCEEDED)
    assert "split:vm:uuid-mail01" not in {each.key for each in source.look((), NOW).found}
    owed, _ = facts_runs.of_runs(KnownRuns(ledger).now(), lambda run: (), NOW)
    assert [(each.kind, each.severity) for each in owed] == [(AlertKind.CLEANUP_OWED, Severity.WARNING)]


def test_a_schedule_is_told_while_its_newest_time_was_missed() -> None:
    schedule = Schedule(1, "nightly", "vm-backup", "web", JobOptions(), Timetable(Frequency.DAILY), "anna", NOW, NOW)
    missed = ScheduleRun(7, 1, ago(60), Trigger.DUE, Result.MISSED, "b", ago(60))
    assert [each.key for each in facts_runs.of_schedules({schedule: missed})] == ["schedule:1"]
    assert facts_runs.of_schedules({schedule: replace(missed, result=Result.SUCCEEDED)}) == []
    assert facts_runs.of_schedules({schedule: None}) == []
    assert facts_runs.of_schedules({replace(schedule, next_run=None): missed}) == []


def test_an_lpar_that_is_not_ready_is_told_and_one_that_is_not_known_stays() -> None:
    view = ReadinessView()
    view.cover(Covered("oslo", "bergen"))
    failed = Check("pwr.golden", How.BLOCK, Verdict.FAILS, "no definition there")
    view.take([Readiness("erp", ago(30), (failed,)), Readiness("crm", ago(30), ())], ago(30))
    found, unknown, samples = facts_runs.of_readiness(view, NOW)
    assert [(each.key, each.site, each.under) for each in found] == [("lpar:erp", "oslo", ("oslo", "bergen"))]
    assert (unknown, [sample.value for sample in samples]) == (set(), [1.0])
    found, unknown, samples = facts_runs.of_readiness(view, NOW + timedelta(hours=1))
    assert (found, unknown, samples) == ([], {"lpar:erp", "lpar:crm"}, [])


def test_a_plan_that_does_not_fit_and_a_site_over_its_budget_are_alerts_and_what_is_not_known_is_none() -> None:
    room = Capacity(
        NOW, NOW.date(), (),
        (PlanOutlook("erp", False, None, why=("12 GiB of memory lack on P10-LYO-01",)), PlanOutlook("crm", None, None),
         PlanOutlook("web", True, None)),
    )  # fmt: skip
    (lacks,) = facts_figures.of_capacity(room, {"erp": "lyon"})
    assert (lacks.kind, lacks.site, lacks.target) == (AlertKind.NO_ROOM, "lyon", "erp")
    assert "12 GiB of memory lack on P10-LYO-01" in lacks.what
    line, dear = CostLine("space", "2 TiB at 10", Decimal(20)), Decimal(10)
    unknown = CostLine("licences", "", None, "no rate is set")
    items = (
        CostItem(CostOf.SITE, "lyon", "", (line,), dear),
        CostItem(CostOf.SITE, "paris", "", (line,)),
        CostItem(CostOf.SITE, "oslo", "", (unknown,), dear),
        CostItem(CostOf.DRILL, "r1", "", (line,), dear),
    )
    (over,) = facts_figures.of_cost(Cost(NOW, "EUR", items))
    assert (over.kind, over.site, over.what) == (
        AlertKind.OVER_BUDGET,
        "lyon",
        "20.00 EUR a month, of 10.00 EUR.",
    )
