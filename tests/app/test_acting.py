"""Acting on remote copy groups from the screens: the console, its store and the lab's arrays, as they are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from backends.lab.faults import FaultKind
from store.estate import RcgMode
from store.ledger import Ledger
from store.runs import ENDED, RunState, StepState
from tests.app.acting import Acting, acting, runs
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.screens.piloting import piloted


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, estate: RcgEstate) -> Iterator[Path]:
    yield tmp_path / "store.sqlite"
    estate.world.faults.clear()
    assert estate.world.referee.violations == []


class OnRcgs(Acting):
    """A driven console on the lab."""

    async def select(self, name: str) -> None:
        """Go to the row of a group on the RCG pane, once its both sides are read."""
        await self.filtered("4", name, "1 of ", "Primary / ")

    async def stop_in_vain(self, estate: RcgEstate, name: str) -> None:
        """Agree to stop a group whose array refuses it."""
        await self.select(name)
        estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
        await self.order(f"rcg stop {name}")
        await self.see("Proposed: stop")
        await self.agree(f"stop {name}")


def console(estate: RcgEstate, path: Path, *, read_only: bool = False) -> AbstractAsyncContextManager[OnRcgs]:
    return acting(OnRcgs, estate.config, path, read_only=read_only)


def lyon_serves(estate: RcgEstate, name: str) -> bool:
    side = estate.side(name, "lyon")
    return bool(side.primary)  # type: ignore[attr-defined]


@piloted
async def failed_over_with_the_keys(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    estate.switch_off("paris", name)
    async with console(estate, store) as at:
        await at.select(name)
        await at.keys("a")
        await at.see(f"Act on {name}", "Fail over", "not right: it is normal")
        await at.keys("enter")
        shown = await at.see(f"Proposed: failover {name}", "Data lost at most", "Expected to take")
        assert [run.state for run in runs(store)] == [RunState.PROPOSED]
        assert "setrcopygroup failover" in shown or "steps on 3par-p, 3par-l" in shown
        await at.agree(f"failover {name}")
        await at.see("RTO clock", "5m")
        await at.see("succeeded")
        await at.keys("l")
        await at.see("its journal", f"who typed: failover {name}")
        await at.keys("escape", "escape")
        await at.see("[4 RCGs]")
        assert "RUN failover" not in at.text, "a run that has ended has no banner"
        await at.keys("8", "enter")
        await at.see("RTO clock stopped at")
    assert lyon_serves(estate, name)
    assert [run.state for run in runs(store)] == [RunState.SUCCEEDED]


def test_a_group_is_failed_over_with_keys_and_typed_words_and_nothing_else(estate: RcgEstate, store: Path) -> None:
    failed_over_with_the_keys(estate, store)


@piloted
async def enter_begins_nothing(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    async with console(estate, store) as at:
        await at.select(name)
        for _ in range(3):
            await at.keys("a", "enter")
            await at.see("Proposed")
            await at.keys(*["enter"] * 10)
            await at.see("Proposed", absent=True)
            await at.keys("escape", "escape")
            await at.select(name)
        await at.keys("a", "enter")
        await at.see("Proposed")
        await at.keys("tab")
        await at.words(f"failover {name}")
        await at.keys(*["enter"] * 50)
        await at.keys("escape")
        await at.see("Proposed", absent=True)
        await at.wait_for(lambda: all(run.state is RunState.ABORTED for run in runs(store)), "not all were dropped")
    assert [entry.kind for entry in journal(store)].count("intent") == 0


def journal(path: Path) -> list[object]:
    with closing(Ledger(path)) as ledger:
        return list(ledger.journal())


def test_enter_alone_never_begins_a_run_wherever_it_is_held_down(estate: RcgEstate, store: Path) -> None:
    enter_begins_nothing(estate, store)


@piloted
async def test_what_the_state_does_not_allow_is_refused_with_the_way_back(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC, "failed over")
    async with console(estate, store) as at:
        await at.keys("4")
        await at.order(f"rcg failover {name}")
        shown = await at.see(f"Refused: failover {name}", "documented way back", "setrcopygroup recover")
        assert "ctrl+y" not in shown
        await at.keys("ctrl+y", "escape")
        await at.see("Refused: failover", absent=True)
        await at.order(f"rcg fly {name}")
        await at.see("invalid choice", "fly")
        await at.order("rcg failover nosuch")
        await at.see("No remote copy group is called nosuch")
    assert runs(store) == []


@piloted
async def test_a_step_that_fails_waits_for_the_operator_and_is_tried_again(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    async with console(estate, store) as at:
        await at.stop_in_vain(estate, name)
        await at.see("waiting for the operator", "t tries it again")
        await at.keys("escape")
        await at.see(f"RUN stop {name} waiting for the operator")
        estate.world.faults.clear()
        await at.keys("8", "enter")
        await at.see("t tries it again")
        await at.keys("t")
        await at.see("Try step s1", "stoprcopygroup")
        await at.keys("enter")
        await at.see("Try step s1", absent=True)
        assert runs(store)[0].state is RunState.WAITING, "Enter does not agree"
        await at.keys("t")
        await at.see("Try step s1")
        await at.keys("ctrl+y")
        await at.see("succeeded")


@piloted
async def test_a_step_is_skipped_only_for_a_reason_that_the_journal_keeps(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    async with console(estate, store) as at:
        await at.stop_in_vain(estate, name)
        await at.see("waiting for the operator", "t tries it again")
        await at.keys("x")
        await at.see("Go on without step s1?", "a reason")
        await at.keys("ctrl+y")
        await at.see("Not everything has been typed yet")
        await at.keys("tab")
        await at.words("stopped by hand")
        await at.keys("ctrl+y")
        await at.see("succeeded", "skipped")
    record = runs(store)[0].steps[0]
    assert record.state is StepState.SKIPPED
    assert record.reason is not None
    assert record.reason.endswith("stopped by hand")


@piloted
async def left_and_resumed(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    async with console(estate, store) as at:
        await at.stop_in_vain(estate, name)
        await at.see("t tries it again")
        await at.keys("ctrl+q")
        await at.see("Under way: stop", "Left now")
        await at.keys("escape")
        await at.see("Under way", absent=True)
        await at.keys("ctrl+q")
        await at.see("Under way: stop")
        await at.keys("ctrl+y")
        await at.wait_for(lambda: not at.console.is_running, "it was not left")
    estate.world.faults.clear()
    async with console(estate, store) as at:
        await at.see(f"RUN stop {name} interrupted")
        await at.keys("8", "enter")
        await at.see("R looks again")
        await at.keys("t")
        await at.see("interrupted")
        await at.keys("R")
        await at.see(f"Go on with stop {name}")
        await at.keys("ctrl+y")
        await at.see("succeeded")


def test_a_console_that_is_left_says_what_it_interrupts_and_the_next_one_goes_on(
    estate: RcgEstate, store: Path
) -> None:
    left_and_resumed(estate, store)


@piloted
async def test_a_second_console_sees_the_run_live_and_cannot_act_on_its_target(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    async with console(estate, store) as one, console(estate, store) as two:
        await one.stop_in_vain(estate, name)
        await one.see("t tries it again")
        await two.see(f"RUN stop {name} waiting for the operator")
        await two.keys("8", "enter")
        await two.see("Another console acts for it")
        await two.order(f"rcg stop {name}")
        await two.see("Proposed: stop")
        await two.agree(f"stop {name}")
        await two.see("is being acted on by run")
        estate.world.faults.clear()
        await two.keys("escape")
        await two.keys("t")
        await two.see("Try step s1")
        await two.keys("ctrl+y")
        await one.see("succeeded")
        await two.see("succeeded")
    assert sorted(run.state for run in runs(store)) == [RunState.ABORTED, RunState.SUCCEEDED]


@piloted
async def test_a_read_only_console_shows_runs_and_refuses_every_act(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.SYNC)
    async with console(estate, store, read_only=True) as at:
        await at.select(name)
        await at.keys("a")
        await at.see("Act is refused: this console is read-only.")
        await at.order(f"rcg stop {name}")
        await at.see("Do is refused: this console is read-only.")
        await at.keys("colon", *"failover", "enter")
        await at.see("Fail over is refused: this console is read-only.")
    assert runs(store) == []


@piloted
async def disaster(estate: RcgEstate, store: Path) -> None:
    name = estate.group(RcgMode.PERIODIC)
    async with console(estate, store) as at:
        await at.select(name)
        with estate.world.turn():
            estate.world.set_dark("paris", True)
        try:
            await at.order(f"rcg failover {name} --disaster")
            await at.see("Proposed: failover", "a second person", "lose ")
            words = runs(store)[0].plan.confirm
            assert {word.split()[0] for word in words} == {"failover", "site", "second", "lose"}
            await at.agree(*words)
            await at.see("succeeded")
        finally:
            with estate.world.turn():
                estate.world.set_dark("paris", False)
    assert lyon_serves(estate, name)


def test_a_dark_site_is_failed_over_from_after_every_word_of_it_was_typed(estate: RcgEstate, store: Path) -> None:
    disaster(estate, store)


@piloted
async def test_several_marked_groups_are_one_run_whose_dialog_names_them_all(estate: RcgEstate, store: Path) -> None:
    names = [estate.group(RcgMode.SYNC) for _ in range(3)]
    async with console(estate, store) as at:
        for name in names:
            await at.select(name)
            await at.keys("space")
        await at.keys("escape", "a")
        await at.see("Act on 3 groups", *names)
        await at.keys("enter")
        await at.see("Proposed: ", "3 groups")
        await at.keys("escape")
        await at.see("Cancelled: nothing was done.")
        await at.wait_for(lambda: runs(store)[0].state in ENDED, "it is not dropped")
    assert runs(store)[0].plan.targets == tuple(f"rcg:1001:{name}" for name in names)
