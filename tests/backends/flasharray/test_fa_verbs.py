"""The verbs: what goes over the wire, what the array then holds, and what the referee says of it."""

from __future__ import annotations

import pytest

from backends.flasharray import verbs
from backends.flasharray.verbs import Replicate, Tag
from backends.lab.faults import FaultKind
from backends.lab.flasharray import door as door_module
from backends.lab.flasharray import protection
from backends.lab.flasharray.state import GIB
from backends.lab.https import Request, Response
from backends.lab.referee import Rule
from backends.outcome import DeviceError, Failure, ParseError, Sent
from tests.backends.flasharray.fa_estate import Estate


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that reached a door."""
    seen: list[Request] = []
    real = door_module.Rest._route

    def route(self: door_module.Rest, request: Request, now: float) -> Response:
        seen.append(request)
        return real(self, request, now)

    monkeypatch.setattr(door_module.Rest, "_route", route)
    return seen


def refused(act: object, *arguments: object, **more: object) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        act(*arguments, **more)  # type: ignore[operator]
    assert caught.value.sent is Sent.REFUSED
    return caught.value


def test_pgs_10_replicate_now_is_a_query_parameter_and_for_replication_is_never_sent(
    arrays: Estate, wire: list[Request]
) -> None:
    with arrays.driver() as driver:
        made = verbs.snapshot_group(driver.client, "pg-erp", "night-1")
        verbs.snapshot_group(driver.client, "pg-erp", "night-2", Replicate.QUEUED, apply_retention=False)
        verbs.snapshot_group(driver.client, "pg-erp", "night-3", Replicate.NO)
    sent = [r for r in wire if r.path.endswith("/protection-group-snapshots")]
    assert [r.query for r in sent] == [
        {"source_names": ["pg-erp"], "apply_retention": ["true"], "replicate_now": ["true"]},
        {"source_names": ["pg-erp"], "apply_retention": ["false"], "replicate": ["true"]},
        {"source_names": ["pg-erp"], "apply_retention": ["true"]},
    ]
    assert [r.body for r in sent] == [b'{"suffix": "night-1"}', b'{"suffix": "night-2"}', b'{"suffix": "night-3"}']
    assert made.name == "pg-erp.night-1" and made.id is not None
    arrays.pass_time(60)
    replica = arrays.dr.groups["fa-prd:pg-erp"].snapshots
    assert replica["night-1"].received is not None and replica["night-1"].received.completed is not None
    assert "night-3" not in replica


def test_the_same_suffix_again_is_refused_in_the_arrays_words(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.snapshot_group(driver.client, "pg-erp", "night-1")
        error = refused(verbs.snapshot_group, driver.client, "pg-erp", "night-1")
    assert "pg-erp.night-1" in error.text and "already exists" in error.text and error.code == "HTTP 400"


@pytest.mark.parametrize(("group", "suffix"), [("pg-erp,other", "s-1"), ("pg*", "s-1"), ("pg-erp", "12"), ("", "s-1")])
def test_a_name_that_could_address_something_else_never_leaves(arrays: Estate, group: str, suffix: str) -> None:
    with arrays.driver() as driver, pytest.raises(ParseError):
        verbs.snapshot_group(driver.client, group, suffix)
    assert arrays.requests("POST /protection-group-snapshots") == 0


def test_an_overwrite_takes_content_and_size_of_the_snapshot(arrays: Estate, wire: list[Request]) -> None:
    with arrays.world.turn():
        arrays.dr.add_volume("erp-0-dr", 200 * GIB)
    with arrays.driver("fa-dr") as driver:
        verbs.overwrite_volume(driver.client, "erp-0-dr", "fa-prd:pg-erp.3.erp-0")
    sent = wire[-2]
    assert (sent.method, sent.query) == ("POST", {"names": ["erp-0-dr"], "overwrite": ["true"]})
    assert sent.body == b'{"source": {"name": "fa-prd:pg-erp.3.erp-0"}}'
    disk = arrays.dr.disk("erp-0-dr")
    part = arrays.dr.snapshot("fa-prd:pg-erp.3.erp-0")
    assert disk.core.size == 100 * GIB and disk.core.stored == part.image
    assert arrays.world.referee.violations == []


def test_pgs_11_a_copy_from_an_incomplete_snapshot_is_seen_by_the_referee(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.dr.add_volume("erp-0-dr", 100 * GIB)
        protection.take(arrays.prod, arrays.group, "half", "now")
    with arrays.driver("fa-dr") as driver:
        verbs.overwrite_volume(driver.client, "erp-0-dr", "fa-prd:pg-erp.half.erp-0")
    assert [v.rule for v in arrays.world.referee.violations] == [Rule.INCOMPLETE_COPY]


def test_pgs_13_an_overwrite_under_a_running_host_is_seen_by_the_referee(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.overwrite_volume(driver.client, "erp-0", "pg-erp.1.erp-0")
    assert [v.rule for v in arrays.world.referee.violations] == [Rule.LIVE_OVERWRITE]


def test_a_new_copy_joins_no_default_protection_and_an_old_name_is_refused(arrays: Estate, wire: list[Request]) -> None:
    with arrays.driver() as driver:
        made = verbs.copy_volume(driver.client, "erp-0-drill-7", "pg-erp.3.erp-0")
        assert wire[-1].query == {"names": ["erp-0-drill-7"], "with_default_protection": ["false"]}
        error = refused(verbs.copy_volume, driver.client, "erp-0-drill-7", "pg-erp.3.erp-0")
    assert made.name == "erp-0-drill-7" and "already exists" in error.text


def test_a_name_pending_eradication_still_blocks_its_name(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.copy_volume(driver.client, "copy-1", "pg-erp.3.erp-0")
        verbs.destroy_volume(driver.client, "copy-1")
        error = refused(verbs.copy_volume, driver.client, "copy-1", "pg-erp.3.erp-0")
        assert "pending eradication" in error.text
        assert "has been destroyed" in refused(verbs.destroy_volume, driver.client, "copy-1").text


def test_a_source_that_does_not_exist_or_was_destroyed_is_refused(arrays: Estate) -> None:
    with arrays.driver() as driver:
        assert "No such volume or snapshot" in refused(verbs.copy_volume, driver.client, "c-1", "pg-erp.9.erp-0").text
        verbs.destroy_group_snapshot(driver.client, "pg-erp.3")
        assert "has been destroyed" in refused(verbs.copy_volume, driver.client, "c-1", "pg-erp.3.erp-0").text
        assert verbs.recover_group_snapshot(driver.client, "pg-erp.3").name == "pg-erp.3"
        assert verbs.copy_volume(driver.client, "c-1", "pg-erp.3.erp-0").name == "c-1"


def test_safety_copies_are_all_or_none(arrays: Estate) -> None:
    with arrays.driver() as driver:
        made = verbs.snapshot_volumes(driver.client, ["erp-0", "erp-1"], "safety-1")
        assert [m.name for m in made] == ["erp-0.safety-1", "erp-1.safety-1"]
        refused(verbs.snapshot_volumes, driver.client, ["erp-2", "nowhere"], "safety-2")
        refused(verbs.snapshot_volumes, driver.client, ["erp-2", "erp-0"], "safety-1")
    assert "erp-2.safety-1" not in arrays.prod.snapshots and "erp-2.safety-2" not in arrays.prod.snapshots


def test_tags_are_set_and_read_back(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.tag_volumes(driver.client, ["erp-0", "erp-1"], [Tag("snapshot_mapping", "id-1"), Tag("run", "7")])
        verbs.tag_volumes(driver.client, ["erp-0"], [Tag("snapshot_mapping", "id-2")])
        assert verbs.volume_tags(driver.client) == {
            "erp-0": {"run": "7", "snapshot_mapping": "id-2"},
            "erp-1": {"run": "7", "snapshot_mapping": "id-1"},
        }
        assert verbs.volume_tags(driver.client, "other") == {}


@pytest.mark.parametrize("tag", [Tag("", "v"), Tag("k" * 65, "v"), Tag("k", "v" * 257), Tag("k", "v", "pure-x")])
def test_a_tag_out_of_its_limits_never_leaves(arrays: Estate, tag: Tag) -> None:
    with arrays.driver() as driver, pytest.raises(ParseError):
        verbs.tag_volumes(driver.client, ["erp-0"], [tag])
    assert arrays.requests("PUT /volumes/tags/batch") == 0


def test_pra_07_a_wwn_in_use_leaves_no_empty_host_behind(arrays: Estate) -> None:
    with arrays.driver() as driver:
        error = refused(verbs.create_host, driver.client, "erp_db9", ["c0507601a1b20010"], "aix")
    assert "already in use" in error.text and "erp_db9" not in arrays.prod.hosts


def test_a_host_with_its_wwns_and_connections_is_made_and_taken_apart(arrays: Estate) -> None:
    with arrays.driver() as driver:
        verbs.create_host(driver.client, "app1", ["c0507601a1b20020"], "aix")
        verbs.add_wwns(driver.client, "app1", ["C0:50:76:01:A1:B2:00:21"])
        assert arrays.prod.hosts["app1"].wwns == ["C0507601A1B20020", "C0507601A1B20021"]
        verbs.connect(driver.client, "app1", "erp-0", 7)
        assert "already exists" in refused(verbs.connect, driver.client, "app1", "erp-0", 8).text
        assert "already in use" in refused(verbs.connect, driver.client, "app1", "erp-1", 7).text
        assert "existing connections" in refused(verbs.destroy_volume, driver.client, "erp-0").text
        verbs.disconnect(driver.client, "app1", "erp-0")
        assert "Connection does not exist" in refused(verbs.disconnect, driver.client, "app1", "erp-0").text


@pytest.mark.parametrize("lun", [0, 4096, -1])
def test_a_lun_out_of_range_never_leaves(arrays: Estate, lun: int) -> None:
    with arrays.driver() as driver, pytest.raises(ParseError):
        verbs.connect(driver.client, "erp_db1", "pod-web::web-1", lun)


def test_a_pod_is_demoted_with_everything_and_promoted_at_the_other_side(arrays: Estate) -> None:
    arrays.pass_time(60)
    with arrays.driver() as source, arrays.driver("fa-dr") as target:
        assert "does not exist" in refused(verbs.promote_pod, source.client, "no-such-pod").text
        verbs.demote_pod(source.client, "pod-web", quiesce=True)
        arrays.pass_time(60)
        verbs.promote_pod(target.client, "pod-web")
        arrays.pass_time(60)
    assert arrays.dr.pods["pod-web"].status(arrays.world.now) == "promoted"
    assert arrays.prod.pods["pod-web"].status(arrays.world.now) == "demoted"
    assert "pod-web.undo-demote" in arrays.prod.pods


def test_a_demotion_is_undone_from_the_pod_it_left_behind(arrays: Estate) -> None:
    arrays.pass_time(60)
    with arrays.driver() as driver:
        verbs.demote_pod(driver.client, "pod-web", quiesce=False)
        verbs.promote_pod(driver.client, "pod-web", undo="pod-web.undo-demote")
        with pytest.raises(ParseError):
            verbs.promote_pod(driver.client, "pod-web", undo="pod-web")
    assert arrays.prod.pods["pod-web"].promoted and "pod-web.undo-demote" not in arrays.prod.pods


def test_an_answer_of_200_that_is_not_an_answer_is_unknown(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.HTML, "POST /hosts")
    with arrays.driver() as driver, pytest.raises(DeviceError) as caught:
        verbs.create_host(driver.client, "app1")
    assert (caught.value.failure, caught.value.sent) == (Failure.BAD_ANSWER, Sent.UNKNOWN)
    assert "app1" in arrays.prod.hosts


def test_a_retention_lock_refuses_to_lose_a_snapshot(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.group.locked = True
    with arrays.driver() as driver:
        error = refused(verbs.destroy_group_snapshot, driver.client, "pg-erp.3")
    assert "retention locked" in error.text and not arrays.group.snapshots["3"].destroyed
