"""What is still to come of a run: the critical path is the longest chain of what is left, of any run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.run_ahead import Ahead, ahead, under_way_since
from store.runs import SETTLED, Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.store import recoveries
from tests.store.estates import at

NOW = at(100)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Any run whose settled steps come before those that are not."""
    steps: list[PlannedStep] = []
    records: list[StepRecord] = []
    settled: set[str] = set()
    for number in range(draw(st.integers(1, 9))):
        before = [step.id for step in steps]
        some = st.lists(st.sampled_from(before), unique=True, max_size=3) if before else st.just([])
        needs, after = draw(some), draw(some)
        usual = draw(st.one_of(st.none(), st.integers(0, 50).map(float)))
        call = draw(st.sampled_from(["", "send"]))
        step = PlannedStep(f"s{number}", "k", "{}", "", "", call, tuple(needs), tuple(after), p50_s=usual)
        able = settled.issuperset((*needs, *after))
        states = [StepState.DONE, StepState.SKIPPED, StepState.RUNNING, StepState.FAILED] if able else []
        state = draw(st.sampled_from([StepState.PENDING, *states]))
        settled |= {step.id} if state in SETTLED else set()
        began = None if state is StepState.PENDING else at(draw(st.integers(0, 99)))
        steps.append(step)
        records.append(StepRecord(step.id, state, 1, began, at(99) if state in SETTLED else None))
    order = draw(st.permutations(range(len(steps))))
    plan = Plan("v", "n", (), at(0), tuple(steps[place] for place in order))
    return Run("r", plan, RunState.RUNNING, "", at(0), tuple(records[place] for place in order), at(0))


def weights(run: Run) -> dict[str, float]:
    """By step that is left how long it still takes, in the words of the definition."""
    records = {record.id: record for record in run.steps}
    found = {}
    for step in run.plan.steps:
        if records[step.id].state not in SETTLED:
            since = under_way_since(run, step, records)
            gone = 0.0 if since is None else max(0.0, (NOW - since).total_seconds())
            found[step.id] = max(0.0, (step.p50_s or 0.0) - gone)
    return found


def chains(run: Run) -> list[tuple[str, ...]]:
    """Every chain of steps that are left, each waiting for the one before."""
    left = weights(run)
    waits = {s.id: [o for o in (*s.needs, *s.after) if o in left] for s in run.plan.steps if s.id in left}
    found: list[tuple[str, ...]] = []
    work: list[tuple[str, ...]] = [(step,) for step in waits]
    while work:
        chain = work.pop()
        found.append(chain)
        work += [(other, *chain) for other in waits[chain[0]]]
    return found


@settings(max_examples=60)
@given(runs())
def test_no_chain_of_what_is_left_takes_longer_than_the_critical_path(run: Run) -> None:
    found, left = ahead(run, NOW), weights(run)
    every = chains(run)
    longest = max((sum(left[step] for step in chain) for chain in every), default=0.0)
    assert abs(found.left_s - longest) < 1e-6
    assert found.path in every if left else found.path == ()
    assert abs(sum(left[step] for step in found.path) - longest) < 1e-6


@settings(max_examples=60)
@given(runs())
def test_a_step_should_begin_once_all_that_it_waits_for_is_over(run: Run) -> None:
    found, left = ahead(run, NOW), weights(run)
    assert set(found.begins_s) == set(left)
    for step in run.plan.steps:
        if step.id in left:
            ends = [found.begins_s[other] + left[other] for other in (*step.needs, *step.after) if other in left]
            assert found.begins_s[step.id] == max(ends, default=0.0)


def test_the_path_of_a_recovery_runs_through_what_takes_longest_and_moves_on_with_it() -> None:
    begun = ahead(recoveries.run({"p1": 20}), at(20))
    assert begun.path == ("l1", "l2", "l3", "l4", "l5", "p3", "p4")
    assert begun.left_s == 205.0
    later = ahead(recoveries.run({"p1": 20, "l1": 60, "l2": 62, "l3": 65}), at(65))
    assert later.path[0] == "r1.1", "what the activation waits for now"


def test_a_run_with_nothing_left_has_no_path() -> None:
    run = recoveries.run(dict.fromkeys([step.id for step in recoveries.plan().steps], 50.0))
    assert ahead(run, at(60)) == Ahead(0.0, (), {})


def test_what_only_takes_another_step_back_is_nothing_to_come() -> None:
    run = recoveries.run({})
    undo = PlannedStep("u1", "lpar.activate", "{}", "", "", "", p50_s=9000.0)
    steps = (replace(run.plan.steps[0], undo="u1"), *run.plan.steps[1:], undo)
    more = replace(run, plan=replace(run.plan, steps=steps), steps=(*run.steps, StepRecord("u1")))
    assert ahead(more, at(20)).left_s == ahead(run, at(20)).left_s


def test_a_step_that_only_looks_is_under_way_since_all_is_settled_that_it_waits_for() -> None:
    run = recoveries.run({"p1": 20, "v1.1": 30})
    records = {record.id: record for record in run.steps}
    assert under_way_since(run, run.plan.step("v1.2"), records) == at(30)
    assert under_way_since(run, run.plan.step("v2.1"), records) is None, "it is to be sent, and was not yet"
    assert under_way_since(run, run.plan.step("v2.2"), records) is None
    sent = StepRecord("l1", StepState.RUNNING, 1, at(25))
    records = {record.id: record for record in recoveries.run({"p1": 20}, sent).steps}
    assert under_way_since(run, run.plan.step("l1"), records) == at(25)
