"""How times, ages, durations and sizes are written. Every screen uses these and no other.

An age gets coarser as it grows, so that a text changes only when it says something new and an idle console stays quiet:
``<10s``, ``10s`` (10 to 19 seconds) … ``50s``, ``1m`` … ``59m``, ``1h00m`` … ``9h59m``, ``10h`` … ``47h``, ``2d`` … All
are rounded down, so the minutes stay while they are a good part of the whole.
"""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60
HOUR = 3600
DAY = 86400


def span(seconds: float) -> str:
    """A length of time, not negative, in its coarse form."""
    whole = int(seconds)
    if whole < 10:
        return "<10s"
    if whole < MINUTE:
        return f"{whole // 10 * 10}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m"
    if whole < 10 * HOUR:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02}m"
    if whole < 2 * DAY:
        return f"{whole // HOUR}h"
    return f"{whole // DAY}d"


def age(now: datetime, then: datetime) -> str:
    """How long ago ``then`` was. A moment in the future (a clock that is wrong) says so: ``3m ahead``."""
    seconds = (now - then).total_seconds()
    return f"{span(-seconds)} ahead" if seconds <= -1 else span(max(0.0, seconds))


def until(now: datetime, then: datetime) -> str:
    """When ``then`` will be: ``in 20s``, or ``now`` where it has come."""
    seconds = (then - now).total_seconds()
    return "now" if seconds <= 0 else f"in {span(seconds)}"


def exact(seconds: float) -> str:
    """A configured length of time, in full: ``15m``, ``1h 30m``, ``2d 4h``, ``1m 5s``; below a second, ``0.4s``."""
    if seconds < 1:
        return f"{seconds:.1f}s"
    rest = round(seconds)
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def moment(then: datetime) -> str:
    """A moment in full, in UTC: ``2026-03-01 02:59:07 UTC``."""
    return f"{then.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def moment_short(now: datetime, then: datetime) -> str:
    """A moment in UTC for a table: the time of today, with the day in front where it was another day."""
    there, here = then.astimezone(UTC), now.astimezone(UTC)
    return f"{there:%H:%M:%S}" if there.date() == here.date() else f"{there:%m-%d %H:%M}"


def clock(now: datetime) -> str:
    """The clock of the band: minutes, because a clock of seconds would send bytes every second for ever."""
    return f"{now.astimezone(UTC):%H:%M} UTC"


def time_of_day(seconds: int) -> str:
    """Seconds after midnight as ``HH:MM``."""
    return f"{seconds // HOUR:02d}:{seconds % HOUR // MINUTE:02d}"


def size(count: int, unit: int = 1) -> str:
    """``count`` times ``unit`` bytes in binary units: ``512 B``, ``1.5 GiB``, ``40 TiB``."""
    value = float(count * unit)
    for name in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            return f"{value:.0f} {name}" if value >= 100 or value == int(value) else f"{value:.1f} {name}"
        value /= 1024
    return f"{value:.1f} PiB"
