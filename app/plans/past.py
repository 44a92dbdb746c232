"""What the runs of a recovery plan say of it, in words for the command line and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.output import stamp
from app.plans import order
from app.plans.records import RecoveryPlan
from app.runs_words import span
from store.drills import order as clean_up
from store.plan_history import Measured, PlanHistory

SHOWN = 5
"""So many measures of an application are told, the newest."""


def lines(plan: RecoveryPlan, known: PlanHistory) -> list[str]:
    """How its drills stand, where it serves, and what each application took; nothing where it never ran."""
    found = []
    if known.away is not None:
        home = f"replicated to {plan.source}" if known.back is not None else f"not replicated to {plan.source} yet"
        found.append(f"Serves at {plan.target} since {_ago(known.away.ended_at)} (run {known.away.id}), {home}")
    if known.owed is not None:
        since = _ago(known.owed.ended_at or known.owed.created_at)
        found.append(f"Owed: the clean-up of the drill {known.owed.id}, since {since}: drdeck {clean_up(known.owed)}")
    drilled = "never" if known.drilled is None else f"{_ago(known.drilled.ended_at)} (run {known.drilled.id})"
    found.append(f"Last passed drill: {drilled}")
    for application in order.applications(plan):
        measured = known.measured.get(application.name, ())
        if measured:
            of = "" if application.rto_s is None else f" (RTO {span(application.rto_s)})"
            found.append(f"  {application.name} was up after{of}: {', '.join(map(_measure, measured[-SHOWN:]))}")
    return ["", *found]


def drilled(known: PlanHistory) -> str:
    """When a drill last passed, or that its clean-up is owed, in a few words."""
    if known.owed is not None:
        return f"clean-up owed since {_ago(known.owed.ended_at or known.owed.created_at)}"
    return "never" if known.drilled is None else _ago(known.drilled.ended_at)


def _measure(one: Measured) -> str:
    return f"{span(one.seconds)} ({one.word}, {_ago(one.at)})"


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "a moment that is not known"
    return f"{stamp(moment)}, {span(max(0.0, (datetime.now(UTC) - moment).total_seconds()))} ago"


def as_json(known: PlanHistory) -> dict[str, Any]:
    """The same; times UTC, seconds since the run was declared."""
    drilled = known.drilled
    return {
        "last_passed_drill": None if drilled is None else {"run": drilled.id, "ended_at": stamp(drilled.ended_at)},
        "clean_up_owed": None if known.owed is None else known.owed.id,
        "failed_over_by": None if known.away is None else known.away.id,
        "reprotected_by": None if known.back is None else known.back.id,
        "measured": {
            name: [{"run": m.run, "kind": m.word, "at": stamp(m.at), "up_s": m.seconds} for m in each]
            for name, each in known.measured.items()
        },
    }
