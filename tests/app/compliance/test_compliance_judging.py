"""Gaps and requirements, out of what was drilled and written down."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from app.compliance.judging import judged
from app.compliance.words import lines
from store import plan_runs
from store.compliance import Compliance
from store.journal import Verdict
from store.lessons import Lesson
from store.plan_records import PlanState
from store.plan_view import ApplicationShown, PlanShown
from store.run_clocks import REACHED
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
WHOLE = Verdict(12, "ab" * 32)
ERP = PlanShown(
    "erp", "/plans/erp.toml", PlanState.VERIFIED, "paris", "lyon", "2 LPARs",
    (ApplicationShown("erp", "g", (), (), rto_s=600.0, rpo_s=300.0),),
)  # fmt: skip
LESSON = Lesson(7, "r1", "Write the number of the bank down", "ana", date(2026, 2, 20), "ben@jump", NOW)


def drill(days_ago: float, seconds: float, state: RunState = RunState.SUCCEEDED) -> Run:
    began = NOW - timedelta(days=days_ago)
    step = PlannedStep("p1", REACHED, "{}", "erp is up at lyon", "here", "")
    plan = Plan(plan_runs.verb("drill"), "drill erp", (plan_runs.target("erp"),), began, (step,))
    ended = began + timedelta(seconds=seconds)
    record = StepRecord("p1", StepState.DONE, ended_at=ended)
    return Run(f"r{days_ago}", plan, state, "ana", began, (record,), began, ended)


def look(*runs: Run, plans: tuple[PlanShown, ...] = (ERP,), **more: object) -> Compliance:
    known: dict[str, object] = {"four_eyes": True, "now": NOW, "days": 90, "lessons": (), "journal": WHOLE, **more}
    lessons, journal = known.pop("lessons"), known.pop("journal")
    return judged(plans, runs, lessons, journal, **known)  # type: ignore[arg-type]


def why(found: Compliance) -> str:
    return "\n".join(f"{gap.about}: {gap.why}" for gap in found.gaps)


def cleaned(run: Run) -> Run:
    """The clean-up of a drill."""
    plan = replace(run.plan, verb=plan_runs.CLEANUP, name=f"{plan_runs.CLEANUP} after {run.id}", steps=())
    return replace(run, id=f"{run.id}c", plan=plan, steps=())


def test_a_fresh_drill_within_its_targets_leaves_no_gap() -> None:
    run = drill(10, 400)
    found = look(run, cleaned(run))
    assert "drill" not in why(found).replace("its drill is not cleaned up", "")
    assert found.drills[0].reached == (("erp", 400.0, 600.0),)
    assert {each.source for each in found.asked if each.held is False} == set()


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((), "erp: no drill of it ever passed"),
        ((drill(10, 400, RunState.FAILED),), "erp: no drill of it ever passed"),
        ((drill(100, 400),), "erp: its last drill passed 99 days ago, of 90"),
        ((drill(10, 700),), "erp: erp took 700 s of 600 s in its last drill"),
    ],
)
def test_what_is_lacking_of_drills_is_a_gap_with_what_to_do(runs: tuple[Run, ...], said: str) -> None:
    found = look(*runs)
    assert said in why(found)
    assert all(gap.next for gap in found.gaps)


def test_a_plan_that_is_not_verified_or_has_no_targets_is_a_gap() -> None:
    changed = replace(ERP, state=PlanState.CHANGED, applications=(replace(ERP.applications[0], rpo_s=None),))
    assert "erp: it is changed since verified" in why(look(plans=(changed,)))
    assert "erp: no RTO or RPO is set for erp" in why(look(plans=(changed,)))
    broken = PlanShown("new", "/plans/new.toml", PlanState.UNUSABLE, errors=("new.toml:3: wave: expected waves",))
    assert "new: its file cannot be used" in why(look(plans=(broken,)))
    assert "recovery plans: there is none" in why(look(plans=()))


def test_a_late_lesson_a_broken_journal_and_one_pair_of_eyes_are_gaps() -> None:
    found = look(drill(10, 400), lessons=(LESSON,), journal=Verdict(4, "", 5, "it does not follow"), four_eyes=False)
    assert "lesson 7: 9 days late, ana's: Write the number of the bank down" in why(found)
    assert "journal: broken at entry 5" in why(found)
    assert "approvals: no kind of run needs a second person" in why(found)
    shown = {each.source: each.held for each in found.asked}
    assert shown["ISO 22301 8.5 e), f)"] is False
    assert shown["DORA 11(8)"] is False


def test_a_lesson_that_was_seen_to_is_neither_late_nor_open() -> None:
    done = replace(LESSON, done_by="ana", done_at=NOW, done="It hangs beside the console")
    found = look(drill(10, 400), lessons=(done,))
    assert found.lessons == ()
    assert "lesson" not in why(found)


def test_the_lines_say_all_of_it() -> None:
    text = "\n".join(lines(look(drill(10, 700), lessons=(LESSON,))))
    assert "erp 11 min 40 s of 10 min" in text
    assert "7 of r1: Write the number of the bank down (ana, due 2026-02-20, LATE)" in text
    assert "DORA 12(6)" in text and "0 of 1 applications within their RTO" in text
