"""The roles of the two sides of a remote copy group, and the flags of the commands that change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from backends.lab.threepar.objects import Target
from store.estate import RcgRole, RcgStatus

if TYPE_CHECKING:
    from backends.lab.threepar.array import ThreePar

_NORMAL = {
    (RcgRole.PRIMARY, RcgRole.SECONDARY),
    (RcgRole.PRIMARY, RcgRole.PRIMARY_REV),
    (RcgRole.SECONDARY_REV, RcgRole.PRIMARY_REV),
    (RcgRole.PRIMARY_REV, RcgRole.SECONDARY),
}
#: The pairs of roles that the two arrays can show, whichever of them is asked first.
ROLE_PAIRS = frozenset(_NORMAL | {(b, a) for a, b in _NORMAL})


class Options(Struct, frozen=True):
    """The flags of the role changes, by their WSAPI names."""

    skip_start: bool = False
    skip_sync: bool = False
    skip_promote: bool = False
    discard_new_data: bool = False
    no_snapshot: bool = False
    stop_groups: bool = False
    local: bool = False
    natural: bool = False
    current: bool = False


class Side(Struct, eq=False):
    """The group as one array has it."""

    array: ThreePar
    end: int  # 0: the array that created the group
    id: int
    name: str
    target: Target
    local_cpg: str
    natural: bool
    primary: bool
    status: RcgStatus = RcgStatus.NEW
    failed_over_at: float = 0.0

    @property
    def role(self) -> RcgRole:
        if self.primary:
            return RcgRole.PRIMARY if self.natural else RcgRole.PRIMARY_REV
        return RcgRole.SECONDARY_REV if self.natural else RcgRole.SECONDARY

    @property
    def reversed(self) -> bool:
        return self.primary != self.natural


def sound(sides: list[tuple[bool, bool]]) -> bool:
    """Whether the two (primary, natural) pairs read as a documented pair of roles."""
    words = {
        (True, True): RcgRole.PRIMARY,
        (True, False): RcgRole.PRIMARY_REV,
        (False, True): RcgRole.SECONDARY_REV,
        (False, False): RcgRole.SECONDARY,
    }
    return (words[sides[0]], words[sides[1]]) in ROLE_PAIRS
