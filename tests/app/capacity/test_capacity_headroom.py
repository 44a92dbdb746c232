"""Headroom at the recovery site: what all plans need together, counted as their checks do, and until when it fits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from app.capacity.headroom import capacity
from app.capacity.needs import needs
from app.capacity.supply import VIOS, measured
from app.plans.records import MemberKind, RecoveryPlan
from app.settings import Settings
from screens import capacity_words as words
from store.capacity_records import Measured, Resource, Sample, Series
from store.capacity_view import Capacity
from store.estate import LparState, PowerState
from store.trends import Lacking
from store.view import EstateView
from tests.app.capacity import site
from tests.app.capacity.site import GIB, NOW, SYSTEM, lpar, plan

LPAR, VM = MemberKind.LPAR, MemberKind.VM
MEMORY = Series("system", SYSTEM, Resource.MEMORY)
AHEAD = 183
ERP, CRM = plan("erp", (LPAR, "erp")), plan("crm", (LPAR, "crm"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return site.settings(tmp_path)


def looked(
    settings: Settings,
    view: EstateView,
    *plans: RecoveryPlan,
    days: Sequence[float] = (),
    ports: Sequence[Measured] = (),
    series: Series = MEMORY,
) -> Capacity:
    """``days``: GiB of memory that were used on each day before."""
    kept = {series: [Sample(NOW - timedelta(days=len(days) - n), gib * GIB, 256.0 * GIB) for n, gib in enumerate(days)]}
    found = needs(plans, settings, view)
    sites = {device.name: device.site for device in settings.devices}
    return capacity(NOW, AHEAD, plans, found, [*measured(view), *ports], kept, sites, ["bergen"])


def row(found: Capacity, series: Series) -> tuple[float, float, float, float]:
    (one,) = [each for each in found.rows if each.measured.series == series]
    return one.total, one.measured.used, one.needed, one.left


def test_plans_that_fit_each_alone_do_not_fit_together(settings: Settings) -> None:
    view = site.view(site.system(free_gib=100), lpar("erp"), lpar("crm"), site.vios(131, 132), *site.array())
    for alone in (ERP, CRM):
        found = looked(settings, view, alone)
        assert row(found, MEMORY) == (256 * GIB, 156 * GIB, 64 * GIB, 36 * GIB)
        assert [each.fits for each in found.plans] == [True]
    both = looked(settings, view, ERP, CRM)
    assert row(both, MEMORY)[2:] == (128 * GIB, -28 * GIB)
    assert [each.fits for each in both.plans] == [False, False]
    text, _ = words.plan_line(both.plans[0], both)
    assert text == "plan erp does not fit: memory of P-BER lacks 28 GiB"


def test_dcm_06_what_is_lacking_is_rounded_up(settings: Settings) -> None:
    assert words.whole(7, 20) == 1, "7 servers and 20 per rack take a rack"
    assert words.whole(0, 20) == 0 and words.whole(40, 20) == 2 and words.whole(41, 20) == 3
    assert words.lacking(MEMORY, 1.0) == "1 GiB"
    assert words.lacking(Series("system", "s", Resource.CPU), 0.21) == "0.3 units"
    assert words.lacking(Series("vios", "v", Resource.NPORTS), 2.0) == "2"


def test_an_lpar_that_is_not_defined_there_yet_needs_its_profile_at_home_through_the_map(settings: Settings) -> None:
    view = site.view(site.system(), *site.array(), oslo=(lpar("erp", home=True, state=LparState.RUNNING),))
    found = looked(settings, view, ERP)
    assert row(found, MEMORY)[2] == 32 * GIB, "memory = 0.5 in [[pra.systems]]"
    (need,) = needs([ERP], settings, view).by_series[MEMORY]
    assert "not defined there yet" in need.words


def test_what_runs_there_already_is_used_and_no_need(settings: Settings) -> None:
    view = site.view(site.system(), lpar("erp", state=LparState.RUNNING), *site.array())
    assert looked(settings, view, ERP).rows[0].needs == ()
    copied = site.machines(power=PowerState.ON)
    (memory,) = [r for r in looked(settings, site.view(*copied), plan("p", (VM, "web01"))).rows
                 if r.resource is Resource.MEMORY]  # fmt: skip
    assert memory.needs == () and memory.measured.used == 8 * GIB


def test_adapters_that_no_port_carries_yet_need_n_port_ids(settings: Settings) -> None:
    series = Series(VIOS, f"{SYSTEM}/vios1", Resource.NPORTS)
    ports = [Measured(series, "vios1 on P-BER", "hmc-bergen", NOW, 127.0, 128.0)]
    some = site.view(site.system(), lpar("erp"), site.vios(131), *site.array())
    assert row(looked(settings, some, ERP, ports=ports), series) == (128, 127, 1, 0)
    none = site.view(site.system(), lpar("erp"), site.vios(), *site.array())
    found = looked(settings, none, ERP, ports=ports)
    assert row(found, series) == (128, 127, 2, -1)
    assert words.plan_line(found.plans[0], found)[0].endswith("N_Port IDs of vios1 on P-BER lacks 1")
    unread = looked(settings, none, ERP)
    assert unread.plans[0].fits is None and "N_Port IDs" in unread.plans[0].why[0], "nobody asked the VIOS yet"


def test_volumes_that_are_overwritten_and_vms_that_come_up_need_space(settings: Settings) -> None:
    view = site.view(
        site.system(), lpar("erp"), site.vios(131, 132), *site.array(), *site.machines(), oslo=(site.WEB01,)
    )
    found = looked(settings, view, ERP, plan("web", (VM, "web01")))
    assert row(found, Series("flasharray", "fa-b", Resource.SPACE))[2] == 100 * GIB
    space = row(found, Series("datastore", "vc-b:ds-1", Resource.SPACE))[2]
    assert space == pytest.approx(40 * GIB * 1.2 + 8 * GIB), "a last copy, what a kept snapshot may grow to, swap"
    assert row(found, Series("esxi", "vc-b:host-1", Resource.CPU)) == (64, 0, 4, 60)


def test_what_cannot_be_placed_is_named_and_the_plan_is_not_known_to_fit(settings: Settings) -> None:
    found = looked(settings, site.view(site.system()), plan("p", (LPAR, "nobody"), (VM, "web01"), (VM, "other")))
    assert {each.member: each.why.split(",")[0] for each in found.unplaced} == {
        "nobody": "neither oslo nor bergen shows one LPAR of that name",
        "web01": "neither vc-oslo nor vc-bergen shows it",
        "other": "no [[replications]] has that name",
    }
    text, _ = words.plan_line(found.plans[0], found)
    assert text.startswith("not known whether plan p fits: nobody: ") and text.endswith("and 2 more")


def test_dcm_05_with_nothing_read_nothing_is_made_up(settings: Settings) -> None:
    found = looked(settings, site.view(), ERP)
    assert found.rows == () and found.plans[0].fits is None
    silent = looked(settings, site.view(site.system(free_gib=100)))
    assert [each.resource for each in silent.rows] == [Resource.CPU, Resource.MEMORY]


def test_a_plan_no_longer_fits_from_the_day_on_which_the_trend_says_so_with_its_interval(settings: Settings) -> None:
    view = site.view(site.system(free_gib=100), lpar("erp"), site.vios(131, 132), *site.array())
    found = looked(settings, view, ERP, days=[66 + 0.6 * n for n in range(150)])
    (outlook,) = found.plans
    assert outlook.fits is True and outlook.full is not None and outlook.where == "memory of P-BER"
    assert str(outlook.full.expected) == "2026-05-01", "192 GiB are there for others: (192 - 66) / 0.6 = day 210"
    text, _ = words.plan_line(outlook, found)
    assert text.startswith("plan erp no longer fits from 2026-05-01 (between 2026-0") and text.endswith(
        "memory of P-BER"
    )


def test_with_too_few_days_of_samples_it_says_how_many_it_takes(settings: Settings) -> None:
    view = site.view(site.system(), lpar("erp"), site.vios(131, 132), *site.array())
    found = looked(settings, view, ERP, days=[100.0] * 34)
    assert [each.line for each in found.rows if each.measured.series == MEMORY] == [Lacking(34, 61)]
    assert "no data: 0 of 61 days of samples for 2026-08-31" in words.plan_line(found.plans[0], found)[0]


def test_the_day_that_goes_on_is_none_of_the_history(settings: Settings) -> None:
    view = site.view(site.system(), lpar("erp"), *site.array())
    found = looked(settings, view, ERP, days=[10.0] * 5)
    (memory,) = [each for each in found.rows if each.measured.series == MEMORY]
    assert [point.day for point in memory.history] == [(NOW - timedelta(days=n)).date() for n in (5, 4, 3, 2, 1)]
