"""Identities of the lab: one CA, a certificate and an SSH host key per device, and the wrong ones that faults present.

Keys are P-256 (TLS) and Ed25519 (SSH): a strict client accepts them and they cost nothing to make. They are kept in the
lab's directory, so that a lab started again there presents the same host keys.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import ssl
from io import StringIO
from pathlib import Path

import paramiko
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

_DAY = dt.timedelta(days=1)


class HostIdentity(Struct, frozen=True):
    """What one device presents: TLS contexts (right, expired, another key) and SSH host keys (right, changed)."""

    tls: ssl.SSLContext
    tls_expired: ssl.SSLContext
    tls_changed: ssl.SSLContext
    fingerprint: str  # SHA-256 of the right certificate, 64 lower-case hex digits
    ssh: paramiko.PKey
    ssh_changed: paramiko.PKey

    @property
    def ssh_public(self) -> str:
        """The right host key as ``type base64``."""
        return f"{self.ssh.get_name()} {self.ssh.get_base64()}"


class Identities:
    """The lab's CA and what it issued, kept under ``directory`` (created, owner only)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ca_file = directory / "lab-ca.pem"
        self.client_key_file = directory / "id_lab"
        ca_key_file = directory / "lab-ca.key"
        if not ca_key_file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            _write(ca_key_file, _private(key))
            _write(self.ca_file, _certificate_of_ca(key).public_bytes(serialization.Encoding.PEM))
        loaded = serialization.load_pem_private_key(ca_key_file.read_bytes(), None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{ca_key_file}: expected a P-256 key")
        self._ca_key = loaded
        self._ca = x509.load_pem_x509_certificate(self.ca_file.read_bytes())

    def of(self, device: str) -> HostIdentity:
        """The identity of a device, made at the first call."""
        now = dt.datetime.now(dt.UTC)
        right = self._tls(device, "tls", now - _DAY, now + 365 * _DAY)
        expired = self._tls(device, "tls-expired", now - 30 * _DAY, now - _DAY)
        changed = self._tls(device, "tls-changed", now - _DAY, now + 365 * _DAY)
        certificate = x509.load_pem_x509_certificate((self.directory / f"{device}.tls.pem").read_bytes())
        fingerprint = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
        keys = [_ssh_key(self.directory / f"{device}.{what}.key") for what in ("ssh", "ssh-changed")]
        return HostIdentity(right, expired, changed, fingerprint, *keys)

    def client_key(self) -> paramiko.PKey:
        """The key in ``client_key_file``, made at the first call: every SSH user of the lab may log in with it."""
        return _ssh_key(self.client_key_file)

    def _tls(self, device: str, what: str, start: dt.datetime, end: dt.datetime) -> ssl.SSLContext:
        path = self.directory / f"{device}.{what}.pem"
        key_path = self.directory / f"{device}.{what}.key"
        if not key_path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            names = [x509.DNSName("localhost"), x509.DNSName(device), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = _builder(device, self._ca.subject, key.public_key(), start, end, ca=False)
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(_authority(self._ca_key), critical=False)
            certificate = builder.sign(self._ca_key, hashes.SHA256())
            _write(path, certificate.public_bytes(serialization.Encoding.PEM))
            _write(key_path, _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, key_path)
        return context


def _ssh_key(path: Path) -> paramiko.PKey:
    """The Ed25519 key in ``path``, made if it is not there."""
    if not path.exists():
        key = ed25519.Ed25519PrivateKey.generate()
        form = serialization.PrivateFormat.OpenSSH
        _write(path, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paramiko.Ed25519Key.from_private_key(StringIO(path.read_text()))


def _certificate_of_ca(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "drdeck lab CA")])
    return _builder("drdeck lab CA", subject, key.public_key(), now - _DAY, now + 3650 * _DAY, ca=True).sign(
        key, hashes.SHA256()
    )


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: dt.datetime, end: dt.datetime, *, ca: bool
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    if ca:
        return builder
    return builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
