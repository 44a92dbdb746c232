"""Recovery plans as the screens show them: what stands in the files, and how each stood when it was last checked."""

from __future__ import annotations

from datetime import datetime

from store.plan_records import PlanCheck, PlanState
from store.record import Record


class ApplicationShown(Record, frozen=True):
    """``members`` are those of each kind, in words: ``("LPARs", "erp_db1, erp_app1")``; ``steps`` those of the file,
    each with when it is done. Targets in seconds, None: none is set."""

    name: str
    group: str
    after: tuple[str, ...]
    members: tuple[tuple[str, str], ...]
    inside: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    rto_s: float | None = None
    rpo_s: float | None = None


class PlanShown(Record, frozen=True):
    """One file, its applications in the order in which they come back. ``changed``: what is not as it was when it was
    verified; ``errors`` are those of a file that cannot be used, each with its line. ``counts`` says how many members
    there are of each kind."""

    name: str
    path: str
    state: PlanState
    source: str = ""
    target: str = ""
    counts: str = ""
    applications: tuple[ApplicationShown, ...] = ()
    changed: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    check: PlanCheck | None = None


class PlanView:
    """``read_at`` is when the files were read (UTC), None: not yet."""

    def __init__(self) -> None:
        self.version = 0
        self.read_at: datetime | None = None
        self.folder = ""
        self._plans: tuple[PlanShown, ...] = ()

    def take(self, plans: tuple[PlanShown, ...], folder: str, at: datetime) -> None:
        """Take over the files as they were read."""
        self._plans, self.folder, self.read_at = plans, folder, at
        self.version += 1

    @property
    def plans(self) -> tuple[PlanShown, ...]:
        """All of them, by name."""
        return self._plans

    def get(self, name: str) -> PlanShown | None:
        return next((plan for plan in self._plans if plan.name == name), None)
