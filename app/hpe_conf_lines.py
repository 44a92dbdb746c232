"""hpe.conf line by line, as oslo.config reads it: sections, keys, indented lines that continue a value, and the list of
``key:value`` pairs in ``replication_device``.

What is shown of a text is decided here too: a slip in the file may move a password to any place of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct

from app.config_table import shown
from app.hpe_conf_keys import KNOWN, SECRETS, TARGET, current

Complain = Callable[[int, str, str, str], None]
"""Takes an error: its line, the key, what was expected, what was found."""

NOT_SHOWN = "a text that is not shown"
_LONGEST_NAME = 60
# Not str.splitlines: it also ends a line at characters that oslo.config keeps inside a value.
_LINE_END = re.compile(r"\r\n|\r|\n")
_KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")
# Only keys with an underscore: a CPG may well be called "logging" or "timeout".
_NEXT_KEY = re.compile(rf"({'|'.join(sorted((key for key in KNOWN if '_' in key), key=len, reverse=True))})\s*[:=]")
_SUSPICIOUS = re.compile(r"pass|pwd|secret|[=@,]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value. ``where`` stands before the key in messages; ``parts`` are the lines of the value, each
    with its number; ``nameless``: the key itself may be a piece of a secret."""

    where: str
    key: str
    line: int
    parts: tuple[tuple[int, str], ...] = field(repr=False)
    nameless: bool = False

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.parts).strip()

    @property
    def label(self) -> str:
        return f"{self.where}{'…' if self.nameless else self.key}"

    @property
    def secret(self) -> bool:
        return self.key in SECRETS


class Section(Struct):
    """``label`` is its name in brackets, fit for a message."""

    name: str
    line: int
    entries: list[Entry] = []

    @property
    def label(self) -> str:
        """A key and its value between brackets are a slip of the hand, and the value may be a password."""
        return "[…]" if re.search("[:=]", self.name) else f"[{printable(self.name)}]"


def printable(text: str) -> str:
    """A name from the file, short and without what could disturb a terminal or end a line."""
    text = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def found(text: str) -> str:
    """What an error shows of a value that is not meant to be a secret."""
    return NOT_SHOWN if _SUSPICIOUS.search(text) or len(text.splitlines()) > 1 else shown(text)


def swallowed(text: str) -> str | None:
    """The key that this value goes on with, because a comma or the end of a line is missing before it."""
    match = _NEXT_KEY.search(text)
    return match[1] if match else None


def sections(text: str, complain: Complain) -> list[Section]:
    """The sections of a file in their order, each once. Every line that oslo.config refuses is complained about."""
    reader = _Reader(complain)
    for number, line in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), 1):
        reader.line(number, line.rstrip())
    reader.flush()
    return list(reader.sections.values())


class _Reader:
    def __init__(self, complain: Complain) -> None:
        self.sections: dict[str, Section] = {}
        self._complain = complain
        self._section: Section | None = None
        self._key: tuple[str, int] | None = None
        self._parts: list[tuple[int, str]] | None = None
        """The value that an indented line continues; that of a faulty line is read over."""

    def line(self, number: int, line: str) -> None:
        if line.startswith((" ", "\t")):
            self._continuation(number, line.lstrip())
            return
        self.flush()
        if line.startswith("["):
            self._header(number, line)
        elif line and not line.startswith(("#", ";")):
            self._assignment(number, line)

    def flush(self) -> None:
        if self._key is not None and self._parts is not None and self._section is not None:
            key, line = self._key
            # Below an empty password the "key" may be the password.
            after_secret = bool(self._section.entries) and self._is_open(self._section.entries[-1])
            nameless = key not in KNOWN and (after_secret or not _KEY.fullmatch(key))
            entry = Entry(f"{self._section.label} ", key, line, tuple(self._parts), nameless)
            self._section.entries.append(entry)
        self._key = self._parts = None

    @staticmethod
    def _is_open(entry: Entry) -> bool:
        return (entry.secret and not entry.text) or entry.nameless

    def _label(self) -> str:
        return "" if self._section is None else self._section.label

    def _continuation(self, number: int, text: str) -> None:
        if self._parts is None:
            expected = "an indented line only below the value that it continues: a blank line or a comment ends a value"
            self._complain(number, self._label(), expected, NOT_SHOWN)
            self._parts = []
        elif text.startswith(("#", ";")):
            expected = "a comment in the first column: behind blanks it is part of the value above it"
            self._complain(number, self._label(), expected, "")
        else:
            self._parts.append((number, text))

    def _header(self, number: int, line: str) -> None:
        name = line[1:-1]
        if not line.endswith("]") or not name.strip():
            self._complain(number, "", "[SECTION] alone on its line", NOT_SHOWN)
            self._parts = []
        else:
            self._section = self.sections.setdefault(name, Section(name, number))

    def _assignment(self, number: int, line: str) -> None:
        key, separator, value = _split(line)
        self._parts = []
        if not separator or not key:
            self._complain(number, self._label(), "KEY = VALUE, a [SECTION] or a # comment", NOT_SHOWN)
            return
        if self._section is None:
            self._complain(number, "", "a [SECTION], such as [DEFAULT], above the first key", "")
            self._section = self.sections.setdefault("DEFAULT", Section("DEFAULT", number))
        self._key = current(key), number
        self._parts = [(number, value)]


