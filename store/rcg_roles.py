"""Which array of a remote copy group serves its hosts: the decision table over what the two arrays say.

The two sides are the *natural primary*, where the group was made (``oradb``), and its peer (``oradb.r121649``). Each
says a role and whether it is reversed; any pair outside the table is *unknown*. Screens and the recovery engine both
go by it.
"""

from __future__ import annotations

from enum import StrEnum

from store.estate import RcgRole
from store.record import Record


class Activity(StrEnum):
    """Whether the active side of a remote copy group is known."""

    KNOWN = "active"
    PRESUMED = "presumed"
    UNKNOWN = "unknown"


class RoleCode(StrEnum):
    """Role and reversal, as the WSAPI gives them: 1 primary, 2 secondary, T reversed."""

    PRIMARY = "1,F"
    PRIMARY_REV = "1,T"
    SECONDARY = "2,F"
    SECONDARY_REV = "2,T"


class Which(StrEnum):
    NATURAL = "natural primary"
    PEER = "peer"


class Verdict(Record, frozen=True):
    """``active`` is the side that serves the hosts, None when that is not known; ``meaning`` says why in a line."""

    activity: Activity
    active: Which | None
    meaning: str


_P, _S = Which.NATURAL, Which.PEER
_PRI, _PRI_REV, _SEC, _SEC_REV = RoleCode.PRIMARY, RoleCode.PRIMARY_REV, RoleCode.SECONDARY, RoleCode.SECONDARY_REV

# Keys: what the natural primary says, what its peer says; None: that side cannot be read now.
TABLE: dict[tuple[RoleCode | None, RoleCode | None], Verdict] = {
    (_PRI, _SEC): Verdict(Activity.KNOWN, _P, "normal: the natural primary serves the hosts"),
    (_PRI, _PRI_REV): Verdict(
        Activity.KNOWN,
        _S,
        "failed over, and the natural primary does not know: split brain if its hosts are not fenced",
    ),
    (_SEC_REV, _PRI_REV): Verdict(Activity.KNOWN, _S, "recovered: replicating from the peer to the natural primary"),
    (_SEC, _PRI): Verdict(Activity.KNOWN, _S, "roles swapped for good: the peer serves the hosts"),
    (_PRI, None): Verdict(Activity.PRESUMED, _P, "the peer cannot be read; the natural primary is presumed active"),
    (None, _PRI_REV): Verdict(Activity.KNOWN, _S, "failed over to the peer; the natural primary cannot be read"),
    (None, _SEC): Verdict(Activity.UNKNOWN, None, "the natural primary cannot be read and the peer is not failed over"),
}
NEITHER_READ = Verdict(Activity.UNKNOWN, None, "neither side can be read")
OUTSIDE = Verdict(Activity.UNKNOWN, None, "this pair of roles is in transition or damaged")
MISSING = Verdict(Activity.UNKNOWN, None, "the group is missing on one array")
AMBIGUOUS = Verdict(Activity.UNKNOWN, None, "more than one view fits a side: which array is which cannot be told")

_CODES: dict[tuple[RcgRole, bool], RoleCode] = {
    (RcgRole.PRIMARY, False): _PRI,
    (RcgRole.PRIMARY_REV, True): _PRI_REV,
    (RcgRole.SECONDARY, False): _SEC,
    (RcgRole.SECONDARY_REV, True): _SEC_REV,
}


def role_code(role: RcgRole, role_reversed: bool | None) -> RoleCode | None:
    """Role and reversal as one code; None for a role that is Unknown or contradicts ``role_reversed``.

    ``role_reversed`` None means that the array's answer carries it in the role's own word only.
    """
    if role_reversed is None:
        role_reversed = role in (RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV)
    return _CODES.get((role, role_reversed))
