"""Real receivers on loopback for tests of notifications: a mail server, a web server, a syslog."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "drdeck@example.com", "correct horse/battery+staple"


# ----------------------------------------------------------------------------------------------------------------- mail


@dataclass
class MailBox:
    """What a mail server took. ``refuses``: recipients; ``answer``: to the message, empty: it takes it."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    logged_in: list[bool] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    answer: str = ""

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer:
            return self.answer
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        self.over_tls.append(session.ssl is not None or self._implicit)
        self.logged_in.append(bool(session.authenticated))
        return "250 OK"

    _implicit: bool = False


def _authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, message=None if right else f"535 5.7.8 {data.password.decode()}?")


@contextmanager
def mail_server(tls: ssl.SSLContext | None, *, implicit: bool = False, port: int = 0) -> Iterator[MailBox]:
    """A mail server that wants a login: over STARTTLS, with ``implicit`` over TLS from the first byte; without ``tls``
    it offers neither login nor encryption."""
    box = MailBox()
    box._implicit = implicit
    box.port = port or free_port()
    options: dict[str, Any] = {}
    if tls is not None:
        options = {"authenticator": _authenticated, "auth_required": True, "auth_require_tls": not implicit}
        options |= {"ssl_context": tls} if implicit else {"tls_context": tls, "require_starttls": True}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def scripted_mail_server(*answers: str) -> Iterator[int]:
    """A mail server on a port that gives these answers, the first as its greeting, and then hangs up."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for answer in answers:
                self.wfile.write(f"{answer}\r\n".encode())
                self.rfile.readline()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, _serving(server):
        yield server.server_address[1]


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


# ------------------------------------------------------------------------------------------------------------------ web


@dataclass
class Posted:
    """One request: its path, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class WebHook:
    """What a web server was sent. ``status`` and ``answer`` are what it says; ``hangs`` holds its answer back."""

    port: int = 0
    posted: list[Posted] = field(default_factory=list)
    status: int = 200
    answer: str = "ok"
    location: str = ""
    hangs: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def web_server(tls: ssl.SSLContext, port: int = 0) -> Iterator[WebHook]:
    """A web server over TLS."""
    hook = WebHook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posted.append(Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            hook.arrived.set()
            if hook.hangs is not None:
                hook.hangs.wait(30)
            with suppress(OSError):
                self.send_response(hook.status)
                if hook.location:
                    self.send_header("Location", hook.location)
                self.send_header("Content-Length", str(len(hook.answer)))
                self.end_headers()
                self.wfile.write(hook.answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[socket.socket, Any]:
            raw, address = super().get_request()
            raw.settimeout(30)
            return tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, *_: object) -> None:
            pass  # a client that does not believe the certificate hangs up

    with Server(("127.0.0.1", port), Handler) as server:
        hook.port = server.server_address[1]
        with _serving(server):
            yield hook


# --------------------------------------------------------------------------------------------------------------- syslog


@contextmanager
def syslog_tcp() -> Iterator[tuple[int, list[bytes]]]:
    """A collector over TCP: its port, and each connection's bytes."""
    got: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            got.append(self.rfile.read())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, _serving(server):
        yield server.server_address[1], got


@contextmanager
def datagrams(path: Path | None = None) -> Iterator[tuple[int, socket.socket]]:
    """A socket that takes datagrams over UDP, or at ``path`` on this machine."""
    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.settimeout(20)
        door.bind(("127.0.0.1", 0) if path is None else str(path))
        yield 0 if path is not None else int(door.getsockname()[1]), door


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
