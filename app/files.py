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
        self.trouble: str | None = None
        """Why the saved filters could not be read, and are not written over."""

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
        """The filters that have a name, by table. A file that is not of that form is left alone: see ``trouble``."""
        if self._folder is None:
            return {}
        import tomllib

        path = self._folder / FILTERS_NAME
        try:
            found = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.trouble = f"The saved filters cannot be read: {path}: {error}"
            return {}
        wrong = [
            table
            for table, filters in found.items()
            if not isinstance(filters, dict) or not all(isinstance(text, str) for text in filters.values())
        ]
        if wrong:
            self.trouble = f"The saved filters cannot be read: {path}: expected texts by name in [{wrong[0]}]"
            return {}
        return found

    def save_filters(self, saved: Mapping[str, Mapping[str, str]]) -> str | None:
        """Write them, all or nothing; returns why they could not be written."""
        if self._folder is None:
            return "Not saved: this console has no configuration folder."
        if self.trouble is not None:
            return f"Not saved. {self.trouble}"
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
