"""``drdeck inventory``: rows for scripts, fresh or last known, each telling which."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.inventory_columns import LPARS, PGROUPS, PROVENANCE, RCGS, SHEETS
from backends.lab.faults import FaultKind
from store.estate import (
    AdapterType,
    EthAdapter,
    FcAdapter,
    Lpar,
    LparProfile,
    LparState,
    PgroupSnapshot,
    ProtectionGroup,
    RcgMode,
    RcgRole,
    RcgStatus,
    RemoteCopyGroup,
    RemoteCopyVolume,
    SyncStatus,
)
from tests.app.lab_estate import LabEstate, lab_estate

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def run(estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """``drdeck inventory`` on a store of its own: exit code, output, errors."""
    config = estate.config_in(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["inventory", "--config", str(config), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def rows(out: str, what: str) -> list[dict[str, Any]]:
    content = json.loads(out)
    assert content["schema_version"] == 1
    found: list[dict[str, Any]] = content["rows"][what]
    return found


@pytest.mark.parametrize(("what", "count"), [("lpars", 30), ("pgroups", 20), ("rcgs", 16), ("replicas", 12)])
def test_each_kind_is_read_and_listed_with_where_it_came_from(run: Run, what: str, count: int) -> None:
    code, out, err = run(what, "--json")
    assert (code, err) == (0, "")
    found = rows(out, what)
    assert len(found) == count
    for row in found:
        assert tuple(row) == SHEETS[what].names
        assert row["freshness"] == "current"
        assert row["site"] in ("paris", "lyon")
        assert row["seen_at"].endswith("Z")
        assert 0 <= row["age_s"] < 60


def test_only_devices_that_know_about_it_are_asked(run: Run, estate: LabEstate) -> None:
    before = estate.device("fa-paris").counters.requests.total()
    _, out, _ = run("lpars", "--json")
    assert [device["name"] for device in json.loads(out)["devices"]] == ["hmc-paris", "hmc-lyon"]
    assert estate.device("fa-paris").counters.requests.total() == before


def test_the_order_is_the_same_each_time_and_csv_holds_what_json_holds(run: Run) -> None:
    _, first, _ = run("lpars", "--csv")
    _, second, _ = run("lpars", "--csv")
    _, third, _ = run("lpars", "--json", "--cached")
    moving = {"seen_at", "age_s", "freshness"}
    tables = [[{k: v for k, v in row.items() if k not in moving} for row in _read(text)] for text in (first, second)]
    assert tables[0] == tables[1]
    assert [row["name"] for row in tables[0]] == sorted(row["name"] for row in tables[0])
    plain = [{k: _as_csv(v) for k, v in row.items() if k not in moving} for row in rows(third, "lpars")]
    assert plain == tables[0]


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _as_csv(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return " ".join(value) if isinstance(value, list) else str(value)


def test_pra_10_lpars_of_one_name_on_two_systems_are_two_rows(run: Run) -> None:
    _, out, _ = run("lpars", "--json")
    twins = [row for row in rows(out, "lpars") if row["name"] == "erp_db1"]
    assert len(twins) == 2
    assert len({row["key"] for row in twins}) == 2
    assert {row["site"] for row in twins} == {"paris", "lyon"}


def test_a_device_that_fails_is_told_and_its_rows_are_the_last_known_ones(run: Run, estate: LabEstate) -> None:
    run("lpars")
    with estate.fault("hmc-paris", FaultKind.UNREACHABLE):
        code, out, err = run("lpars", "--json")
    assert code == 3
    assert err.splitlines()[0] == "Not all could be read; what to do says: drdeck check hmc-paris"
    assert err.splitlines()[1].startswith("hmc-paris: unreachable: ")
    by_device = {(row["device"], row["freshness"]) for row in rows(out, "lpars")}
    assert by_device == {("hmc-paris", "last known"), ("hmc-lyon", "current")}
    told = {device["name"]: device for device in json.loads(out)["devices"]}
    assert told["hmc-paris"]["failure"] == "unreachable"
    assert told["hmc-lyon"]["failure"] is None


def test_when_no_device_can_be_read_the_command_fails(run: Run, estate: LabEstate) -> None:
    with estate.fault("hmc-*", FaultKind.UNREACHABLE):
        code, out, err = run("lpars", "--csv")
    assert code == 1
    assert err.startswith("Not all could be read; what to do says: drdeck check hmc-paris hmc-lyon")
    assert err.count("It was never read.") == 2
    assert _read(out) == []


def test_the_last_known_state_is_shown_without_asking_anybody(run: Run, estate: LabEstate) -> None:
    run()
    before = {name: device.counters.requests.total() for name, device in estate.lab.world.devices.items()}
    with estate.fault("*", FaultKind.UNREACHABLE):
        code, out, err = run("--cached", "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert content["cached"] is True
    assert {row["freshness"] for found in content["rows"].values() for row in found} == {"last known"}
    assert {len(found) for found in content["rows"].values()} == {30, 20, 16, 12}
    after = {name: device.counters.requests.total() for name, device in estate.lab.world.devices.items()}
    assert after == before


def test_an_empty_store_has_nothing_to_tell_and_says_so_first(run: Run) -> None:
    code, _, err = run("pgroups", "--cached")
    assert code == 1
    assert err.startswith("Nothing is stored yet: run drdeck inventory without --cached")


def test_devices_never_read_are_told_beside_what_is_known(run: Run) -> None:
    run("lpars")
    code, out, err = run("--cached")
    assert code == 3
    assert "fa-paris: never read so far; nothing is known of it." in err
    assert "lpars: 30" in out
    assert "pgroups: 0" in out


def test_a_store_that_cannot_be_used_is_told_with_its_own_exit_code(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_text("this is no database at all, whatever its name says" * 50)
    code, out, err = run("lpars", "--store", str(broken))
    assert (code, out) == (4, "")
    assert str(broken) in err.splitlines()[0]


def test_csv_needs_to_know_which_rows(run: Run) -> None:
    code, out, err = run("--csv")
    assert (code, out) == (2, "")
    assert err == "Name what to print: --csv holds one of lpars, pgroups, rcgs, replicas\n"


# ------------------------------------------------------------------------------------------------------ the columns


def lpar(**facts: Any) -> Lpar:
    held: dict[str, Any] = {
        "system": "P10-PAR-01",
        "system_key": "9080*1",
        "name": "erp",
        "lpar_id": 3,
        "uuid": None,
        "env": "aixlinux",
        "state": LparState.NOT_ACTIVATED,
        "os_version": None,
        "default_profile": "default",
        "curr_profile": None,
        "rmc_state": None,
        "rmc_ipaddr": None,
    }
    return Lpar(**{**held, **facts})


def test_an_lpar_that_is_not_active_has_the_addresses_of_its_profile() -> None:
    fc = FcAdapter(4, AdapterType.CLIENT, 1, "vios1", 9, ("c05076090000000a", "c05076090000000b"))
    eth = (EthAdapter(2, "FA0000000001", 100, "ETHERNET0"), EthAdapter(3, None, 101, "ETHERNET0"))
    profiles = (_profile("other", (), ()), _profile("default", (fc,), eth))
    row = LPARS.row(lpar(profiles=profiles), NOW)
    assert (row["wwpns"], row["macs"]) == ([], [])
    assert row["profile_wwpns"] == ["c05076090000000a", "c05076090000000b"]
    assert row["profile_macs"] == ["FA0000000001"]


def _profile(name: str, fc: tuple[FcAdapter, ...], eth: tuple[EthAdapter, ...]) -> LparProfile:
    return LparProfile(name, 1, 2, 3, "shared", 1, 0.5, 10, "norm", False, fc, eth)


def test_the_recovery_point_of_a_protection_group_is_when_its_newest_complete_copy_was_created() -> None:
    created = NOW - timedelta(minutes=19)
    done = PgroupSnapshot("pg.2", created, completed=NOW - timedelta(minutes=1), progress=1.0)
    running = PgroupSnapshot("pg.3", NOW, started=NOW, progress=0.5)
    row = PGROUPS.row(ProtectionGroup("fa", "id", None, "pg", False, False, snapshots=(running, done)), NOW)
    assert (row["newest_complete"], row["recovery_point"]) == ("pg.2", "2026-03-01T02:41:00Z")
    assert row["recovery_point_age_s"] == 19 * 60
    none = PGROUPS.row(ProtectionGroup("fa", "id", None, "pg", False, False, snapshots=(running,)), NOW)
    assert (none["newest_complete"], none["recovery_point"], none["recovery_point_age_s"]) == (None, None, None)


def test_the_oldest_volume_is_the_point_in_time_of_an_rcg() -> None:
    volumes = (
        RemoteCopyVolume("v1", 1, "v1.r", 1, SyncStatus.SYNCED, last_sync=NOW - timedelta(minutes=5)),
        RemoteCopyVolume("v2", 2, "v2.r", 2, SyncStatus.SYNCING, last_sync=NOW - timedelta(minutes=9)),
    )
    group = RemoteCopyGroup(
        "3par", "S1", 1, "rcg", "rcg", 7, "tgt", RcgStatus.STARTED, RcgRole.PRIMARY, RcgMode.PERIODIC, volumes=volumes
    )
    row = RCGS.row(group, NOW)
    assert (row["status"], row["not_synced"], row["oldest_sync_age_s"]) == ("Started", ["v2"], 540)


def test_no_column_has_the_name_of_another_and_short_tables_only_show_what_there_is() -> None:
    for sheet in SHEETS.values():
        assert len(set(sheet.names)) == len(sheet.names)
        assert set(sheet.table) <= set(sheet.names)
        assert set(sheet.order) <= set(sheet.names)
        assert sheet.names[-len(PROVENANCE) :] == PROVENANCE
