"""The HTTPS door of a vCenter Server or ESXi host: SOAP on ``/sdk``, disks of leases on ``/nfc``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie

from backends.lab.bodies import Body
from backends.lab.faults import FaultKind
from backends.lab.https import HttpsDoor, HttpsProtocol, Request, Response
from backends.lab.tls import Identities
from backends.lab.vsphere import leases, methods_service, methods_transfer, methods_vm, soap
from backends.lab.vsphere.disks import DiskFile
from backends.lab.vsphere.records import Lease, LeaseFile, Refusal
from backends.lab.vsphere.registry import Context
from backends.lab.vsphere.service import Service
from backends.lab.vsphere.state import VSphereState
from backends.lab.vsphere.uploads import BLOCK, Upload
from backends.lab.vsphere.views_lease import token_of
from backends.lab.world import Device, World

MODULES = (methods_service, methods_transfer, methods_vm)  # importing them fills the table of methods
COOKIE = "vmware_soap_session"
_XML = "text/xml; charset=utf-8"
_WAITS = frozenset({"WaitForUpdatesEx", "WaitForUpdates", "CheckForUpdates"})
_NFC = re.compile(r"/nfc/([0-9a-f-]{36})/([A-Za-z0-9._-]+)")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_DISK = "application/x-vnd.vmware-streamVmdk"
_REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}


def open_doors(world: World, device: Device, identities: Identities) -> dict[str, HttpsDoor]:
    """The door of a device whose ``state`` is a :class:`VSphereState`."""
    assert isinstance(device.state, VSphereState)
    protocol = SoapProtocol(Service(world, device, device.state))
    wire = HttpsProtocol(protocol.handle, verb_of, protocol.refusal, takes_in)
    return {"https": HttpsDoor(world, device, identities.of(device.name), wire, device.ports.get("https", 0))}


def verb_of(request: Request) -> str:
    """What faults and counters call a request: the SOAP method, else ``GET /nfc`` and the like."""
    if request.method == "POST" and request.path.startswith("/sdk"):
        return soap.method_of(request.body) or "POST /sdk"
    top = "/" + request.path.strip("/").split("/")[0]
    return f"{request.method} {'/nfc' if top == '/nfc' else request.path}"


def takes_in(method: str, path: str) -> bool:
    """Whether it is a disk that is sent, which is taken in while it arrives."""
    return method in ("PUT", "POST") and _NFC.fullmatch(path) is not None


def _page(status: int, headers: dict[str, str] | None = None) -> Response:
    reason = _REASONS.get(status, "Error")
    body = f"<html><head><title>{status} {reason}</title></head><body><h1>{status} {reason}</h1></body></html>"
    return Response(status, body.encode(), "text/html", headers or {})


class SoapProtocol:
    """Turns HTTP into calls of the service and its faults into HTTP 500 with a SOAP fault, as the vendor does."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def refusal(self, status: int) -> Response:
        """What the server's own proxy says when it refuses before anything reaches the service."""
        if status == 500:
            made = soap.simple_fault("SystemError", "A general system error occurred: lab fault")
            made.reason = "lab fault"
            return Response(500, soap.fault(made, soap.version_of("")), _XML)
        return _page(status)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path.rstrip("/")
        if path in ("/sdk", "/sdk/vimService", "/sdk/webService") and request.method == "POST":
            return self._soap(request)
        if request.method in ("GET", "HEAD") and path == "/sdk/vimServiceVersions.xml":
            return Response(200, soap.service_versions(), "text/xml")
        if (lease := _NFC.fullmatch(request.path)) is not None:
            return self._disk(request, *lease.groups())
        if path in ("/sdk", "/sdk/vimService") and request.method not in ("GET", "HEAD"):
            return Response(405, b"", "text/plain", {"Allow": "POST"})
        return _page(404)

    # ----------------------------------------------------------------------------------------------------------- soap

    def _soap(self, request: Request) -> Response:
        version = soap.version_of(request.headers.get("soapaction", ""))
        service = self.service
        name = service.device.name
        try:
            call = soap.read(request.body)
        except soap.NotUnderstood as error:
            return Response(500, soap.fault(soap.simple_fault("InvalidRequest", str(error)), version), _XML)
        if call.method == "Login" and (
            service.sessions.full or service.world.faults.take(name, "Login", FaultKind.SESSION_LIMIT)
        ):
            return _page(503)
        context = self._context(request, version)
        try:
            if call.method in _WAITS:
                body = service.call(call, context)
            else:
                with service.world.turn() as now:
                    context.now = now
                    service.asking = context
                    body = service.call(call, context)
        except Refusal as refusal:
            return Response(500, soap.fault(soap.refusal_fault(refusal), version), _XML, _cookies(context))
        return Response(200, body, _XML, _cookies(context))

    def _context(self, request: Request, version: str) -> Context:
        with self.service.world.turn() as now:
            session = self.service.sessions.of(_cookie(request), now)
        host = request.headers.get("host", "127.0.0.1")
        return Context(self.service, session, version, now, f"https://{host}", request.headers)

    # ---------------------------------------------------------------------------------------------------------- disks

    def _disk(self, request: Request, token: str, name: str) -> Response:
        with self.service.world.turn():
            lease = next((one for one in self.service.state.leases if token_of(one) == token), None)
            file = next((one for one in lease.files if one.token == name), None) if lease else None
            if lease is None or file is None or lease.state != "ready":
                return _page(404)
        if request.method in ("GET", "HEAD") and not lease.upload and file.content is not None:
            return self._served(lease, file, file.content, request.headers.get("range", ""))
        if request.arriving is not None and lease.upload:
            return self._upload(lease, file, request.arriving, verb_of(request))
        return Response(405, b"", "text/plain")

    def _served(self, lease: Lease, file: LeaseFile, content: DiskFile, asked: str) -> Response:
        """A disk's bytes; those of a range where one is asked for (RFC 9110, 14)."""
        size, ranged = content.size, _ranged(content.size, asked)
        if ranged is not None and ranged[0] >= ranged[1]:
            return Response(416, b"", _DISK, {"Content-Range": f"bytes */{size}"})
        first, end = ranged or (0, size)

        def parts() -> Iterator[bytes]:
            place = first
            while place < end and lease.state == "ready":
                part = content.read(place, min(BLOCK, end - place))
                file.sums.sent(place, part)
                yield part
                place += len(part)

        headers = {"Accept-Ranges": "bytes"}
        if ranged is not None:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        return Response(206 if ranged is not None else 200, b"", _DISK, headers, parts(), end - first)

    def _upload(self, lease: Lease, file: LeaseFile, body: Body, verb: str) -> Response:
        """Take a disk in while it arrives. A lease that ends meanwhile, as for want of room, takes no more."""
        state, world, upload = self.service.state, self.service.world, Upload()
        try:
            while not body.ended:
                if not (block := body.read(BLOCK)):
                    break  # the chunk that ends it
                upload.add(block)
                self.service.device.counters.moved[verb] += len(block)
                with world.turn():
                    leases.arriving(state, lease, file, upload)
            with world.turn():
                leases.arrived(state, lease, file, upload)
        except Refusal:
            return _page(404 if lease.fault is None or lease.fault.fault != "NoDiskSpace" else 500)
        return Response(201 if verb.startswith("PUT") else 200, b"", "text/plain")


def _ranged(size: int, asked: str) -> tuple[int, int] | None:
    """First byte and end of the range that is asked for; the end is not behind the first where there is no such byte.
    None: the whole. More than one range is answered by the whole, as a server may."""
    found = _RANGE.fullmatch(asked)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return (max(0, size - int(found[2])), size)
    first, end = int(found[1]), int(found[2]) + 1 if found[2] else max(size, int(found[1]))
    return None if found[2] and end <= first else (first, min(size, end))


def _cookie(request: Request) -> str | None:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return found.value.strip('"') if found is not None else None


def _cookies(context: Context) -> dict[str, str]:
    if context.cookie is None:
        return {}
    return {"Set-Cookie": f'{COOKIE}="{context.cookie}"; Path=/; HttpOnly; Secure;'}
