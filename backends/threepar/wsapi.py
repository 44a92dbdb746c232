"""A WSAPI session: the vendor's client, made safe.

The client repeats what must not be repeated: after a lost connection or a 503 it sends a POST or PUT again, out of a
budget of tries that is never refilled and ends in calls that send nothing and return None; on a 401 **and on a 403**
it logs in once more and sends the same request again. Here every request goes through :meth:`WsapiSession._exchange`:
a verb is sent once, a read at most three times, within time limits, over one connection whose certificate is checked
(and compared with a pinned one) before anything is sent. Sessions on an array are few: each one is logged out.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Any

from backends.endpoint import Limits, TlsAccess
from backends.outcome import DeviceError, Failure, Sent
from backends.threepar.failures import of_exception, of_status

READ_TRIES = 3
_LOGOUT_S = 5.0
_MOST_BYTES = 512 * 1024 * 1024


class HttpHeaders(dict[str, str]):
    """Response headers as the client wants them: a mapping with lower-case names, and the status beside it."""

    status: int = 0


class WsapiSession:
    """One login. Use as a context manager; raises :class:`DeviceError` for everything that goes wrong."""

    def __init__(self, device: str, access: TlsAccess, limits: Limits) -> None:
        self.device = device
        self.skew_s: float | None = None  # the array's clock minus ours, once it answered
        self._access = access
        self._limits = limits
        self._deadline_s = limits.call_s
        self._client: Any = None
        self._http: Any = None
        self._session: Any = None

    def __enter__(self) -> WsapiSession:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Log in."""
        try:
            self._log_in()
        except Exception:
            self.close()
            raise

    def _log_in(self) -> None:
        if not self._access.user or self._access.secret is None:
            raise DeviceError(self.device, "login", Failure.LOGIN_REFUSED, Sent.NO, "no user or no password is set")
        self._make()
        user, password = self._access.user, self._access.secret.reveal()
        with self._named("login"):
            try:
                self._client.login(user, password)
            finally:
                del password
        if not self._http.session_key:
            text = "the answer to the login holds no session key"
            raise DeviceError(self.device, "login", Failure.BAD_ANSWER, Sent.UNKNOWN, text)

    def close(self) -> None:
        """Log out within a few seconds; never raises."""
        http, self._client = self._http, None
        if http is not None and http.session_key:
            self._deadline_s = min(_LOGOUT_S, self._limits.call_s)
            with suppress(Exception):
                self._exchange(
                    f"{http.api_url}/credentials/{http.session_key}", "DELETE", headers={}, key=http.session_key
                )
            http.session_key = None
        if self._session is not None:
            with suppress(Exception):
                self._session.close()

    # --------------------------------------------------------------------------------------------------------- calls

    def get(self, path: str) -> object:
        """The decoded answer to a GET. Repeated after a lost connection or a 503; logs in again on a 401."""
        return self._call(f"GET {path}", lambda: self._http.get(path))

    def send(self, method: str, path: str, body: Mapping[str, object] | None = None) -> object:
        """Send a verb (POST, PUT or DELETE) exactly once. Returns the decoded answer, None for an empty one."""
        verb = {"POST": self._http.post, "PUT": self._http.put, "DELETE": self._http.delete}[method]
        more = {} if body is None else {"body": dict(body)}
        return self._call(f"{method} {path}", lambda: verb(path, **more))

    def _call(self, call: str, do: Callable[[], Any]) -> object:
        with self._named(call):
            answer = do()
        if not isinstance(answer, tuple) or len(answer) != 2 or answer[0] is None:
            text = "the client returned without an answer"
            raise DeviceError(self.device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text)
        if isinstance(answer[1], str):
            text = f"the answer is not JSON: {answer[1][:80]!r}"
            raise DeviceError(self.device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, text)
        body: object = answer[1]
        return body

    @contextmanager
    def _named(self, call: str) -> Iterator[None]:
        """Turn what the client and the layers below it raise into one :class:`DeviceError` that names ``call``."""
        try:
            yield
        except DeviceError:
            raise
        except Exception as error:
            raise of_exception(self.device, call, error) from None

    # ---------------------------------------------------------------------------------------------------- the client

    def _make(self) -> None:
        client_class, log = _library()
        log.setLevel(logging.CRITICAL)  # it writes session keys and request bodies at lower levels
        host = f"[{self._access.host}]" if ":" in self._access.host else self._access.host
        url = f"https://{host}:{self._access.port}/api/v1"
        secure: object = self._access.verify
        if self._access.verify and self._access.ca_file is not None:
            secure = str(self._access.ca_file)
        self._client = client_class(url, secure=secure, timeout=self._limits.call_s)
        self._http = self._client.http
        self._http.request = self._exchange
        self._http._do_reauth = self._log_in_again
        self._http.auth_try = 0
        self._session = _connection(self._access)

    def _log_in_again(self, url: str, method: str, error: Exception, **more: Any) -> Any:
        """After a 401 on a read: the session ended. A 403 is an answer, and a verb is never repeated."""
        if method != "GET" or getattr(error, "http_status", None) != 401 or self._http.auth_try == 1:
            raise error
        self._http._reauth()
        return self._exchange(self._http._build_full_url(url), method, **more)

    def _exchange(self, url: str, method: str, **options: Any) -> tuple[HttpHeaders, object]:
        """One request and its answer, in place of the client's own loop. Raises for every status from 300 on."""
        tries = READ_TRIES if method == "GET" else 1
        while True:
            tries -= 1
            try:
                return self._once(url, method, **options)
            except DeviceError as error:
                again = error.failure in (Failure.LOST, Failure.BUSY) and tries > 0
                if not again:
                    raise

    def _once(self, url: str, method: str, **options: Any) -> tuple[HttpHeaders, object]:
        headers = {"Accept": "application/json", "User-Agent": "drdeck"}
        if self._http.session_key and self._http.auth_try != 1:
            headers["X-HP3PAR-WSAPI-SessionKey"] = self._http.session_key
        data = None
        if "body" in options:
            body = options["body"]
            data = body if isinstance(body, str) else json.dumps(body)
            headers["Content-Type"] = "application/json"
        call = f"{method} {url.removeprefix(self._http.api_url).split('/credentials/')[0]}"
        try:
            status, answer_headers, raw = self._transfer(method, url, headers, data)
        except Exception as error:
            raise of_exception(self.device, call, error) from None
        decoded = _decode(raw)
        if status >= 300:
            raise _refused(self.device, call, status, decoded)
        return answer_headers, decoded

    def _transfer(
        self, method: str, url: str, headers: dict[str, str], data: str | None
    ) -> tuple[int, HttpHeaders, bytes]:
        limit = self._deadline_s
        deadline = time.monotonic() + limit
        with self._session.request(
            method,
            url,
            data=data,
            headers=headers,
            timeout=(self._limits.connect_s, limit),
            verify=self._http.secure,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = bytearray()
            for chunk in response.iter_content(65536):
                content += chunk
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no end of the answer within {limit:g} s")
                if len(content) > _MOST_BYTES:
                    raise OSError(f"an answer of more than {_MOST_BYTES} bytes")
            found = HttpHeaders({name.lower(): value for name, value in response.headers.items()})
            found.status = response.status_code
            self._note_clock(found)
            return found.status, found, bytes(content)

    def _note_clock(self, headers: HttpHeaders) -> None:
        with suppress(ValueError, TypeError):
            theirs = parsedate_to_datetime(headers.get("date", ""))
            if theirs.tzinfo is not None:
                self.skew_s = round((theirs - datetime.now(UTC)).total_seconds(), 1)


def _decode(raw: bytes) -> object:
    """JSON, None for an empty body, the text where it is not JSON."""
    if not raw:
        return None
    try:
        decoded: object = json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "replace")
    return decoded if not isinstance(decoded, str) else raw.decode("utf-8", "replace")


