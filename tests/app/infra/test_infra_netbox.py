"""The import from NetBox, against a real HTTP server: every page, nothing but reading, and each kind of trouble."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.infra import netbox
from app.infra.netbox_client import Netbox as Client
from app.infra.netbox_client import NetboxError, address
from backends.endpoint import Secret
from backends.lab.tls import Identities
from store.infra.records import Feed, Item, Kind, Rack, Site, System, SystemType, Vlan
from store.infra.rules import conflicts
from tests.app.infra.netbox_server import A7, OSLO, TOKEN, Netbox, lists, serving


@pytest.fixture
def server() -> Iterator[Netbox]:
    with serving() as found:
        yield found


def client(server: Netbox, token: str = TOKEN, page: int = 500) -> Client:
    return Client(address(server.url), Secret(token), page=page)


def taken(server: Netbox) -> tuple[Item, ...]:
    made = client(server)
    try:
        return tuple(netbox.read(made).items.values())
    finally:
        made.close()


def refusal(server: Netbox, token: str = TOKEN) -> str:
    made = client(server, token)
    try:
        with pytest.raises(NetboxError) as found:
            netbox.read(made)
    finally:
        made.close()
    assert token not in str(found.value)
    return str(found.value)


def test_every_kind_is_taken_with_what_its_neighbours_say_of_it(server: Netbox) -> None:
    made = client(server)
    read = netbox.read(made)
    made.close()
    frame = System(
        "P10-OSLO-01", "oslo", SystemType.MANAGED_SYSTEM, "A7", 2.0, 15.0, None, 5200, ("A", "B"), ("sw1",), "7801234",
        "hmc frame",
    )  # fmt: skip
    for item in (
        Site("oslo", None, "III", True),
        Site("bergen"),
        Rack("oslo", "A7", "1", 42, ("A", "B"), "Room 2"),
        Rack("bergen", "B1", None, 47),
        Feed("oslo", "A", 8868),  # 400 V x 16 A x 80 % x the root of three
        Feed("oslo", "B", 5888),
        frame,
        System("fa-oslo", "oslo", SystemType.ARRAY, "A7", 20.0, 6.0, None, 1700, ("B",), ("sw1",), None, "array"),
        System("sw1", "oslo", SystemType.SWITCH, "A7", 41.0, model="switch"),
        System("pdu-b", "oslo", SystemType.OTHER, "A7", None, 0.0, feeds=("B",), model="pdu"),
        Vlan("oslo", 120, "PROD"),
    ):
        assert item in read.items.values(), item
    assert read.left_out == ["dcim/devices 55 (device 55): it has no name", "ipam/vlans 22 (GLOBAL): it is of no site"]
    assert conflicts(read.items.values())[0].only_if, "5200 W and 1700 W on B, if A fails"


def test_what_only_its_panel_or_its_room_has_once_is_called_with_that_in_front() -> None:
    rows = lists()
    room = {**A7, "id": 13, "site": OSLO, "u_height": 42, "location": {"id": 6, "name": "Room 3"}, "custom_fields": {}}
    rows["dcim/racks"].append(room)
    rows["dcim/power-panels"].append({"id": 82, "name": "MSB2", "site": OSLO})
    rows["dcim/power-feeds"].append(
        {**rows["dcim/power-feeds"][0], "id": 63, "power_panel": {"id": 82, "name": "MSB2"}}
    )
    read = netbox.understood(rows)
    assert {key for kind, key in read.items if kind is Kind.RACK} == {"oslo/Room 2 A7", "oslo/Room 3 A7", "bergen/B1"}
    assert {key for kind, key in read.items if kind is Kind.FEED} == {"oslo/MSB A", "oslo/MSB2 A", "oslo/B"}
    frame = read.items[Kind.SYSTEM, "P10-OSLO-01"]
    assert isinstance(frame, System) and frame.rack == "Room 2 A7" and frame.feeds == ("MSB A", "B")


def test_nothing_is_sent_but_get_and_every_page_is_asked_for_once(server: Netbox) -> None:
    taken(server)
    assert {method for method, _ in server.asked} == {"GET"}
    paths = [path for _, path in server.asked]
    assert len(paths) == len(set(paths)) and len([path for path in paths if "/devices/" in path]) == 3
    assert server.logins == {f"Token {TOKEN}"}


def test_a_token_of_the_second_kind_is_a_bearer_token(server: Netbox) -> None:
    made = client(server, "nbt_x.y")
    assert len(made.every("dcim/sites")) == 2
    made.close()
    assert server.logins == {"Bearer nbt_x.y"}


def test_a_token_that_may_not_read_something_is_said_with_what_it_lacks(server: Netbox) -> None:
    assert refusal(server, "wrong").startswith("dcim/sites: HTTP 403: the token may not read this")
    server.status["dcim/cables"] = 403
    assert "the permission to view dcim/cables" in refusal(server)


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "trouble of its own"), (503, "Try again later"), (429, "Try again later"), (404, "expected NetBox 3.7 or 4"),
     (302, "no token is sent after it"), (418, "HTTP 418")],
)  # fmt: skip
def test_an_answer_that_is_no_success_says_what_to_do(server: Netbox, status: int, words: str) -> None:
    server.status["dcim/devices"] = status
    found = refusal(server)
    assert found.startswith(f"dcim/devices: HTTP {status}") and words in found
    assert not any("elsewhere" in path for _, path in server.asked)


def test_an_answer_that_is_cut_gives_nothing(server: Netbox) -> None:
    server.cut.add("dcim/devices")
    assert refusal(server) in (
        "dcim/devices: the answer was cut",
        "dcim/devices: no connection (its own words are too long)",
    )


def test_a_server_that_is_gone_is_said(server: Netbox) -> None:
    url = address("http://127.0.0.1:1")
    made = Client(url, Secret(TOKEN))
    with pytest.raises(NetboxError, match=r"^dcim/sites: no connection"):
        made.every("dcim/sites")
    made.close()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "expected JSON"),
        (b"[]", "expected count, next and results"),
        (b'{"count": 1, "next": null, "results": [{"name": "x"}]}', "an object with an id"),
        (b'{"count": 2, "next": null, "results": [{"id": 1}]}', "1 of 2 objects came"),
        (b'{"count": 1, "next": "http://x/api/dcim/sites/?limit=500&ordering=id", "results": [{"id": 1}]}',
         "read already"),
        (b'{"count": 1, "next": "http://x/api/users/tokens/?limit=1", "results": []}', "one of another list"),
    ],
)  # fmt: skip
def test_pages_that_are_none_are_refused(server: Netbox, body: bytes, words: str) -> None:
    server.bodies["dcim/sites"] = body
    assert words in refusal(server)


@pytest.mark.parametrize(
    "url",
    ["netbox", "ftp://nb", "http://nb.example.com", "https://u:p@nb", "https://nb/?x=1", "https://nb:0", "https://"],
)
def test_an_address_that_a_token_may_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(NetboxError, match="expected"):
        address(url)


def test_an_address_may_have_a_path_and_end_anyhow() -> None:
    assert address("https://nb.example.com/netbox/api/").base == "https://nb.example.com/netbox"
    assert address("https://nb.example.com/").name == "netbox:nb.example.com"


def test_a_certificate_that_nobody_vouches_for_is_refused_and_one_of_the_given_authority_is_not(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    context = identities.of("netbox").tls

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"count": 0, "next": null, "results": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    at = address(f"https://127.0.0.1:{server.server_address[1]}")
    try:
        with pytest.raises(NetboxError, match=r"its certificate is not trusted .*: name a --ca"):
            Client(at, Secret(TOKEN)).every("dcim/sites")
        assert Client(at, Secret(TOKEN), identities.ca_file).every("dcim/sites") == []
    finally:
        server.shutdown()
        server.server_close()


@settings(max_examples=40)
@given(
    st.sampled_from(netbox.LISTS),
    st.integers(0, 5),
    st.sampled_from(["site", "rack", "name", "position", "u_height", "device", "vid", "connected_endpoints", "role",
                     "a_terminations", "custom_fields", "voltage", "device_type", "id", "face"]),
    st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2) | st.booleans(),
)  # fmt: skip
def test_any_value_in_any_field_is_taken_or_left_out_and_never_a_crash(
    path: str, number: int, name: str, value: Any
) -> None:
    rows = copy.deepcopy(lists())
    row = rows[path][number % len(rows[path])]
    row[name] = value
    found = netbox.understood(rows)
    assert all(isinstance(item, Item) for item in found.items.values())
    assert conflicts(found.items.values()) is not None
    assert all(ref[0] in Kind for ref in found.items)


def test_pages_of_thousands_come_whole_and_in_order(server: Netbox) -> None:
    server.most = 700
    server.rows["ipam/vlans"] = [
        {"id": number, "vid": 1 + number % 4094, "name": f"v{number}", "site": None} for number in range(5000, 0, -1)
    ]
    made = client(server)
    rows = made.every("ipam/vlans")
    made.close()
    assert [row["id"] for row in rows] == list(range(1, 5001))


def test_a_list_that_changes_between_its_pages_is_read_again_and_none_is_skipped(server: Netbox) -> None:
    rows = server.rows["ipam/vlans"] = [
        {"id": number, "vid": number, "name": f"v{number}", "site": None} for number in range(1, 10)
    ]
    server.after = lambda: rows.pop(0) if len(rows) == 9 else None
    made = client(server)
    found = made.every("ipam/vlans")
    assert [row["id"] for row in found] == list(range(2, 10))
    server.after = lambda: rows.append({**rows[-1], "id": rows[-1]["id"] + 1})
    with pytest.raises(NetboxError, match="it changed each time"):
        made.every("ipam/vlans")
    made.close()
