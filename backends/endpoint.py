"""How to reach one device: what a driver needs and nothing about where it was configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, token or key text that never shows itself: ``repr`` and ``str`` are dots; ask :meth:`reveal`."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__


class SshAccess(Struct, frozen=True):
    """An SSH door. ``host_keys`` are the pinned keys as ``type base64``; with none pinned the driver refuses to connect
    unless ``verify`` is off. Either ``password`` or ``key_file`` (with ``password`` as its passphrase)."""

    host: str
    port: int
    user: str
    password: Secret | None = None
    key_file: Path | None = None
    host_keys: tuple[str, ...] = ()
    verify: bool = True


class TlsAccess(Struct, frozen=True):
    """An HTTPS door. The certificate is verified against ``ca_file`` (or the system's store) and, where ``fingerprint``
    is given (SHA-256 of the certificate, 64 lower-case hex digits), it must be that very certificate. ``verify`` off
    asks no CA and compares no host name: with a ``fingerprint`` that very certificate is still demanded (a pinned
    self-signed one), without one any is accepted (explicit and per device)."""

    host: str
    port: int
    user: str | None = None
    secret: Secret | None = None
    ca_file: Path | None = None
    fingerprint: str | None = None
    verify: bool = True


class Limits(Struct, frozen=True):
    """Time limits in seconds and the session bound that every call to a device obeys."""

    connect_s: float = 10.0
    call_s: float = 60.0
    sessions: int = 4
