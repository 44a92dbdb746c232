"""What commands print: aligned columns of text that cannot disturb a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def printable(text: str) -> str:
    """The text on one line, with every character that a terminal would obey or cannot show written as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line per row; every column but the last as wide as its widest cell."""
    if not rows:
        return []
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def stamp(at: datetime | None) -> str | None:
    """``2026-01-31T23:59:59Z``; None for None."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def twin_line(twin: datetime | None) -> list[str]:
    """What a report begins with where the devices are a copy of an estate as it was then; else nothing."""
    return [] if twin is None else [f"On a twin of the estate as it was at {stamp(twin)}: no real device takes part."]


def of_twin(twin: datetime | None) -> dict[str, object]:
    """The same for JSON."""
    return {} if twin is None else {"twin_of": stamp(twin)}
