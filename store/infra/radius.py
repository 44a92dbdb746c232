"""The blast radius as it is shown and printed: plain records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from store.infra.falling import Node
from store.record import Record


class Effect(StrEnum):
    """What becomes of something. ``BARE``: it runs on, and its copy is lost or not kept current any more; ``STANDBY``:
    what would be started, or used, in place of another one is lost."""

    FALLS = "falls"
    MAY = "may fall"
    BARE = "loses its copy"
    STANDBY = "stand-by falls"


class BoundKind(StrEnum):
    KNOWN = "known"
    NONE = "no copy"
    UNKNOWN = "unknown"


class Bound(Record, frozen=True):
    """What would be lost at most: everything of the last ``seconds``; of kind NONE all of it, as no copy stays."""

    kind: BoundKind
    seconds: float | None = None

    @property
    def words(self) -> str:
        """``9 min``, rounded up to the next minute; ``no copy``; ``unknown``."""
        if self.seconds is None:
            return str(self.kind)
        minutes = -int(-self.seconds // 60)
        if minutes < 60 * 48:
            return f"{minutes} min" if minutes < 120 else f"{-(-minutes // 60)} h"
        return f"{-(-minutes // (60 * 24))} d"


NO_COPY, NOT_KNOWN = Bound(BoundKind.NONE), Bound(BoundKind.UNKNOWN)


def worst(bounds: Iterable[Bound]) -> Bound | None:
    """The one that hurts most: no copy, then unknown, then the oldest; None of none."""
    order = (BoundKind.KNOWN, BoundKind.UNKNOWN, BoundKind.NONE)
    return max(bounds, key=lambda bound: (order.index(bound.kind), bound.seconds or 0.0), default=None)


class Hit(Record, frozen=True):
    """Something that runs, or stands by. ``because`` is what it was lost with; ``bound`` None: nothing of it is lost.
    ``storage``: whether its arrays stand, so that a planned failover loses nothing; None: not known. ``plan`` and
    ``application`` it comes back with; None: in no plan."""

    node: Node
    name: str
    site: str | None
    effect: Effect
    because: str
    bound: Bound | None = None
    storage: bool | None = None
    plan: str | None = None
    application: str | None = None


def storage_word(stays: bool | None) -> str:
    """``stays``, ``falls`` or ``unknown``."""
    return "unknown" if stays is None else "stays" if stays else "falls"


class PlanHit(Record, frozen=True):
    """A plan of which something falls. ``against`` says why it cannot simply answer; empty: nothing that is known."""

    name: str
    source: str
    target: str
    applications: tuple[tuple[str, Bound], ...]
    bound: Bound
    against: tuple[str, ...] = ()


class Radius(Record, frozen=True):
    """What falls with ``struck`` as of ``at`` (UTC). ``notes`` say what is not known of it."""

    struck: Node
    title: str
    at: datetime
    hits: tuple[Hit, ...]
    plans: tuple[PlanHit, ...]
    notes: tuple[str, ...] = ()

    def of(self, *effects: Effect) -> tuple[Hit, ...]:
        return tuple(hit for hit in self.hits if hit.effect in effects)

    @property
    def bound(self) -> Bound | None:
        """The worst of all that falls, or may."""
        return worst(hit.bound for hit in self.hits if hit.bound is not None)

    @property
    def unplanned(self) -> str:
        """How much of what falls, or may, is in no plan: ``3 LPARs, 5 RCGs``; empty: none."""
        return counted([hit for hit in self.of(Effect.FALLS, Effect.MAY) if hit.plan is None])

    @property
    def summary(self) -> str:
        """``rack A7 fails → 14 LPARs, plans P1, P3; bound 9 min``."""
        falls, may = self.of(Effect.FALLS), self.of(Effect.MAY)
        parts = [counted(falls) or "nothing that runs falls"]
        if may:
            parts.append(f"{counted(may)} may fall")
        bare = self.of(Effect.BARE)
        if bare:
            parts.append(f"{counted(bare)} {'loses its copy' if len(bare) == 1 else 'lose their copies'}")
        if self.plans:
            names = ", ".join(plan.name for plan in self.plans)
            parts.append(f"plan{'s' if len(self.plans) > 1 else ''} {names}")
        bound = self.bound
        said = "" if bound is None else f"; bound {bound.words}"
        if bound is not None and all(hit.storage for hit in (*falls, *may)):
            said += ", and their storage stays"
        return f"{self.title} fails → {', '.join(parts)}{said}"


WORDS = {
    "lpar": ("LPAR", "LPARs"),
    "pgroup": ("protection group", "protection groups"),
    "pod": ("pod", "pods"),
    "rcg": ("RCG", "RCGs"),
    "vm": ("VM", "VMs"),
}


def counted(hits: Sequence[Hit]) -> str:
    """``3 LPARs, 1 RCG``; empty for none."""
    counts = Counter(hit.node[0] for hit in hits)
    return ", ".join(f"{counts[kind]} {words[counts[kind] > 1]}" for kind, words in WORDS.items() if counts[kind])
