"""The CLI over SSH: one connection, one exec channel per command, CSV asked for explicitly, errors told by their text.

The vendor's own SSH class is not used: it accepts any host key, types into an interactive shell and cuts the answer by
counting lines.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from backends.endpoint import Limits, SshAccess
from backends.outcome import DeviceError, Failure, Sent

if TYPE_CHECKING:
    import paramiko

_CHUNK = 65536
_MOST_BYTES = 256 * 1024 * 1024
_ERROR = re.compile(r"(?:Error|ERROR|error)\b ?:?|invalid command name |Invalid |Access denied", re.ASCII)
_BUSY = re.compile(r"currently being promoted|is busy|in progress", re.IGNORECASE)
_TOO_MANY = re.compile(r"too many (?:local )?CLI connections", re.IGNORECASE)

logging.getLogger("paramiko").addHandler(logging.NullHandler())


class UntrustedKeyError(Exception):
    """The array showed a host key that is not pinned. The message holds the fingerprints."""


class CliSession:
    """A connection made at the first command. Raises :class:`DeviceError` for everything that goes wrong."""

    def __init__(self, device: str, access: SshAccess, limits: Limits) -> None:
        self.device = device
        self._access = access
        self._limits = limits
        self._client: paramiko.SSHClient | None = None

    def close(self) -> None:
        """Close the connection; never raises."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()

    def csv(self, command: str, *, headers: bool = False) -> str:
        """What a ``show`` command prints in CSV. An error text, which comes with exit status 0, is raised."""
        setup = "setclienv csvtable 1 ; " + ("" if headers else "setclienv nohdtot 1 ; ")
        return self._checked(command, self._run(command, f"{setup}{command} ; exit", self._limits.call_s))

    def do(self, command: str, timeout_s: float) -> str:
        """Send a verb once and return what it printed. ``timeout_s`` bounds the wait, ``-waittask`` included."""
        return self._checked(command, self._run(command, command, timeout_s))

    def _checked(self, command: str, text: str) -> str:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        if _TOO_MANY.search(first):
            raise self._error(command, Failure.SESSION_LIMIT, Sent.REFUSED, text.strip())
        if _ERROR.match(first):
            failure = Failure.BUSY if _BUSY.search(first) else Failure.REFUSED
            raise self._error(command, failure, Sent.REFUSED, text.strip())
        return text

    # ------------------------------------------------------------------------------------------------- one command

    def _run(self, call: str, line: str, timeout_s: float) -> str:
        import paramiko

        channel = self._channel(call)
        deadline = time.monotonic() + timeout_s
        guard = threading.Timer(timeout_s + 1, channel.close)  # the reply to exec has no time limit of its own
        guard.daemon = True
        guard.start()
        try:
            channel.exec_command(line.encode())
            out = self._drain(channel, channel.recv, deadline)
            err = self._drain(channel, channel.recv_stderr, deadline)
            if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
        except TimeoutError:
            text = f"no end of the answer within {timeout_s:g} s"
            raise self._error(call, Failure.TIMEOUT, Sent.UNKNOWN, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            late = time.monotonic() >= deadline
            failure = Failure.TIMEOUT if late else Failure.LOST
            raise self._error(call, failure, Sent.UNKNOWN, _words(error)) from None
        finally:
            guard.cancel()
            with suppress(Exception):
                channel.close()
        if channel.exit_status < 0:
            text = "the connection ended before the end of the answer"
            raise self._error(call, Failure.LOST, Sent.UNKNOWN, text)
        text = self._decoded(call, out)
        if channel.exit_status != 0:
            said = text.strip() or self._decoded(call, err).strip() or f"exit status {channel.exit_status}"
            raise self._error(call, Failure.REFUSED, Sent.REFUSED, said, str(channel.exit_status))
        return text

    def _decoded(self, call: str, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self._error(call, Failure.BAD_ANSWER, Sent.UNKNOWN, "the answer is not UTF-8 text") from None

    def _drain(self, channel: paramiko.Channel, recv: Callable[[int], bytes], deadline: float) -> bytes:
        found = bytearray()
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
            data = recv(_CHUNK)
            if not data:
                return bytes(found)
            found += data
            if len(found) > _MOST_BYTES:
                raise OSError(f"an answer of more than {_MOST_BYTES} bytes")

    def _channel(self, call: str) -> paramiko.Channel:
        import paramiko

        transport = self._transport(call)
        try:
            return transport.open_session(timeout=self._limits.connect_s)
        except paramiko.ChannelException as error:
            text = f"the array refused another session: {error.text}"
            raise self._error(call, Failure.SESSION_LIMIT, Sent.NO, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            self.close()
            raise self._error(call, Failure.LOST, Sent.NO, _words(error)) from None

    # -------------------------------------------------------------------------------------------------- connection

    def _transport(self, call: str) -> paramiko.Transport:
        transport = self._client.get_transport() if self._client is not None else None
        if transport is None or not transport.is_active():
            self.close()
            self._client = self._connect(call)
            transport = self._client.get_transport()
        if transport is None:
            raise self._error(call, Failure.LOST, Sent.NO, "the connection ended right after the login")
        return transport

    def _connect(self, call: str) -> paramiko.SSHClient:
        import paramiko

        access, limit = self._access, self._limits.connect_s
        sock = self._socket(call)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_pinned_only(access))
        try:
            key = self._private_key(call)
            password = None if key is not None or access.password is None else access.password.reveal()
            client.connect(
                access.host,
                access.port,
                access.user,
                password=password,
                pkey=key,
                sock=sock,
                timeout=limit,
                banner_timeout=limit,
                auth_timeout=limit,
                allow_agent=False,
                look_for_keys=False,
                transport_factory=_transport_factory(access),
            )
        except Exception as error:
            with suppress(Exception):
                client.close()
            with suppress(OSError):
                sock.close()
            raise self._connect_error(call, error) from None
        return client

    def _socket(self, call: str) -> socket.socket:
        access, limit = self._access, self._limits.connect_s
        try:
            sock = socket.create_connection((access.host, access.port), timeout=limit)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            text = f"no connection within {limit:g} s"
            raise self._error(call, Failure.UNREACHABLE, Sent.NO, text) from None
        except OSError as error:
            raise self._error(call, Failure.UNREACHABLE, Sent.NO, _words(error)) from None
        return sock

    def _private_key(self, call: str) -> paramiko.PKey | None:
        """The key to log in with, loaded here so that its passphrase is never offered as a password."""
        import paramiko

        access = self._access
        if access.key_file is None:
            return None
        passphrase = access.password.reveal().encode() if access.password is not None else None
        try:
            return paramiko.PKey.from_path(access.key_file, passphrase)  # type: ignore[arg-type]  # it takes bytes
        except OSError as error:
            text = f"key file {access.key_file}: {error.strerror or type(error).__name__}"
        except Exception:
            text = f"key file {access.key_file}: wrong passphrase, or not a private key"
        raise self._error(call, Failure.LOGIN_REFUSED, Sent.NO, text)

    def _connect_error(self, call: str, error: Exception) -> DeviceError:
        import paramiko

        if isinstance(error, DeviceError):
            return error
        if isinstance(error, UntrustedKeyError):
            return self._error(call, Failure.UNTRUSTED, Sent.NO, str(error))
        if isinstance(error, paramiko.AuthenticationException):
            return self._error(call, Failure.LOGIN_REFUSED, Sent.NO, f"login of {self._access.user} refused")
        if isinstance(error, TimeoutError):
            return self._error(call, Failure.TIMEOUT, Sent.NO, _words(error))
        return self._error(call, Failure.LOST, Sent.NO, f"no SSH session: {_words(error)}")

    def _error(self, call: str, failure: Failure, sent: Sent, text: str, code: str | None = None) -> DeviceError:
        return DeviceError(self.device, call, failure, sent, text, code)


def fingerprint(key: bytes) -> str:
    """``SHA256:…`` of a host key's bytes, as ``ssh-keygen -l`` writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _transport_factory(access: SshAccess) -> Callable[..., Any]:
    """A transport that asks first for host keys of the pinned types, so that a second key is no surprise."""

    def make(sock: socket.socket, **options: Any) -> paramiko.Transport:
        import paramiko

        transport = paramiko.Transport(sock, **options)
        pinned = {line.split()[0] for line in access.host_keys if line.split()}
        security = transport.get_security_options()
        wanted = [t for t in security.key_types if t in pinned or (t.startswith("rsa-sha2") and "ssh-rsa" in pinned)]
        security.key_types = [*wanted, *(t for t in security.key_types if t not in wanted)]
        return transport

    return make


def _pinned_only(access: SshAccess) -> paramiko.MissingHostKeyPolicy:
    import paramiko

    pinned: set[bytes] = set()
    for line in access.host_keys:
        with suppress(ValueError, IndexError):
            pinned.add(base64.b64decode(line.split()[1], validate=True))

    class PinnedOnly(paramiko.MissingHostKeyPolicy):
        """Refuse every host key that is not pinned, unless verification is off for this device."""

        def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
            if not access.verify or key.asbytes() in pinned:
                return
            shown = f"{key.get_name()} {fingerprint(key.asbytes())}"
            if not pinned:
                raise UntrustedKeyError(f"no host key is pinned; the array showed {shown}")
            known = ", ".join(sorted(fingerprint(blob) for blob in pinned))
            raise UntrustedKeyError(f"the array showed the host key {shown}, pinned is {known}")

    return PinnedOnly()


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
