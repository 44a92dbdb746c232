"""What schedules do to arrays and LPARs of the lab, each run by ``drdeck schedule run``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from store.estate import RcgMode
from tests.faults.pg_estate import PgEstate, pg_estate
from tests.faults.pra_estate import BuildPra, Staged, named
from tests.faults.rcg_estate import RcgEstate, rcg_estate

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


class Schedules:
    """Adds a schedule and runs it, with the files of an estate."""

    def __init__(self, files: list[str], capsys: Capture) -> None:
        self._files, self._capsys = files, capsys

    def run(self, kind: str, *words: str) -> tuple[int, dict[str, Any]]:
        assert main(["schedule", "add", "x", kind, *words, "--every", "day", *self._files]) == 0
        return self.again()

    def again(self) -> tuple[int, dict[str, Any]]:
        self._capsys.readouterr()
        code = main(["schedule", "run", "x", "--json", *self._files])
        return code, json.loads(self._capsys.readouterr().out)


def test_a_protection_group_is_snapshotted_under_a_name_of_its_own_each_time(
    arrays: PgEstate, tmp_path: Path, capsys: Capture
) -> None:
    group = arrays.source()
    before = set(arrays.prd.groups[group].snapshots)
    schedules = Schedules(["--config", str(arrays.config), "--store", str(tmp_path / "s.sqlite")], capsys)
    assert schedules.run("pg-snapshot", group)[0] == 0
    assert schedules.again()[0] == 0
    made = set(arrays.prd.groups[group].snapshots) - before
    assert len(made) == 2
    assert all(name.startswith("drdeck-1-") for name in made)


def test_with_replicate_the_snapshot_arrives_on_the_other_array(
    arrays: PgEstate, tmp_path: Path, capsys: Capture
) -> None:
    group = arrays.source()
    schedules = Schedules(["--config", str(arrays.config), "--store", str(tmp_path / "s.sqlite")], capsys)
    code, run = schedules.run("pg-snapshot", group, "--replicate")
    assert (code, run["result"]) == (0, "succeeded")
    assert any(f"{group}.drdeck-1-" in name for name in arrays.dr.snapshots)


def test_a_group_that_no_array_has_is_a_failure_that_says_so(arrays: PgEstate, tmp_path: Path, capsys: Capture) -> None:
    schedules = Schedules(["--config", str(arrays.config), "--store", str(tmp_path / "s.sqlite")], capsys)
    code, run = schedules.run("pg-snapshot", "nobody")
    assert (code, run["result"]) == (1, "failed")
    assert "No array of the configuration has a protection group nobody" in run["notes"][0]


def test_a_remote_copy_group_is_synced(groups: RcgEstate, tmp_path: Path, capsys: Capture) -> None:
    name = groups.group(RcgMode.PERIODIC)
    schedules = Schedules(["--config", str(groups.config), "--store", str(tmp_path / "s.sqlite")], capsys)
    code, run = schedules.run("rcg-sync", name)
    assert (code, run["result"]) == (0, "succeeded")


def test_lpars_are_aligned_until_nothing_is_to_be_done(build: BuildPra, capsys: Capture) -> None:
    at = build(named(2, Staged.NOT))
    schedules = Schedules(at.argv(), capsys)
    code, run = schedules.run("align")
    assert (code, run["result"]) == (0, "succeeded")
    assert all(at.is_right(guest.name) for guest in at.guests)
    sent = at.writes()
    assert schedules.again()[1]["notes"] == ["there was nothing to do"]
    assert at.writes() == sent
    assert at.world.referee.violations == []
