"""The vendor library, imported on first use, with the three things it has no setting for.

For configurations of this console only (others in the process are left as they are), its connections
- refuse a certificate that is not the pinned one, before anything is sent: login included;
- do not repeat a login that the array answers with *busy* (the library waits and repeats it, up to as long as a
  ``Retry-After`` says);
- keep the last answer as it came, because the library's error objects lose the text of a 403 or 429.
"""

from __future__ import annotations

import atexit
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from backends.endpoint import Limits, TlsAccess

FLOOR = "2.26"
"""The REST version spoken to every array: the lowest that has all the calls of this driver."""


class Answer(Struct):
    """An HTTP answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OverloadedLoginError(Exception):
    """A login was answered with an overload status; raised past the library's own repetition of logins."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


@dataclass(slots=True)
class Tap:
    """Travels inside the library's configuration, marks it as ours, and receives the last answer."""

    fingerprint: str | None
    last: Answer | None = field(default=None, repr=False)

    def forget(self) -> None:
        self.last = None

    def __deepcopy__(self, memo: object) -> Tap:
        return self  # the library copies its configuration; the tap must stay the one that the client reads


class Library(Struct, frozen=True):
    """The names of the vendor library that the client uses."""

    flasharray: Any
    models: Any
    configuration: Any
    pure_error: type[Exception]
    api_exception: type[Exception]


_lock = threading.Lock()
_library: Library | None = None


def library() -> Library:
    """Import the vendor library once. Takes 0.1 s and about 30 MB: call it from a worker."""
    global _library
    with _lock:
        if _library is None:
            _library = _load()
        return _library


def _load() -> Library:
    from pypureclient import flasharray
    from pypureclient._transport import rest
    from pypureclient._transport.exceptions import ApiException
    from pypureclient.configuration import Configuration
    from pypureclient.exceptions import PureError
    from pypureclient.flasharray.FA_2_26 import models

    class TappedRest(rest.RESTClientObject):  # type: ignore[misc]
        def __init__(self, configuration: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(configuration, *args, **kwargs)
            self._tap: Tap | None = getattr(configuration, "tap", None)
            if self._tap is not None and self._tap.fingerprint:
                self.pool_manager.connection_pool_kw["assert_fingerprint"] = self._tap.fingerprint

        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            tap = self._tap
            if tap is None:
                return super().request(method, url, *args, **kwargs)
            tap.last = None
            try:
                answer = super().request(method, url, *args, **kwargs)
            except ApiException as error:
                if error.status:
                    tap.last = Answer(error.status, _lower(error.headers), _bytes(error.body))
                    if url.endswith("/login") and error.status in (429, 500, 503):
                        raise OverloadedLoginError(tap.last) from None
                raise
            tap.last = Answer(answer.status, _lower(answer.getheaders()), _bytes(answer.data))
            return answer

    rest.RESTClientObject = TappedRest
    return Library(flasharray, models, Configuration, PureError, ApiException)


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in (headers or {}).items()}


def _bytes(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else b""


def pool(access: TlsAccess, limits: Limits) -> Any:
    """A plain urllib3 pool under the same rules of trust and time: for what is asked before there is a session."""
    import urllib3

    if not access.verify:
        _hush()
    return urllib3.PoolManager(
        cert_reqs="CERT_REQUIRED" if access.verify else "CERT_NONE",
        ca_certs=str(access.ca_file) if access.ca_file is not None else None,
        assert_fingerprint=access.fingerprint,
        retries=False,
        timeout=urllib3.Timeout(connect=limits.connect_s, read=limits.call_s),
        maxsize=1,
    )


def client(access: TlsAccess, limits: Limits, address: str, token: str, tap: Tap) -> Any:
    """Log in and return the library's client. One request each for version and login; no method is ever repeated.

    Raises what the library raises: see :mod:`backends.flasharray.failures`.
    """
    lib = library()
    settings = lib.configuration(ssl_ca_cert=str(access.ca_file) if access.ca_file is not None else None)
    settings.retries = 0  # urllib3 below the library repeats PUT and DELETE otherwise
    settings.tap = tap
    if not access.verify:
        _hush()
    return lib.flasharray.Client(
        address,
        configuration=settings,
        verify_ssl=access.verify,
        api_token=token,
        version=FLOOR,
        timeout=(limits.connect_s, limits.call_s),
        retries=0,  # the library repeats 502 and 504 otherwise, POST included
        model_attribute_error_on_none=False,  # kept once per REST version in the process: one value for all
    )


def retire(client: Any) -> None:
    """Take a client out of use: the library would log it out again when the process ends, and keep it until then."""
    manager = client._token_man
    manager._session_token = None
    atexit.unregister(manager._APITokenManager__close_session_on_exit)


def _hush() -> None:
    """Verification was turned off on purpose and the screen says so: no warning for every request on top."""
    from urllib3.exceptions import InsecureRequestWarning

    warnings.simplefilter("ignore", InsecureRequestWarning)
