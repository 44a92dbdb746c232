"""``[api]`` of the configuration as plain records."""

from __future__ import annotations

from msgspec import Struct

from app.secrets import Reference

PORT = 8374
API_KEYS = ("port", "readers")
READER_KEYS = ("name", "token")


class Reader(Struct, frozen=True):
    """Who may read, by a token of its own."""

    name: str
    token: Reference


class ApiSettings(Struct, frozen=True):
    """``port`` on loopback; nobody reads without being one of ``readers``."""

    port: int = PORT
    readers: tuple[Reader, ...] = ()
