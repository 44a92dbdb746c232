"""What must hold before a group is armed, each with its evidence and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from app.recovery.auto.arming import Prepared, arm_checks, may_arm, still
from app.recovery.auto.port import Drill
from app.recovery.auto.rules import Finding
from store.auto_records import Answer, Arming, Judgement, Part, Says, ShadowDecision, Standing, Tally
from store.readiness import Check, Severity, Verdict

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def days(count: float) -> datetime:
    return NOW - timedelta(days=count)


GOOD = Prepared(
    drill=Drill(days(89.9), "plan"),
    digest="plan",
    checks=(
        Check("vm.complete", Severity.HARD, Verdict.HOLDS, "complete"),
        Check("vm.rpo", Severity.BLOCK, Verdict.HOLDS, "in time"),
        Check("vm.tools", Severity.WARN, Verdict.FAILS, "old tools"),
    ),
    standing=Standing("g", watched_since=days(14), at=NOW - timedelta(minutes=1)),
    shadows=(),
    window=Finding(Verdict.HOLDS, "no maintenance window is open", NOW),
    bound_s=900.0,
    loss_s=600.0,
    arming=None,
)


def verdicts(seen: Prepared) -> dict[str, Verdict]:
    return {check.id: check.verdict for check in arm_checks(seen, NOW) if check.verdict is not Verdict.HOLDS}


def fired(number: int, at: datetime, judgement: Judgement | None) -> ShadowDecision:
    return ShadowDecision(f"g-{number}", "g", at, at, True, (), judgement=judgement)


def test_all_conditions_of_the_procedures_are_checked_in_their_order() -> None:
    ids = [check.id for check in arm_checks(GOOD, NOW)]
    wanted = ("drill", "verified", "rpo", "ready", "shadow", "window", "bound", "armed")
    assert ids == [f"auto.{name}" for name in wanted]


def test_where_all_hold_only_the_two_people_are_lacking() -> None:
    assert verdicts(GOOD) == {"auto.armed": Verdict.FAILS}
    assert may_arm(arm_checks(GOOD, NOW)) == ()


MAC = Check("vm.mac-live", Severity.HARD, Verdict.FAILS, "the MAC is live twice")
RAN = Standing("g", watched_since=days(14), at=NOW)


@pytest.mark.parametrize(
    ("change", "id", "verdict"),
    [
        ({"drill": Drill(days(90), "plan")}, "auto.drill", Verdict.FAILS),
        ({"drill": Drill(NOW + timedelta(days=1), "plan")}, "auto.drill", Verdict.FAILS),
        ({"digest": "another"}, "auto.verified", Verdict.FAILS),
        ({"digest": None}, "auto.verified", Verdict.UNKNOWN),
        ({"checks": GOOD.checks[:1]}, "auto.rpo", Verdict.UNKNOWN),
        ({"checks": (*GOOD.checks, MAC)}, "auto.ready", Verdict.FAILS),
        ({"checks": (*GOOD.checks, replace(MAC, verdict=Verdict.UNKNOWN))}, "auto.ready", Verdict.UNKNOWN),
        ({"standing": None}, "auto.shadow", Verdict.FAILS),
        ({"standing": replace(RAN, watched_since=days(13.9))}, "auto.shadow", Verdict.FAILS),
        ({"standing": replace(RAN, at=NOW - timedelta(minutes=6))}, "auto.shadow", Verdict.FAILS),
        ({"standing": replace(RAN, tallies=(Tally(Part.API, 1, NOW, Answer(Part.API, Says.DOWN, "", NOW)),))},
         "auto.shadow", Verdict.FAILS),
        ({"shadows": (fired(1, days(40), None),)}, "auto.shadow", Verdict.FAILS),
        ({"shadows": (fired(1, days(13), Judgement.WRONG),)}, "auto.shadow", Verdict.FAILS),
        ({"window": Finding(Verdict.FAILS, "power works", NOW)}, "auto.window", Verdict.FAILS),
        ({"bound_s": None}, "auto.bound", Verdict.FAILS),
        ({"bound_s": 599.0}, "auto.bound", Verdict.FAILS),
        ({"loss_s": None}, "auto.bound", Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_each_that_does_not_hold_refuses_and_says_what_to_do(
    change: dict[str, object], id: str, verdict: Verdict
) -> None:
    seen = replace(GOOD, **change)  # type: ignore[arg-type]
    assert verdicts(seen) == {id: verdict, "auto.armed": Verdict.FAILS}
    (against,) = may_arm(arm_checks(seen, NOW))
    assert against.evidence
    assert against.fix or id == "auto.ready"


def test_decisions_that_were_judged_right_and_old_wrong_ones_stop_nothing() -> None:
    seen = replace(GOOD, shadows=(fired(2, days(3), Judgement.RIGHT), fired(1, days(14), Judgement.WRONG)))
    assert may_arm(arm_checks(seen, NOW)) == ()


def test_one_person_is_not_enough_and_an_arming_ends() -> None:
    asked = Arming(1, "g", 900.0, "anna", days(31))
    armed = replace(asked, approved_by="bert", approved_at=days(30), until=NOW + timedelta(seconds=1))
    for arming, verdict in ((asked, Verdict.FAILS), (armed, Verdict.HOLDS), (replace(armed, until=NOW), Verdict.FAILS)):
        found = {check.id: check.verdict for check in arm_checks(replace(GOOD, arming=arming), NOW)}
        assert found["auto.armed"] is verdict


def test_drill_and_plan_must_still_hold_when_a_failover_begins() -> None:
    assert [c.verdict for c in still(GOOD.drill, "plan", NOW)] == [Verdict.HOLDS] * 2
    assert [c.verdict for c in still(GOOD.drill, "another", NOW)] == [Verdict.HOLDS, Verdict.FAILS]
    assert [c.verdict for c in still(None, None, NOW)] == [Verdict.FAILS, Verdict.UNKNOWN]
