"""A run on a virtual clock, and what is predicted from it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.plans.records import Kind, RecoveryPlan
from app.recovery import prediction, schedule
from app.recovery.timeline import Course, Lasts
from store.runs import Plan, PlannedStep, Turns
from tests.app.recovery.plan.woven import plans, woven


def plan_of(*steps: PlannedStep) -> Plan:
    return Plan("failover", "p", ("t",), datetime(2026, 1, 1, tzinfo=UTC), tuple(steps))


def step(step_id: str, *needs: str, kind: str = "vm.start", device: str = "vc", call: str = "call") -> PlannedStep:
    return PlannedStep(step_id, kind, "{}", step_id, device, call, needs)


def test_a_device_takes_so_many_at_a_time_and_first_what_the_longest_way_is_behind() -> None:
    course = Course(plan_of(step("a"), step("b"), step("c"), step("d", "c", call="")))
    lasts = {"a": Lasts(2, 1), "b": Lasts(2, 1), "c": Lasts(2, 1), "d": Lasts(0, 50)}
    assert course.ends(lasts, {"vc": 1}) == {"c": 3, "a": 5, "b": 7, "d": 53}
    assert course.ends(lasts, {"vc": 2}) == {"c": 3, "a": 3, "b": 5, "d": 53}
    assert course.ends(lasts, {}) == {"c": 3, "a": 3, "b": 3, "d": 53}


def test_parts_take_turns_and_the_next_one_begins_when_any_is_through() -> None:
    steps = tuple(step(f"{part}{n}", *([f"{part}{n - 1}"] if n else [])) for part in "abc" for n in range(2))
    plan = replace(plan_of(*steps), turns=Turns(2, (("a0", "a1"), ("b0", "b1"), ("c0", "c1"))))
    lasts = {each.id: Lasts(0, 5.0 if each.id.startswith("a") else 1.0) for each in steps}
    ends = Course(plan).ends(lasts, {})
    assert ends == {"a0": 5, "a1": 10, "b0": 1, "b1": 2, "c0": 3, "c1": 4}
    assert Course(replace(plan, turns=replace(plan.turns, most=1))).ends(lasts, {})["c1"] == 14


def test_what_is_ahead_of_a_step_is_its_longest_way_to_the_end() -> None:
    plan = prediction.predicted(plan_of(step("a"), step("b", "a"), step("c", "a")), lambda kind: ((4.0, 4.0, 4.0),))
    assert schedule.ahead(plan) == {"a": 8.0, "b": 4.0, "c": 4.0}


@given(plans(), st.sampled_from([Kind.PLANNED, Kind.DISASTER]), st.integers(1, 4))
def test_no_step_ends_before_what_it_waits_for_and_fewer_sessions_make_nothing_faster(
    recovery: RecoveryPlan, kind: Kind, sessions: int
) -> None:
    course = Course(plan_of(*woven(recovery, kind)[0].steps))
    lasts = {each.id: Lasts(1.0, 0.5) for each in course.steps}
    free, few = course.ends(lasts, {}), course.ends(lasts, {"device": sessions})
    assert free.keys() == few.keys() == {each.id for each in course.steps}
    for each in course.steps:
        assert all(few[other] <= few[each.id] - 1.5 for other in (*each.needs, *each.after))
        assert free[each.id] <= few[each.id]
    assert max(few.values()) >= sum(each.device == "device" for each in course.steps) / sessions


def test_many_steps_of_a_kind_that_was_never_seen_are_not_foreseen_as_slow_as_the_slowest_device() -> None:
    def whole(count: int) -> float:
        steps = (step(f"s{n}", kind="vm.up", call="") for n in range(count))
        made = prediction.predicted(plan_of(*steps), lambda kind: ())
        assert made.p50_s is not None
        return made.p50_s

    assert abs(whole(50) - whole(1)) < 0.1 * whole(1)


def test_a_device_with_few_sessions_takes_longer() -> None:
    plan = plan_of(*(step(f"s{n}") for n in range(8)))
    seen = tuple((3.0,) for _ in range(400))
    spans = [prediction.foreseen(plan, lambda kind: seen, {}, {"vc": most})[0].p50_s or 0.0 for most in (8, 2, 1)]
    assert all(abs(found - whole) < 0.02 * whole for found, whole in zip(spans, (3.0, 12.0, 24.0), strict=True))


def test_what_differs_from_run_to_run_is_in_the_span_and_what_differs_from_step_to_step_is_not() -> None:
    plan = plan_of(*(step(f"s{n}", *([f"s{n - 1}"] if n else []), kind="lpar.up", call="") for n in range(30)))
    days = [(float(10 + n),) * 30 for n in range(20)]
    mixed = [tuple(float(10 + n % 20) for n in range(30)) for _ in range(20)]
    wide, narrow = (prediction.predicted(plan, lambda kind, seen=seen: seen) for seen in (days, mixed))
    assert (wide.p95_s or 0) > 30 * 27 and (narrow.p95_s or 0) < 30 * 23
