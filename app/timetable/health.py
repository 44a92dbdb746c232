"""The score of the estate's health: 100, less so many points for each thing that is not right, each said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from store.estate import Datastore, Reading, VirtualMachine
from store.schedules import Result, Schedule, ScheduleRun

HEALTHY, WARNING = 90, 70
"""From so many points on it is healthy, and below the other one it is an alert."""

SCARCE, FULL = 0.15, 0.05
"""Shares of a datastore that are free."""

MOST_INTERVALS, OLDEST = 3, timedelta(days=7)
"""A replica is stale when it is older than so many of its intervals, or than that where it says none."""


class Lack(Struct, frozen=True):
    """Something that is not right, and how many points it costs."""

    points: int
    why: str


class Looked(Struct, frozen=True):
    """What was looked at: the readings, why the other devices could not be read, by name, the schedules, and the newest
    run of each, by its id."""

    now: datetime
    readings: Sequence[Reading]
    failures: Mapping[str, str]
    schedules: Sequence[Schedule]
    newest: Mapping[int, ScheduleRun]


def lacks(looked: Looked) -> tuple[Lack, ...]:
    """All that is not right, the dearest first."""
    found = [Lack(10, f"{name} could not be read: {why}") for name, why in looked.failures.items()]
    for reading in looked.readings:
        if reading.problems or reading.unread:
            count = len(reading.problems) + len(reading.unread)
            found.append(Lack(5, f"{reading.device} could only partly be read: {count} problems"))
        for obj in reading.objects:
            if isinstance(obj, Datastore):
                found += _datastore(reading.device, obj)
            elif isinstance(obj, VirtualMachine):
                found += _machine(looked.now, reading.device, obj)
    found += _schedules(looked)
    return tuple(sorted(found, key=lambda each: -each.points))


def _datastore(device: str, store: Datastore) -> Iterable[Lack]:
    if not store.accessible:
        yield Lack(10, f"datastore {store.name} on {device} is not accessible")
    elif store.capacity > 0 and store.free < store.capacity * SCARCE:
        points = 10 if store.free < store.capacity * FULL else 5
        yield Lack(points, f"datastore {store.name} on {device} has {100 * store.free / store.capacity:.0f} % free")


def _machine(now: datetime, device: str, vm: VirtualMachine) -> Iterable[Lack]:
    if vm.consolidation_needed:
        yield Lack(15, f"the disks of {vm.name} on {device} need consolidation")
    if vm.replica is not None:
        most = timedelta(seconds=vm.replica.interval_s * MOST_INTERVALS) if vm.replica.interval_s else OLDEST
        age = now - vm.replica.point_in_time
        if age > most:
            yield Lack(5, f"replica {vm.name} on {device} is {age // timedelta(minutes=1)} min old")


def _schedules(looked: Looked) -> Iterable[Lack]:
    for schedule in looked.schedules:
        newest = looked.newest.get(schedule.id)
        if newest is not None and newest.result in (Result.FAILED, Result.UNKNOWN, Result.MISSED, Result.REFUSED):
            yield Lack(10, f"the last run of schedule {schedule.name}: {newest.result}")
        if schedule.paused:
            yield Lack(3, f"schedule {schedule.name} is paused")


def score(found: Sequence[Lack]) -> int:
    """From 0 to 100."""
    return max(0, 100 - sum(each.points for each in found))


def words(found: Sequence[Lack]) -> tuple[str, ...]:
    """The score, what it means, and each thing that it was lowered for."""
    points = score(found)
    means = "healthy" if points >= HEALTHY else "warning" if points >= WARNING else "alert"
    return (f"health {points} of 100: {means}", *(f"-{each.points}: {each.why}" for each in found))
