"""What the doors of the devices present now, asked without logging in; several doors at a time."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from app.host_records import SshHost
from app.known_devices import Identity, Protocol
from app.settings_records import DeviceSettings
from store.estate import DeviceKind

_AT_A_TIME = 16


class Door(Struct, frozen=True):
    """One way into a device, or into the host of a database. ``host_keys`` are those given in the configuration."""

    device: str
    protocol: Protocol
    host: str
    port: int
    verify: bool
    connect_timeout_s: float
    ca_file: Path | None = None
    host_keys: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Presented(Struct, frozen=True):
    """What a door showed: its identity, or ``trouble`` why not.

    ``distrust`` is why no CA vouches for the certificate; empty if one does, and for SSH doors.
    """

    identity: Identity | None
    trouble: str = ""
    distrust: str = ""


def doors(devices: Iterable[DeviceSettings | SshHost]) -> list[Door]:
    """Every door of the devices and databases, in their order."""
    found = []
    for device in devices:
        wait = device.connect_timeout_s
        if isinstance(device, SshHost) or device.kind is DeviceKind.HMC:
            ssh = (device.name, Protocol.SSH, device.host, device.port, device.verify, wait)
            found.append(Door(*ssh, host_keys=device.host_keys))
            continue
        https = (device.name, Protocol.HTTPS, device.host, device.port, device.verify, wait)
        found.append(Door(*https, ca_file=device.ca_file))
        if device.cli is not None:
            ssh = (device.name, Protocol.SSH, device.cli.host, device.cli.port, device.cli.verify, wait)
            found.append(Door(*ssh, host_keys=device.cli.host_keys))
    return found


def present(asked: Sequence[tuple[Door, Sequence[str]]]) -> list[Presented]:
    """What each door shows. With each door come the host keys believed so far: a door with several keys is asked for
    one of their types first. Takes no longer than the connection limits of the slowest; never raises."""
    with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
        return list(pool.map(lambda pair: _present(*pair), asked))


def _present(door: Door, believed: Sequence[str]) -> Presented:
    try:
        if door.protocol is Protocol.SSH:
            return Presented(Identity(Protocol.SSH, host_key=_host_key(door, believed)))
        return _certificate(door)
    except TimeoutError:
        return Presented(None, f"no answer within {door.connect_timeout_s:g} s")
    except OSError as error:
        return Presented(None, error.strerror or str(error) or type(error).__name__)
    except Exception as error:  # paramiko's own kinds, and what a port that speaks something else provokes
        return Presented(None, f"no {door.protocol} spoken there: {str(error) or type(error).__name__}")


def _connection(door: Door) -> socket.socket:
    return socket.create_connection((door.host, door.port), timeout=door.connect_timeout_s)


def _host_key(door: Door, believed: Sequence[str]) -> str:
    import logging

    import paramiko

    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    with _connection(door) as sock:
        transport = paramiko.Transport(sock)
        try:
            transport.banner_timeout = door.connect_timeout_s
            options = transport.get_security_options()
            types = {key.partition(" ")[0] for key in believed}
            first = [t for t in options.key_types if t in types or (t.startswith("rsa-sha2") and "ssh-rsa" in types)]
            options.key_types = [*first, *(t for t in options.key_types if t not in first)]
            transport.start_client(timeout=door.connect_timeout_s)
            key = transport.get_remote_server_key()
            return f"{key.get_name()} {key.get_base64()}"
        finally:
            with suppress(Exception):
                transport.close()


def _certificate(door: Door) -> Presented:
    any_certificate = ssl.create_default_context()
    any_certificate.check_hostname = False
    any_certificate.verify_mode = ssl.CERT_NONE
    identity = Identity(Protocol.HTTPS, certificate=_handshake(door, any_certificate))
    try:
        _handshake(door, ssl.create_default_context(cafile=door.ca_file))
    except ssl.SSLCertVerificationError as error:
        return Presented(identity, distrust=error.verify_message)
    except OSError as error:
        where = f"{door.ca_file}: " if door.ca_file is not None else ""
        return Presented(identity, distrust=f"{where}{error.strerror or error}")
    return Presented(identity)


def _handshake(door: Door, context: ssl.SSLContext) -> bytes:
    with _connection(door) as sock, context.wrap_socket(sock, server_hostname=door.host) as tls:
        certificate = tls.getpeercert(binary_form=True)
    if certificate is None:
        raise OSError("no certificate was shown")
    return certificate


def describe(certificate: bytes) -> str:
    """Whom a certificate names and until when: ``CN=fa-paris, issued by CN=Lab CA, until 2027-11-21``."""
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate(certificate)
        subject, issuer = read.subject.rfc4514_string(), read.issuer.rfc4514_string()
    except ValueError:
        return "a certificate that cannot be read"
    by = "self-signed" if subject == issuer else f"issued by {issuer or 'nobody named'}"
    return f"{subject or 'nobody named'}, {by}, until {read.not_valid_after_utc:%Y-%m-%d}"
