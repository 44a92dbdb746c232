"""When a schedule is due: arithmetic on the local clock of the schedule's own time zone. Source: procedures 5.3.

A local time that a clock change leaves out is the first minute after it; one that comes twice counts the first time
only. Schedules of every hour name no time of day: they go by the minute of each hour as it passes.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from store.record import Record

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EVERY_HOURS = (1, 2, 3, 4, 6, 8, 12)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CHANGE = timedelta(hours=26)
"""No zone ever put its clock forward by more: across the date line, from one day to the next but one."""


class Frequency(StrEnum):
    MINUTES = "minutes"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class TimetableError(ValueError):
    """A timetable that means nothing. The text names the field and what was expected."""


class Timetable(Record, frozen=True):
    """When something is due, on the clock of ``zone`` (an IANA name).

    ``weekday``: 0 is Monday. ``day`` of a month that ends earlier is its last day. ``every_h``: of an hourly one, the
    hours 0, ``every_h``, … of the day; ``every_min``: of one in minutes, so many from one to the next, whatever the
    zone. Each frequency uses what it needs of the fields.
    """

    frequency: Frequency
    minute: int = 0
    hour: int = 2
    weekday: int = 0
    day: int = 1
    every_h: int = 1
    every_min: int = 15
    zone: str = "UTC"

    def checked(self) -> Timetable:
        """The same. Raises :class:`TimetableError`."""
        for name, value, least, most in (
            ("minute", self.minute, 0, 59),
            ("hour", self.hour, 0, 23),
            ("weekday", self.weekday, 0, 6),
            ("day", self.day, 1, 31),
            ("every_min", self.every_min, 5, 7 * 24 * 60),
        ):
            if not least <= value <= most:
                raise TimetableError(f"{name} {value}: expected {least} to {most}")
        if self.every_h not in EVERY_HOURS:
            raise TimetableError(f"every {self.every_h} hours: expected one of {', '.join(map(str, EVERY_HOURS))}")
        zone_of(self.zone)
        return self

    @property
    def words(self) -> str:
        """As ``monthly on day 31 at 02:00, Europe/Paris``."""
        at = f"at {self.hour:02}:{self.minute:02}, {self.zone}"
        match self.frequency:
            case Frequency.MINUTES:
                return f"every {self.every_min} min"
            case Frequency.HOURLY if self.every_h == 1:
                return f"every hour at minute {self.minute}, {self.zone}"
            case Frequency.HOURLY:
                return f"every {self.every_h} hours from 00:{self.minute:02}, {self.zone}"
            case Frequency.DAILY:
                return f"daily {at}"
            case Frequency.WEEKLY:
                return f"weekly on {WEEKDAYS[self.weekday]} {at}"
            case Frequency.MONTHLY:
                return f"monthly on day {self.day} {at}"


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name. Raises :class:`TimetableError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimetableError(
            f"zone {name!r}: expected an IANA name that this machine knows, such as Europe/Paris"
        ) from None


def next_run(timetable: Timetable, after: datetime) -> datetime:
    """The first moment (UTC) strictly after ``after`` at which it is due, seconds 0."""
    after = after.astimezone(UTC)
    if timetable.frequency is Frequency.MINUTES:
        step = timetable.every_min * MINUTE
        return after - (after - _EPOCH) % step + step
    if timetable.frequency is Frequency.HOURLY and timetable.every_h == 1:
        return _next_hour(timetable, after)
    zone = zone_of(timetable.zone)
    return next(
        moment
        for local in _local_times(timetable, _day_before(after, zone))
        if (moment := instant(local, zone)) > after
    )


def upcoming(timetable: Timetable, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next ``count`` moments (UTC) strictly after ``after``."""
    found: list[datetime] = []
    for _ in range(count):
        after = next_run(timetable, after)
        found.append(after)
    return tuple(found)


def due_until(timetable: Timetable, first: datetime, now: datetime) -> tuple[datetime, ...]:
    """``first``, and all that were due after it, up to ``now`` included."""
    found = [first]
    while (following := next_run(timetable, found[-1])) <= now:
        found.append(following)
    return tuple(found)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) of a local time without zone: of one that comes twice the first, of one that is left out the
    first minute after the gap."""
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    # It is left out. Somewhere within the longest change before, the clock goes from less to more.
    low, high = early - _LONGEST_CHANGE, early
    while high - low > MINUTE:
        middle = low + (high - low) // 2 // MINUTE * MINUTE
        middle = middle if middle > low else low + MINUTE
        if middle.astimezone(zone).replace(tzinfo=None) > local:
            high = middle
        else:
            low = middle
    return high


def _next_hour(timetable: Timetable, after: datetime) -> datetime:
    zone = zone_of(timetable.zone)
    moment = after.replace(second=0, microsecond=0) + MINUTE
    ahead = moment + (timetable.minute - moment.astimezone(zone).minute) % 60 * MINUTE
    if ahead.astimezone(zone).minute == timetable.minute:
        return ahead
    while moment.astimezone(zone).minute != timetable.minute:  # a change by a part of an hour lies between
        moment += MINUTE
    return moment


def _day_before(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() - 2 * DAY


def _local_times(timetable: Timetable, day: date) -> Iterator[datetime]:
    """The local times from a day on, in order."""
    match timetable.frequency:
        case Frequency.HOURLY:
            hours: tuple[int, ...] = tuple(range(0, 24, timetable.every_h))
        case _:
            hours = (timetable.hour,)
    while True:
        if _is_day(timetable, day):
            for hour in hours:
                yield datetime.combine(day, time(hour, timetable.minute))
        day += DAY


def _is_day(timetable: Timetable, day: date) -> bool:
    match timetable.frequency:
        case Frequency.WEEKLY:
            return day.weekday() == timetable.weekday
        case Frequency.MONTHLY:
            return day.day == min(timetable.day, monthrange(day.year, day.month)[1])
        case _:
            return True
