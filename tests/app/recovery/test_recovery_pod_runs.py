"""Pods on the lab's arrays: there and back, disaster, drill and undo, what is refused, and what a lost answer does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.recovery.draft import CannotPlanError
from app.recovery.operations import typed
from app.recovery.pod.request import PodVerb
from backends.lab.faults import FaultKind
from backends.lab.flasharray import pods
from store.ledger import LeaseError
from store.runs import Run, RunState, StepState
from tests.app.recovery.pod_estate import Desk, PodEstate, desk, pod_estate

DEMOTE, PROMOTE, UNDO = PodVerb.DEMOTE, PodVerb.PROMOTE, PodVerb.UNDO
LOST = (FaultKind.DROP_AFTER, FaultKind.HTTP_504_AFTER)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[PodEstate]:
    with pod_estate(tmp_path) as running:
        running.until(lambda: running.link_status() == "replicating")
        yield running
        running.world.faults.clear()
        assert running.world.referee.violations == []


@pytest.fixture
def at(estate: PodEstate, tmp_path: Path) -> Iterator[Desk]:
    with desk(estate, tmp_path) as console:
        yield console


def succeeded(run: Run) -> Run:
    assert run.state is RunState.SUCCEEDED, [(step.state, step.reason) for step in run.steps]
    return run


def losses(estate: PodEstate, server: str) -> list[float]:
    return [loss.seconds for loss in estate.world.referee.losses if loss.writer.startswith(server)]


def test_over_and_home_again_loses_nothing(estate: PodEstate, at: Desk) -> None:
    for here, there in (("paris", "lyon"), ("lyon", "paris")):
        estate.generations(3)
        estate.switch(here, on=False)
        newest = estate.generation(here)
        succeeded(at.do(DEMOTE))
        assert (estate.status(here), estate.link_status()) == ("demoted", "quiesced")
        succeeded(at.do(PROMOTE))
        assert (estate.status(here), estate.status(there)) == ("demoted", "promoted")
        assert (estate.link_status(), estate.link.source[0].site) == ("replicating", there), "it is protected again"
        assert estate.generation(there) == newest
        estate.switch(there, on=True)
    assert losses(estate, "lyon/web2") == losses(estate, "paris/web1#2") == [0.0]


def test_a_pod_that_is_demoted_already_is_not_demoted_again(estate: PodEstate, at: Desk) -> None:
    estate.switch("paris", on=False)
    succeeded(at.do(DEMOTE))
    sent = estate.patches()
    run = succeeded(at.do(DEMOTE))
    assert [step.state for step in run.steps] == [StepState.ALREADY]
    assert estate.patches() == sent


def test_in_a_disaster_no_more_is_lost_than_was_accepted(estate: PodEstate, at: Desk) -> None:
    estate.generations(12)
    estate.dark("paris", True)
    run = at.agreed(PROMOTE, disaster=True)
    assert run.plan.confirm == ("promote web", "lose 1 min", "site paris is dark", "second person: NAME")
    assert set(
        typed(run.plan, ("promote web", "lose 1 min", "site paris is dark", "second person: ops"), "ops").missing
    )
    succeeded(at.act(run))
    estate.switch("lyon", on=True)
    (lost,) = losses(estate, "lyon/web2")
    assert 0 < lost <= (run.plan.loss_s or 0)


def test_the_old_side_comes_back_promoted_and_gives_up_its_writes_to_the_one_that_serves(
    estate: PodEstate, at: Desk
) -> None:
    estate.generations(12)
    estate.dark("paris", True)
    succeeded(at.do(PROMOTE, disaster=True))
    estate.switch("lyon", on=True)
    estate.dark("paris", False)
    assert (estate.status("paris"), estate.status("lyon")) == ("promoted", "promoted")
    (guard,) = at.plan(DEMOTE, on="fa-dr", discard=True).refused
    assert "web::disk-1 is connected to web2, and it is logged in" in guard.evidence, "the side that serves is kept"
    run = at.agreed(DEMOTE, on="fa-prd", discard=True)
    assert run.plan.confirm == ("demote web", "discard writes of web on fa-prd")
    succeeded(at.act(run))
    assert (estate.status("paris"), estate.status("lyon")) == ("demoted", "promoted")
    assert (estate.link.source[0].site, estate.undo_pods("paris")) == ("lyon", ["web.undo-demote"])
    estate.switch("lyon", on=False)
    served = estate.generation("lyon")
    succeeded(at.do(DEMOTE))
    succeeded(at.do(PROMOTE))
    assert estate.generation("paris") == served, "home again with what the other side served"


def test_after_a_disaster_the_plan_that_discards_the_serving_side_says_that_it_is_no_drill(
    estate: PodEstate, at: Desk
) -> None:
    estate.dark("paris", True)
    run = succeeded(at.do(PROMOTE, disaster=True))
    estate.dark("paris", False)
    plan = at.plan(DEMOTE, on="fa-dr", discard=True)
    assert not plan.refused
    assert f"Run {run.id} promoted it in a disaster" in plan.loss and "no writes of a drill" in plan.loss


def test_a_drill_leaves_the_source_alone_and_its_writes_are_discarded(estate: PodEstate, at: Desk) -> None:
    run = at.agreed(PROMOTE, drill=True)
    assert run.plan.confirm == ("drill web", "hosts of web on fa-dr are isolated")
    succeeded(at.act(run))
    assert (estate.status("paris"), estate.status("lyon"), estate.link_status()) == (
        "promoted",
        "promoted",
        "replicating",
    )
    estate.generations(12)
    ended = at.agreed(DEMOTE, on="fa-dr", discard=True)
    assert ended.plan.confirm == ("demote web", "discard DR writes of web")
    succeeded(at.act(ended))
    assert (estate.status("lyon"), estate.undo_pods("lyon"), estate.undo_pods("paris")) == (
        "demoted",
        ["web.undo-demote"],
        [],
    )
    estate.switch("paris", on=False)
    newest = estate.generation("paris")
    succeeded(at.do(DEMOTE))
    succeeded(at.do(PROMOTE))
    assert estate.generation("lyon") == newest, "what came meanwhile is there, the drill is not"


def test_a_disaster_during_a_drill_gives_the_drill_up_and_promotes_what_came_last(estate: PodEstate, at: Desk) -> None:
    succeeded(at.do(PROMOTE, drill=True))
    estate.generations(12)
    estate.dark("paris", True)
    (guard,) = at.plan(DEMOTE, discard=True).refused
    assert "--disaster" in guard.evidence
    succeeded(at.do(DEMOTE, discard=True, disaster=True))
    run = succeeded(at.do(PROMOTE, disaster=True))
    estate.switch("lyon", on=True)
    (lost,) = losses(estate, "lyon/web2")
    assert 0 < lost <= (run.plan.loss_s or 0)
    estate.switch("lyon", on=False)
    (guard,) = at.plan(DEMOTE, discard=True, disaster=True).refused
    assert f"Run {run.id} promoted it in a disaster" in guard.evidence, "what was served is no drill"


def test_which_side_discards_is_never_guessed(estate: PodEstate, at: Desk) -> None:
    succeeded(at.do(PROMOTE, drill=True))
    with pytest.raises(CannotPlanError, match=r"fa-prd: promoted, outbound .* fa-dr: promoted, inbound .* --on"):
        at.plan(DEMOTE, discard=True)


def test_a_demotion_is_undone_with_what_it_left_behind(estate: PodEstate, at: Desk) -> None:
    estate.generations(12)
    estate.switch("paris", on=False)
    newest = estate.generation("paris")
    succeeded(at.do(DEMOTE))
    run = at.agreed(UNDO)
    assert run.plan.confirm == ("undo web", "discard DR writes of web")
    succeeded(at.act(run))
    assert (estate.status("paris"), estate.undo_pods("paris"), estate.generation("paris")) == ("promoted", [], newest)
    assert (estate.link.source[0].site, estate.link_status()) == ("paris", "replicating")
    assert [guard.id for guard in at.plan(UNDO, on="fa-prd").refused] == ["pod.demoted web", "pod.undo web"]


def test_discarded_writes_come_back_beside_the_other_side_only_for_isolated_hosts(estate: PodEstate, at: Desk) -> None:
    succeeded(at.do(PROMOTE, drill=True))
    succeeded(at.do(DEMOTE, on="fa-dr", discard=True))
    (guard,) = at.plan(UNDO).refused
    assert "--drill" in guard.evidence
    run = at.agreed(UNDO, drill=True)
    assert "hosts of web on fa-dr are isolated" in run.plan.confirm
    succeeded(at.act(run))
    assert (estate.status("paris"), estate.status("lyon"), estate.undo_pods("lyon")) == ("promoted", "promoted", [])


def test_a_source_whose_link_is_broken_is_given_up_in_two_steps_with_its_loss_accepted(
    estate: PodEstate, at: Desk
) -> None:
    estate.generations(12)
    estate.switch("paris", on=False)
    with estate.world.turn():
        pods.pause(estate.link, True)
    (guard,) = at.plan(DEMOTE).refused
    assert "paused" in guard.evidence
    succeeded(at.do(DEMOTE, discard=True))
    assert [guard.id for guard in at.plan(PROMOTE).refused] == ["pod.quiesced web"]
    run = at.agreed(PROMOTE, disaster=True)
    assert run.plan.confirm == ("promote web", "lose 1 min"), "its source answers, and is demoted: nobody is asked"
    succeeded(at.act(run))
    estate.switch("lyon", on=True)
    (lost,) = losses(estate, "lyon/web2")
    assert 0 < lost <= (run.plan.loss_s or 0)


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("options", [{}, {"disaster": True}])
def test_a_split_is_refused_while_the_source_answers(estate: PodEstate, at: Desk, options: dict[str, bool]) -> None:
    (guard,) = at.plan(PROMOTE, **options).refused
    assert "web on fa-prd is promoted" in guard.evidence and "both sides would take writes" in guard.evidence


def test_a_source_that_is_silent_alone_is_not_taken_for_dark(estate: PodEstate, at: Desk) -> None:
    estate.world.faults.add("fa-prd", FaultKind.UNREACHABLE)
    (guard,) = at.plan(PROMOTE, disaster=True).refused
    assert (guard.id, "fa-prd2: answers" in guard.evidence) == ("site.dark web", True)
    assert "the link of web on fa-dr: replicating" in guard.evidence


def test_a_source_that_refuses_the_login_is_alive(estate: PodEstate, at: Desk) -> None:
    estate.world.faults.add("fa-prd", FaultKind.REFUSES_LOGIN)
    (guard,) = at.plan(PROMOTE, disaster=True).refused
    assert "gives a sign of life" in guard.evidence


def test_a_source_that_comes_back_before_the_promotion_is_sent_stops_it(estate: PodEstate, at: Desk) -> None:
    estate.dark("paris", True)
    run = at.agreed(PROMOTE, disaster=True)
    estate.dark("paris", False)
    estate.until(lambda: estate.link_status() == "replicating")
    found = at.act(run)
    assert [step.state for step in found.steps] == [StepState.FAILED]
    assert "both sides would take writes" in (found.steps[0].reason or "")
    assert estate.status("lyon") == "demoted" and estate.patches()["lyon"] == 0


@pytest.mark.parametrize("options", [{}, {"disaster": True}, {"drill": True}])
def test_a_pod_that_is_still_baselining_has_no_bound_and_is_not_promoted(
    estate: PodEstate, at: Desk, options: dict[str, bool]
) -> None:
    with estate.world.turn() as now:
        estate.link.ready_at = now + 3600
    refused = [guard for guard in at.plan(PROMOTE, **options).refused if guard.id == "pod.bound web"]
    assert [guard.evidence for guard in refused] == ["its link is baselining"]


def test_nothing_is_demoted_under_hosts_that_run(estate: PodEstate, at: Desk) -> None:
    (guard,) = at.plan(DEMOTE).refused
    assert guard.evidence == "web::disk-1 is connected to web1, and it is logged in to the array"


def test_a_host_that_starts_after_the_plan_stops_the_demotion(estate: PodEstate, at: Desk) -> None:
    estate.switch("paris", on=False)
    run = at.agreed(DEMOTE)
    estate.switch("paris", on=True)
    found = at.act(run)
    assert (found.steps[0].state, estate.patches()["paris"]) == (StepState.FAILED, 0)
    assert "web1" in (found.steps[0].reason or "")


def test_a_demotion_that_comes_to_no_end_is_no_success(estate: PodEstate, at: Desk) -> None:
    estate.switch("paris", on=False)
    run = at.agreed(DEMOTE, wait_s=0.5)
    with estate.world.turn():
        estate.link.lag_s = 3600.0
    found = at.act(run)
    assert (found.steps[0].state, found.state is RunState.SUCCEEDED) == (StepState.UNKNOWN, False)
    assert "not everything is across" in (found.steps[0].reason or "")


def test_a_host_that_sees_both_sides_makes_no_drill(estate: PodEstate, at: Desk) -> None:
    with estate.world.turn():
        for array in estate.arrays.values():
            array.add_host("both", ("c0507601a1b20099",))
            array.attach(array.disk("web::disk-1"), host="both", lun=9)
    refused = [guard for guard in at.plan(PROMOTE, drill=True).refused if guard.id == "pod.isolated web"]
    assert [guard.evidence for guard in refused] == ["c0507601a1b20099 of a host sees both"]


# --------------------------------------------------------------------------------------------------------- lost answers


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_sends_nothing_twice(estate: PodEstate, at: Desk, fault: FaultKind) -> None:
    estate.switch("paris", on=False)
    estate.world.faults.add("fa-*", fault, "PATCH /pods", count=1)
    succeeded(at.do(DEMOTE))
    estate.world.faults.add("fa-*", fault, "PATCH /pods", count=1)
    succeeded(at.do(PROMOTE))
    estate.world.faults.add("fa-*", fault, "PATCH /pods", count=1)
    succeeded(at.do(DEMOTE))
    estate.world.faults.add("fa-*", fault, "PATCH /pods", count=1)
    succeeded(at.do(UNDO, on="fa-dr"))
    assert estate.patches() == {"paris": 1, "lyon": 3}
    assert estate.done() == 4


def test_a_request_that_never_arrived_is_sent_again(estate: PodEstate, at: Desk) -> None:
    estate.switch("paris", on=False)
    estate.world.faults.add("fa-prd", FaultKind.DROP_BEFORE, "PATCH /pods", count=1)
    succeeded(at.do(DEMOTE))
    assert (estate.patches()["paris"], estate.done()) == (2, 1)


def test_two_runs_on_the_two_sides_of_a_pod_exclude_each_other(estate: PodEstate, at: Desk) -> None:
    estate.switch("paris", on=False)
    one, other = at.agreed(DEMOTE), at.agreed(DEMOTE)
    assert one.plan.targets == tuple(f"pod:{estate.arrays[site].id}:web" for site in ("paris", "lyon"))
    lease = at.operations.ledger.take(one.id, "somebody else")
    with pytest.raises(LeaseError):
        at.act(other)
    at.operations.ledger.release(lease)