def _split(line: str) -> tuple[str, str, str]:
    """Key, separator and value; whichever of the two separators comes first counts, and quotes around a value go."""
    match = re.search("[:=]", line)
    if match is None:
        return line, "", ""
    value = line[match.end() :].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return line[: match.start()].strip(), match[0], value


# ------------------------------------------------------------------------------------------- the list of pairs


def pairs(entry: Entry, complain: Complain) -> list[Entry]:
    """The pairs of a ``replication_device``, each with its own line."""
    where = f"{entry.where}{entry.key}."
    taken: dict[str, Entry] = {}
    for number, pieces in _pieces(entry, complain):
        doubtful = False  # a comma inside a password looks like the end of it
        for piece in pieces:
            pair = _pair(entry, where, number, piece, doubtful, complain)
            doubtful = doubtful or pair is None or pair.secret or pair.key not in TARGET
            if pair is None:
                continue
            if pair.key in TARGET and pair.key in taken:
                complain(number, pair.label, f"each key once: line {taken[pair.key].line} has it already", "")
            taken.setdefault(pair.key, pair)
    return list(taken.values())


def _pieces(entry: Entry, complain: Complain) -> list[tuple[int, list[str]]]:
    """The texts between the commas, line by line. A comma that is missing or too many is complained about."""
    parts = [(number, text) for number, text in entry.parts if text]
    lines = []
    for index, (number, text) in enumerate(parts):
        following = parts[index + 1][1] if index + 1 < len(parts) else None
        if following is None and text.endswith(","):
            expected = "the next pair on an indented line below, or no comma behind the last"
            complain(number, entry.label, expected, "a comma with nothing behind it")
        elif following is not None and not text.endswith(",") and not following.startswith(","):
            complain(number, entry.label, "a comma at the end of this line: the list goes on below it", "none")
        pieces = [piece.strip() for piece in text.removesuffix(",").split(",")]
        if index and len(pieces) > 1 and not pieces[0] and not parts[index - 1][1].endswith(","):
            del pieces[0]  # the comma of the line above
        lines.append((number, pieces))
    return lines


def _pair(entry: Entry, where: str, number: int, piece: str, doubtful: bool, complain: Complain) -> Entry | None:
    match = re.search("[:=]", piece)
    key = current(piece[: match.start()].strip()) if match else ""
    known = key in TARGET
    if match is None or match[0] == "=" or not key:
        label = f"{where}{key}" if known else entry.label
        expected = f"{key}:VALUE, with a colon" if known else "KEY:VALUE, with a comma only between two pairs"
        complain(number, label, expected, NOT_SHOWN if piece else "nothing")
        return None
    nameless = not known and (doubtful or not _KEY.fullmatch(key))
    return Entry(where, key, number, ((number, piece[match.end() :].strip()),), nameless)
