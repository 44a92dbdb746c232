"""The output grammar of the HMC's listing commands: attribute records, ``-F`` tables, lists, and *nothing found*.

Two forms exist. The default one writes each object as ``name=value,name=value,…`` and quotes a field whose value holds
a comma **whole**, name included. ``-F names --header`` writes the names on the first line and bare values after it. In
both, quotes inside a quoted field are doubled; a list whose members hold commas is quoted a second time inside.

An answer with nothing in it is one sentence in the language of the HMC's user, with exit status 0 and without a header.
It is told from rows by its form alone: a header (or ``name=``) is what a row needs and what a sentence never has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from backends.outcome import ParseError
from store.estate import Problem
from store.turns import paced

SEPARATORS = ",:;"
EMPTY = frozenset(("", "none", "None", "null"))

_NAME = re.compile(r"[a-z0-9_]+")
_NUMBER = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CODE = re.compile(r"(HSC[A-Z0-9]{5})\b")


class Row(Struct, frozen=True):
    """One record. ``line`` is its source text; the methods read a field or raise :class:`ParseError` with it."""

    line: str
    fields: Mapping[str, str]

    def raw(self, name: str) -> str:
        """The value as printed. A field that is not there is an error."""
        value = self.fields.get(name)
        if value is None:
            raise ParseError(f"a field {name}", self.line)
        return value

    def text(self, name: str) -> str:
        """A value that must not be empty."""
        value = self.raw(name)
        if value in ("", "null"):
            raise ParseError(f"a value for {name}", self.line)
        return value

    def optional(self, name: str) -> str | None:
        """A value, or None for any of the four spellings of empty and for a field that is not there."""
        value = self.fields.get(name)
        return None if value is None or value in EMPTY else value

    def number(self, name: str) -> int:
        """A whole number."""
        return self._whole(name, self.raw(name))

    def optional_number(self, name: str) -> int | None:
        value = self.optional(name)
        return None if value is None else self._whole(name, value)

    def optional_decimal(self, name: str) -> float | None:
        """Processing units: digits with at most one point, or empty."""
        value = self.optional(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise ParseError(f"a number in {name}", self.line)
        return float(value)

    def flag(self, name: str) -> bool:
        """0 or 1."""
        return self._zero_or_one(name, self.raw(name))

    def optional_flag(self, name: str) -> bool | None:
        value = self.optional(name)
        return None if value is None else self._zero_or_one(name, value)

    def list_of(self, name: str) -> tuple[str, ...]:
        """The members of a list, quoted or not; empty in any spelling is no members."""
        try:
            return members(self.raw(name))
        except ParseError as error:
            raise ParseError(f"{error.expected} in {name}", self.line) from None

    def _whole(self, name: str, value: str) -> int:
        if not _NUMBER.fullmatch(value):
            raise ParseError(f"a whole number in {name}", self.line)
        return int(value)

    def _zero_or_one(self, name: str, value: str) -> bool:
        if value not in ("0", "1"):
            raise ParseError(f"0 or 1 in {name}", self.line)
        return value == "1"


class Table(Struct, frozen=True):
    """The rows that could be read and the lines that could not."""

    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = ()


def table(where: str, text: str, names: Sequence[str], separator: str = ",") -> Table:
    """Read the answer to ``-F names --header``. ``where`` names the command in problems.

    Raises :class:`ParseError` when the answer is neither such a table nor one sentence that says *nothing found*.
    """
    lines = _lines(text)
    header = separator.join(names)
    if not lines:
        raise ParseError(f"a header line {header}", "")
    if lines[0] != header:
        if _is_sentence(lines, header, separator) and lines[0].count(separator) + 1 != len(names):
            return Table()
        raise ParseError(f"a header line {header}", shown(lines[0]))

    def read(line: str) -> Row:
        values = split_fields(line, separator)
        if len(values) != len(names):
            raise ParseError(f"{len(names)} fields ({header})", line)
        return Row(shown(line), dict(zip(names, values, strict=True)))

    return _each(where, lines[1:], 2, read)


def rows_without_header(where: str, text: str, count: int, separator: str = ",") -> tuple[tuple[str, ...], ...]:
    """Read the answer to ``-F`` without ``--header``: each line must have ``count`` fields, or :class:`ParseError`.

    *Nothing found* is one line that is a sentence and has not ``count`` fields. With one field asked for, a sentence
    and a value cannot be told apart, so ``count`` is at least 2.
    """
    if count < 2:
        raise ValueError("one bare column cannot be told from a sentence: ask for a header")
    lines = _lines(text)
    if len(lines) == 1 and _is_sentence(lines, "", separator) and len(split_fields(lines[0], separator)) != count:
        return ()
    found = [(line, split_fields(line, separator)) for line in lines]
    for line, values in found:
        if len(values) != count:
            raise ParseError(f"{count} fields ({where})", shown(line))
    return tuple(values for _, values in found)


def attributes(where: str, text: str) -> Table:
    """Read the default form, ``name=value`` fields. Raises :class:`ParseError` for an empty or foreign answer."""
    lines = _lines(text)
    if not lines:
        raise ParseError("records of name=value", "")
    if len(lines) == 1 and "=" not in lines[0] and _is_sentence(lines, "", ""):
        return Table()
    return _each(where, lines, 1, _attribute_row)


def multiline_attributes(text: str) -> dict[str, str]:
    """Read one record whose quoted values may hold line breaks (``lshmc -V``). Raises :class:`ParseError`."""
    fields = split_fields(text.removesuffix("\n"), ",")
    return _named(fields, text)


def members(value: str) -> tuple[str, ...]:
    """The members of a list value: ``a,b``, or ``"a,1","b,2"`` where they hold commas. Empty is ``()``."""
    return () if value in EMPTY else split_fields(value, ",")


def split_fields(line: str, separator: str) -> tuple[str, ...]:
    """Split one line at ``separator`` outside of quotes and take the quotes off. Raises :class:`ParseError`."""
    if '"' not in line:
        return tuple(line.split(separator))
    field = _field_pattern(separator)
    values: list[str] = []
    at = 0
    while True:
        found = field.match(line, at)
        if found is None:
            raise ParseError("quotes around whole fields, doubled inside", shown(line))
        quoted = found.group(1)
        values.append(found.group(2) if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if at == len(line):
            return tuple(values)
        at += 1


def quote_field(value: str, separator: str = ",") -> str:
    """The inverse of :func:`split_fields` for one field: quoted where it holds the separator or a quote."""
    return f'"{value.replace(chr(34), chr(34) * 2)}"' if separator in value or '"' in value else value


def join_members(values: Iterable[str]) -> str:
    """A list value of ``values``: the inverse of :func:`members`. No members is ``none``."""
    return ",".join(quote_field(value) for value in values) or "none"


def code_of(text: str) -> str | None:
    """The message code (``HSCL8012``, ``HSCLA4C0``) that ``text`` starts with, if it has one."""
    found = _CODE.match(text)
    return found.group(1) if found else None


def shown(line: str) -> str:
    """``line`` as it can be stored and shown: bytes that were not UTF-8 and control characters as escapes."""
    return _UNPRINTABLE.sub(lambda c: c.group().encode("unicode_escape").decode(), line)


@lru_cache(maxsize=8)
def _field_pattern(separator: str) -> re.Pattern[str]:
    sep = re.escape(separator)
    return re.compile(rf'(?:"((?:[^"]|"")*+)"|([^"{sep}]*+))(?={sep}|\Z)')


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _is_sentence(lines: list[str], header: str, separator: str) -> bool:
    """Whether an answer with exit status 0 can be *nothing found*: one line of words, in any language.

    A line that begins like the header is a header cut short; one that begins with a code is a message of another kind.
    """
    if len(lines) != 1:
        return False
    line = lines[0]
    first = header.partition(separator)[0] if separator else ""
    cut = bool(header) and (header.startswith(line) or (bool(first) and line.startswith(f"{first}{separator}")))
    worded = " " in line.strip() or not line.isascii()
    return worded and not cut and code_of(line) is None and not _UNPRINTABLE.search(line)


def _each(where: str, lines: list[str], first: int, read: Callable[[str], Row]) -> Table:
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, line in enumerate(paced(lines), first):
        try:
            if _UNPRINTABLE.search(line):
                raise ParseError("printable text", line)
            rows.append(read(line))
        except ParseError as error:
            problems.append(Problem(f"{where}, line {number}", shown(line), error.expected))
    return Table(tuple(rows), tuple(problems))


def _attribute_row(line: str) -> Row:
    return Row(shown(line), _named(split_fields(line, ","), line))


def _named(fields: Iterable[str], line: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise ParseError("fields of name=value", shown(line))
        if name in named:
            raise ParseError(f"the attribute {name} once", shown(line))
        named[name] = value
    return named
