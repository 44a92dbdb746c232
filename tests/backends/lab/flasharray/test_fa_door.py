"""The REST door as any client meets it: versions, sessions, lists, refusals, faults."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.lab.faults import FaultKind
from backends.lab.flasharray.filters import compile_filter
from backends.lab.flasharray.objects import RefusedError
from tests.backends.flasharray.fa_estate import TOKEN, USER, Estate
from tests.backends.lab.flasharray.fa_curl import Curl

# ------------------------------------------------------------------------------------------------ versions and sessions


def test_versions_are_told_without_a_login(arrays: Estate) -> None:
    status, _, body = Curl(arrays).raw("GET", "/api/api_version")
    versions = json.loads(body)["version"]
    assert status == 200 and {"1.19", "2.0", "2.26", "2.36"} <= set(versions)
    assert not {"2.12", "2.18"} & set(versions)


def test_a_session_begins_with_the_token_and_ends_with_the_logout(arrays: Estate) -> None:
    curl = Curl(arrays)
    status, response, body = curl.raw("POST", "/api/2.26/login", headers={"api-token": TOKEN})
    assert status == 200 and json.loads(body) == {"items": [{"username": USER}]}
    curl.headers["x-auth-token"] = response.headers["x-auth-token"]
    assert curl.call("GET", "arrays")[0] == 200
    assert curl.raw("POST", "/api/2.26/logout")[0] == 200
    assert curl.call("GET", "arrays")[0] == 401


@pytest.mark.parametrize("headers", [{}, {"api-token": "wrong"}, {"api-token": "\u00e4"}])
def test_a_login_without_the_right_token_is_401(arrays: Estate, headers: dict[str, str]) -> None:
    status, _, body = Curl(arrays).raw("POST", "/api/2.26/login", headers=headers)
    assert status == 401 and json.loads(body)["errors"][0]["message"]


def test_a_session_ends_after_half_an_hour_without_a_request(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    for _ in range(3):
        arrays.pass_time(1700)
        assert curl.call("GET", "arrays")[0] == 200
    arrays.pass_time(1801)
    assert curl.call("GET", "arrays")[0] == 401


def test_sessions_have_a_limit(arrays: Estate) -> None:
    arrays.world.devices["fa-prd"].max_sessions = 1
    Curl(arrays).login()
    status, _, body = Curl(arrays).raw("POST", "/api/2.26/login", headers={"api-token": TOKEN})
    assert status == 400 and "sessions" in json.loads(body)["errors"][0]["message"]


def test_sessions_are_listed_without_their_tokens(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    assert len(curl.items("sessions")) == 1
    assert curl.headers["x-auth-token"] not in json.dumps(curl.items("sessions"))
    assert TOKEN not in json.dumps(curl.items("admins?expose_api_token=true"))


def test_the_request_id_comes_back(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    for path in ("/api/2.26/arrays", "/api/2.26/volumes?names=nowhere", "/api/2.26/nothing"):
        _, response, _ = curl.raw("GET", path, headers={"X-Request-ID": "7-7"})
        assert response.headers["X-Request-ID"] == "7-7"


def test_a_connection_serves_many_requests(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    for _ in range(20):
        assert curl.call("GET", "volumes")[0] == 200
    assert curl.connection.sock is not None


def test_a_chunked_body_is_read(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    body = iter([b'{"provisioned":', b" 1073741824}"])
    curl.connection.request("POST", "/api/2.26/volumes?names=chunked", body, curl.headers, encode_chunked=True)
    assert curl.connection.getresponse().status == 200 and "chunked" in arrays.prod.disks


def test_rest_1_turns_a_password_into_the_token_and_nothing_else(arrays: Estate) -> None:
    curl = Curl(arrays)
    ask = {"username": USER, "password": TOKEN}
    status, _, body = curl.raw("POST", "/api/1.19/auth/apitoken", ask)
    assert (status, json.loads(body)) == (200, {"api_token": TOKEN})
    assert curl.raw("POST", "/api/1.19/auth/apitoken", ask | {"password": "x"})[0] == 400
    assert curl.raw("POST", "/api/1.19/auth/apitoken", b"nonsense")[0] == 400
    assert curl.raw("GET", "/api/1.19/volume")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/2.26/nothing", 404),
        ("GET", "/api/2.99/arrays", 404),
        ("GET", "/", 404),
        ("POST", "/api/2.26/arrays", 405),
        ("PATCH", "/api/2.26/volumes/tags/batch", 405),
        ("PUT", "/api/2.26/nothing", 404),
    ],
)
def test_what_is_not_there_is_said_without_a_traceback(arrays: Estate, method: str, path: str, status: int) -> None:
    got, _, body = Curl(arrays).login().raw(method, path)
    assert got == status and json.loads(body)["errors"][0]["message"] and b"Traceback" not in body


# ---------------------------------------------------------------------------------------------------------------- lists


def test_pages_by_token_hold_every_item_once(arrays: Estate) -> None:
    with arrays.world.turn():
        for number in range(2100):
            arrays.prod.add_volume(f"many-{number}", 512)
    curl = Curl(arrays).login()
    found, token, pages = [], "", 0
    while token is not None:
        _, body = curl.call("GET", f"volumes?continuation_token={token}" if token else "volumes")
        found += [row["name"] for row in body["items"]]
        token, pages = body["continuation_token"], pages + 1
        assert body["more_items_remaining"] is (token is not None)
    assert pages == 3 and len(found) == len(set(found)) == 2104


def test_a_token_belongs_to_its_list(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    token = curl.call("GET", "volumes?limit=1")[1]["continuation_token"]
    assert curl.call("GET", f"volumes?limit=1&continuation_token={token}")[1]["items"][0]["name"] == "erp-1"
    assert "token" in curl.error("GET", f"volumes?destroyed=false&continuation_token={token}")
    assert "token" in curl.error("GET", "volumes?continuation_token=bm9uc2Vuc2U=")
    assert "together" in curl.error("GET", f"volumes?sort=name&continuation_token={token}")


def test_offset_limit_and_counts(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    _, body = curl.call("GET", "volumes?offset=1&limit=2&total_item_count=true")
    assert [row["name"] for row in body["items"]] == ["erp-1", "erp-2"]
    assert (body["total_item_count"], body["more_items_remaining"]) == (4, True)
    _, body = curl.call("GET", "volumes?limit=0")
    assert (body["items"], body["total_item_count"], body["more_items_remaining"]) == ([], 4, False)
    _, body = curl.call("GET", "volumes?total_only=true")
    assert body["items"] == [] and body["total"][0]["provisioned"] == 650 * 1024**3
    _, body = curl.call("GET", "volumes?limit=5000&offset=99")
    assert body["items"] == []


def test_a_list_without_tokens_pages_by_offset(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    _, body = curl.call("GET", "protection-group-snapshots/transfer?limit=2")
    assert body["continuation_token"] is None and body["more_items_remaining"] is True
    assert "parameter" in curl.error("GET", "protection-group-snapshots/transfer?continuation_token=x")


def test_names_ids_and_wildcards_select(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    rows = curl.items("volumes?names=erp-2,erp-0")
    assert [row["name"] for row in rows] == ["erp-2", "erp-0"]
    assert curl.items(f"volumes?ids={rows[0]['id']}")[0]["name"] == "erp-2"
    assert len(curl.items("volumes?names=erp-*")) == 3
    assert "together" in curl.error("GET", f"volumes?names=erp-0&ids={rows[0]['id']}")
    assert curl.error("GET", "volumes?names=erp-9") == "Volume does not exist."
    assert curl.error("GET", "volumes?colour=red") == "Invalid query parameter."
    assert curl.error("GET", "volumes?limit=many") == "Invalid number."


def test_sorting_goes_both_ways_over_several_fields(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    assert next(r["name"] for r in curl.items("volumes?sort=provisioned-")) == "erp-2"
    assert [r["name"] for r in curl.items("volumes?sort=pod.name,name-")] == [
        "pod-web::web-1",
        "erp-2",
        "erp-1",
        "erp-0",
    ]


def test_destroyed_objects_are_selected_with_their_time_remaining(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    curl.call("POST", "volumes?names=gone", {"provisioned": 1024})
    curl.call("PATCH", "volumes?names=gone", {"destroyed": True})
    arrays.pass_time(3600)
    curl.login()
    (row,) = curl.items("volumes?destroyed=true")
    assert (row["name"], row["time_remaining"]) == ("gone", 23 * 3600 * 1000)
    assert len(curl.items("volumes")) == 5 and len(curl.items("volumes?destroyed=false")) == 4
    arrays.pass_time(23 * 3600 + 1)
    curl.login()
    assert curl.items("volumes?destroyed=true") == []


# -------------------------------------------------------------------------------------------------------------- filters

ROW: dict[str, Any] = {
    "name": "erp-1",
    "size": 10,
    "ok": True,
    "pod": {"name": "p"},
    "wwns": ["AA", "BB"],
    "none": None,
}


@pytest.mark.parametrize(
    "text",
    [
        "name='erp-1'",
        'name="erp-*"',
        "name!='x' and size>=10",
        "size<11 and size>9.5 or name='x'",
        "(size=3 or size=10) and not(ok='false')",
        "not(size=3)",
        "not name='x'",
        "contains(name,'RP')",
        "name=('a','erp-1')",
        "name!=('a','b')",
        "pod.name='p'",
        "wwns='BB'",
        "ok=true",
        "none=null",
        "size='10'",
    ],
)
def test_a_filter_that_holds(text: str) -> None:
    assert compile_filter(text)(ROW)


@pytest.mark.parametrize(
    "text", ["name='erp'", "size>10", "size<'a'", "nothing='x'", "none>3", "contains(none,'x')", "ok='false'"]
)
def test_a_filter_that_does_not_hold(text: str) -> None:
    assert not compile_filter(text)(ROW)


@pytest.mark.parametrize(
    "text", ["name", "name=", "name='x", "(name='x'", "name='x' size=3", "= 3", "name ~ 'x'", "and"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        compile_filter(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="name='size<>!()and or not,*\"1.5 contains", max_size=40))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    try:
        test = compile_filter(text)
    except RefusedError:
        return
    assert test(ROW) in (True, False)


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "volumes?names=erp-0", {"provisioned": 1024}, "already exists"),
        ("POST", "volumes?names=-x", {"provisioned": 1024}, "invalid"),
        ("POST", "volumes?names=x", {}, "size or source is required"),
        ("POST", "volumes?names=x", {"provisioned": "1T"}, "integer"),
        ("POST", "volumes?names=x", {"size": 5}, "Invalid field"),
        ("POST", "volumes?names=x", b"{", "not valid JSON"),
        ("POST", "volumes", {"provisioned": 1024}, "required"),
        (
            "POST",
            "volumes?names=erp-1&overwrite=true",
            {"source": {"name": "erp-0.nope"}},
            "No such volume or snapshot",
        ),
        ("POST", "volumes?names=nope&overwrite=true", {"source": {"name": "erp-0"}}, "does not exist"),
        (
            "POST",
            "volumes?names=erp-1&overwrite=true&add_to_protection_group_names=pg-erp",
            {"source": {"name": "erp-0"}},
            "cannot be combined",
        ),
        ("PATCH", "volumes?names=erp-0", {"destroyed": True}, "existing connections"),
        ("PATCH", "volumes?names=erp-0", {"provisioned": 512}, "truncate"),
        ("PATCH", "volumes?names=erp-0", {"source": {"name": "x"}}, "Invalid field"),
        ("DELETE", "volumes?names=erp-0", None, "must be destroyed"),
        ("POST", "hosts?names=erp_db1", {}, "already exists"),
        ("POST", "hosts?names=h2", {"wwns": ["C0507601A1B20010"]}, "already in use"),
        ("POST", "hosts?names=h2", {"wwns": ["C05"]}, "Invalid WWN"),
        ("POST", "hosts?names=h2", {"personality": "linux"}, "Invalid personality"),
        ("DELETE", "hosts?names=erp_db1", None, "due to existing connections"),
        ("POST", "connections?host_names=erp_db1&volume_names=erp-0", None, "already exists"),
        ("POST", "connections?host_names=erp_db1&volume_names=pod-web::web-1", {"lun": 10}, "already in use"),
        ("DELETE", "connections?host_names=erp_db1&volume_names=pod-web::web-1", None, "does not exist"),
        ("POST", "protection-groups?names=pg-erp", None, "already exists"),
        ("POST", "protection-groups/volumes?group_names=pg-erp&member_names=erp-0", None, "already includes"),
        ("POST", "protection-groups/targets?group_names=pg-erp&member_names=moon", None, "is not connected"),
        (
            "PATCH",
            "protection-groups/targets?group_names=pg-erp&member_names=fa-dr",
            {"allowed": False},
            "on the target",
        ),
        ("DELETE", "protection-groups/volumes?group_names=pg-erp&member_names=x", None, "does not exist"),
        (
            "POST",
            "protection-group-snapshots?source_names=pg-erp&replicate=true&replicate_now=true",
            {"suffix": "x-1"},
            "Only one of",
        ),
        ("POST", "protection-group-snapshots?source_names=pg-erp", {"suffix": "a.b"}, "invalid"),
        ("DELETE", "protection-group-snapshots?names=pg-erp.1", None, "must be destroyed"),
        ("PATCH", "protection-group-snapshots?names=pg-erp.99", {"destroyed": True}, "does not exist"),
        ("PATCH", "protection-groups?names=pg-erp", {"replication_schedule": {"frequency": 1000}}, "Frequency"),
        ("PUT", "volumes/tags/batch?resource_names=erp-0", [], "Between 1 and 30"),
        (
            "PUT",
            "volumes/tags/batch?resource_names=erp-0",
            [{"key": "k", "value": "v", "namespace": "pure"}],
            "reserved",
        ),
        ("PATCH", "pods?names=pod-web", {"destroyed": True}, "replica links"),
        ("PATCH", "pods?names=pod-web", {"requested_promotion_state": "demoted"}, "quiesce"),
        ("GET", "remote-protection-groups?on=moon", None, "is not connected"),
    ],
)
def test_the_array_refuses_in_its_own_words(arrays: Estate, method: str, path: str, body: Any, words: str) -> None:
    assert words in Curl(arrays).login().error(method, path, body)


# --------------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.HTTP_401, 401),
        (FaultKind.HTTP_403, 403),
        (FaultKind.HTTP_409, 409),
        (FaultKind.HTTP_429, 429),
        (FaultKind.HTTP_500, 500),
        (FaultKind.HTTP_503, 503),
        (FaultKind.HTTP_504_AFTER, 504),
    ],
)
def test_a_fault_answers_with_its_status(arrays: Estate, kind: FaultKind, status: int) -> None:
    curl = Curl(arrays).login()
    arrays.world.faults.add("fa-prd", kind, "POST /hosts")
    assert curl.raw("POST", "/api/2.26/hosts?names=app-1", {})[0] == status
    assert ("app-1" in arrays.prod.hosts) is (kind is FaultKind.HTTP_504_AFTER)
    arrays.world.faults.clear()
    assert curl.call("GET", "hosts")[0] == 200


@pytest.mark.parametrize(("kind", "done"), [(FaultKind.DROP_BEFORE, False), (FaultKind.DROP_AFTER, True)])
def test_a_cut_connection_leaves_the_work_undone_or_done(arrays: Estate, kind: FaultKind, done: bool) -> None:
    curl = Curl(arrays).login()
    arrays.world.faults.add("fa-prd", kind, "POST /hosts")
    with pytest.raises((http.client.HTTPException, OSError)):
        curl.raw("POST", "/api/2.26/hosts?names=app-1", {})
    assert ("app-1" in arrays.prod.hosts) is done


def test_half_an_answer_and_a_proxys_page(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    arrays.world.faults.add("fa-prd", FaultKind.HTML, "GET /arrays", count=1)
    assert b"<html>" in curl.raw("GET", "/api/2.26/arrays")[2]
    arrays.world.faults.add("fa-prd", FaultKind.TRUNCATED, "GET /arrays", count=1)
    with pytest.raises(http.client.IncompleteRead):
        curl.raw("GET", "/api/2.26/arrays")


def test_an_expired_certificate_is_seen_by_a_strict_client(arrays: Estate) -> None:
    arrays.world.faults.add("fa-prd", FaultKind.EXPIRED_CERT)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        Curl(arrays).login()


def test_a_renamed_object_has_another_name_until_the_fault_goes(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    arrays.world.faults.add("fa-prd", FaultKind.RENAMED, subject="pg-erp", new_name="pg-new")
    assert [row["name"] for row in curl.items("protection-groups")] == ["pg-new"]
    assert {row["name"] for row in curl.items("protection-group-snapshots")} == {"pg-new.1", "pg-new.2", "pg-new.3"}
    assert [row["name"] for row in Curl(arrays, "fa-dr").login().items("protection-groups")] == ["fa-prd:pg-new"]
    arrays.world.faults.clear()
    assert curl.items("protection-groups?names=pg-erp") and curl.items("volume-snapshots?names=pg-erp.1.erp-0")
    for old, new in (("erp-0", "erp-x"), ("erp_db1", "db-x")):
        fault = arrays.world.faults.add("fa-prd", FaultKind.RENAMED, subject=old, new_name=new)
        assert {row["host"]["name"] for row in curl.items("connections")} == {"erp_db1" if old == "erp-0" else "db-x"}
        arrays.world.faults.remove(fault.id)
    assert [row["volume"]["name"] for row in curl.items("connections")] == ["erp-0", "erp-1", "erp-2"]


def test_a_dark_site_does_not_answer(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.world.set_dark("prd", True)
    with pytest.raises(OSError):
        Curl(arrays).login()
    with arrays.world.turn():
        arrays.world.set_dark("prd", False)
    assert Curl(arrays).login().items("arrays")
