"""Orders about recovery plans, completed."""

from __future__ import annotations

from app.orders import asked
from app.plan_words import completions
from app.run_kinds import VERBS


def test_an_order_goes_on_with_the_plans_that_are_there_and_every_kind_of_run() -> None:
    every = completions("plan run d", ["demo", "night"])
    assert every == [f"plan run demo --kind {kind}" for kind in VERBS["plan"]]
    assert completions("plan run night --kind re", ["demo", "night"]) == ["plan run night --kind reprotect"]
    assert completions("rcg ", ["demo"]) == []


def test_what_is_completed_is_understood_and_only_a_disaster_is_one() -> None:
    told = [asked(text) for text in completions("plan run ", ["demo"])]
    assert [each.kind for each in told] == [f"plan {kind}" for kind in VERBS["plan"]]
    assert [each.kind for each in told if each.disaster] == ["plan disaster"]
    assert {each.plan for each in told} == {"demo"}
