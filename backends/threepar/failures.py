"""What became of a call, from what the layers below raise: was it sent, and what does the array say?

The client's own exceptions are never turned into text by ``str``: some of them have none and raise again.
"""

from __future__ import annotations

import re
import ssl

from backends.outcome import DeviceError, Failure, Sent

_BUSY = re.compile(r"currently being promoted|GROUP_IS_BUSY|PROMOTE_IN_PROGRESS|\bis busy\b", re.IGNORECASE)
_SESSIONS = re.compile(r"session", re.IGNORECASE)
_LOGIN_CODES = (5,)


def of_status(device: str, call: str, status: int, body: object) -> DeviceError:
    """An answer with an error status. ``code`` is ``404/187``: HTTP status and WSAPI code."""
    number, text = _words(body)
    code = f"{status}" if number is None else f"{status}/{number}"
    text = text or f"HTTP {status} without a text"
    if isinstance(body, str):  # a proxy's page, or half an answer: nobody knows what the array did
        return DeviceError(device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text, code)
    login = call == "login" or call.endswith(" /credentials")
    if status == 401 or (login and status == 403 and (number in _LOGIN_CODES or not _SESSIONS.search(text))):
        return DeviceError(device, call, Failure.LOGIN_REFUSED, Sent.REFUSED, text, code)
    if login and status in (403, 429, 503):
        return DeviceError(device, call, Failure.SESSION_LIMIT, Sent.REFUSED, text, code)
    if _BUSY.search(text) and status < 500:
        return DeviceError(device, call, Failure.BUSY, Sent.REFUSED, text, code)
    if status in (429, 503):
        return DeviceError(device, call, Failure.BUSY, Sent.REFUSED if status == 429 else Sent.UNKNOWN, text, code)
    if 400 <= status < 500:
        return DeviceError(device, call, Failure.REFUSED, Sent.REFUSED, text, code)
    return DeviceError(device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text, code)


def of_exception(device: str, call: str, error: Exception) -> DeviceError:
    """Whatever else was raised on the way."""
    if isinstance(error, DeviceError):
        return DeviceError(device, call, error.failure, error.sent, error.text, error.code)
    inner = getattr(error, "device_error", None)
    if isinstance(inner, DeviceError):
        return DeviceError(device, call, inner.failure, inner.sent, inner.text, inner.code)
    description = getattr(error, "get_description", None)
    if callable(description):  # the client's own: asking for their text with str may raise
        failure = Failure.TIMEOUT if type(error).__name__ == "Timeout" else Failure.LOST
        text = f"{type(error).__name__}: {description() or 'no description'}"
        return DeviceError(device, call, failure, Sent.UNKNOWN, text)
    return _of_transport(device, call, error)


def _of_transport(device: str, call: str, error: Exception) -> DeviceError:
    import requests
    from urllib3 import exceptions as below

    reason = _reason(error)
    text = _text(reason)
    if isinstance(error, requests.exceptions.SSLError) or isinstance(reason, below.SSLError | ssl.SSLError):
        return DeviceError(device, call, Failure.UNTRUSTED, Sent.NO, text)
    if isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, below.ConnectTimeoutError):
        return DeviceError(device, call, Failure.UNREACHABLE, Sent.NO, text)
    if isinstance(reason, below.NewConnectionError):
        return DeviceError(device, call, Failure.UNREACHABLE, Sent.NO, text)
    if isinstance(error, requests.exceptions.Timeout | TimeoutError) or isinstance(reason, below.ReadTimeoutError):
        return DeviceError(device, call, Failure.TIMEOUT, Sent.UNKNOWN, text)
    if isinstance(error, requests.exceptions.RequestException | OSError | below.HTTPError):
        return DeviceError(device, call, Failure.LOST, Sent.UNKNOWN, text)
    return DeviceError(device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, f"{type(error).__name__} in the client")


def _reason(error: BaseException) -> BaseException:
    """The innermost cause that requests and urllib3 wrap."""
    for _ in range(6):
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


def _text(reason: BaseException) -> str:
    words = str(reason)
    words = re.sub(r"^<[^>]*>: |^HTTPSConnection[^:]*(?:\([^)]*\))?: ", "", words)
    words = re.sub(r"/credentials/\S+", "/credentials/…", words)
    return words or type(reason).__name__


def _words(body: object) -> tuple[int | None, str]:
    """Code and description of an error body; another text is shown by its beginning."""
    if isinstance(body, dict):
        code, text = body.get("code"), body.get("desc", body.get("message"))
        number = code if isinstance(code, int) and not isinstance(code, bool) else None
        return number, text if isinstance(text, str) else ""
    if isinstance(body, str):
        return None, f"an answer that is not JSON: {body[:80]!r}"
    return None, ""
