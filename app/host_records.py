"""What the configuration says of hosts that steps of recovery plans run commands on: ``[[hosts]]``."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from app.database_records import DatabaseSettings
from app.secrets import Reference

HOST_KEYS = ("name", "host", "port", "user", "password", "key_file", "passphrase", "host_keys", "verify")
HOST_PORT, HOST_TIMEOUT_S = 22, 300.0


class HostSettings(Struct, frozen=True):
    """A host that is reached over SSH. ``timeout_s`` bounds a command that says nothing else, in seconds, ``sessions``
    the commands at a time."""

    name: str
    host: str
    port: int
    user: str
    password: Reference | None = None
    key_file: Path | None = None
    passphrase: Reference | None = None
    host_keys: tuple[str, ...] = ()
    verify: bool = True
    timeout_s: float = HOST_TIMEOUT_S
    connect_timeout_s: float = 10.0
    sessions: int = 4

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every secret that it needs."""
        return tuple(reference for reference in (self.password, self.passphrase) if reference is not None)


SshHost: TypeAlias = DatabaseSettings | HostSettings
"""What is nothing but a host with commands."""
