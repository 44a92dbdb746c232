"""``drdeck volume``: volumes into and out of remote copy groups; what fails takes back what it made, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.recovery.operations import Operations
from app.recovery.rcg.provision_steps import MakeVolume
from backends.lab.faults import FaultKind
from store.estate import RcgMode, RcgStatus
from tests.faults.rcg_estate import RcgEstate, rcg_estate

NEW = ("--size", "2G", "--cpg", "SSD_r6:SSD_r6")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def files(estate: RcgEstate, tmp_path: Path) -> list[str]:
    return ["--config", str(estate.config), "--store", str(tmp_path / "store.sqlite"), "--execute"]


def members(estate: RcgEstate, name: str) -> list[str]:
    return [member.copies[0].volume.name for member in estate.paris.group(name)[0].members]


@pytest.mark.parametrize("mode", ["synchronous", "periodic", "streaming"])
def test_a_volume_is_made_and_replicated_in_a_group_that_is_made_for_it(
    estate: RcgEstate, files: list[str], mode: str
) -> None:
    name, volume = f"new_{mode[:4]}", f"v_{mode[:4]}"
    more = ["--mode", mode, "--on", "3par-p", "--to", "3par-l"]
    assert main(["volume", "create", name, volume, *NEW, *more, *files]) == 0
    group, side = estate.paris.group(name)
    assert (members(estate, name), side.status) == ([volume], RcgStatus.STARTED)
    assert group.mode is {"sync": RcgMode.SYNC, "peri": RcgMode.PERIODIC, "stre": RcgMode.ASYNC}[mode[:4]]
    assert group.period_s == (900 if mode == "periodic" else None)
    assert (estate.paris.volumes[volume].size_mib, estate.lyon.volumes[volume].size_mib) == (2048, 2048)


def test_a_volume_is_made_in_a_started_group_which_is_started_again(estate: RcgEstate, files: list[str]) -> None:
    name = estate.group(RcgMode.SYNC)
    assert main(["volume", "create", name, f"{name}_new", *NEW, *files]) == 0
    assert f"{name}_new" in members(estate, name)
    assert estate.paris.group(name)[1].status is RcgStatus.STARTED


def test_rcg_05_an_admit_that_fails_leaves_no_volume_and_a_group_that_replicates(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    before = set(estate.paris.volumes) | set(estate.lyon.volumes)
    fault = estate.world.faults.add("3par-p", FaultKind.HTTP_409, "POST /remotecopygroups/volumes")
    code = main(["volume", "create", name, f"{name}_new", *NEW, *files])
    estate.world.faults.remove(fault.id)
    assert code == 1
    out = capsys.readouterr().out
    assert f"create {name}: failed: refused: " in out  # RCG-06: the first error, not one of taking it back
    assert f"Start {name} again" in out
    assert estate.paris.group(name)[1].status is RcgStatus.STARTED
    assert len(members(estate, name)) == 2
    assert set(estate.paris.volumes) | set(estate.lyon.volumes) == before


def test_a_new_group_that_fails_is_removed_again_and_nothing_else(estate: RcgEstate, files: list[str]) -> None:
    fault = estate.world.faults.add("3par-p", FaultKind.HTTP_409, "POST /remotecopygroups/volumes")
    assert main(["volume", "create", "never", "v_never", *NEW, "--on", "3par-p", "--to", "3par-l", *files]) == 1
    estate.world.faults.remove(fault.id)
    assert "never" not in estate.paris.groups
    assert "v_never" not in estate.paris.volumes


def test_rcg_07_nothing_is_made_for_a_group_that_is_switched_over(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC, "failed over")
    assert main(["volume", "create", name, f"{name}_new", *NEW, *files]) == 1
    assert "Refused: the pair is normal" in capsys.readouterr().err
    assert f"{name}_new" not in estate.paris.volumes


def test_a_volume_that_somebody_else_makes_meanwhile_is_not_taken_back_with_the_run(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = estate.group(RcgMode.SYNC)
    agree = Operations.agree

    def meanwhile(self: Operations, *rest: Any) -> Any:
        with estate.world.turn():
            estate.paris.add_volume(f"{name}_new", 4096, "SSD_r6")
        return agree(self, *rest)

    monkeypatch.setattr(Operations, "agree", meanwhile)
    assert main(["volume", "create", name, f"{name}_new", *NEW, *files]) == 1
    assert estate.paris.volumes[f"{name}_new"].size_mib == 4096


def test_a_volume_that_the_array_refused_to_make_is_not_taken_back_either(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = estate.group(RcgMode.SYNC)
    act = MakeVolume.act

    def meanwhile(self: MakeVolume, hands: Any) -> str:
        with estate.world.turn():
            estate.paris.add_volume(self.volume, 4096, "SSD_r6")
        return act(self, hands)

    monkeypatch.setattr(MakeVolume, "act", meanwhile)
    main(["volume", "create", name, f"{name}_new", "--size", "8G", "--cpg", "SSD_r6:SSD_r6", *files])
    assert estate.paris.volumes[f"{name}_new"].size_mib == 4096


def test_a_volume_that_exists_is_no_new_one_and_is_not_touched(estate: RcgEstate, files: list[str]) -> None:
    name = estate.group(RcgMode.SYNC)
    assert main(["volume", "create", name, f"{name}_v1", *NEW, *files]) == 1
    assert f"{name}_v1" in estate.paris.volumes


def test_an_existing_volume_is_added_and_removed_and_stays(estate: RcgEstate, files: list[str]) -> None:
    name, volume = estate.group(RcgMode.SYNC), "loner"
    with estate.world.turn():
        estate.paris.add_volume(volume, 1024, "SSD_r6")
    assert main(["volume", "add", name, volume, *files]) == 0
    assert volume in members(estate, name)
    assert main(["volume", "remove", name, volume, "--confirm", f"remove {volume}", *files]) == 0
    assert volume not in members(estate, name)
    assert volume in estate.paris.volumes and volume in estate.lyon.volumes
    assert estate.paris.group(name)[1].status is RcgStatus.STARTED


def test_deleting_the_last_volume_deletes_the_group(estate: RcgEstate, files: list[str]) -> None:
    name = estate.group(RcgMode.SYNC)
    with estate.world.turn():
        estate.world.power_off(estate.world.writers[f"paris/{name}-srv"])
        for vlun in [v for v in estate.paris.vluns if v.host.name == f"{name}-srv"]:
            estate.paris.unexport(vlun.volume.name, vlun.lun, vlun.host.name)
    for volume in (f"{name}_v1", f"{name}_v2"):
        assert main(["volume", "delete", name, volume, "--confirm", f"delete {volume}", *files]) == 0
        assert volume not in estate.paris.volumes and volume not in estate.lyon.volumes
    assert name not in estate.paris.groups


def test_a_volume_that_hosts_see_is_not_deleted(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    assert main(["volume", "delete", name, f"{name}_v1", "--confirm", f"delete {name}_v1", *files]) == 1
    assert f"Refused: {name}_v1 is shown to no host: {name}-srv" in capsys.readouterr().err


@pytest.mark.parametrize("period", ["abc", "299", "31622401"])
def test_rcg_08_a_period_out_of_range_names_value_and_range(
    estate: RcgEstate, files: list[str], capsys: pytest.CaptureFixture[str], period: str
) -> None:
    more = ["--mode", "periodic", "--period", period]
    assert main(["volume", "create", "g", "v", *NEW, *more, *files]) == 2
    error = capsys.readouterr().err
    assert period in error and "300" in error and "31622400" in error


def test_p3c_08_a_name_that_a_shell_could_misread_is_refused_first(estate: RcgEstate, files: list[str]) -> None:
    name = estate.group(RcgMode.SYNC)
    assert main(["volume", "create", name, "v;reboot", *NEW, *files]) == 1
