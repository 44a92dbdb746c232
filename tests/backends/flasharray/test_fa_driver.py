"""A sweep of one array: what it returns, how many lists it asks for, and what a bad row costs."""

from __future__ import annotations

import json

import pytest

from backends.endpoint import Limits
from backends.flasharray import verbs
from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from backends.lab.flasharray.state import GIB, add_array, link_arrays
from backends.lab.flasharray.views import Row
from backends.outcome import DeviceError, Failure
from store.estate import FlashArray, Host, Pod, ProtectionGroup, Reading, Unread, Volume
from tests.backends.flasharray.fa_estate import WWPNS, Estate


def group_of(reading: Reading, name: str) -> ProtectionGroup:
    return next(o for o in reading.objects if isinstance(o, ProtectionGroup) and o.name == name)


def test_a_sweep_returns_every_kind_with_its_facts(arrays: Estate) -> None:
    with arrays.driver() as driver:
        reading = driver.read()
    assert reading.problems == () and reading.unread == () and reading.device == "fa-prd"
    array = next(o for o in reading.objects if isinstance(o, FlashArray))
    assert (array.name, array.os) == ("fa-prd", "Purity//FA")
    assert [(c.remote, c.status) for c in array.connections] == [("fa-dr", "connected")]
    assert [a.severity for a in array.alerts] == ["warning"]
    volumes = {o.name: o for o in reading.objects if isinstance(o, Volume)}
    assert volumes["erp-1"].hosts == (("erp_db1", 11),)
    assert volumes["pod-web::web-1"].pod == "pod-web"
    host = next(o for o in reading.objects if isinstance(o, Host))
    assert host.wwns == WWPNS and host.connectivity == "healthy"
    pod = next(o for o in reading.objects if isinstance(o, Pod))
    assert (pod.promotion_status, pod.links[0].direction, pod.links[0].remote) == ("promoted", "outbound", "fa-dr")


def test_a_group_has_its_members_targets_schedule_and_snapshots_of_both_sides(arrays: Estate) -> None:
    with arrays.driver() as driver:
        group = group_of(driver.read(), "pg-erp")
    assert group.volumes == ("erp-0", "erp-1", "erp-2")
    assert [(t.name, t.allowed) for t in group.targets] == [("fa-dr", True)]
    assert group.replication is not None and group.replication.frequency_s == 900
    assert group.snapshot_count == 3
    assert {s.target for s in group.snapshots} == {None, "fa-dr"}
    newest = group.newest_complete
    assert newest is not None and newest.name.endswith("pg-erp.3")


def test_the_target_shows_the_replica_under_the_name_of_its_source(arrays: Estate) -> None:
    with arrays.driver("fa-dr") as driver:
        reading = driver.read()
    group = group_of(reading, "fa-prd:pg-erp")
    assert reading.problems == () and not group.is_local and group.source == "fa-prd"
    assert [s.name for s in group.snapshots] == [f"fa-prd:pg-erp.{n}" for n in (3, 2, 1)]
    assert all(s.complete for s in group.snapshots)


