"""The queue of what operators are told: each event is kept once, and each delivery is claimed by one program."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.database import open_store
from store.errors import StoreError
from store.notices import ENDS, Delivery, DeliveryState, Event, EventKind, Notice, Severity
from store.outbox import CLAIM_S, KEEP, Batch, GroupKey, Outbox
from store.place import Place, Server
from tests.store.places import administrator

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def outbox(place: Place, clock: Time) -> Iterator[Outbox]:
    with closing(Outbox(place, clock)) as opened:
        yield opened


@pytest.fixture
def other(outbox: Outbox, clock: Time) -> Iterator[Outbox]:
    """Another program on the same store."""
    with closing(Outbox(outbox.path, clock)) as opened:
        yield opened


def event(key: str, kind: EventKind = EventKind.SNAPSHOT_FAILED, target: str = "vm:1", **more: Any) -> Event:
    made = Event(kind, Severity.WARNING, "paris", target, f"{key} failed", "it failed", "no copy", "look", key)
    return replace(made, **more)


def ops(_: Notice) -> list[str]:
    return ["ops"]


def one_each(waiting: Sequence[Delivery], last: Mapping[GroupKey, datetime]) -> list[Batch]:
    """A message for each delivery; what was under way before goes out as it was."""
    return [Batch(each.batch or f"b{each.notice.id}", (each,), again=each.batch is not None) for each in waiting]


def claimed(outbox: Outbox, holder: str = "me") -> tuple[Batch, ...]:
    return outbox.claim("ops", holder, 300, one_each)


# -------------------------------------------------------------------------------------------------------------- posting


def test_an_event_is_read_back_exactly_as_it_was_posted(outbox: Outbox) -> None:
    made = event("k1", means="„ä“\n\0")
    assert outbox.post([made]) == 1
    (found,) = outbox.notices()
    if isinstance(outbox.path, Server):  # no text of PostgreSQL holds NUL: its sign stands there
        made = replace(made, means="„ä“\n␀")
    assert (found.event, found.at, found.last_at, found.count) == (made, AT, AT, 1)


def test_esx_06_the_same_occurrence_is_kept_once_and_counted_by_whichever_program_posts_it(
    outbox: Outbox, other: Outbox, clock: Time
) -> None:
    assert outbox.post([event("outage 1", EventKind.AUTO_FIRED)]) == 1
    for _ in range(100):
        clock.pass_(60)
        assert other.post([event("outage 1", EventKind.AUTO_FIRED)]) == 0
    (found,) = outbox.notices()
    assert (found.count, found.at, found.last_at) == (101, AT, clock.now)
    assert outbox.route(ops) == 1
    assert outbox.route(ops) == 0
    assert other.route(ops) == 0


def test_a_trouble_that_lasts_is_one_event_until_its_end_was_told(outbox: Outbox, other: Outbox) -> None:
    failing, back = (
        lambda key: event(key, EventKind.DEVICE_FAILING, "device:fa"),
        lambda key: event(key, EventKind.DEVICE_BACK, "device:fa"),
    )
    assert outbox.post([back("b0")]) == 0
    assert outbox.post([failing("f1")]) == 1
    assert other.post([failing("f2")]) == 0
    assert other.post([event("x", EventKind.DEVICE_FAILING, "device:other")]) == 1
    assert outbox.standing(EventKind.DEVICE_FAILING) == {"device:fa", "device:other"}
    assert other.post([back("b1")]) == 1
    assert outbox.post([back("b2")]) == 0
    assert outbox.post([failing("f3")]) == 1
    assert [each.event.key for each in reversed(outbox.notices())] == ["f1", "x", "b1", "f3"]


POSTS = st.lists(st.tuples(st.sampled_from(sorted(ENDS)), st.booleans(), st.integers(0, 2)), max_size=30)


def test_beginnings_and_ends_alternate_whatever_is_posted(outbox: Outbox) -> None:
    numbers = itertools.count()

    @given(POSTS)
    def whatever(posts: list[tuple[EventKind, bool, int]]) -> None:
        newest, mine = outbox.newest, next(numbers)  # each example has targets of its own
        outbox.post(
            [
                event(f"{mine} {number}", ends if is_end else ENDS[ends], f"{mine} {target}")
                for number, (ends, is_end, target) in enumerate(posts)
            ]
        )
        found: dict[tuple[EventKind, str], list[EventKind]] = {}
        for notice in reversed(outbox.notices(newest)):
            begins = ENDS.get(notice.event.kind, notice.event.kind)
            found.setdefault((begins, notice.event.target), []).append(notice.event.kind)
        for (begins, _), kinds in found.items():
            assert kinds[::2] == [begins] * len(kinds[::2])
            assert begins not in kinds[1::2]
        assert sum(notice.count for notice in outbox.notices(newest)) <= len(posts)

    whatever()


def test_what_was_posted_is_there_when_the_program_is_killed_at_once(tmp_path: Path) -> None:
    open_store(tmp_path / "store.sqlite").close()
    code = (
        "import os, sys; from pathlib import Path; from app.notify.post import Event, EventKind, Severity, post\n"
        "class Store: path = Path(sys.argv[1])\n"
        "post(Store(), Event(EventKind.SPLIT_BRAIN, Severity.CRITICAL, '', 'vm:1', 's', 'w', 'm', 'n', 'k'))\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "store.sqlite")], timeout=60, check=False)
    assert done.returncode == -9
    with closing(Outbox(tmp_path / "store.sqlite")) as outbox:
        assert [notice.event.key for notice in outbox.notices()] == ["k"]


def test_the_entries_of_the_journal_are_told_by_one_program(outbox: Outbox, other: Outbox) -> None:
    assert outbox.told == 0
    assert outbox.tell([(AT, event("run 1"))], 0, 7)
    assert other.told == 7
    assert not other.tell([(AT, event("run 1 in other words"))], 0, 7)
    assert other.tell([], 7, 9)
    assert [notice.event.key for notice in outbox.notices()] == ["run 1"]


def test_what_runs_did_before_an_older_store_was_upgraded_is_not_told(tmp_path: Path) -> None:
    from alembic import command

    from store import engine, sqlite

    path = tmp_path / "store.sqlite"
    connection = sqlite.create_connection(path)
    with engine.transaction(connection):
        connection.exec_driver_sql(f"PRAGMA application_id = {sqlite.APPLICATION_ID}")
        command.upgrade(sqlite.alembic_config(connection), "0002")
        connection.exec_driver_sql("INSERT INTO journal VALUES (41, ?, 'r', 'run', '{}', x'00')", (AT.isoformat(),))
    sqlite.close(connection)
    with closing(Outbox(path)) as outbox:
        assert outbox.told == 41


def test_what_is_no_text_is_kept_with_marks_in_it(outbox: Outbox) -> None:
    latin = b"refus\xe9".decode("utf-8", "surrogateescape")
    assert outbox.post([event(latin, what=latin, target=latin)]) == 1
    assert outbox.post([event(latin)]) == 0
    (notice,) = outbox.notices()
    assert (notice.event.what, notice.event.key, notice.count) == ("refus?", "refus?", 2)


def test_a_store_that_fails_says_so_in_its_own_words(outbox: Outbox) -> None:
    with administrator(outbox.path) as raw:
        raw.execute("DROP TABLE notice")
    with pytest.raises(StoreError, match="store"):
        outbox.post([event("k")])


# ------------------------------------------------------------------------------------------------------------- claiming


def test_what_waits_is_claimed_by_one_of_many_programs(outbox: Outbox, clock: Time) -> None:
    outbox.post([event(f"k{number}") for number in range(200)])
    outbox.route(ops)
    programs = [Outbox(outbox.path, clock) for _ in range(4)]
    taken: list[list[int]] = [[] for _ in programs]
    gate = threading.Barrier(len(programs))

    def some(waiting: Sequence[Delivery], last: Mapping[GroupKey, datetime]) -> list[Batch]:
        return one_each(waiting, last)[:7]

    def work(number: int) -> None:
        gate.wait()
        while found := programs[number].claim("ops", f"program {number}", 300, some):
            taken[number] += [batch.deliveries[0].notice.id for batch in found]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(programs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for each in taken for number in each) == list(range(1, 201))
    for program in programs:
        program.close()


def test_a_claim_that_is_not_renewed_runs_out_and_the_message_keeps_its_id(
    outbox: Outbox, other: Outbox, clock: Time
) -> None:
    outbox.post([event("k")])
    outbox.route(ops)
    (first,) = claimed(outbox)
    assert claimed(other) == ()
    clock.pass_(CLAIM_S - 1)
    outbox.renew("ops", "me", [first])
    other.renew("ops", "somebody else", [first])
    clock.pass_(CLAIM_S - 1)
    assert claimed(other) == ()
    assert other.due("ops", 300, lambda waiting, last: None) == clock.now + timedelta(seconds=1)
    clock.pass_(1)
    (again,) = claimed(other)
    assert (again.id, again.again) == (first.id, True)
    (row,) = outbox.deliveries()
    assert (row.attempts, row.claimed) == (2, "me")


def test_what_is_sent_keeps_when_and_through_which_channel_and_is_not_sent_again(outbox: Outbox, clock: Time) -> None:
    outbox.post([event("k")])
    outbox.route(lambda notice: ["ops", "boss"])
    (batch,) = claimed(outbox)
    clock.pass_(2)
    outbox.sent("ops", batch, "refused: x@y")
    boss, sent = outbox.deliveries()
    assert (sent.channel, sent.state, sent.sent_at, sent.reason) == (
        "ops",
        DeliveryState.SENT,
        clock.now,
        "refused: x@y",
    )
    assert (boss.channel, boss.state, boss.sent_at) == ("boss", DeliveryState.WAITING, None)
    clock.pass_(10 * CLAIM_S)
    assert claimed(outbox) == ()
    assert outbox.waiting == 1


def test_what_failed_keeps_the_reason_and_its_next_try_and_its_id_where_it_may_have_arrived(
    outbox: Outbox, clock: Time
) -> None:
    outbox.post([event("a"), event("b"), event("c")])
    outbox.route(ops)
    certain, unsure, hopeless = claimed(outbox)
    later = clock.now + timedelta(seconds=30)
    outbox.failed("ops", certain, "refused", later, unsure=False)
    outbox.failed("ops", unsure, "no answer", later, unsure=True)
    outbox.failed("ops", hopeless, "too old", None, unsure=False)
    c, b, a = outbox.deliveries()
    assert (a.state, a.reason, a.next_try, a.batch) == (DeliveryState.WAITING, "refused", later, None)
    assert (b.state, b.reason, b.next_try, b.batch) == (DeliveryState.WAITING, "no answer", later, unsure.id)
    assert (c.state, c.reason, c.next_try) == (DeliveryState.GIVEN_UP, "too old", None)


def test_once_the_way_is_open_again_nothing_waits_for_its_next_try(outbox: Outbox, clock: Time) -> None:
    outbox.post([event("a"), event("b")])
    outbox.route(ops)
    first, second = claimed(outbox)
    outbox.failed("ops", first, "down", clock.now + timedelta(hours=1), unsure=False)
    outbox.sent("ops", second)
    assert [each.next_try for each in outbox.deliveries()] == [None, None]


def test_a_claim_that_came_to_nothing_is_as_if_it_had_not_been(outbox: Outbox, other: Outbox) -> None:
    outbox.post([event("a")])
    outbox.route(ops)
    before = outbox.deliveries()
    (batch,) = claimed(outbox)
    outbox.release("ops", batch)
    assert outbox.deliveries() == before
    assert len(claimed(other)) == 1


def test_what_is_being_sent_counts_as_sent_for_the_window(outbox: Outbox, other: Outbox, clock: Time) -> None:
    outbox.post([event("a")])
    outbox.route(ops)
    claimed(outbox)
    seen: list[Mapping[GroupKey, datetime]] = []
    other.due("ops", 300, lambda waiting, last: seen.append(last))
    assert seen == [{("snapshot-failed", "warning", "paris"): clock.now}]


def test_a_look_that_finds_nothing_writes_nothing(outbox: Outbox, other: Outbox) -> None:
    outbox.post([event("a")])
    outbox.route(ops)
    for batch in claimed(outbox):
        outbox.sent("ops", batch)
    before = other.version
    outbox.route(ops)
    claimed(outbox)
    outbox.tidy(["ops"], AT)
    assert other.version == before


# -------------------------------------------------------------------------------------------------------------- tidying


def test_what_is_old_and_waits_for_nobody_is_forgotten(outbox: Outbox, clock: Time) -> None:
    outbox.post([event("sent"), event("waits")])
    outbox.route(ops)
    outbox.sent("ops", claimed(outbox)[0])
    outbox.post([event("nobody looked")])
    clock.pass_((KEEP + timedelta(days=1)).total_seconds())
    outbox.tidy(["ops"], AT)
    assert [notice.event.key for notice in outbox.notices()] == ["nobody looked", "waits"]
    assert [each.notice.event.key for each in outbox.deliveries()] == ["waits"]


def test_what_waits_for_a_channel_that_is_gone_is_given_up(outbox: Outbox, clock: Time) -> None:
    outbox.post([event("a")])
    outbox.route(lambda notice: ["ops", "gone"])
    outbox.tidy(["ops"], AT)
    assert {each.state for each in outbox.deliveries()} == {DeliveryState.WAITING}
    outbox.tidy(["ops"], AT + timedelta(seconds=1))
    gone, kept = outbox.deliveries()
    assert (gone.channel, gone.state) == ("gone", DeliveryState.GIVEN_UP)
    assert gone.reason == "the configuration has no such channel any more"
    assert kept.state is DeliveryState.WAITING
