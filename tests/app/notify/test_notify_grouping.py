"""Which waiting deliveries make which message, and when: of every pattern of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.notify.grouping import GATHER_S, MOST_RETRY_S, batches, group, next_due, retry_at
from store.notices import AT_ONCE, Delivery, EventKind, Severity
from store.outbox import GroupKey
from tests.app.notify.samples import AT, event, waits

WINDOW_S = 300.0
KINDS = (EventKind.DEVICE_FAILING, EventKind.STEP_FAILED, EventKind.FAILOVER_DONE)

posts = st.lists(
    st.tuples(st.integers(0, 1500), st.sampled_from(KINDS), st.sampled_from(("paris", "lyon"))), min_size=1, max_size=40
)


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def made(found: Sequence[tuple[int, EventKind, str]]) -> list[Delivery]:
    return [
        waits(number, seconds, event(f"k{number}", kind=kind, site=site))
        for number, (seconds, kind, site) in enumerate(sorted(found, key=lambda each: each[0]), start=1)
    ]


def play(deliveries: list[Delivery], window_s: float) -> list[tuple[datetime, tuple[Delivery, ...]]]:
    """Send at once whatever is due, going from one moment at which something is due or posted to the next."""
    sent: list[tuple[datetime, tuple[Delivery, ...]]] = []
    last: dict[GroupKey, datetime] = {}
    left, now = list(deliveries), AT
    while left:
        waiting = [each for each in left if each.notice.at <= now]
        within = {key: when for key, when in last.items() if when > now - timedelta(seconds=window_s)}
        for batch in batches(waiting, within, now, window_s):
            sent.append((now, batch.deliveries))
            last[group(batch.deliveries[0].notice.event)] = now
            left = [each for each in left if each not in batch.deliveries]
            waiting = [each for each in waiting if each not in batch.deliveries]
        within = {key: when for key, when in last.items() if when > now - timedelta(seconds=window_s)}
        due = next_due(waiting, within, now, window_s)
        later = [each.notice.at for each in left if each.notice.at > now]
        moments = [moment for moment in (due, min(later, default=None)) if moment is not None]
        if not left:
            break
        assert moments, "something waits, and nothing says until when"
        assert min(moments) > now
        now = min(moments)
    return sent


@given(posts, st.sampled_from((0.0, 5.0, WINDOW_S)))
def test_every_event_is_sent_once_among_its_equals_and_none_waits_longer_than_gathering_and_window(
    found: list[tuple[int, EventKind, str]], window_s: float
) -> None:
    deliveries = made(found)
    sent = play(deliveries, window_s)
    assert sorted(each.notice.id for _, batch in sent for each in batch) == [each.notice.id for each in deliveries]
    for when, batch in sent:
        assert len({group(each.notice.event) for each in batch}) == 1
        for each in batch:
            longest = 0.0 if each.notice.event.kind in AT_ONCE else max(window_s, min(GATHER_S, window_s))
            assert each.notice.at <= when <= each.notice.at + timedelta(seconds=longest)


@given(posts)
def test_two_messages_of_equal_events_are_a_window_apart_unless_they_must_go_at_once(
    found: list[tuple[int, EventKind, str]],
) -> None:
    last: dict[GroupKey, datetime] = {}
    for when, batch in play(made(found), WINDOW_S):
        key = group(batch[0].notice.event)
        if batch[0].notice.event.kind not in AT_ONCE and key in last:
            assert when - last[key] >= timedelta(seconds=WINDOW_S)
        last[key] = when


@given(posts, st.integers(0, 2000))
def test_nothing_is_due_before_the_moment_that_was_told(found: list[tuple[int, EventKind, str]], seconds: int) -> None:
    waiting, now = made(found), at(seconds)
    due = next_due(waiting, {}, now, WINDOW_S)
    assert due is not None
    assert bool(batches(waiting, {}, now, WINDOW_S)) == (due <= now)


def test_twelve_devices_that_fail_together_make_one_message() -> None:
    waiting = [waits(number, number / 2) for number in range(12)]
    assert batches(waiting, {}, at(GATHER_S - 1), WINDOW_S) == ()
    (batch,) = batches(waiting, {}, at(GATHER_S), WINDOW_S)
    assert len(batch.deliveries) == 12


def test_a_failover_waits_for_nothing_though_one_was_told_of_a_moment_ago() -> None:
    found = waits(1, 0, event(kind=EventKind.FAILOVER_BEGUN))
    (batch,) = batches([found], {group(found.notice.event): AT}, AT, WINDOW_S)
    assert batch.deliveries == (found,)


def test_a_clock_that_was_set_back_holds_no_failover_up_and_others_no_longer_than_usual() -> None:
    assert len(batches([waits(1, 3600, event(kind=EventKind.FAILOVER_DONE))], {}, AT, WINDOW_S)) == 1
    other = waits(1, 3600)
    assert next_due([other], {group(other.notice.event): at(3600)}, AT, WINDOW_S) == at(GATHER_S)


def test_events_of_another_severity_or_site_are_not_equal() -> None:
    ones = [waits(1), waits(2, 0, event("b", severity=Severity.CRITICAL)), waits(3, 0, event("c", site="lyon"))]
    assert len(batches(ones, {}, at(60), WINDOW_S)) == 3


def test_what_may_have_been_sent_goes_out_again_as_it_was_and_new_events_beside_it() -> None:
    old = [waits(1, 0, batch="b1", attempts=1), waits(2, 0, batch="b1", attempts=1)]
    new = waits(3, 1)
    again, fresh = batches([*old, new], {}, at(60), WINDOW_S)
    assert (again.id, again.deliveries, again.again) == ("b1", tuple(old), True)
    assert (fresh.deliveries, fresh.again) == ((new,), False)
    later = [replace(each, next_try=at(90)) for each in old]
    assert [batch.id for batch in batches(later, {}, at(60), WINDOW_S)] == []
    assert next_due(later, {}, at(60), WINDOW_S) == at(90)


def test_what_failed_for_certain_waits_for_its_next_try_and_then_goes_with_its_equals() -> None:
    failed, new = waits(1, 0, next_try=at(100), attempts=1), waits(2, 50)
    assert [len(batch.deliveries) for batch in batches([failed, new], {}, at(99), WINDOW_S)] == [1]
    assert [len(batch.deliveries) for batch in batches([failed, new], {}, at(100), WINDOW_S)] == [2]


def test_the_same_events_make_the_same_message_on_one_channel_only() -> None:
    one = batches([waits(1), waits(2)], {}, at(60), WINDOW_S)
    assert one == batches([waits(1), waits(2)], {}, at(61), WINDOW_S)
    other = [replace(waits(1), channel="boss"), replace(waits(2), channel="boss")]
    assert one[0].id != batches(other, {}, at(60), WINDOW_S)[0].id


@given(st.integers(1, 500))
def test_each_try_comes_later_than_the_one_before_and_within_an_hour(attempts: int) -> None:
    first, second = (retry_at(attempts + n, AT) - AT for n in (0, 1))
    assert timedelta(0) < first <= second <= timedelta(seconds=MOST_RETRY_S)
