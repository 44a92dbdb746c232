"""One item of a file, typed: each field turned into its value, or a complaint with the line. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field

from app.config_table import SettingProblem
from store.estate import SiteRole
from store.infra.records import (
    MOST_UNITS,
    RACK_UNITS,
    Face,
    Feed,
    Item,
    Kind,
    Link,
    Rack,
    Ref,
    Site,
    System,
    SystemType,
    Vlan,
    ref_of,
)

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.SITE: ("name", "role", "tier", "l2_stretched"),
    Kind.RACK: ("site", "name", "row", "units", "feeds", "location"),
    Kind.FEED: ("site", "name", "capacity_w"),
    Kind.SYSTEM: (
        *("name", "site", "type", "rack", "u", "height", "face"),
        *("watts", "feeds", "switches", "serial", "model"),
    ),
    Kind.VLAN: ("site", "vid", "name"),
    Kind.LINK: ("name", "site", "other_site", "rtt_ms", "bandwidth"),
}
"""What a file may say of each kind."""

_BITS = re.compile(r"(\d{1,15})([kMGT]?)", re.ASCII)
_FACTOR = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_YES, _NO = ("yes", "true"), ("no", "false")


class Reading(Struct):
    """One file: the items so far, each with its line, and every error."""

    path: Path
    items: dict[Ref, Item] = field(default_factory=dict)
    lines: dict[Ref, int] = field(default_factory=dict)
    problems: list[SettingProblem] = field(default_factory=list)

    def complain(self, line: int, column: str, expected: str, found: object = None) -> None:
        shown = "" if found is None else f'"{found}"'
        self.problems.append(SettingProblem(line, 0, column, expected, shown))

    def add(self, line: int, item: Item) -> None:
        """Take an item; a name that there is already is a complaint that names both lines."""
        ref = ref_of(item)
        if ref in self.lines:
            self.complain(line, ref[0], f"a name of its own: line {self.lines[ref]} has it too", item.key)
            return
        self.items[ref], self.lines[ref] = item, line


class Fields:
    """The fields of one item. Each method returns the value, or None after a complaint where it is wrong."""

    def __init__(self, reading: Reading, line: int, values: Mapping[str, object]) -> None:
        self._reading = reading
        self._line = line
        self._values = {name: value for name, value in values.items() if value not in (None, "", [])}
        self.good = True

    def _wrong(self, name: str, expected: str) -> None:
        self.good = False
        self._reading.complain(self._line, name, expected, self._values.get(name))

    def text(self, name: str, expected: str = "printable text of at most 200 characters") -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.isprintable() or value != value.strip() or len(value) > 200:
            self._wrong(name, expected)
            return None
        return value

    def needed(self, name: str, what: str, *, slash: bool = True) -> str:
        """A text that has to be there; ``slash``: it may have one in it."""
        value = self.text(name, what)
        if value is None:
            if name not in self._values:
                self._wrong(name, what)
            return ""
        if not slash and "/" in value:
            self._wrong(name, f"{what}, without /")
        return value

    def number(self, name: str, least: float, most: float, expected: str) -> float | None:
        value = self._values.get(name)
        if value is None:
            return None
        try:
            found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            found = math.nan
        if not least <= found <= most:
            self._wrong(name, expected)
            return None
        return found

    def whole(self, name: str, least: int, most: int, expected: str) -> int | None:
        found = self.number(name, least, most, expected)
        if found is not None and found != int(found):
            self._wrong(name, expected)
            return None
        return None if found is None else int(found)

    def halves(self, name: str, least: float, most: float, expected: str) -> float | None:
        """A number of rack units: in steps of a half."""
        found = self.number(name, least, most, expected)
        if found is not None and found * 2 != int(found * 2):
            self._wrong(name, expected)
            return None
        return found

    def bits(self, name: str) -> int | None:
        """Bit/s: ``10G``, or all of its digits."""
        value = self._values.get(name)
        if value is None:
            return None
        match = _BITS.fullmatch(str(value)) if not isinstance(value, bool) else None
        if match is None:
            self._wrong(name, "bit/s: digits, with k, M, G or T behind them, as 10G")
            return None
        return int(match[1]) * _FACTOR[match[2]]

    def flag(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).lower()
        if word not in (*_YES, *_NO):
            self._wrong(name, "yes or no")
            return None
        return word in _YES

    def one_of(self, name: str, kind: type[E]) -> E | None:
        value = self._values.get(name)
        if value is None:
            return None
        try:
            return kind(str(value))
        except ValueError:
            self._wrong(name, f"one of {', '.join(kind)}")
            return None

    def names(self, name: str) -> tuple[str, ...]:
        """Names, with blanks between them, or in JSON a list."""
        value = self._values.get(name)
        if value is None:
            return ()
        found = value.split() if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(one, str) and one and one.isprintable() for one in found):
            self._wrong(name, "names, with blanks between them")
            return ()
        if len(set(found)) < len(found):
            self._wrong(name, "each name once")
        return tuple(found)

    def only(self, allowed: tuple[str, ...], kind: Kind) -> None:
        """What this kind does not have must not be there."""
        for name in self._values:
            if name not in allowed:
                self._wrong(name, f"nothing: a {kind} has {', '.join(allowed)}")


def build(reading: Reading, line: int, kind: Kind, values: Mapping[str, object]) -> None:
    """Make an item of the fields of one line and add it, or complain."""
    fields = Fields(reading, line, values)
    fields.only(FIELDS[kind], kind)
    item = _BUILDERS[kind](fields)
    if fields.good:
        reading.add(line, item)


def _site(f: Fields) -> Item:
    name = f.needed("name", "the name of a site", slash=False)
    return Site(name, f.one_of("role", SiteRole), f.text("tier"), f.flag("l2_stretched"))


def _at(f: Fields) -> str:
    return f.needed("site", "the name of a site")


def _rack(f: Fields) -> Item:
    units = f.whole("units", 1, MOST_UNITS, f"a whole number of rack units, 1 to {MOST_UNITS}")
    name = f.needed("name", "the name of a rack")
    return Rack(_at(f), name, f.text("row"), units or RACK_UNITS, f.names("feeds"), f.text("location"))


def _feed(f: Fields) -> Item:
    capacity = f.whole("capacity_w", 1, 10**9, "a whole number of W")
    return Feed(_at(f), f.needed("name", "the name of a feed"), capacity)


def _system(f: Fields) -> Item:
    expected = f"a rack unit, 1 to {MOST_UNITS}, in steps of a half"
    height = f.halves("height", 0, MOST_UNITS, f"rack units, 0 to {MOST_UNITS}, in steps of a half")
    kind = f.one_of("type", SystemType)
    return System(
        f.needed("name", "the name of a system"),
        _at(f),
        kind or SystemType.OTHER,
        f.text("rack"),
        f.halves("u", 1, MOST_UNITS + 0.5, expected),
        1.0 if height is None else height,
        f.one_of("face", Face),
        f.whole("watts", 0, 10**7, "a whole number of W"),
        f.names("feeds"),
        f.names("switches"),
        f.text("serial"),
        f.text("model"),
    )


def _vlan(f: Fields) -> Item:
    vid = f.whole("vid", 1, 4094, "a VLAN id, 1 to 4094")
    if vid is None and f.good:
        f.needed("vid", "a VLAN id, 1 to 4094")
    return Vlan(_at(f), vid or 1, f.text("name"))


def _link(f: Fields) -> Item:
    rtt = f.number("rtt_ms", 0, 10_000, "a round trip in ms")
    other = f.needed("other_site", "the name of the other site")
    return Link(f.needed("name", "the name of a link"), _at(f), other, rtt, f.bits("bandwidth"))


_BUILDERS: dict[Kind, Callable[[Fields], Item]] = {
    Kind.SITE: _site,
    Kind.RACK: _rack,
    Kind.FEED: _feed,
    Kind.SYSTEM: _system,
    Kind.VLAN: _vlan,
    Kind.LINK: _link,
}
