"""Infrastructure out of a CSV or JSON file, as people keep it. Every error has its line; a wrong file gives nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec import Struct

from app.config_table import SettingProblem, SettingsError
from app.infra.building import FIELDS, Reading, build
from store.infra.records import Item, Kind, Plain
from store.infra.rules import Conflict, conflicts

TABLES = ("containers", "cooling", "power", "certificates", "warranty", "zones")
"""The plain tables that there are."""

_LISTS = {"sites": Kind.SITE, "racks": Kind.RACK, "feeds": Kind.FEED, "systems": Kind.SYSTEM, "vlans": Kind.VLAN}
LISTS = {**_LISTS, "links": Kind.LINK}
"""The lists of a JSON file."""

COLUMNS = ("kind", *dict.fromkeys(name for fields in FIELDS.values() for name in fields))
_SPACE = re.compile(r"[ \t\r\n]*")


def source_name(file: str, table: str | None) -> str:
    """What the items of a file are kept under."""
    return f"{table or 'file'}:{file}"


class FileRead(Struct, frozen=True):
    """What a file holds, and what is only known to hold as long as nothing fails."""

    items: tuple[Item, ...]
    warnings: tuple[Conflict, ...]


def read(path: Path, others: Collection[Item], sites: Collection[str], table: str | None = None) -> FileRead:
    """A file: with ``table`` the rows of that plain table, else items of infrastructure. ``others`` are the items of
    other sources and ``sites`` those of the settings: it may name them. Raises :class:`SettingsError`."""
    return understood(path, _text(path), others, sites, table)


def understood(
    path: Path, text: str, others: Collection[Item], sites: Collection[str], table: str | None = None
) -> FileRead:
    """As :func:`read`, of the text of the file. Pure."""
    reading = Reading(path)
    if table is not None:
        _plain_rows(reading, text, table)
    elif path.suffix.lower() == ".json":
        _json(reading, text)
    else:
        _csv(reading, text)
    if reading.problems:
        raise SettingsError(path, reading.problems)
    found = _conflicts(reading, others, sites)
    return FileRead(tuple(reading.items.values()), found)


def _conflicts(reading: Reading, others: Collection[Item], sites: Collection[str]) -> tuple[Conflict, ...]:
    """What cannot be so is an error; what other sources alone have wrong is not this file's."""
    mine = [
        one
        for one in conflicts((*others, *reading.items.values()), sites)
        if one.about in reading.lines or one.other in reading.lines
    ]
    problems = [_problem(reading, one) for one in mine if not one.only_if]
    if problems:
        raise SettingsError(reading.path, problems)
    return tuple(mine)


def _problem(reading: Reading, conflict: Conflict) -> SettingProblem:
    about, other = conflict.about, conflict.other
    if about not in reading.lines and other is not None:
        about, other = other, about
    beside = f" (line {reading.lines[other]})" if other in reading.lines else ""
    expected = f"that it can be so: {conflict.text}{beside}"
    return SettingProblem(reading.lines.get(about, 0), 0, f"{conflict.about[0]} {conflict.about[1]}", expected, "")


