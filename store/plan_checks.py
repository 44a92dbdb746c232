"""How recovery plans stood when they were last checked: one record for each, which stays until the next check.

Every call opens the file for itself: plans are checked by people, now and then. All raise
:class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from store import sqlite
from store.errors import explain
from store.readiness import Check, Severity, Verdict
from store.recorded import from_text, to_text
from store.times import to_text as stamp


class PlanState(StrEnum):
    """How a plan stands. ``CHANGED``: it was verified, and its file or something that it rests on is not as it was."""

    VERIFIED = "verified"
    CHANGED = "changed since verified"
    FAILED = "not verified"
    UNCHECKED = "not checked"
    UNUSABLE = "cannot be used"


@dataclass(frozen=True, slots=True)
class Expected:
    """What one application would come to, in seconds: ``rpo_s`` is how old its newest copy is now, ``p50_s`` and
    ``p95_s`` when it should be up in a disaster; targets as the file sets them. None: not known, or none is set."""

    application: str
    rpo_s: float | None
    rpo_target_s: float | None
    p50_s: float | None
    p95_s: float | None
    rto_target_s: float | None


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """``digest`` is that of the file, ``facts`` those of what each member rests on; ``at`` is UTC."""

    plan: str
    digest: str
    facts: tuple[tuple[str, str], ...]
    at: datetime
    by: str
    checks: tuple[Check, ...]
    applications: tuple[Expected, ...]

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


def keep(path: Path, check: PlanCheck) -> None:
    """Keep a check in place of the one before it."""
    sql = (
        "INSERT INTO plan_check (plan, at, facts) VALUES (?, ?, ?) ON CONFLICT (plan) "
        "DO UPDATE SET at = excluded.at, facts = excluded.facts"
    )
    try:
        with closing(sqlite.open_file(path)) as connection, sqlite.transaction(connection):
            connection.exec_driver_sql(sql, (check.plan, stamp(check.at), to_text(check)))
    except Exception as error:
        raise explain(error, path) from error


def kept(path: Path) -> dict[str, PlanCheck]:
    """The last check of each plan, by its name."""
    try:
        with closing(sqlite.open_file(path)) as connection:
            rows = connection.exec_driver_sql("SELECT facts FROM plan_check ORDER BY plan").fetchall()
    except Exception as error:
        raise explain(error, path) from error
    found = [from_text(PlanCheck, row[0]) for row in rows]
    return {check.plan: check for check in found}
