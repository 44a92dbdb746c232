"""Reading a table of the configuration key by key, and collecting every error with its line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from app.toml_lines import KeyPath
from app.values import Check, UnexpectedError

T = TypeVar("T")
_LONGEST_SHOWN = 60


class SettingProblem(Struct, frozen=True, order=True):
    """One error: on which line, for which key, what was expected and what was found."""

    line: int
    column: int
    key: str
    expected: str
    found: str


class SettingsError(Exception):
    """The configuration cannot be used. ``problems`` are all its errors, in the order of their lines."""

    def __init__(self, path: Path, problems: Collection[SettingProblem]) -> None:
        self.path = path
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(self._line(problem) for problem in self.problems))

    def _line(self, problem: SettingProblem) -> str:
        place = f"{self.path}:{problem.line}" if problem.line else str(self.path)
        if problem.column:
            place += f":{problem.column}"
        key = f" {problem.key}:" if problem.key else ""
        found = f", found {problem.found}" if problem.found else ""
        return f"{place}:{key} expected {problem.expected}{found}"


class Document:
    """What the tables of one file share: the lines of its keys, and the errors found so far."""

    def __init__(self, path: Path, lines: Mapping[KeyPath, int]) -> None:
        self.path = path
        self.problems: list[SettingProblem] = []
        self._lines = lines

    def line(self, where: KeyPath) -> int:
        """The line of a key, or of the nearest table around it; 1 for the file as a whole."""
        while where and where not in self._lines:
            where = where[:-1]
        return self._lines.get(where, 1)

    def complain(self, where: KeyPath, key: str, expected: str, found: str = "") -> None:
        self.problems.append(SettingProblem(self.line(where), 0, key, expected, found))

    def table(self, value: object, where: KeyPath, label: str) -> Table:
        """A single ``[table]``; an empty one, after a complaint, if it is something else."""
        if not isinstance(value, dict):
            self.complain(where, label, f"a table: [{label}]", shown(value))
            value = {}
        return Table(self, where, label, value)

    def tables(self, value: object, where: KeyPath, label: str) -> list[Table]:
        """An array of ``[[tables]]``; none, after a complaint, if it is something else."""
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.complain(where, label, f"tables with two brackets: [[{label}]]", shown(value))
            return []
        found = []
        for index, item in enumerate(value):
            name = item.get("name")
            shown_as = name if isinstance(name, str) and name.isprintable() and len(name) <= 63 else str(index + 1)
            found.append(Table(self, (*where, index), f"{label}[{shown_as}]", item))
        return found


class Table:
    """One table. :meth:`get` and :meth:`need` return a stand-in after a complaint, so that all errors are found."""

    def __init__(self, document: Document, where: KeyPath, label: str, values: Mapping[str, object]) -> None:
        self.document = document
        self.where = where
        self.label = label
        self.values = values

    def has(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str, check: Check[T], default: T) -> T:
        """The checked value, or ``default`` where the key is absent."""
        found = self.maybe(key, check)
        return default if found is None else found

    def maybe(self, key: str, check: Check[T]) -> T | None:
        """The checked value, or None where the key is absent."""
        if key not in self.values:
            return None
        return self._checked((*self.where, key), key, self.values[key], check)

    def need(self, key: str, check: Check[T], stand_in: T) -> T:
        """The checked value; an absent key is an error."""
        if key not in self.values:
            self.complain(key, check.expected, "nothing")
        return self.get(key, check, stand_in)

    def each(self, key: str, check: Check[T]) -> tuple[T, ...]:
        """The checked items of a list; none where the key is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.complain(key, f"a list [ … ], each item {check.expected}", shown(value))
            return ()
        before = len(self.document.problems)
        items: list[T] = []
        for index, item in enumerate(value):
            where = (*self.where, key, index)
            found = self._checked(where, f"{key}[{index + 1}]", item, check)
            if found is not None:
                items.append(found)
        return tuple(items) if len(self.document.problems) == before else ()

    def only(self, known: Collection[str], elsewhere: Mapping[str, str] | None = None) -> None:
        """Complain about every key that is not ``known``; ``elsewhere`` says of some where they belong."""
        for key in self.values:
            if key not in known:
                expected = (elsewhere or {}).get(key) or _instead(key, known)
                self.complain(key, expected, "a key that is not known here")

    def complain(self, key: str, expected: str, found: str = "") -> None:
        self.document.complain((*self.where, key), f"{self.label}.{_key(key)}", expected, found)

    def _checked(self, where: KeyPath, key: str, value: object, check: Check[T]) -> T | None:
        """The typed value; None after a complaint."""
        try:
            return check.convert(value)
        except UnexpectedError as error:
            found = kind_of(value) if check.hidden else shown(value)
            self.document.complain(where, f"{self.label}.{_key(key)}", error.expected or check.expected, found)
            return None


def shown(value: object) -> str:
    """What was found, short and on one line. Only for values that are not meant to be secrets."""
    if isinstance(value, str) and "://" in value and "@" in value:
        return "an address with a login in it (not shown here)"
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"
        return '"' + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if isinstance(value, float) or abs(value) < 10**_LONGEST_SHOWN else "a huge number"
    return kind_of(value)


def kind_of(value: object) -> str:
    """What kind of thing was found, without its value."""
    if isinstance(value, str):
        return "a text that is none (not shown here)"
    names: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


def _key(key: str) -> str:
    return key if key.isprintable() and len(key) <= _LONGEST_SHOWN else "…"


def _instead(key: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, sorted(known), n=1)
    return f"the key {close[0]}" if close else f"one of the keys {', '.join(sorted(known))}"
