"""Databases in the configuration: what is accepted, what is refused, and that their hosts are pinned and reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app import known_devices
from app.cli import main
from app.connect import Connector
from app.known_devices import Protocol
from app.secrets import Source
from app.settings import Settings, SettingsError, load
from backends.host import BackupMode, BackupStatus, HostDriver
from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, Sent
from tests.faults.pg_estate import PgEstate, pg_estate

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMIuh31xoGIzV/lrRYragMBGV6K9ftlFok4Ex4h29mAD"
BASE = """\
[[sites]]
name = "paris"
role = "prod"
[[devices]]
name = "hmc"
kind = "hmc"
site = "paris"
host = "hmc.example.com"
user = "hscroot"
password = "env:HMC"
"""
ERP = {
    "name": '"erp"',
    "groups": '["pg-erp", "pg-log"]',
    "host": '"db.example.com"',
    "user": '"oracle"',
    "password": '"env:DB"',
    "begin": '"bm begin"',
    "end": '"bm end"',
    "status": '"bm status"',
}


def table(**changes: str | None) -> str:
    keys = {key: value for key, value in {**ERP, **changes}.items() if value is not None}
    return "[[databases]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def loaded(folder: Path, *tables: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(BASE + "".join(tables))
    return load(path)


def complaints(folder: Path, *tables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, *tables)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def complaint(folder: Path, **changes: str | None) -> str:
    (line,) = complaints(folder, table(**changes))
    return line


def test_a_database_has_its_groups_its_commands_and_defaults_for_the_rest(tmp_path: Path) -> None:
    (erp,) = loaded(tmp_path, table()).databases
    assert (erp.name, erp.groups, erp.host, erp.user) == ("erp", ("pg-erp", "pg-log"), "db.example.com", "oracle")
    assert (erp.begin, erp.end, erp.status) == ("bm begin", "bm end", "bm status")
    assert (erp.port, erp.timeout_s, erp.verify, erp.host_keys) == (22, 120.0, True, ())
    assert [(r.source, r.target) for r in erp.references] == [(Source.ENV, "DB")]


def test_a_database_may_have_a_key_file_a_port_a_time_and_host_keys_of_its_own(tmp_path: Path) -> None:
    changes = {"password": None, "key_file": '"id"', "passphrase": '"prompt"', "port": "2222", "timeout": '"10m"'}
    found = loaded(tmp_path, table(**changes, host_keys=f'["{KEY}"]', verify="false"))
    (erp,) = found.databases
    assert (erp.key_file, erp.port, erp.timeout_s, erp.host_keys) == (tmp_path / "id", 2222, 600.0, (KEY,))
    assert not erp.verify
    assert [r.target for r in erp.references] == [f"passphrase of {tmp_path / 'id'}"]
    assert found.database("erp") is erp and found.database("crm") is None
    assert [each.name for each in found.reached] == ["hmc", "erp"]


@pytest.mark.parametrize("key", sorted(ERP))
def test_what_a_database_cannot_do_without_is_missed_with_its_line(tmp_path: Path, key: str) -> None:
    said = complaint(tmp_path, **{key: None})
    label = "1" if key == "name" else "erp"
    assert said.startswith(f"config.toml:11: databases[{label}].{key}: expected ")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", '"e r p"', "a database's name: 1 to 63 letters"),
        ("name", '"hmc"', 'another name: a device has this one, found "hmc"'),
        ("groups", '"pg-erp"', "a list [ … ], each item the name of a protection group"),
        ("groups", "[]", "a list of those that hold it"),
        ("host", '"https://db"', "a host name or IP address"),
        ("port", "0", "a whole number from 1 to 65535"),
        ("password", '"tiger"', "a reference and never the secret itself"),
        ("begin", "1", "a command of the database's host"),
        ("end", '"bm begin"', "another command than begin, found the same"),
        ("status", '"bm end"', "another command than begin and end: this one only looks"),
        ("timeout", '"2h"', 'seconds, or text such as "30s" or "5m", from 1s to 1h'),
        ("verify", '"no"', "true or false"),
        ("host_keys", '["AAAA"]', 'an SSH host key as "type base64"'),
        ("sid", '"ERP"', "one of the keys begin, end, groups"),
    ],
)
def test_a_value_that_is_none_is_an_error_at_its_key(tmp_path: Path, key: str, value: str, expected: str) -> None:
    said = complaint(tmp_path, **{key: value})
    assert f"].{key}" in said
    assert f": expected {expected}" in said


@pytest.mark.parametrize(
    "command",
    [
        "sqlplus system/tiger @begin.sql",
        "echo 'alter database begin backup;' | sqlplus -S sys/tiger@erp as sysdba",
        "rman target sys/tiger",
        "/opt/bin/hook --connect=sys/tiger@//db:1521/erp begin",
        "su - oracle -c 'sqlplus system/tiger'",
    ],
)
def test_pgs_16_a_command_with_a_password_in_it_is_refused_and_not_shown(tmp_path: Path, command: str) -> None:
    said = complaint(tmp_path, begin=f'"{command}"')
    assert "expected a command without a password in it" in said
    assert "tiger" not in said


@pytest.mark.parametrize(
    "command",
    [
        "/usr/local/bin/backup-mode begin ERP",
        "sudo -u oracle /u01/app/scripts/begin.sh erp@paris",
        "sqlplus -S / as sysdba @/home/oracle/begin.sql",
        "sqlplus -S /@erp as sysdba @begin",
        "echo 'alter database begin backup;' | sqlplus -S / as sysdba",
        "ORACLE_SID=ERP ORACLE_HOME=/u01/app/oracle bin/begin",
    ],
)
def test_a_command_that_uses_a_wallet_or_the_operating_system_is_accepted(tmp_path: Path, command: str) -> None:
    assert loaded(tmp_path, table(begin=f'"{command}"')).databases[0].begin == command


def test_two_databases_have_two_names_and_may_share_a_host(tmp_path: Path) -> None:
    assert len(loaded(tmp_path, table(), table(name='"crm"')).databases) == 2
    (said,) = complaints(tmp_path, table(), table())
    assert said == 'config.toml:21: databases[erp].name: expected another name: line 12 has this one, found "erp"'


# --------------------------------------------------------------------------------------------------------- their hosts


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def bare(estate: PgEstate, tmp_path: Path) -> Path:
    """The configuration of the estate without a host key."""
    path = tmp_path / "config.toml"
    lines = [line for line in estate.config.read_text().splitlines() if not line.startswith("host_keys")]
    path.write_text("\n".join(lines))
    return path


def test_the_host_of_a_database_is_reached_by_the_database_s_name(estate: PgEstate) -> None:
    with closing(Connector(load(estate.config)).reach("erp")) as driver:
        assert isinstance(driver, HostDriver)
        assert BackupStatus("backup-mode status").take(driver) is BackupMode.NOT_ACTIVE


def test_a_host_that_was_never_pinned_is_not_logged_in_to_until_it_is(
    estate: PgEstate, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Connector(load(bare)).reach("erp")) as driver, pytest.raises(DeviceError) as caught:
        assert isinstance(driver, HostDriver)
        driver.ask("backup-mode status")
    assert (caught.value.failure, caught.value.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert main(["trust", "--config", str(bare), "--yes", "erp"]) == 0
    with closing(Connector(load(bare)).reach("erp")) as driver:
        assert isinstance(driver, HostDriver)
        assert driver.ask("backup-mode status") == "NOT ACTIVE\n"


def test_trust_shows_the_hosts_of_databases_beside_the_devices_and_refuses_a_changed_key(
    estate: PgEstate, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = estate.lab.identities.of("erp")
    assert main(["trust", "--config", str(bare)]) == 1
    shown = capsys.readouterr()
    assert "erp                  ssh" in shown.out and "not pinned yet" in shown.out
    assert "fa-prd               https" in shown.out
    assert "pin erp" in shown.err
    main(["trust", "--config", str(bare), "--yes", "erp"])
    pins = known_devices.read(bare.parent / "known_devices.toml")
    assert pins["erp", Protocol.SSH].identity.host_key == identity.ssh_public
    fault = estate.world.faults.add("erp", FaultKind.CHANGED_KEY)
    assert main(["trust", "--config", str(bare), "--yes", "erp"]) == 1
    estate.world.faults.remove(fault.id)
    assert "drdeck trust --replace erp" in capsys.readouterr().out


def test_trust_knows_the_names_of_databases_and_check_does_not(
    estate: PgEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trust", "--config", str(estate.config), "crm"]) == 2
    assert capsys.readouterr().err == "No device is called crm. There are: fa-prd, fa-dr, erp\n"
    assert main(["check", "--config", str(estate.config), "erp"]) == 2
