"""Other answers of the CLI, needed where the WSAPI does not answer: ``showsys``, ``showdate``, ``showvlun``."""

from __future__ import annotations

import csv
import re
from datetime import datetime, tzinfo

from backends.outcome import ParseError
from backends.threepar import zones
from backends.threepar.answers import System
from backends.threepar.showrcopy import number
from store.estate import Problem, Vlun

_CLOCK = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} \S{1,12}) \(([^()]+)\)", re.ASCII)
_SYSTEM_ID = re.compile(r"0x[0-9A-Fa-f]{1,8}|[1-9]\d{0,9}", re.ASCII)
_SYSTEM = ("ID", "Name", "Model", "Serial", "TotalCap", "FreeCap")
_NONE_LISTED = ("no vluns listed", "no vlun listed")


def rows(text: str, needed: tuple[str, ...]) -> list[tuple[dict[str, str], str]]:
    """The rows of a CSV answer with a header, as (column → cell, line); a total at the end is left out.

    Raises :class:`ParseError` if there is no header with the ``needed`` columns, or a row of another length.
    """
    names: list[str] | None = None
    found = []
    for line in re.split(r"\r?\n", text):
        if not line.strip() or re.fullmatch(r"-{3,}[-,]*|\d+,total", line.strip()):
            continue
        try:
            cells = [cell.strip(" ") for cell in next(csv.reader([line], strict=True))]
        except (csv.Error, StopIteration):
            raise ParseError("a CSV row with matching quotes", line) from None
        if names is None:
            if missing := [name for name in needed if name not in cells]:
                raise ParseError(f"a header with {', '.join(missing)}", line)
            names = cells
        elif len(cells) != len(names):
            raise ParseError(f"{len(names)} fields: {', '.join(names)}", line)
        else:
            found.append((dict(zip(names, cells, strict=True)), line))
    if names is None:
        raise ParseError(f"a header with {', '.join(needed)}", text[:200])
    return found


def system(text: str, os_version: str) -> System:
    """``showsys`` in CSV with its header, and what ``showversion -s`` printed. Raises :class:`ParseError`."""
    found = rows(text, _SYSTEM)
    if len(found) != 1:
        raise ParseError("one system", text[:200])
    row, line = found[0]
    if not row["Name"] or not row["Serial"] or not _SYSTEM_ID.fullmatch(row["ID"]):
        raise ParseError("a system row with id, name and serial number", line)
    capacity = (number(row["TotalCap"]), number(row["FreeCap"]))
    version = os_version.strip()
    if not re.fullmatch(r"[0-9][0-9A-Za-z.() _-]{0,60}", version, re.ASCII):
        raise ParseError("a version like 4.5.19.9", version[:200])
    return System(row["Name"], row["Serial"], row["Model"], version, int(row["ID"], 0), None, *capacity)


def clock(text: str) -> tuple[datetime, tzinfo, str]:
    """``showdate``: the array's time in UTC, its zone, and the zone's name. Raises :class:`ParseError`."""
    match = _CLOCK.search(text)
    if match is None:
        raise ParseError("a time and a zone like 2026-03-14 02:15:31 CET (Europe/Oslo)", text[:200])
    zone = zones.zone(match[2])
    return zones.to_utc(match[1], zone), zone, match[2]


def exports(text: str) -> tuple[list[tuple[str, Vlun]], list[Problem]]:
    """``showvlun -t`` in CSV with its header: volume and export. Raises :class:`ParseError` without a header."""
    if text.strip().lower() in _NONE_LISTED:
        return [], []
    found: list[tuple[str, Vlun]] = []
    problems: list[Problem] = []
    for row, line in rows(text, ("Lun", "VVName", "HostName")):
        if not row["VVName"] or not re.fullmatch(r"\d{1,5}", row["Lun"], re.ASCII):
            problems.append(Problem("showvlun -t", line, "an export with a LUN and a volume"))
            continue
        host = row["HostName"] if row["HostName"] not in ("", "-", "---") else "any host"
        found.append((row["VVName"], Vlun(host, int(row["Lun"]))))
    return found, problems
