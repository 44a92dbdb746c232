"""Acting on LPARs from the screens: the console, its store and the lab's two sites, as they are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from store.estate import LparState
from store.runs import RunState
from tests.app.acting import Acting, acting, runs
from tests.faults.lpar_estate import LparEstate, lpar_estate
from tests.screens.piloting import piloted


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[LparEstate]:
    with lpar_estate(tmp_path) as running:
        yield running
        assert running.world.referee.violations == []


def console(
    estate: LparEstate, *, read_only: bool = False, size: tuple[int, int] = (110, 40)
) -> AbstractAsyncContextManager[Acting]:
    return acting(Acting, estate.config, estate.directory / "acting.sqlite", read_only=read_only, size=size)


def kept(estate: LparEstate) -> Path:
    return estate.directory / "acting.sqlite"


@piloted
async def test_marked_lpars_are_failed_over_and_then_protected_the_other_way(estate: LparEstate) -> None:
    async with console(estate, size=(80, 24)) as at:
        await at.filtered("2", "site:paris lp00", "3 of", "● ready")
        await at.keys("space", "space", "a", "j")
        await at.see("Act on 2 LPARs: lp000 and lp001", "Fail over           ● right as it stands")
        await at.keys("enter")
        await at.see("Proposed: failover 2 LPARs", "nothing: production is stopped first")
        await at.agree("failover 2 LPARs", "overwrite 4 volumes")
        await at.see("succeeded", "● Ready to activate after", "● Application up after", "of 5m")
        assert all(estate.runs("lyon", name) and not estate.runs("paris", name) for name in ("lp000", "lp001"))
        assert estate.runs("paris", "lp002")
        await at.filtered("2", "site:lyon lp000", "1 of", "● Running")
        await at.keys("C")
        await at.see("▲ not ready")
        await at.keys("a")
        await at.see("Act on lp000, Not Activated at paris, Running at lyon")
        await at.see("Fail over           not right: it is Running at lyon")
        await at.keys("j", "j", "j", "j", "j", "enter")
        await at.see("Proposed: reprotect lp000", "ctrl+y does it")
        await at.keys("ctrl+y")
        await at.see("succeeded")
    assert [run.plan.name for run in runs(kept(estate))] == ["reprotect lp000", "failover 2 LPARs"]


@piloted
async def test_a_drill_is_cleaned_up_with_the_order_that_the_console_completes(estate: LparEstate) -> None:
    async with console(estate) as at:
        await at.filtered("2", "site:paris lp000", "1 of", "● ready")
        await at.keys("a", "j", "j", "j", "enter")
        await at.see("Proposed: drill lp000", "production runs on")
        await at.agree("drill lp000")
        (drill,) = runs(kept(estate))
        await at.see("succeeded, clean-up owed", ":cleanup here, elsewhere :do lpar", drill.id)
        assert estate.runs("paris", "lp000") and estate.runs("lyon", "lp000")
        await at.filtered("2", "site:paris lp000", "1 of")
        await at.keys("a")
        await at.see(f"Fail over           not right: the drill {drill.id} is not cleaned up")
        await at.see("Clean up a drill    ● right as it stands")
        await at.keys("escape")
        await at.keys("colon", *"do", "space", *"lpar", "space", *"cle", "tab", "space", "tab", "enter")
        await at.see(f"Proposed: cleanup after {drill.id}")
        await at.agree(f"discard DR writes of {drill.id}")
        await at.see("succeeded")
        assert not estate.runs("lyon", "lp000")
        await at.filtered("2", "lp000", "2 of", "○ Not Activated")
        await at.keys("a")
        await at.see("Clean up a drill    not right: no drill of it owes a clean-up")
        await at.see("Fail over           ● right as it stands")


@piloted
async def test_one_that_is_not_ready_is_planned_all_the_same_and_refused_by_what_the_plan_sees(
    estate: LparEstate,
) -> None:
    with estate.world.turn():
        estate.array("lyon").disk("lp000_rootvg").tags.clear()
    async with console(estate) as at:
        await at.filtered("2", "site:paris lp000", "1 of", "▲ not ready")
        await at.keys("a", "j")
        await at.see("▲ not ready: lp000_rootvg has no tag of its source", "The plan looks at it anew.")
        await at.keys("enter")
        await at.see("Refused: failover lp000", "lp000_rootvg on fa-lyon", "tag of its source: align first")
        await at.keys("ctrl+y", "escape")
        await at.see("Refused: failover", absent=True)
    assert runs(kept(estate)) == []
    assert estate.runs("paris", "lp000")


@piloted
async def test_a_read_only_console_refuses_to_act_on_an_lpar(estate: LparEstate) -> None:
    before = estate.writes()
    async with console(estate, read_only=True) as at:
        await at.filtered("2", "site:paris lp000", "1 of")
        await at.keys("a")
        await at.see("Act is refused: this console is read-only.")
        await at.order("lpar failover lp000")
        await at.see("Do is refused: this console is read-only.")
    assert runs(kept(estate)) == []
    assert estate.writes() == before


@piloted
async def test_a_failover_that_nobody_agrees_to_leaves_everything_as_it_is(estate: LparEstate) -> None:
    before = estate.writes()
    async with console(estate) as at:
        await at.filtered("2", "site:paris lp000", "1 of", "● ready")
        await at.keys("a", "j", "enter")
        await at.see("Proposed: failover lp000")
        await at.keys(*["enter"] * 20)
        await at.see("Proposed", absent=True)
        await at.wait_for(lambda: [run.state for run in runs(kept(estate))] == [RunState.ABORTED], "it was not dropped")
    assert estate.writes() == before
    assert estate.lpar("paris", "lp000").state is LparState.RUNNING
