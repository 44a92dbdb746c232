"""``[[databases]]`` of the configuration, checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from app import values
from app.config_table import Document, Table
from app.database_records import DATABASE_KEYS, DATABASE_PORT, DATABASE_TIMEOUT_S, DatabaseSettings
from app.settings_login import ssh_login
from app.values import Check, UnexpectedError

_GROUP = values.text("the name of a protection group", 130)
_TIMEOUT = values.duration(1, 3600)
_TEXT = values.text("a command of the database's host", 1000)
PASSWORD = re.compile(
    r"""(?:^|[\s'"=(])[A-Za-z][\w$#]*/[^\s/'"@]+@"""  # user/password@where
    r"""|\b(?:sqlplus|rman|dgmgrl)\b(?:[^|;&]*[\s'"=])?[A-Za-z][\w$#]*/[^\s/'"]+"""
)
ARGUMENTS = (
    "a command without a password in it: every user of its host would see it, and the journal here would keep it; "
    "let the command use a wallet or the authentication of the operating system"
)


def databases(
    document: Document, content: Mapping[str, object], devices: Collection[str], folder: Path
) -> tuple[DatabaseSettings, ...]:
    """What the file says. ``devices`` are the names that are taken."""
    found: dict[str, DatabaseSettings] = {}
    lines: dict[str, int] = {}
    for table in document.tables(content.get("databases", []), ("databases",), "databases"):
        made = _database(table, folder)
        if made.name and made.name in devices:
            table.complain("name", "another name: a device has this one", f'"{made.name}"')
        elif made.name in found:
            table.complain("name", f"another name: line {lines[made.name]} has this one", f'"{made.name}"')
        elif made.name:
            found[made.name], lines[made.name] = made, document.line((*table.where, "name"))
    return tuple(found.values())


def _database(table: Table, folder: Path) -> DatabaseSettings:
    table.only(DATABASE_KEYS)
    name = table.need("name", values.name("a database's name"), "")
    if table.values.get("groups", []) == []:
        table.complain("groups", f"a list of those that hold it, each item {_GROUP.expected}", "none")
    login = ssh_login(table, f"the host of {name}", folder, None)
    begin, end, status = (table.need(key, _COMMAND, "") for key in ("begin", "end", "status"))
    if begin and begin == end:
        table.complain("end", "another command than begin", "the same")
    if status and status in (begin, end):
        table.complain("status", "another command than begin and end: this one only looks", "the same")
    return DatabaseSettings(
        name=name,
        groups=table.each("groups", _GROUP),
        host=table.need("host", values.HOST, ""),
        port=table.get("port", values.PORT, DATABASE_PORT),
        user=login.user or "",
        begin=begin,
        end=end,
        status=status,
        password=login.password,
        key_file=login.key_file,
        passphrase=login.passphrase,
        host_keys=table.each("host_keys", values.HOST_KEY),
        verify=table.get("verify", values.BOOLEAN, True),
        timeout_s=table.get("timeout", _TIMEOUT, DATABASE_TIMEOUT_S),
    )


def _command(value: object) -> str:
    text = _TEXT.convert(value)
    if PASSWORD.search(text):
        raise UnexpectedError(ARGUMENTS)
    return text


_COMMAND = Check(_TEXT.expected, _command, hidden=True)
