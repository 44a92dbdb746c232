"""The filter language of REST 2.x lists: ``name='erp*' and (provisioned>1024 or not(destroyed='true'))``.

Comparisons ``= != < <= > >=``, ``and``, ``or``, ``not()``, ``contains(field,'text')``, lists ``name=('a','b')``, dotted
fields, ``*`` in a text of ``=`` and ``!=``. Texts stand in single or double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from typing import Any

from backends.lab.flasharray.objects import RefusedError

Row = dict[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<op><=|>=|!=|[=<>])"
    r"|(?P<mark>[(),])|(?P<word>[A-Za-z_][A-Za-z0-9_.-]*))"
)


def compile_filter(text: str) -> Test:
    """The test that a filter means. Raises :class:`RefusedError` for what is not in the language."""
    parser = _Parser(_tokens(text), text)
    test = parser.either()
    if parser.peek() is not None:
        raise parser.wrong()
    return test


def value_at(row: Row, path: str) -> Any:
    """The value at a dotted path; None where there is none."""
    value: Any = row
    for part in path.split("."):
        if isinstance(value, list):
            value = [item.get(part) for item in value if isinstance(item, dict)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise RefusedError(None, f"Invalid filter: {text}")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def wrong(self) -> RefusedError:
        return RefusedError(None, f"Invalid filter: {self._text}")

    def peek(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self, kind: str | None = None, value: str | None = None) -> str:
        token = self.peek()
        if token is None or (kind is not None and token[0] != kind) or (value is not None and token[1] != value):
            raise self.wrong()
        self._at += 1
        return token[1]

    def _word(self, word: str) -> bool:
        token = self.peek()
        if token is not None and token[0] == "word" and token[1].lower() == word:
            self._at += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self._both()]
        while self._word("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self.peek() == ("mark", "("):
            return self._parenthesis()
        if self._word("not"):
            test = self._parenthesis() if self.peek() == ("mark", "(") else self._one()
            return lambda row: not test(row)
        field = self._next("word")
        if field.lower() == "contains" and self.peek() == ("mark", "("):
            return self._contains()
        return self._comparison(field, self._next("op"))

    def _parenthesis(self) -> Test:
        self._next("mark", "(")
        test = self.either()
        self._next("mark", ")")
        return test

    def _contains(self) -> Test:
        self._next("mark", "(")
        field = self._next("word")
        self._next("mark", ",")
        wanted = str(self._value()).lower()
        self._next("mark", ")")

        def test(row: Row) -> bool:
            value = value_at(row, field)
            if isinstance(value, list):
                return any(wanted in str(item).lower() for item in value)
            return value is not None and wanted in str(value).lower()

        return test

    def _value(self) -> Any:
        token = self.peek()
        if token is None or token[0] not in ("text", "number", "word"):
            raise self.wrong()
        self._at += 1
        kind, text = token
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        return {"true": True, "false": False, "null": None, "none": None}.get(text.lower(), text)

    def _comparison(self, field: str, op: str) -> Test:
        if self.peek() == ("mark", "("):
            wanted = self._choices()
            if op not in ("=", "!="):
                raise self.wrong()
            tests = [_equals(choice) for choice in wanted]
            positive = op == "="
            return lambda row: any(test(value_at(row, field)) for test in tests) is positive
        value = self._value()
        if op in ("=", "!="):
            same = _equals(value)
            return (lambda row: same(value_at(row, field))) if op == "=" else lambda row: not same(value_at(row, field))
        return lambda row: _ordered(value_at(row, field), op, value)

    def _choices(self) -> list[Any]:
        self._next("mark", "(")
        found = [self._value()]
        while self.peek() == ("mark", ","):
            self._next()
            found.append(self._value())
        self._next("mark", ")")
        return found


def _equals(wanted: Any) -> Callable[[Any], bool]:
    if isinstance(wanted, str) and "*" in wanted:
        pattern = re.compile(translate(re.sub(r"([\[?])", r"[\1]", wanted)))

        def match(value: Any) -> bool:
            if isinstance(value, list):
                return any(match(item) for item in value)
            return isinstance(value, str) and pattern.match(value) is not None

        return match

    def same(value: Any) -> bool:
        if isinstance(value, list):
            return any(same(item) for item in value)
        if isinstance(value, bool) or isinstance(wanted, bool):
            return str(value).lower() == str(wanted).lower()
        if isinstance(value, int | float) and isinstance(wanted, str):
            return str(value) == wanted
        return bool(value == wanted)

    return same


def _ordered(value: Any, op: str, wanted: Any) -> bool:
    if isinstance(value, int | float) and isinstance(wanted, str):
        try:
            wanted = float(wanted)
        except ValueError:
            return False
    if value is None or isinstance(value, str) is not isinstance(wanted, str):
        return False
    below, same = value < wanted, value == wanted
    return bool({"<": below, "<=": below or same, ">": not (below or same), ">=": not below}[op])
