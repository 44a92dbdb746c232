"""What a failed vSphere call means: the server's own words, and whether the request was sent.

A fault of the interface is a refusal in the server's words. Whatever breaks after the request left (time, connection,
an answer that cannot be read, a proxy's 5xx) says nothing about the work: unknown.
"""

from __future__ import annotations

import http.client
import re

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.vsphere.connection import NotConnectedError

_STATUS = re.compile(r"([1-5][0-9]{2})(?: |$)")
_LONGEST = 500
SESSION_ENDED = "NotAuthenticated"


def of_fault(device: str, call: str, name: str, text: str) -> DeviceError:
    """The refusal that a SOAP fault is: ``name`` of its type, ``text`` of its message."""
    failure = Failure.LOGIN_REFUSED if name in ("InvalidLogin", SESSION_ENDED) else Failure.REFUSED
    if name in ("TaskInProgress", "ResourceInUse"):
        failure = Failure.BUSY
    return DeviceError(device, call, failure, Sent.REFUSED, text[:_LONGEST] or name, code=name)


def of_status(device: str, call: str, status: int, reason: str) -> DeviceError:
    """The failure that an HTTP status other than 200 and 500 means. Such an answer comes from the proxy in front.

    A server with no session left answers a login with 503, right after it told who it is.
    """
    text = f"HTTP {status} {reason}".rstrip()
    if status == 503:
        failure = Failure.SESSION_LIMIT if call == "Login" else Failure.BUSY
    elif status == 429:
        failure = Failure.BUSY
    elif status == 401:
        failure = Failure.LOGIN_REFUSED
    elif status == 504:
        failure = Failure.TIMEOUT
    elif status == 502:
        failure = Failure.LOST
    else:
        failure = Failure.REFUSED if 400 <= status < 500 else Failure.BAD_ANSWER
    sent = Sent.REFUSED if 400 <= status < 500 else Sent.UNKNOWN
    return DeviceError(device, call, failure, sent, text, code=f"HTTP {status}")


def of_exception(device: str, call: str, error: Exception) -> DeviceError:
    """The failure that anything but a fault means: what the library, the socket or a parser raised."""
    if isinstance(error, DeviceError):
        return error
    if isinstance(error, NotConnectedError):
        return DeviceError(device, call, error.failure, Sent.NO, error.text)
    if isinstance(error, TimeoutError):
        return DeviceError(device, call, Failure.TIMEOUT, Sent.UNKNOWN, "no answer within the time limit")
    if isinstance(error, OSError | http.client.IncompleteRead):
        text = f"the connection ended before the answer did ({type(error).__name__})"
        return DeviceError(device, call, Failure.LOST, Sent.UNKNOWN, text)
    if isinstance(error, http.client.HTTPException):
        found = _STATUS.match(str(error))
        if found:
            return of_status(device, call, int(found[1]), str(error)[4:])
    if isinstance(error, ParseError):
        text = f"expected {error.expected}, got {error.line[:_LONGEST]!r}"
    else:
        text = f"{type(error).__name__}: {error}"[:_LONGEST]
    return DeviceError(device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text)
