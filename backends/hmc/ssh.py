"""One SSH connection to one HMC, many commands over it: each on a channel of its own, bounded in number and in time.

What became of a command is told apart as the table *Was it sent?* asks: no channel yet means not sent; an exit status
other than 0 with a text means refused; a time-out or a lost connection before the exit status means unknown.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backends.endpoint import Limits, SshAccess
from backends.hmc.records import code_of
from backends.outcome import DeviceError, Failure, Sent

if TYPE_CHECKING:
    import paramiko

_KEEPALIVE_S = 15
_CHUNK = 65536
_MOST_BYTES = 256 * 1024 * 1024

logging.getLogger("paramiko").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and how it ended. Text that was not UTF-8 holds lone surrogates."""

    exit_status: int
    stdout: str
    stderr: str


class UntrustedKeyError(Exception):
    """The device showed another host key than the pinned ones. The message holds the fingerprints."""


def fingerprint(key: bytes) -> str:
    """``SHA256:…`` of a host key's bytes, as ``ssh-keygen -l`` writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


class HmcSession:
    """A connection that is made at the first command and again after it was lost. Safe to use from several threads."""

    def __init__(self, device: str, access: SshAccess, limits: Limits) -> None:
        self.device = device
        self._access = access
        self._limits = limits
        self._client: paramiko.SSHClient | None = None
        self._connecting = threading.Lock()
        self._channels = threading.BoundedSemaphore(max(1, limits.sessions))

    def run(self, command: str, timeout_s: float | None = None) -> Answer:
        """Run one command and return its answer, whatever its exit status.

        ``timeout_s`` (default: the limit for calls) bounds the whole command from the request to its exit status.
        Raises :class:`DeviceError` when there is no answer.
        """
        limit = self._limits.call_s if timeout_s is None else timeout_s
        with self._channels:
            channel = self._open(command, time.monotonic() + limit)
            try:
                return self._converse(channel, command, limit)
            finally:
                with suppress(Exception):
                    channel.close()

    def ask(self, command: str) -> str:
        """Run one command and return what it printed. Raises :class:`DeviceError`, also for an exit status not 0:
        the text is then the HMC's own, from stdout, and ``code`` the message code it begins with."""
        answer = self.run(command)
        if answer.exit_status == 0:
            return answer.stdout
        text = answer.stdout.strip() or answer.stderr.strip() or f"exit status {answer.exit_status} without a text"
        raise self._error(command, Failure.REFUSED, Sent.REFUSED, text, code_of(text))

    def close(self) -> None:
        """Close the connection; never raises."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()

    # ------------------------------------------------------------------------------------------------- one command

    def _open(self, command: str, deadline: float) -> paramiko.Channel:
        import paramiko

        for fresh in (False, True):
            transport = self._transport(command)
            try:
                return transport.open_session(timeout=max(0.1, deadline - time.monotonic()))
            except paramiko.ChannelException as error:
                text = f"the HMC refused another session: {error.text}"
                raise self._error(command, Failure.SESSION_LIMIT, Sent.NO, text) from None
            except (paramiko.SSHException, EOFError, OSError) as error:
                if transport.is_active():
                    raise self._error(command, Failure.LOST, Sent.NO, _words(error)) from None
                if fresh:
                    text = "the HMC closed the connection right after the login: it may hold too many sessions"
                    raise self._error(command, Failure.SESSION_LIMIT, Sent.NO, text) from None
        raise AssertionError("not reached")

    def _converse(self, channel: paramiko.Channel, command: str, limit: float) -> Answer:
        import paramiko

        deadline = time.monotonic() + limit
        try:
            self._exec(channel, command, limit)
            out, err = self._read(channel, deadline)
            self._wait(channel.status_event, deadline)
        except TimeoutError:
            text = f"no end of the answer within {limit:g} s"
            raise self._error(command, Failure.TIMEOUT, Sent.UNKNOWN, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._error(command, Failure.LOST, Sent.UNKNOWN, _words(error)) from None
        status = channel.recv_exit_status()
        if status < 0:
            text = "the connection ended before the exit status"
            raise self._error(command, Failure.LOST, Sent.UNKNOWN, text)
        return Answer(status, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "surrogateescape"))

    def _exec(self, channel: paramiko.Channel, command: str, limit: float) -> None:
        """Send the request. Its reply has no time limit of its own in the library, so the channel is closed for it."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            with suppress(Exception):
                channel.close()

        timer = threading.Timer(limit, give_up)
        timer.daemon = True
        timer.start()
        try:
            channel.exec_command(command.encode())
        except Exception:
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    def _read(self, channel: paramiko.Channel, deadline: float) -> tuple[bytes, bytes]:
        out, err = bytearray(), bytearray()
        self._drain(channel.recv, channel, out, deadline)
        self._drain(channel.recv_stderr, channel, err, deadline)
        return bytes(out), bytes(err)

    def _drain(self, recv: Callable[[int], bytes], channel: paramiko.Channel, into: bytearray, deadline: float) -> None:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
            data = recv(_CHUNK)
            if not data:
                return
            into += data
            if len(into) > _MOST_BYTES:
                raise OSError(f"an answer of more than {_MOST_BYTES} bytes")

    def _wait(self, event: threading.Event, deadline: float) -> None:
        if not event.wait(max(0.0, deadline - time.monotonic())):
            raise TimeoutError

    # -------------------------------------------------------------------------------------------------- connection

    def _transport(self, call: str) -> paramiko.Transport:
        with self._connecting:
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

        access = self._access
        sock = self._socket(call)
        began = time.monotonic()
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
                timeout=self._limits.connect_s,
                banner_timeout=self._limits.connect_s,
                auth_timeout=self._limits.connect_s,
                allow_agent=False,
                look_for_keys=False,
                transport_factory=_transport_factory(access),
            )
        except Exception as error:
            with suppress(Exception):
                client.close()
            with suppress(OSError):
                sock.close()
            raise self._connect_error(call, error, time.monotonic() - began) from None
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(_KEEPALIVE_S)
        return client

    def _socket(self, call: str) -> socket.socket:
        access = self._access
        try:
            sock = socket.create_connection((access.host, access.port), timeout=self._limits.connect_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            text = f"no connection within {self._limits.connect_s:g} s"
            raise self._error(call, Failure.UNREACHABLE, Sent.NO, text) from None
        except OSError as error:
            raise self._error(call, Failure.UNREACHABLE, Sent.NO, _words(error)) from None
        return sock

    def _private_key(self, call: str) -> paramiko.PKey | None:
        """The key to log in with. It is loaded here so that its passphrase is never offered as a password."""
        import paramiko

        access = self._access
        if access.key_file is None:
            return None
        passphrase = access.password.reveal().encode() if access.password is not None else None
        try:
            return paramiko.PKey.from_path(access.key_file, passphrase)  # type: ignore[arg-type]  # it takes bytes
        except Exception as error:
            text = f"key file {access.key_file}: {_key_reason(error)}"
            raise self._error(call, Failure.LOGIN_REFUSED, Sent.NO, text) from None

    def _connect_error(self, call: str, error: Exception, waited_s: float) -> DeviceError:
        import paramiko

        if isinstance(error, DeviceError):
            return error
        if isinstance(error, UntrustedKeyError):
            return self._error(call, Failure.UNTRUSTED, Sent.NO, str(error))
        if isinstance(error, paramiko.AuthenticationException):
            text = f"login of {self._access.user} refused"
            return self._error(call, Failure.LOGIN_REFUSED, Sent.NO, text)
        if isinstance(error, TimeoutError) or waited_s >= self._limits.connect_s:
            # The library has several errors for a server that says nothing, and not one of them says so.
            text = f"no SSH session within {self._limits.connect_s:g} s: {_words(error)}"
            return self._error(call, Failure.TIMEOUT, Sent.NO, text)
        return self._error(call, Failure.LOST, Sent.NO, f"no SSH session: {_words(error)}")

    def _error(self, call: str, failure: Failure, sent: Sent, text: str, code: str | None = None) -> DeviceError:
        return DeviceError(self.device, call, failure, sent, text, code)


def _transport_factory(access: SshAccess) -> Callable[..., Any]:
    """A transport that asks first for host keys of the pinned types, so that a second key of the HMC is no surprise."""

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

    pinned: dict[bytes, str] = {}
    for line in access.host_keys:
        kind, _, rest = line.partition(" ")
        with suppress(ValueError):
            pinned[base64.b64decode(rest.split(" ")[0], validate=True)] = kind

    class PinnedOnly(paramiko.MissingHostKeyPolicy):
        """Refuse every host key that is not pinned, unless verification is off for this device."""

        def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
            if not access.verify or key.asbytes() in pinned:
                return
            shown = f"{key.get_name()} {fingerprint(key.asbytes())}"
            if not pinned:
                raise UntrustedKeyError(f"no host key is pinned; the HMC showed {shown}")
            known = ", ".join(f"{kind} {fingerprint(blob)}" for blob, kind in pinned.items())
            raise UntrustedKeyError(f"the HMC showed the host key {shown}, pinned is {known}")

    return PinnedOnly()


def _key_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, TypeError):  # says that a passphrase is missing, or given for a key without one
        return str(error)
    return "wrong passphrase, or not a private key"


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