def test_progress_moves_and_only_the_end_makes_it_complete(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.prod.add_volume("big", 4096 * GIB)
        big = protection.add_group(arrays.prod, "pg-big", [arrays.prod.disk("big")], [arrays.dr])
        made = protection.take(arrays.prod, big, "first", "now")
        took = made.sent["fa-dr"].size / made.sent["fa-dr"].rate
    with arrays.driver("fa-dr") as driver:
        start = group_of(driver.read(), "fa-prd:pg-big").snapshots[0]
        arrays.pass_time(took / 2)
        middle = group_of(driver.read(), "fa-prd:pg-big").snapshots[0]
        arrays.pass_time(took)
        end = group_of(driver.read(), "fa-prd:pg-big").snapshots[0]
    assert start.progress == 0 and not start.complete
    assert middle.progress is not None and 0.4 < middle.progress < 0.6 and not middle.complete
    assert end.complete and end.completed is not None and end.started is not None
    assert start.created == end.created < end.completed


def test_an_incomplete_newest_snapshot_never_hides_the_newest_complete_one(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.group.replication.enabled = False
        protection.arm(arrays.prod, arrays.group)
        arrays.world.set_dark("dr", True)
        for number in range(12):
            protection.take(arrays.prod, arrays.group, f"stuck-{number}", "now")
        arrays.world.set_dark("dr", False)
        arrays.world.set_dark("prd", True)
    with arrays.driver("fa-dr") as driver:
        group = group_of(driver.read(), "fa-prd:pg-erp")
    assert len(group.snapshots) == 8 and group.snapshot_count == 15
    assert group.newest_complete is not None and group.newest_complete.name == "fa-prd:pg-erp.3"


def test_pgs_07_a_snapshot_pending_eradication_is_not_the_newest(arrays: Estate) -> None:
    arrays.world.faults.add("fa-dr", FaultKind.PENDING, subject="fa-prd:pg-erp.3")
    with arrays.driver("fa-dr") as driver:
        group = group_of(driver.read(), "fa-prd:pg-erp")
    assert group.snapshot_count == 2
    assert group.newest_complete is not None and group.newest_complete.name == "fa-prd:pg-erp.2"


def test_a_group_pending_eradication_shows_what_time_is_left(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.PENDING, subject="pg-erp")
    arrays.pass_time(3600)
    with arrays.driver() as driver:
        group = group_of(driver.read(), "pg-erp")
    assert group.destroyed and group.time_remaining_s == 23 * 3600


def test_several_targets_each_have_their_own_transfer(arrays: Estate) -> None:
    with arrays.world.turn():
        third = add_array(arrays.world, "fa-far", "dr", "x")
        link_arrays(arrays.prod, third)
        disk = arrays.prod.add_volume("two", 100 * GIB)
        group = protection.add_group(arrays.prod, "pg-two", [disk], [arrays.dr, third])
        made = protection.take(arrays.prod, group, "s1", "now")
        made.sent["fa-far"].rate = 1.0
        flight = next(f for f in arrays.prod.flights if f.target.array is third)
        assert flight.transfer.timer is not None
        flight.transfer.timer.cancelled = True
    arrays.pass_time(60)
    with arrays.driver() as driver:
        shown = {s.target: s for s in group_of(driver.read(), "pg-two").snapshots}
    assert shown["fa-dr"].complete
    assert not shown["fa-far"].complete
    assert not shown[None].complete, "the source calls it complete only when all targets have it"


def test_the_number_of_lists_does_not_grow_with_the_estate(arrays: Estate) -> None:
    with arrays.driver() as driver:
        driver.read()
        before = arrays.world.devices["fa-prd"].counters.requests.total()
        driver.read()
        one = arrays.world.devices["fa-prd"].counters.requests.total() - before
        with arrays.world.turn():
            for number in range(150):
                disk = arrays.prod.add_volume(f"more-{number}", 512)
                group = protection.add_group(arrays.prod, f"pg-{number}", [disk], [arrays.dr])
                protection.backfill(arrays.prod, group, 2, 600)
        before = arrays.world.devices["fa-prd"].counters.requests.total()
        reading = driver.read()
        assert arrays.world.devices["fa-prd"].counters.requests.total() - before == one
    assert sum(isinstance(o, ProtectionGroup) for o in reading.objects) == 151


def test_a_group_inside_a_pod_names_its_pod(arrays: Estate) -> None:
    with arrays.world.turn():
        disk = arrays.prod.disk("pod-web::web-1")
        group = protection.add_group(arrays.prod, "pod-web::pg-web", [disk])
        protection.take(arrays.prod, group, "s-1")
    with arrays.driver() as driver:
        shown = group_of(driver.read(), "pod-web::pg-web")
        assert verbs.copy_volume(driver.client, "web-copy", "pod-web::pg-web.s-1.web-1").name == "web-copy"
    assert (shown.pod, shown.volumes) == ("pod-web", ("pod-web::web-1",))
    assert [s.name for s in shown.snapshots] == ["pod-web::pg-web.s-1"]


def test_two_sweeps_of_an_unchanged_array_are_equal(arrays: Estate) -> None:
    with arrays.driver() as driver:
        assert driver.read().objects == driver.read().objects


def test_a_target_that_cannot_be_asked_is_a_problem_and_the_groups_still_show(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.world.set_dark("dr", True)
    with arrays.driver() as driver:
        reading = driver.read()
    group = group_of(reading, "pg-erp")
    assert group.snapshot_count == 3
    assert next((s.name, s.complete) for s in group.snapshots if s.target == "fa-dr") == ("pg-erp.3", True)
    assert [p.where for p in reading.problems] == ["GET /remote-protection-group-snapshots?on=fa-dr"]
    assert "could not be reached" in reading.problems[0].line


def test_a_bad_row_keeps_the_last_known_state_of_its_object_and_hides_no_other(
    arrays: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backends.lab.flasharray import views

    real = views.host

    def spoiled(array: object, host: object) -> Row:
        row = real(array, host)  # type: ignore[arg-type]
        return row | {"wwns": ["C05"]} if row["name"] == "bad" else row

    with arrays.world.turn():
        arrays.prod.add_host("bad")
    monkeypatch.setattr(views, "host", spoiled)
    with arrays.driver() as driver:
        reading = driver.read()
    assert [o.name for o in reading.objects if isinstance(o, Host)] == ["erp_db1"]
    assert len(reading.problems) == 1 and "bad" in reading.problems[0].line
    assert [(u.kind, u.key_prefix) for u in reading.unread] == [("host", f"{arrays.prod.id}:bad")]
    assert isinstance(reading.unread[0], Unread)


def test_an_array_without_a_row_of_its_own_is_an_answer_not_understood(
    arrays: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backends.lab.flasharray import views

    monkeypatch.setattr(views, "array_row", lambda array: {"name": array.name})
    with arrays.driver() as driver, pytest.raises(DeviceError) as caught:
        driver.read()
    assert caught.value.failure is Failure.BAD_ANSWER and "id" in caught.value.text


def test_a_device_that_dies_in_the_middle_of_a_sweep_fails_it_and_comes_back(arrays: Estate) -> None:
    with arrays.driver(limits=Limits(connect_s=1, call_s=1)) as driver:
        driver.read()
        arrays.world.faults.add("fa-prd", FaultKind.DROP_BEFORE, "GET /volumes")
        with pytest.raises(DeviceError):
            driver.read()
        arrays.world.faults.add("fa-prd", FaultKind.UNREACHABLE)
        with pytest.raises(DeviceError) as caught:
            driver.read()
        assert caught.value.failure is Failure.UNREACHABLE
        arrays.world.faults.clear()
        assert driver.read().problems == ()


def test_who_is_logged_in_are_the_wwpns_of_running_hosts(arrays: Estate) -> None:
    with arrays.driver() as driver:
        assert driver.initiators() == (frozenset(WWPNS), ())
        with arrays.world.turn():
            arrays.world.power_off(arrays.world.writers["lpar:erp_db1"])
        assert driver.initiators() == (frozenset(), ())


def test_a_reading_is_json_safe_and_holds_no_secret(arrays: Estate) -> None:
    with arrays.driver() as driver:
        reading = driver.read()
    assert "lab-token" not in repr(reading)
    json.dumps(repr(reading))


def test_a_dry_run_changes_nothing_and_says_why_not(arrays: Estate) -> None:
    with arrays.driver() as driver:
        assert verbs.test_snapshot_group(driver.client, "pg-erp", "try-1").allowed
        assert "try-1" not in arrays.group.snapshots
        verbs.snapshot_group(driver.client, "pg-erp", "try-1")
        again = verbs.test_snapshot_group(driver.client, "pg-erp", "try-1")
    assert not again.allowed and again.why is not None and "already exists" in again.why
