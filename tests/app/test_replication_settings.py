"""``[[replications]]`` of the configuration: what is accepted, what is refused, and what is advised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recovery.vm.pass_plan import advice
from app.replication_records import GIB, Probe, Replication, advised_s
from app.settings import Settings, SettingsError, load

BASE = """\
[[sites]]
name = "paris"
role = "prod"
[[devices]]
name = "vc-paris"
kind = "vsphere"
site = "paris"
host = "vc.example.com"
user = "drdeck"
password = "env:VC"
[[devices]]
name = "hmc"
kind = "hmc"
site = "paris"
host = "hmc.example.com"
user = "hscroot"
password = "env:HMC"
"""
WEB = {"vm": '"web01"', "source": '"vc-paris"', "destination": '"vc-paris"', "datastore": '"ds1"'}


def table(**changes: str | None) -> str:
    keys = {key: value for key, value in {**WEB, **changes}.items() if value is not None}
    return "[[replications]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def loaded(folder: Path, *tables: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(BASE + "".join(tables))
    return load(path)


def complaint(folder: Path, *tables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, *tables)
    return str(caught.value)


def test_a_replication_has_defaults_and_is_called_as_its_vm(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, table()).replications
    assert found == Replication("web01", "web01", "vc-paris", "vc-paris", "ds1")
    assert (found.interval_s, found.keep, found.network("PROD")) == (900.0, 2, "PROD")


def test_everything_that_it_may_say_is_kept(tmp_path: Path) -> None:
    more = table(
        name='"shop"', host='"esx1"', pool='"P"', folder='"F"', networks='{ PROD = "DR" }', drill_network='"DRILL"',
        interval='"5m"', keep="3", probe='"198.51.100.20:443"',
    )  # fmt: skip
    (found,) = loaded(tmp_path, more).replications
    assert (found.name, found.host, found.pool, found.folder, found.keep) == ("shop", "esx1", "P", "F", 3)
    assert (found.network("PROD"), found.drill_network, found.interval_s) == ("DR", "DRILL", 300.0)
    assert found.probe == Probe("198.51.100.20", 443)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vm": None}, "the name or instance UUID of a VM"),
        ({"source": '"hmc"'}, 'a device of kind vsphere: "vc-paris"'),
        ({"destination": '"vc-rome"'}, 'a device of kind vsphere: "vc-paris"'),
        ({"interval": '"4m"'}, "from 5m to 7d"),
        ({"keep": "0"}, "a whole number from 1 to 30"),
        ({"interval": '"450s"'}, "whole minutes from 5m to 7d"),
        ({"probe": '"web01"'}, "HOST:PORT"),
        ({"networks": '["PROD"]'}, "name here = name there"),
        ({"vm": '"web server"'}, "a name for this replication"),
        ({"intervall": '"5m"'}, "the key interval"),
    ],
)
def test_what_is_wrong_is_told_with_what_was_expected(
    tmp_path: Path, changes: dict[str, str | None], told: str
) -> None:
    assert told in complaint(tmp_path, table(**changes))


def test_one_name_and_one_way_may_stand_only_once(tmp_path: Path) -> None:
    assert "another name: line" in complaint(tmp_path, table(), table(vm='"web02"', name='"web01"'))
    assert "each VM once to each destination" in complaint(tmp_path, table(), table(name='"again"'))


def test_esx_14_an_interval_of_15_minutes_for_40_gib_is_accepted_with_the_advice_of_30(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, table(interval='"15m"')).replications
    assert advice(found, 40 * GIB) == ("web01: every 15 min is accepted, 30 min is advised (for 40 GiB)")
    assert advice(found, 19 * GIB) is None
    assert advice(found, None) is None


@given(size=st.integers(0, 1 << 45))
def test_larger_disks_are_never_advised_a_shorter_interval(size: int) -> None:
    assert advised_s(size) in (900.0, 1800.0, 3600.0, 7200.0)
    assert advised_s(size) <= advised_s(size + GIB)


@given(took=st.lists(st.floats(1, 10_000), min_size=1, max_size=50).map(tuple))
def test_what_passes_took_counts_for_more_than_their_size(took: tuple[float, ...]) -> None:
    assert 1.5 * min(took) <= advised_s(1 << 45, took) <= 1.5 * max(took)


def test_a_pass_that_does_not_fit_its_interval_is_told(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, table()).replications
    told = advice(found, 10 * GIB, (1200.0,))
    assert told is not None
    assert "30 min is advised (nearly every pass took 20.0 min)" in told
