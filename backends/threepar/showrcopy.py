"""What ``showrcopy`` prints, in CSV (with and without headers) and as a table: strict, row by row.

A row that does not have the documented form is a :class:`store.estate.Problem`; the rows around it still count. A value
that cannot be read inside a good row becomes *unknown* and a Problem.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from backends.outcome import ParseError
from backends.threepar import words, zones
from store.estate import (
    Problem,
    RcgMode,
    RcgRole,
    RcgStatus,
    RcopyLink,
    RcopyTarget,
    RemoteCopyVolume,
    SyncStatus,
)
from store.turns import paced

T = TypeVar("T")

_GROUP = ("Name", "Target", "Status", "Role", "Mode", "Options")
_VOLUME = ("LocalVV", "ID", "RemoteVV", "RemoteID", "SyncStatus", "LastSyncTime")
_TARGET = ("Name", "ID", "Type", "Status", "Options", "Policy")
_LINK = ("Target", "Node", "Address", "Status", "Options")
_TITLES = re.compile(r"(Remote Copy System|Target|Link|Group) Information|Status: .*")
_POLICY = re.compile(r"[A-Za-z][A-Za-z_]{1,40}", re.ASCII)
_NODE = re.compile(r"\d{1,2}:\d{1,2}:\d{1,2}", re.ASCII)
_NONE = ("", "-", "--", "---", "NA", "none")

Row = dict[str, str]


class CliGroup(Struct, frozen=True):
    """A group row with its volumes. ``id`` and the CPGs only from ``showrcopy -d``; times UTC; ``period_s`` seconds."""

    name: str
    target: str
    status: RcgStatus
    role: RcgRole
    mode: RcgMode | None
    period_s: int | None = None
    last_sync: datetime | None = None
    policies: tuple[str, ...] = ()
    volumes: tuple[RemoteCopyVolume, ...] = ()
    id: int | None = None
    local_cpg: str | None = None
    remote_cpg: str | None = None


class Groups(Struct, frozen=True):
    """What ``showrcopy groups`` said."""

    groups: tuple[CliGroup, ...]
    problems: tuple[Problem, ...] = ()


class _Reader(Struct):
    """Collects groups row by row; ``where`` names the command for the problems."""

    where: str
    zone: tzinfo | None
    groups: list[CliGroup] = field(default_factory=list)
    volumes: list[RemoteCopyVolume] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lost: bool = False  # the group row above could not be read, so its volumes belong to nobody

    def attempt(self, line: str, parse: Callable[[], T], otherwise: T) -> T:
        try:
            return parse()
        except ParseError as error:
            self.problem(line, error.expected if error.line in line else f"{error.expected}, got {error.line!r}")
            return otherwise

    def problem(self, line: str, expected: str) -> None:
        self.problems.append(Problem(self.where, line, expected))

    def group(self, row: Row, line: str) -> None:
        self._close()
        name = row["Name"]
        if not name or not row["Target"] or re.search(r"[\s,\"]", name):
            self.lost = True
            self.problem(line, "a group row with a name and a target")
            return
        self.lost = False
        options = self._options(row["Options"], line)
        group = CliGroup(
            name,
            row["Target"],
            self.attempt(line, lambda: _status(row["Status"]), RcgStatus.UNKNOWN),
            self.attempt(line, lambda: words.word(RcgRole, row["Role"], "Role"), RcgRole.UNKNOWN),
            self.attempt(line, lambda: words.word(RcgMode, row["Mode"], "Mode"), None),
            *options,
            id=self.attempt(line, lambda: number(row["ID"]), None) if "ID" in row else None,
            local_cpg=_text(row.get("LocalUserCpg")),
            remote_cpg=_text(row.get("RmUserCpg")),
        )
        self.groups.append(group)

    def bad_row(self, line: str, expected: str, *, volume: bool) -> None:
        if not volume:
            self._close()
            self.lost = True
        self.problem(line, expected)

    def _options(self, text: str, line: str) -> tuple[int | None, datetime | None, tuple[str, ...]]:
        period: int | None = None
        last: datetime | None = None
        policies: list[str] = []
        for part in (p.strip(" ") for p in text.split(",")):
            if part.startswith("Last-Sync "):
                last = self.attempt(line, lambda p=part: self._time(p.removeprefix("Last-Sync ")), None)  # type: ignore[misc]
            elif part.startswith("Period "):
                period = self.attempt(line, lambda p=part: words.period(p.removeprefix("Period ")), None)  # type: ignore[misc]
            elif _POLICY.fullmatch(part):
                policies.append(part)
            elif part not in _NONE:
                self.problem(line, f"an option like auto_recover or Period 5m, got {part!r}")
        return period, last, tuple(policies)

    def _time(self, text: str) -> datetime | None:
        return None if text in _NONE else zones.to_utc(text, self.zone)

    def volume(self, row: Row, line: str) -> None:
        if self.lost:
            return
        if not self.groups:
            self.problem(line, "a group row before its volumes")
            return
        if not row["LocalVV"] or not row["RemoteVV"]:
            self.problem(line, "a volume row with a local and a remote volume")
            return
        unknown: tuple[SyncStatus, int | None] = (SyncStatus.UNKNOWN, None)
        status, percent = self.attempt(line, lambda: words.sync_word(row["SyncStatus"]), unknown)
        self.volumes.append(
            RemoteCopyVolume(
                row["LocalVV"],
                self.attempt(line, lambda: number(row["ID"]), None),
                row["RemoteVV"],
                self.attempt(line, lambda: number(row["RemoteID"]), None),
                status,
                percent,
                self.attempt(line, lambda: self._time(row["LastSyncTime"]), None),
            )
        )

    def _close(self) -> None:
        if self.groups and self.volumes:
            self.groups[-1] = replace(self.groups[-1], volumes=tuple(self.volumes))
        self.volumes = []

    def result(self) -> Groups:
        self._close()
        return Groups(tuple(self.groups), tuple(self.problems))


# ----------------------------------------------------------------------------------------------------------------- CSV


def groups_csv(text: str, zone: tzinfo | None, where: str = "showrcopy groups") -> Groups:
    """The CSV of ``showrcopy groups`` or ``showrcopy -d groups``. ``zone`` is the array's own.

    Without header rows the columns are those of ``showrcopy groups``.
    """
    reader = _Reader(where, zone)
    names: dict[bool, Sequence[str]] = {False: _GROUP, True: _VOLUME}
    for line in paced(_lines(text)):
        if not line.strip() or _TITLES.fullmatch(line.strip()):
            continue
        volume = line.startswith(" ")
        try:
            cells = _cells(line)[1 if volume else 0 :]
            header = _header(cells, "LocalVV" if volume else "Name", _VOLUME if volume else _GROUP)
            if header is not None:
                names[volume] = header
                continue
            row = _row(cells, names[volume], line)
        except ParseError as error:
            reader.bad_row(line, error.expected, volume=volume)
            continue
        (reader.volume if volume else reader.group)(row, line)
    return reader.result()


def targets_csv(text: str, where: str = "showrcopy targets") -> tuple[tuple[RcopyTarget, ...], tuple[Problem, ...]]:
    """The CSV of ``showrcopy targets``."""

    def target(row: Row, line: str) -> RcopyTarget:
        if not row["Name"] or not row["Status"]:
            raise ParseError("a target row with a name and a status", line)
        return RcopyTarget(row["Name"], number(row["ID"]), row["Type"], row["Status"], _text(row["Policy"]))

    return _list(text, where, "Name", _TARGET, target)


def links_csv(text: str, where: str = "showrcopy links") -> tuple[tuple[RcopyLink, ...], tuple[Problem, ...]]:
    """The CSV of ``showrcopy links``."""

    def link(row: Row, line: str) -> RcopyLink:
        if not row["Target"] or not row["Status"] or not _NODE.fullmatch(row["Node"]):
            raise ParseError("a link row: target, node:slot:port, address, status", line)
        return RcopyLink(row["Target"], row["Node"], row["Address"], row["Status"])

    return _list(text, where, "Target", _LINK, link)


def _list(
    text: str, where: str, first: str, columns: Sequence[str], parse: Callable[[Row, str], T]
) -> tuple[tuple[T, ...], tuple[Problem, ...]]:
    found: list[T] = []
    problems: list[Problem] = []
    names = columns
    for line in _lines(text):
        if not line.strip() or _TITLES.fullmatch(line.strip()):
            continue
        try:
            cells = _cells(line)
            header = _header(cells, first, columns)
            if header is not None:
                names = header
            else:
                found.append(parse(_row(cells, names, line), line))
        except ParseError as error:
            problems.append(Problem(where, line, error.expected))
    return tuple(found), tuple(problems)


def _lines(text: str) -> list[str]:
    return re.split(r"\r?\n", text)


def _cells(line: str) -> list[str]:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        raise ParseError("a CSV row with matching quotes", line) from None
    if len(rows) != 1:
        raise ParseError("one CSV row", line)
    return [cell.strip(" ") for cell in rows[0]]


def _header(cells: list[str], first: str, needed: Sequence[str]) -> Sequence[str] | None:
    """The column names if this is a header row. The second ``ID`` of a volume header is the remote one."""
    if not cells or cells[0] != first:
        return None
    names = list(cells)
    if names.count("ID") == 2:
        names[len(names) - 1 - names[::-1].index("ID")] = "RemoteID"
    missing = [name for name in needed if name not in names]
    if missing or len(set(names)) != len(names):
        raise ParseError(f"a header with {', '.join(needed)}", ",".join(cells))
    return names


def _row(cells: list[str], names: Sequence[str], line: str) -> Row:
    if len(cells) != len(names):
        raise ParseError(f"{len(names)} fields: {', '.join(names)}", line)
    return dict(zip(names, cells, strict=True))


def number(text: str) -> int:
    """A decimal id. Raises :class:`ParseError`."""
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        raise ParseError("a decimal number", text)
    return int(text)


def _status(text: str) -> RcgStatus:
    if text == RcgStatus.UNKNOWN.value:
        return RcgStatus.UNKNOWN
    return words.word(RcgStatus, text, "Status")


def _text(text: str | None) -> str | None:
    return None if text is None or text in _NONE else text


# --------------------------------------------------------------------------------------------------------------- table


def groups_table(text: str, zone: tzinfo | None, where: str = "showrcopy groups") -> Groups:
    """The default table form of ``showrcopy groups``, cut by the positions of the header's columns."""
    reader = _Reader(where, zone)
    heads: dict[bool, tuple[Sequence[str], list[int]] | None] = {False: None, True: None}
    for line in _group_lines(text):
        volume = line.startswith("  ")
        try:
            head = _table_header(line, volume)
            if head is not None:
                heads[volume] = head
                continue
            known = heads[volume]
            if known is None:
                raise ParseError("a header row before the first row", line)
            row = dict(zip(known[0], _cut(line, known[1]), strict=True))
        except ParseError as error:
            reader.bad_row(line, error.expected, volume=volume)
            continue
        (reader.volume if volume else reader.group)(row, line)
    return reader.result()


def _group_lines(text: str) -> Iterator[str]:
    """The lines of the group section; all lines where the text has no section titles."""
    sections = re.split(r"(?m)^Group Information[ ]*$", text)
    for line in _lines(sections[-1]):
        if line.strip() and not _TITLES.fullmatch(line.strip()):
            yield line


def _table_header(line: str, volume: bool) -> tuple[Sequence[str], list[int]] | None:
    found = list(re.finditer(r"\S+", line))
    names = _header([m.group() for m in found], "LocalVV" if volume else "Name", _VOLUME if volume else _GROUP)
    return None if names is None else (names, [m.start() for m in found])


def _cut(line: str, starts: list[int]) -> list[str]:
    cells = []
    for index, start in enumerate(starts):
        end = starts[index + 1] if index + 1 < len(starts) else len(line)
        cell = line[start:end]
        if index + 1 < len(starts) and not cell.endswith(" "):
            raise ParseError("columns below their headers", line)
        cells.append(cell.strip(" "))
    if line[: starts[0]].strip():
        raise ParseError("columns below their headers", line)
    return cells
