"""Whatever is sent to the doors, the array answers with its own words: never with a defect of the lab."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends.lab.https import Request
from backends.lab.threepar import cli_show, cli_verbs
from backends.lab.threepar.cli_door import Cli
from backends.lab.threepar.wsapi_door import Wsapi
from tests.backends.threepar.rcopy_pair import PASSWORD, USER, Pair, rcopy_pair

LOOSE = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
COMMANDS = sorted({*cli_show.COMMANDS, *cli_verbs.COMMANDS, "showrcopy", "setclienv", "nonsense"})
FLAGS = ("-f", "-d", "-t", "-w", "-showcols", "-waittask", "-usr_cpg", "-x", "-")
SUBCOMMANDS = ("groups", "links", "targets", "failover", "restore", "reverse", "period", "pol")
VALUES = ("1", "-1", "99999999999", "²", "5m", "auto", "no_auto_recover", "Name,ID", "bergen:", "bergen:periodic")
OBJECTS = ("erp_prd", "bill_prd", "bergen", "erp_data01", "erp-srv", "SSD_r6", "é", "a" * 60)
WORDS = st.sampled_from([*FLAGS, *SUBCOMMANDS, *VALUES, *OBJECTS])
COLLECTIONS = ("cpgs", "volumes", "hosts", "vluns", "remotecopygroups", "remotecopytargets", "tasks", "credentials")
NAMES = st.sampled_from([*OBJECTS, "1001", "²", "x,1,y", "volumes", "..", "%"])
MEMBERS = ["name", "action", "targetName", "targets", "volumeName", "lun", "hostname", "sizeMiB", "cpg", "tpvv", "mode"]
MEMBERS += ["FCWWNs", "policies", "parameters", "syncPeriod", "newName", "pathOperation", "user", "password", "autoLun"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 20) | st.sampled_from(["erp_prd", "bergen", "createSnapshot", "", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with rcopy_pair(tmp_path_factory.mktemp("identities"), speed=50.0) as pair:
        yield pair


@LOOSE
@given(command=st.sampled_from(COMMANDS), words=st.lists(WORDS, max_size=6), csv=st.booleans())
def test_the_cli_answers_every_line(pair: Pair, command: str, words: list[str], csv: bool) -> None:
    line = " ".join([command, *words])
    answer = Cli(pair.oslo).run(USER, f"setclienv csvtable {int(csv)} ; {line}")
    assert answer.status == 0
    assert "Traceback" not in answer.stdout


@LOOSE
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    collection=st.sampled_from(COLLECTIONS),
    names=st.lists(NAMES, max_size=3),
    body=st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=20)),
    query=st.sampled_from([None, '"hostname EQ erp-srv"', '"FCPaths[wwn==1]"', '"', "x", '"a[b]"', '"name EQ"']),
)
def test_the_wsapi_answers_every_request(
    pair: Pair, method: str, collection: str, names: list[str], body: bytes, query: str | None
) -> None:
    wsapi = Wsapi(pair.bergen)
    login = json.dumps({"user": USER, "password": PASSWORD}).encode()
    key = json.loads(wsapi.answer(Request("POST", "/api/v1/credentials", {}, {}, login)).body)["key"]
    path = "/".join(["/api/v1", collection, *names])
    headers = {"x-hp3par-wsapi-sessionkey": key}
    answer = wsapi.answer(Request(method, path, {} if query is None else {"query": [query]}, headers, body))
    assert 200 <= answer.status < 600
    assert answer.status < 500 or answer.status == 501
    if answer.status >= 400:
        assert {"code", "desc"} <= json.loads(answer.body).keys()
    wsapi.answer(Request("DELETE", f"/api/v1/credentials/{key}", {}, {}, b""))
