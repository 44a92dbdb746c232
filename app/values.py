"""Checks of single settings: each turns what TOML holds into a typed value, or says what was expected."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

NAME_LENGTH = 63
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class UnexpectedError(ValueError):
    """The value is not what was expected. ``expected`` is more precise than the check's own words, where given."""

    def __init__(self, expected: str | None = None) -> None:
        super().__init__(expected or "unexpected value")
        self.expected = expected


class Check(Struct, Generic[T], frozen=True):
    """``convert`` returns the typed value or raises :class:`UnexpectedError`; ``hidden``: never show what was found."""

    expected: str
    convert: Callable[[object], T]
    hidden: bool = False


def text(what: str, longest: int = 200) -> Check[str]:
    """A line of printable text, not empty, without blanks around it."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or not value.isprintable() or value != value.strip():
            raise UnexpectedError
        if not 0 < len(value) <= longest:
            raise UnexpectedError
        return value

    return Check(f"{what}: text of 1 to {longest} printable characters", convert)


def name(what: str) -> Check[str]:
    """A name that can be typed on a command line."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise UnexpectedError
        return value

    return Check(f"{what}: 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit", convert)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise UnexpectedError
    return value


BOOLEAN = Check("true or false", _boolean)


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise UnexpectedError
    return value.astimezone(UTC)


MOMENT = Check("a moment with its zone and without quotes, such as 2026-01-31T23:59:59Z", _moment)


def whole(least: int, most: int) -> Check[int]:
    """A whole number in a range."""

    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise UnexpectedError
        return value

    return Check(f"a whole number from {least} to {most}", convert)


PORT = whole(1, 65535)


def _money(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10**12:
        raise UnexpectedError
    from decimal import Decimal

    return Decimal(repr(value))


MONEY = Check("an amount of money from 0 on: a number without its currency, such as 12.50", _money)
"""As it is written: 0.1 is a tenth."""


def duration(least_s: float, most_s: float) -> Check[float]:
    """Seconds: a number, or a text such as ``"30s"``, ``"5m"``, ``"1h"``, ``"1d"``."""

    def convert(value: object) -> float:
        if isinstance(value, str):
            found = _DURATION.fullmatch(value)
            if found is None:
                raise UnexpectedError
            seconds = float(found[1]) * _UNIT_S[found[2] or "s"]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        else:
            raise UnexpectedError
        if not (math.isfinite(seconds) and least_s <= seconds <= most_s):
            raise UnexpectedError
        return seconds

    return Check(f'seconds, or text such as "30s" or "5m", from {_shown(least_s)} to {_shown(most_s)}', convert)


def _shown(seconds: float) -> str:
    for unit in ("d", "h", "m"):
        if seconds % _UNIT_S[unit] == 0:
            return f"{seconds / _UNIT_S[unit]:g}{unit}"
    return f"{seconds:g}s"


def one_of(values: type[E]) -> Check[E]:
    """One of the words of an enumeration."""

    def convert(value: object) -> E:
        for member in values:
            if isinstance(value, str) and member.value == value:
                return member
        raise UnexpectedError

    return Check(" or ".join(f'"{member.value}"' for member in values), convert)


def path(base: Path) -> Check[Path]:
    """A path; ``~`` is the home folder, a relative one counts from ``base``."""

    def convert(value: object) -> Path:
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise UnexpectedError
        try:
            return base / Path(value).expanduser()
        except RuntimeError:
            raise UnexpectedError("a path whose ~ is a known home folder") from None

    return Check("a path to a file", convert)


def _host(value: object) -> str:
    if not isinstance(value, str):
        raise UnexpectedError
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    if not _HOST.fullmatch(value) or ".." in value:
        raise UnexpectedError
    return value


HOST = Check("a host name or IP address, without https:// and without a port (that is the key port)", _host)


def _host_key(value: object) -> str:
    """``type base64``, as ``ssh-keyscan`` prints it behind the host, with or without a comment behind."""
    fields = value.split() if isinstance(value, str) else []
    if len(fields) < 2:
        raise UnexpectedError
    kind, encoded = fields[:2]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise UnexpectedError from None
    size = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + size] != kind.encode() or len(blob) <= 4 + size:
        raise UnexpectedError
    return f"{kind} {encoded}"


HOST_KEY = Check('an SSH host key as "type base64", such as "ssh-ed25519 AAAA…" (ssh-keyscan prints it)', _host_key)
