"""Runs on protection groups while somebody else does something to the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations
from app.recovery.pg.operate import plan_clone, plan_restore
from app.recovery.pg.request import Request, Restore
from app.recovery.runner import Runner
from app.settings import load
from backends.flasharray.verbs import Replicate
from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from backends.lab.flasharray.state import GIB
from store.database import open_store
from store.ledger import LeaseError, Ledger
from store.runs import Plan, Run, RunState, StepState
from tests.faults.pg_estate import PgEstate, pg_estate
from tests.faults.ranges import next_run_id

PACE = Pace(poll_s=0.02, lost_s=0.5, margin_s=1.2, busy_s=0.1, retries=3)
TWO = (GIB, 2 * GIB)
STOPPED = RunState.INTERRUPTED
"""A run that waits for somebody, once its console has left it."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def operations(estate: PgEstate, tmp_path: Path) -> Iterator[Operations]:
    path, settings = tmp_path / "store.sqlite", load(estate.config)
    with closing(open_store(path)) as store, closing(Ledger(path)) as ledger:
        yield Operations(settings, store, ledger, Connector(settings))
        estate.world.faults.clear()
        assert estate.world.referee.violations == []


def clone(operations: Operations, group: str, target: str, to: str | None = None, limit_s: float | None = None) -> Run:
    """A clone of a snapshot that is taken, agreed to."""
    how = Replicate.NO if to is None else Replicate.NOW
    run_id = next_run_id()
    plan = plan_clone(operations, Request("fa-prd", group, "new", target, to, how), run_id)
    return agreed(operations, run_id, plan, limit_s)


def agreed(operations: Operations, run_id: str, plan: Plan, limit_s: float | None = None) -> Run:
    """``limit_s``: how long a step waits for its effect, in place of minutes."""
    assert not plan.refused, plan.refused
    if limit_s is not None:
        plan = replace(plan, steps=tuple(replace(step, limit_s=limit_s) for step in plan.steps))
    return operations.agree(run_id, plan, plan.confirm)


def acted(operations: Operations, run: Run, tell: Callable[[], None] = lambda: None) -> Run:
    return Runner(operations.ledger, operations.devices, "one", PACE, tell).run(run.id, wait_for_operator=False)


def once(operations: Operations, run: Run, kind: str, do: Callable[[], None]) -> Callable[[], None]:
    """Does something as soon as every step of a kind is through, before the next one looks."""
    done: list[bool] = []

    def tell() -> None:
        found = states(operations.ledger.run(run.id), kind)
        if not done and all(state is StepState.DONE for state in found):
            done.append(True)
            do()

    return tell


def states(run: Run, kind: str) -> list[StepState]:
    return [r.state for p, r in zip(run.plan.steps, run.steps, strict=True) if p.kind == kind]


def reasons(run: Run) -> str:
    return "; ".join(step.reason or "" for step in run.steps if step.state is StepState.FAILED)


def test_a_host_that_is_started_after_the_plan_keeps_its_volumes(estate: PgEstate, operations: Operations) -> None:
    group, target = estate.source(sizes=TWO), estate.target(estate.prd, sizes=TWO)
    run, before = clone(operations, group, target), estate.writes().get("POST /volumes", 0)
    start = once(operations, run, "volume.keep", lambda: estate.switch(estate.prd, target, on=True))
    found = acted(operations, run, start)
    estate.switch(estate.prd, target, on=False)
    assert found.state is STOPPED
    assert f"{target}-0 is connected to {target}-db, and it is logged in to the array" in reasons(found)
    assert estate.writes().get("POST /volumes", 0) == before


def test_a_group_that_was_used_while_its_restore_waited_is_not_restored_over_what_was_written(
    estate: PgEstate, operations: Operations
) -> None:
    group = estate.source(sizes=TWO)
    begun = estate.contents(estate.prd, group)
    estate.until(lambda: all(estate.contents(estate.prd, group)[name] != begun[name] for name in begun))
    estate.switch(estate.prd, group, on=False)
    run_id = next_run_id()
    run = agreed(operations, run_id, plan_restore(operations, Restore("fa-prd", group, "2"), run_id))
    fault = estate.world.faults.add("fa-prd", FaultKind.HTTP_409, "POST /protection-groups")
    assert acted(operations, run).state is STOPPED
    estate.world.faults.remove(fault.id)
    kept = estate.contents(estate.prd, group)
    estate.switch(estate.prd, group, on=True)
    estate.until(lambda: all(estate.contents(estate.prd, group)[name] != kept[name] for name in kept))
    estate.switch(estate.prd, group, on=False)
    written = estate.contents(estate.prd, group)
    found = acted(operations, run)
    assert found.state is STOPPED
    assert "was changed after its safety snapshot" in reasons(found)
    assert estate.contents(estate.prd, group) == written


