"""The values of hpe.conf: each text becomes a typed value, or an error that says what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from app import values
from app.config_table import SettingProblem
from app.hpe_conf_keys import KNOWN, LEFT_OUT, MISPLACED, REPLICATION, UNKNOWN
from app.hpe_conf_lines import NOT_SHOWN, Entry, found, swallowed
from app.hpe_conf_records import Note
from app.values import Check, UnexpectedError
from backends.outcome import ParseError
from backends.threepar import words
from store.estate import RcgMode

T = TypeVar("T")
S = TypeVar("S")

_MODES = {"synchronous": RcgMode.SYNC, "asynchronous": RcgMode.PERIODIC, "streaming": RcgMode.ASYNC}


class Report:
    """What there is to say about a file so far. ``folder`` is where its relative paths count from."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent.absolute()
        self.problems: list[SettingProblem] = []
        self.notes: list[Note] = []

    def complain(self, line: int, key: str, expected: str, found: str = "") -> None:
        self.problems.append(SettingProblem(line, 0, key, expected, found))

    def note(self, entry: Entry, text: str) -> None:
        self.notes.append(Note(entry.line, entry.label, text))

    def leave_out(self, entries: Mapping[str, Entry], *, of_target: bool) -> None:
        """Note why each of these is not imported, where that depends on its key alone."""
        for key, entry in entries.items():
            if key in LEFT_OUT:
                self.note(entry, f"not imported: {LEFT_OUT[key]}")
            elif key in REPLICATION:
                reason = REPLICATION[key] if of_target else MISPLACED
                if reason:
                    self.note(entry, f"not imported: {reason}")
            elif key not in KNOWN:
                self.note(entry, f"not imported: {UNKNOWN}")


class Keys:
    """The keys of one array. :meth:`need` and :meth:`get` return a stand-in after a complaint, so that all errors are
    found. ``where`` stands before a key in messages; ``line`` is that of the section or the list."""

    def __init__(self, where: str, line: int, entries: Mapping[str, Entry], report: Report) -> None:
        self.where = where
        self.line = line
        self.entries = entries
        self.report = report

    def has(self, key: str) -> bool:
        """Whether the key has a value: an empty one is the plugin's default, "none"."""
        return key in self.entries and self.entries[key].text != ""

    def stands(self, key: str) -> bool:
        """Whether the key stands in this very section or list, and is not taken over from elsewhere."""
        return key in self.entries and self.entries[key].where == self.where

    def get(self, key: str, check: Check[T], stand_in: S) -> T | S:
        """The checked value, or the stand-in where there is none."""
        return self.read(key, check.expected, check.convert, stand_in) if self.has(key) else stand_in

    def need(self, key: str, check: Check[T], stand_in: S) -> T | S:
        """The checked value; that there is none is an error."""
        if not self.has(key):
            line = self.entries[key].line if key in self.entries else self.line
            self.report.complain(line, f"{self.where}{key}", check.expected, "nothing")
        return self.get(key, check, stand_in)

    def read(self, key: str, expected: str, convert: Callable[[str], T], stand_in: S) -> T | S:
        """What ``convert`` makes of the text of a key that is there."""
        entry = self.entries[key]
        another = swallowed(entry.text)
        if another is not None:
            self.complain(key, f"a comma or the end of the line before {another}", NOT_SHOWN)
            return stand_in
        try:
            return convert(entry.text)
        except UnexpectedError as error:
            self.complain(key, error.expected or expected, found(entry.text))
        except ParseError as error:
            self.complain(key, error.expected.removeprefix(f"{key}: "), found(error.line))
        return stand_in

    def complain(self, key: str, expected: str, found: str = "") -> None:
        """An error at the line of a key that is there."""
        entry = self.entries[key]
        self.report.complain(entry.line, entry.label, expected, found)

    def note(self, key: str, text: str) -> None:
        self.report.note(self.entries[key], text)


def _whole(what: str, least: int, most: int) -> Check[int]:
    def convert(value: object) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
            raise UnexpectedError
        return int(text)

    return Check(f"{what} from {least} to {most}", convert)


PORT = _whole("a port", 1, 65535)
SECONDS = _whole("a whole number of seconds", 1, 999_999_999)


def _user(value: object) -> str:
    text = str(value)
    # A dollar would stand for the value of another key; the others show that two pairs ran into one.
    if not 0 < len(text) <= 128 or not text.isprintable() or any(char in " $:,=" for char in text):
        raise UnexpectedError
    return text


USER = Check("a user name of 1 to 128 characters without blanks and without $ : , =", _user)


def _api_url(value: object) -> tuple[str, int]:
    """Host and port; without a port that of https."""
    text = str(value)
    if not text.isprintable() or not text.isascii() or any(char in " ?#@" for char in text):
        raise UnexpectedError
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise UnexpectedError from None
    if url.scheme != "https" or url.path.rstrip("/") not in ("", "/api/v1") or port == 0:
        raise UnexpectedError
    return values.HOST.convert(url.hostname), port or 443


API_URL = Check("https://HOST:PORT/api/v1, the address of the WSAPI, with a port from 1 to 65535", _api_url)
SAN_IP = Check("a host name or IP address, without a port (that is san_ssh_port)", values.HOST.convert)
WITNESS = Check("a host name or IP address", values.HOST.convert)
TARGET_NAME = Check("the name of a Remote Copy target", lambda value: words.name(str(value), "target"))


def _mode(value: object) -> RcgMode:
    mode = _MODES.get(str(value).lower())
    if mode is None:
        raise UnexpectedError
    return mode


MODE = Check(" or ".join(_MODES), _mode)
PERIOD = Check(f"seconds from {words.MIN_PERIOD_S} to {words.MAX_PERIOD_S}", words.sync_period)


def _cpg_map(value: object) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for pair in str(value).split():
        source, _, target = pair.partition(":")
        try:
            words.name(source, "CPG")
            words.name(target, "CPG")
        except ParseError as error:
            raise ParseError(f"SRC:DST, each {error.expected}", pair) from None
        if found.setdefault(source, target) != target:
            raise UnexpectedError(f"one target for each CPG: {source} has two")
    return tuple(found.items())


CPG_MAP = Check("SRC:DST, names of CPGs, and a blank between two such pairs", _cpg_map)
