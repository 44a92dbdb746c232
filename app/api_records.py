"""``[api]`` of the configuration as plain records."""

from __future__ import annotations

from dataclasses import dataclass

from app.secrets import Reference

PORT = 8374
API_KEYS = ("port", "readers")
READER_KEYS = ("name", "token")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who may read, by a token of its own."""

    name: str
    token: Reference


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """``port`` on loopback; nobody reads without being one of ``readers``."""

    port: int = PORT
    readers: tuple[Reader, ...] = ()
