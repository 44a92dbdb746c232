"""How LPARs stand in the console, on the lab: shown by itself, checked by a key, and nowhere where it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from app.console import Console
from app.recovery.pra.watch import ReadinessWatch
from app.run_desk import RunDesk
from screens.surroundings import Surroundings
from store.readiness_view import ReadinessView
from store.view import EstateView
from tests.app.acting import Acting, acting
from tests.faults.lpar_estate import LparEstate, lpar_estate
from tests.screens.estate import Clock
from tests.screens.piloting import piloted


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LparEstate]:
    with lpar_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


def console(estate: LparEstate, path: Path, *, read_only: bool = False) -> AbstractAsyncContextManager[Acting]:
    return acting(Acting, estate.config, path / "store.sqlite", read_only=read_only, size=(80, 24))


@piloted
async def test_that_lpars_are_ready_is_seen_without_a_key_on_the_pane_and_in_the_detail(
    estate: LparEstate, tmp_path: Path
) -> None:
    async with console(estate, tmp_path) as at:
        await at.keys("2")
        await at.see("DR at lyon  ● 3 ready", "ago", "● Running", "● ready")
        await at.filtered("2", "lp000", "2 of")
        await at.keys("enter")
        await at.see("Return at lyon", "Standing          ● ready", "pwr.boot          ▲ fails (warn)")


@piloted
async def test_a_key_checks_now_and_says_what_was_found_also_where_nothing_may_be_changed(
    estate: LparEstate, tmp_path: Path
) -> None:
    profile = estate.lpar("lyon", "lp001").profiles[0]
    async with console(estate, tmp_path, read_only=True) as at:
        await at.keys("2")
        await at.see("● 3 ready")
        with estate.world.turn():
            was, profile.desired_mem = profile.desired_mem, 4096
        try:
            await at.keys("C")
            await at.see("Checked: 2 ready, 1 not ready: lp001.", "● 2 ready  ▲ 1 not ready")
            await at.filtered("2", 'dr:"not ready"', "lp001")
            await at.keys("enter", "C")
            await at.see("lp001: not ready, because desired_mem is 4096, to be 16384.")
            await at.see("Standing          ▲ not ready because desired_mem is 4096, to be 16384")
        finally:
            with estate.world.turn():
                profile.desired_mem = was


@piloted
async def test_an_order_to_check_plans_nothing(estate: LparEstate, tmp_path: Path) -> None:
    async with console(estate, tmp_path) as at:
        await at.keys("2")
        await at.see("● 3 ready")
        await at.order("lpar check lp002")
        await at.see("lp002: ready.")
        await at.order("lpar check nothing")
        await at.see("No protected LPAR is called nothing.")
    assert list(tmp_path.glob("*.sqlite"))


@pytest.mark.parametrize("cached", [True, False])
def test_a_console_that_asks_no_device_says_so_to_whoever_would_check(cached: bool) -> None:
    reasons: list[str] = []

    def begin(
        view: ReadinessView, vms: ReadinessView, changed: object, busy: Callable[[], bool], why_not: str
    ) -> tuple[ReadinessWatch, ReadinessWatch]:
        assert not busy()
        assert vms is around.vm_readiness
        reasons.append(why_not)
        return cast(tuple[ReadinessWatch, ReadinessWatch], None)

    around = Surroundings(EstateView(), Clock(), cached=cached)
    RunDesk(cast(Console, SimpleNamespace(estate_changed=None)), None, begin).begin(around)
    assert reasons == ["this console was started with --cached, which asks no device" if cached else ""]
