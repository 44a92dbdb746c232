"""Moments as the store writes them: text in UTC that sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """``2026-01-31T03:00:00.000000Z``. Raises ValueError for a time without a zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"a time without a zone cannot be stored: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The moment in UTC. Raises ValueError for a text that :func:`to_text` does not write."""
    if len(text) != 27 or not text.endswith("Z"):
        raise ValueError(f"expected a time like 2026-01-31T03:00:00.000000Z, got {text!r}")
    return datetime.fromisoformat(text)
