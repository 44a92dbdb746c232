"""How a recovery plan stands, and what its last check found: plain records, in the words of the screens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from store.readiness import Check, Severity, Verdict
from store.record import Record


class PlanState(StrEnum):
    """How a plan stands. ``CHANGED``: it was verified, and its file or something that it rests on is not as it was."""

    VERIFIED = "verified"
    CHANGED = "changed since verified"
    FAILED = "not verified"
    UNCHECKED = "not checked"
    UNUSABLE = "cannot be used"


class Expected(Record, frozen=True):
    """What one application would come to, in seconds: ``rpo_s`` is how old its newest copy is now, ``p50_s`` and
    ``p95_s`` when it should be up in a disaster; targets as the file sets them. None: not known, or none is set."""

    application: str
    rpo_s: float | None
    rpo_target_s: float | None
    p50_s: float | None
    p95_s: float | None
    rto_target_s: float | None


class Foreseen(Record, frozen=True):
    """When an application should be up in a run of a ``kind``, in seconds from its beginning; without a name, when the
    whole run should be over."""

    kind: str
    application: str
    p50_s: float
    p95_s: float


class PlanCheck(Record, frozen=True):
    """``digest`` is that of the file, ``facts`` those of what each member rests on; ``at`` is UTC. ``foreseen``: of
    each kind of run that could be drawn up."""

    plan: str
    digest: str
    facts: tuple[tuple[str, str], ...]
    at: datetime
    by: str
    checks: tuple[Check, ...]
    applications: tuple[Expected, ...]
    foreseen: tuple[Foreseen, ...] = ()

    def of(self, application: str = "") -> tuple[Foreseen, ...]:
        """What is foreseen for an application, or for the whole, by kind of run."""
        return tuple(each for each in self.foreseen if each.application == application)

    @property
    def stops(self) -> tuple[Check, ...]:
        """What does not hold or is not known, and stops it from being verified."""
        return tuple(c for c in self.checks if c.verdict is not Verdict.HOLDS and c.severity is not Severity.WARN)

    @property
    def unknown(self) -> bool:
        """Whether all that stops it is that something is not known."""
        return bool(self.stops) and all(check.verdict is Verdict.UNKNOWN for check in self.stops)


def state(check: PlanCheck | None, digest: str, facts: Mapping[str, str]) -> tuple[PlanState, tuple[str, ...]]:
    """How a plan stands whose file has this ``digest`` now, and what it rests on these ``facts``; and what changed."""
    if check is None:
        return PlanState.UNCHECKED, ()
    if check.stops:
        return PlanState.FAILED, ()
    before = dict(check.facts)
    changed = ["its file"] if digest != check.digest else []
    changed += sorted(name for name in before.keys() | facts.keys() if before.get(name) != facts.get(name))
    return (PlanState.CHANGED if changed else PlanState.VERIFIED), tuple(changed)
