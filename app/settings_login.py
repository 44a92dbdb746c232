"""How the tables of the configuration say how to log in: a user, and references to secrets."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from app import secrets, values
from app.config_table import Table
from app.secrets import NotAReferenceError, Reference
from app.values import Check, UnexpectedError

USER = values.text("a user name", 128)
NO_SECRET = Reference(secrets.Source.PROMPT, "")
"""Stands in after a complaint."""


class Login(Struct, frozen=True):
    """How to log in at one door."""

    user: str | None = None
    password: Reference | None = None
    token: Reference | None = None
    key_file: Path | None = None
    passphrase: Reference | None = None


def ssh_login(table: Table, name: str, folder: Path, other: Login | None) -> Login:
    """Password or key file; where neither is given, what the ``other`` door of the device uses."""
    user = (table.need if other is None else table.get)("user", USER, (other and other.user) or "")
    key_file = table.maybe("key_file", values.path(folder))
    password = table.maybe("password", reference(f"password of {user} on {name}", folder))
    passphrase = table.maybe("passphrase", reference(f"passphrase of {key_file}", folder))
    if table.has("key_file") and table.has("password"):
        table.complain("password", "either password or key_file (its own secret is the key passphrase)", "both")
    if table.has("passphrase") and not table.has("key_file"):
        table.complain("passphrase", "key_file beside it", "passphrase alone")
    if not table.has("key_file") and not table.has("password"):
        if other is None:
            table.complain("password", f"password or key_file; password as {secrets.FORMS}", "neither")
        else:
            password = other.password
    return Login(user, password, None, key_file, passphrase)


def reference(asked_for: str, folder: Path) -> Check[Reference]:
    """A reference to a secret. What was found is never shown: it may be the secret itself."""

    def convert(value: object) -> Reference:
        if not isinstance(value, str):
            raise UnexpectedError
        expected = None
        try:
            return secrets.parse(value, asked_for, folder)
        except NotAReferenceError as error:
            expected = error.expected
        raise UnexpectedError(expected)

    return Check(f"a reference to a secret: {secrets.FORMS}", convert, hidden=True)
