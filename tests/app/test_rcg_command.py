"""``drdeck rcg``, ``runs``, ``audit``: a dry run by default, words to be typed, an exit code that tells the truth."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import main
from backends.lab.faults import FaultKind
from store.estate import RcgMode, RcgRole, RcgStatus
from tests.faults.rcg_estate import RcgEstate, rcg_estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def files(estate: RcgEstate, tmp_path: Path) -> list[str]:
    return ["--config", str(estate.config), "--store", str(tmp_path / "store.sqlite")]


def writes(estate: RcgEstate) -> Counter[str]:
    """Requests that change something. Logins are none."""
    found: Counter[str] = Counter()
    for device in estate.world.devices.values():
        requests = device.counters.requests.items()
        found += Counter({v: n for v, n in requests if not v.startswith(("GET", "show", "setclienv"))})
    return Counter({verb: n for verb, n in found.items() if "credentials" not in verb})


def test_all_02_without_execute_the_whole_plan_is_shown_and_no_write_leaves_the_machine(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    before = writes(estate)
    assert main(["rcg", "failover", name, *files]) == 0
    out = capsys.readouterr().out
    assert f"setrcopygroup failover -f -waittask {name}.r1001" in out
    assert f"To be typed:\n  failover {name}" in out
    assert "Expected time:" in out
    assert main(["rcg", "failover", name, "--json", *files]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["schema_version"], content["refused"]) == (1, False)
    assert [step["kind"] for step in content["plan"]["steps"]][-1] == "vlun.none"
    assert writes(estate) == before
    assert main(["runs", "list", *files]) == 0
    assert "No run was ever proposed" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["failover"], ["FAILOVER {0}"], ["failover {0}", "lose 5 min"]])
def test_missing_or_wrong_words_refuse_and_are_named(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    before = writes(estate)
    confirm = [part for word in words for part in ("--confirm", word.format(name))]
    assert main(["rcg", "failover", name, "--execute", *confirm, *files]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Refused: ")
    assert f"'failover {name}'" in error or "'lose 5 min'" in error
    assert writes(estate) == before


def test_a_run_is_done_told_step_by_step_listed_shown_and_proven(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    assert main(["rcg", "failover", name, "--execute", "--confirm", f"failover {name}", *files]) == 0
    said = capsys.readouterr()
    assert "Fail over to 3par-l: done: 3par-l is Primary-Rev" in said.err
    assert f"failover {name}: succeeded" in said.out
    assert estate.lyon.group(f"{name}.r1001")[1].role is RcgRole.PRIMARY_REV
    assert main(["runs", "list", "--json", *files]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert (run["state"], run["plan"]["confirm"]) == ("succeeded", [f"failover {name}"])
    assert main(["runs", "show", run["id"], *files]) == 0
    assert "Fail over to 3par-l" in capsys.readouterr().out
    assert main(["audit", "verify", *files]) == 0
    assert capsys.readouterr().out.startswith("Whole: ")


def test_what_the_state_does_not_allow_is_refused_with_the_way_back(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC, "failed over")
    assert main(["rcg", "restore", name, "--execute", "--confirm", f"restore {name}", *files]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("Refused: the pair is recovered: failed over")
    assert f"setrcopygroup recover -f {name}.r1001, then setrcopygroup restore -f {name}.r1001" in said.out


def test_a_run_that_stops_says_what_can_be_done_and_is_resumed(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    fault = estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
    assert main(["rcg", "stop", name, "--execute", "--confirm", f"stop {name}", *files]) == 3
    out = capsys.readouterr().out
    run_id = out.split()[out.split().index("Run") + 1].rstrip(":")
    assert f"drdeck runs resume {run_id}" in out
    assert f"drdeck runs resume {run_id} --skip s1 --reason TEXT" in out
    estate.world.faults.remove(fault.id)
    assert main(["runs", "resume", run_id, "--skip", "s9", "--reason", "x", *files]) == 1
    assert "s9 of run" in capsys.readouterr().err
    assert main(["runs", "resume", run_id, "--skip", "s1", *files]) == 2
    assert "--reason" in capsys.readouterr().err
    assert main(["runs", "resume", run_id, *files]) == 0
    assert estate.paris.group(name)[1].status is RcgStatus.STOPPED
    assert main(["runs", "resume", run_id, *files]) == 1
    assert "succeeded" in capsys.readouterr().err


def test_a_run_that_stops_is_aborted_and_ends(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    fault = estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
    main(["rcg", "stop", name, "--execute", "--confirm", f"stop {name}", "--json", *files])
    run_id = json.loads(capsys.readouterr().out)["id"]
    estate.world.faults.remove(fault.id)
    assert main(["runs", "abort", run_id, "--reason", "not tonight", *files]) == 0
    assert "aborted: not tonight" in capsys.readouterr().out
    assert estate.paris.group(name)[1].status is RcgStatus.STARTED


def test_a_failover_that_stops_half_way_shows_the_documented_way_back(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    estate.switch_off("paris", name)
    fault = estate.world.faults.add("3par-l", FaultKind.HTTP_409, "POST /remotecopygroups")
    assert main(["rcg", "failover", name, "--execute", "--confirm", f"failover {name}", *files]) == 3
    estate.world.faults.remove(fault.id)
    out = capsys.readouterr().out
    assert f"On 3par-p: startrcopygroup {name}" in out.partition("The documented way back")[2]
    run_id = out.split()[out.split().index("Run") + 1].rstrip(":")
    assert main(["runs", "show", run_id, *files]) == 0
    assert f"startrcopygroup {name}" in capsys.readouterr().out.partition("The documented way back")[2]
    assert main(["runs", "resume", run_id, *files]) == 0
    assert "way back" not in capsys.readouterr().out


def test_names_and_options_that_mean_nothing_are_said_to(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rcg", "sync", "nosuch", *files]) == 1
    assert capsys.readouterr().err.startswith("No remote copy group is called nosuch. There are: ")
    for wrong in (["sync", "g1", "--disaster"], ["failover", "g1", "--host", "x"], ["sync", "g1", "--wave", "0"]):
        assert main(["rcg", *wrong, *files]) == 2
    assert main(["runs", "show", "0101-0000-ffff", *files]) == 1
    assert "There is no run 0101-0000-ffff" in capsys.readouterr().err


def test_a_read_only_configuration_only_plans(
    estate: RcgEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.PERIODIC)
    config = tmp_path / "config.toml"
    config.write_text(estate.config.read_text().replace("[console]", "[console]\nread_only = true"))
    files = ["--config", str(config), "--store", str(tmp_path / "store.sqlite")]
    assert main(["rcg", "sync", name, *files]) == 0
    assert main(["rcg", "sync", name, "--execute", *files]) == 1
    assert "read_only" in capsys.readouterr().err


def test_a_changed_journal_is_named_at_its_first_broken_entry(
    estate: RcgEstate, files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.PERIODIC)
    assert main(["rcg", "sync", name, "--execute", *files]) == 0
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as raw:
        raw.execute("DROP TRIGGER journal_no_UPDATE")
        raw.execute("UPDATE journal SET body = replace(body, 'sync', 'sink') WHERE seq = 1")
        raw.commit()
    capsys.readouterr()
    assert main(["audit", "verify", *files]) == 1
    assert capsys.readouterr().err.startswith("Broken at entry 1: ")
    assert main(["audit", "verify", "--json", *files]) == 1
    content = json.loads(capsys.readouterr().out)
    assert (content["whole"], content["broken"], content["entries"]) == (False, 1, 0)


def test_no_secret_is_in_the_store_or_in_what_is_printed(
    estate: RcgEstate, files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    fault = estate.world.faults.add("3par-p", FaultKind.REFUSES_LOGIN)
    main(["rcg", "stop", name, *files])
    estate.world.faults.remove(fault.id)
    main(["rcg", "stop", name, "--execute", "--confirm", f"stop {name}", *files])
    said = capsys.readouterr()
    assert "not-a-secret" not in said.out + said.err
    assert b"not-a-secret" not in b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))
