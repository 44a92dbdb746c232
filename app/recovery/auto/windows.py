"""Maintenance windows as people give them: the command line and the console understand the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from store.auto_records import Window

_AFTER = re.compile(r"\+(\d{1,5})([mhd])", re.ASCII)
_UNIT_MIN = {"m": 1, "h": 60, "d": 1440}


def zoned(name: str, what: str) -> ZoneInfo:
    """A zone by its name. Raises :class:`ValueError` with what was expected."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{what} {name}: expected the name of a time zone, such as Europe/Paris") from None


def moment(text: str, after: datetime, what: str, zone: tzinfo | None = None) -> datetime:
    """``2026-01-31T22:00Z``, with a zone unless ``zone`` is that of it, or ``+90m``, ``+4h``, ``+2d`` behind ``after``.
    ``what`` is how it is called where it was typed. Raises :class:`ValueError` with what was expected."""
    if found := _AFTER.fullmatch(text):
        return after + timedelta(minutes=int(found[1]) * _UNIT_MIN[found[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and at.utcoffset() is None and zone is not None:
        at = _only(at.replace(tzinfo=zone), text, what)
    if at is None or at.utcoffset() is None:
        raise ValueError(f"{what} {text}: expected a time with its zone, such as 2026-01-31T22:00Z, or +90m, +4h, +2d")
    return at.astimezone(UTC)


def _only(at: datetime, text: str, what: str) -> datetime:
    """A local time that is there, and once. Raises :class:`ValueError`."""
    if at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) != at.replace(tzinfo=None):
        raise ValueError(f"{what} {text}: the clocks of {at.tzinfo} leave it out: expected another time")
    if at.utcoffset() != at.replace(fold=1).utcoffset():
        raise ValueError(f"{what} {text}: it comes twice in {at.tzinfo}: expected a time with its offset")
    return at


def window(
    site: str,
    target: str | None,
    times: tuple[str | None, str],
    reason: str,
    by: str,
    known: tuple[Sequence[str], Sequence[tuple[str, tuple[str, ...]]]],
    now: datetime,
    dash: str = "",
    zone: str | None = None,
    named: Callable[[str, str], bool] = lambda site, name: False,
) -> Window:
    """A window that is to be kept. ``target`` None: all of the site; ``times`` are its begin, None for now, and its
    end; ``known`` the sites that there are, and of each group its site with the names under which a window may be about
    it; ``dash`` stands in front of the words for each in errors; times are on the clock of ``zone`` where they name
    none. ``named`` says whether something else of that name is at a site. Raises :class:`ValueError` with what was
    expected."""
    sites, groups = known
    if site not in sites:
        raise ValueError(f"{dash}site {site}: expected one of {', '.join(sites)}")
    known_here = any(at == site and target in targets for at, targets in groups)
    if target is not None and not known_here and not named(site, target):
        raise ValueError(f"{dash}target {target}: expected a group, a machine, a device or a system of {site}")
    clock = None if zone is None else zoned(zone, f"{dash}zone")
    begins = now if times[0] is None else moment(times[0], now, f"{dash}from", clock)
    ends = moment(times[1], begins, f"{dash}until", clock)
    if not reason.strip():
        raise ValueError(f"{dash}reason: expected one, it is kept in the journal")
    return Window(0, site, target, begins, ends, reason.strip(), by, zone=zone or "UTC")
