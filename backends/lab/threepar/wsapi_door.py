"""The WSAPI over HTTPS: routing, session keys, error bodies."""

from __future__ import annotations

import json
from collections.abc import Callable

from backends.lab.https import HttpsDoor, HttpsProtocol, Request, Response
from backends.lab.threepar import wsapi_objects, wsapi_rcopy, wsapi_view
from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.objects import Task
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.wsapi_body import Body
from backends.lab.threepar.wsapi_query import select
from backends.lab.threepar.wsapi_sessions import Sessions
from backends.lab.threepar.wsapi_view import Json
from backends.lab.tls import HostIdentity
from backends.lab.world import Device, World

_ROOT = "/api/v1"
_KEY = "x-hp3par-wsapi-sessionkey"
_REFUSALS = {
    401: Why.SESSION_EXPIRED,
    403: Why.RCOPY_GROUP_IS_BUSY,
    409: Why.EXISTENT_VOL,
}


def open_door(world: World, device: Device, array: ThreePar, identity: HostIdentity) -> HttpsDoor:
    """The HTTPS door of an array, not yet started."""
    wsapi = Wsapi(array)
    protocol = HttpsProtocol(wsapi.answer, verb_of, refusal)
    return HttpsDoor(world, device, identity, protocol, device.ports.get("https", 0))


def verb_of(request: Request) -> str:
    """``GET /remotecopygroups``: the method and the collection, never a name or a key."""
    parts = [p for p in request.path.removeprefix(_ROOT).split("/") if p]
    if request.path.rstrip("/") == "/api" or not parts:
        return f"{request.method} /api"
    inner = f"/{parts[2]}" if len(parts) > 2 else ""
    return f"{request.method} /{parts[0]}{inner}"


def refusal(status: int) -> Response:
    """An error body for a status that a fault asks for."""
    why = _REFUSALS.get(status)
    if why is not None:
        return _error(ArrayError(why, "object"), status)
    words = {429: "too many requests", 500: "internal server error", 503: "system is busy", 504: "gateway timeout"}
    return _json({"code": status * 10, "desc": words.get(status, "error")}, status)


def _error(error: ArrayError, status: int | None = None) -> Response:
    body: Json = {"code": error.why.value.code, "desc": f"{error.sentence} ({error.why.name})"}
    if error.why is Why.INV_INPUT_ONE_REQUIRED:
        body = {"code": 78, "desc": "invalid input: one of the parameters is required", "ref": error.subject}
    elif error.subject:
        body["ref"] = error.subject
    return _json(body, status or error.why.value.status)


