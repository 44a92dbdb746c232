"""``[backups]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app import values
from app.config_table import Document
from app.values import Check

BACKUP_KEYS = ("directory",)


def backups(document: Document, content: Mapping[str, object], folder: Path) -> Path | None:
    """The directory for backups; None: there are none. ``folder`` is that of the file. Whether it is there is not
    looked at: its file system may not be mounted just now."""
    table = document.table(content.get("backups", {}), ("backups",), "backups")
    table.only(BACKUP_KEYS)
    return table.maybe("directory", Check("a path to a directory", values.path(folder).convert))
