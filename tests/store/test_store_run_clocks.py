"""The two clocks of a run that activates LPARs, and the runs that have none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from store.run_clocks import Clock, clocks
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.store.estates import at

KINDS = {
    "a": ("lpar.stop", ()),
    "b": ("volume.overwrite", ("a",)),
    "c": ("lpar.activate", ("b",)),
    "d": ("lpar.up", ("c",)),
    "e": ("lpar.activate", ()),
    "f": ("lpar.redefine", ("d",)),
}
"""Stop and overwrite lead to an activation; the second LPAR waits for the first only because of its wave; closing
comes behind all."""


def run(states: dict[str, tuple[StepState, float | None]], state: RunState = RunState.RUNNING) -> Run:
    """A run that was declared at 0 and began at 5; by step its state and when it ended."""
    steps = tuple(
        PlannedStep(step, kind, "{}", "", "", "", needs, after=("c",) if step == "e" else ())
        for step, (kind, needs) in KINDS.items()
    )
    records = []
    for step in KINDS:
        found, ended = states.get(step, (StepState.PENDING, None))
        records.append(StepRecord(step, found, ended_at=None if ended is None else at(ended)))
    end = at(100) if state is not RunState.RUNNING else None
    return Run("r", Plan("failover", "f", (), at(0), steps), state, "", at(0), tuple(records), at(5), end)


DONE = StepState.DONE


def test_the_first_clock_stops_when_all_that_an_activation_waits_for_is_settled() -> None:
    made = run({"a": (DONE, 20), "b": (DONE, 48), "c": (StepState.RUNNING, None)})
    found = clocks(made)
    assert found is not None
    assert found.ready == Clock(at(48), False, 48.0)
    assert found.up == Clock(None, False, None)


def test_the_second_clock_stops_when_every_lpar_is_up_whatever_comes_behind() -> None:
    up = {"a": (DONE, 20), "b": (DONE, 48), "c": (DONE, 90), "d": (DONE, 130), "e": (DONE, 95)}
    found = clocks(run(up))
    assert found is not None
    assert found.up == Clock(at(130), False, 130.0)
    assert found.ready.at == at(48)


@pytest.mark.parametrize("state", [StepState.ALREADY, StepState.SKIPPED, StepState.MARKED])
def test_what_a_person_settled_counts_from_that_moment(state: StepState) -> None:
    found = clocks(run({"a": (DONE, 20), "b": (state, 300)}))
    assert found is not None
    assert found.ready.seconds == 300


def test_a_step_that_failed_stops_no_clock() -> None:
    found = clocks(run({"a": (DONE, 20), "b": (StepState.FAILED, 48)}))
    assert found is not None
    assert found.ready == Clock(None, False, None)


def test_a_run_that_ended_before_never_reaches_them() -> None:
    found = clocks(run({"a": (DONE, 20)}, RunState.ABORTED))
    assert found is not None
    assert found.ready == Clock(None, True, 100.0)
    assert found.up == Clock(None, True, 100.0)


def test_one_that_waits_for_nothing_is_ready_when_it_begins() -> None:
    made = run({})
    only = replace(made.plan, steps=(replace(made.plan.steps[2], needs=()),))
    found = clocks(replace(made, plan=only, steps=made.steps[2:3]))
    assert found is not None
    assert found.ready == Clock(at(5), False, 5.0)
    proposed = clocks(replace(made, plan=only, steps=made.steps[2:3], began_at=None))
    assert proposed is not None
    assert proposed.ready.at is None


def test_a_run_that_activates_nothing_has_no_such_clocks() -> None:
    made = run({})
    assert clocks(replace(made, plan=replace(made.plan, steps=made.plan.steps[:2]), steps=made.steps[:2])) is None


def test_a_clock_never_counts_backwards() -> None:
    made = run({"a": (DONE, 1), "b": (DONE, 2)})
    found = clocks(replace(made, created_at=at(0) + timedelta(hours=1)))
    assert found is not None
    assert found.ready.seconds == 0
