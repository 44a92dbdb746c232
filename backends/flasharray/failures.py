"""What a failed FlashArray call means: the device's own words, and whether the request was sent.

An HTTP 4xx is a refusal in the array's words. A read timeout and any 5xx say nothing about the work: unknown. Only a
connection that was never made, or whose certificate was refused, is certainly *not sent*.
"""

from __future__ import annotations

import json
import ssl

from backends.outcome import DeviceError, Failure, Sent

_LONGEST = 500


def words(body: bytes | str | None) -> str | None:
    """The text of an error body: ``{"errors": [{"context", "message"}]}``, ``{"message"}``, or ``[{"ctx", "msg"}]``
    of REST 1.x. ``None`` if it is none of these: an HTML page is a proxy's, not the array's."""
    if not body:
        return None
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found: list[str] = []
    if isinstance(data, dict):
        errors = data.get("errors")
        found = _messages(errors, "context", "message") if isinstance(errors, list) else []
        if not found:
            found = _messages([data], "context", "message")
    elif isinstance(data, list):
        found = _messages(data, "ctx", "msg")
    return "; ".join(found)[:_LONGEST] or None


def _messages(errors: list[object], context: str, message: str) -> list[str]:
    found = []
    for error in errors:
        if not isinstance(error, dict):
            continue
        text, about = error.get(message), error.get(context)
        if isinstance(text, str) and text:
            found.append(f"{about}: {text}" if isinstance(about, str) and about else text)
    return found


def of_status(device: str, call: str, status: int, body: bytes | str | None) -> DeviceError:
    """The failure that an HTTP error status means. The status always stands in the text: bodies may hold no message."""
    said = words(body)
    text = f"HTTP {status}: {said}" if said else f"HTTP {status} without a message"
    if status == 401:
        failure = Failure.LOGIN_REFUSED
    elif said is not None and "session" in said.lower() and ("limit" in said.lower() or "maximum" in said.lower()):
        failure = Failure.SESSION_LIMIT
    elif status in (429, 503) or (said is not None and "server is busy" in said.lower()):
        failure = Failure.BUSY
    elif status == 502:
        failure = Failure.LOST
    elif status == 504:
        failure = Failure.TIMEOUT
    elif 400 <= status < 500:
        failure = Failure.REFUSED
    else:
        failure = Failure.BAD_ANSWER
    sent = Sent.REFUSED if 400 <= status < 500 else Sent.UNKNOWN
    return DeviceError(device, call, failure, sent, text, code=f"HTTP {status}")


def of_transport(device: str, call: str, error: BaseException) -> DeviceError:
    """The failure that an exception of urllib3 or of the socket below it means."""
    from urllib3 import exceptions as u3

    cause: BaseException = error
    while isinstance(cause, u3.MaxRetryError) and cause.reason is not None:
        cause = cause.reason
    text = _plain(cause)
    if isinstance(cause, u3.ConnectTimeoutError):  # a NewConnectionError is one of these too
        refused = isinstance(cause, u3.NewConnectionError)
        failure = Failure.UNREACHABLE if refused else Failure.TIMEOUT
        return DeviceError(device, call, failure, Sent.NO, text)
    if isinstance(cause, u3.NewConnectionError | u3.ProxyError | u3.LocationValueError):
        return DeviceError(device, call, Failure.UNREACHABLE, Sent.NO, text)
    if isinstance(cause, u3.SSLError | ssl.SSLError | ssl.CertificateError):
        return _of_tls(device, call, cause, text)
    if isinstance(cause, u3.TimeoutError | TimeoutError):
        return DeviceError(device, call, Failure.TIMEOUT, Sent.UNKNOWN, text)
    return DeviceError(device, call, Failure.LOST, Sent.UNKNOWN, text)


def _of_tls(device: str, call: str, cause: BaseException, text: str) -> DeviceError:
    inner = next((arg for arg in cause.args if isinstance(arg, ssl.SSLCertVerificationError)), None)
    low = text.lower()
    if inner is not None or isinstance(cause, ssl.SSLCertVerificationError) or "fingerprints did not match" in low:
        return DeviceError(device, call, Failure.UNTRUSTED, Sent.NO, _plain(inner) if inner else text)
    if "doesn't match" in low or "certificate verify failed" in low:
        return DeviceError(device, call, Failure.UNTRUSTED, Sent.NO, text)
    return DeviceError(device, call, Failure.LOST, Sent.UNKNOWN, text)


def _plain(error: BaseException) -> str:
    """The words of an exception without the object addresses that urllib3 puts in front of them."""
    text = str(error) or type(error).__name__
    _, colon, rest = text.partition(">: ") if text.startswith("<") else ("", "", text)
    return (rest if colon or not text.startswith("<") else text)[:_LONGEST]
