"""The screens of recovery plans: how each stands, and one in the order in which it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from syrupy.assertion import SnapshotAssertion

from screens.plan_messages import PlanRequested, PlansRequested
from screens.plans import PlanScreen, PlansScreen
from store.plan_records import Expected, Foreseen, PlanCheck, PlanState
from store.plan_view import ApplicationShown, PlanShown
from store.readiness import Check, Severity, Verdict
from store.runs import RunState
from tests.screens.estate import NOW, troubled
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText
from tests.store import recoveries

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")

CHECK = PlanCheck(
    "erp",
    "0" * 64,
    (("lpars erp_db1", "ab"),),
    NOW - timedelta(hours=3),
    "ana@jump",
    (
        Check("plan.rpo", Severity.BLOCK, Verdict.FAILS, "erp: its copies are 17.0 min old, of 15 min", "see it"),
        Check(
            "pwr.boot",
            Severity.WARN,
            Verdict.FAILS,
            "erp_db1: it never answered in a drill",
            "drdeck lpar drill erp_db1",
        ),
    ),
    (
        Expected("dns", 0.0, 300.0, 95.0, 180.0, 900.0),
        Expected("erp", 1020.0, 900.0, 640.0, 2100.0, 1800.0),
    ),
    (
        Foreseen("planned", "", 900.0, 1500.0),
        Foreseen("planned", "dns", 120.0, 240.0),
        Foreseen("planned", "erp", 880.0, 1450.0),
        Foreseen("disaster", "", 650.0, 2150.0),
        Foreseen("disaster", "dns", 95.0, 180.0),
        Foreseen("disaster", "erp", 640.0, 2100.0),
    ),
)
APPLICATIONS = (
    ApplicationShown("dns", "infrastructure", (), (("VMs", "dns01, dns02"),), rto_s=900.0, rpo_s=300.0),
    ApplicationShown(
        "erp",
        "databases",
        ("dns",),
        (("LPARs", "erp_db1, erp_app1"), ("pgroups", "pg-erp"), ("RCGs", "rcg_erp")),
        ("erp_app1 after erp_db1",),
        ("Call the bank, once it is up",),
        1800.0,
        900.0,
    ),
)
ERROR = "broken.toml:3: wave: expected the key waves"
PLANS = (
    PlanShown("broken", "/plans/broken.toml", PlanState.UNUSABLE, errors=(ERROR,)),
    PlanShown("erp", "/plans/erp.toml", PlanState.FAILED, "paris", "lyon", "2 LPARs, 2 VMs", APPLICATIONS, check=CHECK),
    PlanShown("new", "/plans/new.toml", PlanState.UNCHECKED, "paris", "lyon", "1 RCG", APPLICATIONS[:1]),
    PlanShown(
        "shop",
        "/plans/shop.toml",
        PlanState.CHANGED,
        "paris",
        "lyon",
        "1 VM",
        APPLICATIONS[:1],
        ("vms web01",),
        check=CHECK,
    ),
)


async def opened(console: Driven, *, plan: str = "") -> None:
    console.console.around.plans.take(PLANS, "/plans", NOW)
    await console.console.push_screen(PlansScreen(console.console.around))
    await console.settle()
    if plan:
        console.screen.post_message(PlanRequested(plan))
        await console.settle()


@SIZES
@pytest.mark.parametrize("plan", ["", "erp"])
@piloted
async def test_the_screen_reads_so(plan: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(troubled().view(), size) as console:
        await opened(console, plan=plan)
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_enter_opens_a_plan_and_escape_comes_back_to_its_row() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await opened(console)
        await console.press("j", "j", "enter")
        assert "Plan new: from paris to lyon" in console.text and "It was never checked" in console.text
        await console.press("escape", "k", "k", "enter")
        assert "broken.toml:3: wave: expected the key waves" in console.text
        await console.press("escape", "escape")
        assert "Plan broken" not in console.text


@piloted
async def test_a_plan_tells_what_its_last_run_came_to_for_each_application() -> None:
    every = {step.id: 290.0 for step in recoveries.plan().steps if step.id not in ("p4", "p5")}
    run = recoveries.run({**every, "p4": 320.0}, state=RunState.ABORTED)
    async with driven(troubled().view(), (120, 40)) as console:
        night = PlanShown("night", "/plans/night.toml", PlanState.UNCHECKED, "paris", "lyon", "1 RCG", APPLICATIONS[:1])
        console.console.around.plans.take((night,), "/plans", NOW)
        await console.console.push_screen(PlanScreen(console.console.around, "night"))
        console.console.around.runs.take([run])
        console.screen.runs_changed()
        await console.settle()
        assert "disaster night" in console.line(run.id) and "aborted" in console.line(run.id)
        assert "✗ up after 5m 20s of 5m, lost at most 7m" in console.line("  hr")
        assert "not up" in console.line("  licences")


@piloted
async def test_where_there_is_no_plan_it_is_said_how_one_is_made() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        console.console.around.plans.take((), "/plans", NOW)
        await console.console.push_screen(PlansScreen(console.console.around))
        await console.settle()
        assert "There is no plan in /plans. drdeck plan new NAME drafts one." in console.text


@piloted
async def test_opened_before_anybody_could_read_the_plans_it_asks_once_more_when_the_runs_are_told() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await console.console.push_screen(PlansScreen(console.console.around))
        await console.settle()
        screen, around, asked = console.screen, console.console.around, list[object]()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(screen, "post_message", lambda message: bool(asked.append(message)))
            screen.runs_changed()
            around.plans.take(PLANS, "/plans", NOW)
            screen.runs_changed()
        assert len([each for each in asked if isinstance(each, PlansRequested)]) == 1
