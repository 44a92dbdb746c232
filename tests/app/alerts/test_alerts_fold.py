"""From facts to alerts, groups and who is told: what opens, counts, resolves, is explained by a silent site, and is
told once."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from app.alerts.escalation import Due, event_of, turn
from app.alerts.fold import FLAP, Look, fold
from store.alert_groups import AlertGroup, grouped
from store.alert_records import Ack, Alert, AlertKind, AlertState, Episode, Raised, Silence
from store.notices import Severity
from tests.app.alerts.facts import START, STEPS, Time, device, late, silence_of


class World:
    """Alerts, episodes and what was told, as one program keeps them."""

    def __init__(self) -> None:
        self.time = Time()
        self.alerts: dict[str, Alert] = {}
        self.acks: dict[str, Ack] = {}
        self.silences: list[Silence] = []
        self.episodes: dict[str, Episode] = {}
        self.told: list[Due] = []

    def see(self, *found: Raised, unknown: frozenset[str] = frozenset()) -> tuple[AlertGroup, ...]:
        self.alerts |= fold(self.alerts, Look("estate", found, unknown), self.time())
        return self.groups

    @property
    def groups(self) -> tuple[AlertGroup, ...]:
        return grouped(self.alerts.values(), self.acks, self.silences, self.time())

    def tell(self) -> list[str]:
        """What is due now, as group and channel."""
        self.episodes, due = turn(self.groups, self.episodes, STEPS, self.time())
        self.told += due
        return [f"{each.group.key} {each.step.channel}" for each in due]

    def take(self, group: AlertGroup, hours: float = 4.0) -> None:
        for alert in group.alerts:
            opened = alert.opened_at or START
            self.acks[alert.key] = Ack(
                "anna", "anna@jump", self.time(), self.time() + timedelta(hours=hours), "mine", opened,
                alert.fact.severity,
            )  # fmt: skip

    def state(self, key: str) -> AlertState:
        return self.alerts[key].state


def test_equal_signs_are_one_alert_that_counts_them_and_knows_the_first_and_the_last() -> None:
    world = World()
    world.see(device("fa", token="1"), device("fa", token="2"))
    world.time.goes_on(seconds=30)
    world.see(device("fa", token="3"))
    world.time.goes_on(seconds=30)
    world.see(device("fa", token="3"))  # the same sign, still there
    (alert,) = world.alerts.values()
    assert (alert.count, alert.first_seen) == (3, START)
    assert alert.last_seen == START + timedelta(seconds=30)


def test_an_alert_goes_by_a_fact_alone_and_stays_where_nothing_can_be_said() -> None:
    world = World()
    world.see(device("fa"))
    world.time.goes_on(hours=8)
    world.see(unknown=frozenset({"device:fa"}))
    assert world.state("device:fa") is AlertState.OPEN
    world.alerts |= fold(world.alerts, Look("runs", ()), world.time())  # another source says nothing of it
    assert world.state("device:fa") is AlertState.OPEN
    world.see()
    assert world.state("device:fa") is AlertState.RESOLVED
    assert world.groups == ()


def test_what_has_to_last_is_an_alert_only_then_and_a_gap_begins_it_anew() -> None:
    world, fact = World(), late("erp", "paris", hold_s=600)
    assert world.see(fact) == ()
    world.time.goes_on(seconds=300)
    world.see(fact)
    world.time.goes_on(seconds=300)
    assert [group.kind for group in world.see(fact)] == [AlertKind.RPO_LATE]
    world.see()
    assert world.see(late("crm", "paris", hold_s=600)) == ()
    world.time.goes_on(hours=2)  # nobody looked meanwhile
    assert world.see(late("crm", "paris", hold_s=600)) == ()


def test_what_a_silent_site_explains_stands_under_it_and_the_rest_does_not() -> None:
    world = World()
    split = replace(late("shop", "lyon"), kind=AlertKind.SPLIT_BRAIN, severity=Severity.CRITICAL, under=())
    groups = world.see(device("fa"), late("erp", "paris", "lyon"), late("crm", "lyon"), silence_of("paris"), split)
    assert [group.key for group in groups] == [
        "paris/site-silent", "lyon/split-brain", "lyon/rpo-late",
    ]  # fmt: skip
    assert {alert.key for alert in groups[0].children} == {"device:fa", "rpo:erp"}
    back = world.see(device("fa"), late("erp", "paris", "lyon"))
    assert [group.key for group in back] == ["paris/device-failing", "paris/rpo-late"]


def test_a_group_is_told_step_by_step_until_somebody_has_it() -> None:
    world = World()
    world.see(silence_of())
    assert world.tell() == ["paris/site-silent chat"]
    assert world.tell() == []
    world.time.goes_on(minutes=15)
    assert world.tell() == ["paris/site-silent mail"]
    other = World()
    (group,) = other.see(silence_of())
    other.tell()
    other.take(group)
    other.time.goes_on(hours=3)
    assert other.tell() == []
    other.time.goes_on(hours=2)  # what was said of it is over
    assert other.tell() == ["paris/site-silent chat"]


def test_an_alert_that_becomes_graver_is_nobodys_again_and_told_anew() -> None:
    world = World()
    (group,) = world.see(device("fa"))
    world.tell()
    world.take(group)
    world.time.goes_on(minutes=10)
    (group,) = world.see(device("fa", severity=Severity.CRITICAL))
    assert (group.owners, len(group.waiting)) == ((), 1)
    assert world.tell() == ["paris/device-failing chat"]
    world.time.goes_on(minutes=15)
    assert world.tell() == ["paris/device-failing mail"]


def test_what_joins_a_group_after_its_last_step_is_told_and_what_comes_and_goes_is_not() -> None:
    world = World()
    world.see(device("fa"))
    assert world.tell() == ["paris/device-failing chat"]
    world.time.goes_on(minutes=1)
    world.see(device("fa"), device("hmc"))
    assert world.tell() == ["paris/device-failing chat"]
    for _ in range(5):
        world.time.goes_on(minutes=1)
        world.see()
        world.tell()
        world.time.goes_on(minutes=1)
        world.see(device("fa"), device("hmc"))
        assert world.tell() == []
    world.see()
    world.tell()
    world.time.goes_on(seconds=FLAP.total_seconds() + 61)
    world.tell()
    world.see(device("fa"))
    assert world.tell() == ["paris/device-failing chat"]


def test_a_silence_holds_until_it_ends_and_never_what_is_critical() -> None:
    world = World()
    ends = START + timedelta(hours=1)
    world.silences = [Silence(1, "paris", None, None, START, ends, "works", "anna@jump")]
    world.see(device("fa"), device("esx", severity=Severity.CRITICAL))
    (group,) = world.groups
    assert (group.silenced, [a.key for a in group.waiting]) == (1, ["device:esx"])
    assert world.tell() == ["paris/device-failing chat"]
    world.see(device("fa"))
    assert world.tell() == []
    world.time.goes_on(hours=1)
    assert world.tell() == ["paris/device-failing chat"]


NAMES = ("paris-1", "paris-2", "lyon-1", "lyon-2")


class Alerting(RuleBasedStateMachine):
    """Any order of facts, time, people and restarts."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.wrong: dict[str, Raised] = {}
        self.unknown: set[str] = set()

    @rule(name=st.sampled_from(NAMES), severity=st.sampled_from(list(Severity)))
    def fails(self, name: str, severity: Severity) -> None:
        fact = device(name, name.partition("-")[0], severity=severity)
        self.wrong[fact.key] = fact
        self.unknown.discard(fact.key)

    @rule(site=st.sampled_from(("paris", "lyon")))
    def goes_silent(self, site: str) -> None:
        self.wrong[f"site:{site}"] = silence_of(site)

    @precondition(lambda self: self.wrong)
    @rule(data=st.data())
    def is_well_again(self, data: st.DataObject) -> None:
        del self.wrong[data.draw(st.sampled_from(sorted(self.wrong)))]

    @precondition(lambda self: self.wrong)
    @rule(data=st.data())
    def cannot_be_seen(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.wrong)))
        del self.wrong[key]
        self.unknown.add(key)

    @rule()
    def look(self) -> None:
        before = {key for key, alert in self.world.alerts.items() if alert.open}
        self.world.see(*self.wrong.values(), unknown=frozenset(self.unknown))
        now = {key for key, alert in self.world.alerts.items() if alert.open}
        assert now == set(self.wrong) | (before & self.unknown)
        self.unknown &= now

    @rule()
    def tell(self) -> None:
        waiting = {group.key for group in self.world.groups if group.waiting}
        for told in self.world.tell():
            assert told.partition(" ")[0] in waiting

    @rule()
    def tell_once_more_after_a_crash(self) -> None:
        """What was told but not kept is told under the same keys."""
        kept = dict(self.world.episodes)
        self.world.episodes, first = turn(self.world.groups, kept, STEPS, self.world.time())
        _, again = turn(self.world.groups, kept, STEPS, self.world.time())
        self.world.told += first
        assert [event_of(each).key for each in first] == [event_of(each).key for each in again]

    @precondition(lambda self: self.world.groups)
    @rule(data=st.data(), hours=st.floats(0.1, 8))
    def take(self, data: st.DataObject, hours: float) -> None:
        self.world.take(data.draw(st.sampled_from(self.world.groups), label="group"), hours)

    @rule(seconds=st.sampled_from([1, 45, 200, 900, 7200]))
    def time_goes_on(self, seconds: float) -> None:
        self.world.time.goes_on(seconds=seconds)

    @invariant()
    def each_step_of_an_episode_is_told_once(self) -> None:
        keys = [event_of(each).key for each in self.world.told]
        assert len(keys) == len(set(keys))

    @invariant()
    def a_silent_site_leaves_nothing_else_of_it_to_be_told(self) -> None:
        groups = self.world.groups
        silent = {group.site for group in groups if group.root}
        assert all(group.root for group in groups if group.site in silent)
        shown = [alert.key for group in groups for alert in (*group.alerts, *group.children)]
        assert sorted(shown) == sorted(key for key, alert in self.world.alerts.items() if alert.open)

    @invariant()
    def who_waits_comes_first_and_the_gravest_of_them(self) -> None:
        order = list(Severity)
        graves = [group.gravest_waiting for group in self.world.groups]
        waiting = [order.index(grave) for grave in graves if grave is not None]
        assert graves[: len(waiting)] == [order[place] for place in waiting]
        assert waiting == sorted(waiting, reverse=True)


TestAlerting = Alerting.TestCase
TestAlerting.settings = settings(stateful_step_count=30)


def test_a_group_that_gets_graver_in_the_moment_in_which_it_was_told_of_is_told_of_anew() -> None:
    world = World()
    for severity in (Severity.MAJOR, Severity.CRITICAL):
        world.see(device("paris-1", "paris", severity=severity))
        world.tell()
    keys = [event_of(each).key for each in world.told]
    assert len(set(keys)) == len(keys) == 2