def test_an_overwrite_that_was_used_before_its_lost_answer_was_settled_is_not_sent_again(
    estate: PgEstate, operations: Operations
) -> None:
    group, target = estate.source(sizes=(GIB,)), estate.target(estate.prd, sizes=(GIB,))
    run, before = clone(operations, group, target, limit_s=4.0), estate.writes().get("POST /volumes", 0)
    estate.world.faults.add("fa-prd", FaultKind.HTTP_504_AFTER, "POST /volumes", count=1)

    def silent() -> None:
        """From when the overwrite is about to be sent the array compares nothing."""
        if states(operations.ledger.run(run.id), "volume.overwrite") == [StepState.RUNNING]:
            estate.world.faults.add("fa-prd", FaultKind.HTTP_500, "GET /volumes/diff")

    assert states(acted(operations, run, silent), "volume.overwrite") == [StepState.UNKNOWN]
    estate.world.faults.clear()
    use(estate, group, target)
    written = estate.contents(estate.prd, target)
    found = acted(operations, run)
    assert found.state is STOPPED
    assert "was changed after its safety snapshot" in reasons(found)
    assert estate.contents(estate.prd, target) == written
    assert estate.writes()["POST /volumes"] == before + 1


def use(estate: PgEstate, group: str, target: str) -> None:
    """Instead of the host of the group that of its clone runs, and writes, and is stopped again."""
    estate.switch(estate.prd, group, on=False)
    image = estate.contents(estate.prd, target)
    estate.switch(estate.prd, target, on=True)
    estate.until(lambda: estate.contents(estate.prd, target) != image)
    estate.switch(estate.prd, target, on=False)


def test_without_its_safety_snapshot_a_volume_is_not_overwritten(estate: PgEstate, operations: Operations) -> None:
    group, target = estate.source(sizes=TWO), estate.target(estate.prd, sizes=TWO)
    run, held = clone(operations, group, target), estate.contents(estate.prd, target)
    fault = estate.world.faults.add("fa-prd", FaultKind.HTTP_409, "POST /volumes")
    assert acted(operations, run).state is STOPPED
    estate.world.faults.remove(fault.id)
    with estate.world.turn():
        protection.set_pending(estate.prd, f"{target}-1.drdeck-{run.id}", True)
    found = acted(operations, run)
    assert found.state is STOPPED
    assert f"its safety snapshot {target}-1.drdeck-{run.id} is not there" in reasons(found)
    assert estate.contents(estate.prd, target)[f"{target}-1"] == held[f"{target}-1"]


def test_a_volume_that_joins_the_group_before_the_snapshot_stops_the_run_before_anything_is_overwritten(
    estate: PgEstate, operations: Operations
) -> None:
    group, target = estate.source(sizes=TWO), estate.target(estate.prd, sizes=TWO)
    run, held = clone(operations, group, target, limit_s=4.0), estate.contents(estate.prd, target)
    with estate.world.turn():
        protection.add_member(estate.prd.groups[group], estate.prd.add_volume(f"{group}-late", GIB))
    found = acted(operations, run)
    assert (found.state, states(found, "pg.snapshot")) == (STOPPED, [StepState.UNKNOWN])
    assert f"{group}.new has other volumes than were planned for: plan it anew" in (found.steps[0].reason or "")
    assert estate.contents(estate.prd, target) == held


def test_no_other_run_acts_on_a_group_while_one_waits(estate: PgEstate, operations: Operations) -> None:
    group, other = estate.source(sizes=TWO), estate.source(sizes=TWO)
    target = estate.target(estate.prd, sizes=TWO)
    first, second = clone(operations, group, target), clone(operations, other, target)
    estate.world.faults.add("fa-prd", FaultKind.HTTP_409, "POST /volumes", count=1)
    assert acted(operations, first).state is STOPPED
    with pytest.raises(LeaseError, match=f"run {first.id} .* was interrupted"):
        acted(operations, second)
    assert acted(operations, first).state is RunState.SUCCEEDED


def test_a_clone_of_sixty_volumes_keeps_its_sessions_and_saves_fifty_at_a_time(
    estate: PgEstate, operations: Operations
) -> None:
    sizes = [GIB] * 60
    group, target = estate.source(sizes=sizes), estate.target(estate.dr, sizes=sizes)
    logins = estate.world.devices["fa-dr"].counters.logins
    run = clone(operations, group, target, "fa-dr")
    assert [step.kind for step in run.plan.steps].count("volume.keep") == 2
    found = acted(operations, run)
    assert found.state is RunState.SUCCEEDED, reasons(found)
    held = estate.contents(estate.dr, target)
    order = sorted(range(60), key=str)  # by name: 0, 1, 10, 11, …
    assert all(held[f"{target}-{n}"] == estate.part(estate.dr, f"fa-prd:{group}.new.{group}-{n}") for n in order)
    # A login for each look at the plan, then those that are kept; without, it would be several for each of 122 steps.
    assert estate.world.devices["fa-dr"].counters.logins - logins < 60
