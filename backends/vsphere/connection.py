"""Connections to a vSphere server that prove whom they reached before a byte is sent, and that end in time.

The vendor library is given these in place of its own, because its own
- compares a pinned certificate only where the CA check failed, so that a pin adds nothing to a CA;
- asks for the server's versions with no time limit at all.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl

from msgspec import Struct

from backends.endpoint import Limits, TlsAccess
from backends.outcome import Failure


class NotConnectedError(Exception):
    """No connection came about, so nothing was sent. ``failure`` says why."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure
        self.text = text


class Rules(Struct):
    """Trust and time of one server's connections. ``call_s`` applies to what is connected after it was set.

    ``fingerprint``: of the certificate, SHA-256 in 64 hex digits, or SHA-1 in 40 as the interface gives thumbprints.
    """

    context: ssl.SSLContext
    fingerprint: str | None
    connect_s: float
    call_s: float


def rules(access: TlsAccess, limits: Limits) -> Rules:
    """The rules that the settings ask for. Raises :class:`NotConnectedError` for a CA file that cannot be read."""
    try:
        context = ssl.create_default_context(cafile=str(access.ca_file) if access.ca_file is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise NotConnectedError(Failure.UNTRUSTED, f"CA file {access.ca_file}: {error}") from None
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return Rules(context, access.fingerprint, limits.connect_s, limits.call_s)


class Connection(http.client.HTTPSConnection):
    """One HTTPS connection under :class:`Rules`. Connecting raises :class:`NotConnectedError` and nothing else."""

    def __init__(self, host: str, port: int, rules: Rules) -> None:
        super().__init__(host, port, timeout=rules.connect_s, context=rules.context)
        self._rules = rules

    def connect(self) -> None:
        """Connect within ``connect_s`` and check the certificate; each later wait then has ``call_s``."""
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            raise NotConnectedError(Failure.UNTRUSTED, f"certificate refused: {error.verify_message}") from None
        except TimeoutError:
            text = f"no connection within {self._rules.connect_s:g} s"
            raise NotConnectedError(Failure.TIMEOUT, text) from None
        except ssl.SSLError as error:
            raise NotConnectedError(Failure.UNREACHABLE, f"TLS failed: {error.reason or error}") from None
        except OSError as error:
            raise NotConnectedError(Failure.UNREACHABLE, error.strerror or str(error)) from None
        self._check_pin()
        self.sock.settimeout(self._rules.call_s)

    def _check_pin(self) -> None:
        pinned = self._rules.fingerprint
        if pinned is None:
            return
        certificate = self.sock.getpeercert(binary_form=True) if isinstance(self.sock, ssl.SSLSocket) else None
        kind = hashlib.sha256 if len(pinned) == 64 else hashlib.sha1
        seen = kind(certificate).hexdigest() if certificate else "none"
        if seen != pinned:
            self.close()
            name = "SHA-256" if len(pinned) == 64 else "SHA-1"
            raise NotConnectedError(
                Failure.UNTRUSTED, f"the certificate has {name} fingerprint {seen}, pinned is {pinned}"
            )
