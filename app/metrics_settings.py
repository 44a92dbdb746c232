"""``[metrics]`` of the configuration: where ``drdeck scheduler`` puts its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from app import values
from app.config_table import Document

METRICS_KEYS = ("textfile", "port")


class MetricsSettings(Struct, frozen=True):
    """``textfile`` is a file for a collector of textfiles, ``port`` one of 127.0.0.1; None: not wanted."""

    textfile: Path | None = None
    port: int | None = None

    @property
    def wanted(self) -> bool:
        return self.textfile is not None or self.port is not None


def metrics(document: Document, content: Mapping[str, object], folder: Path) -> MetricsSettings:
    """``folder`` is that of the file."""
    table = document.table(content.get("metrics", {}), ("metrics",), "metrics")
    table.only(METRICS_KEYS)
    return MetricsSettings(table.maybe("textfile", values.path(folder)), table.maybe("port", values.PORT))
