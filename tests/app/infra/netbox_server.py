"""A small HTTP server on loopback that answers as NetBox documents: lists by pages, a token asked for, and trouble."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"


def brief(number: int, name: str, **more: Any) -> dict[str, Any]:
    """What stands in the place of another object."""
    return {"id": number, "url": f"http://nb/api/x/{number}/", "display": name, "name": name, **more}


OSLO, BERGEN = brief(1, "Oslo", slug="oslo"), brief(2, "Bergen", slug="bergen")
A7 = brief(11, "A7")
TYPES = {"hmc frame": 31, "array": 32, "switch": 33, "pdu": 34, "half": 35}


def device(number: int, name: str | None, kind: int, role: str, position: float | None = None, **more: Any) -> Any:
    base: dict[str, Any] = {
        "id": number,
        "display": name or f"device {number}",
        "name": name,
        "device_type": {"id": kind, "model": "M", "slug": "m"},
        "role": {"id": 1, "name": role, "slug": role},
        "site": OSLO,
        "rack": A7,
        "position": position,
        "face": None if position is None else {"value": "front", "label": "Front"},
        "serial": "",
        "status": {"value": "active", "label": "Active"},
    }
    return {**base, **more}


def port(number: int, at: int, kind: str | None = None, end: Any = None, **more: Any) -> dict[str, Any]:
    ends = None if end is None else [end]
    return {
        "id": number,
        "device": brief(at, "x"),
        "name": f"PSU{number}",
        "allocated_draw": None,
        "maximum_draw": None,
        "connected_endpoints": ends,
        "connected_endpoints_type": kind,
        **more,
    }


def interface(at: int) -> dict[str, Any]:
    return {
        "object_type": "dcim.interface",
        "object_id": 900 + at,
        "object": brief(900 + at, "e0", device=brief(at, "x")),
    }


def lists() -> dict[str, list[dict[str, Any]]]:
    """Two sites; a rack with a frame on both feeds, by PDUs, an array and a switch on one each, and a patch panel."""
    height = {"hmc frame": 15.0, "array": 6.0, "switch": 1.0, "pdu": 0.0, "half": 1.0}
    types = [
        {"id": number, "model": name, "u_height": height[name], "is_full_depth": name != "half"}
        for name, number in TYPES.items()
    ]
    outlet = {"id": 71, "name": "out1", "device": brief(54, "pdu-b")}
    return {
        "dcim/sites": [
            {**OSLO, "custom_fields": {"tier": "III", "l2_stretched": True}},
            {**BERGEN, "custom_fields": {}},
        ],
        "dcim/racks": [
            {**A7, "site": OSLO, "u_height": 42, "location": brief(5, "Room 2"), "custom_fields": {"row": "1"}},
            {**brief(12, "B1"), "site": BERGEN, "u_height": 47, "location": None, "custom_fields": {}},
        ],
        "dcim/device-types": types,
        "dcim/devices": [
            device(51, "P10-OSLO-01", TYPES["hmc frame"], "power-system", 2.0, serial="7801234"),
            device(52, "fa-oslo", TYPES["array"], "storage-array", 20.0),
            device(53, "sw1", TYPES["switch"], "access-switch", 41.0),
            device(54, "pdu-b", TYPES["pdu"], "pdu"),
            device(55, None, TYPES["switch"], "blade"),
            device(56, "panel", TYPES["half"], "patch-panel", 40.0),
        ],
        "dcim/power-panels": [{**brief(81, "MSB"), "site": OSLO}],
        "dcim/power-feeds": [
            {**brief(61, "A"), "power_panel": brief(81, "MSB"), "rack": A7, "voltage": 400, "amperage": 16,
             "max_utilization": 80, "phase": {"value": "three-phase"}},
            {**brief(62, "B"), "power_panel": brief(81, "MSB"), "rack": A7, "voltage": 230, "amperage": 32,
             "max_utilization": 80, "phase": {"value": "single-phase"}},
        ],
        "dcim/power-ports": [
            port(1, 51, "dcim.powerfeed", brief(61, "A"), allocated_draw=2600),
            port(2, 51, "dcim.poweroutlet", outlet, allocated_draw=2600),
            port(3, 54, "dcim.powerfeed", brief(62, "B")),
            port(4, 52, "dcim.poweroutlet", outlet, maximum_draw=1700),
            port(5, 53),
        ],
        "dcim/cables": [
            {"id": 1, "a_terminations": [interface(51)], "b_terminations": [interface(53)]},
            {"id": 2, "a_terminations": [interface(53)], "b_terminations": [interface(52)]},
            {"id": 3, "a_terminations": [], "b_terminations": [interface(52)]},
        ],
        "ipam/vlans": [
            {**brief(21, "PROD"), "vid": 120, "site": OSLO},
            {**brief(22, "GLOBAL"), "vid": 121, "site": None},
        ],
    }  # fmt: skip


@dataclass
class Netbox:
    """``status`` and ``headers`` answer for a path in place of its list; ``cut`` closes in the middle of one; ``most``
    is the largest page; ``host`` is what it believes to be called, in the addresses of next pages;
    ``after`` is called once a page is made."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lists)
    status: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    most: int = 2
    host: str = "http://netbox.internal"
    asked: list[tuple[str, str]] = field(default_factory=list)
    logins: set[str] = field(default_factory=set)
    after: Callable[[], object] = field(default=lambda: None)
    url: str = ""

    def page(self, path: str, query: dict[str, list[str]]) -> bytes:
        limit, offset = min(int(query["limit"][0]), self.most), int(query.get("offset", ["0"])[0])
        rows = (
            sorted(self.rows[path], key=lambda row: row["id"]) if query.get("ordering") == ["id"] else self.rows[path]
        )
        more = offset + limit < len(rows)
        following = f"{self.host}/api/{path}/?limit={limit}&offset={offset + limit}&ordering=id" if more else None
        told = {"count": len(rows), "next": following, "previous": None, "results": rows[offset : offset + limit]}
        return json.dumps(told).encode()


@contextmanager
def serving() -> Iterator[Netbox]:
    """One that runs until the block ends."""
    netbox = Netbox()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.strip("/").removeprefix("api/")
            netbox.asked.append((self.command, self.path))
            netbox.logins.add(self.headers.get("Authorization", ""))
            status = netbox.status.get(path, 200 if path in netbox.rows else 404)
            if self.headers.get("Authorization") not in (f"Token {TOKEN}", "Bearer nbt_x.y"):
                status = 403
            body = b'{"detail": "no"}' if status != 200 else netbox.bodies.get(path)
            if body is None:
                body = netbox.page(path, parse_qs(parts.query))
            netbox.after()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if path in netbox.cut else body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    netbox.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield netbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
