"""A remote copy group as the planner sees it: both sides as just read, or as last known, and how the pair stands."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from app.recovery.draft import Draft
from app.recovery.rcg.seeing import code
from app.recovery.witnesses import Witness
from backends.threepar.objects import ArrayObjects
from store.estate import RemoteCopyGroup, StorageSystem
from store.rcg_roles import MISSING, NEITHER_READ, OUTSIDE, TABLE
from store.rcg_verbs import Standing, standing
from store.rcg_way_back import way_back as documented


class SideNow(Struct, frozen=True):
    """One side. ``read``: its array answered at ``taken_at``; ``failure`` says how it did not,
    and ``silent`` that it gave no sign of life at all. ``group`` is what was
    read just now, ``last`` the last known view with ``last_seen``. ``objects`` None: they could not be read, and
    ``objects_failure`` says why. ``door`` is the one through which verbs go. ``unclear`` are the problems that a
    reading had with this very group."""

    device: str
    site: str
    read: bool
    group: RemoteCopyGroup | None = None
    last: RemoteCopyGroup | None = None
    last_seen: datetime | None = None
    system: StorageSystem | None = None
    objects: ArrayObjects | None = None
    failure: str = ""
    silent: bool = False
    objects_failure: str = ""
    taken_at: datetime | None = None
    skew_s: float | None = None
    door: str = "wsapi"
    unclear: tuple[str, ...] = ()

    @property
    def any_group(self) -> RemoteCopyGroup | None:
        return self.group if self.group is not None else self.last


class Situation(Struct, frozen=True):
    """A pair at one moment (UTC). ``name`` is that of the group on its natural primary; ``key`` the lease's."""

    name: str
    key: str
    natural: SideNow
    peer: SideNow
    now: datetime
    witnesses: tuple[Witness, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key,)

    @property
    def standing(self) -> Standing:
        if any(side.read and side.group is None for side in (self.natural, self.peer)):
            return Standing.UNKNOWN
        codes = []
        for side in (self.natural, self.peer):
            found = None if side.group is None else code(side.group)
            if side.group is not None and found is None:
                return Standing.UNKNOWN
            codes.append(found)
        return standing(codes[0], codes[1])

    @property
    def meaning(self) -> str:
        """The decision table's own words for this pair."""
        sides = (self.natural, self.peer)
        if any(side.read and side.group is None for side in sides):
            return MISSING.meaning
        if not any(side.read for side in sides):
            return NEITHER_READ.meaning
        codes = [None if side.group is None else code(side.group) for side in sides]
        if any(side.group is not None and found is None for side, found in zip(sides, codes, strict=True)):
            return OUTSIDE.meaning
        return TABLE.get((codes[0], codes[1]), OUTSIDE).meaning


def way_back(at: Situation) -> tuple[str, ...]:
    """The documented way back from this pair of roles, as commands for a person: the console runs none of them."""
    p, s = at.natural.any_group, at.peer.any_group
    if p is None or s is None or not (at.natural.read and at.peer.read):
        return ("Make both arrays readable, then look again.",)
    return documented(p, s, at.natural.device, at.peer.device)


RcgDraft = Draft[Situation]
