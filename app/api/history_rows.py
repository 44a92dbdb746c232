"""Rows of what people and runs did: plans with their checks, runs, maintenance windows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.api.listing import Listing, Row
from app.api.rows import CheckRow, PlanRow, RunRow, WindowRow
from app.runs_words import run_as_json
from store.auto_records import Window
from store.drills import owing
from store.plan_records import PlanCheck
from store.plan_view import PlanShown
from store.recorded import to_text
from store.run_clocks import Clock, clocks
from store.runs import SETTLED, Run


def plans(shown: Iterable[PlanShown]) -> Listing:
    rows = []
    for plan in shown:
        check = plan.check
        row = PlanRow(
            id=plan.name,
            state=plan.state,
            source=plan.source,
            target=plan.target,
            members=plan.counts,
            changed=plan.changed,
            errors=plan.errors,
            checked_at=None if check is None else check.at,
            checked_by=None if check is None else check.by,
            applications=() if check is None else check.applications,
        )
        says = {"state": row.state, "source": row.source, "target": row.target}
        rows.append(Row(row.id, says, to_text(row).encode()))
    return Listing(rows)


def checks(kept: Iterable[PlanCheck]) -> Listing:
    return Listing(row for each in kept for row in _checks_of(each))


def _checks_of(kept: PlanCheck) -> Iterable[Row]:
    subject = f"plan:{kept.plan}"
    for number, check in enumerate(kept.checks, 1):
        row = CheckRow(
            id=f"{subject}/{number:04}",
            subject=subject,
            check=check.id,
            severity=check.severity,
            verdict=check.verdict,
            words=check.words,
            evidence=check.evidence,
            fix=check.fix,
            source=check.source,
            seen_at=check.seen_at,
            checked_at=kept.at,
        )
        says = {"subject": subject, "check": row.check, "severity": row.severity, "verdict": row.verdict}
        yield Row(row.id, says, to_text(row).encode())


def runs(found: Sequence[Run]) -> Listing:
    """All runs in short, the ids of those of one year in the order in which they were proposed."""
    owed = owing(found)
    rows = []
    for run in found:
        row = _run(run, owed=run.id in owed)
        says = {"verb": row.verb, "state": row.state, "target": row.targets[0] if len(row.targets) == 1 else ""}
        rows.append(Row(row.id, says, to_text(row).encode()))
    return Listing(rows)


def _run(run: Run, *, owed: bool) -> RunRow:
    told = clocks(run)
    return RunRow(
        id=run.id,
        verb=run.plan.verb,
        name=run.plan.name,
        targets=run.plan.targets,
        state=run.state,
        note=run.note,
        destructive=run.plan.destructive,
        loss_s=run.plan.loss_s,
        by=run.by,
        holder=run.holder,
        created_at=run.created_at,
        began_at=run.began_at,
        ended_at=run.ended_at,
        steps=len(run.steps),
        steps_settled=sum(step.state in SETTLED for step in run.steps),
        ready_to_activate_s=None if told is None else _reached(told.ready),
        application_up_s=None if told is None else _reached(told.up),
        awaits_approval=run.awaited is not None,
        break_glass=run.glass is not None,
        cleanup_owed=owed,
    )


def _reached(clock: Clock) -> float | None:
    return clock.seconds if clock.at is not None else None


def whole_run(run: Run) -> bytes:
    """A run with its plan and steps, as ``drdeck runs show --json`` prints it."""
    from msgspec.json import encode

    return encode(run_as_json(run))


def windows(found: Iterable[Window], now: datetime) -> Listing:
    rows = []
    for window in found:
        row = WindowRow(
            id=f"{window.id:08}",
            site=window.site,
            target=window.target,
            begins=window.begins,
            ends=window.ends,
            reason=window.reason,
            by=window.by,
            open=window.ended_at is None and window.begins <= now < window.ends,
            ended_at=window.ended_at,
            ended_by=window.ended_by,
        )
        says = {"site": row.site, "open": str(row.open).lower()}
        rows.append(Row(row.id, says, to_text(row).encode()))
    return Listing(rows)
