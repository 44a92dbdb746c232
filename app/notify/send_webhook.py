"""A message by HTTPS POST, signed where there is a secret for it."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from app import secrets
from app.notify import signing
from app.notify.bodies import body
from app.notify.failures import SendError, chain, network, said
from app.notify.message import Message
from app.notify.records import LIMIT_S, ChannelSettings, Webhook
from app.notify.tls import bundle_of
from backends.endpoint import Secret

if TYPE_CHECKING:
    from requests import Response

_CONNECT_S = 10.0
_READ_BYTES = 2_000
_SHORTEST = 6  # characters: shorter parts of a path are words
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# Its lines of detail name the path that is asked for: with Slack and Teams this is the secret.
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


def send(message: Message, channel: ChannelSettings, way: Webhook) -> None:
    """Post the message. Raises :class:`SendError`, and :class:`app.secrets.SecretError` where a secret is not to be
    had."""
    url = secrets.resolve(way.url)
    parts = _checked(url, way)
    known = [url, *_secret_parts(parts)]
    content = body(channel.kind, message)
    headers = {"Content-Type": "application/json", "User-Agent": "drdeck", signing.DELIVERY: message.id}
    if way.secret is not None:
        secret = secrets.resolve(way.secret)
        known.append(secret)
        headers |= signing.headers(secret, int(message.sent_at.timestamp()), content)
    where = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    status, answer = _posted(url, content, headers, channel, where)
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise SendError(f"{where} answers HTTP {status}: it has moved, and no message is sent after it")
    words = said(answer, known)
    raise SendError(f"{where} answers HTTP {status}{f': {words}' if words else ''}", unsure=status >= 500)


def _checked(url: Secret, way: Webhook) -> SplitResult:
    """The parts of the address. Raises :class:`SendError`, which does not repeat it."""
    parts = None
    try:
        parts = urlsplit(url.reveal())
        valid = bool(parts.hostname) and parts.username is None and parts.port != 0 and url.reveal().isprintable()
    except ValueError:
        valid = False
    if parts is None or not valid:
        raise SendError(f"{way.url} is no address: expected https://host/path, without a login in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise SendError(f"{way.url}: expected https://…; http only for this very machine")
    return parts


def _secret_parts(parts: SplitResult) -> list[Secret]:
    """Everything behind the host, whole and in pieces, the longest first: an answer may repeat any of it."""
    pieces = {parts.path, parts.query, *re.split("[/=&?]", f"{parts.path}&{parts.query}")}
    return [Secret(piece) for piece in sorted(pieces, key=len, reverse=True) if len(piece) >= _SHORTEST]


def _posted(
    url: Secret, content: bytes, headers: dict[str, str], channel: ChannelSettings, where: str
) -> tuple[int, bytes]:
    """The status, and the beginning of an answer that is no success. Nothing of the library's exceptions stays: they
    name the address."""
    import requests
    import urllib3
    from requests.utils import get_environ_proxies

    bundle = bundle_of(channel)
    if bundle is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it is shown where channels are
    reason, unsure = "", False
    try:
        with requests.Session() as session:
            # Else a login for this host from ~/.netrc would go with it; a proxy of the environment is used in any case.
            session.trust_env = False
            session.proxies.update(get_environ_proxies(url.reveal()))
            with session.post(
                url.reveal(),
                data=content,
                headers=headers,
                timeout=(_CONNECT_S, LIMIT_S),
                verify=bundle,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, _beginning(answer)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        reason, unsure = network(error, where), not _never_sent(error)
    raise SendError(reason, unsure=unsure)


def _beginning(answer: Response) -> bytes:
    if answer.ok:
        return b""
    return bytes(answer.raw.read(_READ_BYTES, decode_content=True))


def _never_sent(error: BaseException) -> bool:
    from requests import exceptions
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    never = (
        exceptions.ConnectTimeout,
        exceptions.ProxyError,
        exceptions.InvalidURL,
        ConnectTimeoutError,
        NewConnectionError,
        socket.gaierror,
        ConnectionRefusedError,
        ssl.SSLCertVerificationError,
    )
    return any(isinstance(each, never) for each in chain(error))
