"""One session with one array: reads page by page, verbs once, every failure typed.

A read that meets an expired session logs in again and starts over, once. A verb is sent once and never again.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from backends.endpoint import Limits, TlsAccess
from backends.flasharray import failures, transport
from backends.flasharray.transport import FLOOR, Answer, OverloadedLoginError, Tap
from backends.outcome import DeviceError, Failure, Sent
from store.turns import computing

Query = Mapping[str, str | int | bool | Sequence[str]]

PAGE = 1000
"""Items asked for at a time: the array's own limit."""

_LOGOUT_S = 5.0


class Page(Struct):
    """One answer of a list: its items as they came, and how to ask for the next (``None``: it was the last)."""

    items: list[object]
    more: bool
    token: str | None


class Clock(Struct):
    """How far the array's clock is from the console's, from the ``Date`` of its answers (whole seconds).

    ``skew_s`` is array minus console: the smallest amount in agreement with the newest answer, 0 if they can agree.
    """

    skew_s: float | None = None

    def hear(self, headers: Mapping[str, str], asked: float, answered: float) -> None:
        """``headers`` with lower-case names; ``asked`` and ``answered`` in seconds since 1970 on the console."""
        try:
            told = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return
        least, most = told - answered, told + 1 - asked  # it truncates to the second
        self.skew_s = 0.0 if least <= 0 <= most else round(least if least > 0 else most, 1)


