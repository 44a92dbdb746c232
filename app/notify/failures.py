"""What can go wrong with sending a message, in words that hold no secret: never those of a library's exception."""

from __future__ import annotations

import base64
import errno
import os
import socket
import ssl
from collections.abc import Iterable
from urllib.parse import quote

from app.output import printable
from backends.endpoint import Secret

_LONGEST = 200


class SendError(Exception):
    """The message was not taken. ``unsure``: it may have been, but nothing said so."""

    def __init__(self, reason: str, *, unsure: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unsure = unsure


def network(error: BaseException, where: str) -> str:
    """Why the other side could not be reached, or was not believed. ``where`` is ``host:port``."""
    for each in chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"the certificate of {where} is not trusted: {printable(each.verify_message)}"
        if isinstance(each, ssl.SSLError):
            return f"no TLS with {where}: {printable(each.reason or type(each).__name__)}"
        if isinstance(each, socket.gaierror):
            return f"the name of {where} is not known here"
        if isinstance(each, TimeoutError):
            return f"no answer from {where} in time"
        if isinstance(each, ConnectionRefusedError):
            return f"{where} refuses connections"
        if isinstance(each, OSError) and each.errno is not None and each.errno in errno.errorcode:
            return f"{where} cannot be reached: {os.strerror(each.errno)}"
    return f"the connection to {where} failed ({type(error).__name__})"


def said(text: str | bytes, secrets: Iterable[Secret]) -> str:
    """What the other side said, on one short line; should it repeat a secret, dots stand in its place."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for secret in secrets:
        value = secret.reveal()
        forms = {value, quote(value, safe=""), base64.b64encode(value.encode()).decode().rstrip("=")}
        for form in forms:
            if len(form) >= 4:
                words = words.replace(form, "•••")
    words = printable(" ".join(words.split()))
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def chain(error: BaseException) -> Iterable[BaseException]:
    """The error and what is behind it; libraries keep it as a cause, as a context, as an argument or as a reason."""
    seen: set[int] = set()
    left: list[object] = [error]
    while left:
        each = left.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        left += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
