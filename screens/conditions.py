"""States that no device reports and that a screen derives: how fresh a row is, how a copy stands against its interval.

The words are what the operator reads; :mod:`screens.status` gives each its shape and colour.
"""

from __future__ import annotations

from enum import StrEnum


class Freshness(StrEnum):
    """How far a row can be believed.

    ``STALE``: its device is not being read; ``GONE``: the device was read and no longer reports it."""

    FRESH = "fresh"
    STALE = "stale"
    GONE = "gone"


class CopyHealth(StrEnum):
    """How the copies of a protection group or VM stand against their interval (procedures, RPO arithmetic)."""

    ON_TIME = "on time"
    TRANSFERRING = "transferring"
    NEARLY_LATE = "nearly late"
    LATE = "late"
    NO_COPY = "no complete copy"
    SCHEDULE_OFF = "schedule off"
    NOT_ALLOWED = "not allowed"
    NOT_REPLICATED = "not replicated"
    DESTROYED = "destroyed"
    INCOMPLETE = "incomplete"
    OLDER = "older copy"
    NO_INTERVAL = "no interval"
    NO_COPY_YET = "no copy yet"
    PAUSED = "paused"
    FAILED_OVER = "failed over"
    SPLIT_BRAIN = "split brain"


class SideState(StrEnum):
    """Whether one side of a pair was read. ``UNREAD``: its device cannot be read now; ``MISSING``: read, not there."""

    READ = "read"
    UNREAD = "not read"
    MISSING = "missing"


class HostMatch(StrEnum):
    """How the array's host objects of an LPAR stand against the WWPNs of the LPAR.

    ``DIFFERS``: the host lacks a WWPN, or holds one that the LPAR does not have. ``OTHER``: a WWPN is on a host of
    another name. ``SEVERAL``: they are spread over hosts of one array. ``NONE``: the arrays were read and have no host
    for it. ``UNREAD``: an array, the HMC or a part of the LPAR could not be read, so nothing is certain."""

    AS_LPAR = "as LPAR"
    DIFFERS = "differs"
    OTHER = "other host"
    SEVERAL = "several"
    NONE = "none"
    UNREAD = "not read"
    NO_WWPNS = "no WWPNs"
    NOT_APPLICABLE = "not applicable"


class BoardState(StrEnum):
    """How a part of a running plan fares: an application, a member, a group, or steps of the plan's own.

    ``ASKS``: a person has to do something and say so; ``DECIDE``: a step failed or is unknown. ``WAITS``: begun, and
    nothing of it is under way. ``MISSED``: the run ended before."""

    NOTHING = "nothing to do"
    NOT_BEGUN = "not begun"
    WAITS = "waits"
    RUNNING = "under way"
    ASKS = "asks you"
    DECIDE = "decide"
    DONE = "done"
    UP = "up"
    MISSED = "not reached"