def _json(body: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(status, json.dumps(body).encode(), "application/json", headers or {})


class Wsapi:
    """The requests of one array."""

    def __init__(self, array: ThreePar) -> None:
        self.array = array
        self.sessions = Sessions(array.world, array.device, array.who.os_version.startswith("3.2"))
        array.sessions = self.sessions

    def answer(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except ArrayError as error:
            return _error(error)

    def _answer(self, request: Request) -> Response:
        if request.path.rstrip("/") == "/api":
            return _json(wsapi_view.api(self.array))
        if not request.path.startswith(_ROOT):
            raise ArrayError(Why.NOT_FOUND, request.path)
        parts = [p for p in request.path.removeprefix(_ROOT).split("/") if p]
        if parts[:1] == ["credentials"]:
            return self._credentials(request, parts[1:])
        self.sessions.check(request.headers.get(_KEY))
        if not parts:
            raise ArrayError(Why.NOT_FOUND, request.path)
        with self.array.world.turn() as now:
            if request.method == "GET":
                return _json(self._read(parts, request))
            return self._write(parts, request, now)

    def _credentials(self, request: Request, rest: list[str]) -> Response:
        if request.method == "POST" and not rest:
            body = Body.read(request.body)
            key = self.sessions.log_in(body.members.get("user"), body.members.get("password"))
            return _json({"key": key}, 201, {"Location": f"{_ROOT}/credentials/{key}"})
        if request.method == "DELETE" and len(rest) == 1:
            self.sessions.log_out(rest[0])
            return Response(200)
        raise ArrayError(Why.NOT_IMPLEMENTED)

    # --------------------------------------------------------------------------------------------------------- reading

    def _read(self, parts: list[str], request: Request) -> Json:
        array = self.array
        plain: dict[str, Callable[[], Json]] = {
            "system": lambda: wsapi_view.system(array),
            "wsapiconfiguration": lambda: wsapi_view.configuration(array),
            "capacity": lambda: wsapi_view.capacity(array),
            "remotecopy": lambda: {"mode": 2, "status": 1, "asyncEnabled": True},
            "hostsets": lambda: wsapi_view.members([]),
            "volumesets": lambda: wsapi_view.members([]),
        }
        if len(parts) == 1 and parts[0] in plain:
            return plain[parts[0]]()
        if parts[0] == "remotecopygroups":
            return self._read_groups(parts[1:], request)
        if parts[0] == "tasks":
            return self._read_tasks(parts[1:])
        items, missing = self._collection(parts[0])
        if len(parts) == 1:
            return wsapi_view.members(select(items, request.one("query")))
        return _one(items, parts[1], missing)

    def _collection(self, name: str) -> tuple[list[Json], Why]:
        array, view = self.array, wsapi_view
        if name == "cpgs":
            return [view.cpg(array, c) for c in array.cpgs.values()], Why.NON_EXISTENT_CPG
        if name == "volumes":
            return [view.volume(array, v) for v in array.volumes.values()], Why.NON_EXISTENT_VOL
        if name == "hosts":
            return [view.host(array, h) for h in array.hosts.values()], Why.NON_EXISTENT_HOST
        if name == "vluns":
            return view.vluns(array), Why.NON_EXISTENT_VLUN
        if name == "ports":
            return [view.port(array, p, i) for i, p in enumerate(array.ports)], Why.NOT_FOUND
        if name == "remotecopytargets":
            return [view.target(t) for t in array.targets.values()], Why.NON_EXISTENT_RCOPY_TARGET
        if name == "remotecopylinks":
            links = [view.link(t, w) for t in array.targets.values() for w in t.connection.wires]
            return links, Why.NON_EXISTENT_RCOPY_LINK
        raise ArrayError(Why.NOT_FOUND, name)

    def _read_groups(self, rest: list[str], request: Request) -> Json:
        array, view = self.array, wsapi_view
        if not rest:
            items = [view.group(array, g, s) for g, s in list(array.groups.values())]
            return view.members(select(items, request.one("query")))
        group, side = array.group(rest[0])
        if len(rest) == 1:
            return view.group(array, group, side)
        if rest[1] != "volumes":
            raise ArrayError(Why.NOT_FOUND, rest[1])
        volumes = view.group(array, group, side)["volumes"]
        if len(rest) == 2:
            return view.members(volumes)
        return _one(volumes, rest[2], Why.NON_EXISTENT_VV_IN_RCOPY_GROUP, "localVolumeName")

    def _read_tasks(self, rest: list[str]) -> Json:
        array = self.array
        if not rest:
            return wsapi_view.members([wsapi_view.task(array, t) for t in array.tasks.values()])
        if not (rest[0].isascii() and rest[0].isdigit()):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, "Task ID is not an integer")
        found = array.tasks.get(int(rest[0][:12]))
        if found is None:
            raise ArrayError(Why.NON_EXISTENT_TASK)
        return wsapi_view.task(array, found)

    # --------------------------------------------------------------------------------------------------------- writing

    def _write(self, parts: list[str], request: Request, now: float) -> Response:
        body = Body.read(request.body) if request.body else Body({})
        call = (request.method, len(parts))
        if parts[0] == "remotecopygroups":
            return self._write_group(call, parts, body, request, now)
        if parts[0] == "remotecopytargets" and call == ("PUT", 2):
            wsapi_rcopy.modify_target(self.array, parts[1], body)
            return Response(200)
        if parts[0] == "spacereporter" and call == ("POST", 1):
            return self._space(body)
        creators: dict[str, Callable[[ThreePar, Body], str]] = {
            "volumes": wsapi_objects.create_volume,
            "hosts": wsapi_objects.create_host,
            "vluns": wsapi_objects.create_vlun,
        }
        if parts[0] == "cpgs" and call == ("POST", 1):
            return _created("cpgs", self.array.add_cpg(body.text("name")).name)
        if parts[0] in creators and call == ("POST", 1):
            return _created(parts[0], creators[parts[0]](self.array, body))
        return self._write_one(call, parts, body)

    def _write_group(
        self, call: tuple[str, int], parts: list[str], body: Body, request: Request, now: float
    ) -> Response:
        array = self.array
        if call == ("POST", 1):
            return _created("remotecopygroups", wsapi_rcopy.create(array, body))
        if call == ("POST", 2):
            wsapi_rcopy.act(array, parts[1], body, now)
        elif call == ("PUT", 2):
            wsapi_rcopy.modify(array, parts[1], body, now)
        elif call == ("DELETE", 2):
            wsapi_rcopy.remove(array, parts[1])
        elif call == ("POST", 3) and parts[2] == "volumes":
            wsapi_rcopy.add_volume(array, parts[1], body)
        elif call == ("DELETE", 4) and parts[2] == "volumes":
            keep, both = (request.one(n) == "true" for n in ("keepSnap", "removeSecondaryVolume"))
            wsapi_rcopy.drop_volume(array, parts[1], parts[3], keep, both)
        else:
            raise ArrayError(Why.NOT_IMPLEMENTED)
        return Response(200)

    def _write_one(self, call: tuple[str, int], parts: list[str], body: Body) -> Response:
        array = self.array
        if call == ("POST", 2) and parts[0] == "volumes":
            return _created("volumes", wsapi_objects.act_on_volume(array, parts[1], body))
        if call == ("PUT", 2) and parts[0] == "volumes":
            task = wsapi_objects.modify_volume(array, parts[1], body)
            return _json({"taskid": task.id}) if isinstance(task, Task) else Response(200)
        if call == ("PUT", 2) and parts[0] == "hosts":
            wsapi_objects.modify_host(array, parts[1], body)
        elif call == ("DELETE", 2) and parts[0] == "volumes":
            array.remove_volume(parts[1])
        elif call == ("DELETE", 2) and parts[0] == "hosts":
            array.remove_host(parts[1])
        elif call == ("DELETE", 2) and parts[0] == "vluns":
            wsapi_objects.remove_vlun(array, parts[1])
        elif call == ("PUT", 2) and parts[0] == "tasks":
            raise ArrayError(Why.INV_INPUT, "task cannot be cancelled")
        else:
            raise ArrayError(Why.NOT_IMPLEMENTED)
        return Response(200)

    def _space(self, body: Body) -> Response:
        if body.text("cpg") not in self.array.cpgs:
            raise ArrayError(Why.NON_EXISTENT_CPG)
        free = self.array.who.total_mib - self.array.used_mib
        return _json({"rawFreeMiB": free * 2, "usableFreeMiB": free})


def _one(items: list[Json], name: str, missing: Why, member: str = "name") -> Json:
    for item in items:
        if item.get(member) == name:
            return item
    raise ArrayError(missing)


def _created(collection: str, name: str) -> Response:
    location = f"{_ROOT}/{collection}/{name}"
    return _json({"links": [{"href": location, "rel": "self"}]}, 201, {"Location": location})
