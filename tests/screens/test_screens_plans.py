"""The screens of recovery plans: how each stands, and one in the order in which it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from syrupy.assertion import SnapshotAssertion

from screens.plan_messages import PlanRequested, PlansRequested
from screens.plan_offers import offers
from screens.plans import PlanScreen, PlansScreen
from screens.plots import bars
from store import plan_runs
from store.plan_history import history
from store.plan_records import Expected, Foreseen, PlanCheck, PlanState
from store.plan_view import ApplicationShown, PlanShown
from store.readiness import Check, Severity, Verdict
from store.run_clocks import REACHED
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState
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


def plan_run(number: int, verb: str, seconds: float) -> Run:
    """A run of the plan *erp* that passed, so many hours ago, in which its applications were up after so long."""
    began = NOW - timedelta(hours=number)
    end = began + timedelta(seconds=seconds)
    steps = (
        PlannedStep("p1", REACHED, "{}", "dns is up at lyon", "here", ""),
        PlannedStep("p2", REACHED, "{}", "erp is up at lyon", "here", ""),
    )
    records = tuple(StepRecord(step.id, StepState.DONE, 0, began, end) for step in steps)
    plan = Plan(verb, f"{verb.partition(' ')[2]} erp", (plan_runs.target("erp"),), began, steps)
    return Run(f"r{number}", plan, RunState.SUCCEEDED, "ana", began, records, began, end)


@piloted
async def test_what_a_plan_took_what_it_owes_and_what_can_be_done_with_it_now() -> None:
    async with driven(troubled().view(), (120, 40)) as console:
        runs = (plan_run(50, plan_runs.DRILL, 1900), plan_run(2, plan_runs.DRILL, 600))
        console.console.around.runs.take(runs)
        await opened(console)
        assert "clean-up owed" in next(line for line in console.text.splitlines() if line.startswith("erp"))
        await console.press("j", "enter")
        text = " ".join(console.text.split())
        assert ":do plan run erp --kind cleanup" in text and "passed" in text
        assert f"{bars([1900, 600], 1900)[0]} " in text, "the trend of its drills"
        assert "10m of 30m, drill" in text.replace("10m00s", "10m").replace("30m00s", "30m")
        await console.press("a")
        text = " ".join(console.text.split())
        assert "the drill r2 is not cleaned up" in text, "a second drill is not right"
        assert "no run says that it was failed over" in text


def test_what_is_offered_follows_the_last_runs_of_a_plan() -> None:
    def right(*runs: Run) -> dict[str, str | None]:
        found = offers(PLANS[1], history(runs, "erp"))
        return {offer.word: offer.why_not or offer.hint for offer in found}

    there, back = plan_run(3, plan_runs.PLANNED, 60), plan_run(2, plan_runs.REPROTECT, 60)
    assert {word for word, why in right().items() if why is None} == {"planned", "disaster", "drill"}
    assert {word for word, why in right(there).items() if why is None} == {"reprotect"}
    assert {word for word, why in right(there, back).items() if why is None} == {"failback"}
    unusable = offers(PLANS[0], history((), "broken"))
    assert all(offer.why_not is not None for offer in unusable)
    assert unusable[2].order == "plan run broken --kind drill"
