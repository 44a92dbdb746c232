"""What a person types of a timetable, on the command line and in a form."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from store.timetable import EVERY_HOURS, WEEKDAYS, Frequency, Timetable, TimetableError

EVERY: dict[str, tuple[Frequency, int]] = {
    **{f"{minutes}m": (Frequency.MINUTES, minutes) for minutes in (5, 10, 15, 20, 30)},
    "hour": (Frequency.HOURLY, 1),
    **{f"{hours}h": (Frequency.HOURLY, hours) for hours in EVERY_HOURS if hours > 1},
    "day": (Frequency.DAILY, 1),
    "week": (Frequency.WEEKLY, 1),
    "month": (Frequency.MONTHLY, 1),
}
"""How often, in a word; any other number of minutes is understood too."""

BY_CLOCK = frozenset({Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY})
"""These are due at a time of day."""

_AT = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_MINUTE = re.compile(r":(\d{2})", re.ASCII)
_MINUTES = re.compile(r"(\d{1,5})m", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)


def changed(before: Timetable, texts: Mapping[str, str]) -> Timetable:
    """``before`` with what is given of every, at, weekday, day and zone; what is not stays. Raises
    :class:`TimetableError` with what was expected."""
    found = before
    if (every := texts.get("every")) is not None:
        found = _every(found, every)
    if (at := texts.get("at")) is not None:
        found = _at(found, at)
    if (weekday := texts.get("weekday")) is not None:
        found = replace(found, weekday=_weekday(weekday))
    if (day := texts.get("day")) is not None:
        found = replace(found, day=number("day", day))
    if (zone := texts.get("zone")) is not None:
        found = replace(found, zone=zone)
    return found.checked()


def number(what: str, text: str) -> int:
    """Raises :class:`TimetableError`."""
    if not _NUMBER.fullmatch(text):
        raise TimetableError(f"{what} {text}: expected a number")
    return int(text)


def texts_of(timetable: Timetable) -> dict[str, str]:
    """The texts that :func:`changed` makes the same timetable of."""
    by_clock = timetable.frequency in BY_CLOCK
    return {
        "every": _word(timetable),
        "at": f"{timetable.hour:02}:{timetable.minute:02}" if by_clock else f":{timetable.minute:02}",
        "weekday": WEEKDAYS[timetable.weekday],
        "day": str(timetable.day),
        "zone": timetable.zone,
    }


def _every(timetable: Timetable, text: str) -> Timetable:
    minutes = _MINUTES.fullmatch(text)
    if minutes is not None:
        return replace(timetable, frequency=Frequency.MINUTES, every_min=int(minutes[1]))
    if text not in EVERY:
        raise TimetableError(f"every {text}: expected one of {', '.join(EVERY)}")
    frequency, every_h = EVERY[text]
    return replace(timetable, frequency=frequency, every_h=every_h)


def _word(timetable: Timetable) -> str:
    if timetable.frequency is Frequency.MINUTES:
        return f"{timetable.every_min}m"
    every_h = timetable.every_h if timetable.frequency is Frequency.HOURLY else 1
    return next(word for word, found in EVERY.items() if found == (timetable.frequency, every_h))


def _at(timetable: Timetable, text: str) -> Timetable:
    if timetable.frequency not in BY_CLOCK:
        minute = _MINUTE.fullmatch(text)
        if minute is None:
            raise TimetableError(f"at {text}: expected :MM, such as :30, the minute of the hour")
        return replace(timetable, minute=int(minute[1]))
    at = _AT.fullmatch(text)
    if at is None:
        raise TimetableError(f"at {text}: expected HH:MM, such as 02:30")
    return replace(timetable, hour=int(at[1]), minute=int(at[2]))


def _weekday(text: str) -> int:
    found = [place for place, word in enumerate(WEEKDAYS) if len(text) >= 2 and word.lower().startswith(text.lower())]
    if len(found) != 1:
        raise TimetableError(f"weekday {text}: expected one of {', '.join(WEEKDAYS)}, or its first letters")
    return found[0]
