"""What can be done to a remote copy group, and how its two sides must stand for it (procedures 4.2): for the screens
that offer a verb and for the engine that plans it."""

from __future__ import annotations

from enum import StrEnum

from store.rcg_roles import RoleCode
from store.record import Record


class RcgVerb(StrEnum):
    """What can be done to remote copy groups that exist."""

    START = "start"
    STOP = "stop"
    SYNC = "sync"
    FAILOVER = "failover"
    RECOVER = "recover"
    RESTORE = "restore"
    REVERSE = "reverse"
    UNDO = "undo"
    SWITCHOVER = "switchover"


class Standing(StrEnum):
    """How the two sides stand to one another."""

    NORMAL = "normal"
    SWAPPED = "roles swapped for good"
    FAILED_OVER = "failed over"
    RECOVERED = "recovered"
    PEER_UNREAD = "the peer cannot be read"
    PRIMARY_DARK = "the natural primary cannot be read, the peer is not failed over"
    FAILED_OVER_DARK = "failed over, the natural primary cannot be read"
    UNKNOWN = "unknown"


_PRI, _PRI_REV, _SEC, _SEC_REV = RoleCode.PRIMARY, RoleCode.PRIMARY_REV, RoleCode.SECONDARY, RoleCode.SECONDARY_REV
_STANDINGS: dict[tuple[RoleCode | None, RoleCode | None], Standing] = {
    (_PRI, _SEC): Standing.NORMAL,
    (_SEC, _PRI): Standing.SWAPPED,
    (_PRI, _PRI_REV): Standing.FAILED_OVER,
    (_SEC_REV, _PRI_REV): Standing.RECOVERED,
    (_PRI, None): Standing.PEER_UNREAD,
    (None, _SEC): Standing.PRIMARY_DARK,
    (None, _PRI_REV): Standing.FAILED_OVER_DARK,
}


def standing(natural: RoleCode | None, peer: RoleCode | None) -> Standing:
    """How a pair stands by what each side says; None: that side cannot be read."""
    return _STANDINGS.get((natural, peer), Standing.UNKNOWN)


class Right(Record, frozen=True):
    """When a verb is right: how the pair stands, and whether the group must be Started; None: either."""

    standings: tuple[Standing, ...]
    started: bool | None = None


_N, _S, _R, _F = Standing.NORMAL, Standing.SWAPPED, Standing.RECOVERED, Standing.FAILED_OVER
RIGHT: dict[RcgVerb, Right] = {
    RcgVerb.START: Right((_N, _S), started=False),
    RcgVerb.STOP: Right((_N, _S, _R), started=True),
    RcgVerb.SYNC: Right((_N, _S, _R), started=True),
    RcgVerb.FAILOVER: Right((_N,), started=True),
    RcgVerb.RECOVER: Right((_F, _R)),
    RcgVerb.RESTORE: Right((_R,), started=True),
    RcgVerb.REVERSE: Right((_N, _S), started=True),
    RcgVerb.UNDO: Right((_F,), started=False),
    RcgVerb.SWITCHOVER: Right((_N,), started=True),
}
DISASTER = Right((Standing.PRIMARY_DARK, Standing.NORMAL))
"""The same of a failover whose primary site is dark; one whose array still answers is fenced through it."""
