"""``[[hosts]]`` and ``[plans]`` of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.connect import HERE, Connector
from app.host_records import HostSettings
from app.identities import doors
from app.settings import Settings, SettingsError, load
from backends.host import HostDriver
from backends.local import LocalDriver

DEVICES = """\
[[sites]]
name = "paris"
role = "prod"

[[devices]]
name = "hmc1"
kind = "hmc"
site = "paris"
host = "192.0.2.1"
user = "hscroot"
password = "env:X"
"""
HOST = '[[hosts]]\nname = "batch1"\nhost = "192.0.2.9"\nuser = "drdeck"\npassword = "env:BATCH"\n'


def loaded(folder: Path, text: str) -> Settings:
    (folder / "config.toml").write_text(DEVICES + text)
    return load(folder / "config.toml")


def test_a_host_is_logged_in_to_and_trusted_like_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(tmp_path, HOST)
    (host,) = settings.hosts
    assert (host.name, host.port, host.user, str(host.password)) == ("batch1", 22, "drdeck", "env:BATCH")
    assert isinstance(settings.host("batch1"), HostSettings) and host in settings.reached
    assert [door.device for door in doors(settings.reached)] == ["hmc1", "batch1"]
    monkeypatch.setenv("BATCH", "tiger")
    connect = Connector(settings)
    assert isinstance(connect.reach("batch1"), HostDriver)
    assert isinstance(connect.reach(HERE), LocalDriver)


def test_the_plans_are_beside_the_configuration_or_where_it_says(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").plan_folder == tmp_path / "plans"
    assert loaded(tmp_path, '[plans]\ndirectory = "dr/plans"\n').plan_folder == tmp_path / "dr/plans"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            HOST.replace("batch1", "hmc1"),
            "hosts[hmc1].name: expected another name: a device or a database has this one",
        ),
        (HOST + HOST, "expected another name: line"),
        (HOST.replace('user = "drdeck"\n', ""), "hosts[batch1].user: expected"),
        (HOST + "timeout = 3\n", "hosts[batch1].timeout: expected one of the keys"),
        ('[plans]\nfolder = "x"\n', "plans.folder: expected one of the keys directory"),
    ],
)
def test_what_is_wrong_with_a_host_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, text)
    assert said in str(refused.value)
