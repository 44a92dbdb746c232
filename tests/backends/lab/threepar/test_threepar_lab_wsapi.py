"""The WSAPI door, asked by the vendor's unmodified client and by plain HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hpe3parclient import exceptions

from backends.lab.faults import FaultKind
from tests.backends.threepar.rcopy_pair import BERGEN_ID, OSLO_ID, PASSWORD, USER, Pair, rcopy_pair

PEER = f"erp_prd.r{OSLO_ID}"


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def pair(identities: Path) -> Iterator[Pair]:
    with rcopy_pair(identities) as pair:
        yield pair


def side(client: Any, name: str) -> tuple[int, bool, int]:
    group = client.getRemoteCopyGroup(name)
    return group["role"], group["targets"][0]["roleReversed"], group["targets"][0]["state"]


def test_the_vendor_s_client_logs_in_lists_and_logs_out(pair: Pair) -> None:
    with pair.library("oslo") as client:
        assert client.getWsApiVersion()["build"] == 30301215
        assert client.getStorageSystemInfo()["id"] == OSLO_ID
        names = [g["name"] for g in client.getRemoteCopyGroups()["members"]]
        assert names == ["erp_prd", "bill_prd", "log_prd", f"hr_prd.r{BERGEN_ID}"]
        assert client.getRemoteCopyInfo()["mode"] == 2
        assert {v["name"] for v in client.getVolumes()["members"]} >= {"erp_data01", "bill_data02"}
        assert [h["name"] for h in client.getHosts()["members"]] == ["erp-srv", "bill-srv", "log-srv"]
        assert client.getCPG("SSD_r6")["state"] == 1
        assert client.getFCPorts(client.PORT_STATE_READY)
        assert client.getOverallSystemCapacity()["allCapacity"]["totalMiB"] > 0
        assert client.getWSAPIConfigurationInfo()["httpsPort"] == pair.oslo.device.ports["https"]
        assert client.getCPGAvailableSpace("SSD_r6")["usableFreeMiB"] > 0
    counters = pair.oslo.device.counters
    assert (counters.logins, counters.logouts, counters.sessions) == (1, 1, 0)


def test_a_newer_array_is_recognized_as_such(pair: Pair) -> None:
    with pair.library("bergen") as client:
        client.getWsApiVersion()
        assert client.is_primera_array()
        with pytest.raises(exceptions.HTTPBadRequest):
            client.http.post("/volumes", body={"name": "v", "cpg": "SSD_r6", "sizeMiB": 1024})


def test_the_documented_failover_recover_and_restore_run_through_the_vendor_s_client(pair: Pair) -> None:
    with pair.library("oslo") as oslo, pair.library("bergen") as bergen:
        assert oslo.remoteCopyGroupStatusCheck("erp_prd")
        oslo.stopRemoteCopy("erp_prd")
        assert oslo.remoteCopyGroupStatusStoppedCheck("erp_prd")
        bergen.recoverRemoteCopyGroupFromDisaster(PEER, 7)
        pair.pass_time(5)
        assert (side(oslo, "erp_prd"), side(bergen, PEER)) == ((1, False, 5), (1, True, 5))
        bergen.recoverRemoteCopyGroupFromDisaster(PEER, 9)
        pair.pass_time(5)
        assert (side(oslo, "erp_prd"), side(bergen, PEER)) == ((2, True, 3), (1, True, 3))
        bergen.recoverRemoteCopyGroupFromDisaster(PEER, 10)
        pair.pass_time(5)
        assert (side(oslo, "erp_prd"), side(bergen, PEER)) == ((1, False, 3), (2, False, 3))


def test_a_group_is_made_filled_and_unmade_through_the_vendor_s_client(pair: Pair) -> None:
    with pair.library("oslo") as oslo, pair.library("bergen") as bergen:
        targets = [{"targetName": "bergen", "mode": 2, "userCPG": "SSD_r6"}]
        oslo.createRemoteCopyGroup("new_rcg", targets, {"localUserCPG": "SSD_r6"})
        oslo.createVolume("new_vol", "SSD_r6", 1024, {"tpvv": True})
        pairs = [{"targetName": "bergen", "secVolumeName": "new_vol"}]
        oslo.addVolumeToRemoteCopyGroup("new_rcg", "new_vol", pairs, {"volumeAutoCreation": True}, useHttpPost=True)
        oslo.modifyRemoteCopyGroup("new_rcg", {"targets": [{"targetName": "bergen", "syncPeriod": 300}]})
        peer = f"new_rcg.r{OSLO_ID}"
        assert bergen.getRemoteCopyGroup(peer)["targets"][0]["syncPeriod"] == 300
        oslo.startRemoteCopy("new_rcg")
        pair.pass_time(5)
        assert oslo.remoteCopyGroupStatusCheck("new_rcg")
        oslo.synchronizeRemoteCopyGroup("new_rcg")
        pair.pass_time(5)
        oslo.stopRemoteCopy("new_rcg")
        oslo.removeVolumeFromRemoteCopyGroup("new_rcg", "new_vol", removeFromTarget=True)
        with pytest.raises(exceptions.HTTPNotFound):
            bergen.getVolume("new_vol")
        oslo.removeRemoteCopyGroup("new_rcg")
        with pytest.raises(exceptions.HTTPNotFound) as gone:
            bergen.getRemoteCopyGroup(peer)
        assert gone.value.get_code() == 187


def test_exports_are_made_listed_filtered_and_removed(pair: Pair) -> None:
    with pair.library("bergen") as client:
        assert client.createVLUN("erp_data01", 7, "erp-srv") == "erp_data01,7,erp-srv"
        assert client.createVLUN("erp_data02", hostname="erp-srv", auto=True) == "erp_data02,0,erp-srv"
        assert [v["lun"] for v in client.getHostVLUNs("erp-srv")] == [7, 0]
        assert client.getVLUN("erp_data01")["active"] is False
        with pytest.raises(exceptions.HTTPConflict):
            client.createVLUN("erp_data01", 8, "erp-srv")
        client.deleteVLUN("erp_data01", 7, "erp-srv")
        with pytest.raises(exceptions.HTTPNotFound):
            client.deleteVLUN("erp_data01", 7, "erp-srv")
    with pair.library("oslo") as client:
        active = [v for v in client.getVLUNs()["members"] if v["active"]]
        assert {v["volumeName"] for v in active} >= {"erp_data01", "erp_data02"}
        assert client.queryHost(wwns=["10000000C9000001"])["members"][0]["name"] == "bill-srv"


def test_snapshots_are_made_found_and_removed(pair: Pair) -> None:
    with pair.library("oslo") as client:
        client.createSnapshot("snap1", "erp_data01", {"readOnly": True})
        assert client.getVolumeSnapshots("erp_data01") == ["snap1"]
        with pytest.raises(exceptions.HTTPForbidden):
            client.deleteVolume("erp_data01")
        client.deleteVolume("snap1")


TARGETS = [{"targetName": "bergen", "mode": 1}]


def role(client: Any, action: int, options: dict[str, bool] | None = None) -> Any:
    return client.recoverRemoteCopyGroupFromDisaster("erp_prd", action, options)


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (lambda c: c.getRemoteCopyGroup("nosuch"), exceptions.HTTPNotFound, 187),
        (lambda c: c.createRemoteCopyGroup("erp_prd", TARGETS), exceptions.HTTPConflict, 237),
        (lambda c: role(c, 10), exceptions.HTTPBadRequest, 29),
        (lambda c: role(c, 10, {"skipPromote": True}), exceptions.HTTPBadRequest, 44),
        (lambda c: c.getVolume("nosuch"), exceptions.HTTPNotFound, 23),
        (lambda c: c.getTask(7), exceptions.HTTPNotFound, 145),
        (lambda c: c.deleteVolume("erp_data01"), exceptions.HTTPForbidden, 120),
        (lambda c: c.modifyRemoteCopyGroup("erp_prd", {"nonsense": 1}), exceptions.HTTPBadRequest, 12),
        (lambda c: c.http.get("/nosuch"), exceptions.HTTPNotFound, 8),
        (lambda c: c.http.put("/remotecopygroups/erp_prd", body={"action": 99}), exceptions.HTTPBadRequest, 46),
    ],
)
def test_a_refusal_has_the_documented_status_and_code(pair: Pair, call: Any, error: type[Exception], code: int) -> None:
    with pair.library("oslo") as client, pytest.raises(error) as refused:
        call(client)
    assert refused.value.get_code() == code  # type: ignore[attr-defined]


def test_a_failover_of_a_started_group_is_refused_with_403_and_284(pair: Pair) -> None:
    with pair.library("bergen") as client, pytest.raises(exceptions.HTTPForbidden) as refused:
        client.recoverRemoteCopyGroupFromDisaster(PEER, 7)
    assert refused.value.get_code() == 284
    assert "RCOPY_GROUP_NOT_STOPPED" in refused.value.get_description()


def test_the_vendor_s_client_repeats_a_refused_verb_and_leaks_a_login(pair: Pair) -> None:
    with pair.library("bergen") as client, pytest.raises(exceptions.HTTPForbidden):
        client.recoverRemoteCopyGroupFromDisaster(PEER, 7)
    assert pair.requests("POST /remotecopygroups", "bergen") == 2
    assert pair.bergen.device.counters.sessions == 1


def post(pair: Pair, path: str, **more: Any) -> requests.Response:
    url = f"https://127.0.0.1:{pair.oslo.device.ports['https']}{path}"
    return requests.post(url, verify=str(pair.lab.identities.ca_file), timeout=10, **more)


def test_a_wrong_password_is_403_with_code_5(pair: Pair) -> None:
    answer = post(pair, "/api/v1/credentials", json={"user": USER, "password": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (403, 5)


def test_a_request_without_a_key_is_refused(pair: Pair) -> None:
    answer = post(pair, "/api/v1/volumes", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, 6)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b'{"user": 7, "password": []}'])
def test_a_body_that_is_no_login_gets_an_error_body(pair: Pair, body: bytes) -> None:
    answer = post(pair, "/api/v1/credentials", data=body)
    assert answer.status_code in (400, 403)
    assert answer.json()["code"]


def test_session_keys_are_limited_and_freed_by_logout(pair: Pair) -> None:
    pair.oslo.device.max_sessions = 2
    login = {"user": USER, "password": PASSWORD}
    first = post(pair, "/api/v1/credentials", json=login).json()["key"]
    assert post(pair, "/api/v1/credentials", json=login).status_code == 201
    assert post(pair, "/api/v1/credentials", json=login).status_code == 503
    url = f"https://127.0.0.1:{pair.oslo.device.ports['https']}/api/v1/credentials/{first}"
    assert requests.delete(url, verify=str(pair.lab.identities.ca_file), timeout=10).status_code == 200
    assert post(pair, "/api/v1/credentials", json=login).status_code == 201


def test_an_expired_key_is_401_and_the_vendor_s_client_logs_in_again(pair: Pair) -> None:
    with pair.library("oslo") as client:
        assert pair.oslo.sessions is not None
        pair.oslo.sessions.expire_all()
        assert client.getRemoteCopyInfo()
    assert pair.oslo.device.counters.logins == 2


def test_faults_reach_the_vendor_s_client(pair: Pair) -> None:
    with pair.library("oslo") as client:
        pair.world.faults.add("oslo", FaultKind.HTTP_409, "GET /volumes", count=1)
        with pytest.raises(exceptions.HTTPConflict):
            client.getVolumes()
        pair.world.faults.add("oslo", FaultKind.DROP_AFTER, "PUT /remotecopygroups", count=1)
        client.http.tries = 1
        with pytest.raises(requests.exceptions.ConnectionError):
            client.stopRemoteCopy("erp_prd")
        client.http.tries = 5
        assert side(client, "erp_prd") == (1, False, 5)


def test_what_the_array_carried_out_is_counted_apart_from_what_it_was_asked(pair: Pair) -> None:
    counters = pair.oslo.device.counters
    with pair.library("oslo") as client:
        pair.world.faults.add("oslo", FaultKind.HTTP_409, "PUT /remotecopygroups", count=1)
        with pytest.raises(exceptions.HTTPConflict):
            client.stopRemoteCopy("erp_prd")
        client.stopRemoteCopy("erp_prd")
        with pytest.raises(exceptions.HTTPForbidden):
            client.stopRemoteCopy("erp_prd")  # it is stopped
    assert counters.requests["PUT /remotecopygroups"] >= 3
    assert counters.done["PUT /remotecopygroups"] == 1


def test_an_object_renamed_behind_everybody_s_back_answers_under_its_new_name(pair: Pair) -> None:
    fault = pair.world.faults.add("oslo", FaultKind.RENAMED, subject="erp_prd", new_name="erp_old")
    with pair.library("oslo") as client:
        assert client.getRemoteCopyGroup("erp_old")["remoteGroupName"] == PEER
        pair.world.faults.remove(fault.id)
        assert client.getRemoteCopyGroup("erp_prd")
