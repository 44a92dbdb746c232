"""What the store says about the estate: entries with their ages, the state of each device, and what changed when."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from store.estate import DeviceKind, EstateObject, Problem
from store.record import Record
from store.stored import Told, peeked_object, told_object


class Entry(Record, frozen=True):
    """One object of the estate as last seen. All times UTC.

    ``told`` is the object, or its stored facts that nobody has asked for yet; ``obj`` is the object in either case.
    ``seen_at`` is when ``device`` last reported it; ``changed_at`` when a fact of it last changed; ``gone`` when the
    device was read completely and no longer reported it: the last known facts stay.
    """

    kind: str
    key: str
    told: Told
    device: str
    first_seen: datetime
    seen_at: datetime
    changed_at: datetime
    gone: bool = False

    @property
    def obj(self) -> EstateObject:
        """The object. Raises :class:`store.stored.UnreadableFactsError` where its stored facts cannot be read."""
        return told_object(self.told)

    def peek(self) -> EstateObject:
        """As ``obj``, but nothing is kept of what had to be decoded: for whoever looks at every entry of many."""
        return peeked_object(self.told)


class DeviceHealth(StrEnum):
    """How the last sweep of a device went."""

    NEVER = "never read"
    OK = "ok"
    PARTIAL = "partly read"
    FAILING = "could not be read"


class DeviceStatus(Record, frozen=True):
    """One configured device. ``since`` is when ``health`` last changed; ``sweep_s`` how long the last sweep took.

    ``last_ok`` is when the last reading that came back, whole or in part, began: ages count from it.

    ``failure`` is one of the words of ``backends.outcome.Failure``, ``text`` the device's or library's own words.
    ``verified`` is False where the settings turn identity checks off for this device.
    """

    name: str
    kind: DeviceKind
    site: str
    address: str
    health: DeviceHealth
    since: datetime | None = None
    last_ok: datetime | None = None
    next_try: datetime | None = None
    sweep_s: float | None = None
    failure: str | None = None
    text: str | None = None
    problems: tuple[Problem, ...] = ()
    clock_skew_s: float | None = None
    verified: bool = True
    sweeping: bool = False


class Event(Record, frozen=True):
    """One thing that changed. ``kind`` and ``key`` name the object (kind ``device`` for a device's own health);
    ``label`` is its name on the screen; ``field`` the fact; ``before`` and ``after`` in display form."""

    id: int
    at: datetime
    kind: str
    key: str
    label: str
    device: str
    field: str
    before: str | None
    after: str | None


class Change(Record, frozen=True):
    """A change notice: what a sweep of ``device`` changed, as (kind, key) pairs. Empty: only the device's status and
    the times did."""

    device: str
    keys: tuple[tuple[str, str], ...] = ()
