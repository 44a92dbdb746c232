"""What a report says of a run: who, when, against what target, how each step went, and what did not go as planned."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.report.facts import facts
from app.report.facts_json import as_json
from app.report.objectives import objectives
from app.report.records import Facts
from app.report.requirements import REQUIREMENTS
from app.report.scenario import scenario
from store import plan_runs
from store.ledger import Ledger
from store.runs import Plan, Run, RunState, StepState, Turns
from store.segment import segment
from tests.app.report.reported import AFTER, AT, BEFORE, LATE, OPS, PLAN, RUN, Time, filled, step, troubled

Make = Callable[[Ledger, Time], None]


def drilled(ledger: Ledger, clock: Time) -> None:
    """A drill of one LPAR: up after 13 seconds."""
    steps = (
        step(1, "lpar.activate", "Activate erp_db1", "chsysstate -o on"),
        step(2, "lpar.up", "Wait until erp_db1 answers", ""),
    )
    plan = Plan("drill", "drill erp_db1", ("lpar:erp_db1",), AT, steps, loss="nothing", loss_s=0.0)
    clock.now = AT
    ledger.propose("d1", plan, OPS)
    ledger.approve("d1", OPS, ())
    lease = ledger.take("d1", OPS)
    ledger.intend(lease, "s1", "chsysstate -o on", BEFORE)
    clock.pass_(3)
    ledger.settle(lease, "s1", StepState.DONE, AFTER, "Running")
    clock.pass_(10)
    ledger.settle(lease, "s2", StepState.DONE, AFTER, "it answers")
    ledger.turn(lease, RunState.SUCCEEDED)


def by_turns(ledger: Ledger, clock: Time) -> None:
    """Three groups, two at a time: the second is through after 2 seconds, the first after 5; then the third begins."""
    steps = tuple(replace(step(n, "rcg.stop", f"Stop g{n}", f"stoprcopygroup -f g{n}"), needs=()) for n in (1, 2, 3))
    turns = Turns(2, (("s1",), ("s2",), ("s3",)))
    clock.now = AT
    ledger.propose("w1", Plan("stop", "stop 3 groups", ("rcg:1",), AT, steps, turns=turns), OPS)
    ledger.approve("w1", OPS, ())
    lease = ledger.take("w1", OPS)
    for step_id in ("s1", "s2", "s3"):
        if step_id == "s3":
            clock.pass_(2)
            ledger.settle(lease, "s2", StepState.DONE, AFTER, "Stopped")
            clock.pass_(1)
        ledger.intend(lease, step_id, "stoprcopygroup", BEFORE)
    clock.pass_(2)
    ledger.settle(lease, "s1", StepState.DONE, AFTER, "Stopped")
    clock.pass_(2)
    ledger.settle(lease, "s3", StepState.DONE, AFTER, "Stopped")
    ledger.turn(lease, RunState.SUCCEEDED)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("facts"), troubled, drilled, by_turns)


def of(store: Path, run: str, rto_s: float | None = 300.0) -> Facts:
    found = segment(store, run)
    assert found is not None
    return facts(found, "drdeck 0", rto_s)


@pytest.fixture(scope="module")
def told(store: Path) -> Facts:
    return of(store, RUN)


def test_people_are_told_with_what_they_did(told: Facts) -> None:
    assert {person.name: person.roles for person in told.people} == {
        OPS: ("proposed the plan", "agreed to it", "acted, by the console of process 7, abcdef"),
        "Berit": ("stated it as the second person (typed name)", "owns lessons"),
        "night@warroom": (
            "acted, by the console of process 812, c0ffee",
            "decided: retry",
            "decided: mark done",
            "decided: skip",
        ),
        "eva@warroom": ("wrote notes", "wrote lessons"),
    }


def test_times_and_scenario_are_those_of_the_journal(told: Facts) -> None:
    assert told.scenario == "Failover in a disaster: site oslo is dark"
    assert (told.declared_at, told.decided_at, told.began_at) == (
        AT,
        AT + timedelta(seconds=20),
        AT + timedelta(seconds=21),
    )
    assert told.ended_at == AT + timedelta(seconds=78)
    assert told.state is RunState.SUCCEEDED


def test_what_was_lost_at_most_and_how_long_it_took_stand_against_the_targets(told: Facts) -> None:
    time, point = told.objectives
    assert (time.what, time.target_s, time.actual_s, time.kept) == ("RTO", 300.0, 78.0, True)
    assert (point.what, point.target_s, point.actual_s, point.kept) == ("RPO", None, 330.0, None)


def test_a_drill_is_measured_until_each_machine_answers(store: Path) -> None:
    found = of(store, "d1", rto_s=10.0)
    assert [(each.of, each.actual_s, each.kept) for each in found.objectives] == [
        ("application up", 13.0, False),
        ("ready to activate", 0.0, None),
        ("Wait until erp_db1 answers", 13.0, False),
        ("the whole run", 0.0, None),
    ]
    assert found.steps[1].due_at == AT + timedelta(seconds=3)
    assert found.steps[1].took_s == 10.0


def test_a_group_was_due_when_the_first_of_those_before_it_was_through(store: Path) -> None:
    assert [step.due_at for step in of(store, "w1").steps] == [AT, AT, AT + timedelta(seconds=2)]


def test_a_run_that_waits_measures_nothing_yet(store: Path) -> None:
    found = of(store, LATE)
    assert found.objectives[0].actual_s is None
    assert found.objectives[0].words == "it is proposed: nothing to measure"
    assert (found.decided_at, found.began_at, found.ended_at) == (None, None, None)


def test_a_step_tells_both_states_each_try_and_why(told: Facts) -> None:
    second = told.steps[1]
    assert [one.answer for one in second.tries] == ["accepted", "accepted"]
    assert (second.before, second.after) == (BEFORE, AFTER)
    assert (second.state, second.reason) == (StepState.DONE, "it is Stopped")
    assert [each.id for each in told.steps] == ["s1", "s2", "s3", "s4"], "nothing was taken back"


def test_deviations_are_told_in_their_order_with_who_and_why(told: Facts) -> None:
    assert [(each.what, each.step, each.words) for each in told.deviations] == [
        ("failed", "s2", "busy"),
        ("the run waited for the operator", None, "see the steps"),
        (
            "taken up again",
            None,
            "it had been left or interrupted; each step under way was looked at before anything more was sent",
        ),
        ("decided: tried again", "s2", "it was failed; no reason was given"),
        ("no longer failed", "s2", "done: it is Stopped"),
        ("unknown", "s3", "no answer"),
        ("decided: marked done", "s3", "it was unknown; seen on the array"),
        ("no longer unknown", "s3", "marked done: night@warroom: seen on the array"),
        ("unknown", "s4", "3par-oslo does not answer"),
        ("decided: skipped", "s4", "it was unknown; the site is dark"),
        ("no longer unknown", "s4", "skipped: night@warroom: the site is dark"),
    ]


def test_checks_that_were_not_made_are_told_with_their_reason(told: Facts) -> None:
    assert [(each.what, each.reason) for each in told.unchecked] == [
        ("no host is left", "the site is dark: not checked"),
        ("s4 See that no host is left", "night@warroom: the site is dark"),
    ]


def test_the_digest_is_that_of_the_plan_in_the_journal(told: Facts, store: Path) -> None:
    import hashlib

    found = segment(store, RUN)
    assert found is not None
    body = found.own[0].body
    plan = body[body.index('"plan":') + len('"plan":') : -1]
    assert told.plan.digest == hashlib.sha256(plan.encode()).hexdigest()


def test_json_names_every_field_and_null_for_what_is_not_recorded(told: Facts) -> None:
    content = json.loads(as_json(told))
    assert content["plan"]["version"] is None
    assert content["objectives"][0]["kept"] is True
    assert content["lessons"][0]["due"] == "2026-04-01"
    assert len(content["requirements"]) == len(REQUIREMENTS)
    answers = {each["source"]: each["answer"] for each in content["requirements"]}
    assert answers["DORA 11(2)(e)"] is None
    assert answers["DORA 11(6)"] is None, "a disaster is no test"
    assert answers["NIS2 21(2)(i)"] == OPS


def test_only_an_exercise_answers_what_asks_for_a_test(store: Path) -> None:
    found = of(store, "d1")
    tested = [each.answer(found) for each in REQUIREMENTS if each.source == "DORA 11(6)"]
    assert tested == ["Drill: recovered on copies and an isolated network, while production ran on: succeeded"]


def test_entries_of_a_kind_that_is_not_known_are_told_as_they_are(tmp_path: Path) -> None:
    def later(ledger: Ledger, clock: Time) -> None:
        ledger.propose("r", replace(PLAN, targets=("t",)), OPS)
        ledger.remark("r", "handed over", {"by": "eva", "to": "adam"})

    found = of(filled(tmp_path, later), "r")
    assert [(each.kind, each.body) for each in found.others] == [("handed over", '{"by": "eva", "to": "adam"}')]
    assert found.people[-1].roles == ("handed over",)


@pytest.mark.parametrize(
    ("verb", "typed", "words"),
    [
        ("plan planned", ("planned demo",), "Planned migration by a recovery plan"),
        (
            "plan disaster",
            ("disaster demo", "lose 2 min", "site paris is dark"),
            "Failover by a recovery plan in a disaster: site paris is dark",
        ),
        ("failover", (), "Failover, planned"),
        ("vm failover", ("lose 6 min",), "Failover, with a loss accepted (lose 6 min)"),
        ("lpar cleanup", (), "Clean-up after a drill"),
        ("snapshot", (), "No recovery: snapshot"),
    ],
)
def test_a_scenario_is_named_by_what_was_planned_and_typed(verb: str, typed: tuple[str, ...], words: str) -> None:
    assert scenario(verb, typed) == words


def test_of_a_recovery_plan_the_target_of_the_configuration_is_not_recorded_as_its_own() -> None:
    run = Run("r1", replace(PLAN, verb=plan_runs.DISASTER, steps=()), RunState.SUCCEEDED, "ana", AT, (), AT, AT)
    assert [each.target_s for each in objectives(run, 300.0) if each.what == "RTO"] == [None]
    alone = replace(run, plan=replace(PLAN, steps=()))
    assert [each.target_s for each in objectives(alone, 300.0) if each.what == "RTO"] == [300.0]
