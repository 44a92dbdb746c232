"""What a run of any recovery plan keeps of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.plans.records import Kind, RecoveryPlan
from app.recovery.plan.recorded import Steps, marks, recovery
from app.recovery.prediction import Span
from store.recorded import from_text, to_text
from store.recovery import Recovery
from tests.app.recovery.plan.woven import plans, woven


@settings(max_examples=40)
@given(plans(), st.sampled_from([Kind.PLANNED, Kind.DISASTER]))
def test_every_step_belongs_to_one_application_or_to_none(plan: RecoveryPlan, kind: Kind) -> None:
    made, drafts = woven(plan, kind)
    spans = {name: Span(1.0, 2.0) for name in marks(made, drafts.parts)}
    losses = {application.name: 5.0 for application in plan.applications}
    kept = recovery(plan, drafts.parts, Steps(made.steps, made.up, made.own), spans, losses)
    ids = {step.id for step in made.steps}
    owned = [*kept.own, *(step for each in kept.applications for step in each.steps)]
    assert len(owned) == len(set(owned)) and set(owned) <= ids
    left = {step.kind for step in made.steps if step.id not in owned}
    assert left <= {"pg.snapshot", "plan.reached"}, "what LPARs share, and what only stands for others"
    for each in kept.applications:
        assert (each.p50_s, each.p95_s, each.loss_s) == (1.0, 2.0, 5.0)
        assert all(set(member.up) <= set(member.steps) and member.p50_s == 1.0 for member in each.members)
    places = {each.name: place for place, each in enumerate(kept.applications)}
    assert all(places[other] < places[each.name] for each in kept.applications for other in each.after)
    assert from_text(Recovery, to_text(kept)) == kept


@settings(max_examples=10)
@given(plans())
def test_a_run_that_brings_nothing_up_promises_nothing(plan: RecoveryPlan) -> None:
    made, drafts = woven(plan, Kind.PLANNED)
    kept = recovery(plan, drafts.parts, Steps(made.steps), {}, {})
    for each in kept.applications:
        assert (each.up, each.p50_s, each.loss_s, each.own) == (None, None, None, ())
        assert all((member.start, member.up, member.p50_s) == (None, (), None) for member in each.members)
