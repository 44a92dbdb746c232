"""Looks at a part of an array: what each tells, that it tells no more, and that what cannot be read is an error."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from backends.flasharray import verbs
from backends.flasharray.looks import (
    ArrayItself,
    ClockSkew,
    Connections,
    GroupAsked,
    GroupMembers,
    Hosts,
    Initiators,
    NewestSnapshot,
    Pods,
    SafetySnapshots,
    Same,
    SnapshotAsked,
    SnapshotMembers,
    Tags,
    TransferOf,
    TransfersOf,
    Volumes,
)
from backends.flasharray.records import Owner
from backends.flasharray.verbs import Replicate, Tag
from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection, views
from backends.lab.flasharray.state import GIB
from backends.lab.timing import INSTANT
from backends.outcome import DeviceError, Failure, ParseError
from tests.backends.flasharray.fa_estate import WWPNS, Estate


def seen(arrays: Estate, query: Any, name: str = "fa-prd") -> Any:
    with arrays.driver(name) as driver:
        return query.take(driver)


def test_an_array_tells_the_name_and_id_that_its_targets_know_it_by(arrays: Estate) -> None:
    assert seen(arrays, ArrayItself()) == Owner("fa-prd", arrays.prod.id)


@pytest.mark.parametrize("seconds", [-90.0, 600.0])
def test_the_difference_of_the_clocks_is_measured(arrays: Estate, seconds: float) -> None:
    real = seen(arrays, ClockSkew())
    arrays.world.faults.add("fa-prd", FaultKind.CLOCK_SKEWED, seconds=seconds)
    assert seconds - 3 <= seen(arrays, ClockSkew()) - real <= seconds + 3


# ------------------------------------------------------------------------------------------------------------- groups


def test_a_group_is_found_by_its_exact_name_with_its_targets_destroyed_or_not(arrays: Estate) -> None:
    with arrays.world.turn():
        protection.add_group(arrays.prod, "pg-erp-2", targets=[arrays.dr])
        protection.destroy_group(arrays.prod, protection.add_group(arrays.prod, "pg-old"))
    found = seen(arrays, GroupAsked("pg-erp"))
    assert (found.name, found.is_local, [t.name for t in found.targets]) == ("pg-erp", True, ["fa-dr"])
    assert seen(arrays, GroupAsked("pg-old")).destroyed
    assert seen(arrays, GroupAsked("pg")) is None
    replica = seen(arrays, GroupAsked("fa-prd:pg-erp"), "fa-dr")
    assert not replica.is_local


def test_the_members_of_a_group_are_its_volumes_or_those_that_its_hosts_see(arrays: Estate) -> None:
    assert seen(arrays, GroupMembers("pg-erp")) == {"erp-0", "erp-1", "erp-2"}
    with arrays.world.turn():
        by_host = protection.add_group(arrays.prod, "pg-host")
        by_host.hosts.append("erp_db1")
        arrays.prod.add_host_group("cluster")
        arrays.prod.attach(arrays.prod.add_volume("shared", GIB), group="cluster")
        arrays.prod.set_host_group(arrays.prod.add_host("node", ["c0507601a1b2cc01"]), "cluster")
        protection.add_group(arrays.prod, "pg-cluster").host_groups.append("cluster")
    assert seen(arrays, GroupMembers("pg-host")) == {"erp-0", "erp-1", "erp-2"}
    assert seen(arrays, GroupMembers("pg-cluster")) == {"shared"}
    assert seen(arrays, GroupMembers("nowhere")) == frozenset()


def test_a_member_that_was_destroyed_is_none_any_more(arrays: Estate) -> None:
    protection.set_pending(arrays.prod, "erp-1", True)
    assert seen(arrays, GroupMembers("pg-erp")) == {"erp-0", "erp-2"}


# ---------------------------------------------------------------------------------------------------------- snapshots


def test_pgs_06_a_snapshot_and_its_members_are_found_by_their_exact_names(arrays: Estate) -> None:
    with arrays.world.turn():
        for group in ("prd", "oldprd"):
            made = protection.add_group(arrays.prod, group, [arrays.prod.add_volume(f"{group}-v", GIB)])
            for suffix in ("s1", "s10"):
                protection.take(arrays.prod, made, suffix)
    assert seen(arrays, SnapshotAsked("prd.s1")).name == "prd.s1"
    assert seen(arrays, SnapshotAsked("prd.s")) is None
    (member,) = seen(arrays, SnapshotMembers("prd.s1"))
    assert (member.name, member.source, member.size, member.destroyed) == ("prd.s1.prd-v", "prd-v", GIB, False)
    assert member.source_id == arrays.prod.disk("prd-v").id


def test_pgs_07_what_is_pending_eradication_is_told_as_such(arrays: Estate) -> None:
    with arrays.world.turn():
        protection.destroy_snapshot(arrays.prod, arrays.group.snapshots["3"])
    assert seen(arrays, SnapshotAsked("pg-erp.3")).destroyed
    assert all(member.destroyed for member in seen(arrays, SnapshotMembers("pg-erp.3")))
    assert seen(arrays, NewestSnapshot("pg-erp")).name == "pg-erp.2"


def test_the_newest_snapshot_is_the_one_that_was_created_last_on_the_source(arrays: Estate) -> None:
    assert seen(arrays, NewestSnapshot("pg-erp")).name == "pg-erp.3"
    assert seen(arrays, NewestSnapshot("fa-prd:pg-erp"), "fa-dr").name == "fa-prd:pg-erp.3"
    assert seen(arrays, NewestSnapshot("nowhere")) is None
    assert arrays.requests("GET /protection-group-snapshots") == 2


def test_safety_snapshots_are_those_of_volumes_not_of_groups_with_exactly_this_suffix(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.snapshot_volumes(driver.client, ["erp-0", "pod-web::web-1"], "drdeck-1")
        verbs.snapshot_volumes(driver.client, ["erp-1"], "drdeck-10")
        verbs.snapshot_group(driver.client, "pg-erp", "drdeck-1", Replicate.NO)
        found = SafetySnapshots("drdeck-1").take(driver)
    assert sorted(found) == ["erp-0", "pod-web::web-1"]
    assert found["erp-0"].name == "erp-0.drdeck-1"


# ---------------------------------------------------------------------------------------------------------- transfers


def test_pgs_11_a_transfer_is_none_before_it_began_then_under_way_then_done(arrays: Estate) -> None:
    name = "fa-prd:pg-erp.new"
    assert seen(arrays, TransferOf(name), "fa-dr") is None
    with arrays.world.turn():
        arrays.world.timing = replace(INSTANT, transfer_bytes_s=1024.0)
        protection.take(arrays.prod, arrays.group, "new", "now")
    under_way = seen(arrays, TransferOf(name), "fa-dr")
    assert (under_way.done, under_way.completed) == (False, None)
    arrays.pass_time(10_000)
    assert seen(arrays, TransferOf(name), "fa-dr").done
    found = seen(arrays, TransfersOf("fa-prd:pg-erp"), "fa-dr")
    done = {suffix: found[f"fa-prd:pg-erp.{suffix}"].done for suffix in ("1", "2", "3", "new")}
    assert set(done.values()) == {True}


# ------------------------------------------------------------------------------------------------------------ volumes


def test_all_volumes_are_told_destroyed_ones_too(arrays: Estate) -> None:
    protection.set_pending(arrays.prod, "erp-1", True)
    found = seen(arrays, Volumes())
    assert {name: (each.provisioned, each.destroyed) for name, each in found.items()} == {
        "erp-0": (100 * GIB, False),
        "erp-1": (200 * GIB, True),
        "erp-2": (300 * GIB, False),
        "pod-web::web-1": (50 * GIB, False),
    }


def test_a_volume_is_compared_with_a_snapshot_block_by_block(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.snapshot_volumes(driver.client, ["erp-0"], "now")
        same = Same("erp-0", "erp-0.now", 100 * GIB)
        assert same.take(driver) is True
        arrays.pass_time(5)
        assert same.take(driver) is False


def test_an_array_that_refuses_to_compare_does_not_say_that_they_differ(arrays: Estate) -> None:
    same = Same("erp-0", "pg-erp.3.erp-0", 100 * GIB)
    assert seen(arrays, Same("erp-0", "pg-erp.9.erp-0", 100 * GIB)) is None
    arrays.world.faults.add("fa-prd", FaultKind.HTTP_403, "GET /volumes/diff")
    assert seen(arrays, same) is None
    arrays.world.faults.clear()
    arrays.world.faults.add("fa-prd", FaultKind.HTTP_500, "GET /volumes/diff")
    with pytest.raises(DeviceError):
        seen(arrays, same)


def test_tags_are_those_of_one_key_in_one_namespace(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.tag_volumes(driver.client, ["erp-0", "erp-1"], [Tag("snapshot_mapping", "id-1"), Tag("run", "7")])
        verbs.tag_volumes(driver.client, ["erp-2"], [Tag("snapshot_mapping", "id-2", "elsewhere")])
        assert Tags("snapshot_mapping").take(driver) == {"erp-0": "id-1", "erp-1": "id-1"}
        assert Tags("snapshot_mapping", "elsewhere").take(driver) == {"erp-2": "id-2"}


# -------------------------------------------------------------------------------------------------------------- hosts


def test_who_sees_a_volume_and_who_is_logged_in_is_told(arrays: Estate) -> None:
    connections = seen(arrays, Connections())
    assert [(each.host, each.lun) for each in connections["erp-1"]] == [("erp_db1", 11)]
    assert "pod-web::web-1" not in connections
    assert seen(arrays, Hosts())["erp_db1"].wwns == WWPNS
    assert seen(arrays, Initiators()) == set(WWPNS)
    with arrays.world.turn():
        arrays.world.power_off(arrays.world.writers["lpar:erp_db1"])
    assert seen(arrays, Initiators()) == frozenset()


def test_a_pod_is_told_with_its_links(arrays: Estate) -> None:
    found = seen(arrays, Pods())
    assert [link.remote_pod for link in found["pod-web"].links] == ["pod-web"]


# ----------------------------------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    "query",
    [GroupAsked("pg,x"), SnapshotAsked("pg*.s"), SnapshotMembers("pg"), SafetySnapshots("1'"), NewestSnapshot("")],
    ids=repr,
)
def test_a_name_that_could_address_something_else_is_not_asked_for(arrays: Estate, query: Any) -> None:
    before = sum(arrays.world.devices["fa-prd"].counters.requests.values())
    with pytest.raises(ParseError):
        seen(arrays, query)
    assert sum(arrays.world.devices["fa-prd"].counters.requests.values()) == before


@pytest.mark.parametrize(
    "query",
    [Volumes(), Connections(), SnapshotAsked("pg-erp.3"), NewestSnapshot("pg-erp"), Tags("t"), ArrayItself()],
    ids=repr,
)
def test_an_answer_that_cannot_be_read_is_never_taken_for_an_empty_one(arrays: Estate, query: Any) -> None:
    arrays.world.faults.add(
        "fa-prd", FaultKind.HTML, "GET /[!a]*" if not isinstance(query, ArrayItself) else "GET /arrays"
    )
    with pytest.raises(DeviceError) as caught:
        seen(arrays, query)
    assert caught.value.failure is Failure.BAD_ANSWER


def test_one_row_that_cannot_be_read_fails_the_whole_look(arrays: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    real = views.volume

    def damaged(*of: Any) -> Any:
        row = real(*of)
        return row | {"id": 7} if row["name"] == "erp-1" else row

    monkeypatch.setattr(views, "volume", damaged)
    with pytest.raises(DeviceError) as caught:
        seen(arrays, Volumes())
    assert caught.value.failure is Failure.BAD_ANSWER and "id" in caught.value.text
