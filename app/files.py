"""What the console writes besides its store: exports, and the filters that were given a name."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screens.export import Form, Sheet

FILTERS_NAME = "filters.toml"
_HEADER = "# Filters saved in the console with :save NAME, a table for each table of the console.\n"


class Files:
    """``folder`` is that of the configuration; None: there is none, and nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def exports(self) -> Path:
        """Where exports go: the present folder."""
        return Path.cwd()

    def export(self, sheet: Sheet, form: Form) -> str:
        """Write rows to a new file, for the owner alone; returns the sentence that says where, or why not."""
        from screens.export import export, file_name

        path = self.exports / file_name(sheet, form)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(export(sheet, form))
        except OSError as error:
            return f"Not exported: {path}: {error.strerror}"
        return f"Exported {sheet.shown} to {path}"

    def saved_filters(self) -> dict[str, dict[str, str]]:
        """The filters that have a name, by table; none where the file cannot be read as such."""
        if self._folder is None:
            return {}
        import tomllib

        try:
            found = tomllib.loads((self._folder / FILTERS_NAME).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {
            table: {name: text for name, text in filters.items() if isinstance(text, str)}
            for table, filters in found.items()
            if isinstance(filters, dict)
        }

    def save_filters(self, saved: Mapping[str, Mapping[str, str]]) -> str | None:
        """Write them, all or nothing; returns why they could not be written."""
        if self._folder is None:
            return "Not saved: this console has no configuration folder."
        lines = [_HEADER]
        for table, filters in saved.items():
            lines.append(f"[{table}]")
            lines += [f"{_quoted(name)} = {_quoted(text)}" for name, text in filters.items()]
            lines.append("")
        path = self._folder / FILTERS_NAME
        try:
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".filters-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            Path(name).replace(path)
        except OSError as error:
            return f"Not saved: {path}: {error.strerror}"
        return None


def _quoted(text: str) -> str:
    # A JSON string of ASCII characters is a basic string of TOML too; of the lone surrogates that it could hold, none
    # can be typed.
    return json.dumps(text)
