"""``drdeck runs`` about LPARs: both clocks against the target, and drills that are not cleaned up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from tests.faults.lpar_estate import LparEstate, lpar_estate


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[LparEstate]:
    with lpar_estate(tmp_path, count=1) as running:
        yield running
        assert running.world.referee.violations == []


def drdeck(estate: LparEstate, *words: str) -> int:
    return main([*words, "--config", str(estate.config), "--store", str(estate.directory / "store.sqlite")])


def only_run(estate: LparEstate, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert drdeck(estate, "runs", "list", "--json") == 0
    found: str = json.loads(capsys.readouterr().out)["runs"][0]["id"]
    return found


def test_a_failover_is_shown_with_both_clocks_against_the_target(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--confirm", "failover lp000", "--confirm", "overwrite 2 volumes")
    assert drdeck(estate, "lpar", "failover", "lp000", "--execute", *words) == 0
    clocks = r"Ready to activate after \d+ s, application up after \d+ s \(RTO 5 min\)"
    assert re.search(clocks, capsys.readouterr().out), "the run as it ended"
    run = only_run(estate, capsys)
    assert drdeck(estate, "runs", "show", run) == 0
    assert re.search(clocks, capsys.readouterr().out)
    assert drdeck(estate, "runs", "show", run, "--json") == 0
    told = json.loads(capsys.readouterr().out)["clocks"]
    assert 0 < told["ready_to_activate_s"] <= told["application_up_s"]


def test_a_drill_that_is_not_cleaned_up_is_listed_and_shown_as_such_until_it_is(
    estate: LparEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drdeck(estate, "lpar", "drill", "lp000", "--execute", "--confirm", "drill lp000") == 0
    run = only_run(estate, capsys)
    assert drdeck(estate, "runs", "list") == 0
    assert "succeeded, clean-up owed" in capsys.readouterr().out
    assert drdeck(estate, "runs", "show", run) == 0
    owed = f"Its LPARs cannot be failed over before it is cleaned up: drdeck lpar cleanup {run}"
    shown = capsys.readouterr().out
    assert owed in shown
    assert "Ready to activate after" in shown, "a drill shows what a failover would take"
    assert drdeck(estate, "lpar", "cleanup", run, "--execute", "--confirm", f"discard DR writes of {run}") == 0
    assert "Ready to activate" not in capsys.readouterr().out, "a clean-up activates nothing"
    assert drdeck(estate, "runs", "show", run) == 0
    assert owed not in capsys.readouterr().out
    assert drdeck(estate, "runs", "list") == 0
    assert "owed" not in capsys.readouterr().out
