"""Rows as a file: CSV or JSON, with everything the table knows of them, whatever the screen had room for. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from screens.cells import Cell
from screens.columns import Column, Measure, Row

SCHEMA_VERSION = 1


class Form(StrEnum):
    CSV = "csv"
    JSON = "json"


class Sheet(Struct, frozen=True):
    """The rows of a table at one moment, in their order. ``shown`` says which of them these are: all, those of a
    filter, or those that were marked. ``twin``: they are of a copy of an estate as it was then, and the
    file says so."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    taken_at: datetime
    shown: str
    twin: datetime | None = None


def export(sheet: Sheet, form: Form) -> str:
    """The text of the file."""
    return _csv(sheet) if form is Form.CSV else _json(sheet)


def file_name(sheet: Sheet, form: Form) -> str:
    """``lpars-20260131T235959Z.csv``; of a twin ``twin-lpars-…``"""
    of = "" if sheet.twin is None else "twin-"
    return f"{of}{sheet.name}-{sheet.taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.{form.value}"


def plain(row: Sequence[Cell]) -> str:
    """A row as one line of text for the clipboard: its texts, separated by tabs."""
    return "\t".join(cell.text for cell in row)


def _csv(sheet: Sheet) -> str:
    """A header line, then a line a row; a column of moments is followed by its times in UTC."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header: list[str] = []
    for column in sheet.columns:
        header += [column.name] if column.measure is Measure.TEXT else [column.name, value_name(column)]
    writer.writerow(header)
    for row in sheet.rows:
        line: list[object] = []
        for column, cell in zip(sheet.columns, row, strict=True):
            line += [cell.text] if column.measure is Measure.TEXT else [cell.text, value(column, cell)]
        writer.writerow(line)
    return out.getvalue()


def _json(sheet: Sheet) -> str:
    rows = []
    for row in sheet.rows:
        found: dict[str, object] = {}
        for column, cell in zip(sheet.columns, row, strict=True):
            found[column.name] = cell.text
            if column.measure is not Measure.TEXT:
                found[value_name(column)] = value(column, cell)
        rows.append(found)
    head = {
        "schema_version": SCHEMA_VERSION,
        "table": sheet.name,
        "taken_at": f"{sheet.taken_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **({} if sheet.twin is None else {"twin_of": f"{sheet.twin.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}),
        "rows_are": sheet.shown,
        "rows": rows,
    }
    return json.dumps(head, indent=2, ensure_ascii=False) + "\n"


_UNITS = {Measure.NUMBER: "value", Measure.SIZE: "bytes", Measure.SPAN: "s", Measure.MOMENT: "at"}


def value_name(column: Column) -> str:
    """The name of the column that holds the value itself: with its unit, or ``_at`` for a moment in UTC."""
    return f"{column.name}_{_UNITS[column.measure]}"


def value(column: Column, cell: Cell) -> float | int | str | None:
    """The value behind a cell's text; None where there is none."""
    if cell.value is None or cell.value in (float("inf"), float("-inf")):
        return None
    if column.measure is Measure.MOMENT:
        return f"{datetime.fromtimestamp(cell.value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return int(cell.value) if cell.value == int(cell.value) else cell.value
