"""What automatic failover needs of the replication of machines: facts about the replicas, and the plan that a person
would run. It decides; how machines are failed over is not its business."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from app.auto_records import AutoGroup
from app.recovery.auto.rules import Finding, Replicas
from store.auto_records import Arming
from store.readiness import Check
from store.runs import Plan


class NoPlanError(Exception):
    """The plan cannot be drawn up, or is refused. The text says why."""


class Result(StrEnum):
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "not known"


class Outcome(Struct, frozen=True):
    """What came of a run, in words."""

    result: Result
    words: str


class Drawn(Struct, frozen=True):
    """A plan and the id of the run that it was drawn up for: what it makes carries that."""

    run_id: str
    plan: Plan


class Drill(Struct, frozen=True):
    """The newest drill of a group that passed, and the digest of the plan that it rehearsed."""

    at: datetime
    digest: str


class Powers(Struct, frozen=True):
    """Which machines run, as last seen: None where it is not known."""

    source: bool | None
    replica: bool | None


class Recovery(Protocol):
    """The replication of the groups, and their failover. Everything but ``fence`` and ``run`` only looks."""

    def replicas(self, group: AutoGroup) -> Replicas | None:
        """As the DR site shows them now; None where it could not be read."""

    def targets(self, group: AutoGroup) -> tuple[str, ...]:
        """The keys under which a run that acts on its machines holds a lease. Asks nobody."""

    def powers(self, group: AutoGroup) -> Powers:
        """Whether any machine, and any replica, runs now."""

    def checks(self, group: AutoGroup) -> tuple[Check, ...]:
        """The readiness checks of the group, its RPO among them, on a look at both sites."""

    def drill(self, group: AutoGroup) -> Drill | None:
        """The newest one that passed."""

    def digest(self, group: AutoGroup) -> str | None:
        """What the plan would do now, apart from its times: another digest is another plan. None: there is none. The
        source being unreachable must not change it."""

    def fence(self, group: AutoGroup) -> Finding:
        """Stop the old side where it can be reached, and say whether that is proven; unknown where it is silent, fails
        where it answers and was not stopped. Called once all is decided."""

    def plan_disaster(self, group: AutoGroup) -> Drawn:
        """The plan of a disaster, without asking the source. Raises :class:`NoPlanError`."""

    def propose(self, drawn: Drawn) -> str:
        """Keep the plan as a run that waits for a person. The id of the run."""

    def run(self, group: AutoGroup, drawn: Drawn, armed: Arming | None, began: Callable[[str], None]) -> Outcome:
        """Run it, on the word of those who ``armed`` the group, which the journal keeps; ``began`` is told the id of
        the run first. Whatever is not known stops it."""
