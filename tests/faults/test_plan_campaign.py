"""A slice of the campaign on runs of recovery plans (``make long`` does the whole of it)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.plans.records import Kind
from backends.lab.faults import FaultKind
from tests.faults import plan_trials
from tests.faults.kills import Shooting, Zygote, trial
from tests.faults.plan_campaign import LIMIT_S
from tests.faults.plan_trials import Case, Range
from tests.faults.ranges import sending
from tests.faults.step_faults import Place, Trouble, befallen
from tests.faults.test_lpar_kills import Chosen

PLANNED, DARK = Case(Kind.PLANNED, seed=5), Case(Kind.DISASTER, dark=True, seed=3)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> object:
    with plan_trials.ready(tmp_path_factory.mktemp("plans")) as ready:
        yield ready


@pytest.fixture(scope="module")
def shooting(at: Range) -> object:
    zygote = Zygote()
    yield Shooting(at, zygote)
    zygote.close()


@pytest.mark.parametrize(
    ("case", "kind", "point"), [(PLANNED, "volume.overwrite", "device did it"), (DARK, "vm.start", "after intent")]
)
def test_a_plan_run_that_is_killed_and_resumed_does_everything_once(
    shooting: Shooting, case: Case, kind: str, point: str
) -> None:
    assert trial(shooting, case, Chosen(kind, point)) is None
    assert shooting.missed == 0


def test_a_plan_run_waits_for_what_a_fault_holds_up_and_then_ends_right(at: Range) -> None:
    planned = at.plan(PLANNED, LIMIT_S)
    step = next(step for step in sending(planned[1]) if step.kind == "rcg.failover")
    found = befallen(at, PLANNED, planned, step, Trouble(FaultKind.HTTP_403, Place.VERB, lasting=True))
    assert (found.outcome, found.wrong) == ("waited, then succeeded", None)


def test_the_judge_of_plan_runs_sees_what_is_not_right(at: Range) -> None:
    run, _, name = at.plan(replace(PLANNED, seed=6))
    judge = at.judge(PLANNED, run, name, orderly=True)
    told = judge.succeeded() or ""
    plan = at.drawn[name]
    assert all(member in told for app in plan.apps for member in app.members), "nothing of it was failed over"
    for _, path in plan.hooks:
        path.write_text("done\ndone\n")
    assert ("more than once" in (judge.always(at.ledger.run(run.id)) or "")) == bool(plan.hooks)
    at.rest()


def test_a_drawn_plan_has_all_technologies_and_is_the_same_for_the_same_seed(at: Range) -> None:
    shapes = []
    for _ in range(2):
        at.plan(replace(PLANNED, seed=9))
        (plan,) = at.drawn.values()
        shapes.append([(a.name, a.after, a.group, len(a.lpars), len(a.rcgs), len(a.vms)) for a in plan.apps])
        at.rest()
    assert shapes[0] == shapes[1]
    assert all(sum(shape[place] for shape in shapes[0]) for place in (3, 4, 5))
