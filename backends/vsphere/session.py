"""One login to a vCenter Server or ESXi host: trust checked before credentials are sent, every call limited in time.

Reads that find the session ended log in again and are repeated once; a read whose kept connection the server had
closed meanwhile is repeated once on a new one. A verb is sent once, on a session that answered just before.
"""

from __future__ import annotations

import gzip
import http.client
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree

from msgspec import Struct
from msgspec.structs import replace

from backends.endpoint import Limits, TlsAccess
from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.vsphere import answers, failures
from backends.vsphere.connection import Connection, NotConnectedError, Rules, rules
from store.turns import computing

T = TypeVar("T")

_CLOSE_S = 5.0
_CHUNK = 1 << 18
_IDLE_CONNECTION_S = 60.0


class About(Struct, frozen=True):
    """What a server says of itself, from ServiceContent.about."""

    name: str
    version: str
    build: str
    api_type: str
    instance_uuid: str | None


class Session:
    """A connection to one server, opened by the first call. Not for two threads at once.

    ``logins`` counts how often it logged in: what belongs to a session on the server (views, collectors) is gone when
    it changed.
    """

    def __init__(self, device: str, access: TlsAccess, limits: Limits) -> None:
        self.device = device
        self.logins = 0
        self._access = access
        self._limits = limits
        self._rules: Rules | None = None
        self._stub: Any = None
        self._content: Any = None
        self._about: About | None = None

    # ---------------------------------------------------------------------------------------------------- open, close

    @property
    def about(self) -> About:
        """What the server says of itself; logs in if need be."""
        self._open()
        assert self._about is not None
        return self._about

    @property
    def content(self) -> Any:
        """The vendor library's ServiceContent; logs in if need be."""
        self._open()
        return self._content

    def managed(self, kind: str, moid: str) -> Any:
        """The vendor library's object of a type (``VirtualMachine``) and id, bound to this session."""
        from pyVmomi import VmomiSupport

        self._open()
        return VmomiSupport.GetWsdlType("urn:vim25", kind)(moid, self._stub)

    def disk_door(self, url: str, thumbprint: str) -> tuple[Connection, str]:
        """A connection of its own for a disk's URL, as a lease gives it, and the path. ``*`` stands for this server;
        a host behind it is known by the SHA-1 thumbprint that this server gives, or vouched for by the CA. For any
        thread, once this session is open. Raises :class:`DeviceError`."""
        assert self._rules is not None
        parts = urlsplit(url.replace("://*", f"://{_bracketed(self._access.host)}", 1))
        host, port = parts.hostname, parts.port or 443
        if parts.scheme != "https" or not host:
            text = f"expected an https URL of a disk, got {url[:200]}"
            raise DeviceError(self.device, "HttpNfcLease", Failure.BAD_ANSWER, Sent.REFUSED, text)
        made = replace(self._rules)
        if (host, port) != (self._access.host, self._access.port):
            made.fingerprint = None
            if thumbprint:
                made.context = ssl.create_default_context()
                made.context.check_hostname, made.context.verify_mode = False, ssl.CERT_NONE
                made.fingerprint = thumbprint.replace(":", "").lower()
        return Connection(host, port, made), parts.path + (f"?{parts.query}" if parts.query else "")

    def _open(self) -> None:
        if self._content is not None:
            return
        if self._stub is None:
            self._stub = self.guarded("vimServiceVersions.xml", self._make_stub)
        service = self._service_instance()
        content = self.guarded("RetrieveServiceContent", service.RetrieveContent)
        self.guarded("Login", lambda: self._login(content))
        self.logins += 1
        about = content.about
        self._about = About(about.name, about.version, about.build, about.apiType, about.instanceUuid or None)
        self._content = content

    def _service_instance(self) -> Any:
        from pyVmomi import vim

        return vim.ServiceInstance("ServiceInstance", self._stub)

    def _login(self, content: Any) -> None:
        secret = self._access.secret
        content.sessionManager.Login(self._access.user or "", secret.reveal() if secret else "", None)

    def _make_stub(self) -> Any:
        from pyVmomi import SoapStubAdapter

        self._rules = made = rules(self._access, self._limits)
        version = self._newest_common_version(made)
        host, port = self._access.host, self._access.port
        stub = SoapStubAdapter(
            host, port, version=version, path="/sdk", sslContext=made.context, poolSize=1,
            connectionPoolTimeout=_IDLE_CONNECTION_S,
        )  # fmt: skip
        stub.scheme = lambda **_ignored: Connection(host, port, made)
        stub.InvokeMethod = self._invoke  # the library takes a proxy's HTML page for the answer of a void method
        return stub

    def _invoke(self, target: Any, info: Any, arguments: Any, _stub: Any = None) -> Any:
        """What the library's objects call: send, check that it is this method's answer, decode."""
        from pyVmomi import SoapAdapter

        content = self._exchange(target, info, arguments)
        with computing():
            answers.check(content, info.wsdlName)
            return SoapAdapter.SoapResponseDeserializer(self._stub).Deserialize(content, info.result)

    def _newest_common_version(self, made: Rules) -> str:
        from pyVmomi.VmomiSupport import GetServiceVersions, versionIdMap

        connection = Connection(self._access.host, self._access.port, made)
        try:
            connection.request("GET", "/sdk/vimServiceVersions.xml")
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise failures.of_status(self.device, "vimServiceVersions.xml", answer.status, answer.reason)
        root = ElementTree.fromstring(body)
        if root.tag != "namespaces":
            raise ParseError("the versions of a vSphere server", body[:200].decode("utf-8", "replace"))
        offered = {one.text for one in root.iter("version")}
        for version in GetServiceVersions("vim25"):
            if versionIdMap[version] and versionIdMap[version] in offered:
                return str(version)
        text = "no interface version in common with this server"
        raise DeviceError(self.device, "vimServiceVersions.xml", Failure.BAD_ANSWER, Sent.REFUSED, text)

    def close(self) -> None:
        """Log out, within a few seconds; never raises."""
        stub, content, rules = self._stub, self._content, self._rules
        self._forget_login()
        try:
            if stub is not None and content is not None and rules is not None:
                stub.DropConnections()
                rules.connect_s, rules.call_s = min(_CLOSE_S, rules.connect_s), min(_CLOSE_S, rules.call_s)
                content.sessionManager.Logout()
        except Exception:  # the server ends the session itself in time
            return
        finally:
            self._stub = None
            if stub is not None:
                stub.DropConnections()

    def _forget_login(self) -> None:
        self._content = None
        self._about = None

    # ---------------------------------------------------------------------------------------------------------- calls

    def ask(self, call: str, work: Callable[[], T]) -> T:
        """Do a read that holds nothing of this session: repeated once if the session or the connection had ended."""
        self._open()
        kept = bool(self._stub.pool)
        try:
            return self.guarded(call, work)
        except DeviceError as error:
            if error.code == failures.SESSION_ENDED:
                self._forget_login()
                self._open()
            elif not (kept and error.failure is Failure.LOST):
                raise
        return self.guarded(call, work)

    def act(self, call: str, work: Callable[[], T]) -> T:
        """Send a verb, once. Just before, a harmless read makes sure that session and connection are alive."""
        self.current_time()
        return self.guarded(call, work)

    def post(self, call: str, target: Any, *arguments: Any) -> bytes:
        """Send one read to the vendor library's object ``target`` and return the answer's XML, undecoded."""
        self._open()
        return self.guarded(call, lambda: self._post(call, target, arguments))

    def current_time(self) -> datetime:
        """The server's clock; keeps the session alive, and logs in again if it had ended."""
        moment = self.ask("CurrentTime", lambda: self._service_instance().CurrentTime())
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            text = f"expected a time, got {moment!r}"
            raise DeviceError(self.device, "CurrentTime", Failure.BAD_ANSWER, Sent.REFUSED, text)
        return moment.astimezone(UTC)

    def _post(self, call: str, target: Any, arguments: tuple[Any, ...]) -> bytes:
        from pyVmomi import VmomiSupport

        return self._exchange(target, VmomiSupport.GetWsdlMethod("urn:vim25", call).info, arguments)

    def _exchange(self, target: Any, info: Any, arguments: Any) -> bytes:
        """One request and its answer's XML. Raises the server's fault, or what broke."""
        stub = self._stub
        body = stub.SerializeRequest(target, info, arguments)
        headers = {
            "Cookie": stub.cookie,
            "SOAPAction": stub.versionId,
            "Content-Type": "text/xml; charset=UTF-8",
            "Accept-Encoding": "gzip",
        }
        connection = stub.GetConnection()
        try:
            connection.request("POST", stub.path, body, headers)
            answer = connection.getresponse()
            content = self._read(answer)
        except BaseException:
            connection.close()
            stub.DropConnections()
            raise
        stub.ReturnConnection(connection)
        cookie = answer.headers.get("Set-Cookie")
        if cookie:
            stub.cookie = cookie.split(";")[0]
        if answer.status == 500:
            self._raise_fault(info, content)
        if answer.status != 200:
            raise failures.of_status(self.device, info.wsdlName, answer.status, answer.reason)
        return content

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """The whole body, within the limit of a call however slowly it comes."""
        deadline = time.monotonic() + self._limits.call_s
        parts = []
        while part := answer.read1(_CHUNK):
            parts.append(part)
            if time.monotonic() > deadline:
                raise TimeoutError
        content = b"".join(parts)
        if answer.length:
            raise http.client.IncompleteRead(content, answer.length)
        answer.read()  # nothing is left: this lets the connection be used again
        return gzip.decompress(content) if answer.headers.get("Content-Encoding") == "gzip" else content

    def _raise_fault(self, info: Any, content: bytes) -> None:
        from pyVmomi import SoapAdapter

        fault = SoapAdapter.SoapResponseDeserializer(self._stub).Deserialize(content, info.result)
        if isinstance(fault, Exception):
            raise fault
        raise ValueError("HTTP 500 without a fault")

    def guarded(self, call: str, work: Callable[[], T]) -> T:
        """Run a call once; what it raises becomes a :class:`DeviceError` without the frames that hold a password."""
        from pyVmomi import vmodl

        try:
            return work()
        except vmodl.MethodFault as fault:
            name = str(fault._wsdlName)
            failed = failures.of_fault(self.device, call, name, str(fault.msg or ""))
        except NotConnectedError as error:
            failed = failures.of_exception(self.device, call, error)
        except Exception as error:
            failed = failures.of_exception(self.device, call, error)
        if failed.sent is Sent.UNKNOWN and self._stub is not None:
            self._stub.DropConnections()
        raise failed


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
