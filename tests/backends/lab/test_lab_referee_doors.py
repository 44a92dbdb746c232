"""Each kind of violation, committed on purpose through the doors with the vendors' own clients: the referee sees it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.lab.lab import Lab
from backends.lab.referee import Rule
from tests.backends.lab.running_lab import demo_lab, pure, settle, ssh

BOOT_S = 600.0


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def lab(identities: Path) -> Iterator[Lab]:
    with demo_lab(identities) as lab:
        settle(lab, 60)
        yield lab


def seen(lab: Lab) -> set[Rule]:
    return {violation.rule for violation in lab.world.referee.violations}


def hmc(lab: Lab, device: str, command: str) -> None:
    status, out = ssh(lab, device, command)
    assert status == 0, out


def activate_dr(lab: Lab, lpar: str, system: str) -> None:
    hmc(lab, "hmc-lyon", f"chsysstate -r lpar -m {system} -o on -n {lpar} -f default_profile")
    settle(lab, BOOT_S)


def test_the_estate_as_built_has_no_violation_and_has_lost_nothing(lab: Lab) -> None:
    settle(lab, 7200)
    assert lab.world.referee.violations == []
    assert [loss for loss in lab.world.referee.losses if loss.generations] == []


def test_a_dr_lpar_started_while_production_runs_is_two_writers_and_a_mac_twice(lab: Lab) -> None:
    activate_dr(lab, "erp_db1", "P10-LYO-01")
    assert {Rule.TWO_WRITERS, Rule.MAC_TWICE} <= seen(lab)


def test_a_failover_with_production_stopped_is_no_violation_and_its_loss_is_counted(lab: Lab) -> None:
    hmc(lab, "hmc-paris", "chsysstate -r lpar -m P10-PAR-01 -o shutdown -n erp_db1 --immed")
    settle(lab, BOOT_S)
    activate_dr(lab, "erp_db1", "P10-LYO-01")
    assert seen(lab) == set()
    assert any(loss.origin == "erp_db1" and loss.generations > 0 for loss in lab.world.referee.losses)


def test_production_s_wwpns_in_a_second_running_lpar_are_a_wwpn_twice(lab: Lab) -> None:
    _, pair = ssh(
        lab,
        "hmc-paris",
        "lshwres -r virtualio --rsubtype fc --level lpar -m P10-PAR-02 --filter lpar_names=crm_app1 -F wwpns",
    )
    wwpns = pair.splitlines()[0].strip('"')
    _, slots = ssh(
        lab, "hmc-lyon", "lssyscfg -r prof -m P10-LYO-02 --filter lpar_names=crm_app1 -F virtual_fc_adapters"
    )
    (members,) = next(csv.reader([slots.strip()]))
    first, second = next(csv.reader([members]))
    parts = first.split("/")
    parts[5] = wwpns
    both = f'""{"/".join(parts)}"",""{second}""'
    change = f'name=default_profile,lpar_name=crm_app1,"virtual_fc_adapters={both}"'
    hmc(lab, "hmc-lyon", f"chsyscfg -r prof -m P10-LYO-02 -i '{change}'")
    activate_dr(lab, "crm_app1", "P10-LYO-02")
    assert Rule.WWPN_TWICE in seen(lab)


def test_a_copy_from_a_snapshot_that_has_not_arrived_is_an_incomplete_copy(lab: Lab) -> None:
    from pypureclient.flasharray import ProtectionGroupSnapshotPost, Reference, VolumePost

    source, target = pure(lab, "fa-paris"), pure(lab, "fa-lyon")
    made = source.post_protection_group_snapshots(
        source_names=["pg-dwh"], replicate_now=True, protection_group_snapshot=ProtectionGroupSnapshotPost(suffix="s1")
    )
    assert made.status_code == 200
    (moving,) = target.get_protection_group_snapshots_transfer(names=["fa-paris:pg-dwh.s1"]).items
    assert getattr(moving, "completed", None) is None
    copied = target.post_volumes(
        names=["drill1"], volume=VolumePost(source=Reference(name="fa-paris:pg-dwh.s1.dwh_db1_datavg"))
    )
    assert copied.status_code == 200
    assert seen(lab) == {Rule.INCOMPLETE_COPY}


def test_an_overwrite_under_a_running_lpar_is_a_live_overwrite(lab: Lab) -> None:
    from pypureclient.flasharray import ProtectionGroupSnapshotPost, Reference, VolumePost

    array = pure(lab, "fa-paris")
    array.post_protection_group_snapshots(
        source_names=["pg-erp"], protection_group_snapshot=ProtectionGroupSnapshotPost(suffix="s1")
    )
    done = array.post_volumes(
        names=["erp_db1_datavg"],
        overwrite=True,
        volume=VolumePost(source=Reference(name="pg-erp.s1.erp_db1_datavg")),
    )
    assert done.status_code == 200
    assert seen(lab) == {Rule.LIVE_OVERWRITE}


def test_a_remote_copy_failover_with_both_servers_exported_is_two_writers(lab: Lab) -> None:
    for command in ("stoprcopygroup -f rcg_sales",):
        ssh(lab, "3par-paris", command)
    settle(lab, 60)
    ssh(lab, "3par-lyon", "setrcopygroup failover -f rcg_sales.r121649")
    settle(lab, 60)
    with lab.world.turn():
        lab.world.power_on(lab.world.writers["lyon/sales-srv1"])
    ssh(lab, "3par-lyon", "createvlun -f sales_data01 1 sales-srv1")
    assert Rule.TWO_WRITERS in seen(lab)
