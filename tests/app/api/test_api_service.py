"""The read API as its readers meet it: over HTTP, from a process of its own."""

from __future__ import annotations

import json
import socket
import urllib.request
from contextlib import closing

import pytest

from app.api.catalogue import LISTS
from store.ledger import Ledger
from tests.app.api.served import TOKEN, Served
from tests.app.report.reported import OPS, PLAN, RUN


@pytest.mark.parametrize("token", [None, "", "another-token-of-nobody", TOKEN[:-1]])
def test_whoever_has_no_token_of_a_reader_learns_nothing(api: Served, token: str | None) -> None:
    for path in ("/health", *(f"/{name}" for name in LISTS), f"/runs/{RUN}", "/audit", "/live"):
        answer = api.get(path, token)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json == {"detail": "expected Authorization: Bearer TOKEN"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(api: Served, method: str) -> None:
    for path in ("/health", *(f"/{name}" for name in LISTS), f"/runs/{RUN}", "/audit", "/live"):
        assert api.get(path, method=method).status == 405


def test_it_answers_only_to_the_names_of_this_machine(api: Served) -> None:
    assert api.get("/health", Host="evil.example").status == 400


def test_it_listens_on_loopback_alone(api: Served) -> None:
    port = int(api.url.rpartition(":")[2])
    with closing(socket.socket()) as probe, pytest.raises(OSError):
        probe.settimeout(5)
        probe.connect((_other_address(), port))


def _other_address() -> str:
    """An address of this machine that is not 127.0.0.1."""
    return "127.0.0.2"


def test_health_counts_the_devices_and_says_why_it_is_degraded(api: Served) -> None:
    found = api.get("/health").json
    devices = api.get("/devices").json["items"]
    counts = [found[f"devices_{word}"] for word in ("ok", "partly_read", "failing", "never_read")]
    assert sum(counts) == len(devices)
    assert found["oldest_reading"] == min(device["last_read"] for device in devices)
    assert found["lab"] is True
    assert (found["status"] == "ok") == (not found["reasons"])


def test_every_list_has_what_the_store_has_page_after_page_in_one_order(api: Served) -> None:
    for name in ("sites", "devices", "systems", "arrays", "lpars", "groups", "rcgs", "replicas", "runs"):
        whole = api.get(f"/{name}?most=1000").json
        assert whole["items"]
        assert whole["next"] is None
        paged = [row for page in api.pages(f"/{name}") for row in page]
        assert paged == whole["items"]
        assert [row["id"] for row in paged] == sorted(row["id"] for row in paged)


def test_a_row_is_found_by_its_id_and_has_the_facts_in_the_words_of_the_vendor(api: Served) -> None:
    for row in api.get("/lpars").json["items"]:
        one = api.get(f"/lpars/{row['id']}").json
        assert one == row
        assert one["facts"]["name"] == one["name"]
        assert one["site"] in ("paris", "lyon")
    missing = api.get("/lpars/none")
    assert missing.status == 404
    assert missing.json == {"detail": "there is no 'none' among the lpars"}


def test_a_filter_takes_whole_values_and_a_key_that_is_not_known_is_refused_by_name(api: Served) -> None:
    every = api.get("/rcgs").json["items"]
    paris = api.get("/rcgs?site=paris").json["items"]
    assert paris == [row for row in every if row["site"] == "paris"]
    assert api.get("/rcgs?site=pari").json["items"] == []
    assert api.get("/rcgs?site=pari*").json["items"] == paris
    refused = api.get("/rcgs?syte=paris")
    assert refused.status == 422
    assert refused.json["detail"][0]["loc"] == ["query", "syte"]


def test_an_answer_that_would_be_the_same_has_no_body(api: Served) -> None:
    first = api.get("/arrays")
    again = api.get("/arrays", If_None_Match=f'"other", W/{first.headers["ETag"]}')
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_run_comes_with_its_steps_and_the_journal_in_its_order(api: Served) -> None:
    run = api.get(f"/runs/{RUN}").json
    assert [step["id"] for step in run["steps"]] == [step.id for step in PLAN.steps]
    short = next(row for row in api.get("/runs").json["items"] if row["id"] == RUN)
    assert (short["state"], short["verb"], short["loss_s"]) == (run["state"], "failover", PLAN.loss_s)
    entries = api.get("/audit?most=1000").json["items"]
    assert [entry["id"] for entry in entries] == list(range(1, len(entries) + 1))
    of_run = api.get(f"/audit?most=1000&run={RUN}").json["items"]
    assert of_run == [entry for entry in entries if entry["run"] == RUN]
    first = api.get("/audit?most=5").json
    assert api.get(f"/audit?most=5&after={first['next']}").json["items"] == entries[5:10]


def test_the_room_is_told_with_who_has_what_and_what_stands_where(api: Served) -> None:
    (rack,) = api.get("/racks?site=paris").json["items"]
    assert (rack["id"], rack["units_used"], rack["watts"]) == ("paris/A7", 4, 600)
    assert rack["systems"] == ["host10", "host3"]
    assert {row["facts"]["name"] for row in api.get("/infrastructure?kind=system").json["items"]} == {"host3", "host10"}
    (alert,) = api.get("/alerts?owner=ana").json["items"]
    assert (alert["kind"], alert["count"], alert["reason"]) == ("device-failing", 2, "looking")
    (incident,) = api.get("/incidents").json["items"]
    assert (incident["title"], incident["runs"]) == ("Paris is dark", [RUN])
    figures = api.get("/capacity?most=1000").json["items"]
    assert figures
    for row in figures:
        assert row["fits"] == (row["left"] >= 0)
        assert row["left"] == pytest.approx(row["total"] - row["used"] - row["needed"])
    costs = api.get("/cost").json["items"]
    assert costs
    for row in costs:  # no figure without what it was made of
        assert (row["amount"] is not None) == bool(row["inputs"])
        assert row["inputs"] or row["lacking"]


def test_whoever_listens_is_told_of_a_run_that_somebody_proposes_and_of_what_was_missed(api: Served) -> None:
    with _listen(api) as stream:
        assert stream.readline() == b": listening\n"
        with closing(Ledger(api.store)) as ledger:
            ledger.propose("0302-0000-00beef", PLAN, OPS)
        event = _event(stream)
        assert json.loads(event["data"]) == {"list": "runs", "change": "added", "id": "0302-0000-00beef"}
        assert api.get("/runs/0302-0000-00beef").json["state"] == "proposed"
        with closing(Ledger(api.store)) as ledger:
            ledger.drop("0302-0000-00beef", OPS, "not today")
        last = event["id"]
        assert json.loads(_event(stream)["data"])["change"] == "changed"
    with _listen(api, last) as stream:
        assert stream.readline() == b": listening\n"
        assert json.loads(_event(stream)["data"])["change"] == "changed"
    with _listen(api, "0badf00d-7") as stream:
        assert stream.readline() == b"event: missed\n"


def _listen(api: Served, last: str | None = None):  # type: ignore[no-untyped-def]
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({} if last is None else {"Last-Event-ID": last})
    return urllib.request.urlopen(urllib.request.Request(f"{api.url}/live", headers=headers), timeout=60)


def _event(stream) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """The next change of the runs."""
    while True:
        found: dict[str, str] = {}
        while (line := stream.readline().decode().rstrip("\n")) or not found:
            if line and not line.startswith(":"):
                key, _, value = line.partition(": ")
                found[key] = value
        if '"list":"runs"' in found.get("data", ""):
            return found
