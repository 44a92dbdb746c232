"""Times as an array prints them, with the abbreviation of a zone, turned into UTC by the array's own zone.

An abbreviation alone names no zone (``CST`` is three), so a time is converted only if the array's zone uses that
abbreviation at that moment; anything else is an error, never a guess.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backends.outcome import ParseError

_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) (\S{1,12})", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})", re.ASCII)
_FIXED = re.compile(r"([A-Z]{2,5})([+-])(\d{2}):?(\d{2})", re.ASCII)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{1,40}", re.ASCII)


def zone(text: str) -> tzinfo:
    """``Europe/Paris``, or an abbreviation with its offset (``CET+01:00``). Raises :class:`ParseError`."""
    fixed = _FIXED.fullmatch(text)
    if fixed is not None and int(fixed[3]) < 24 and int(fixed[4]) < 60:
        offset = timedelta(hours=int(fixed[3]), minutes=int(fixed[4]))
        return timezone(-offset if fixed[2] == "-" else offset, fixed[1])
    if not _KEY.fullmatch(text):
        raise ParseError("a time zone like Europe/Paris", text)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ParseError("a time zone known to this system", text) from None


def to_utc(text: str, array_zone: tzinfo | None) -> datetime:
    """``2026-03-14 02:15:31 CET`` → UTC. Raises :class:`ParseError` if the array's zone does not fit or is unknown."""
    match = _STAMP.fullmatch(text)
    if match is None:
        raise ParseError("a time like 2026-03-14 02:15:31 CET", text)
    try:
        naive = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - its zone is the array's
    except ValueError:
        raise ParseError("a time like 2026-03-14 02:15:31 CET", text) from None
    if match[2] == "UTC":
        return naive.replace(tzinfo=UTC)
    if array_zone is None:
        raise ParseError("a time in the array's own zone, which it did not tell", text)
    for fold in (0, 1):
        local = naive.replace(tzinfo=array_zone, fold=fold)
        try:
            utc = local.astimezone(UTC)
            back = utc.astimezone(array_zone)
        except (OverflowError, ValueError):
            break
        if local.tzname() == match[2] and back.replace(tzinfo=None) == naive and back.tzname() == match[2]:
            return utc
    raise ParseError(f"a time in the array's own zone {array_zone}", text)


def from_iso(text: str) -> datetime:
    """``2026-03-14T02:15:31+01:00`` → UTC. Raises :class:`ParseError`; a time without an offset is one."""
    if not _ISO.fullmatch(text):
        raise ParseError("a time with its offset like 2026-03-14T02:15:31+01:00", text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParseError("a time with its offset like 2026-03-14T02:15:31+01:00", text) from None
