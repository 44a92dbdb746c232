"""A plan out of a table of names and order, as people keep them in spreadsheets: CSV in, a draft out. Pure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.config_table import SettingProblem, SettingsError
from app.plans.records import MemberKind
from app.plans.writer import DraftApplication, DraftPlan, fitting
from app.values import UnexpectedError, duration

COLUMNS = ("name", "kind", "application", "order", "group", "after", "rto", "rpo")
KINDS: Mapping[str, MemberKind] = {
    "lpar": MemberKind.LPAR,
    "pgroup": MemberKind.PGROUP,
    "pod": MemberKind.POD,
    "rcg": MemberKind.RCG,
    "vm": MemberKind.VM,
}
_TARGET = duration(1, 30 * 86400)


class _Reading:
    """One table; every error is kept with its line."""

    def __init__(self, path: Path, known: Mapping[str, Sequence[MemberKind]]) -> None:
        self.path = path
        self.known = known
        self.problems: list[SettingProblem] = []
        self.applications: dict[str, DraftApplication] = {}
        self.orders: dict[str, int] = {}

    def complain(self, line: int, column: str, expected: str, found: str) -> None:
        self.problems.append(SettingProblem(line, 0, column, expected, found))

    def row(self, line: int, row: Mapping[str, str]) -> None:
        name = row["name"]
        if not name:
            self.complain(line, "name", "the name of a member", "nothing")
            return
        kind = self._kind(line, name, row["kind"].lower())
        if kind is None:
            return
        label = fitting(row["application"] or name)
        made = self.applications.setdefault(label, DraftApplication(label, ""))
        made.add(kind, name)
        self._group(line, made, row)
        made.after += [fitting(each) for each in row["after"].split() if fitting(each) not in made.after]
        for column, was in (("rto", made.rto), ("rpo", made.rpo)):
            self._target(line, made, column, row[column], was)

    def _kind(self, line: int, name: str, said: str) -> MemberKind | None:
        if said:
            if said not in KINDS:
                self.complain(line, "kind", f"one of {', '.join(KINDS)}", f'"{said}"')
            return KINDS.get(said)
        found = self.known.get(name.rpartition("/")[2], ())
        if len(found) == 1:
            return found[0]
        words = {kind: word for word, kind in KINDS.items()}
        seen = ", ".join(words[kind] for kind in found) or "nothing of this name is known"
        self.complain(line, "kind", f"one of {', '.join(KINDS)}, where the name alone does not tell it", seen)
        return None

    def _group(self, line: int, made: DraftApplication, row: Mapping[str, str]) -> None:
        group = fitting(row["group"]) if row["group"] else ""
        order = row["order"]
        if order and not (order.isascii() and order.isdigit() and len(order) < 7):
            self.complain(line, "order", "a whole number: 1 comes back first", f'"{order}"')
            return
        group = group or (f"order-{int(order)}" if order else "")
        if made.group and group and group != made.group:
            self.complain(line, "group", f"the group of {made.name}, {made.group}, or nothing", f'"{group}"')
        made.group = made.group or group
        if group and order:
            self.orders[group] = min(int(order), self.orders.get(group, int(order)))

    def _target(self, line: int, made: DraftApplication, column: str, value: str, was: str) -> None:
        if not value:
            return
        try:
            _TARGET.convert(value)
        except UnexpectedError:
            self.complain(line, column, _TARGET.expected, f'"{value}"')
            return
        if was and was != value:
            self.complain(line, column, f"{was}, as {made.name} has it above, or nothing", f'"{value}"')
        setattr(made, column, value)


def imported(
    path: Path, content: str, source: str, target: str, known: Mapping[str, Sequence[MemberKind]]
) -> DraftPlan:
    """The plan that a table means; ``known`` says of each name of the estate which kinds it is. Raises
    :class:`SettingsError` with all its errors and their lines."""
    lines = content.removeprefix("\ufeff").splitlines()
    head = lines[0] if lines else ""
    rows = csv.reader(lines, delimiter=max(",;\t", key=head.count), strict=True)
    reading = _Reading(path, known)
    try:
        columns = [column.strip().lower() for column in next(rows, [])]
        _header(reading, columns)
        for row in rows if not reading.problems else ():
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
                if len(row) != len(columns):
                    reading.complain(rows.line_num, "", f"{len(columns)} columns", f"{len(row)}")
                    continue
                cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
                reading.row(rows.line_num, {column: cells.get(column, "") for column in COLUMNS})
    except csv.Error as error:
        reading.complain(rows.line_num, "", "a table with separators between its cells", str(error))
    if not reading.problems and not reading.applications:
        reading.complain(1, "name", "at least one row", "none")
    if reading.problems:
        raise SettingsError(path, reading.problems)
    made = list(reading.applications.values())
    groups = _groups(reading, made)
    return DraftPlan(source, target, groups, made, [f"Imported from {path.name}. Look at every line."])


def _header(reading: _Reading, columns: Sequence[str]) -> None:
    if "name" not in columns:
        reading.complain(1, "", f"a header with name, and any of {', '.join(COLUMNS[1:])}", ", ".join(columns)[:60])
    for column in columns:
        if column not in COLUMNS:
            reading.complain(1, column[:40], f"one of the columns {', '.join(COLUMNS)}", "a column that is not known")
        elif columns.count(column) > 1:
            reading.complain(1, column, "each column once", "twice")


def _groups(reading: _Reading, made: Sequence[DraftApplication]) -> list[str]:
    """The groups by their order, else as they come. Where some applications are in one, the rest are last."""
    groups = list(dict.fromkeys(each.group for each in made if each.group))
    groups.sort(key=lambda group: reading.orders.get(group, len(reading.orders) + 10**7))
    if groups and any(not each.group for each in made):
        groups.append("rest" if "rest" not in groups else "the-rest")
        for each in made:
            each.group = each.group or groups[-1]
    return groups
