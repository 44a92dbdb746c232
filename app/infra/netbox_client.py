"""The REST API of NetBox, read only: lists page by page, or a sentence that says what is wrong.

Nothing is ever sent but GET. The token goes to the address that was named and nowhere else: no redirect is followed,
and of the address of a next page only its query is taken. https://netboxlabs.com/docs/netbox/integrations/rest-api/
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from backends.endpoint import Secret

if TYPE_CHECKING:
    from requests import Response, Session

PAGE, TRIES = 500, 3
TIMEOUT_S = (10.0, 60.0)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECOND = "nbt_"
"""What tokens of the second kind begin with: they are bearer tokens."""

logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


class NetboxError(Exception):
    """NetBox could not be read, or answered what it should not. The text says which, never the token."""


class Address(Struct, frozen=True):
    """Where a NetBox is: ``base`` without a slash at its end; ``name`` is what its items are kept under."""

    base: str
    name: str


def address(url: str) -> Address:
    """The address that was typed. Raises :class:`NetboxError`: http is for this very machine only."""
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.username is None and parts.port != 0 and url.isprintable()
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise NetboxError("expected the address of a NetBox, such as https://netbox.example.com, without a login in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise NetboxError(f"expected https://{parts.netloc}: a token is sent, so http is for this very machine only")
    base = url.rstrip("/").removesuffix("/api")
    return Address(base, f"netbox:{parts.netloc}{urlsplit(base).path}")


class Netbox:
    """One reading. ``ca`` is a file of the authorities that its certificate may be of, None: those of the system."""

    def __init__(self, at: Address, token: Secret, ca: Path | None = None, page: int = PAGE) -> None:
        import requests

        self._at = at
        self._page = page
        self._session: Session = requests.Session()
        self._session.trust_env = False  # no login of a .netrc in place of the token
        self._session.verify = True if ca is None else str(ca)
        scheme = "Bearer" if token.reveal().startswith(_SECOND) else "Token"
        self._session.headers.update({"Authorization": f"{scheme} {token.reveal()}", "Accept": "application/json"})

    def close(self) -> None:
        self._session.close()

    def every(self, path: str) -> list[dict[str, Any]]:
        """All objects of a list such as ``dcim/racks``, by their id. A list that changes between two of its pages would
        skip some: it is read again. Raises :class:`NetboxError`."""
        for _ in range(TRIES):
            found = self._every(path)
            if found is not None:
                return found
        raise NetboxError(f"{path}: it changed each time while it was read. Try again")

    def _every(self, path: str) -> list[dict[str, Any]] | None:
        """None: it changed meanwhile."""
        query: dict[str, str] = {"limit": str(self._page), "ordering": "id"}
        found: dict[int, dict[str, Any]] = {}
        asked: set[tuple[tuple[str, str], ...]] = set()
        first: int | None = None
        while True:
            asked.add(tuple(sorted(query.items())))
            count, following, results = _page(path, self._get(path, query))
            first = count if first is None else first
            if count != first:
                return None
            found.update((_id(path, each), each) for each in results)
            if following is None:
                break
            query = self._next(path, following)
            if tuple(sorted(query.items())) in asked:
                raise NetboxError(f"{path}: the next page is one that was read already")
        if len(found) != count:
            raise NetboxError(f"{path}: {len(found)} of {count} objects came. Try again")
        return list(found.values())

    def _next(self, path: str, following: str) -> dict[str, str]:
        try:
            parts = urlsplit(following)
            query = dict(parse_qsl(parts.query, strict_parsing=True))
        except ValueError:
            raise NetboxError(f"{path}: expected the address of a next page") from None
        if not parts.path.rstrip("/").endswith(f"/api/{path}"):
            raise NetboxError(f"{path}: the next page is one of another list, {parts.path[:80]}")
        return query

    def _get(self, path: str, query: dict[str, str]) -> Any:
        response = self._sent(path, query)
        if response.status_code != 200:
            raise NetboxError(_refused(path, response))
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise NetboxError(f"{path}: expected JSON, found something else: is it the address of a NetBox?") from None

    def _sent(self, path: str, query: dict[str, str]) -> Response:
        """The answer. Nothing of the library's exceptions stays: they hold the headers."""
        import requests

        failures: list[tuple[type[Exception], Callable[[str], str]]] = [
            (requests.exceptions.SSLError, lambda text: f"its certificate is not trusted ({_why(text)}): name a --ca"),
            (requests.exceptions.ConnectTimeout, lambda _: "no connection within 10 s"),
            (requests.exceptions.Timeout, lambda _: "no answer within 60 s"),
            (requests.exceptions.ChunkedEncodingError, lambda _: "the answer was cut"),
            (requests.exceptions.ConnectionError, lambda text: f"no connection ({_why(text)})"),
            (requests.exceptions.RequestException, lambda text: f"it could not be asked ({_why(text)})"),
        ]
        said = ""
        try:
            return self._session.get(
                f"{self._at.base}/api/{path}/", params=query, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.exceptions.RequestException as error:
            said = next(words(str(error)) for kind, words in failures if isinstance(error, kind))
        raise NetboxError(f"{path}: {said}")


def _why(text: str) -> str:
    """The last words of a library's long sentence."""
    match = re.search(r"(certificate verify failed[^'\")(]*|\[Errno \d+\] [^'\")]+|Remote end closed[^'\")]*)", text)
    return match[1].strip() if match else "its own words are too long"


def _refused(path: str, response: Response) -> str:
    status = response.status_code
    if status in (401, 403):
        return f"{path}: HTTP {status}: the token may not read this: it needs the permission to view {path}"
    if 300 <= status < 400:
        return f"{path}: HTTP {status}: it has moved, and no token is sent after it: give its present address"
    if status == 404:
        return f"{path}: HTTP 404: there is no such list: expected NetBox 3.7 or 4 at this address"
    if status == 429 or status >= 500:
        return f"{path}: HTTP {status}: NetBox has trouble of its own. Try again later"
    return f"{path}: HTTP {status}"


def _page(path: str, answer: Any) -> tuple[int, str | None, list[dict[str, Any]]]:
    match answer:
        case {"count": int(count), "next": None | str() as following, "results": list(results)} if all(
            isinstance(each, dict) for each in results
        ):
            return count, following, results
    raise NetboxError(f"{path}: expected count, next and results")


def _id(path: str, each: dict[str, Any]) -> int:
    match each:
        case {"id": int(number)}:
            return number
    raise NetboxError(f"{path}: expected an object with an id")
