"""``drdeck pgroup``: snapshots, clones and restores of protection groups, planned, agreed to and run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import main
from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from backends.lab.flasharray.state import GIB
from backends.lab.volumes import Image
from store.ledger import Ledger
from store.runs import Run
from tests.faults.pg_estate import PgEstate, pg_estate

Capture = pytest.CaptureFixture[str]
TWO = (GIB, 2 * GIB)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_violation(estate: PgEstate) -> Iterator[None]:
    yield
    estate.world.faults.clear()
    assert estate.world.referee.violations == []


@pytest.fixture
def files(estate: PgEstate, tmp_path: Path) -> list[str]:
    return ["--config", str(estate.config), "--store", str(tmp_path / "store.sqlite")]


def pgroup(*words: str) -> int:
    return main(["pgroup", *words])


def agreed(*words: str) -> list[str]:
    return ["--execute", *(part for word in words for part in ("--confirm", word))]


def last_run(files: list[str]) -> Run:
    with closing(Ledger(Path(files[3]))) as ledger:
        return ledger.runs()[0]


def of_snapshot(estate: PgEstate, group: str, suffix: str) -> dict[str, Image]:
    """What the volumes of a group held in its snapshot, by volume."""
    with estate.world.turn():
        members = estate.prd.groups[group].snapshots[suffix].members
        return {part.name.rpartition(".")[2]: part.image for part in members}


def changed_since(estate: PgEstate, suffix: str) -> str:
    """A group with a snapshot, whose LPAR wrote on after it and was then stopped."""
    group = estate.source(sizes=TWO)
    with estate.world.turn():
        protection.take(estate.prd, estate.prd.groups[group], suffix)
    estate.until(lambda: estate.contents(estate.prd, group) != of_snapshot(estate, group, suffix))
    estate.switch(estate.prd, group, on=False)
    return group


def test_all_02_without_execute_a_restore_is_shown_with_its_loss_and_no_write_leaves(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, before = changed_since(estate, "s1"), estate.writes()
    assert pgroup("restore", group, "s1", *files) == 0
    out = capsys.readouterr().out
    assert f"POST /protection-groups?names={group}&source_names={group}.s1&overwrite=true" in out
    assert "Data lost at most: " in out and "what was written after" in out
    assert f"To be typed:\n  restore {group}.s1\n  overwrite 2 volumes" in out
    assert pgroup("restore", group, "s1", "--json", *files) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["verb"] == "restore"
    assert estate.writes() == before


def test_all_volumes_of_a_group_are_restored_in_one_act_and_what_they_held_is_kept(
    estate: PgEstate, files: list[str]
) -> None:
    group = changed_since(estate, "s1")
    former, before = estate.contents(estate.prd, group), estate.writes().get("POST /protection-groups", 0)
    words = agreed(f"restore {group}.s1", "overwrite 2 volumes")
    assert pgroup("restore", group, "s1", *words, *files) == 0
    assert estate.contents(estate.prd, group) == of_snapshot(estate, group, "s1")
    assert estate.writes()["POST /protection-groups"] == before + 1
    run = last_run(files)
    assert {name: estate.part(estate.prd, f"{name}.drdeck-{run.id}") for name in former} == former


def test_all_04_a_restore_whose_answer_was_lost_is_compared_and_not_sent_again(
    estate: PgEstate, files: list[str]
) -> None:
    group = changed_since(estate, "s1")
    before = estate.writes().get("POST /protection-groups", 0)
    estate.world.faults.add("fa-prd", FaultKind.DROP_AFTER, "POST /protection-groups", count=1)
    words = agreed(f"restore {group}.s1", "overwrite 2 volumes")
    assert pgroup("restore", group, "s1", *words, *files) == 0
    assert estate.writes()["POST /protection-groups"] == before + 1
    assert estate.contents(estate.prd, group) == of_snapshot(estate, group, "s1")


@pytest.mark.parametrize("words", [[], ["restore {0}.s1"], ["restore {0}.s1", "overwrite 3 volumes"], ["y"]])
def test_words_that_are_missing_or_wrong_refuse_and_are_named(
    estate: PgEstate, files: list[str], capsys: Capture, words: list[str]
) -> None:
    group, before = changed_since(estate, "s1"), estate.writes()
    assert pgroup("restore", group, "s1", *agreed(*(word.format(group) for word in words)), *files) == 1
    assert "'overwrite 2 volumes'" in capsys.readouterr().err
    assert estate.writes() == before


def test_pgs_13_a_restore_under_a_running_host_is_refused(estate: PgEstate, files: list[str], capsys: Capture) -> None:
    group = estate.source(sizes=TWO)
    assert pgroup("restore", group, "2", *files) == 1
    assert f"{group}-0 is connected to {group}-db, and it is logged in to the array" in capsys.readouterr().err


def test_a_group_that_has_changed_since_its_snapshot_is_not_restored(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group = changed_since(estate, "s1")
    with estate.world.turn():
        protection.add_member(estate.prd.groups[group], estate.prd.add_volume(f"{group}-new", GIB))
    assert pgroup("restore", group, "s1", *files) == 1
    assert f"{group}-new is not in the snapshot" in capsys.readouterr().err


def test_a_clone_on_the_target_of_the_group_finds_both_arrays_by_itself(estate: PgEstate, files: list[str]) -> None:
    group, target = estate.source(sizes=TWO), estate.target(estate.dr, sizes=TWO)
    words = agreed(f"clone {group}.new", "overwrite 2 volumes")
    assert pgroup("clone", group, "new", "--onto", target, "--replicate", *words, *files) == 0
    held, sent = estate.contents(estate.dr, target), of_snapshot(estate, group, "new")
    assert [held[f"{target}-{n}"] for n in range(2)] == [sent[f"{group}-{n}"] for n in range(2)]
    assert {step.device for step in last_run(files).plan.steps} == {"fa-prd", "fa-dr"}


def test_a_snapshot_is_sent_to_the_target_of_the_group_and_waited_for(estate: PgEstate, files: list[str]) -> None:
    group = estate.source(sizes=TWO, history=0)
    assert pgroup("snapshot", group, "new", "--replicate", "--queue", "--execute", *files) == 0
    received = estate.dr.groups[f"fa-prd:{group}"].snapshots["new"].received
    assert received is not None and received.completed is not None


def test_a_clone_of_what_has_come_from_an_array_that_is_dark_needs_only_the_target(
    estate: PgEstate, files: list[str], capsys: Capture
) -> None:
    group, target = estate.source(sizes=TWO), estate.target(estate.dr, sizes=TWO)
    held = of_snapshot(estate, group, "2")
    with estate.world.turn():
        estate.world.set_dark("paris", True)
    try:
        words = agreed(f"clone fa-prd:{group}.2", "overwrite 2 volumes")
        usual = ["clone", f"fa-prd:{group}", "2", "--onto", target, "--on", "fa-dr"]
        assert pgroup(*usual, *words, *files) == 0
        found = estate.contents(estate.dr, target)
        assert [found[f"{target}-{n}"] for n in range(2)] == [held[f"{group}-{n}"] for n in range(2)]
        capsys.readouterr()
        assert pgroup("clone", group, "2", "--onto", target, *files) == 1
        assert "not read: fa-prd" in capsys.readouterr().err
    finally:
        with estate.world.turn():
            estate.world.set_dark("paris", False)


def test_a_name_that_two_arrays_have_must_be_said_on_which(estate: PgEstate, files: list[str], capsys: Capture) -> None:
    assert pgroup("snapshot", "pg-dev", "new", *files) == 1
    said = capsys.readouterr().err
    assert "More than one array has a protection group pg-dev: fa-prd, fa-dr. Say which: --on" in said
    assert pgroup("snapshot", "pg-dev", "new", "--on", "fa-dr", "--execute", *files) == 0
    assert "new" in estate.dr.groups["pg-dev"].snapshots and "new" not in estate.prd.groups["pg-dev"].snapshots


def test_a_group_without_a_target_or_with_one_that_is_not_configured_is_not_replicated(
    estate: PgEstate, files: list[str], tmp_path: Path, capsys: Capture
) -> None:
    alone = estate.target(estate.prd, sizes=TWO)
    assert pgroup("snapshot", alone, "new", "--replicate", *files) == 1
    assert f"{alone} on fa-prd has no target to replicate to" in capsys.readouterr().err
    config = tmp_path / "config.toml"
    head, _, _ = estate.config.read_text().partition('[[devices]]\nname = "fa-dr"')
    config.write_text(head)
    group = estate.source(sizes=TWO)
    assert pgroup("snapshot", group, "new", "--replicate", "--config", str(config), *files[2:]) == 1
    assert f"No device of the configuration is fa-dr, where {group} goes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["clone", "g", "n"], "--onto GROUP goes with clone"),
        (["snapshot", "g", "n", "--onto", "t"], "--onto GROUP goes with clone"),
        (["restore", "g", "n", "--exclude", "v"], "go with clone, not with restore"),
        (["snapshot", "g", "n", "--ignore-tags"], "go with clone, not with snapshot"),
        (["restore", "g", "n", "--replicate"], "do not go with restore"),
        (["snapshot", "g", "n", "--queue"], "go with --replicate"),
        (["snapshot", "g", "n", "--to", "fa-dr"], "go with --replicate"),
        (["snapshot", "g", "n", "--replicate", "--wait", "0"], "expected minutes"),
        (["snapshot", "g", "n", "--replicate", "--wait", "1441"], "expected minutes"),
        (["snapshot", "g,h", "n"], "a protection group snapshot name"),
        (["destroy", "g", "n"], "VERB"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_was_expected(
    estate: PgEstate, files: list[str], capsys: Capture, words: list[str], said: str
) -> None:
    before = estate.world.devices["fa-prd"].counters.logins
    assert pgroup(*words, *files) == 2
    assert said in capsys.readouterr().err
    assert estate.world.devices["fa-prd"].counters.logins == before
