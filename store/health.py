"""How a device fares: its status after a reading or a failure, and the line of history when that changed. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from store.estate import Problem, Reading
from store.records import DeviceHealth, DeviceStatus, Event


def after_reading(
    before: DeviceStatus | None, given: DeviceStatus, reading: Reading, problems: tuple[Problem, ...], at: datetime
) -> DeviceStatus:
    """``given`` with what follows from a reading taken ``at``; ``problems`` are those that only the comparison found.
    Where parts could not be read at all, ``text`` says why."""
    all_problems = tuple(_problem(problem) for problem in (*reading.problems, *problems))
    whys = tuple(dict.fromkeys(scope.why for scope in reading.unread))
    status = replace(
        given,
        health=DeviceHealth.PARTIAL if all_problems or whys else DeviceHealth.OK,
        last_ok=at,
        failure=None,
        text=_storable("; ".join(whys) or None),
        problems=all_problems,
        clock_skew_s=reading.clock_skew_s,
    )
    return replace(status, since=_since(before, status, at))


def after_report(before: DeviceStatus | None, given: DeviceStatus, at: datetime) -> DeviceStatus:
    """``given``, with the times that the store knows better: since when it is so, and when the device was last read."""
    status = given if before is None else replace(given, last_ok=before.last_ok)
    return replace(status, text=_storable(status.text), since=_since(before, status, at))


def health_event(before: DeviceStatus | None, after: DeviceStatus, at: datetime) -> tuple[Event, ...]:
    """The event that tells of a change, its id 0; none for a first reading that went well."""
    if before is None or (before.health, before.failure) == (after.health, after.failure):
        return ()
    if (before.health, after.health) == (DeviceHealth.NEVER, DeviceHealth.OK):
        return ()
    return (Event(0, at, "device", after.name, after.name, after.name, "health", _words(before), _words(after)),)


def _since(before: DeviceStatus | None, after: DeviceStatus, at: datetime) -> datetime | None:
    if before is not None and before.health is after.health:
        return before.since
    return None if after.health is DeviceHealth.NEVER else at


def _problem(problem: Problem) -> Problem:
    where, line, expected = (_storable(text) or "" for text in (problem.where, problem.line, problem.expected))
    return Problem(where, line, expected)


def _storable(text: str | None) -> str | None:
    """The text itself, or, where a device sent bytes that are no text, with these written as escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _words(status: DeviceStatus) -> str:
    if status.health is DeviceHealth.FAILING and status.failure:
        return f"{status.health.value}: {status.failure}"
    return status.health.value
