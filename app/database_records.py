"""What the configuration says of databases that are put into backup mode around a snapshot: ``[[databases]]``."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from app.secrets import Reference

DATABASE_KEYS = (
    "name",
    "groups",
    "host",
    "port",
    "user",
    "password",
    "key_file",
    "passphrase",
    "host_keys",
    "verify",
    "begin",
    "end",
    "status",
    "timeout",
)
DATABASE_PORT, DATABASE_TIMEOUT_S = 22, 120.0


class DatabaseSettings(Struct, frozen=True):
    """A database and its host. ``groups`` are the protection groups that hold it; ``begin``, ``end`` and ``status`` are
    the commands there. ``timeout_s`` bounds one of them, in seconds, ``sessions`` the logins at a time."""

    name: str
    groups: tuple[str, ...]
    host: str
    port: int
    user: str
    begin: str
    end: str
    status: str
    password: Reference | None = None
    key_file: Path | None = None
    passphrase: Reference | None = None
    host_keys: tuple[str, ...] = ()
    verify: bool = True
    timeout_s: float = DATABASE_TIMEOUT_S
    connect_timeout_s: float = 10.0
    sessions: int = 2

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every secret that its host needs."""
        return tuple(reference for reference in (self.password, self.passphrase) if reference is not None)
