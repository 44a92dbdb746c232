"""Maintenance windows as people give them: the command line and the console understand the same. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from store.auto_records import Window

_AFTER = re.compile(r"\+(\d{1,5})([mhd])", re.ASCII)
_UNIT_MIN = {"m": 1, "h": 60, "d": 1440}


def moment(text: str, after: datetime, what: str) -> datetime:
    """``2026-01-31T22:00Z``, with a zone in any case, or ``+90m``, ``+4h``, ``+2d`` behind ``after``. ``what`` is how
    it is called where it was typed. Raises :class:`ValueError` with what was expected."""
    if found := _AFTER.fullmatch(text):
        return after + timedelta(minutes=int(found[1]) * _UNIT_MIN[found[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise ValueError(f"{what} {text}: expected a time with its zone, such as 2026-01-31T22:00Z, or +90m, +4h, +2d")
    return at.astimezone(UTC)


def window(
    site: str,
    target: str | None,
    times: tuple[str | None, str],
    reason: str,
    by: str,
    known: tuple[Sequence[str], Sequence[tuple[str, tuple[str, ...]]]],
    now: datetime,
    dash: str = "",
) -> Window:
    """A window that is to be kept. ``target`` None: all of the site; ``times`` are its begin, None for now, and its
    end; ``known`` the sites that there are, and of each group its site with the names under which a window may be about
    it; ``dash`` stands in front of the words for each in errors. Raises :class:`ValueError` with what was expected."""
    sites, groups = known
    if site not in sites:
        raise ValueError(f"{dash}site {site}: expected one of {', '.join(sites)}")
    if target is not None and all(at != site or target not in targets for at, targets in groups):
        raise ValueError(f"{dash}target {target}: expected a group or a machine of {site} in [[auto.groups]]")
    begins = now if times[0] is None else moment(times[0], now, f"{dash}from")
    ends = moment(times[1], begins, f"{dash}until")
    if not reason.strip():
        raise ValueError(f"{dash}reason: expected one, it is kept in the journal")
    return Window(0, site, target, begins, ends, reason.strip(), by)
