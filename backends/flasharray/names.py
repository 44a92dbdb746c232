"""Names as FlashArray allows them, checked before they are sent: a comma or a star in a name would address others."""

from __future__ import annotations

import re

from backends.outcome import ParseError
from backends.parse import wwpn

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_INSIDE = rf"(?:{_PART}::)?(?:{_PART}/)?{_PART}"  # pod::, volume group/
_NAME = re.compile(_INSIDE)
_ON_TARGET = rf"(?:{_PART}:(?!:))?"
_GROUP = re.compile(rf"{_ON_TARGET}(?:{_PART}::)?{_PART}")
_SNAPSHOT = re.compile(rf"{_ON_TARGET}{_INSIDE}\.{_PART}(?:\.(?:{_PART}/)?{_PART})?")
_GROUP_SNAPSHOT = re.compile(rf"{_ON_TARGET}(?:{_PART}::)?{_PART}\.{_PART}")
_UNDO = re.compile(rf"{_PART}\.undo-demote(?:\.{_PART})?")
_SUFFIX = re.compile(r"(?=.*[A-Za-z-])" + _PART)


def name(text: str) -> str:
    """The name of a volume, host, host group, array or pod: ``vol``, ``pod::vol``, ``group/vol``."""
    return _matched(_NAME, "a FlashArray object name", text)


def undo_pod(text: str) -> str:
    """The pod that a demotion left behind: ``pod.undo-demote``, also with the number of a later one."""
    return _matched(_UNDO, "the name of an undo-demote pod", text)


def group(text: str) -> str:
    """The name of a protection group: ``pg``, ``pod::pg``, on a target ``source:pg``."""
    return _matched(_GROUP, "a protection group name", text)


def suffix(text: str) -> str:
    """A snapshot suffix. Digits alone are refused: the array numbers its own snapshots so."""
    return _matched(_SUFFIX, "a snapshot suffix of letters, digits and hyphens with at least one letter", text)


def snapshot(text: str) -> str:
    """A volume snapshot: ``vol.s``, ``pg.s.vol``, on a target ``source:pg.s.vol``."""
    return _matched(_SNAPSHOT, "a volume snapshot name", text)


def group_snapshot(text: str) -> str:
    """A protection group snapshot: ``pg.s``, on a target ``source:pg.s``."""
    return _matched(_GROUP_SNAPSHOT, "a protection group snapshot name", text)


def wwns(texts: list[str]) -> list[str]:
    """WWNs as the array stores them: 16 upper-case hex digits."""
    return [wwpn(text).upper() for text in texts]


def _matched(pattern: re.Pattern[str], expected: str, text: str) -> str:
    if not pattern.fullmatch(text):
        raise ParseError(expected, text)
    return text
