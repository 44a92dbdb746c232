"""``drdeck check --naming`` on the lab's arrays: what breaks a convention, as a table and JSON, and its exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from backends.lab.flasharray.state import ArrayState
from tests.app.lab_estate import LabEstate, lab_estate

GOOD = 'pgroup = "pg-[a-z-]+"\nhost = "{lpar}"\n'


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


def run(
    estate: LabEstate, folder: Path, capsys: pytest.CaptureFixture[str], patterns: str, *arguments: str
) -> tuple[int, str, str]:
    path = estate.config_in(folder)
    path.write_text(f"{path.read_text()}\n[naming]\n{patterns}")
    code = main(["check", "--naming", "--config", str(path), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_names_that_keep_to_it_are_counted_and_only_the_lists_that_are_needed_are_read(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(estate.device("fa-paris").counters.requests)
    code, out, err = run(estate, tmp_path, capsys, GOOD)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "fa-paris: 0 of 19 names break their pattern",
        "fa-lyon: 0 of 13 names break their pattern",
    ]
    asked = {verb for verb, n in estate.device("fa-paris").counters.requests.items() if n > before.get(verb, 0)}
    assert {verb for verb in asked if verb.startswith("GET /")} >= {"GET /hosts", "GET /protection-groups"}
    assert not asked & {"GET /volumes", "GET /protection-group-snapshots"}


def test_every_name_that_breaks_it_is_listed_by_array(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patterns = 'volume = "{lpar}_(rootvg|datavg)|web-[0-9]"\nsnapshot = "{site}"\npgroup = "pg-(?!dwh).*"\n'
    code, out, _ = run(estate, tmp_path, capsys, patterns, "--json")
    found = json.loads(out)
    assert (code, found["schema_version"], list(found["patterns"])) == (1, 1, ["volume", "snapshot", "pgroup"])
    arrays = {array["name"]: array for array in found["arrays"]}
    assert list(arrays) == ["fa-paris", "fa-lyon"]
    assert arrays["fa-paris"]["breaks"] == [{"kind": "pgroup", "name": "pg-dwh", "expected": "pg-(?!dwh).*"}]
    volumes = [each["name"] for each in arrays["fa-lyon"]["breaks"]]
    assert volumes == ["lyo-files_vol1", "lyo-mail_vol1", "lyo-test_vol1"]


def test_a_table_names_array_site_kind_and_what_was_expected(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(estate, tmp_path, capsys, 'pgroup = "pg-(?!dwh).*"', "fa-paris")
    assert code == 1
    *rows, total = out.splitlines()
    assert [line.split() for line in rows] == [
        ["ARRAY", "SITE", "KIND", "NAME", "EXPECTED"],
        ["fa-paris", "paris", "pgroup", "pg-dwh", "pg-(?!dwh).*"],
    ]
    assert total == "fa-paris: 1 of 7 names break their pattern"


def test_a_snapshot_is_named_by_its_suffix_on_both_arrays(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paris = estate.device("fa-paris").state
    assert isinstance(paris, ArrayState)
    with estate.lab.world.turn():
        protection.take(paris, paris.groups["pg-mq"], "Wrong-One", replicate="now")
    code, out, _ = run(estate, tmp_path, capsys, 'snapshot = "[a-z-]+"')
    assert code == 1
    names = [line.split()[3] for line in out.splitlines() if line.split()[0] in ("fa-paris", "fa-lyon")]
    assert names == ["pg-mq.Wrong-One", "fa-paris:pg-mq.Wrong-One"]


def test_an_array_that_cannot_be_read_is_said_and_has_its_own_exit_code(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with estate.fault("fa-lyon", FaultKind.UNREACHABLE):
        code, out, err = run(estate, tmp_path, capsys, GOOD)
        assert (code, err.startswith("Could not be read: fa-lyon: ")) == (3, True)
        assert "fa-lyon: not read" in out
        code, out, _ = run(estate, tmp_path, capsys, 'host = "nobody"', "--json")
    assert code == 1, "what breaks a convention counts more"
    unread = json.loads(out)["arrays"][1]
    assert (unread["name"], unread["read"], unread["breaks"]) == ("fa-lyon", False, [])


@pytest.mark.parametrize(
    ("patterns", "names", "said"),
    [("", (), "has no naming conventions: see [naming]"), (GOOD, ("hmc-paris",), "no FlashArray among these devices")],
)
def test_where_nothing_can_be_checked_it_says_what_is_lacking(
    estate: LabEstate,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    patterns: str,
    names: tuple[str, ...],
    said: str,
) -> None:
    code, out, err = run(estate, tmp_path, capsys, patterns, *names)
    assert (code, out) == (2, "")
    assert said in err
