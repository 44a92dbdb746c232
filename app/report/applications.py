"""What a run of a recovery plan came to for each application: the same as the board shows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from app.report.records import ApplicationTold, Deviation
from store.outcomes import Outcome, outcomes
from store.run_clocks import Clock
from store.runs import Plan, Run


def applications(run: Run, deviations: Sequence[Deviation]) -> tuple[ApplicationTold, ...]:
    """In the order in which they come back; none of a run that is not one of a recovery plan."""
    counts = Counter(each.application for each in deviations)
    return tuple(_told(each, counts[each.application.name]) for each in outcomes(run))


def _told(each: Outcome, deviations: int) -> ApplicationTold:
    application = each.application
    return ApplicationTold(
        name=application.name,
        group=application.group,
        members=tuple(f"{member.kind}: {member.name}" for member in application.members),
        rto_s=application.rto_s,
        ready_s=reached(each.ready),
        up_s=reached(each.up),
        up_at=each.up.at,
        rto_kept=each.rto_kept,
        p50_s=application.p50_s,
        p95_s=application.p95_s,
        rpo_s=application.rpo_s,
        lost_s=each.lost_s,
        lost_words=each.lost_words,
        rpo_kept=each.rpo_kept,
        deviations=deviations,
    )


def reached(clock: Clock) -> float | None:
    """After how many seconds a clock stopped; None: it was not reached."""
    return None if clock.at is None else clock.seconds


def with_applications(plan: Plan, deviations: Sequence[Deviation]) -> tuple[Deviation, ...]:
    """The same, each with the application that its step belongs to."""
    if plan.recovery is None:
        return tuple(deviations)
    owner = {step: each.name for each in plan.recovery.applications for step in each.steps}
    return tuple(replace(each, application=owner.get(each.step or "")) for each in deviations)