def _text(path: Path) -> str:
    """Raises :class:`SettingsError`."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(path, [SettingProblem(line, 0, "", "UTF-8 text", "")]) from None
    except OSError as error:
        raise SettingsError(path, [SettingProblem(0, 0, "", f"a readable file: {error.strerror}", "")]) from None


# --------------------------------------------------------------------------------------------------------------- CSV


def _csv(reading: Reading, text: str) -> None:
    for line, values in _lines(reading, text, COLUMNS):
        kind = values.pop("kind", "")
        if kind not in FIELDS:
            reading.complain(line, "kind", f"one of {', '.join(FIELDS)}", kind)
        else:
            build(reading, line, Kind(kind), dict(values))


def _plain_rows(reading: Reading, text: str, table: str) -> None:
    for line, values in _lines(reading, text, None):
        name = values.get("name", "")
        if not name:
            reading.complain(line, "name", "the name of the row", "")
        elif not all(value.isprintable() for value in values.values()):
            reading.complain(line, "", "printable text")
        else:
            cells = tuple((column, value) for column, value in values.items() if column != "name")
            reading.add(line, Plain(table, name, cells))


def _lines(reading: Reading, text: str, known: Collection[str] | None) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line; ``known`` columns None: any, with ``name`` among them."""
    source = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip().lower() for column in next(source, [])]
        if not _header(reading, header, known):
            return
        for row in source:
            line = source.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                reading.complain(line, "", f"{len(header)} columns, as the first line names them", len(row))
                continue
            yield line, {column: cell.strip() for column, cell in zip(header, row, strict=True)}
    except csv.Error as error:
        reading.complain(source.line_num, "", f"CSV ({error})")


def _header(reading: Reading, header: list[str], known: Collection[str] | None) -> bool:
    wanted = "kind" if known is not None else "name"
    for column in header:
        if known is not None and column not in known:
            reading.complain(1, "", f"columns out of {', '.join(known)}", column)
        elif not column or not column.isprintable() or header.count(column) > 1:
            reading.complain(1, "", "a name of its own for each column", column)
    if wanted not in header:
        reading.complain(1, "", f"a first line with the column {wanted}", ",".join(header)[:60])
    return not reading.problems


# -------------------------------------------------------------------------------------------------------------- JSON


def _json(reading: Reading, text: str) -> None:
    """An object of lists of objects. Read list by list, so that each object has its line."""
    try:
        for name, at, elements in _members(text):
            if name not in LISTS:
                reading.complain(_line(text, at), "", f"the lists {', '.join(LISTS)}", name)
                continue
            for start, value in elements:
                if not isinstance(value, dict):
                    reading.complain(_line(text, start), name, "an object", str(value)[:60])
                else:
                    build(reading, _line(text, start), LISTS[name], value)
    except json.JSONDecodeError as error:
        reading.complain(error.lineno, "", f"JSON ({error.msg})")
    except RecursionError:
        reading.complain(1, "", "JSON that is less deep")


def _members(text: str) -> Iterator[tuple[str, int, list[tuple[int, object]]]]:
    """The members of the outermost object: name, where it stands, and the elements of its list with theirs."""
    decoder = json.JSONDecoder(object_pairs_hook=_once)
    at = _expect(text, _skip(text, 0), "{")
    first = True
    while text[at : at + 1] != "}" or not first:
        start = at
        name, at = _value(decoder, text, at)
        if not isinstance(name, str):
            raise json.JSONDecodeError("expected a name in quotes", text, start)
        at = _expect(text, _skip(text, _expect(text, _skip(text, at), ":")), "[")
        elements: list[tuple[int, object]] = []
        while text[at : at + 1] != "]" or elements:
            begin = at
            value, at = _value(decoder, text, at)
            elements.append((begin, value))
            at = _skip(text, at)
            if text[at : at + 1] != ",":
                break
            at = _skip(text, at + 1)
        at = _expect(text, at, "]")
        yield name, start, elements
        first = False
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    at = _expect(text, at, "}")
    if at != len(text):
        raise json.JSONDecodeError("expected the end of the file", text, at)


class _TwiceError(ValueError):
    """A name stands twice in an object."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(f"{next(name for name in names if names.count(name) > 1)} stands twice in an object")
    return found


def _value(decoder: json.JSONDecoder, text: str, at: int) -> tuple[object, int]:
    """The value that begins there, and where it ends. Raises JSONDecodeError."""
    try:
        found: tuple[object, int] = decoder.raw_decode(text, at)
    except _TwiceError as error:
        raise json.JSONDecodeError(str(error), text, at) from None
    except StopIteration:
        raise json.JSONDecodeError("expected a value", text, at) from None
    return found


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"expected {sign}", text, at)
    return _skip(text, at + 1)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