@dataclass(slots=True)
class FlashArrayClient:
    """A session with the array ``name``; connects on first use. Use it from one thread at a time.

    Every method raises :class:`DeviceError` and nothing else.
    """

    name: str
    access: TlsAccess
    limits: Limits
    clock: Clock = field(default_factory=Clock)
    versions: tuple[str, ...] = ()
    _client: Any = field(default=None, repr=False)
    _closed: bool = False
    _tap: Tap = field(default_factory=lambda: Tap(None), repr=False)

    # -------------------------------------------------------------------------------------------------- connecting

    @property
    def address(self) -> str:
        host = f"[{self.access.host}]" if ":" in self.access.host else self.access.host
        return f"{host}:{self.access.port}"

    def connect(self) -> None:
        """Check the identity and the REST versions of the array, then log in. Nothing is done if there is a session."""
        if self._closed:
            raise DeviceError(self.name, "login", Failure.LOST, Sent.NO, "the session was closed")
        if self._client is not None:
            return
        self._ask_versions()
        token = self._api_token()
        self._tap = Tap(self.access.fingerprint)
        call = f"POST /api/{FLOOR}/login"
        try:
            self._client = transport.client(self.access, self.limits, self.address, token, self._tap)
        except OverloadedLoginError as refused:
            raise self._login_refused(call, refused.answer) from None
        except Exception as error:
            raise self._login_failed(call, error) from None

    def _ask_versions(self) -> None:
        call = "GET /api/api_version"
        body = self._plainly(call, "GET", "/api/api_version")
        versions = body.get("version") if isinstance(body, dict) else None
        if not isinstance(versions, list) or not all(isinstance(v, str) for v in versions):
            text = "the list of REST versions of a FlashArray was expected"
            raise DeviceError(self.name, call, Failure.BAD_ANSWER, Sent.REFUSED, text)
        self.versions = tuple(versions)
        if FLOOR not in versions:
            newest = versions[-1] if versions else "none"
            text = f"REST {FLOOR} is needed; the array offers {newest} as its newest"
            raise DeviceError(self.name, call, Failure.BAD_ANSWER, Sent.REFUSED, text)

    def _api_token(self) -> str:
        if self.access.secret is None:
            text = "no API token and no password is configured"
            raise DeviceError(self.name, "login", Failure.LOGIN_REFUSED, Sent.NO, text)
        if self.access.user is None:
            return self.access.secret.reveal()
        first = [v for v in self.versions if v.startswith("1.")]
        if not first:
            text = "the array offers no REST 1.x, where a user and password become an API token: configure an API token"
            raise DeviceError(self.name, "login", Failure.LOGIN_REFUSED, Sent.NO, text)
        newest = max(first, key=lambda v: int(v[2:]) if v[2:].isdigit() else -1)
        path = f"/api/{newest}/auth/apitoken"
        sent = {"username": self.access.user, "password": self.access.secret.reveal()}
        body = self._plainly(f"POST {path}", "POST", path, sent)
        token = body.get("api_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            text = "an API token was expected"
            raise DeviceError(self.name, f"POST {path}", Failure.BAD_ANSWER, Sent.REFUSED, text)
        return token

    def _plainly(self, call: str, method: str, path: str, body: object = None) -> object:
        """One request without a session. Returns the JSON of a 200."""
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json", "X-Request-ID": str(uuid.uuid4())}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body), "application/json"
        pool = transport.pool(self.access, self.limits)
        asked = time.time()
        try:
            answer = pool.request(method, f"https://{self.address}{path}", body=data, headers=headers, redirect=False)
        except (HTTPError, OSError) as error:
            raise failures.of_transport(self.name, call, error) from None
        finally:
            pool.clear()
        self.clock.hear({k.lower(): v for k, v in answer.headers.items()}, asked, time.time())
        if answer.status != 200:
            answered = Answer(answer.status, {}, answer.data)
            if body is not None:
                raise self._login_refused(call, answered)
            raise failures.of_status(self.name, call, answer.status, answer.data)
        return self._json(call, answer.data, quote=body is None)

    def _login_refused(self, call: str, answer: Answer) -> DeviceError:
        """A 4xx to a login is a refused login, whatever number the array chose for it."""
        error = failures.of_status(self.name, call, answer.status, answer.body)
        if error.failure is Failure.REFUSED:
            error = DeviceError(self.name, call, Failure.LOGIN_REFUSED, error.sent, error.text, error.code)
        return self._without_secret(error)

    def _login_failed(self, call: str, error: Exception) -> DeviceError:
        from urllib3.exceptions import HTTPError

        if isinstance(error, HTTPError | OSError):
            return failures.of_transport(self.name, call, error)
        if self._tap.last is not None and self._tap.last.status != 200:
            return self._login_refused(call, self._tap.last)
        text = f"the login was answered without a session ({type(error).__name__})"
        return DeviceError(self.name, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text)

    def _without_secret(self, error: DeviceError) -> DeviceError:
        secret = self.access.secret.reveal() if self.access.secret is not None else ""
        if not secret or secret not in error.text:
            return error
        text = error.text.replace(secret, "•••")
        return DeviceError(error.device, error.call, error.failure, error.sent, text, error.code)

    def close(self) -> None:
        """Log out, waiting at most a few seconds; never raises. Final: a call still under way does not log in again."""
        self._closed = True
        client, self._client = self._client, None
        if client is None:
            return
        transport.retire(client)
        done = threading.Event()

        def log_out() -> None:
            try:
                self._request(client, "POST", "logout", {})
            except Exception:  # the session ends by itself when the array is gone
                pass
            finally:
                done.set()

        threading.Thread(target=log_out, name=f"log out of {self.name}", daemon=True).start()
        done.wait(min(_LOGOUT_S, self.limits.call_s))

    # ----------------------------------------------------------------------------------------------------- reading

    def rows(self, path: str, **query: str | int | bool | Sequence[str]) -> list[object]:
        """All items of ``GET /<path>``, page by page, as they came. Logs in again once if the session has expired."""
        call = f"GET /{path}"
        for last_try in (False, True):
            self.connect()
            try:
                return self._pages(call, path, query)
            except DeviceError as error:
                if error.failure is not Failure.LOGIN_REFUSED or last_try:
                    raise
                self._forget()
        raise AssertionError("unreachable")

    def first(self, path: str, **query: str | int) -> list[object]:
        """At most one item of ``GET /<path>``, as it came: enough to tell whether there is any."""
        call = f"GET /{path}"
        for last_try in (False, True):
            self.connect()
            try:
                return self._page(call, path, {**query, "limit": 1}).items
            except DeviceError as error:
                if error.failure is not Failure.LOGIN_REFUSED or last_try:
                    raise
                self._forget()
        raise AssertionError("unreachable")

    def _pages(self, call: str, path: str, query: Query) -> list[object]:
        found: list[object] = []
        paging: dict[str, str | int] = {}
        seen: set[str] = set()
        while True:
            page = self._page(call, path, {**query, "limit": PAGE, **paging})
            found += page.items
            if not page.more:
                return found
            if not page.items or page.token in seen:
                raise self._misread(call, "the array says that more items remain but does not give them")
            if page.token is not None:
                seen.add(page.token)
                paging = {"continuation_token": page.token}
            else:
                paging = {"offset": len(found)}

    def _page(self, call: str, path: str, query: Query) -> Page:
        from urllib3.exceptions import HTTPError

        lib, client = transport.library(), self._client
        if client is None:
            raise DeviceError(self.name, call, Failure.LOST, Sent.NO, "the session was closed")
        asked = time.time()
        try:
            self._request(client, "GET", path, query)
        except lib.api_exception as error:
            raise self._answered(call, error) from None
        except (HTTPError, OSError) as error:
            raise failures.of_transport(self.name, call, error) from None
        answer = self._tap.last
        if answer is None:
            raise self._misread(call, "no answer was kept")
        self.clock.hear(answer.headers, asked, time.time())
        with computing():
            return self._read_page(call, self._json(call, answer.body))

    def _read_page(self, call: str, body: object) -> Page:
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(items, list):
            raise self._misread(call, "an object with a list of items was expected")
        more, token = body.get("more_items_remaining"), body.get("continuation_token")
        if more is None and len(items) < PAGE:
            more = False
        if not isinstance(more, bool):
            raise self._misread(call, "the answer does not say whether more items remain")
        if token is not None and not isinstance(token, str):
            raise self._misread(call, "a continuation token of text was expected")
        return Page(items, more, token or None)

    def _request(self, client: Any, method: str, path: str, query: Query) -> None:
        """One request below the library's models: a row that they cannot hold must not hide the others."""
        lists = {key: "csv" for key, value in query.items() if not isinstance(value, str | int)}
        client._api_client.call_api(
            f"/api/{FLOOR}/{path}",
            method,
            query_params=list(query.items()),
            header_params={"X-Request-ID": str(uuid.uuid4()), "Accept": "application/json"},
            response_types_map={"200": "bytearray"},
            collection_formats=lists,
            _request_timeout=(self.limits.connect_s, self.limits.call_s),
        )

    # ------------------------------------------------------------------------------------------------------- verbs

    def send(self, call: str, method: str, **arguments: object) -> list[object]:
        """Send one verb: ``method`` is the library's name of it. Returns the items of the answer as they came.

        Sent exactly once. An expired session is an error here (refused, so nothing was done): the next call logs in.
        """
        from urllib3.exceptions import HTTPError

        self.connect()
        lib = transport.library()
        self._tap.forget()
        try:
            response = getattr(self._client, method)(**arguments)
        except (HTTPError, OSError) as error:
            raise failures.of_transport(self.name, call, error) from None
        except lib.api_exception as error:
            raise self._answered(call, error) from None
        except (lib.pure_error, ValueError, TypeError, AttributeError, KeyError) as error:
            if self._tap.last is None:  # refused by the library before anything left
                text = f"the library does not take this call ({type(error).__name__})"
                raise DeviceError(self.name, call, Failure.BAD_ANSWER, Sent.NO, text) from error
            response = None  # what came is judged below, from its own text
        answer = self._tap.last
        if answer is None:
            raise DeviceError(self.name, call, Failure.BAD_ANSWER, Sent.UNKNOWN, "no answer was kept")
        if answer.status >= 300 or (response is not None and not hasattr(response, "items")):
            if answer.status == 401:
                self._forget()
            raise failures.of_status(self.name, call, answer.status, answer.body)
        return self._verb_items(call, answer.body)

    def _verb_items(self, call: str, body: bytes) -> list[object]:
        if not body.strip():
            return []
        data = self._json(call, body)
        items = data.get("items", []) if isinstance(data, dict) else None
        if not isinstance(items, list):
            raise self._misread(call, "an object with a list of items was expected")
        return items

    # ------------------------------------------------------------------------------------------------------ common

    def _answered(self, call: str, error: Exception) -> DeviceError:
        """The library's exception for an HTTP error, or for a TLS failure (status 0)."""
        answer = self._tap.last
        if answer is not None:
            return failures.of_status(self.name, call, answer.status, answer.body)
        return failures.of_transport(self.name, call, error.__context__ or error)

    def _forget(self) -> None:
        """Drop a session that the array no longer knows."""
        client, self._client = self._client, None
        if client is not None:
            transport.retire(client)

    def _json(self, call: str, body: bytes, quote: bool = True) -> object:
        """``quote`` off where the answer would hold a secret."""
        try:
            data: object = json.loads(body)
        except (ValueError, RecursionError):
            start = f", the answer begins with {body[:60].decode('utf-8', 'replace')!r}" if quote else ""
            raise self._misread(call, f"JSON was expected{start}") from None
        return data

    def _misread(self, call: str, text: str) -> DeviceError:
        return DeviceError(self.name, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text)
