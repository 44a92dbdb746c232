"""One SSH connection to a device: pinned host key, password or key file, every wait bounded, failures typed.

Nothing of this is a vendor's: the HMC and the command line of a 3PAR are both reached through it.
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
from typing import TYPE_CHECKING, Any

from backends.endpoint import Limits, SshAccess
from backends.outcome import DeviceError, Failure, Sent

if TYPE_CHECKING:
    import paramiko

_KEEPALIVE_S = 15
_CHUNK = 65536
_MOST_BYTES = 256 * 1024 * 1024

logging.getLogger("paramiko").addHandler(logging.NullHandler())


class UntrustedKeyError(Exception):
    """The device showed another host key than the pinned ones. The message holds the fingerprints."""


def fingerprint(key: bytes) -> str:
    """``SHA256:…`` of a host key's bytes, as ``ssh-keygen -l`` writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


class SshConnection:
    """A connection that is made at the first need and again after it was lost. Safe to use from several threads.

    ``who`` is what messages call the device (``the HMC``). Every method raises :class:`DeviceError`, not sent.
    """

    def __init__(self, device: str, who: str, access: SshAccess, limits: Limits) -> None:
        self.device = device
        self._who = who
        self._access = access
        self._limits = limits
        self._client: paramiko.SSHClient | None = None
        self._closed = False
        self._connecting = threading.Lock()

    def transport(self, call: str) -> paramiko.Transport:
        """The connection, logged in; ``call`` names what it is wanted for."""
        with self._connecting:
            transport = self._client.get_transport() if self._client is not None else None
            if self._closed:
                raise self._error(call, Failure.LOST, "the connection was closed here")
            if transport is None or not transport.is_active():
                self._drop()
                self._client = self._connect(call)
                transport = self._client.get_transport()
            if transport is None:
                raise self._error(call, Failure.LOST, "the connection ended right after the login")
            return transport

    def close(self) -> None:
        """Close the connection; never raises. Final: a call that is still under way does not log in again."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()

    def _connect(self, call: str) -> paramiko.SSHClient:
        import paramiko

        access = self._access
        sock = self._socket(call)
        began = time.monotonic()
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_pinned_only(access, self._who))
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
            raise self._error(call, Failure.UNREACHABLE, text) from None
        except OSError as error:
            raise self._error(call, Failure.UNREACHABLE, words(error)) from None
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
            raise self._error(call, Failure.LOGIN_REFUSED, text) from None

    def _connect_error(self, call: str, error: Exception, waited_s: float) -> DeviceError:
        import paramiko

        if isinstance(error, DeviceError):
            return error
        if isinstance(error, UntrustedKeyError):
            return self._error(call, Failure.UNTRUSTED, str(error))
        if isinstance(error, paramiko.AuthenticationException):
            text = f"login of {self._access.user} refused"
            return self._error(call, Failure.LOGIN_REFUSED, text)
        if isinstance(error, TimeoutError) or waited_s >= self._limits.connect_s:
            # The library has several errors for a server that says nothing, and not one of them says so.
            text = f"no SSH session within {self._limits.connect_s:g} s: {words(error)}"
            return self._error(call, Failure.TIMEOUT, text)
        return self._error(call, Failure.LOST, f"no SSH session: {words(error)}")

    def _error(self, call: str, failure: Failure, text: str) -> DeviceError:
        return DeviceError(self.device, call, failure, Sent.NO, text)


def drain(channel: paramiko.Channel, recv: Callable[[int], bytes], deadline: float) -> bytes:
    """All that ``recv`` of ``channel`` gives until its end. ``deadline`` is on the monotonic clock; raises
    TimeoutError past it, and OSError for more than any answer of a device can be."""
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


def words(error: BaseException) -> str:
    """An exception's own words, or at least its name."""
    return str(error) or type(error).__name__


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


def _pinned_only(access: SshAccess, who: str) -> paramiko.MissingHostKeyPolicy:
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
                raise UntrustedKeyError(f"no host key is pinned; {who} showed {shown}")
            known = ", ".join(f"{kind} {fingerprint(blob)}" for blob, kind in pinned.items())
            raise UntrustedKeyError(f"{who} showed the host key {shown}, pinned is {known}")

    return PinnedOnly()


def _key_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, TypeError):  # says that a passphrase is missing, or given for a key without one
        return str(error)
    return "wrong passphrase, or not a private key"
