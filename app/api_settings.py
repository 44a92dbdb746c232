"""``[api]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app import values
from app.api_records import API_KEYS, PORT, READER_KEYS, ApiSettings, Reader
from app.config_table import Document, Table
from app.settings_login import NO_SECRET, reference


def api(document: Document, content: Mapping[str, object], folder: Path) -> ApiSettings:
    """What the file says; relative ``file:`` references count from ``folder``."""
    table = document.table(content.get("api", {}), ("api",), "api")
    table.only(API_KEYS)
    readers: dict[str, Reader] = {}
    for each in document.tables(table.values.get("readers", []), ("api", "readers"), "api.readers"):
        made = _reader(each, folder)
        if made.name in readers:
            each.complain("name", "another name: a reader before it has this one", f'"{made.name}"')
        readers[made.name] = made
    return ApiSettings(port=table.get("port", values.PORT, PORT), readers=tuple(readers.values()))


def _reader(table: Table, folder: Path) -> Reader:
    table.only(READER_KEYS)
    name = table.need("name", values.name("a reader's name"), "")
    return Reader(name, table.need("token", reference(f"token of reader {name}", folder), NO_SECRET))
