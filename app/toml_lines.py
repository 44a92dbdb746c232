"""On which line of a TOML document each key stands: what ``tomllib`` does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
"""A place in a document: names of keys, and indices (from 0) into arrays and arrays of tables."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, of every key, table header and array element in ``text``.

    ``text`` must be TOML that ``tomllib`` accepts. The place of an array of tables is the line of its ``[[header]]``.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """Walks a document whose syntax is known to be right, so that it only has to find where things begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [i for i, char in enumerate(text) if char == "\n"]
        self._tables: dict[KeyPath, int] = {}  # how many [[tables]] of each name there are so far
        self.lines: dict[KeyPath, int] = {}

    def document(self) -> None:
        here: KeyPath = ()
        while self._skip():
            if self._text.startswith("[[", self._at):
                here = self._header("[[", array=True)
            elif self._text.startswith("[", self._at):
                here = self._header("[", array=False)
            else:
                self._pair(here)

    def _header(self, bracket: str, *, array: bool) -> KeyPath:
        line = self._line()
        self._at += len(bracket)
        names = self._names()
        self._at += len(bracket)
        here: KeyPath = ()
        for position, name in enumerate(names):
            here = (*here, name)
            self.lines.setdefault(here, line)
            if array and position == len(names) - 1:
                self._tables[here] = self._tables.get(here, 0) + 1
            if here in self._tables:
                here = (*here, self._tables[here] - 1)
                self.lines.setdefault(here, line)
        return here

    def _pair(self, here: KeyPath) -> None:
        line = self._line()
        for name in self._names():
            here = (*here, name)
            self.lines.setdefault(here, line)
        self._at += 1  # the equals sign
        self._skip()
        self._value(here)

    def _names(self) -> list[str]:
        names = []
        while True:
            self._skip()
            if self._text[self._at] in "\"'":
                names.append(str(tomllib.loads(f"key = {self._match(_STRING)}")["key"]))
            else:
                names.append(self._match(_BARE))
            self._skip()
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _value(self, here: KeyPath) -> None:
        char = self._text[self._at]
        if char in "\"'":
            self._match(_STRING)
        elif char == "[":
            self._items(here)
        elif char == "{":
            self._inline(here)
        else:
            self._match(_SCALAR)

    def _items(self, here: KeyPath) -> None:
        self._at += 1  # the opening bracket
        index = 0
        while self._more("]"):
            self.lines[(*here, index)] = self._line()
            self._value((*here, index))
            index += 1

    def _inline(self, here: KeyPath) -> None:
        self._at += 1  # the opening brace
        while self._more("}"):
            self._pair(here)

    def _more(self, end: str) -> bool:
        """Step to the next item, over the comma before it; False after stepping over ``end``."""
        self._skip()
        if self._text[self._at] == ",":
            self._at += 1
            self._skip()
        if self._text[self._at] == end:
            self._at += 1
            return False
        return True

    def _skip(self) -> bool:
        """Step over blanks and comments; False at the end."""
        self._match(_BLANK)
        return self._at < len(self._text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"not TOML at line {self._line()}")
        self._at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect_right(self._ends, self._at - 1) + 1
