"""Adding to a configuration that somebody else writes, or that is somebody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app import config_append
from app.config_append import add
from app.config_writer import ConfigWriteError
from app.secrets import Reference, Source
from app.settings import load
from app.settings_records import CliSettings, DeviceSettings
from store.estate import DeviceKind, Site, SiteRole

PASSWORD = Reference(Source.ENV, "X")
LYON = DeviceSettings(
    "3par-lyon",
    DeviceKind.THREEPAR,
    "lyon",
    "a.example",
    8080,
    "me",
    PASSWORD,
    cli=CliSettings("a.example", 22, "me", PASSWORD),
)
SITES = (Site("lyon", SiteRole.DR),)

EXISTING = """\
# mine
[[sites]]
name = "paris"
role = "prod"

[[devices]]
name = "vc"
kind = "vsphere"
site = "paris"
host = "vc.example"   # kept
user = "me"
password = "env:VC"
"""


def test_a_file_that_appears_meanwhile_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"

    def late(source: object, target: Path) -> None:
        target.write_text("mine")
        raise FileExistsError

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(ConfigWriteError, match="appeared meanwhile and was left as it is"):
        add(config, SITES, (LYON,), "")
    assert config.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [config]


def test_a_site_that_is_added_may_be_the_one_where_lpars_come_back(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(EXISTING)
    assert load(config).pra is None
    assert not add(config, SITES, (LYON,), "")
    found = load(config)
    assert found.pra is not None and (found.pra.nominal, found.pra.recovery) == ("paris", "lyon")
    assert config.read_text().startswith(EXISTING)


def test_a_configuration_that_changes_meanwhile_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(EXISTING)
    original = config_append._read_back

    def late(temporary: Path) -> object:
        config.write_text(EXISTING + "# by somebody else\n")
        return original(temporary)

    monkeypatch.setattr(config_append, "_read_back", late)
    with pytest.raises(ConfigWriteError, match="was changed meanwhile and left as it is"):
        add(config, SITES, (LYON,), "")
    assert config.read_text().endswith("# by somebody else\n")
    assert list(tmp_path.iterdir()) == [config]


def test_the_configuration_of_another_user_is_not_taken_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(EXISTING)
    monkeypatch.setattr(os, "geteuid", lambda: config.stat().st_uid + 1)
    with pytest.raises(ConfigWriteError, match="belongs to another user"):
        add(config, SITES, (LYON,), "")
    assert config.read_text() == EXISTING
