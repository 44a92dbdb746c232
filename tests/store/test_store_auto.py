"""Automatic failover in the store: one watcher, what is latched, who armed, and what is looked at once more before a
failover begins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from store import journal
from store.auto import CLAIM_S, AutoStore, ClaimError, HeldError
from store.auto_records import (
    Answer,
    AutoState,
    Condition,
    EventKind,
    EventState,
    FailoverEvent,
    Judgement,
    Part,
    Says,
    ShadowDecision,
    Standing,
    Window,
)
from store.place import Place
from store.readiness import Verdict

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(place: Place, time: Time) -> Iterator[AutoStore]:
    found = AutoStore(place, time)
    yield found
    found.close()


def event(number: int = 1, group: str = "g") -> FailoverEvent:
    return FailoverEvent(
        f"{group}-{number}", group, "paris", EventKind.AUTOMATIC, EventState.CONFIRMED, "the watch", "", START
    )


def confirmed(store: AutoStore, group: str = "g", number: int = 1) -> tuple[Standing, FailoverEvent]:
    """A group that two people armed and whose outage is confirmed."""
    asked = store.ask_arming(group, 900.0, "anna")
    store.approve_arming(asked, "bert", store._clock() + timedelta(days=30))
    standing = Standing(group, AutoState.CONFIRMED, event=f"{group}-{number}", first_down=START, decided_at=START)
    found = event(number, group)
    store.save(store.claim("one"), standing, event=found)
    return standing, found


def begin(store: AutoStore, standing: Standing, found: FailoverEvent, brake: int = 3) -> None:
    conditions = (Condition("auto.down", Verdict.HOLDS, "silent", START),)
    store.begin(store.claim("one"), standing, found, conditions, (standing.group, "vm"), (brake, 3600.0))


# ------------------------------------------------------------------------------------------------------------ the claim


def test_one_watches_at_a_time_and_another_goes_on_once_the_claim_has_run_out(store: AutoStore, time: Time) -> None:
    first = store.claim("one")
    with pytest.raises(ClaimError, match="watched by one"):
        store.claim("two")
    time.goes_on(seconds=CLAIM_S)
    second = store.claim("two")
    assert (second.epoch, store.watcher()) == (first.epoch + 1, second)
    with pytest.raises(ClaimError, match="is over"):
        store.save(first, Standing("g"))
    assert store.standing("g") is None


def test_two_stores_of_one_place_give_the_claim_to_one(store: AutoStore, time: Time) -> None:
    other = AutoStore(store.path, time)
    mine = store.claim("one")
    with pytest.raises(ClaimError):
        other.claim("two")
    store.unclaim(mine)
    assert other.claim("two").epoch == mine.epoch + 1
    other.close()


# -------------------------------------------------------------------------------------------------------- beginning it


def test_a_failover_that_begins_is_on_the_disk_first_and_ends_the_arming(store: AutoStore) -> None:
    standing, found = confirmed(store)
    begin(store, standing, found)
    again = AutoStore(store.path, store._clock)
    assert again.standing("g").state is AutoState.FIRING
    assert again.event("g-1").state is EventState.FIRING
    assert again.arming("g").ended_by == "drdeck"
    again.close()
    assert journal.verify(store.path).broken is None


def test_a_group_that_fires_cannot_be_begun_again_nor_brought_out_of_it_by_a_round(store: AutoStore) -> None:
    standing, found = confirmed(store)
    begin(store, standing, found)
    with pytest.raises(HeldError, match="not confirmed"):
        begin(store, standing, found)
    with pytest.raises(HeldError, match="only that run"):
        store.save(store.claim("one"), replace(standing, state=AutoState.ARMED))


def test_a_veto_that_was_said_meanwhile_stops_it_and_outlasts_the_next_round(store: AutoStore) -> None:
    standing, found = confirmed(store)
    store.veto("g", "carla")
    store.save(store.claim("one"), standing, event=found)
    assert store.event("g-1").vetoed_by == "carla"
    with pytest.raises(HeldError, match="carla vetoed it"):
        begin(store, standing, found)


def test_a_group_that_was_disarmed_meanwhile_does_not_begin(store: AutoStore) -> None:
    standing, found = confirmed(store)
    assert store.disarm("g", "carla", "not today")
    with pytest.raises(HeldError, match="not armed"):
        begin(store, standing, found)


def test_an_arming_that_has_run_out_meanwhile_is_none(store: AutoStore, time: Time) -> None:
    standing, found = confirmed(store)
    time.goes_on(days=30)
    with pytest.raises(HeldError, match="not armed"):
        begin(store, standing, found)


@pytest.mark.parametrize("target", [None, "g", "vm"])
def test_a_maintenance_window_that_was_opened_meanwhile_stops_it(store: AutoStore, target: str | None) -> None:
    standing, found = confirmed(store)
    window = Window(0, "paris", target, START, START + timedelta(hours=1), "power works", "carla")
    store.add_window(window)
    with pytest.raises(HeldError, match="power works"):
        begin(store, standing, found)


def test_a_window_of_another_site_or_machine_or_of_yesterday_stops_nothing(store: AutoStore, time: Time) -> None:
    store.add_window(Window(0, "paris", None, START, START + timedelta(minutes=5), "over by then", "carla"))
    store.add_window(Window(0, "lyon", None, START, START + timedelta(days=5), "elsewhere", "carla"))
    store.add_window(Window(0, "paris", "other", START, START + timedelta(days=5), "another", "carla"))
    ended = store.add_window(Window(0, "paris", None, START, START + timedelta(days=5), "ended early", "carla"))
    time.goes_on(minutes=6)
    store.end_window(ended.id, "carla")
    begin(store, *confirmed(store))
    assert store.standing("g").state is AutoState.FIRING


def test_the_brake_counts_what_began_within_its_time(store: AutoStore, time: Time) -> None:
    for group in ("a", "b"):
        begin(store, *confirmed(store, group), brake=2)
    third = confirmed(store, "c")
    with pytest.raises(HeldError, match="now a person decides"):
        begin(store, *third, brake=2)
    time.goes_on(hours=1, seconds=1)
    begin(store, *third, brake=2)


def test_what_came_of_it_is_kept_and_the_group_stays_latched(store: AutoStore, time: Time) -> None:
    standing, found = confirmed(store)
    begin(store, standing, found)
    time.goes_on(minutes=2)
    store.finish(replace(store.event("g-1"), state=EventState.COMPLETED, result="two machines run"), "two machines run")
    assert (store.standing("g").state, store.event("g-1").result) == (AutoState.FIRED, "two machines run")


# ------------------------------------------------------------------------------------------------------ people's words


def test_arming_takes_two_steps_and_what_changed_in_between_is_refused(store: AutoStore) -> None:
    first = store.ask_arming("g", 900.0, "anna")
    assert not first.valid(START)
    store.ask_arming("g", 7200.0, "anna")
    with pytest.raises(HeldError, match="changed meanwhile"):
        store.approve_arming(first, "bert", START + timedelta(days=30))
    made = store.approve_arming(store.arming("g"), "bert", START + timedelta(days=30))
    assert made.valid(START + timedelta(days=29))
    assert not made.valid(START + timedelta(days=30))


def test_there_is_nothing_to_veto_where_nothing_is_under_way(store: AutoStore) -> None:
    with pytest.raises(HeldError, match="not watched"):
        store.veto("g", "carla")
    store.save(store.claim("one"), Standing("g", AutoState.ARMED))
    with pytest.raises(HeldError, match="nothing to veto"):
        store.veto("g", "carla")


def test_a_judgement_outlasts_what_the_watch_still_writes(store: AutoStore) -> None:
    shown = (Condition("auto.down", Verdict.HOLDS, "silent", START),)
    decision = ShadowDecision("g-1", "g", START, START, True, shown)
    store.save(store.claim("one"), Standing("g"), shadow=decision)
    store.judge(replace(decision, judgement=Judgement.WRONG, note="a test"), "carla")
    store.save(store.claim("one"), Standing("g"), shadow=replace(decision, ended_at=START + timedelta(hours=1)))
    (kept,) = store.shadows("g")
    assert (kept.judgement, kept.judged_by, kept.note) == (Judgement.WRONG, "carla", "a test")
    assert kept.ended_at == START + timedelta(hours=1)


def test_a_window_that_ends_before_it_begins_or_is_over_is_refused(store: AutoStore) -> None:
    for ends in (START, START - timedelta(hours=1)):
        with pytest.raises(HeldError, match="ends after it began"):
            store.add_window(Window(0, "paris", None, START, ends, "works", "carla"))
    with pytest.raises(HeldError, match="not there"):
        store.end_window(7, "carla")


# ------------------------------------------------------------------------------------------------------------- history


def test_every_answer_is_kept_with_its_time_and_those_of_long_ago_are_forgotten(store: AutoStore, time: Time) -> None:
    first = Answer(Part.API, Says.UP, "vc answers", START)
    store.save(store.claim("one"), Standing("g"), (first,))
    time.goes_on(days=29)
    second = Answer(Part.PATH, Says.DOWN, "no answer within 5 s", time.now)
    store.save(store.claim("one"), Standing("g"), (second,))
    store.prune()
    assert store.answers("g", START) == (first, second)
    time.goes_on(days=2)
    store.prune()
    assert store.answers("g", START) == (second,)


def test_the_state_that_changes_is_in_the_journal_with_every_condition(store: AutoStore) -> None:
    from store.ledger import Ledger

    begin(store, *confirmed(store))
    ledger = Ledger(store.path)
    kinds = [entry.kind for entry in ledger.journal()]
    (firing,) = [entry for entry in ledger.journal() if entry.kind == "auto firing"]
    ledger.close()
    assert kinds == ["auto arming asked", "auto armed", "auto state", "auto firing"]
    assert '"auto.down","holds","silent","2026-03-01T12:00:00.000000Z"' in firing.body
