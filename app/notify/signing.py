"""The signature of a webhook: HMAC-SHA256 over the time it was sent and its body. Pure."""

from __future__ import annotations

import hashlib
import hmac

from backends.endpoint import Secret

TIMESTAMP, SIGNATURE, DELIVERY = "X-Drdeck-Timestamp", "X-Drdeck-Signature", "X-Drdeck-Delivery"


def headers(secret: Secret, seconds: int, body: bytes) -> dict[str, str]:
    """The time in seconds since 1970, and over ``time.body`` the signature as ``sha256=`` and 64 hex digits."""
    return {TIMESTAMP: str(seconds), SIGNATURE: f"sha256={signature(secret, seconds, body)}"}


def signature(secret: Secret, seconds: int, body: bytes) -> str:
    return hmac.new(secret.reveal().encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
