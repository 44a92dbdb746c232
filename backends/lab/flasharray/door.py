"""The REST door of a simulated FlashArray: versions, login and sessions, then lists and changes by path.

Serves every version it offers with the answers of REST 2.26, and of REST 1.x only what turns a password into a token.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from msgspec import Struct, field

from backends.lab.faults import FaultKind
from backends.lab.flasharray.group_writes import GROUP_WRITES
from backends.lab.flasharray.lists import Item, Listing, Query, answer
from backends.lab.flasharray.objects import RefusedError
from backends.lab.flasharray.pod_writes import POD_WRITES
from backends.lab.flasharray.reads import READS
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row, ms
from backends.lab.flasharray.writes import WRITES, Write
from backends.lab.https import HttpsDoor, HttpsProtocol, Request, Response
from backends.lab.tls import Identities
from backends.lab.world import Device, World

IDLE_S = 1800.0
VERSIONS_1 = tuple(f"1.{minor}" for minor in range(20))
VERSIONS_2 = tuple(f"2.{minor}" for minor in range(37) if minor not in (12, 18))

_PATH = re.compile(r"/api/(?P<version>\d+\.\d+)/(?P<rest>[a-z0-9/-]+)")
CHANGES: dict[tuple[str, str], Write] = WRITES | GROUP_WRITES | POD_WRITES
_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>\r\n"
_GATEWAY = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


def open_doors(world: World, device: Device, identities: Identities) -> dict[str, HttpsDoor]:
    """The HTTPS door of an array, not yet started."""
    if not isinstance(device.state, ArrayState):
        raise TypeError(f"{device.name} is not a FlashArray")
    rest = Rest(world, device, device.state)
    device.state.expire_sessions = rest.sessions.clear
    protocol = HttpsProtocol(rest.handle, verb_of, refusal)
    port = device.ports.get("https", 0)
    return {"https": HttpsDoor(world, device, identities.of(device.name), protocol, port)}


def verb_of(request: Request) -> str:
    """``GET /volumes``, ``POST /login``: the path without its version."""
    match = _PATH.fullmatch(request.path.rstrip("/"))
    return f"{request.method} /{match['rest']}" if match else f"{request.method} {request.path}"


def refusal(status: int) -> Response:
    """What stands in front of the array says so in its own way: a rate limiter in JSON, a gateway in HTML."""
    if status in _GATEWAY:
        return Response(status, _HTML.format(_GATEWAY[status]).encode(), "text/html")
    if status == 429:
        body = json.dumps({"message": "API rate limit exceeded"}).encode()
        return Response(429, body, headers={"Retry-After": "1"})
    texts = {
        401: "Unauthorized.",
        403: "Operation not permitted.",
        409: "The resource is being changed by another request.",
        500: "Internal server error.",
        503: "Service unavailable.",
    }
    return _errors(status, None, texts.get(status, "Request failed."))


def _errors(status: int, context: str | None, message: str) -> Response:
    error: Row = {"message": message}
    if context is not None:
        error = {"context": context, "message": message}
    return _json(status, {"errors": [error]})


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    return Response(status, json.dumps(body, separators=(",", ":")).encode(), headers=headers or {})


class Session(Struct):
    """A login: its token stands in ``Rest.sessions``; it ends after 30 idle minutes."""

    user: str
    id: str
    started: float
    used: float
    agent: str


class Rest(Struct):
    """The requests of one array."""

    world: World
    device: Device
    array: ArrayState
    sessions: dict[str, Session] = field(default_factory=dict)

    def handle(self, request: Request) -> Response:
        """Answer one request, in one turn of the world."""
        with self.world.turn() as now:
            try:
                response = self._route(request, now)
            except RefusedError as error:
                response = _errors(400, error.context, error.message)
        echo = request.headers.get("x-request-id")
        if echo is not None:
            response.headers["X-Request-ID"] = echo
        return response

    def _route(self, request: Request, now: float) -> Response:
        path = request.path.rstrip("/")
        if path == "/api/api_version":
            return _json(200, {"version": [*VERSIONS_1, *VERSIONS_2]})
        match = _PATH.fullmatch(path)
        if match is None or match["version"] not in (*VERSIONS_1, *VERSIONS_2):
            return _errors(404, None, "Not found.")
        if match["version"] in VERSIONS_1:
            return self._old(request, match["rest"])
        if match["rest"] == "login":
            return self._login(request, now)
        token = request.headers.get("x-auth-token", "")
        session = self._session(token, now)
        if session is None:
            return refusal(401)
        if match["rest"] == "logout":
            return self._logout(request, token)
        return self._call(request, match["rest"], session)

    # ---------------------------------------------------------------------------------------------------- sessions

    def _login(self, request: Request, now: float) -> Response:
        if request.method != "POST":
            return _errors(405, None, "Method not allowed.")
        faults, name = self.world.faults, self.device.name
        given = request.headers.get("api-token", "")
        user = next((u for u, token in self.device.users.items() if _same(token, given)), None)
        if user is None or faults.active(name, FaultKind.REFUSES_LOGIN):
            return _errors(401, None, "Invalid credentials provided.")
        self._drop_idle(now)
        full = len(self.sessions) >= self.device.max_sessions
        if full or faults.active(name, FaultKind.SESSION_LIMIT):
            return _errors(400, None, "The maximum number of sessions has been reached.")
        token = secrets.token_urlsafe(24)
        agent = request.headers.get("user-agent", "")
        self.sessions[token] = Session(user, self.array.new_id(), now, now, agent)
        self.device.counters.logins += 1
        self.device.counters.sessions = len(self.sessions)
        return _json(200, {"items": [{"username": user}]}, {"x-auth-token": token})

    def _logout(self, request: Request, token: str) -> Response:
        if request.method != "POST":
            return _errors(405, None, "Method not allowed.")
        del self.sessions[token]
        self.device.counters.logouts += 1
        self.device.counters.sessions = len(self.sessions)
        return Response(200)

    def _session(self, token: str, now: float) -> Session | None:
        self._drop_idle(now)
        session = self.sessions.get(token)
        if session is not None:
            session.used = now
        return session

    def _drop_idle(self, now: float) -> None:
        for token in [t for t, s in self.sessions.items() if now - s.used > IDLE_S]:
            del self.sessions[token]
        self.device.counters.sessions = len(self.sessions)

    # ------------------------------------------------------------------------------------------------------- calls

    def _call(self, request: Request, rest: str, session: Session) -> Response:
        if request.method == "GET":
            return self._get(request, rest, session)
        change = CHANGES.get((request.method, rest))
        if change is None:
            known = rest in READS or rest in _OWN or any(path == rest for _, path in CHANGES)
            return _errors(405, None, "Method not allowed.") if known else _errors(404, None, "Not found.")
        rows = change.do(self.array, Query.of(request, change.parameters), request.body)
        return Response(200) if request.method == "DELETE" else _json(200, {"items": rows})

    def _get(self, request: Request, rest: str, session: Session) -> Response:
        if rest in READS:
            read = READS[rest]
            return _json(200, read.answer(self.array, Query.of(request, read.listing.parameters)))
        if rest not in _OWN:
            return _errors(404, None, "Not found.")
        rows = self._sessions(session) if rest == "sessions" else self._admins()
        listing = _OWN[rest]
        items = [Item(str(row["name"]), lambda row=row: row, row.get("id")) for row in rows]  # type: ignore[misc]
        return _json(200, answer(listing, Query.of(request, listing.parameters), items))

    def _sessions(self, own: Session) -> list[Row]:
        return [
            {
                "id": session.id,
                "name": session.user,
                "end_time": None,
                "event": None,
                "event_count": 0,
                "location": "127.0.0.1",
                "method": "API token",
                "start_time": ms(session.started),
                "user": session.user,
                "user_interface": "REST",
            }
            for session in sorted(self.sessions.values(), key=lambda s: (s is not own, s.started))
        ]

    def _admins(self) -> list[Row]:
        hidden: dict[str, Any] = {"created_at": None, "expires_at": None, "token": "****"}
        return [
            {
                "name": user,
                "api_token": dict(hidden),
                "is_local": True,
                "locked": False,
                "lockout_remaining": None,
                "password": None,
                "public_key": None,
                "role": {"name": "array_admin"},
            }
            for user in self.device.users
        ]

    # ----------------------------------------------------------------------------------------------------- REST 1.x

    def _old(self, request: Request, rest: str) -> Response:
        """``auth/apitoken`` turns a user and password into the API token. The rest of 1.x is not served."""
        if (request.method, rest) != ("POST", "auth/apitoken"):
            return _json(404, [{"ctx": rest, "msg": "not found"}])
        try:
            told = json.loads(request.body)
            user, password = str(told["username"]), str(told["password"])
        except (ValueError, KeyError, TypeError):
            return _json(400, [{"ctx": "", "msg": "username and password are required"}])
        known = self.device.users.get(user)
        refused = self.world.faults.active(self.device.name, FaultKind.REFUSES_LOGIN)
        if known is None or refused or not _same(known, password):
            return _json(400, [{"ctx": user, "msg": "invalid credentials"}])
        return _json(200, {"api_token": known})


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


_OWN: dict[str, Listing] = {
    "sessions": Listing(),
    "admins": Listing(ids=False, extra=frozenset({"expose_api_token"})),
}
