"""The state machine of automatic failover, walked at random: what it must never do, whatever it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from app.recovery.auto import conditions as cond
from app.recovery.auto.engine import Move, advance
from app.recovery.auto.rules import Finding, Look, Member, Replicas, Rules
from store.auto_records import Answer, Arming, AutoState, Condition, Part, Says, Standing
from store.readiness import Verdict
from store.recorded import from_text, to_text

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RULES = Rules()
VERDICTS = st.sampled_from(list(Verdict))


def look(now: datetime, *says: Says, **changes: object) -> Look:
    """A look on which all is well but what is said of it; the witnesses say ``says`` in their order."""
    said = [*says, *[Says.UP] * (3 - len(says))]
    answers = tuple(Answer(part, each, f"{part} {each}", now) for part, each in zip(Part, said, strict=True))
    good = Finding(Verdict.HOLDS, "well", now)
    arming = Arming(1, "g", 1800.0, "anna", START, "bert", START, START + timedelta(days=30))
    made = Look(
        now=now,
        answers=answers,
        gateway=good,
        dr=good,
        site=good,
        fence=Finding(Verdict.FAILS, "nothing was fenced", now),
        window=good,
        lease=good,
        off=() if said[0] is Says.UP else None,
        replicas=Replicas((Member("vm", now - timedelta(minutes=5), False, "generation 7"),), 0.5, now),
        arming=arming,
        prepared=(
            Condition(cond.DRILL, Verdict.HOLDS, "drilled", now),
            Condition(cond.VERIFIED, Verdict.HOLDS, "same", now),
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


DARK = (Says.DOWN, Says.DOWN, Says.DOWN)


def watched(
    minutes: int, *says: Says, start: Standing | None = None, at: datetime = START
) -> tuple[Standing, datetime]:
    """So many rounds of the same, a minute apart."""
    standing = start or Standing("g")
    for _ in range(minutes):
        at += timedelta(minutes=1)
        standing = advance(standing, look(at, *says), RULES).standing
    return standing, at


def test_it_goes_from_armed_over_suspect_and_confirmed_to_firing_in_the_minutes_that_the_procedures_say() -> None:
    standing, at = watched(2)
    states = []
    for _ in range(8):
        at += timedelta(minutes=1)
        standing = advance(standing, look(at, *DARK), RULES).standing
        states.append(standing.state)
    S, C, F = AutoState.SUSPECT, AutoState.CONFIRMED, AutoState.FIRING  # noqa: N806
    assert states == [S, S, S, S, S, C, F, F]


def test_one_good_answer_clears_the_timer_of_its_witness() -> None:
    standing, at = watched(4, *DARK, start=watched(2)[0], at=START + timedelta(minutes=2))
    at += timedelta(minutes=1)
    standing = advance(standing, look(at), RULES).standing
    assert (standing.state, standing.event, standing.first_down) == (AutoState.ARMED, None, None)
    assert {tally.misses for tally in standing.tallies} == {0}


def test_an_answer_that_was_counted_already_is_not_counted_again() -> None:
    standing, at = watched(2)
    at += timedelta(minutes=1)
    dark = look(at, *DARK)
    for _ in range(5):
        standing = advance(standing, dark, RULES).standing
    assert {tally.misses for tally in standing.tallies} == {1}


def test_what_is_not_known_takes_a_confirmed_group_back_to_armed_and_tells_why() -> None:
    standing, at = watched(6, *DARK, start=watched(2)[0], at=START + timedelta(minutes=2))
    assert standing.state is AutoState.CONFIRMED
    at += timedelta(minutes=1)
    move = advance(standing, look(at, *DARK, replicas=None), RULES)
    assert (move.standing.state, move.standing.decided_at) == (AutoState.ARMED, None)
    assert any(cond.REPLICA in notice.text and notice.page for notice in move.notices)


def test_each_condition_alone_stops_it_and_says_so() -> None:
    start, at = watched(6, *DARK, start=watched(2)[0], at=START + timedelta(minutes=2))
    at += timedelta(minutes=1)
    bad = Finding(Verdict.FAILS, "not well", at)
    later, none = replace(look(at).arming, bound_s=60.0), Replicas((Member("vm", None, False, "half"),), 0.5, at)  # type: ignore[type-var]
    turned = Replicas((Member("vm", at, True, "runs"),), 0.5, at)
    against: dict[str, dict[str, object]] = {
        cond.GATEWAY: {"gateway": bad},
        cond.DR: {"dr": bad},
        cond.SITE: {"site": bad},
        cond.WINDOW: {"window": bad},
        cond.LEASE: {"lease": bad},
        cond.BRAKE: {"fired": 3},
        cond.VETO: {"vetoed_by": "carla"},
        cond.BOUND: {"arming": later},
        cond.REPLICA: {"replicas": turned},
        cond.DRILL: {"prepared": (Condition(cond.DRILL, Verdict.FAILS, "91 days ago", at),)},
        cond.VERIFIED: {"prepared": (Condition(cond.VERIFIED, Verdict.FAILS, "changed", at),)},
    }
    assert advance(start, look(at, *DARK), RULES).standing.state is AutoState.FIRING
    for id, change in against.items():
        move = advance(start, look(at, *DARK, **change), RULES)
        assert move.standing.state is AutoState.SUSPECT, id
        assert [c.id for c in move.conditions if not c.holds] == [id]
    half = advance(start, look(at, *DARK, replicas=none), RULES)
    assert {c.id for c in half.conditions if not c.holds} == {cond.REPLICA, cond.BOUND}


def test_facts_of_a_minute_ago_count_for_nothing() -> None:
    start, at = watched(6, *DARK, start=watched(2)[0], at=START + timedelta(minutes=2))
    at += timedelta(minutes=1)
    old = Finding(Verdict.HOLDS, "well", at - timedelta(seconds=60))
    move = advance(start, look(at, *DARK, gateway=old), RULES)
    assert move.standing.state is AutoState.ARMED
    fresh = Finding(Verdict.HOLDS, "well", at - timedelta(seconds=59))
    assert advance(start, look(at, *DARK, gateway=fresh), RULES).standing.state is AutoState.FIRING


def test_a_group_that_nobody_armed_only_says_what_it_would_have_done() -> None:
    standing, at, would = Standing("g"), START, []
    for minute in range(12):
        at += timedelta(minutes=1)
        says = DARK if minute > 1 else ()
        move = advance(standing, look(at, *says, arming=None), RULES)
        standing = move.standing
        would.append(move.would)
        assert standing.state is AutoState.SHADOW
    assert would == [False] * 7 + [True] * 5


class AnyStory(RuleBasedStateMachine):
    """Looks of any kind at any pace. What happened is kept beside the engine, and judged by simple counting."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.standing = Standing("g")
        self.silent: dict[Part, list[datetime]] = {part: [] for part in Part}
        self.fired = 0
        self.move: Move | None = None
        self.before = self.standing
        self.told: dict[str | None, list[str]] = {}

    @rule(
        seconds=st.sampled_from([1, 30, 60, 60, 60, 61, 200, 4000]),
        says=st.tuples(*[st.sampled_from([Says.DOWN, Says.DOWN, Says.DOWN, Says.UP, Says.UNKNOWN])] * 3),
        changes=st.dictionaries(st.sampled_from(["gateway", "dr", "site", "window", "lease"]), VERDICTS, max_size=1),
        armed=st.sampled_from([True, True, True, False]),
        count=st.integers(1, 4),
    )
    def looks(self, seconds: int, says: tuple[Says, ...], changes: dict[str, Verdict], armed: bool, count: int) -> None:
        for _ in range(count):
            self._look(seconds, says, changes, armed)

    @rule(minutes=st.integers(5, 9))
    def goes_dark(self, minutes: int) -> None:
        for _ in range(minutes):
            self._look(60, DARK, {}, True)

    @rule()
    def is_well(self) -> None:
        self._look(60, (Says.UP,) * 3, {}, True)

    def _look(self, seconds: int, says: tuple[Says, ...], changes: dict[str, Verdict], armed: bool) -> None:
        self.now += timedelta(seconds=seconds)
        found = {name: Finding(verdict, "so", self.now) for name, verdict in changes.items()}
        seen = look(self.now, *says, **found)
        seen = seen if armed else replace(seen, arming=None)
        for part, each in zip(Part, says, strict=True):
            self.silent[part] = [*self.silent[part], self.now] if each is Says.DOWN else []
        self.before = self.standing
        # What the store keeps is what the next console goes on with.
        self.move = advance(from_text(Standing, to_text(self.standing)), seen, RULES)
        self.standing = self.move.standing
        for notice in self.move.notices:
            self.told.setdefault(self.standing.event, []).append(notice.key)
        if self.standing.state is AutoState.FIRING and self.before.state is not AutoState.FIRING:
            self._may_fire(says, changes, armed)
            self.fired += 1
            self.standing = replace(self.standing, state=AutoState.FIRED)
            self.standing = advance(self.standing, replace(seen, arming=None), RULES).standing
            assert self.standing.state is AutoState.FIRED
            self.begin_again()

    def begin_again(self) -> None:
        self.standing = Standing("g")
        self.silent = {part: [] for part in Part}
        self.told = {}

    def _may_fire(self, says: tuple[Says, ...], changes: dict[str, Verdict], armed: bool) -> None:
        assert armed
        assert self.before.state is AutoState.CONFIRMED
        assert Says.UP not in says
        assert set(changes.values()) <= {Verdict.HOLDS}
        long = [part for part, row in self.silent.items() if len(row) >= 3 and row[-1] - row[0] >= timedelta(minutes=5)]
        assert {Part.LINK, Part.PATH} <= set(long)
        assert self.before.decided_at is not None
        assert self.now - self.before.decided_at >= timedelta(seconds=60)

    @invariant()
    def nothing_is_told_twice_of_one_outage(self) -> None:
        for event, keys in getattr(self, "told", {}).items():
            assert event is None or len(keys) == len(set(keys))

    @invariant()
    def an_event_lasts_exactly_as_long_as_somebody_is_silent(self) -> None:
        if getattr(self, "move", None) is None or self.standing.state is AutoState.FIRED:
            return
        counted = any(tally.first_down for tally in self.standing.tallies)
        assert (self.standing.event is not None) is counted

    @invariant()
    def only_a_confirmed_group_has_been_decided_about(self) -> None:
        if hasattr(self, "standing"):
            assert (self.standing.decided_at is None) is (self.standing.state is not AutoState.CONFIRMED)


TestAnyStory = AnyStory.TestCase
TestAnyStory.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
