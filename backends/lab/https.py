"""The HTTPS side of a door: TLS, HTTP/1.1 with keep-alive and chunked bodies, counters and faults.

A door gives a handler and the names of its verbs; everything that can go wrong on the wire goes wrong here.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
import traceback
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

from backends.lab.bodies import Body, BodyEndedError
from backends.lab.faults import REFUSALS, Fault, FaultKind
from backends.lab.listener import Listener, abort
from backends.lab.tls import HostIdentity
from backends.lab.world import Device, World

_LINGER = 64 << 20
_HTML = b"<html><head><title>Proxy</title></head><body><h1>Authentication required</h1></body></html>"


class Request(Struct, frozen=True):
    """A request as it came in. ``path`` is unquoted and without the query; header names are lower case. ``arriving``:
    its body, where the door reads it by itself; ``body`` is empty then."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    raw_query: str = ""
    arriving: Body | None = None

    def one(self, name: str) -> str | None:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else None


class Response(Struct, frozen=True):
    """An answer. Content-Length is added; ``headers`` says the rest. ``parts`` in place of ``body``: ``length`` bytes
    that are made while they are sent; where they end too early the connection is cut."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    parts: Iterator[bytes] | None = None
    length: int = 0

    @property
    def size(self) -> int:
        return len(self.body) if self.parts is None else self.length


class HttpsProtocol(Struct, frozen=True):
    """What makes this door the vendor's: ``handle`` answers a request; ``verb_of`` names it for faults and counters
    (``GET /volumes``); ``refusal(status)`` is the vendor's error body for a status; ``streams`` says of a method and a
    path whether the door reads the body by itself, while it arrives."""

    handle: Callable[[Request], Response]
    verb_of: Callable[[Request], str]
    refusal: Callable[[int], Response]
    streams: Callable[[str, str], bool] = lambda method, path: False


class HttpsDoor:
    """An HTTPS port of one device. ``start()`` binds 127.0.0.1 (``port`` is then known), ``stop()`` cuts everything."""

    def __init__(
        self, world: World, device: Device, identity: HostIdentity, protocol: HttpsProtocol, port: int = 0
    ) -> None:
        self.world = world
        self.device = device
        self.protocol = protocol
        self._identity = identity
        self._listener = Listener(self._connection, port)

    @property
    def port(self) -> int:
        return self._listener.port

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        self._listener.stop()

    def close(self) -> None:
        """Stop for good."""
        self._listener.close()

    def _context(self) -> ssl.SSLContext:
        faults = self.world.faults
        if faults.active(self.device.name, FaultKind.EXPIRED_CERT):
            return self._identity.tls_expired
        if faults.active(self.device.name, FaultKind.CHANGED_KEY):
            return self._identity.tls_changed
        return self._identity.tls

    def _connection(self, sock: socket.socket) -> None:
        sock.settimeout(30)
        try:
            tls = self._context().wrap_socket(sock, server_side=True)
        except (OSError, ssl.SSLError):
            return
        tls.settimeout(300)
        door = self

        class Handler(_Handler):
            owner = door

        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            Handler(tls, ("127.0.0.1", 0), None)  # type: ignore[arg-type]
        with contextlib.suppress(OSError):
            tls.close()

    def answer(self, request: Request) -> tuple[Response | None, Fault | None]:
        """The answer with the faults in force: None means cut the connection; the fault may spoil the answer."""
        faults, name = self.world.faults, self.device.name
        verb = self.protocol.verb_of(request)
        self.device.counters.requests[verb] += 1
        self.world.timing.wait_https()
        if slow := faults.take(name, verb, FaultKind.SLOW):
            time.sleep(slow.seconds)
        before = faults.take(name, verb, FaultKind.HANG, FaultKind.DROP_BEFORE, *REFUSALS)
        if before is not None:
            if before.kind is FaultKind.HANG:
                while before in faults.in_force() and self._listener.listening:
                    time.sleep(0.05)
            if before.kind in REFUSALS:
                return self.protocol.refusal(REFUSALS[before.kind]), None
            return None, before
        if request.arriving is not None and faults.take(name, verb, FaultKind.TRUNCATED):
            request.arriving.cut_at = (request.arriving.length or 1 << 20) // 2
        try:
            response = self.protocol.handle(request)
        except BodyEndedError:
            return None, None
        except Exception:
            traceback.print_exc()  # a defect of the lab: its log must show it, the client sees a plain 500
            response = self.protocol.refusal(500)
        if response.status < 300:
            self.device.counters.done[verb] += 1
        after = faults.take(name, verb, FaultKind.DROP_AFTER, FaultKind.HTTP_504_AFTER)
        if after is not None:
            return (None, after) if after.kind is FaultKind.DROP_AFTER else (self.protocol.refusal(504), None)
        spoil = faults.take(name, verb, FaultKind.TRUNCATED, FaultKind.HTML)
        if spoil is not None and spoil.kind is FaultKind.HTML:
            return Response(200, _HTML, "text/html"), None
        return response, spoil


class _Handler(BaseHTTPRequestHandler):
    """One connection. The class attribute ``owner`` is its door."""

    owner: HttpsDoor
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def _serve(self) -> None:
        request = self._request()
        if request is None:
            self.close_connection = True
            return
        response, spoil = self.owner.answer(request)
        if response is None:
            self.close_connection = True
            abort(self.connection)
            return
        self.send_response(response.status, _phrase(response.status))
        if response.body or response.status not in (204, 304):
            self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(response.size))
        for name, value in response.headers.items():
            self.send_header(name, value)
        unread = request.arriving is not None and not request.arriving.ended
        if unread:
            self.send_header("Connection", "close")
        self.end_headers()
        wanted = 0 if self.command == "HEAD" else response.size
        if not self._sent(request, response, wanted // 2 if spoil is not None else wanted) or spoil is not None:
            self.close_connection = True
        if unread and request.arriving is not None:
            self._linger(request.arriving)

    def _linger(self, body: Body) -> None:
        """The answer was there before the body: the rest is not wanted. A part of it is taken in, so that a client
        which sends before it reads gets to see the answer and not a reset."""
        self.wfile.flush()
        with contextlib.suppress(BodyEndedError, OSError, ValueError):
            while not body.ended and body.taken < _LINGER:
                body.read(1 << 20)

    def _sent(self, request: Request, response: Response, count: int) -> bool:
        """Send so many bytes of the answer's body; says whether there were as many."""
        if response.parts is None:
            self.wfile.write(response.body[:count])
            return True
        self.wfile.flush()
        moved, verb, left = self.owner.device.counters.moved, self.owner.protocol.verb_of(request), count
        for part in response.parts if count else ():
            some = part if len(part) <= left else part[:left]
            self.connection.sendall(some)
            moved[verb] += len(some)
            left -= len(some)
            if not left:
                return True
        return not left

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _request(self) -> Request | None:
        """What was asked; None where the connection ended before all of it had come, as when the client is killed."""
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        body = Body(self.rfile, None if chunked else int(headers.get("content-length") or 0))
        query, path = parse_qs(parts.query, keep_blank_values=True), unquote(parts.path)
        if self.owner.protocol.streams(self.command, path):
            return Request(self.command, path, query, headers, b"", parts.query, body)
        try:
            return Request(self.command, path, query, headers, body.whole(), parts.query)
        except BodyEndedError:
            return None

    def version_string(self) -> str:
        return "nginx"

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = self.owner.world.device_time(self.owner.device) if timestamp is None else timestamp
        return super().date_time_string(now)

    def log_message(self, format: str, *args: object) -> None:
        return


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
