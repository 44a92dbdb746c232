"""Acting on protection groups from the screens: the console, its store and the lab's arrays, as they are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import GroupSnapshot
from backends.lab.flasharray.state import ArrayState
from store.runs import RunState
from tests.app.acting import Acting, acting, runs
from tests.faults.pg_estate import PgEstate, pg_estate
from tests.screens.piloting import piloted


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, estate: PgEstate) -> Iterator[Path]:
    yield tmp_path / "store.sqlite"
    assert estate.world.referee.violations == []


def console(
    estate: PgEstate, path: Path, *, read_only: bool = False, size: tuple[int, int] = (110, 40)
) -> AbstractAsyncContextManager[Acting]:
    return acting(Acting, estate.config, path, read_only=read_only, size=size)


def snapshots(estate: PgEstate, array: ArrayState, group: str) -> dict[str, GroupSnapshot]:
    with estate.world.turn():
        return dict(array.groups[group].snapshots)


@piloted
async def test_a_group_is_snapshot_and_replicated_with_four_keys(estate: PgEstate, store: Path) -> None:
    before = set(snapshots(estate, estate.prd, "pg-erp"))
    async with console(estate, store) as at:
        await at.filtered("3", "pg-erp", "fa-prd", "fa-dr")
        await at.keys("a", "j")
        await at.see("Act on pg-erp on fa-prd", "Snapshot and replicate", "right as it stands")
        await at.keys("enter")
        shown = await at.see("Proposed: snapshot pg-erp.drdeck-", "2 steps on fa-prd, fa-dr", "ctrl+y does it")
        assert "› type" not in shown, "nothing is overwritten"
        await at.keys("ctrl+y")
        await at.see("succeeded", "2 of 2 steps")
    (made,) = set(snapshots(estate, estate.prd, "pg-erp")) - before
    assert made.startswith("drdeck-")
    estate.until(lambda: made in snapshots(estate, estate.dr, "fa-prd:pg-erp"))
    assert runs(store)[0].plan.targets == (f"pg:{estate.prd.id}:pg-erp",)


@piloted
async def test_a_group_is_cloned_to_another_that_is_typed_on_with_tab(estate: PgEstate, store: Path) -> None:
    async with console(estate, store, size=(80, 24)) as at:
        await at.filtered("3", "pg-erp", "fa-prd", "fa-dr")
        await at.keys("a", "j", "j", "j")
        await at.see("Clone to another group", "asks for more")
        await at.keys("enter")
        await at.see(":do pgroup clone pg-erp ", " --on fa-prd --onto", "pg-dev")
        await at.keys("tab", "enter")
        shown = await at.see("Proposed: clone pg-erp.", "Groups: pg-erp, pg-dev", "what the volumes of pg-dev hold")
        assert "g1" not in shown, "its steps are not numbered by group"
        await at.keys(*["pagedown"] * 8)
        await at.see("To know", "erp-2 goes to dev-2")
        (clone, overwrite) = runs(store)[0].plan.confirm
        assert overwrite == "overwrite 3 volumes"
        await at.agree(clone, overwrite)
        await at.see("succeeded")
    with estate.world.turn():
        source = next(iter(estate.prd.groups["pg-erp"].snapshots.values()))
        assert {part.image.origin for part in source.members} == {"erp"}
    assert [estate.content(estate.prd, f"dev-{number}").origin for number in range(3)] == ["erp"] * 3


@piloted
async def test_a_whole_group_is_restored_from_the_snapshot_that_is_selected(estate: PgEstate, store: Path) -> None:
    with estate.world.turn():
        protection.take(estate.dr, estate.dr.groups["pg-dev"], "before")
    was = [estate.content(estate.dr, f"dev-{number}") for number in range(3)]
    async with console(estate, store) as at:
        await at.filtered("3", "pg-dev", "fa-dr", "fa-prd")
        await at.keys("enter", "enter")
        await at.see("group pg-dev › snapshots", "pg-dev.before")
        await at.keys("a")
        await at.see("Act on pg-dev on fa-dr, snapshot before", "not right: it has no target")
        await at.keys("G", "enter")
        await at.see("Proposed: restore pg-dev.before", "what was written after", "safety snapshots")
        await at.agree("restore pg-dev.before", "overwrite 3 volumes")
        await at.see("RTO clock", "succeeded")
        await at.keys("l")
        await at.see("who typed: restore pg-dev.before; overwrite 3 volumes")
    assert [estate.content(estate.dr, f"dev-{number}") for number in range(3)] == was


@piloted
async def test_a_group_under_a_running_host_is_not_restored_and_the_dialog_names_the_host(
    estate: PgEstate, store: Path
) -> None:
    writes = estate.writes()
    async with console(estate, store) as at:
        await at.filtered("3", "pg-erp", "fa-prd", "fa-dr")
        await at.keys("a", "G", "enter")
        await at.see(":do pgroup restore pg-erp --on fa-prd")
        await at.keys("enter")
        await at.see("Refused: restore pg-erp.", "is connected to erp_db1", "it is logged in to the array")
        await at.keys("ctrl+y", "escape")
        await at.see("Refused: restore", absent=True)
    assert runs(store) == []
    assert estate.writes() == writes


@piloted
async def test_a_read_only_console_refuses_to_act_on_a_protection_group(estate: PgEstate, store: Path) -> None:
    async with console(estate, store, read_only=True) as at:
        await at.filtered("3", "pg-erp", "fa-prd", "fa-dr")
        await at.keys("a")
        await at.see("Act is refused: this console is read-only.")
        await at.keys("colon", *"snapshot", "enter")
        await at.see("Snapshot is refused: this console is read-only.")
        await at.order("pgroup snapshot pg-erp s1")
        await at.see("Do is refused: this console is read-only.")
    assert runs(store) == []


@piloted
async def test_a_snapshot_that_nobody_agrees_to_is_not_taken(estate: PgEstate, store: Path) -> None:
    writes = estate.writes()
    async with console(estate, store) as at:
        await at.filtered("3", "pg-erp", "fa-prd", "fa-dr")
        await at.keys("a", "enter")
        await at.see("Proposed: snapshot pg-erp.drdeck-")
        await at.keys(*["enter"] * 20)
        await at.see("Proposed", absent=True)
        await at.wait_for(lambda: [run.state for run in runs(store)] == [RunState.ABORTED], "it was not dropped")
    assert estate.writes() == writes
