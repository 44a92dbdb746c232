"""The identities pinned by ``drdeck trust``: ``known_devices.toml``, mode 0600, beside the configuration.

One table per device and door, ``[hmc-paris.ssh]`` or ``[fa-paris.https]``. SSH doors keep the host key as ``type
base64``, HTTPS doors the certificate as PEM.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import tempfile
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from app import values

_HEADER = (
    "# Identities of devices, pinned by: drdeck trust. Whoever can change this file decides whom drdeck believes.\n"
)
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class Protocol(StrEnum):
    """What is spoken at a door, and so what its identity is: a host key or a certificate."""

    SSH = "ssh"
    HTTPS = "https"


class KnownDevicesError(Exception):
    """The file of pinned identities cannot be used; the text says why and what to do."""


class Identity(Struct, frozen=True):
    """What a door presents: an SSH host key (``type base64``) or a certificate (its DER bytes)."""

    protocol: Protocol
    host_key: str = ""
    certificate: bytes = b""

    @property
    def fingerprint(self) -> str:
        """``ssh-ed25519 SHA256:…`` as ``ssh-keygen -l`` writes it, or ``SHA256 AB:CD:…`` as ``openssl x509`` does."""
        if self.protocol is Protocol.SSH:
            kind, _, encoded = self.host_key.partition(" ")
            digest = hashlib.sha256(base64.b64decode(encoded)).digest()
            return f"{kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
        return "SHA256 " + ":".join(f"{byte:02X}" for byte in hashlib.sha256(self.certificate).digest())

    @property
    def sha256(self) -> str:
        """SHA-256 of the certificate, 64 lower-case hex digits: the form that a driver takes."""
        return hashlib.sha256(self.certificate).hexdigest()


class Pin(Struct, frozen=True):
    """A pinned identity, where it was seen and when (UTC)."""

    identity: Identity
    address: str
    pinned_at: datetime


Known = Mapping[tuple[str, Protocol], Pin]
"""Pins by name of the device and protocol of the door."""


def read(path: Path) -> dict[tuple[str, Protocol], Pin]:
    """The pins in the file; none if it does not exist. Raises :class:`KnownDevicesError`."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o022:
                raise KnownDevicesError(f"{path}: others may write it, so it proves nothing: chmod 600 {path}")
            content = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnownDevicesError(f"{path}: {error}: correct it, or move it away and run drdeck trust again") from None
    except OSError as error:
        raise KnownDevicesError(f"{path}: {error.strerror}: make it readable for you") from None
    known = {}
    for device, doors in content.items():
        for door, table in doors.items() if isinstance(doors, dict) else [("", None)]:
            known[device, _protocol(path, device, door)] = _pin(path, f"{device}.{door}", door, table)
    return known


def write(path: Path, known: Known) -> None:
    """Replace the file in one step, mode 0600, and make its folder. Raises :class:`KnownDevicesError`."""
    text = _HEADER + "".join(_table(*key, known[key]) for key in sorted(known))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        hint = "or name another place with known_devices in [console]"
        raise KnownDevicesError(f"{path}: {error.strerror}: make its folder writable for you, {hint}") from None


def _protocol(path: Path, device: str, door: str) -> Protocol:
    if door not in set(Protocol):
        raise KnownDevicesError(f"{path}: {device}: expected [{device}.ssh] or [{device}.https]")
    return Protocol(door)


def _pin(path: Path, label: str, door: str, table: object) -> Pin:
    if not isinstance(table, dict):
        raise KnownDevicesError(f"{path}: {label}: expected a table [{label}]")
    address, pinned_at = table.get("address"), table.get("pinned")
    if not isinstance(address, str) or not isinstance(pinned_at, datetime) or pinned_at.tzinfo is None:
        raise KnownDevicesError(f"{path}: {label}: expected address = text and pinned = a date with time and zone")
    try:
        if door == Protocol.SSH:
            identity = Identity(Protocol.SSH, host_key=values.HOST_KEY.convert(table.get("host_key")))
        else:
            identity = Identity(Protocol.HTTPS, certificate=_der(table.get("certificate")))
    except (values.UnexpectedError, binascii.Error, ValueError):
        what = "host_key = type base64" if door == Protocol.SSH else "certificate = PEM"
        raise KnownDevicesError(f"{path}: {label}: expected {what}: run drdeck trust --replace") from None
    return Pin(identity, address, pinned_at.astimezone(UTC))


def _der(pem: object) -> bytes:
    lines = pem.split() if isinstance(pem, str) else []
    body = "".join(lines[2:-2])
    if " ".join(lines[:2]) != _BEGIN or " ".join(lines[-2:]) != _END or not body:
        raise values.UnexpectedError
    return base64.b64decode(body, validate=True)


def _table(device: str, protocol: Protocol, pin: Pin) -> str:
    identity = pin.identity
    lines = ["", f"[{_quoted(device)}.{protocol}]", f"# {identity.fingerprint}", f"address = {_quoted(pin.address)}"]
    lines.append(f"pinned = {pin.pinned_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    if protocol is Protocol.SSH:
        lines.append(f"host_key = {_quoted(identity.host_key)}")
    else:
        encoded = base64.b64encode(identity.certificate).decode()
        body = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
        lines.append(f"certificate = '''\n{_BEGIN}\n{body}\n{_END}\n'''")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML text. Names and addresses are checked before: no quotes, backslashes or control characters occur."""
    return f'"{text}"'
