"""``[[hosts]]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from app import values
from app.config_table import Document
from app.host_records import HOST_KEYS, HOST_PORT, HostSettings
from app.settings_login import ssh_login


def hosts(
    document: Document, content: Mapping[str, object], taken: Collection[str], folder: Path
) -> tuple[HostSettings, ...]:
    """What the file says. ``taken`` are the names of devices and databases."""
    found: dict[str, HostSettings] = {}
    lines: dict[str, int] = {}
    for table in document.tables(content.get("hosts", []), ("hosts",), "hosts"):
        table.only(HOST_KEYS)
        name = table.need("name", values.name("a host's name"), "")
        login = ssh_login(table, name, folder, None)
        if name in taken:
            table.complain("name", "another name: a device or a database has this one", f'"{name}"')
        elif name in found:
            table.complain("name", f"another name: line {lines[name]} has this one", f'"{name}"')
        elif name:
            lines[name] = document.line((*table.where, "name"))
            found[name] = HostSettings(
                name=name,
                host=table.need("host", values.HOST, ""),
                port=table.get("port", values.PORT, HOST_PORT),
                user=login.user or "",
                password=login.password,
                key_file=login.key_file,
                passphrase=login.passphrase,
                host_keys=table.each("host_keys", values.HOST_KEY),
                verify=table.get("verify", values.BOOLEAN, True),
            )
    return tuple(found.values())
