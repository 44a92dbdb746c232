"""What became of a call: was it sent, was it done? The engine's next move depends on nothing else.

The table *Was it sent?*: not sent is safe to repeat; refused was sent and answered with the device's own words;
unknown must be observed before anything is sent again.
"""

from __future__ import annotations

from enum import StrEnum


class Sent(StrEnum):
    """Whether the request reached the device."""

    NO = "not sent"
    REFUSED = "sent and refused"
    UNKNOWN = "unknown"


class Failure(StrEnum):
    """Why a call failed, in the words a screen shows."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "no answer in time"
    LOGIN_REFUSED = "login refused"
    UNTRUSTED = "identity not trusted"
    NO_SECRET = "secret not available"
    SESSION_LIMIT = "session limit reached"
    BUSY = "busy"
    REFUSED = "refused"
    LOST = "connection lost"
    BAD_ANSWER = "answer not understood"


class DeviceError(Exception):
    """A call to a device failed.

    ``code`` is the device's own error code where it gave one (``HSCL8012``, HTTP status with WSAPI code, fault name);
    ``text`` its own words, never altered and never holding a secret.
    """

    def __init__(
        self, device: str, call: str, failure: Failure, sent: Sent, text: str, code: str | None = None
    ) -> None:
        super().__init__(f"{device}: {call}: {failure}: {text}")
        self.device = device
        self.call = call
        self.failure = failure
        self.sent = sent
        self.text = text
        self.code = code

    @property
    def silent(self) -> bool:
        """Whether the device gave no sign of life; one that refuses a login, or that was not asked, is not silent."""
        return self.failure in (Failure.UNREACHABLE, Failure.TIMEOUT, Failure.LOST)


class ParseError(ValueError):
    """A value or row does not have the documented form. ``line`` is the source text, ``expected`` the form."""

    def __init__(self, expected: str, line: str) -> None:
        super().__init__(f"expected {expected}, got {line!r}")
        self.expected = expected
        self.line = line
