"""``[store]`` of the configuration, checked: a store on a PostgreSQL server that consoles of several machines share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from app import paths, secrets
from app.config_table import Document, Table
from app.secrets import Reference
from app.settings_login import reference
from app.values import Check, UnexpectedError
from store.place import Server

KEYS = ("url", "password")
EXPECTED = "an address such as postgresql://drdeck@db.example.net/drdeck?sslmode=verify-full"
WITHOUT = f"{EXPECTED}, without a password in it: that is a reference of its own, password"

PARAMETERS = frozenset(
    {
        *("host", "hostaddr", "port", "user", "dbname", "passfile", "service", "connect_timeout", "application_name"),
        *(
            "sslmode",
            "sslnegotiation",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "sslcertmode",
            "sslcrl",
            "sslcrldir",
            "sslsni",
        ),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "min_protocol_version", "channel_binding"),
        *("require_auth", "gssencmode", "krbsrvname", "target_session_attrs", "load_balance_hosts"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
    }
)
"""Those of libpq that an address may have behind ``?``."""


def store(
    document: Document, content: Mapping[str, object], console: Table, folder: Path
) -> tuple[Server, Reference | None]:
    """What the file says. A server and a file beside it in ``console`` would be two stores."""
    table = document.table(content["store"], ("store",), "store")
    table.only(KEYS)
    url = table.need("url", Check(EXPECTED, checked, hidden=True), "")
    password = table.maybe("password", reference(f"password of the store {url.partition('?')[0]}", folder))
    if console.has("store"):
        console.complain("store", "either store in [console], or [store] with the url of a server", "both")
    return server(url, password), password


def checked(value: object) -> str:
    """The address itself, of a server and with nothing in it that is secret. Raises :class:`UnexpectedError`."""
    if not isinstance(value, str) or not value.isprintable() or not value.startswith(("postgresql://", "postgres://")):
        raise UnexpectedError
    behind = urlsplit(value)
    names = [name for name, _ in parse_qsl(behind.query, keep_blank_values=True)]
    if ":" in behind.netloc.rpartition("@")[0] or "password" in names:
        raise UnexpectedError(WITHOUT)
    unknown = sorted(set(names) - PARAMETERS)
    if unknown:
        raise UnexpectedError(f"{EXPECTED}, with parameters of libpq behind it; {unknown[0][:40]} is none for a store")
    return value


def server(url: str, password: Reference | None) -> Server:
    """The store at an address. What lies beside it on this machine is named after its place, not how it is reached."""
    behind = urlsplit(url)
    number = hashlib.sha256(f"{behind.netloc.rpartition('@')[2]}{behind.path}".encode()).hexdigest()[:8]
    asked = None if password is None else lambda: secrets.resolve(password).reveal()
    return Server(url, asked, paths.state_dir() / f"drdeck-{number}.postgresql")
