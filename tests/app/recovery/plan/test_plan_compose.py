"""How the steps of all members of a plan are put together, walked through in any order in which they may begin."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.plans import order
from app.plans.records import Group, Kind, MemberKind, PlanWhen, RecoveryPlan, Waves, When
from app.recovery import schedule
from app.recovery.plan.compose import Woven
from store.runs import SETTLED, Plan, PlannedStep, StepState
from tests.app.recovery.plan.woven import PLANNED, WOVEN, Drafts, application, plan_of, plans, step, woven

LPAR, RCG, VM = MemberKind.LPAR, MemberKind.RCG, MemberKind.VM
FENCING = ("lpar.stop", "vm.stop", "vlun.remove", "pod.demote")
LIVE = ("lpar.activate", "vm.start", "vlun.create", "pod.promote")


@dataclass
class Walk:
    """A run without devices: steps begin when they may, and end in any order. ``began``: what was settled then."""

    made: Woven
    rng: random.Random
    failing: frozenset[str] = frozenset()
    began: dict[str, frozenset[str]] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)

    def go(self) -> Walk:
        plan = Plan("", "", (), datetime(2026, 1, 1, tzinfo=UTC), self.made.steps)
        states = dict.fromkeys((each.id for each in plan.steps), StepState.PENDING)
        kinds = {each.id: each.kind for each in plan.steps}
        while True:
            ready = [each.id for each in schedule.ready(plan, states)]
            running = [name for name, state in states.items() if state is StepState.RUNNING]
            if not ready and not running:
                self.states = states
                return self
            if ready and (not running or self.rng.random() < 0.6):
                chosen = self.rng.choice(ready)
                states[chosen] = StepState.RUNNING
                self.began[chosen] = frozenset(name for name, state in states.items() if state in SETTLED)
                counted = sum(kinds[n] == kinds[chosen] for n, s in states.items() if s is StepState.RUNNING)
                self.most[kinds[chosen]] = max(self.most.get(kinds[chosen], 0), counted)
            else:
                ended = self.rng.choice(running)
                states[ended] = StepState.FAILED if ended in self.failing else StepState.DONE

    @property
    def settled(self) -> set[str]:
        return {name for name, state in self.states.items() if state in SETTLED}


def _ids(drafts: Drafts, name: str, *kinds: str) -> set[str]:
    by_id = {each.id: each for each in drafts.steps}
    return {s for part in drafts.parts[name] for s in part.steps if by_id[s].kind in kinds}


def _before_everything(plan: RecoveryPlan, made: Woven) -> list[PlannedStep]:
    return [each for each in made.steps if each.title == "first"] if plan.at(PlanWhen.FIRST) else []


@given(plans(), st.sampled_from(WOVEN), st.integers(0, 10_000))
def test_every_plan_comes_to_its_end_in_an_order_that_harms_nothing(plan: RecoveryPlan, kind: Kind, seed: int) -> None:
    made, drafts = woven(plan, kind)
    walk = Walk(made, random.Random(seed)).go()
    assert walk.settled == {each.id for each in made.steps}
    waits = order.waits(plan)
    for a in plan.applications:
        stops = _ids(drafts, a.name, "lpar.stop", "vm.stop")
        storage = {s for part in drafts.parts[a.name] if not part.member.computes for s in part.up}
        for started in _ids(drafts, a.name, "lpar.activate", "vm.start"):
            assert storage <= walk.began[started], "it is started before its storage serves"
        for shown in _ids(drafts, a.name, *LIVE):
            assert {made.up[other] for other in waits[a.name]} <= walk.began[shown], "it lives before what it needs"
        for taken in _ids(drafts, a.name, "vlun.remove", "pod.demote"):
            assert stops <= walk.began[taken], "volumes are taken from what still runs"
        if kind in PLANNED:
            for changed in _ids(drafts, a.name, "volume.overwrite", "rcg.stop", "rcg.failover", "vm.mark"):
                assert {made.up[other] for other in waits[a.name]} <= walk.began[changed], "it cannot go back any more"
            resting = [other.name for other in plan.applications if a.name in waits[other.name]]
            theirs = {s for other in resting for s in _ids(drafts, other, *FENCING)}
            for stopped in _ids(drafts, a.name, *FENCING):
                assert theirs <= walk.began[stopped], "it is stopped under what rests on it"
        own = {part.member.name: part for part in drafts.parts[a.name] if part.member.computes}
        for name, others in a.inside.items():
            for other in others:
                assert set(own[other].up) <= walk.began[str(own[name].start)], "it is started before what it needs"
                if kind in PLANNED:
                    assert all(set(own[name].stops) <= walk.began[s] for s in own[other].stops)
    for first in _before_everything(plan, made):
        assert all(first.id in done for name, done in walk.began.items() if name != first.id)


@given(plans(), st.sampled_from(WOVEN), st.integers(0, 10_000))
def test_no_more_are_acted_on_at_a_time_than_the_waves_say(plan: RecoveryPlan, kind: Kind, seed: int) -> None:
    walk = Walk(woven(plan, kind)[0], random.Random(seed)).go()
    assert walk.most.get("lpar.activate", 0) <= plan.waves.lpars
    assert walk.most.get("vm.start", 0) <= plan.waves.vms
    assert walk.most.get("rcg.failover", 0) <= plan.waves.rcgs


@given(plans(), st.sampled_from(WOVEN), st.integers(0, 10_000), st.data())
def test_what_fails_holds_up_what_rests_on_it_and_nothing_else(
    plan: RecoveryPlan, kind: Kind, seed: int, data: st.DataObject
) -> None:
    made, drafts = woven(plan, kind)
    live = sorted(s for a in plan.applications for s in _ids(drafts, a.name, *LIVE))
    broken = data.draw(st.sampled_from(live))
    walk = Walk(made, random.Random(seed), frozenset((broken,))).go()
    waits = order.waits(plan)
    owner = next(a.name for a in plan.applications if broken in _ids(drafts, a.name, *LIVE))
    held = {owner}
    for a in order.applications(plan):
        if held & set(waits[a.name]):
            held.add(a.name)
    for a in plan.applications:
        up = made.up[a.name] in walk.settled
        assert up is (a.name not in held), f"{a.name} is {'up' if up else 'held up'}"


def test_in_a_disaster_everything_is_fenced_at_once_and_storage_waits_for_nothing() -> None:
    plan = plan_of(
        (application("db", (RCG, "r"), (LPAR, "l")), application("web", (VM, "v"), (RCG, "s"), after=("db",)))
    )
    made, drafts = woven(plan, Kind.DISASTER)
    by_id = {each.id: each for each in made.steps}
    for each in made.steps:
        if each.kind in ("lpar.stop", "vm.stop"):
            assert each.needs == ()
    over = next(s for s in _ids(drafts, "web", "rcg.failover"))
    assert made.up["db"] not in schedule.before(
        Plan("", "", (), datetime(2026, 1, 1, tzinfo=UTC), made.steps), by_id[over]
    )


def test_steps_before_the_stop_are_left_out_of_a_disaster() -> None:
    plan = plan_of((application("a", (VM, "v"), steps=(step(When.BEFORE_STOP), step(When.AFTER_START))),))
    titles = [each.title for each in woven(plan, Kind.DISASTER)[0].steps]
    assert "before-stop" not in titles and "after-start" in titles
    assert "before-stop" in [each.title for each in woven(plan, Kind.PLANNED)[0].steps]


def test_many_applications_of_a_group_are_waited_for_in_one_step() -> None:
    many = tuple(application(f"a{n}", (VM, f"v{n}"), group="one") for n in range(30))
    last = application("last", (VM, "w"), group="two")
    plan = plan_of((*many, last), (Group("one", (), 1), Group("two", ("one",), 1)), Waves(vms=30))
    made, drafts = woven(plan, Kind.PLANNED)
    start = next(each for each in made.steps if each.id in _ids(drafts, "last", "vm.start"))
    assert len(start.needs) < 5
    assert "The group one is up at lyon" in [each.title for each in made.steps]
