"""Who may read: whoever sends the token of a reader."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from app import secrets
from app.api_records import Reader
from app.secrets import SecretError

SHORTEST = 16
"""A token has at least so many characters: it is all that stands between this machine's users and the estate."""


class Readers:
    """The readers of the configuration. Only digests of their tokens are kept."""

    def __init__(self, readers: Iterable[Reader]) -> None:
        """Raises :class:`app.secrets.SecretError` for a token that cannot be had, is too short, or is another's."""
        self._digests: dict[bytes, str] = {}
        for reader in readers:
            token = secrets.resolve(reader.token).reveal()
            if len(token) < SHORTEST or not (token.isascii() and token.isprintable()):
                raise SecretError(f"{reader.token}: expected at least {SHORTEST} printable ASCII characters")
            digest = _digest(token)
            if digest in self._digests:
                raise SecretError(f"{reader.token}: expected a token that no other reader has")
            self._digests[digest] = reader.name

    def name(self, authorization: str | None) -> str | None:
        """The reader who sent this ``Authorization`` header (RFC 6750, 2.1); None: nobody who is known."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        sent = _digest(token.strip())
        found = [name for digest, name in self._digests.items() if hmac.compare_digest(digest, sent)]
        return found[0] if found else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
