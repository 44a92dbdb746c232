"""Facts that stay in the file of the store until somebody asks for them: of a large estate they are most of it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from urllib.parse import quote

BUSY_S = 1.0
KEPT_KB = 512
"""Of the file so much is kept in memory: whoever looks at everything looks at each row once."""

_FACTS = "SELECT facts FROM sighting WHERE kind = ? AND key = ? AND device = ?"


class VanishedError(LookupError):
    """The file does not hold this sighting any more."""


class FactsFile:
    """The facts in the store at ``path``, each as it is in the file when it is asked for. ``mode`` is SQLite's. May be
    asked from any thread; the file is opened for the first who asks."""

    def __init__(self, path: Path, mode: str) -> None:
        self._uri = f"file:{quote(str(path))}?mode={mode}"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def text(self, kind: str, key: str, device: str) -> str:
        """The JSON text of the facts. Raises :class:`VanishedError`, and ``sqlite3.Error`` where the file fails."""
        with self._lock:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
                )
                self._connection.execute(f"PRAGMA cache_size=-{KEPT_KB}")
            row = self._connection.execute(_FACTS, (kind, key, device)).fetchone()
        if row is None:
            raise VanishedError(f"the store does not hold the {kind} {key} of {device} any more")
        text: str = row[0]
        return text

    def close(self) -> None:
        """Whoever asks after this opens the file again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
