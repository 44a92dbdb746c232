"""Gaps, and what there is to show for each requirement, out of plans, runs, lessons and the journal. Pure.

DORA: Regulation (EU) 2022/2554, articles 11 and 12. ISO 22301:2019, 8.5. NIS2: Directive (EU) 2022/2555, article 21(2).
It says what the records show; whether a requirement is met is for others to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from store.compliance import Asked, Compliance, Drilled, Gap
from store.drills import order, owing
from store.journal import Verdict
from store.lessons import Lesson
from store.plan_history import history
from store.plan_records import PlanState
from store.plan_view import PlanShown
from store.runs import ENDED, Run


def judged(
    plans: Sequence[PlanShown],
    runs: Sequence[Run],
    lessons: Sequence[Lesson],
    journal: Verdict,
    *,
    four_eyes: bool,
    now: datetime,
    days: int,
) -> Compliance:
    """``journal`` is what following its chain found; ``four_eyes``: some kinds of run need a second person. A drill
    counts for ``days``."""
    drills = tuple(_drilled(plan, runs) for plan in plans)
    gaps = (
        *_of_plans(plans, drills, now, days),
        *(Gap(run.id, "its drill is not cleaned up", f"drdeck {order(run)}") for run in owing(runs).values()),
        *_of_lessons(lessons, now),
        *_of_journal(journal, four_eyes),
    )
    open_lessons = tuple(sorted((each for each in lessons if each.done_by is None), key=lambda each: each.due))
    asked = tuple(_asked(plans, drills, runs, lessons, journal, now, days))
    return Compliance(now, days, drills, gaps, open_lessons, asked)


def _drilled(plan: PlanShown, runs: Iterable[Run]) -> Drilled:
    known = history(runs, plan.name)
    if known.drilled is None:
        return Drilled(plan.name, plan.state, None, None)
    targets = {each.name: each.rto_s for each in plan.applications}
    reached = [
        (name, each.seconds, targets.get(name))
        for name, measured in known.measured.items()
        for each in measured
        if each.run == known.drilled.id
    ]
    return Drilled(plan.name, plan.state, known.drilled.id, known.drilled.ended_at, tuple(reached))


def _fresh(drill: Drilled, now: datetime, days: int) -> bool:
    return drill.at is not None and now - drill.at <= timedelta(days=days)


def _of_plans(plans: Sequence[PlanShown], drills: Sequence[Drilled], now: datetime, days: int) -> Iterable[Gap]:
    if not plans:
        yield Gap("recovery plans", "there is none", "drdeck plan new NAME drafts one of what is discovered")
    for plan, drill in zip(plans, drills, strict=True):
        if plan.state is PlanState.UNUSABLE:
            yield Gap(plan.name, "its file cannot be used", "; ".join(plan.errors))
            continue
        if plan.state is not PlanState.VERIFIED:
            yield Gap(plan.name, f"it is {plan.state}", f"drdeck plan check {plan.name}")
        if drill.at is None:
            yield Gap(plan.name, "no drill of it ever passed", f"drdeck plan run {plan.name} --kind drill")
        elif not _fresh(drill, now, days):
            age = f"its last drill passed {(now - drill.at).days} days ago, of {days}"
            yield Gap(plan.name, age, f"drdeck plan run {plan.name} --kind drill")
        for name, seconds, target in drill.reached:
            if target is not None and seconds > target:
                yield Gap(
                    plan.name, f"{name} took {seconds:.0f} s of {target:.0f} s in its last drill", "see its board"
                )
        lacking = [each.name for each in plan.applications if each.rto_s is None or each.rpo_s is None]
        if lacking:
            yield Gap(plan.name, f"no RTO or RPO is set for {', '.join(lacking)}", f"rto and rpo in {plan.path}")


def _of_lessons(lessons: Iterable[Lesson], now: datetime) -> Iterable[Gap]:
    for each in lessons:
        if each.late(now.date()):
            days = (now.date() - each.due).days
            word = "day" if days == 1 else "days"
            yield Gap(
                f"lesson {each.number}", f"{days} {word} late, {each.owner}'s: {each.text}",
                f"drdeck compliance close {each.number} WHAT WAS DONE",
            )  # fmt: skip


def _of_journal(journal: Verdict, four_eyes: bool) -> Iterable[Gap]:
    if journal.broken is not None:
        yield Gap("journal", f"broken at entry {journal.broken}: {journal.why}", "drdeck audit verify")
    if not four_eyes:
        yield Gap("approvals", "no kind of run needs a second person", "four_eyes in [access] of the configuration")


def _asked(
    plans: Sequence[PlanShown],
    drills: Sequence[Drilled],
    runs: Sequence[Run],
    lessons: Sequence[Lesson],
    journal: Verdict,
    now: datetime,
    days: int,
) -> Iterable[Asked]:
    usable = [plan for plan in plans if plan.state is not PlanState.UNUSABLE]
    fresh = sum(_fresh(drill, now, days) for drill in drills)
    tested = f"{fresh} of {len(plans)} plans drilled in the last {days} days"
    timed = [each for drill in drills for each in drill.reached]
    kept = sum(target is not None and seconds <= target for _, seconds, target in timed)
    measured = f"{kept} of {len(timed)} applications within their RTO in the last drills"
    ended = sum(run.state in ENDED for run in runs)
    closed = sum(each.done_by is not None for each in lessons)
    learnt = f"{len(lessons)} lessons, {closed} of them done"
    late = any(each.late(now.date()) for each in lessons)
    whole = journal.broken is None
    chain = f"{journal.entries} entries, the chain is {'whole' if whole else 'BROKEN'}"
    every = bool(plans) and fresh == len(plans)
    in_time = bool(timed) and kept == len(timed)
    yield Asked("DORA 11(3)", "response and recovery plans that can be audited", f"{len(usable)} plans", bool(usable))
    yield Asked("DORA 11(6)", "plans tested once a year at least, and after changes", tested, every)
    yield Asked("DORA 11(8)", "records of what was done during disruptions", f"{ended} runs ended; {chain}", whole)
    yield Asked("DORA 12(2)", "procedures of recovery tested from time to time", tested, every)
    yield Asked("DORA 12(6)", "recovery time objectives, and what was reached", measured, in_time)
    yield Asked("ISO 22301 8.5 d)", "strategies validated over time by exercises", tested, every)
    yield Asked("ISO 22301 8.5 e), f)", "recommendations and actions, and that they are seen to", learnt, not late)
    yield Asked("NIS2 21(2)(c)", "business continuity and disaster recovery", f"{len(usable)} plans; {tested}", None)
    yield Asked("NIS2 21(2)(f)", "effectiveness of the measures assessed", measured, None)
