"""What recovery costs: sums with their inputs by the rates of the configuration; no data where a rate is not set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.capacity.needs import needs
from app.capacity.supply import measured
from app.cost import sums
from app.cost.stored import Stored
from app.cost_records import Rates
from app.plans.records import MemberKind, RecoveryPlan
from app.settings import Settings
from screens import cost_words as words
from store.capacity_records import Series
from store.capacity_view import Need
from store.cost_view import CostItem, CostLine, CostOf, over_budget
from store.runs import Run, RunState
from store.view import EstateView
from tests.app.capacity import site
from tests.app.capacity.site import NOW, RATES, lpar, plan
from tests.store.drilled_runs import cleanup, drill

ERP = plan("erp", (MemberKind.LPAR, "erp"))
WEB = plan("web", (MemberKind.VM, "web01"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return site.settings(tmp_path)


@pytest.fixture
def view() -> EstateView:
    estate = (site.system(), lpar("erp"), *site.array(), *site.machines())
    return site.view(*estate, oslo=(site.WEB01,))


def applications(settings: Settings, view: EstateView, rates: Rates, *plans: RecoveryPlan) -> list[CostItem]:
    stored = Stored(settings, view)
    sizes = {(p.name, a.name): stored.of(p, a.members[0]) for p in plans for a in p.applications}
    return list(sums.applications(rates, plans, needs(plans, settings, view, running=True), sizes))


def amounts(item: CostItem) -> dict[str, Decimal | None]:
    return {line.label: line.amount for line in item.lines}


def test_an_application_costs_what_it_takes_by_each_rate(settings: Settings, view: EstateView) -> None:
    erp, web = applications(settings, view, RATES, ERP, WEB)
    assert amounts(erp) == {"Power processors": 200, "memory": 160, "storage": 5}
    assert [line.inputs for line in erp.lines] == ["2 units x 100.00", "64 GiB x 2.50", "100 GiB x 0.05"]
    assert erp.known == 365
    assert amounts(web) == {"VM processors": 40, "memory": 20, "storage": 2}


def test_a_site_costs_its_month_what_is_reserved_and_all_space_against_its_budget(
    settings: Settings, view: EstateView
) -> None:
    plans = (ERP, WEB)
    site_of = {device.name: device.site for device in settings.devices}
    found = needs(plans, settings, view, running=True)
    (item,) = sums.sites(RATES, plans, found, measured(view), site_of)
    assert amounts(item) == {
        "the site itself": 1000, "Power processors": 200, "VM processors": 40, "memory": 180, "storage": 30,
    }  # fmt: skip
    assert item.known == 1450 and over_budget(item) is False
    assert over_budget(replace(item, budget=Decimal("1449.99"))) is True


def test_dcm_05_a_rate_that_is_not_set_is_no_data_and_never_a_constant(settings: Settings, view: EstateView) -> None:
    for item in applications(settings, view, Rates(), ERP, WEB):
        assert item.known is None and words.total(item, None)[0] == "no data"
        assert all("is not set" in line.why for line in item.lines)
    (partly,) = applications(settings, view, replace(RATES, memory_gib_month=None), ERP)
    assert words.total(partly, "EUR")[0] == "more than 205.00 EUR"
    assert [line.why for line in partly.lacking] == ["[cost] memory_gib_month is not set"]
    unseen = applications(settings, site.view(), RATES, ERP)[0]
    assert unseen.known is None and "erp" in {line.label for line in unseen.lacking}


def needed(settings: Settings, view: EstateView) -> dict[str, Sequence[tuple[Series, Need]]]:
    made: dict[str, list[tuple[Series, Need]]] = {}
    for series, each in needs([ERP], settings, view, running=True).by_series.items():
        for need in each:
            made.setdefault(need.member, []).append((series, need))
    return dict(made)


def drills(settings: Settings, view: EstateView, *runs: Run) -> list[CostItem]:
    return list(sums.drills(RATES, runs, needed(settings, view), NOW))


def test_a_drill_costs_its_people_while_it_ran_and_its_machines_until_they_were_cleaned_up(
    settings: Settings, view: EstateView
) -> None:
    old = drill("r0", "erp", at=NOW - timedelta(days=9))
    new = drill("r1", "erp", at=NOW - timedelta(hours=3))
    after = cleanup("r2", "r1", at=NOW - timedelta(hours=2))
    first, second = drills(settings, view, old, cleanup("r3", "r0", at=NOW - timedelta(days=8)), new, after)
    assert (first.name, second.name) == ("r1", "r0"), "the newest first"
    held = Decimal(62) / 60  # hours: from its begin to the end of the clean-up, two minutes after it began
    assert amounts(first)["people"] == 2 * Decimal(4) / 60 * 90, "two people, two runs of two minutes"
    assert amounts(first)["memory"] == pytest.approx(64 * Decimal("2.5") * held / Decimal("730.5"))
    assert "clean-up" not in first.about


def test_a_drill_that_owes_its_clean_up_goes_on_costing(settings: Settings, view: EstateView) -> None:
    (item,) = drills(settings, view, drill("r1", "erp", at=NOW - timedelta(hours=10)))
    assert "clean-up owed" in item.about and "for 10.000 h" in item.lines[-1].inputs


def test_a_drill_that_never_began_costs_nothing_and_one_that_failed_does(settings: Settings, view: EstateView) -> None:
    never = drill("r1", "erp", at=NOW - timedelta(hours=1), began=False)
    failed = drill("r2", "erp", at=NOW - timedelta(hours=2), state=RunState.FAILED)
    assert [item.name for item in drills(settings, view, never, failed)] == ["r2"]


def test_machines_that_are_not_known_any_more_are_named(settings: Settings, view: EstateView) -> None:
    (item,) = drills(settings, view, drill("r1", "gone", at=NOW - timedelta(hours=1)))
    assert [line.label for line in item.lacking] == ["gone"]


AMOUNT = st.decimals(0, 10**9, places=4)


@given(st.lists(AMOUNT, max_size=6), st.integers(0, 3), st.none() | AMOUNT)
def test_what_is_lacking_may_bring_it_over_budget_and_never_back_below(
    known: list[Decimal], lacking: int, budget: Decimal | None
) -> None:
    lines = (*(CostLine("x", "", each) for each in known), *(CostLine("y", "", None, "why") for _ in range(lacking)))
    item = CostItem(CostOf.SITE, "s", "", lines, budget)
    over = over_budget(item)
    if budget is None or not known:
        assert over is None
    elif sum(known) > budget:
        assert over is True
    else:
        assert over is (None if lacking else False)