def _refused(device: str, call: str, status: int, body: object) -> Exception:
    """What to raise for an error status: the client's own exceptions where it must react to them (401, 403)."""
    error = of_status(device, call, status, body)
    if status not in (401, 403):
        return error
    from hpe3parclient import exceptions

    kind = exceptions.HTTPUnauthorized if status == 401 else exceptions.HTTPForbidden
    wrapped: Exception = kind()
    wrapped.device_error = error  # type: ignore[attr-defined]
    return wrapped


@cache
def _library() -> tuple[Any, logging.Logger]:
    """The vendor's client, imported on first use, on a thread that nobody waits for: the thread that imports its
    dependency (eventlet) is never seen to end, and whoever joins it waits for ever."""
    found: list[Any] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def load() -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it warns of its own dependency
                from hpe3parclient.client import HPE3ParClient
            found.append(HPE3ParClient)
        except BaseException as error:
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=load, name="load hpe3parclient", daemon=True).start()
    done.wait()
    if failed:
        raise failed[0]
    return found[0], logging.getLogger("hpe3parclient")


def _connection(access: TlsAccess) -> Any:
    """A session that keeps its connection, ignores proxies and netrc, and demands the pinned certificate."""
    import requests
    from requests.adapters import HTTPAdapter

    class Pinned(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            if access.fingerprint is not None:
                options["assert_fingerprint"] = access.fingerprint
            super().init_poolmanager(*args, **options)

    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Pinned(max_retries=0))
    if not access.verify:
        from urllib3.exceptions import InsecureRequestWarning

        warnings.simplefilter("ignore", InsecureRequestWarning)
    return session
