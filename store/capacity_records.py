"""How much of what a system has is used: plain records, in the words of the screens.

Units: processors in processing units (Power) or virtual processors (vSphere), memory and space in bytes, data reduction
as a ratio, N_Port IDs and all else by count.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from store.record import Record


class Resource(StrEnum):
    """What is measured of a system."""

    CPU = "processors"
    MEMORY = "memory"
    SPACE = "space"
    REDUCTION = "data reduction"
    NPORTS = "N_Port IDs"


class Grain(StrEnum):
    """How long a stretch a kept sample stands for."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Series(Record, frozen=True):
    """What a sample is of. ``kind`` and ``key`` name the object as in ``store.estate.KINDS``; ``vios`` is an LPAR."""

    kind: str
    key: str
    resource: Resource


class Measured(Record, frozen=True):
    """One measurement. ``at`` is when the device was read (UTC). ``total`` None: it is a ratio, of nothing."""

    series: Series
    name: str
    device: str
    at: datetime
    used: float
    total: float | None = None


class Sample(Record, frozen=True):
    """What is kept of a stretch that began ``at`` (UTC): the fullest of ``count`` measurements, of a data reduction the
    lowest."""

    at: datetime
    used: float
    total: float | None
    count: int = 1


def worse(resource: Resource, one: float, other: float) -> bool:
    """Whether ``one`` leaves less than ``other`` does."""
    return one < other if resource is Resource.REDUCTION else one > other
