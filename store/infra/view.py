"""The infrastructure as the screens show it, in memory: what is stored, what it is linked to, and radii as counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.infra.blast import Planned
    from store.infra.book import Kept
    from store.infra.falling import Node
    from store.infra.linking import Linked
    from store.infra.radius import Radius
    from store.infra.records import Item, Ref
    from store.infra.rules import Conflict
    from store.view import EstateView


class InfraView:
    """``kept`` None: it was not read yet. ``radii`` by what was asked for; of what cannot be struck the reason;
    ``counting`` are those that a thread counts just now."""

    def __init__(self) -> None:
        self.version = 0
        self.kept: Kept | None = None
        self.plans: tuple[Planned, ...] = ()
        self.radii: dict[Node, Radius | str] = {}
        self.counting: set[Node] = set()
        self._conflicts: tuple[Conflict, ...] = ()
        self._linked: tuple[tuple[object, ...], Linked] | None = None

    def take(self, kept: Kept, plans: Sequence[Planned], conflicts: Sequence[Conflict]) -> None:
        """Take over what the store holds, and the plans of the directory."""
        self.kept, self.plans, self._conflicts = kept, tuple(plans), tuple(conflicts)
        self._linked = None
        self.version += 1

    def counted(self, node: Node, radius: Radius | str) -> None:
        """Keep a radius, or why there is none."""
        self.radii[node] = radius
        self.version += 1

    @property
    def items(self) -> dict[Ref, Item]:
        return self.kept.items if self.kept is not None else {}

    def linked(self, view: EstateView) -> Linked:
        """Which system is which discovered object, as the view has them now."""
        from store.infra.linking import KINDS, discovered, linked

        stamp = (self.version, *(view.facts_version(kind) for kind in KINDS), *(d.site for d in view.devices()))
        if self._linked is None or self._linked[0] != stamp:
            self._linked = stamp, linked(self.items.values(), discovered(view))
        return self._linked[1]

    def conflicts(self, view: EstateView) -> tuple[Conflict, ...]:
        """What cannot be so, among what is stored and against what was discovered."""
        return (*self._conflicts, *self.linked(view).conflicts)

    def imported(self, *refs: Ref) -> datetime | None:
        """When the oldest of the sources of these, or of all, was imported last (UTC); None: there is none."""
        if self.kept is None:
            return None
        names = {self.kept.source_of[ref] for ref in refs if ref in self.kept.source_of} if refs else self.kept.sources
        return min((self.kept.sources[name].at for name in names), default=None)
