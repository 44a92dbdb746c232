"""A failover of LPARs while its plan is being drawn up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from app.recovery.draft import Draft
from app.recovery.pra.members import Member
from app.recovery.pra.situation import PraNow


class Asked(Struct, frozen=True):
    """``disaster``: the nominal site is not asked for a last snapshot. ``immediately``: production is not asked to shut
    down, the hypervisor stops it. ``wave`` is how many LPARs are being activated at a time: one is through once it is
    Running."""

    disaster: bool = False
    immediately: bool = False
    wave: int = 32


class Party(Struct, frozen=True):
    """The LPARs of a run as a member of a plan."""

    name: str
    now: datetime
    lpars: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return (*(f"lpar:{name}" for name in self.lpars), *self.groups)


class Drawing(Struct):
    """What is drawn up so far. By LPAR: ``fenced`` are the steps after which its old side cannot write any more,
    ``copied`` those that overwrite its volumes, ``up`` the last of those that start it. ``running`` are the steps that
    activate, in order; ``arrived`` those after which the chosen snapshot of a replica group is there, by array and
    group."""

    now: PraNow
    asked: Asked
    members: Sequence[Member]
    draft: Draft[Party]
    fenced: dict[str, tuple[str, ...]] = field(default_factory=dict)
    copied: dict[str, tuple[str, ...]] = field(default_factory=dict)
    up: dict[str, str] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    arrived: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
