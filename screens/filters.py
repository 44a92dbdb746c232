"""The language of a filter: ``state:running site:dr rpo>15m text``. Pure: a text in, a test of records out.

Terms are separated by spaces and all of them are required; quotes keep spaces in a value.

``text``             some shown text has it, whatever the case; a regular expression where it holds such signs
``!text``            no shown text has it
``-f text``          the letters of the text stand in the name in this order (as the first word, for all that follows)
``field:value``      the field has the value; ``field:a,b`` one of them; ``!field:value`` or ``field:!value`` not
``field>value``      and ``<``, ``>=``, ``<=``, ``=`` compare: ages and spans (``90s``, ``15m``, ``2h``, ``1d``), sizes
                     (``1.5TiB``), numbers
``is:word``          what a row is: ok, busy, warn, bad, unknown, off, trouble, marked, stale, gone
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from screens.columns import Column, Measure, Row

IS = ("ok", "busy", "warn", "bad", "unknown", "off", "trouble", "marked", "stale", "gone")


class FilterError(ValueError):
    """The filter cannot be understood; the text says which term and what was expected."""


class Record(Struct, frozen=True):
    """A row as filters and sorts see it. ``row`` are its cells, ``texts`` their texts in lower case, ``values`` their
    values (:class:`screens.cells.Cell`), ``ranks`` how bad the tone of each is (0 is worst), ``words`` what the row is.
    ``text`` is all of the texts."""

    row: Row
    texts: tuple[str, ...]
    values: tuple[float | None, ...]
    ranks: tuple[int, ...]
    words: frozenset[str]
    text: str


Test = Callable[[Record, float, bool], bool]
"""Record, now in seconds since 1970 UTC, and whether the row is marked."""


class Filter(Struct, frozen=True):
    """A filter that was understood. ``text`` is as it was typed."""

    text: str
    tests: tuple[Test, ...]
    hint: str = ""

    def matches(self, record: Record, now: float, marked: bool = False) -> bool:
        return all(test(record, now, marked) for test in self.tests)


NO_FILTER = Filter("", ())

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMPARISON = re.compile(r"([a-z][a-z0-9_]*)(>=|<=|=|>|<)(.*)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r"([a-z][a-z0-9_]*):(.*)", re.IGNORECASE | re.DOTALL)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
}
_EXPECTED = {
    Measure.MOMENT: "an age such as 90s, 15m, 2h or 1d",
    Measure.SPAN: "a length of time such as 90s, 15m, 2h or 1d",
    Measure.SIZE: "a size such as 500GiB or 1.5TiB",
    Measure.NUMBER: "a number",
}


def compile_filter(text: str, columns: Sequence[Column]) -> Filter:
    """Understand a filter over these columns. Raises :class:`FilterError`."""
    words = _words(text)
    if not words:
        return NO_FILTER
    if words[0] == "-f":
        letters = "".join(words[1:]).lower()
        return Filter(text, (_fuzzy(letters),) if letters else ())
    fields = {column.name: place for place, column in enumerate(columns)}
    tests, hints = [], []
    for word in words:
        test, hint = _term(word, fields, columns)
        tests.append(test)
        hints += [hint] if hint else []
    return Filter(text, tuple(tests), "; ".join(hints))


def field_names(columns: Sequence[Column]) -> list[str]:
    """The fields that a filter over these columns knows."""
    return [*(column.name for column in columns), "is"]


def _words(text: str) -> list[str]:
    """The terms: separated by spaces that stand in no quotes. A quote that is not closed ends with the text, so that
    typing goes on without an error."""
    words: list[str] = []
    current: list[str] = []
    quoted = begun = False
    for char in text:
        if char == '"':
            quoted, begun = not quoted, True
        elif char.isspace() and not quoted:
            if current or begun:
                words.append("".join(current))
            current, begun = [], False
        else:
            current.append(char)
    if current:
        words.append("".join(current))
    return [word for word in words if word]


def _term(word: str, fields: dict[str, int], columns: Sequence[Column]) -> tuple[Test, str]:
    negative = word.startswith("!") and len(word) > 1
    body = word[1:] if negative else word
    test, hint = _positive(body, fields, columns)
    return (_not(test) if negative else test), hint


def _positive(word: str, fields: dict[str, int], columns: Sequence[Column]) -> tuple[Test, str]:
    found = _COMPARISON.fullmatch(word)
    if found is not None and found[1].lower() in fields:
        place = fields[found[1].lower()]
        return _comparison(word, place, columns[place], found[2], found[3]), ""
    named = _FIELD.fullmatch(word)
    if named is not None:
        name, value = named[1].lower(), named[2]
        if name == "is":
            return _is(value), ""
        if name in fields:
            return _has(fields[name], value, columns[fields[name]].words), ""
        # Names and addresses hold colons too: it is searched for as it stands, and said that it is no field.
        return _shown(word), f"{name} is no field here: it is searched for as text"
    return _shown(word), ""


def _not(test: Test) -> Test:
    return lambda record, now, marked: not test(record, now, marked)


def _shown(word: str) -> Test:
    wanted = word.lower()
    pattern = _pattern(word)
    if pattern is None:
        return lambda record, now, marked: wanted in record.text
    search = pattern.search
    return lambda record, now, marked: search(record.text) is not None


def _has(place: int, value: str, words: frozenset[str]) -> Test:
    if value.startswith("!") and len(value) > 1:
        return _not(_has(place, value[1:], words))
    if not value:
        return lambda record, now, marked: True
    wanted = [_inside(part, words) for part in value.split(",") if part]
    return lambda record, now, marked: any(inside(record.texts[place]) for inside in wanted)


def _inside(value: str, words: frozenset[str]) -> Callable[[str], bool]:
    wanted = value.lower()
    if wanted in words:
        return lambda text: text.partition(" ")[2].startswith(wanted)
    pattern = _pattern(value)
    if pattern is None:
        return lambda text: wanted in text
    return lambda text: pattern.search(text) is not None


def _pattern(word: str) -> re.Pattern[str] | None:
    """The word as a regular expression; None where it is a plain text."""
    if not re.search(r"[\\^$*+?()\[\]{}|]", word):
        return None
    try:
        return re.compile(word, re.IGNORECASE)
    except re.error as error:
        raise FilterError(f"{word}: not a regular expression ({error})") from None


def _fuzzy(letters: str) -> Test:
    search = re.compile(".*?".join(re.escape(letter) for letter in letters), re.DOTALL).search
    return lambda record, now, marked: search(record.texts[0]) is not None


def _is(value: str) -> Test:
    word = value.lower()
    if word == "marked":
        return lambda record, now, marked: marked
    known = [name for name in IS if word and name.startswith(word)]
    if not known:
        raise FilterError(f"is:{value}: expected one of {', '.join(IS)}")
    return lambda record, now, marked: any(name in record.words or (name == "marked" and marked) for name in known)


def _comparison(word: str, place: int, column: Column, sign: str, text: str) -> Test:
    if not text:
        return lambda record, now, marked: True  # it is still being typed
    compare = _COMPARE[sign]
    if column.measure is Measure.TEXT:
        if sign != "=":
            raise FilterError(f"{word}: {column.name} holds texts, which are compared with {column.name}:{text}")
        wanted = text.lower()
        return lambda record, now, marked: record.texts[place].strip() == wanted
    limit = measured(text, column.measure)
    if limit is None:
        raise FilterError(f"{word}: expected {_EXPECTED[column.measure]} behind {column.name}{sign}")
    of_age = column.measure is Measure.MOMENT

    def test(record: Record, now: float, marked: bool) -> bool:
        value = record.values[place]
        return value is not None and compare(now - value if of_age else value, limit)

    return test


def measured(text: str, measure: Measure) -> float | None:
    """A value of a filter as a number in the unit of the measure; None for what is none."""
    if measure is Measure.SIZE:
        size = _SIZE.fullmatch(text)
        return float(size[1]) * _SIZES[size[2].lower()] if size else None
    if measure in (Measure.SPAN, Measure.MOMENT):
        parts = _SPAN.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            return None
        return sum(float(number) * _SPANS[unit] for number, unit in parts)
    return float(text) if _NUMBER.fullmatch(text) else None
