"""``[auto]`` of the configuration: what it says, and where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.auto_records import Auto, AutoMode, Endpoint
from app.settings import SettingsError, load

HEAD = """\
[[sites]]
name = "paris"
role = "prod"
[[sites]]
name = "lyon"
role = "dr"
"""
DEVICE = """\
[[devices]]
name = "{name}"
kind = "{kind}"
site = "{site}"
host = "{name}.example.com"
user = "drdeck"
password = "env:P"
"""
DEVICES = "".join(
    DEVICE.format(name=name, kind=kind, site=site)
    for name, kind, site in (
        ("vc-p", "vsphere", "paris"), ("vc-l", "vsphere", "lyon"), ("3par-l", "threepar", "lyon"),
        ("3par-p", "threepar", "paris"),
    )
)  # fmt: skip
GROUP = {
    "name": '"shop"',
    "source": '"vc-p"',
    "replica": '"vc-l"',
    "vms": '["web01", "db01"]',
    "link": '"3par-l"',
    "path": '"198.51.100.9:22"',
    "path_from": '"203.0.113.7"',
}


def auto(folder: Path, top: str = 'gateway = "10.0.0.1:22"', *others: dict[str, str], **changes: str | None) -> Auto:
    tables = []
    for group in ({**GROUP, **changes}, *others):
        lines = [f"{key} = {value}" for key, value in group.items() if value is not None]
        tables.append("\n".join(["[[auto.groups]]", *lines]))
    path = folder / "config.toml"
    path.write_text("\n".join([HEAD, DEVICES, "[auto]", top, *tables]))
    return load(path).auto


def test_without_it_nothing_fails_over_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(HEAD + DEVICES)
    assert load(path).auto == Auto()


def test_a_group_is_manual_until_it_is_said_otherwise_and_has_the_defaults_of_the_procedures(tmp_path: Path) -> None:
    (group,) = auto(tmp_path).groups
    assert (group.mode, group.threshold_s, group.probes) == (AutoMode.MANUAL, 300.0, 3)
    assert (group.source_site, group.replica_site, group.vms) == ("paris", "lyon", ("web01", "db01"))
    assert group.path == Endpoint("198.51.100.9", 22)
    assert auto(tmp_path).most_per_hour == 3


def test_every_key_is_read(tmp_path: Path) -> None:
    found = auto(
        tmp_path, 'gateway = "[2001:db8::1]:179"\nmost_per_hour = 1', mode='"automatic"', threshold='"10m"', probes="5"
    )
    assert (found.gateway, found.most_per_hour) == (Endpoint("2001:db8::1", 179), 1)
    assert str(found.gateway) == "[2001:db8::1]:179"
    assert (found.groups[0].mode, found.groups[0].threshold_s, found.groups[0].probes) == (AutoMode.AUTOMATIC, 600.0, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": '"3par-p"'}, 'source: expected a device of kind vsphere: "vc-p", "vc-l", found "3par-p"'),
        ({"replica": '"vc-p"'}, 'replica: expected a device at another site than vc-p, found "vc-p"'),
        ({"link": '"3par-p"'}, 'link: expected an array at the site of vc-l, which lives on, found "3par-p"'),
        ({"link": '"nowhere"'}, "link: expected a device of kind flasharray or threepar"),
        ({"path": '"198.51.100.9"'}, "path: expected a host and a TCP port"),
        ({"path": '"198.51.100.9:0"'}, "path: expected a host and a TCP port"),
        ({"path": '"2001:db8::1:22"'}, "path: expected a host and a TCP port"),
        ({"path": '"vc-p.example.com:443"'}, "path: expected something else than vc-p"),
        ({"path_from": '"eth1"'}, "path_from: expected an IP address of this machine"),
        ({"vms": "[]"}, "vms: expected a list of its machines"),
        ({"vms": '["a", "a"]'}, "vms: expected each machine once"),
        ({"threshold": '"1m"'}, "threshold: expected seconds"),
        ({"probes": "2"}, "probes: expected a whole number from 3 to 60"),
        ({"mode": '"test"'}, 'mode: expected "manual" or "automatic"'),
        ({"path_from": None}, "path_from: expected an IP address of this machine"),
        ({"wittness": "1"}, "a key that is not known here"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_was_expected(
    changes: dict[str, str | None], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as caught:
        auto(tmp_path, **changes)
    assert words in str(caught.value)
    assert f"{tmp_path / 'config.toml'}:" in str(caught.value)


def test_a_group_that_may_fail_over_by_itself_needs_the_gateway_of_the_console(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"auto\.gateway: expected a host and a TCP port"):
        auto(tmp_path, "", mode='"automatic"')


def test_two_groups_share_neither_name_nor_machine(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        auto(tmp_path, 'gateway = "10.0.0.1:22"', {**GROUP, "vms": '["db01"]'})
    assert "another name: a group has this one" in str(caught.value)
    with pytest.raises(SettingsError, match="a machine in one group: shop has this one"):
        auto(tmp_path, 'gateway = "10.0.0.1:22"', {**GROUP, "name": '"other"', "vms": '["db01"]'})
